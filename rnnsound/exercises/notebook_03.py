"""Answers to the exercises of notebook 03."""

from typing import Any

import numpy as np

from rnnsound.exercises.checks import Check, Number, Shown

_CENTS = 5.0  # how far off the octave a pair may be


def _duet(low: float, high: float, sigma: float, apart: float) -> np.ndarray:
    """Two voices, each wavering on its own but for what they share."""
    chance = np.random.default_rng(0)
    shared, own = chance.standard_normal((2, 2000))
    return np.stack([low + sigma * shared, high + 2 * sigma * shared + apart * own], axis=1)


def _octave(value: Any) -> str:
    """Look at drawn pairs of pitches: do they waver, each as far as the singers', and keep the octave?"""
    voices = np.asarray(value, dtype=float)
    if voices.ndim != 2 or voices.shape[1] != 2 or len(voices) < 100:
        return f"pairs of pitches have the shape (n, 2) with n of 100 or more, not {voices.shape}."
    if not np.isfinite(voices).all() or voices.min() <= 0:
        return "every pitch must be a number above 0 Hz."
    low, high = voices.mean(axis=0)
    if abs(low - 440) > 5 or abs(high - 880) > 10:
        return f"the voices are to lie around 440 and 880 Hz; yours lie around {low:.0f} and {high:.0f} Hz."
    cents = float(np.std(1200 * np.log2(voices[:, 1] / voices[:, 0] / 2)))
    if cents > _CENTS:
        return f"the upper voice is {cents:.0f} cents off the octave. Which second number hardly wavers?"
    if not 15 < voices[:, 0].std() < 25:
        return f"the lower voice is to waver by about 20 Hz; yours does by {voices[:, 0].std():.1f} Hz."
    return ""


CHECKS: dict[str, Check] = {
    "03.1": Number(
        right=np.log(5 * np.sqrt(2 * np.pi * np.e)) - 0.8 * np.log(0.8) - 0.2 * np.log(0.2),
        within=0.05,
        near=0.8,
        hint="two Gaussians with a deviation of 5 Hz; only the ratio of the two weights counts.",
        mistakes={3.72: "means and deviations are right, but this coin is not fair. Turn the weights."},
    ),
    "03.2": Number(
        right=np.log(10),
        within=0.02,
        near=0.5,
        hint="subtract two losses whose sigmas differ by a factor of 10.",
        mistakes={
            -np.log(10): "the loss falls, so the number asked for is above 0.",
            1.0: "nats come from natural logarithms, not from those to base 10.",
            2 * np.log(10): "that is for a factor of 100.",
        },
    ),
    "03.3": Shown(
        _octave,
        wrong=(
            _duet(440, 880, 20, 40),
            _duet(440, 880, 0, 0),
            _duet(440, 880, 20, 0)[:, ::-1],
            _duet(440, 880, 20, 0).T,
            _duet(440, 440, 20, 0) / [1, 440],
        ),
    ),
}
