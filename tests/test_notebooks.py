"""Every notebook, run top to bottom in a fresh kernel as a learner would, and read for what readers need."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from prose import unprinted

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("[0-9][0-9]_*.ipynb"))
SECONDS, MEGABYTES, PAGE_BYTES = 120, 800, 3_000_000

# Linux hands the peak that getrusage tells down from parent to child; the kernel's own stands in /proc.
MEMORY = """
import pathlib, resource
if (status := pathlib.Path("/proc/self/status")).exists():
    peak = int(status.read_text().partition("VmHWM:")[2].split()[0]) // 2**10
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 2**20
peak
"""


def named(path):
    return path.stem


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def hidden(cell):
    return cell.metadata.get("jupyter", {}).get("source_hidden", False)


def test_there_are_notebooks_numbered_without_gaps():
    assert [int(path.name[:2]) for path in NOTEBOOKS] == list(range(len(NOTEBOOKS)))
    assert len(NOTEBOOKS) >= 2


@pytest.mark.parametrize("path", NOTEBOOKS, ids=named)
def test_a_notebook_runs_and_shows_something(path):
    notebook = read(path)
    notebook.cells.append(nbformat.v4.new_code_cell(MEMORY))
    client = NotebookClient(notebook, timeout=SECONDS, resources={"metadata": {"path": FOLDER}})
    client.execute()
    # As a result and not as printed text, which may come late: the kernel sends it from another thread.
    memory = notebook.cells.pop().outputs[0].data["text/plain"]
    assert 50 < int(memory) < MEGABYTES
    assert len(nbformat.writes(notebook)) < PAGE_BYTES
    assert unprinted(notebook, path.stem) == [], "a number in the prose that no cell prints"
    for cell in code_cells(notebook):
        said = "".join(output.get("data", {}).get("text/plain", "") for output in cell.outputs)
        if hidden(cell) and "answer(" in cell.source:
            assert said.endswith("Right."), f"{cell.source}\n{said}"
    outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
    errors = [output.text for output in outputs if output.get("name") == "stderr"]
    assert [text for text in errors if "%|" not in text] == []  # a progress bar is no complaint
    html = "".join(output.get("data", {}).get("text/html", "") for output in outputs)
    html = re.sub(r'src="data:[^"]*"', "", html)  # in which any word may stand by chance
    assert "<audio controls" in html
    assert "autoplay" not in html
    assert "loop" not in html.partition("<audio")[2].partition(">")[0]
    for picture in html.split("<img")[1:]:
        assert 'alt="' in picture
        assert 'alt=""' not in picture


@pytest.mark.parametrize("path", NOTEBOOKS, ids=named)
def test_a_notebook_is_stripped_short_celled_and_complete(path):
    notebook = read(path)
    solutions = 0
    for cell in code_cells(notebook):
        assert cell.outputs == []
        assert len(cell.source.splitlines()) <= 25, cell.source
        assert hidden(cell) == ("hide-cell" in cell.metadata.get("tags", []))
        solutions += hidden(cell) and cell.source.startswith("# Solution.")
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    for heading in (
        "**You will hear**",
        "**Questions**",
        "**Objectives**",
        "**Time**",
        "## Exercises",
        "## Key points",
    ):
        assert heading in text, heading
    assert 2 <= solutions <= 4
    assert notebook.metadata.kernelspec.name == "python3"
