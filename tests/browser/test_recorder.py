"""The recorder in a real browser: a take becomes a WAV file, and no microphone becomes a sentence."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from conftest import BROWSER_ARGS
from playwright.sync_api import expect, sync_playwright

from rnnsound import Sound
from rnnsound.show import recorder

PAGE = f"<!doctype html><title>recorder</title>{recorder().data}".encode()
FAKE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]  # it beeps once a second


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *args):
        pass


@pytest.fixture
def address():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.fixture
def open_page(executable, address):
    with sync_playwright() as playwright:

        def opened(*more):
            browser = playwright.chromium.launch(executable_path=executable, args=[*BROWSER_ARGS, *more])
            page = browser.new_page()
            page.goto(address)
            return page

        yield opened


def test_a_take_can_be_heard_and_saved_as_a_file_that_is_read(open_page, tmp_path):
    page = open_page(*FAKE)
    page.get_by_role("button", name="Record").click()
    expect(page.get_by_role("status")).to_contain_text("Recording", timeout=10_000)
    page.wait_for_timeout(2500)
    page.get_by_role("button", name="Stop").click()
    link = page.get_by_role("link", name="Save my_recording.wav")
    expect(link).to_be_visible(timeout=10_000)
    expect(page.locator("audio")).to_have_count(1)
    with page.expect_download() as download:
        link.click()
    path = tmp_path / "take.wav"
    download.value.save_as(path)
    sound = Sound.read(path)
    assert 1.5 < sound.duration < 4
    assert 0.01 < sound.peak <= 1
    assert np.isfinite(sound.samples).all()
    expect(page.get_by_role("button", name="Record")).to_be_enabled()


def test_a_microphone_that_is_refused_is_said(open_page):
    page = open_page()
    page.get_by_role("button", name="Record").click()
    expect(page.get_by_role("status")).to_contain_text("The microphone cannot be used", timeout=10_000)
    expect(page.get_by_role("button", name="Record")).to_be_enabled()
    expect(page.get_by_role("button", name="Stop")).to_be_disabled()


def test_a_browser_without_a_microphone_says_what_to_do(open_page):
    page = open_page()
    page.add_init_script("Object.defineProperty(navigator, 'mediaDevices', {value: undefined})")
    page.reload()
    expect(page.get_by_role("status")).to_contain_text("choose the file above")
    expect(page.get_by_role("button", name="Record")).to_be_disabled()
