"""The search for numbers in prose finds what is planted, and nothing else."""

import nbformat
import pytest
from prose import ALLOWED, NUMBER, numbers_in_prose, unprinted


def notebook(text, code="print(1)", output=""):
    cell = nbformat.v4.new_code_cell(code)
    cell.outputs = [nbformat.v4.new_output("stream", text=output)]
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text), cell])


def test_a_planted_number_is_found():
    assert unprinted(notebook("The tone drifts by 12.3 Hz."), "none") == ["12.3 Hz"]
    assert unprinted(notebook("A pair of 2-second notes, 0.3 dB off"), "none") == ["2 second", "0.3 dB"]


@pytest.mark.parametrize("output", ["12.3", "it drifts by 12.34 Hz", "12.26"])
def test_a_number_that_is_printed_is_not(output):
    assert unprinted(notebook("The tone drifts by 12.3 Hz.", output=output), "none") == []


def test_a_setting_in_code_is_no_result():
    assert unprinted(notebook("A tone of 440 Hz.", "sine(440.0)"), "none") == []
    assert unprinted(notebook("1,000 epochs", "epochs=1_000"), "none") == []


@pytest.mark.parametrize(
    "text",
    [
        "In formulas, $12.3 Hz$, and code, `12.3 Hz`.",
        "**Time**: about 12 minutes to read\nand run, 17 to teach.",
        "**1.** (12 minutes, easy) Do this.",
        "**Source**: The 12 cents, 1987.",
        "notebook 12, in 1987, and two seconds",
    ],
)
def test_what_is_no_claim_is_left_alone(text):
    assert numbers_in_prose(notebook(text)) == []


def test_another_number_of_the_same_size_does_not_count():
    assert unprinted(notebook("12.3 Hz", output="12.4 and 1.23 and 123"), "none") == ["12.3 Hz"]


def test_every_allowed_number_says_where_it_comes_from():
    for path in ALLOWED.glob("*.txt"):
        for line in path.read_text(encoding="utf-8").splitlines():
            written, _, reason = line.partition(":")
            assert NUMBER.search(written), line
            assert len(reason.split()) >= 2, line
