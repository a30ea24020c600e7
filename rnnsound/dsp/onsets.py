"""Onsets: where in a sound something new begins, to the sample.

An onset is a rise in many bands at once: in each, how much louder it is now than it has been, as a part of
how loud it is about to be. The sample is then the first whose sudden movement stands out from what was
before.
Notebook: 08_transformations.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from rnnsound.dsp.remembered import remembered
from rnnsound.dsp.sound import Sound

_SIZE, _HOP = 512, 64  # samples, at 44,100 a second: 12 ms, every 1.5 ms
_RATE = 44_100
_BANDS = 12  # from low to high, each as wide as the ear's: their edges are in equal ratios
_AGO = 0.008  # seconds: what was louder more recently than that may be the onset itself
_PAST, _AHEAD = 0.05, 0.03  # seconds looked back at, and ahead
_RISE = 0.2  # of how loud a band is about to be, on average over the bands
_APART = 0.05  # seconds between two onsets
_HEARD_DB = -50.0  # below the loudest band ever: what is about to be quieter is no onset
_MOMENT = 0.001  # seconds that sudden movement is summed over
_STANDS_OUT = 0.001  # of the sudden movement's energy at its largest


@remembered
def find_onsets(sound: Sound) -> np.ndarray:
    """Return where something new begins, in samples, ascending.

    Args:
        sound: of any length; silence before it counts as a beginning.

    Returns:
        int, (n_onsets,). Soft beginnings, of a bow or a breath, are mostly not among them.

    Tests: on clicks, bells and notes put at known places. Notebook: 08_transformations.
    """
    scale = sound.sample_rate / _RATE
    size, hop = max(2 * round(_SIZE * scale / 2), 16), max(round(_HOP * scale), 1)
    if sound.peak == 0:
        return np.zeros(0, dtype=int)
    samples = sound.samples / sound.peak
    centers, rise = _rises(samples, size, hop, sound.sample_rate)
    near = round(_APART * sound.sample_rate / hop)
    highest = sliding_window_view(np.pad(rise, near), 2 * near + 1).max(axis=1)
    found: list[float] = []
    inside = centers < len(samples) - size // 2  # the click with which a sound is cut off begins nothing
    for n in np.flatnonzero((rise > _RISE) & (rise == highest) & inside):
        if not found or centers[n] - found[-1] >= _APART * sound.sample_rate:
            found.append(centers[n])
    moment = max(round(_MOMENT * sound.sample_rate), 1)
    return np.unique(np.array([_first_sample(samples, round(at), size, moment) for at in found], dtype=int))


def _rises(samples: np.ndarray, size: int, hop: int, rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Return times in samples, and how much the bands rise there: 0 to 1, (n,) each."""
    window = np.hanning(size + 1)[:-1]
    padded = np.pad(samples, (2 * size, 2 * size))
    power = np.abs(np.fft.rfft(sliding_window_view(padded, size)[::hop] * window)) ** 2
    edges = np.unique(np.round(np.geomspace(1, size // 2 + 1, _BANDS + 1)).astype(int))
    bands = np.sqrt(np.add.reduceat(power, edges[:-1], axis=1))
    ago, past, ahead = (round(seconds * rate / hop) for seconds in (_AGO, _PAST, _AHEAD))
    coming = sliding_window_view(np.pad(bands, ((0, ahead), (0, 0))), ahead + 1, axis=0).max(axis=-1)[:-ago]
    been = sliding_window_view(np.pad(bands, ((past, 0), (0, 0))), past + 1, axis=0).max(axis=-1)[:-ago]
    risen = np.maximum(bands[ago:] - been, 0) / np.maximum(coming, 1e-12)
    heard = coming.max(axis=1, keepdims=True) > bands.max() * 10 ** (_HEARD_DB / 20)
    weights = np.where(heard, np.sqrt(coming), 0.0)
    total = weights.sum(axis=1)
    rise = np.divide((risen * weights).sum(axis=1), total, out=np.zeros(len(total)), where=total > 0)
    return np.arange(len(rise)) * hop - 2 * size + size // 2 + ago * hop / 2, rise


def _first_sample(samples: np.ndarray, near: int, size: int, moment: int) -> int:
    """Return the first sample near an onset at which the sound moves as suddenly as it did not before."""
    start = near - size
    part = np.pad(
        samples[max(start, 0) : near + size], (max(-start, 0), 0)
    )  # silence is before its beginning
    sudden = np.convolve(np.diff(part, prepend=part[:1]) ** 2, np.ones(moment))[: len(part)]
    before = sudden[: size // 2]
    base, usual = float(np.median(before)), float(before.max())
    enough = base + _STANDS_OUT * (sudden.max() - base)
    enough = max(enough, min(1.2 * usual, base + 0.5 * (sudden.max() - base)))
    return max(start + int(np.argmax(sudden >= enough)), 0)
