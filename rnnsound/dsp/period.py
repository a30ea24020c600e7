"""How a sound repeats itself: freed of slow movement, its likeness to itself later on, and its period."""

import numpy as np

_ALIKE = 0.8  # a frame that is less like itself one period later does not repeat
_SHORT = 4.0  # samples: a longer period is found from whole shifts, whose similarity is exact
_REACH = 8  # values on either side of a peak that its top is found from
_NEAR = np.arange(-_REACH, _REACH + 1)
_SHIFTS = np.arange(-9, 10) / 8  # in samples, around a peak: up to its neighbors and one step beyond
# What the polynomial through the values at _NEAR is at _SHIFTS: Lagrange's weights, (n_near, n_shifts).
_BETWEEN = np.array([np.prod([(_SHIFTS - m) / (n - m) for m in _NEAR if m != n], axis=0) for n in _NEAR])


def without_slow_movement(samples: np.ndarray, size: int) -> np.ndarray:
    """Take out what moves too slowly to be a tone: a constant offset, a drift, rumble.

    It is taken for the mean around each sample, so weighted that less than 10 % is left of what moves through
    1.2 periods or fewer in size samples, and 99 % or more of a tone of four or more. It is not known within
    half of size from the ends, and taken to stay there as it is.

    Args:
        samples: (n_samples,), at least size of them.
        size: how many samples the mean is made of, 3 or more.

    Returns:
        (n_samples,).

    Source: Smith, "The Scientist and Engineer's Guide to Digital Signal Processing", 1997, chapter 16
    (windowed sinc). Tests: against known tones and movements.
    """
    half = (size - 1) // 2
    at = np.arange(-half, half + 1)
    weights = np.sinc(4.8 / size * at) * np.hamming(len(at))  # a low-pass at 2.4 periods in size samples
    # Circular, as FFTs convolve, spoils only the first values, and those are not used.
    unit = 2 ** max(len(samples).bit_length() - 5, 0)
    n = -(-len(samples) // unit) * unit  # of small factors, for a fast FFT
    slow = np.fft.irfft(np.fft.rfft(samples, n) * np.fft.rfft(weights / weights.sum(), n), n)
    return samples - np.pad(slow[2 * half : len(samples)], half, mode="edge")


def self_similarity(frame: np.ndarray) -> np.ndarray:
    """Compare a frame with itself, shifted by 0, 1/2, 1, 3/2 ... samples up to half its length.

    Of a tone just below half the sample rate, whole shifts would miss the tops.

    Args:
        frame: (size,).

    Returns:
        1 where the two are equal, -1 where they are opposite, (n_shifts,); a few go beyond half the frame.
    """
    size = len(frame)
    n_whole = min(size // 2 + _REACH, size)
    padded = -(-(size + n_whole) // 256) * 256  # of small factors, for a fast FFT
    spectrum = np.fft.rfft(frame, padded)
    match = 2 * np.fft.irfft(spectrum.real**2 + spectrum.imag**2, 2 * padded)[: 2 * n_whole - 1]
    square = frame**2
    compared = np.empty(2 * n_whole - 1)  # energy of the two parts that overlap, halfway the mean
    compared[0] = 2 * square.sum()
    compared[2::2] = compared[0] - np.cumsum(square[: n_whole - 1] + square[: size - n_whole : -1])
    compared[1::2] = (compared[:-1:2] + compared[2::2]) / 2
    return 2 * match / np.maximum(compared, 1e-20)


def periods(similarity: np.ndarray) -> tuple[float, float]:
    """Return the shifts after which a frame may be said to repeat, in samples: a short, a sure one.

    A hill begins where the similarity rises above 0. (It falls below within a period: its mean is 0.) Of all
    hills, both are the first that is nearly as high as the highest: at least nine tenths of it, and no
    further from 1 than twice the highest and a bit more, 0.08 for the short one, 0.02 for the sure one. A
    partial makes hills before the period, too, but they are lower unless it is far stronger than the others
    together; where every second period differs a little, as a reed's may, the hill after two is the higher
    one. Mostly both shifts are the same.

    Args:
        similarity: as self_similarity gives it.

    Returns:
        Two periods; NaN twice if the frame does not repeat.
    """
    rises = 1 + np.flatnonzero((similarity[:-1] < 0) & (similarity[1:] >= 0))
    if len(rises) == 0:
        return np.nan, np.nan
    hills = np.repeat(np.maximum.reduceat(similarity, rises), np.diff(rises, append=len(similarity)))
    summits = rises[0] + np.flatnonzero(similarity[rises[0] :] == hills)
    summits = summits[summits < len(similarity) - 2 * _REACH]
    summits = summits[similarity[summits] > 0.5 * _ALIKE]  # a top between two is at most 1.5 times as high
    if len(summits) == 0:
        return np.nan, np.nan
    heights = (similarity[np.abs(summits[:, None] + _NEAR)] @ _BETWEEN).max(axis=1)
    highest = heights.max()
    if highest < _ALIKE:
        return np.nan, np.nan
    enough = (max(0.9 * highest, 2 * highest - 1 - more) for more in (0.08, 0.02))
    short, sure = (summits[np.argmax(heights >= height)] for height in enough)
    found = _refined(similarity, short)
    return found, found if sure == short else _refined(similarity, sure)


def _refined(similarity: np.ndarray, summit: int) -> float:
    """Return the shift at a hill's top, in samples."""
    if summit < 2 * _SHORT:
        return _top(similarity, summit) / 2
    return _top(similarity[::2], (summit + 1) // 2)


def _top(similarity: np.ndarray, summit: int) -> float:
    """Return where a hill is highest, between two values; summit is the index of one less than 1 away."""
    curve = similarity[np.abs(summit + _NEAR)] @ _BETWEEN
    highest = 1 + curve[1:-1].argmax()
    left, middle, right = curve[highest - 1 : highest + 2]
    bend = min(left - 2 * middle + right, -1e-30)
    away = min(max(0.5 * (left - right) / bend, -0.5), 0.5)  # top of the parabola through three points
    return float(summit + _SHIFTS[highest] + away * (_SHIFTS[1] - _SHIFTS[0]))
