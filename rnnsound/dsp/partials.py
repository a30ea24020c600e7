"""What the ear hears of a string's partials, as numbers: where they lie, and how they die away.

Notebook: 07_piano.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from rnnsound.dsp.measures import onset
from rnnsound.dsp.sound import Sound

_LISTENED = 1.0  # seconds in which a partial's frequency is measured
_ATTACK = 0.05  # seconds after the onset that are not listened to: the hammer's noise
_SETTLED = 0.1  # seconds after the onset that a decay is measured from
_SMOOTHED = 0.05  # seconds of a partial's level that count as one moment
_FLOOR_DB = -60.0  # a decay is followed this far below a partial's loudest moment


def partials(sound: Sound, fundamental: float, n_partials: int = 8) -> np.ndarray:
    """Find the frequencies of a string's partials.

    A stiff string's partials lie above the multiples of its fundamental, each a little more than the one
    before. So each is looked for within 3 % of where the one before it would have it. Its frequency is where
    the spectrum of the second that follows the attack peaks; of two strings that beat, the stronger.

    Args:
        sound: one note.
        fundamental: in Hz, known within 3 %.
        n_partials: how many.

    Returns:
        Frequencies in Hz, (n_partials,); a partial that does not beat is found within 0.1 Hz.

    Raises:
        ValueError: the sound is too short, or the last partial lies beyond half the sample rate.

    Source of the stretched partials: Fletcher, "Normal Vibration Frequencies of a Stiff Piano String", 1964.
    Tests: against tones of known frequencies. Notebook: 07_piano.
    """
    rate = sound.sample_rate
    start = round((onset(sound) + _ATTACK) * rate)
    heard = sound.samples[start : start + round(_LISTENED * rate)]
    if len(heard) < _LISTENED * rate / 4:
        raise ValueError(
            f"{sound.label}: {len(heard) / rate:.3f} s after the attack are too short to tell "
            f"partials apart; use a note of {_LISTENED / 4 + _ATTACK:g} s or more"
        )
    if 1.03 * n_partials * fundamental > rate / 2:
        raise ValueError(
            f"partial {n_partials} of {fundamental:g} Hz lies above half the sample rate ({rate / 2:g} Hz); "
            "use fewer partials"
        )
    size = 2 ** int(np.ceil(np.log2(8 * len(heard))))
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard)), size))
    found, expected = [], fundamental
    for n in range(1, n_partials + 1):
        low, high = (round(expected * edge * size / rate) for edge in (0.97, 1.03))
        peak = low + int(spectrum[low:high].argmax())
        left, middle, right = np.log(np.maximum(spectrum[peak - 1 : peak + 2], 1e-300))
        bend = left - 2 * middle + right
        found.append((peak + (0.5 * (left - right) / bend if bend < 0 else 0.0)) * rate / size)
        expected = found[-1] * (n + 1) / n
    return np.array(found)


def partial_level(sound: Sound, frequency: float) -> tuple[np.ndarray, np.ndarray]:
    """Follow the level of one partial.

    The sound is turned against the partial, which then stands still, and smoothed over 50 ms: what lies 60 Hz
    away or further is 40 dB weaker or less.

    Args:
        sound: at least 50 ms long.
        frequency: of the partial, in Hz.

    Returns:
        times in seconds, every 5 ms, and levels in dB (a sine of amplitude 1 has 0 dB; at least -200), (n,).

    Source: Beauchamp, "A Computer System for Time-Variant Harmonic Analysis and Synthesis of Musical Tones",
    1969 (the heterodyne filter). Tests: against SciPy. Notebook: 07_piano.
    """
    rate = sound.sample_rate
    window = np.hanning(round(_SMOOTHED * rate) | 1)
    window *= 2 / window.sum()
    times = np.arange(len(sound)) / rate
    still = sound.samples * np.exp(-2j * np.pi * frequency * times)
    step = round(0.005 * rate)
    around = sliding_window_view(np.pad(still, len(window) // 2), len(window))[::step]
    level = np.abs(around @ window)
    return times[::step], 20 * np.log10(np.maximum(level, 1e-10))


def decay(sound: Sound, frequency: float, until: float) -> float:
    """Return how long a partial takes to die away by 60 dB, in seconds.

    A straight line through its level, from 0.1 s after the onset until it stays 60 dB below the loudest
    moment. A piano's damper and the strings' beats make the level anything but straight, so compare decays
    measured over the same span: heard_until says where one sound's ends.

    Args:
        sound: one note.
        frequency: of the partial, in Hz, such as partials finds it.
        until: where the line ends, in seconds: before the damper falls.

    Returns:
        Seconds per 60 dB; infinity for a partial that does not get weaker.

    Raises:
        ValueError: less than 0.1 s is left to draw a line through.

    Source: the way reverberation times are read in ISO 3382. Tests: against tones of known decay, and SciPy.
    Notebook: 07_piano.
    """
    times, level = partial_level(sound, frequency)
    start = onset(sound) + _SETTLED
    last, floor = _last_heard(times, level)
    span = (times >= start) & (times <= min(until, last))
    if np.count_nonzero(span) < 20:
        raise ValueError(
            f"{sound.label}: no line can be drawn from {start:.2f} s, when the attack is over, to "
            f"{until:.2f} s; use a later until="
        )
    slope = np.polyfit(times[span], np.maximum(level[span], floor), 1)[0]
    return -60 / slope if slope < 0 else np.inf


def heard_until(sound: Sound, frequency: float) -> float:
    """Return when a partial is last less than 60 dB below its loudest moment, in seconds; then comes noise.

    Notebook: 07_piano.
    """
    return _last_heard(*partial_level(sound, frequency))[0]


def _last_heard(times: np.ndarray, level: np.ndarray) -> tuple[float, float]:
    """Return when a level is last within 60 dB of its loudest, and what those 60 dB end at.

    Where a sound is cut off there is a click, which counts for neither.
    """
    inside = times < max(times[-1] - _SMOOTHED / 2, times[1])
    floor = level[inside].max() + _FLOOR_DB
    last = times[inside & (level >= floor)][-1]
    return float(times[-1] if times[-1] - last < _SMOOTHED else last), float(floor)
