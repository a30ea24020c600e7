"""The page on the mathematics behind the notebooks: its examples print what it says they do."""

import doctest
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "background.md"


def test_every_example_prints_what_stands_below_it():
    text = PAGE.read_text(encoding="utf-8").replace("\n```", "\n\n```")  # a fence is no output
    examples = doctest.DocTestParser().get_doctest(text.replace("```", "\n"), {}, PAGE.name, str(PAGE), 0)
    failed, tried = doctest.DocTestRunner(verbose=False).run(examples)
    assert failed == 0
    assert tried >= 15
