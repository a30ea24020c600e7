"""What every browser test needs: a server, a headless Chromium, and a page in it."""

import os
import shutil

import pytest
from lab_server import Lab
from playwright.sync_api import sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER_ARGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def executable():
    """Path of a Chromium. Without one the tests are skipped; under `make test-browser` they fail."""
    if found := next(filter(None, map(shutil.which, BROWSERS)), None):
        return found
    reason = f"none of {', '.join(BROWSERS)} is on the PATH; on Debian: apt-get install chromium"
    if os.environ.get("BROWSER_TESTS") == "required":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


# Of one module, not of the session: Playwright keeps an event loop running, and other tests have their own.
@pytest.fixture(scope="module")
def browser(executable):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=BROWSER_ARGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def lab(executable, tmp_path_factory):
    with Lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture
def page(browser, lab):
    """A page of a browser that remembers nothing; afterwards its kernels are ended."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()
    api = browser.new_context(extra_http_headers={"Authorization": f"token {lab.token}"})
    for session in api.request.get(f"{lab.url}api/sessions").json():
        api.request.delete(f"{lab.url}api/sessions/{session['id']}")
    api.close()
    print(lab.log)  # pytest shows it where a test has failed


def pytest_terminal_summary(terminalreporter):
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{report.nodeid}: {name}: {value}")
