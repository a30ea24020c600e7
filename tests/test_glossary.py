"""The glossary: every term is in the notebook that it names, in order, and once."""

import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parent.parent
ENTRY = re.compile(r"\*\*(?P<term>[^*]+)\*\*: (?P<text>.+) \*Notebook (?P<number>\d\d)\.\*", re.DOTALL)
PARAGRAPHS = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").strip().split("\n\n")[2:]
ENTRIES = [ENTRY.fullmatch(" ".join(paragraph.split())) for paragraph in PARAGRAPHS]
TERMS = [entry["term"] if entry else "?" for entry in ENTRIES]


def prose(number):
    """The text cells of the notebook with a number, with single spaces."""
    (path,) = (ROOT / "notebooks").glob(f"{number}_*.ipynb")
    cells = nbformat.read(path, as_version=4).cells
    return " ".join(" ".join(cell.source for cell in cells if cell.cell_type == "markdown").split())


def stands_in(term, text):
    """Whether a word stands in a text: as it is, or in the plural, or as a verb of the past."""
    ends = "" if term.isupper() else "(?:s|es|d|ed)?"
    return re.search(rf"(?<!\w){re.escape(term)}{ends}(?!\w)", text, re.IGNORECASE) is not None


def test_every_paragraph_is_a_term_its_meaning_and_its_notebook():
    assert [text for text, entry in zip(PARAGRAPHS, ENTRIES, strict=True) if entry is None] == []
    assert len(TERMS) >= 40


def test_terms_are_sorted_and_none_stands_there_twice():
    lowered = [term.lower() for term in TERMS]
    assert lowered == sorted(set(lowered))


@pytest.mark.parametrize("entry", ENTRIES, ids=TERMS)
def test_a_term_stands_in_its_notebook(entry):
    names = re.fullmatch(r"(.+?)(?: \((.+)\))?", entry["term"]).groups()
    text = prose(entry["number"])
    assert all(stands_in(name, text) for name in names if name)


@pytest.mark.parametrize("entry", ENTRIES, ids=TERMS)
def test_a_meaning_is_short(entry):
    sentences = re.findall(r"[.?!](?=[\s\")]|$)", entry["text"])
    assert 1 <= len(sentences) <= 2
    assert len(entry["text"].split()) <= 45


def test_a_word_that_is_not_there_is_missed():
    assert not stands_in("hop", "hopping about")
    assert not stands_in("nat", "a natural number")
    assert stands_in("frame", "two frames")
