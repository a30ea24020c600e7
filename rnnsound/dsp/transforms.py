"""Frames read at other times, to stretch or squeeze a sound.

Notebook: 07_piano.
"""

from dataclasses import replace

import numpy as np

from rnnsound.dsp.frames import Frames


def interpolate_frames(frames: Frames, positions: np.ndarray) -> Frames:
    """Read frames at other times than they were measured: more slowly, faster, backwards.

    Between two frames, magnitudes and frequencies go straight from one to the other. The sound lasts as long
    as there are positions, and its pitch stays.

    Args:
        frames: measured or generated.
        positions: of each new frame among the old ones, counted from 0, (n,); 2.5 is halfway between frames 2
            and 3.

    Returns:
        Frames: (n, n_components), with the first phases and the start of the old ones.

    Raises:
        ValueError: there are no positions, or one lies before the first frame or after the last.

    Source: Flanagan and Golden, "Phase Vocoder", 1966. Notebook: 07_piano.
    """
    positions = np.asarray(positions, dtype=np.float64)
    last = len(frames) - 1
    if positions.ndim != 1 or len(positions) == 0 or not ((positions >= 0) & (positions <= last)).all():
        raise ValueError(f"positions must lie within the frames, and there must be some; use 0 to {last}")
    before = np.minimum(positions.astype(int), max(last - 1, 0))
    after, part = np.minimum(before + 1, last), (positions - before)[:, None]
    magnitude, frequency = (
        a[before] * (1 - part) + a[after] * part for a in (frames.magnitude, frames.frequency)
    )
    return replace(frames, magnitude=magnitude, frequency=frequency)
