"""The set-up check on a notebook's page: one line if all is well, and what to do if not."""

import re

from rnnsound.check import Finding
from rnnsound.show import check_table

FINE = [
    Finding("Python", "3.12.1"),
    Finding("numpy", "2.0.0"),
    Finding("tqdm", "4.1"),
    Finding("torch", "2.9"),
]


def unfolded(page):
    """What is seen before anything is opened, as text."""
    return re.sub(r"<style.*?</style>|<[^>]+>", " ", page.partition("<details")[0], flags=re.DOTALL)


def test_if_all_is_well_one_line_says_so_and_the_rest_is_folded():
    page = check_table(FINE).data
    assert " ".join(unfolded(page).split()) == "ok, all 4 : Python 3.12.1, numpy 2.0.0, torch 2.9"
    assert "tqdm" in page.partition("<summary>")[2]


def test_what_is_wrong_is_seen_at_once_with_what_to_do():
    page = check_table([*FINE, Finding("pandas", "<0.1>", "install pandas")]).data
    seen = unfolded(page)
    assert "1 of 5 WRONG" in seen
    assert "install pandas" in seen
    assert "&lt;0.1&gt;" in seen
    assert "tqdm" not in seen


def test_a_version_that_is_wrong_does_not_stand_in_the_line_of_good_ones():
    page = check_table([Finding("Python", "3.8.0", "install Python 3.10 or later"), *FINE[1:]]).data
    assert "Python 3.8.0" not in unfolded(page).partition("What is wrong")[0]
