"""Exercises: each says how long it takes and how hard it is, and its check knows right from wrong."""

import re
from pathlib import Path

import nbformat
import numpy as np
import pytest

from rnnsound.exercises import answer, every_check
from rnnsound.exercises.checks import Between, Choice, Number, Shown

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("[0-9][0-9]_*.ipynb"))
CHECKS = every_check()
HEAD = re.compile(r"^\*\*(\d)\.\*\* \((\d+) minutes, (easy|medium|hard)\) ", re.MULTILINE)
NUMBERED = re.compile(r"^\*\*(\d)\.\*\* ", re.MULTILINE)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_exercise_has_minutes_a_difficulty_and_a_check(path):
    cells = nbformat.read(path, as_version=4).cells
    first = next(n for n, cell in enumerate(cells) if "## Exercises" in cell.source)
    last = next(n for n, cell in enumerate(cells) if "## Key points" in cell.source)
    text = "\n".join(cell.source for cell in cells[first:last] if cell.cell_type == "markdown")
    numbers = NUMBERED.findall(text)
    assert (
        [number for number, _, _ in HEAD.findall(text)]
        == numbers
        == [str(n + 1) for n in range(len(numbers))]
    )
    assert 2 <= len(numbers) <= 4
    names = [f"{path.stem[:2]}.{number}" for number in numbers]
    assert [name for name in CHECKS if name.startswith(path.stem[:2])] == names
    code = "\n".join(cell.source for cell in cells[first:last] if cell.cell_type == "code")
    for name in names:
        assert f'`answer("{name}", ' in text, "the exercise says how to check it"
        assert f'answer("{name}", ' in code, "its solution checks itself"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_closes_with_three_to_five_questions_and_says_where_it_is(path):
    cells = nbformat.read(path, as_version=4).cells
    last = next(n for n, cell in enumerate(cells) if "## Key points" in cell.source)
    closing = "\n".join(cell.source for cell in cells[last:] if cell.cell_type == "markdown")
    assert 3 <= closing.count("<details><summary>") == closing.count("</details>") <= 5
    assert "plot_pipeline(" in "\n".join(cell.source for cell in cells[:4])


@pytest.mark.parametrize("name", CHECKS)
def test_a_wrong_answer_is_told_from_a_right_one(name):
    check = CHECKS[name]
    for nothing in (None, "", np.nan, object()):
        assert not answer(name, nothing).is_right
    if isinstance(check, Number):
        right = np.asarray(check.right, dtype=float)
        assert answer(name, check.right).is_right
        assert answer(name, right + 0.9 * check.within).is_right
        assert "Not yet" in repr(answer(name, right + 10 * check.near + 1))
        assert check.hint in repr(answer(name, right + check.within + 0.5 * (check.near - check.within)))
        assert check.within < check.near
        for mistake, what in check.mistakes.items():
            assert what in repr(answer(name, np.full(right.shape, mistake)))
    elif isinstance(check, Between):
        assert answer(name, (check.low + check.high) / 2).is_right
        assert "Near" in repr(answer(name, check.high + 0.4 * (check.high - check.low)))
        assert "Not yet" in repr(answer(name, check.low - (check.high - check.low)))
    elif isinstance(check, Choice):
        assert answer(name, check.right.upper()).is_right
        for word, what in check.others.items():
            assert what in repr(answer(name, word))
        assert check.right in repr(answer(name, "nothing such"))
    else:
        assert isinstance(check, Shown)
        assert len(check.wrong) >= 2
        for wrong in check.wrong:
            assert repr(answer(name, wrong)).startswith("Not yet: ")


def test_an_unknown_exercise_is_named_beside_those_there_are():
    with pytest.raises(ValueError, match=r"no exercise '99.1'; those with a check are 00.1"):
        answer("99.1", 1)
