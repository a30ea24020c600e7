"""Phase locking: the bins of one partial stay in step.

A steady partial fills four bins or more. Generated frames give each a frequency with an error of its own; accumulated on
their own, their phases wander apart, and bins that should add up cancel: the tone beats and goes rough. So only the peak
accumulates. Source: Laroche and Dolson, "Improved Phase Vocoder Time-Scale Modification of Audio", 1999, who copy the
phases around a peak from the recording; a generated frame has no recording to copy from, but the window's transform tells
them. Notebook: 04_sine_model.
"""

import numpy as np

from rnnsound.frames import Frames


def locked_phases(frames: Frames, hop_size: int, main_lobe: float = 2.0) -> np.ndarray:
    """Phases of all frames, those around each peak derived from the peak's.

    The frame of a steady partial of f Hz has in bin k the phase theta - pi * k * (N - 1) / N, where theta is the partial's
    phase in the middle of the frame: the window is symmetric there, so its transform is real. Where that is negative, in
    every other side lobe, half a turn is added. So one number, theta, holds the phases of all bins of a partial, and
    advances by its frequency, that of the peak. A bin that reads 785 Hz near a tone of 440 Hz (its phase went round once
    too often) is only a bin of that tone's.

    Args:
        frames: their first_phase gives theta of the first frame.
        hop_size: samples from one frame to the next as they will sound.
        main_lobe: bins from the middle of the window's transform to its first zero: 2 for Hann, 1 for rectangular.

    Returns:
        Radians, (n_frames, n_components).
    """
    bins = np.arange(frames.n_components)
    peak = find_peaks(frames.magnitude)
    tilt = bins * ((frames.fft_size - 1) / (2 * frames.fft_size))  # turns, phase of bin k against theta
    advance = frames.frequency * (hop_size / frames.sample_rate)  # turns
    advance -= np.rint(advance)
    theta = np.empty_like(advance)
    now = (frames.first_phase / (2 * np.pi) + tilt)[peak[0]]
    theta[0] = now
    for t in range(1, len(frames)):
        now = np.take(now + advance[t], peak[t], out=theta[t])  # a bin takes on what its peak says
    position = np.take_along_axis(frames.frequency, peak, axis=1) * (frames.fft_size / frames.sample_rate)
    lobe = np.floor(np.abs(bins - position) - main_lobe).astype(np.int64)
    negative = (lobe >= 0) & (lobe % 2 == 0)
    return 2 * np.pi * (theta - tilt + 0.5 * negative)


def find_peaks(magnitude: np.ndarray, reach: int = 2) -> np.ndarray:
    """For every bin, the peak that it belongs to: the one it comes to by always going uphill.

    Args:
        magnitude: (n_frames, n_components); its sign does not matter.
        reach: a step goes to the largest of this many bins to either side, so that a ripple is no peak.

    Returns:
        Index of the peak's bin, (n_frames, n_components); a peak's is its own.
    """
    n_frames, n_components = magnitude.shape
    heights = np.pad(np.abs(magnitude), ((0, 0), (reach, reach)), constant_values=-1.0)
    around = np.lib.stride_tricks.sliding_window_view(heights, 2 * reach + 1, axis=1)
    uphill = around.argmax(axis=2) + (np.arange(n_components) - reach)
    while True:
        further = np.take_along_axis(uphill, uphill, axis=1)
        if np.array_equal(further, uphill):
            return uphill
        uphill = further
