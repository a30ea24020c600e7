"""A sound read at other times than it was recorded: the phases of its frames made to go on.

A frame of the new sound is a frame of the old one, with its phases turned. How far a bin's phase should have
advanced since the frame before is measured in the old sound itself: from half a hop before the middle between
both reading places to half a hop after it. All bins of a spectral peak turn by the same angle, so what was in
step stays in step. Where something new begins, the bins that rise begin with it: they are not turned.

Source: Laroche and Dolson, "Improved Phase Vocoder Time-Scale Modification of Audio", 1999, for peaks that
turn as one; Röbel, "A New Approach to Transient Processing in the Phase Vocoder", 2003, for phases that begin
anew at an onset. Notebook: 08_transformations.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

OVERLAP = 4  # frames that hold each sample
_BLOCK = 128  # frames worked on at a time
_REACH = 2  # bins: a peak is higher than so many on either side
_TINY = 1e-30
_HEARD = 1e-4  # of a frame's largest magnitude: 80 dB
_RISES_DB = 3.0  # a bin that gets so much louder at an onset begins with it

Change = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Magnitudes (n_frames, n_bins), sample in the middle of each frame -> what magnitudes are multiplied by."""


def frame_size(sample_rate: int) -> int:
    """Return how many samples a frame has: a power of two, near 46 ms."""
    return 2 ** max(round(np.log2(0.0464 * sample_rate)), 5)


def read_at(
    samples: np.ndarray,
    places: np.ndarray,
    size: int,
    attacks: dict[int, int],
    change: Change | None = None,
    overlap: int = OVERLAP,
) -> np.ndarray:
    """Make a sound of a sound's frames, read wherever one likes.

    Args:
        samples: of the old sound, (n_samples,).
        places: sample in the middle of each frame that is read; frame u is put around sample
            u * size / overlap of the new sound, int, (n_frames,).
        size: samples in a frame, divisible by overlap.
        attacks: frames at which something new begins, and the samples of the old sound where.
        change: what magnitudes are multiplied by; None leaves them.
        overlap: frames that hold each sample of the new sound: 4, or 8, which is smoother and takes longer.

    Returns:
        (n_frames - 1) * size / overlap samples; a sound read at its own places is itself.
    """
    hop, span = size // overlap, size // OVERLAP
    window = np.hanning(size + 1)[:-1]
    spectra = Spectra(samples, window)
    places = np.clip(places, -size, len(samples) + size // 2)
    before = np.concatenate([[places[0] - hop], places[:-1]])
    earlier = (places + before - span) // 2
    earlier[0] = places[0] - span
    pieces = np.empty((len(places), size))
    previous = None
    for start in range(0, len(places), _BLOCK):
        block = slice(start, start + _BLOCK)
        spectrum = spectra(places[block])
        magnitude = np.abs(spectrum)
        beside = [spectra(earlier[block] + d) for d in range(0, span + 1, hop)]
        advance = sum(later * sooner.conj() for sooner, later in pairwise(beside)) * spectrum.conj()
        heard = _HEARD * magnitude.max(axis=1, keepdims=True)  # below that, a bin has no say
        advance /= np.maximum(np.maximum(magnitude, heard) ** 2, _TINY)
        peaks = _peaks(magnitude)
        for j, frame in enumerate(spectrum):
            if previous is not None:
                turn = _turn(previous * advance[j], peaks[j])
                if start + j in attacks:
                    turn[_rising(spectra, attacks[start + j], size)] = 1.0
                frame *= turn
            previous = frame.copy()
        if change is not None:
            spectrum *= change(magnitude, places[block])
        pieces[block] = np.fft.irfft(spectrum, size)
    return overlap_add(pieces, overlap)


def overlap_add(pieces: np.ndarray, overlap: int = OVERLAP) -> np.ndarray:
    """Window pieces once more and add them up, each a quarter of its length after the one before.

    Args:
        pieces: samples of windowed frames, (n_frames, size).
        overlap: pieces that hold each sample, if not 4.

    Returns:
        From the middle of the first piece to that of the last, ((n_frames - 1) * size / overlap,).
    """
    size = pieces.shape[1]
    hop, window = size // overlap, np.hanning(size + 1)[:-1]
    output = np.zeros((len(pieces) - 1) * hop + size)
    weight = np.zeros_like(output)
    for u, piece in enumerate(pieces):
        output[u * hop : u * hop + size] += piece * window
        weight[u * hop : u * hop + size] += window**2
    output /= np.maximum(weight, 0.1 * (window**2).sum() / hop)
    return output[size // 2 : len(output) - size // 2]


class Spectra:
    """Windowed spectra of a sound around any of its samples; silence lies around it."""

    def __init__(self, samples: np.ndarray, window: np.ndarray):
        self.window, self.margin = window, 3 * len(window)
        self.frames = sliding_window_view(np.pad(samples, self.margin + len(window) // 2), len(window))

    def __call__(self, places: np.ndarray) -> np.ndarray:
        """Return the spectra around samples, (n, size // 2 + 1)."""
        return np.fft.rfft(self.frames[np.clip(places + self.margin, 0, len(self.frames) - 1)] * self.window)


def _peaks(magnitude: np.ndarray) -> np.ndarray:
    """Return where each frame's magnitudes have peaks, bool, same shape."""
    n = magnitude.shape[1]
    padded = np.pad(magnitude, ((0, 0), (_REACH, _REACH)), constant_values=-1.0)
    is_peak = np.ones(magnitude.shape, dtype=bool)
    for d in range(1, _REACH + 1):
        is_peak &= magnitude > padded[:, _REACH - d : _REACH - d + n]
        is_peak &= magnitude >= padded[:, _REACH + d : _REACH + d + n]
    return is_peak


def _turn(wanted: np.ndarray, is_peak: np.ndarray) -> np.ndarray:
    """Return by how much each bin turns, as complex numbers of length 1, all bins of a peak alike."""
    peaks = np.flatnonzero(is_peak)
    if len(peaks) == 0:
        peaks = np.zeros(1, dtype=int)
    starts = np.concatenate([[0], (peaks[1:] + peaks[:-1] + 1) // 2])  # halfway between two peaks
    shared = np.add.reduceat(wanted, starts)
    length = np.abs(shared)
    shared = np.where(length > _TINY, shared / np.maximum(length, _TINY), 1.0)
    return np.repeat(shared, np.diff(np.append(starts, len(wanted))))


def _rising(spectra: Spectra, onset: int, size: int) -> np.ndarray:
    """Return which bins get louder at an onset, bool, (n_bins,)."""
    before, at, after = np.abs(spectra(np.array([onset - size // 2, onset, onset + size // 2])))
    smooth = np.array([0.25, 0.5, 0.25])  # a Hann window smears a partial over three bins
    louder = np.convolve(np.maximum(at, after), smooth, "same")
    return louder > np.convolve(before, smooth, "same") * 10 ** (_RISES_DB / 20)
