"""What makes an answer right: a number near enough, a word, a function that does what it should.

Each check knows common mistakes, too, and says to each what went wrong.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Verdict:
    """What is said of an answer.

    Args:
        is_right: whether it is right.
        text: a sentence or two, shown as the last line of a cell.
    """

    is_right: bool
    text: str

    def __repr__(self):
        return self.text


@dataclass(frozen=True)
class Number:
    """A number that is to be found.

    Args:
        right: the number; of several, an array.
        within: how far off an answer may be and still be right.
        near: how far off it may be and still be called near.
        hint: said of an answer that is near or wrong.
        mistakes: numbers that come from known mistakes, each with what went wrong.

    Notebook: 00_start_here.
    """

    right: Any
    within: float
    near: float
    hint: str
    mistakes: Mapping[float, str] = field(default_factory=dict, hash=False)

    def __call__(self, value: Any) -> Verdict:
        """Compare a value with the number."""
        given = _numbers(value)
        right = np.asarray(self.right, dtype=float)
        if given is None or given.shape != right.shape:
            wanted = "one number" if right.ndim == 0 else f"{right.size} numbers in a row"
            return Verdict(False, f"Not yet: the answer is {wanted}.")
        away = float(np.max(np.abs(given - right)))
        if away <= self.within:
            return Verdict(True, "Right.")
        for mistake, what in self.mistakes.items():
            if np.max(np.abs(given - mistake)) <= self.within:
                return Verdict(False, f"Not yet: {what}")
        return Verdict(False, f"{'Near' if away <= self.near else 'Not yet'}: {self.hint}")


@dataclass(frozen=True)
class Between:
    """A number that depends on a run, and lies somewhere between two others whatever the run.

    Args:
        low: the smallest that can be right.
        high: the largest.
        hint: said of an answer that is not between them; one that is off by less than half is called near.

    Notebook: 04_sine_model.
    """

    low: float
    high: float
    hint: str

    def __call__(self, value: Any) -> Verdict:
        """Compare a value with both ends."""
        given = _numbers(value)
        if given is None or given.ndim:
            return Verdict(False, "Not yet: the answer is one number.")
        if self.low <= given <= self.high:
            return Verdict(True, "Right.")
        reach = (self.high - self.low) / 2
        near = self.low - reach <= given <= self.high + reach
        return Verdict(False, f"{'Near' if near else 'Not yet'}: {self.hint}")


@dataclass(frozen=True)
class Choice:
    """One of a few words.

    Args:
        right: the word.
        others: the wrong words, each with what is wrong with it.

    Notebook: 02_lstm.
    """

    right: str
    others: Mapping[str, str] = field(hash=False)

    def __call__(self, value: Any) -> Verdict:
        """Compare a word with the right one; spaces and capitals do not count."""
        given = value.strip().lower() if isinstance(value, str) else None
        if given == self.right:
            return Verdict(True, "Right.")
        if given in self.others:
            return Verdict(False, f"Not yet: {self.others[given]}")
        words = ", ".join(repr(word) for word in sorted([self.right, *self.others]))
        return Verdict(False, f"Not yet: the answer is one of {words}.")


@dataclass(frozen=True)
class Shown:
    """Something made in the notebook, such as a Sound or a function: looked at by a function of its own.

    Args:
        look: value -> "" if it is right, or a sentence on what is wrong with it. Whatever it raises of
            ValueError, TypeError, AttributeError, IndexError or KeyError is told as the reason.
        wrong: things that are not right, from mistakes that are easily made; the tests try them.

    Notebook: 01_sine_and_phase_vocoder.
    """

    look: Callable[[Any], str]
    wrong: tuple = ()

    def __call__(self, value: Any) -> Verdict:
        """Look at a value."""
        try:
            said = self.look(value)
        except (ValueError, TypeError, AttributeError, IndexError, KeyError) as reason:
            said = f"{type(reason).__name__}: {reason}"
        return Verdict(False, f"Not yet: {said}") if said else Verdict(True, "Right.")


Check = Number | Between | Choice | Shown
"""Any of the checks."""


def _numbers(value: Any) -> np.ndarray | None:
    """Return a value as finite numbers, or None if it is something else."""
    try:
        given = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        return None
    return given if np.isfinite(given).all() else None
