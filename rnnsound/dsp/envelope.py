"""The spectral envelope: the smooth curve over a spectrum's peaks, which makes a vowel, or a body of wood.

Source: Röbel and Rodet, "Efficient Spectral Envelope Estimation and its Application to Pitch Shifting and
Envelope Preservation", 2005 (the true envelope). Notebook: 08_transformations.
"""

import numpy as np

from rnnsound.dsp.measures import pitch
from rnnsound.dsp.sound import Sound

_FINEST = 550.0  # Hz: the envelope's finest wave, where there is no pitch
_PITCHES = 2.3  # a wave shorter than so many times the pitch would follow the partials, up and down
_ROUNDS = 16
_FLOOR = 1e-5  # of the loudest bin: 100 dB
_MOST = 40.0 / 8.686  # 40 dB, in natural logarithms: no bin is raised or lowered by more


def finest_wave(sound: Sound) -> float:
    """Return how fine an envelope the partials of a sound can show, in Hz from wave to wave.

    Notebook: 08_transformations.
    """
    frequency = pitch(sound)[1]
    known = np.isfinite(frequency)
    return _PITCHES * float(np.median(frequency[known])) if known.mean() > 0.5 else _FINEST


def true_envelope(magnitude: np.ndarray, sample_rate: int, finest: float = _FINEST) -> np.ndarray:
    """Return the natural logarithm of the envelope that lies on the peaks of spectra.

    A smooth curve through a spectrum runs below its peaks. So what lies below the curve is replaced by the
    curve, and a new one is drawn, again and again.

    Args:
        magnitude: (n_frames, n_bins), all bins of an even FFT.
        sample_rate: samples per second.
        finest: Hz from one wave of the envelope to the next, at the least; see finest_wave.

    Returns:
        Same shape.

    Notebook: 08_transformations.
    """
    size = 2 * (magnitude.shape[1] - 1)
    order = int(np.clip(round(sample_rate / finest), 4, size // 2))
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


def moved_back(magnitude: np.ndarray, ratio: float, sample_rate: int, finest: float = _FINEST) -> np.ndarray:
    """Return the gains that keep the envelope where it is while all frequencies are multiplied by a ratio.

    Args:
        magnitude: (n_frames, n_bins), of the sound before.
        ratio: of the frequencies, new over old.
        sample_rate: samples per second.
        finest: as for true_envelope.

    Notebook: 08_transformations.
    """
    envelope = true_envelope(magnitude, sample_rate, finest)
    last = magnitude.shape[1] - 1
    there = np.arange(last + 1) * ratio
    below = np.minimum(there.astype(int), last - 1)
    part = np.clip(there - below, 0, 1)
    wanted = envelope[:, below] * (1 - part) + envelope[:, below + 1] * part
    gain = np.clip(wanted - envelope, -_MOST, _MOST)
    gain[:, there > last] = -_MOST
    return np.exp(gain)


def _smooth(level: np.ndarray, lifter: np.ndarray) -> np.ndarray:
    """Keep the slow waves of logarithmic spectra."""
    return np.fft.rfft(np.fft.irfft(level, len(lifter)) * lifter).real
