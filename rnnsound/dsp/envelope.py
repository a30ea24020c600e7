"""The spectral envelope: the smooth curve over a spectrum's peaks, which makes a vowel, or a body of wood.

Source: Röbel and Rodet, "Efficient Spectral Envelope Estimation and its Application to Pitch Shifting and
Envelope Preservation", 2005 (the true envelope). Notebook: 08_transformations.
"""

import numpy as np

from rnnsound.dsp.harmonics import followed_pitch, partial_levels
from rnnsound.dsp.reading import OVERLAP, Change, frame_size
from rnnsound.dsp.sound import Sound

_FINEST = 550.0  # Hz: the true envelope's finest wave
_ROUNDS = 16
_FLOOR = 1e-5  # of the loudest bin: 100 dB
_BELIEVED = 9.0 / 8.686  # 9 dB: a partial so far below its neighbors still shows the envelope
_MOST = 40.0 / 8.686  # 40 dB, in natural logarithms: no bin is raised or lowered by more


def true_envelope(magnitude: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return the natural logarithm of the envelope that lies on the peaks of spectra.

    A smooth curve through a spectrum runs below its peaks. So what lies below the curve is replaced by the
    curve, and a new one is drawn, again and again. It waves once in 550 Hz at the most.

    Args:
        magnitude: (n_frames, n_bins), all bins of an even FFT.
        sample_rate: samples per second.

    Returns:
        Same shape.

    Notebook: 08_transformations.
    """
    size = 2 * (magnitude.shape[1] - 1)
    order = int(np.clip(round(sample_rate / _FINEST), 4, size // 2))
    lifter = np.zeros(size // 2 + 1)
    lifter[:order] = 1.0
    half = order // 2
    lifter[order - half : order] = 0.5 + 0.5 * np.cos(np.pi * (np.arange(half) + 0.5) / half)
    lifter = np.concatenate([lifter, lifter[-2:0:-1]])
    floor = np.maximum(_FLOOR * magnitude.max(axis=1, keepdims=True), 1e-12)
    level = np.log(np.maximum(magnitude, floor))
    envelope = _smooth(level, lifter)
    for _ in range(_ROUNDS):
        envelope = _smooth(np.maximum(level, envelope), lifter)
    return envelope


def keep_envelope(sound: Sound, ratio: float) -> Change:
    """Return the gains that keep the envelope where it is while all frequencies are multiplied by a ratio.

    Where a sound has a pitch, its partials are all that shows the envelope: it is a curve through their
    levels in decibels, flat below the first and beyond the last; partials far below both neighbors do not
    count. Where it has none, it is the true envelope.

    Args:
        sound: before its frequencies are multiplied.
        ratio: of the frequencies, new over old.

    Returns:
        Change: for frames of the sound, read anywhere; no gain is beyond 40 dB up or down.

    Tests: beside voices that were computed at the new pitch. Notebook: 08_transformations.
    """
    rate = sound.sample_rate
    hop = frame_size(rate) // OVERLAP
    grid = np.arange(0, len(sound) + hop, hop)
    pitch = followed_pitch(sound, grid)

    def change(magnitude: np.ndarray, places: np.ndarray) -> np.ndarray:
        bins = np.arange(magnitude.shape[1])
        if pitch is None:
            curve, first, per_bin = true_envelope(magnitude, rate), 0, np.ones((len(magnitude), 1))
        else:
            now = np.interp(places, grid, pitch)
            curve, first = _shown(partial_levels(magnitude, now, rate)), 1
            per_bin = rate / (2 * bins[-1] * now[:, None])
        here, there = (_between(curve, bins * step - first) for step in (per_bin, ratio * per_bin))
        gain = np.clip(there - here, -_MOST, _MOST)
        gain[:, bins * ratio > bins[-1]] = -_MOST
        return np.exp(gain)

    return change


def _shown(levels: np.ndarray) -> np.ndarray:
    """Raise partials that hardly sound, a clarinet's even ones, to the line between their neighbors.

    They say nothing of the envelope. Up to 9 dB below the line a partial is believed, from 18 on not at all.
    """
    line = (levels[:, 2:] + levels[:, :-2]) / 2
    below = line - levels[:, 1:-1]
    below = np.where(below > _BELIEVED, np.maximum(2 * _BELIEVED - below, 0), below)
    return np.concatenate([levels[:, :1], line - below, levels[:, 1:][:, -1:]], axis=1)


def _between(rows: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return where smooth curves through the columns of rows are in between, the same shape as at.

    The slope at a column is that from its one neighbor to the other; at both ends the curve is level.
    """
    last = rows.shape[1] - 1
    slopes = np.zeros(rows.shape)
    slopes[:, 1:-1] = (rows[:, 2:] - rows[:, :-2]) / 2
    at = np.clip(at, 0, last)
    left = np.minimum(at.astype(int), max(last - 1, 0))
    right, part = np.minimum(left + 1, last), at - left
    rise = part**2 * (3 - 2 * part)
    (low, high), (out_of, into) = (
        [np.take_along_axis(values, column, axis=1) for column in (left, right)] for values in (rows, slopes)
    )
    return low + rise * (high - low) + part * (1 - part) * (out_of * (1 - part) - into * part)


def _smooth(level: np.ndarray, lifter: np.ndarray) -> np.ndarray:
    """Keep the slow waves of logarithmic spectra."""
    return np.fft.rfft(np.fft.irfft(level, len(lifter)) * lifter).real
