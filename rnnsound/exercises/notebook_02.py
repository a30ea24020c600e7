"""Answers to the exercises of notebook 02."""

from collections.abc import Callable

import numpy as np

from rnnsound.exercises.checks import Between, Check, Number, Shown

_VALUES = 8  # in a note


def _counts(gates: Callable) -> str:
    """Run one cell over three notes with these gates, and say what is wrong with its contents."""
    if not callable(gates):
        return "give the function itself: gates, without parentheses."
    content, contents = 0.0, []
    for value in range(3 * _VALUES):
        f, i, g = (float(number) for number in gates(value % _VALUES == 0))
        if not (0 <= f <= 1 and 0 <= i <= 1):
            return f"a gate lies between 0 and 1; yours are f = {f:g}, i = {i:g}."
        if not -1 <= g <= 1:
            return f"a candidate lies between -1 and 1; yours is {g:g}."
        content = f * content + i * g
        contents.append(content)
    notes = np.array(contents).reshape(3, _VALUES)
    if np.allclose(notes, np.arange(1, _VALUES + 1) / _VALUES):
        return ""
    if np.all(notes[0] == notes[0, 0]):
        return "the content does not rise within a note; what is kept from one value to the next?"
    if not np.allclose(notes, notes[0]):
        return "the second note does not begin anew; what must be forgotten at its first value?"
    return f"the contents in a note are {', '.join(f'{c:.3g}' for c in notes[0])}; they should be 1/8 to 1."


CHECKS: dict[str, Check] = {
    "02.1": Number(
        0.5 ** (1 / _VALUES),
        within=0.002,
        near=0.02,
        hint="the content is multiplied by the gate eight times, and one half is to be left.",
        mistakes={
            0.5: "one half would be left after a single value; it is to be left after eight.",
            0.5**_VALUES: "this is what is left after eight values if the gate is at one half.",
            1 - 0.5 / _VALUES: "a gate takes away a part of what is left, not of what was there at first.",
        },
    ),
    "02.2": Shown(
        _counts,
        wrong=(
            lambda new: (1.0, 1.0, 1 / 8),
            lambda new: (0.0, 1.0, 1 / 8),
            lambda new: (0.0, 0.0, 0.0) if new else (1.0, 1.0, 1 / 8),
            lambda new: (0.0 if new else 1.0, 1.0, 8.0),
            lambda new: (0.0 if new else 1.0, 2.0, 1 / 16),
            1 / 8,
        ),
    ),
    "02.3": Between(
        30.0,
        300.0,
        "it is tens of Hz off; set rows 32 to 63 before it runs, and measure in Hz.",
    ),
    "02.4": Number(
        357_555,
        within=0.5,
        near=2_000,
        hint="a layer's four parts have weights for all they read and all last outputs, and two biases.",
        mistakes={
            356_355: "PyTorch has two biases for each part of each cell.",
            291_555: "the second layer reads the 150 outputs of the first, not the 40 numbers of a frame.",
            357_150: "the linear layer has a bias for each of its outputs.",
            162_143: "this is the clarinet's model.",
        },
    ),
}
