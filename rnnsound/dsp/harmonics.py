"""The partials of a sound that has a pitch, followed frame by frame: where they lie, and how loud they are.

Notebook: 08_transformations.
"""

import numpy as np

from rnnsound.dsp.measures import pitch
from rnnsound.dsp.reading import Spectra, frame_size
from rnnsound.dsp.sound import Sound

_SHORTEST = 0.09  # seconds in which a pitch can be found
_PARTIALS = 20  # that tell the pitch, at most
_NEAR = 0.03  # of its frequency: a partial farther from where it is expected is not one
_APART = 8  # a partial's frequency is read from two frames, an eighth of a frame apart
_WIDTH = 2  # bins on either side of a peak that hold its power
_FLOOR = 1e-5  # of a frame's loudest partial: 100 dB
_AT_ONCE = 256  # frames


def followed_pitch(sound: Sound, places: np.ndarray, widest: float = np.inf) -> np.ndarray | None:
    """Return the pitch of a sound at any of its samples, as exactly as its partials tell it.

    The period says where the partials are to be looked for; 80 ms of sound go into it, so that it tells only
    four fifths of a vibrato. How far each partial's phase turns within 6 ms says its frequency; the pitch is
    the one whose multiples these are, each weighted by its power. Of a vibrato of 5 Hz, 96 % are left.

    Args:
        sound: any.
        places: samples, int, (n,).
        widest: cents from the median beyond which a pitch is taken for a mistake.

    Returns:
        In Hz, (n,), bridged where there is no pitch; None if there hardly ever is, or less than 90 ms.

    Notebook: 08_transformations.
    """
    rate = sound.sample_rate
    if sound.duration < _SHORTEST or sound.peak == 0:
        return None
    times, frequency = pitch(sound)
    known = np.isfinite(frequency)
    if known.mean() < 0.5:
        return None
    median = np.median(frequency[known])
    near = known & (np.abs(1200 * np.log2(np.where(known, frequency, median) / median)) < widest)
    expected = np.interp(places / rate, times[near], frequency[near])
    size = frame_size(rate)
    apart = size // _APART
    spectra = Spectra(sound.samples, np.hanning(size + 1)[:-1])
    found = expected.copy()
    for start in range(0, len(places), _AT_ONCE):
        block = slice(start, start + _AT_ONCE)
        first = places[block] - apart // 2
        turned = spectra(first + apart) * spectra(first).conj()
        found[block] = _refined(turned, expected[block], apart, rate)
    heard = np.interp(places / rate, times, near) > 0.99
    return np.where(heard, found, expected)


def partial_levels(magnitude: np.ndarray, frequency: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return the natural logarithm of the magnitude of each partial.

    A partial is the loudest peak within half the pitch of where it is expected, and as loud as the bins
    around its peak together. Where there is no peak, a straight line leads from one partial to the next.

    Args:
        magnitude: (n_frames, n_bins), all bins of an even FFT.
        frequency: the pitch of each frame in Hz, (n_frames,).
        sample_rate: samples per second.

    Returns:
        (n_frames, n_partials), as many as the lowest pitch has room for; a frame's loudest is not more than
        100 dB above any other.

    Notebook: 08_transformations.
    """
    last = magnitude.shape[1] - 1
    per_hertz = 2 * last / sample_rate
    count = max(int(last / (frequency.min() * per_hertz)), 1)
    padded = np.pad(magnitude**2, ((0, 0), (_WIDTH, _WIDTH)))
    power = sum(padded[:, d : d + last + 1] for d in range(2 * _WIDTH + 1))
    around = np.floor(np.maximum(0.5 * frequency * per_hertz - _WIDTH, 0))[:, None]
    middle = np.rint(np.outer(frequency * per_hertz, np.arange(1, count + 1))).astype(int)
    beside = np.pad(magnitude, ((0, 0), (1, 1)))
    peaks = np.where((magnitude >= beside[:, :-2]) & (magnitude >= beside[:, 2:]), power, 0)
    loudest = np.where(around < 1, np.take_along_axis(power, np.minimum(middle, last), axis=1), 0)
    for d in range(-int(around.max()), int(around.max()) + 1):
        there = np.take_along_axis(peaks, np.clip(middle + d, 0, last), axis=1)
        np.maximum(loudest, np.where(np.abs(d) <= around, there, 0), out=loudest)
    loudest[middle > last] = 0
    floor = np.maximum(_FLOOR**2 * loudest.max(axis=1, keepdims=True), 1e-24)
    return _bridged(0.5 * np.log(np.maximum(loudest, floor)), loudest > 0)


def _bridged(rows: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Put straight lines where nothing is known."""
    columns = np.arange(rows.shape[1])
    for row, there in zip(rows, known, strict=True):
        if there.any() and not there.all():
            row[~there] = np.interp(columns[~there], columns[there], row[there])
    return rows


def _refined(turned: np.ndarray, expected: np.ndarray, apart: int, rate: int) -> np.ndarray:
    """Return the pitch in Hz, (n,), from spectra times the conjugate of those so many samples earlier."""
    last = turned.shape[1] - 1
    count = max(int(min(_PARTIALS, 0.45 * rate / expected.max())), 1)
    number = np.arange(1, count + 1)
    hertz = np.outer(expected, number)
    bins = np.clip(np.rint(hertz * 2 * last / rate).astype(int), 1, last - 1)
    peaks = sum(np.take_along_axis(turned, bins + d, axis=1) for d in (-1, 0, 1))
    beyond = np.angle(peaks * np.exp(-2j * np.pi * hertz * apart / rate))
    heard = hertz + beyond * rate / (2 * np.pi * apart)
    power = np.abs(peaks) * (np.abs(heard / hertz - 1) < _NEAR)
    total = (power * number**2).sum(axis=1)
    found = (power * number * heard).sum(axis=1) / np.maximum(total, 1e-30)
    return np.where(total > 1e-30, found, expected)
