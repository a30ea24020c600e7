"""Answers to the exercises of notebook 10: even partials, a stiff string, a vibrato."""

import numpy as np

from rnnsound.dsp.harmonics import HARMONIC, N_PARTIALS
from rnnsound.exercises.checks import Between, Check, Number, Shown


def _stiff(b: float) -> np.ndarray:
    return HARMONIC * np.sqrt(1 + b * HARMONIC**2)


def _is_stiff(function) -> str:
    """Say what is wrong with a function that returns the ratios of a stiff string's partials."""
    if not callable(function):
        return "the answer is your function itself: write its name without brackets."
    for b in (0.0, 0.002):
        given = np.asarray(function(b), dtype=float)
        if given.shape != (N_PARTIALS,):
            return f"the function should return {N_PARTIALS} ratios, one for each partial."
        if not np.allclose(given, _stiff(b)):
            return "partial k lies at k times the square root of 1 + b k²; k begins at 1."
    return ""


CHECKS: dict[str, Check] = {
    "10.1": Number(
        right=-27.0,
        within=0.5,
        near=3.0,
        hint="average each partial over frames 60 to 199, add up partials 2, 4, 6 and partials 1, 3, 5, and "
        "take 20 log10 of the first sum over the second.",
        mistakes={
            27.0: "the even ones are weaker, so they are a negative number of dB against the odd ones.",
            -13.5: "amplitudes are compared by 20 log10 of their ratio, powers by 10 log10.",
            -26.1: "that compares powers; add up the amplitudes.",
        },
    ),
    "10.2": Shown(
        _is_stiff,
        wrong=(
            _stiff(0.002),
            lambda b: _stiff(b)[:10],
            lambda b: HARMONIC * (1 + b * HARMONIC**2),
            lambda b: np.arange(N_PARTIALS) * np.sqrt(1 + b * np.arange(N_PARTIALS) ** 2),
        ),
    ),
    "10.3": Between(
        low=26.0,
        high=34.0,
        hint="multiply the pitch by 2 ** (cents / 1200), with cents = 30 sin(2 pi 5 t), and measure against "
        "the frequency of D4.",
    ),
}
"""Exercise -> what makes its answer right."""
