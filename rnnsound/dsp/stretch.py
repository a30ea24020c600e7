"""Time-stretching: a sound that lasts longer or shorter at the same pitch, its attacks as sharp as they were.

Notebook: 08_transformations.
"""

from dataclasses import replace

import numpy as np

from rnnsound.dsp.onsets import find_onsets
from rnnsound.dsp.reading import OVERLAP, Change, frame_size, read_at
from rnnsound.dsp.sound import Sound

SMALLEST, LARGEST = 0.1, 10.0
_CATCH_UP = 3.0  # times as far from an onset as its own speed lasts, the even speed is reached again


def stretch(sound: Sound, factor: float, change: Change | None = None) -> Sound:
    """Let a sound last longer or shorter; its pitch stays, and so does the speed of what begins in it.

    Args:
        sound: any.
        factor: how many times as long it is to last, 0.1 to 10; 1 gives the sound itself.
        change: what magnitudes are multiplied by on the way; see rnnsound.dsp.reading.

    Returns:
        Sound: round(factor * len(sound)) samples.

    Raises:
        ValueError: the factor is out of range.

    Source: see rnnsound.dsp.reading. Notebook: 08_transformations.
    """
    if not SMALLEST <= factor <= LARGEST:
        raise ValueError(f"factor={factor} is out of range; use {SMALLEST:g} to {LARGEST:g}")
    if sound.peak == 0:
        return replace(sound, samples=np.zeros(round(len(sound) * factor)))
    size = frame_size(sound.sample_rate)
    places, attacks = time_map(len(sound), factor, find_onsets(sound), size)
    unit = read_at(sound.samples / sound.peak, places, size, attacks, change)
    stretched = sound.peak * unit[: round(len(sound) * factor)]
    return replace(sound, samples=stretched, label=f"{sound.label}, {factor:g} times as long")


def time_map(n: int, factor: float, onsets: np.ndarray, size: int) -> tuple[np.ndarray, dict[int, int]]:
    """Return where to read each frame of a stretched sound.

    On the whole, frame u is read where u * hop / factor is. Half a frame before and after an onset, reading
    goes at the sound's own speed, so that the attack stays as it was; around that, it catches up.

    Args:
        n: samples of the sound.
        factor: how many times as long it is to last.
        onsets: samples where something begins, ascending.
        size: samples in a frame.

    Returns:
        Sample to be read for each frame, int, (n_frames,), and the frames at which an onset's own speed sets
        in, with the onset's sample.
    """
    hop, half = size // OVERLAP, size // 2
    at = np.arange(-(-round(n * factor) // hop) + 2) * hop
    spans = []  # onset, its sample in the new sound, and from where to where its own speed lasts
    for j, onset in enumerate(onsets):
        first, last = -min(half, onset, round(onset * factor)), half
        part = 0.5 * min(1.0, factor)
        if j > 0:
            first = max(first, -int(part * (onset - onsets[j - 1])))
        if j + 1 < len(onsets):
            last = min(last, int(part * (onsets[j + 1] - onset)))
        spans.append((int(onset), round(onset * factor), first, last))
    new, old = [0.0], [0.0]  # places in the new sound and the old one, joined by straight lines
    for j, (onset, there, first, last) in enumerate(spans):
        begin, end = (_CATCH_UP * max(factor, 1.0) * edge for edge in (first, last))
        if there + begin > new[-1] and onset + begin / factor > old[-1]:
            new.append(there + begin)
            old.append(onset + begin / factor)
        new += [there + first, there + last]
        old += [onset + first, onset + last]
        following = spans[j + 1] if j + 1 < len(spans) else (n, n * factor, 0, 0)
        if there + end < following[1] + following[2] and onset + end / factor < following[0] + following[2]:
            new.append(there + end)
            old.append(onset + end / factor)
    new.append(max(n * factor, new[-1] + 1))
    old.append(max(n, old[-1] + 1))
    places = np.rint(np.where(at > new[-1], old[-1] + (at - new[-1]) / factor, np.interp(at, new, old)))
    places, attacks = places.astype(int), {}
    for onset, there, first, last in spans:
        inside = np.flatnonzero((at >= there + first) & (at <= there + last))
        places[inside] = at[inside] + onset - there
        if len(inside):
            attacks[int(inside[0])] = onset
    return places, attacks
