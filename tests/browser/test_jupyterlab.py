"""Notebooks with a slider, in JupyterLab and a real browser: cells run, players load, the slider is heard."""

import json
import statistics

import nbformat
import pytest
from lab_server import NOTEBOOKS
from playwright.sync_api import expect

KEY_PRESSES = 9
PAGE_MS, RUN_MS, HANG_MS = 60_000, 300_000, 30_000  # guards against hanging, not limits to speed

KERNEL_IS_IDLE = (
    "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
)

# The prompts on the page would not do: a cell with hidden source has none.
ALL_CELLS_RAN_OR_ONE_FAILED = """() => {
  const model = jupyterapp.shell.currentWidget.content.model;
  const cells = [...model.cells].filter(cell => cell.type === 'code' && cell.sharedModel.source.trim());
  const outputs = cells.flatMap(cell => cell.outputs.toJSON());
  return outputs.some(output => output.output_type === 'error')
    || cells.every(cell => cell.executionCount !== null && cell.executionState === 'idle');
}"""

# Media events do not bubble, so they are caught on their way down. All times are in ms of the page's clock.
WATCH = """box => {
  const [audio, image] = [box.querySelector('audio'), box.querySelector('img')];
  const [oldSound, oldPicture] = [audio.src, image.src];
  const seen = window.seen = {};
  const note = (type, action) => box.addEventListener(type, action, {capture: true});
  note('keydown', event => { seen.key ??= event.timeStamp; });
  note('loadeddata', () => { if (audio.src !== oldSound) seen.sound ??= performance.now(); });
  note('load', () => { if (image.src !== oldPicture) seen.picture ??= performance.now(); });
}"""


def code(path):
    cells = nbformat.read(path, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "code")


WITH_SLIDERS = [path for path in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")) if "explore(" in code(path)]


def open_and_run(page, lab, name):
    """Open the notebook as a learner would, run all its cells and wait until the kernel is done."""
    page.goto(f"{lab.url}lab/tree/{name}?token={lab.token}&reset", timeout=PAGE_MS)
    page.wait_for_function(KERNEL_IS_IDLE, timeout=PAGE_MS)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.wait_for_function(ALL_CELLS_RAN_OR_ONE_FAILED, timeout=RUN_MS)
    page.wait_for_function(KERNEL_IS_IDLE, timeout=PAGE_MS)


def saved_outputs(page, lab, name):
    """Save with the keyboard, and read the outputs of all cells from the file."""
    with page.expect_response(lambda r: r.request.method == "PUT" and r.url.partition("?")[0].endswith(name)):
        page.keyboard.press("ControlOrMeta+s")
    notebook = json.loads((lab.notebooks / name).read_text(encoding="utf-8"))
    return [output for cell in notebook["cells"] for output in cell.get("outputs", [])]


def press(page, box, key):
    """Turn the box's slider by one key; return ms until the new sound and the new picture had loaded."""
    page.wait_for_function(KERNEL_IS_IDLE, timeout=HANG_MS)
    box.evaluate(WATCH)
    box.get_by_role("slider").first.press(key)
    page.wait_for_function("() => window.seen.sound && window.seen.picture", timeout=HANG_MS)
    seen = page.evaluate("() => window.seen")
    return seen["sound"] - seen["key"], seen["picture"] - seen["key"]


def latencies(page, box, n_presses=KEY_PRESSES):
    """Press arrow keys there and back again; return the median ms to the sound and to the picture."""
    slider = box.get_by_role("slider").first  # one of several is as good as another
    at_the_top = slider.get_attribute("aria-valuenow") == slider.get_attribute("aria-valuemax")
    keys = ("ArrowLeft", "ArrowRight") if at_the_top else ("ArrowRight", "ArrowLeft")
    times = [press(page, box, keys[n % 2]) for n in range(n_presses)]
    return tuple(map(statistics.median, zip(*times, strict=True)))


def test_there_is_a_notebook_with_a_slider():
    assert WITH_SLIDERS


@pytest.mark.parametrize("path", WITH_SLIDERS, ids=lambda path: path.stem)
def test_a_notebook_runs_its_players_load_and_its_sliders_are_heard(path, lab, page, record_property):
    requested = []
    page.on("request", lambda request: requested.append(request.url))
    open_and_run(page, lab, path.name)

    outputs = saved_outputs(page, lab, path.name)
    assert [output["traceback"] for output in outputs if output["output_type"] == "error"] == []
    expect(page.locator('[data-mime-type="application/vnd.jupyter.error"]')).to_have_count(0)

    boxes = page.locator(".widget-vbox:has(audio):has(img)")  # of sliders, and of lines of text
    expect(boxes).to_have_count(code(path).count("explore("))
    html = "".join("".join(output.get("data", {}).get("text/html", "")) for output in outputs)
    audio = page.locator(".jp-Notebook audio:not([autoplay])")
    expect(audio).to_have_count(html.count("<audio") + boxes.count())
    on_keys = page.locator(".jp-Notebook audio[autoplay]")  # a key that is clicked is to be heard at once
    expect(on_keys).to_have_count(code(path).count("keyboard("))
    for player in on_keys.all():
        assert player.evaluate("audio => !(audio.readyState >= 1) && !audio.loop")
        page.get_by_role("button", name="A4", exact=True).first.click()
        page.wait_for_function("audio => audio.duration > 0", arg=player.element_handle(), timeout=HANG_MS)
    for player in audio.all():
        player.scroll_into_view_if_needed()
        page.wait_for_function("audio => audio.readyState >= 1", arg=player.element_handle(), timeout=HANG_MS)
        assert player.evaluate("audio => isFinite(audio.duration) && audio.duration > 0")
        assert player.evaluate("audio => audio.paused && !audio.autoplay && !audio.loop")

    for number, box in enumerate(boxes.filter(has=page.get_by_role("slider")).all(), start=1):
        sound, picture = latencies(page, box)
        record_property(
            f"slider {number}", f"new sound after {sound:.0f} ms, new picture after {picture:.0f} ms"
        )
    assert [url for url in requested if not url.startswith((lab.url, "data:", "blob:"))] == []
