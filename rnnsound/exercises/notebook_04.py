"""Answers to the exercises of notebook 04."""

from typing import Any

import numpy as np

from rnnsound.dsp.measures import pitch
from rnnsound.dsp.sound import Sound, sine
from rnnsound.exercises.checks import Check, Choice, Number, Shown


def _flutter(scales: Any) -> str:
    """Say what is wrong with variance scales that are to swing from 1 to 10,000, 12 times."""
    scales = np.asarray(scales, dtype=float)
    if scales.ndim != 1 or len(scales) < 300:
        return "give an array of at least 300 scales, in one row."
    if not (np.isfinite(scales).all() and (scales > 0).all()):
        return "every scale is above 0; to swing evenly between two factors, let the exponent swing."
    low, high = scales.min(), scales.max()
    if not (0.8 <= low <= 1.3 and 8_000 <= high <= 12_500):
        return f"the scales reach from {low:.3g} to {high:.3g}, not from 1 to 10,000."
    above = np.log10(scales) > 2
    share = above.mean()
    if not 0.4 <= share <= 0.6:
        return (
            f"it is above 100, the middle for the ear, for {100 * share:.0f} % of the time; let the exponent "
            "swing evenly."
        )
    swings = np.count_nonzero(np.diff(above.astype(int)))
    if not 22 <= swings <= 25:
        return f"it swings about {swings / 2:.0f} times in three seconds; four times a second are 12."
    return ""


def _tone(sound: Any) -> str:
    """Say what is wrong with a sound that is to be two seconds of 330 Hz."""
    if not isinstance(sound, Sound):
        return f"give the generated Sound, not a {type(sound).__name__}."
    if not 1.8 <= sound.duration <= 2.2:
        return f"it lasts {sound.duration:.1f} s, not 2."
    heard = pitch(sound)[1]
    if not np.isfinite(heard).any():
        return "it has no pitch."
    middle = float(np.nanmedian(heard))
    if abs(middle - 330) > 1:
        return f"its pitch is {middle:.1f} Hz: which tone was the model fitted to?"
    return ""


def _swing(times_a_second: float) -> np.ndarray:
    return 10.0 ** (2 - 2 * np.cos(2 * np.pi * times_a_second * np.linspace(0, 3, 1000)))


CHECKS: dict[str, Check] = {
    "04.1": Number(
        100,
        within=8,
        near=40,
        hint="compare the chance at two scales: what must s be for its root to be 10?",
        mistakes={
            10: "ten times the variance is only about three times the deviation.",
            1_000: "that makes the chance about 30 times as large.",
        },
    ),
    "04.2": Shown(_flutter, (_swing(4 / 3), _swing(12), _swing(4)[::10], 5000 - 4999 * np.cos(_swing(1)))),
    "04.3": Shown(_tone, (sine(440.0, seconds=2.0), sine(330.0, seconds=5.0), 330.0)),
    "04.4": Choice(
        "bounded",
        {
            "lock_phases": "locked phases keep bins in step; measure the frequencies as they are drawn.",
            "per_component": "with one scale for all, bin 5's deviation is large, yet bounds still hold it.",
        },
    ),
}
