"""Answers to the notebooks' exercises: is this one right, near, or not yet?

A notebook's exercises are in the module of its number; `answer` finds them by a name such as "01.2", notebook
and exercise. Notebook: 00_start_here.
"""

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from rnnsound.exercises.checks import Check, Verdict


def answer(name: str, value: Any) -> Verdict:
    """Say whether an exercise's answer is right.

    Args:
        name: of the exercise, as it stands beside it: notebook, point, number.
        value: your answer: a number, a word, or what the exercise asks for.

    Returns:
        Verdict: right, near or not; as the last line of a cell it says so, and gives a hint if it can.

    Raises:
        ValueError: there is no such exercise.

    Notebook: 00_start_here.
    """
    return find(name)(value)


def find(name: str) -> Check:
    """Return the check of an exercise.

    Raises:
        ValueError: there is no such exercise.
    """
    known = every_check()
    if name not in known:
        raise ValueError(f"there is no exercise {name!r}; those with a check are {', '.join(known)}")
    return known[name]


def every_check() -> dict[str, Check]:
    """Return all checks by the exercises' names."""
    names = sorted(found.name for found in iter_modules(__path__) if found.name.startswith("notebook_"))
    modules = [import_module(f"{__name__}.{name}") for name in names]
    return {name: check for module in modules for name, check in module.CHECKS.items()}
