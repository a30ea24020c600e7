"""Conditions: what the network is told beside each frame, and does not predict.

A condition has a name, a number of columns and a function that gives its rows. A kind of note lists the names
of those it uses. Notebooks: 06_clarinet, 07_piano, 10_scaling_up.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

_WEIGHT = 5.0  # a few numbers among hundreds have to be loud to be heard
_CLOCK_WEIGHT = 2.0
_RELEASE = 1.0  # seconds
_MIDDLE, _REACH = 72.0, 24.0  # MIDI numbers: C5, and two octaves
_WAVES = np.array([1.0, 2.0, 4.0])  # half turns that a pitch wave makes in two octaves


class Condition(NamedTuple):
    """One condition.

    Args:
        width: number of columns.
        rows: times of the frames' middles (n_frames,) and length of the note, both in seconds after the
            note's beginning, -> (n_frames, width).
    """

    width: int
    rows: Callable[[np.ndarray, float], np.ndarray]


def _after(*edges: float) -> Condition:
    return Condition(len(edges), lambda times, seconds: ramps(times, edges))


def _clock(*periods: float) -> Condition:
    return Condition(2 * len(periods), lambda times, seconds: hands(times, periods))


def _until_end(*edges: float) -> Condition:
    """Ramps that begin with the release: full at the note's end, and 0 before it, in parts of the release."""
    return Condition(len(edges), lambda times, seconds: ramps((seconds - times) / release(seconds), edges))


def release(seconds: float) -> float:
    """Return how many of a note's last seconds are its release: 1, or half of a short note."""
    return min(_RELEASE, seconds / 2)


CONDITIONS = {
    "clock": _clock(20.0, 10.0, 5.0, 2.5, 1.25, 0.625, 0.3125, 0.15625),
    "since_stroke": _after(3.0, 2.0, 1.0, 0.5, 0.2, 0.1),
    "since_onset": _after(1.0, 0.2),
    "until_end": _until_end(1.0, 0.25),
}
"""Every condition by its name; the numbers are the hands' turns and the ramps' lengths, in seconds."""


def condition_rows(names: Sequence[str], times: np.ndarray, seconds: float) -> np.ndarray:
    """Return the rows of several conditions side by side.

    Args:
        names: of CONDITIONS; none gives no columns.
        times: of the frames' middles, in seconds after the note's beginning, (n_frames,).
        seconds: length of the note.

    Returns:
        float32, (n_frames, total width).
    """
    nothing = np.zeros((len(times), 0), dtype=np.float32)
    return np.hstack([nothing, *(CONDITIONS[name].rows(times, seconds) for name in names)])


def condition_width(names: Sequence[str]) -> int:
    """Return how many columns several conditions have together."""
    return sum(CONDITIONS[name].width for name in names)


def hands(times: np.ndarray, periods: Sequence[float]) -> np.ndarray:
    """Tell the time by hands of a clock that go round and round, each by where its tip is.

    Args:
        times: in seconds, (n_frames,).
        periods: seconds that the hands take for one turn.

    Returns:
        float32, (n_frames, 2 * n_periods): sine and cosine of each.

    Notebook: 06_clarinet.
    """
    angle = 2 * np.pi * times[:, None] / np.array(periods)
    return (_CLOCK_WEIGHT * np.hstack([np.sin(angle), np.cos(angle)])).astype(np.float32)


def ramps(times: np.ndarray, edges: Sequence[float]) -> np.ndarray:
    """Tell the time by ramps, one for each edge: full at 0, and 0 from the edge on.

    Args:
        times: in seconds, (n_frames,).
        edges: in seconds.

    Returns:
        float32, (n_frames, n_edges).

    Notebook: 07_piano.
    """
    return (_WEIGHT * np.clip(1 - times[:, None] / np.array(edges), 0, 1)).astype(np.float32)


def pitch_waves(midi: np.ndarray) -> np.ndarray:
    """Tell a pitch by its distance from C5, and by waves over it: neighbors look alike, distant notes do not.

    One number alone would let the network change only evenly with pitch.

    Args:
        midi: MIDI numbers, fractions allowed, (n,).

    Returns:
        float32, (n, N_PITCH).

    Notebook: 10_scaling_up.
    """
    place = (np.asarray(midi, dtype=np.float64)[:, None] - _MIDDLE) / _REACH
    turned = np.pi * place * _WAVES
    return np.hstack([place, np.sin(turned), np.cos(turned)]).astype(np.float32)


N_PITCH = 1 + 2 * len(_WAVES)
"""Numbers that tell a pitch."""
