"""Answers to the exercises of notebook 06: resets, variance, and a clock at another speed."""

import numpy as np

from rnnsound.exercises.checks import Between, Check, Shown
from rnnsound.features.sustained_note import SustainedNote


def _at_half_speed(kind: type) -> str:
    """Say what is wrong with a kind of note whose clock should run at half speed."""
    if not (isinstance(kind, type) and issubclass(kind, SustainedNote)):
        return "the answer is a class that is made from SustainedNote, not an object of it."
    times = np.linspace(0.0, 8.0, 50)
    notes = SustainedNote(), kind()
    for note in notes:
        note.duration, note.release = 10.0, 1.0
    usual, own = (note.conditions(at, 8.0) for note, at in zip(notes, (times / 2, times), strict=True))
    if own.shape != usual.shape or not np.allclose(own, usual, atol=1e-4):
        return "at 4 s the clock should say what it says at 2 s otherwise, and so at every other time."
    return ""


class _DoubleSpeed(SustainedNote):
    def conditions(self, times, seconds):
        return super().conditions(2 * times, seconds)


CHECKS: dict[str, Check] = {
    "06.1": Between(2, 16, "look down the column of percentages for the first row of 90 or more."),
    "06.2": Between(0.5, 12, "compare each row with the number in the caption: which is least far away?"),
    "06.3": Shown(_at_half_speed, wrong=(SustainedNote, _DoubleSpeed, SustainedNote(), np.ndarray)),
}
