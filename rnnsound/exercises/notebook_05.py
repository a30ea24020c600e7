"""Answers to the exercises of notebook 05."""

from collections.abc import Callable

import numpy as np

from rnnsound.exercises.checks import Between, Check, Number, Shown


def _is_half_as_fast(stretched: Callable[[np.ndarray], np.ndarray]) -> str:
    """Say what is wrong with a function that is to make changes half as large, and twice as many."""
    turns = np.linspace(0, 1, 50)[:, None] * np.array([1.0, 2.0, 3.0])
    values = 440 + 5 * np.sin(2 * np.pi * turns) + turns
    made = np.asarray(stretched(values), dtype=float)
    if made.ndim != 2 or made.shape[1] != values.shape[1]:
        return "the number of components must stay: time runs down the rows: interpolate each column."
    if len(made) == len(values):
        return "there are as many frames as before; halved changes need twice as many frames."
    if abs(len(made) - 2 * len(values)) > 2:
        return f"of {len(values)} frames came {len(made)}; about twice as many are wanted."
    if np.mean(np.diff(made, axis=0) == 0) > 0.4:
        return "each frame stands there twice, so every other change is 0; new frames lie between old ones."
    old = np.arange(len(values))
    at = (np.arange(len(made)) / 2).clip(max=old[-1])
    ends = np.linspace(0, old[-1], len(made))  # both ends kept: nearly the same, and right as well
    for new in (at, ends):
        wanted = np.stack([np.interp(new, old, column) for column in values.T], axis=1)
        if np.allclose(made, wanted, atol=1e-6):
            return ""
    return "the values at the old frames must stay, with one new frame halfway between two old ones."


CHECKS: dict[str, Check] = {
    "05.1": Between(
        -0.4,
        -0.1,
        "at 0 the frequencies stand still, but the magnitudes go on swinging; frequencies that swing a "
        "little the other way make up for that. Try steps of 0.05 on both sides of 0.",
    ),
    "05.2": Number(
        10.0,
        within=0.7,
        near=3.0,
        hint="between two resets a walk takes 100 steps; take the standard deviation of where the walks are "
        "after the last of them.",
        mistakes={
            44.7: "that is the spread without resets, the square root of all 2,000 steps.",
            100.0: "100 is what 100 steps make if all go the same way; chance adds up as the square root.",
            1.0: "that is the spread of a single step.",
        },
    ),
    "05.3": Shown(
        _is_half_as_fast,
        wrong=(
            lambda values: values,
            lambda values: np.repeat(values, 2, axis=0),
            lambda values: values / 2,
            lambda values: np.repeat(values, 2, axis=1),
            lambda values: values[::2],
            lambda values: np.concatenate([values, values]),
        ),
    ),
}
