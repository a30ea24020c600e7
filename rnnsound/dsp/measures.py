"""What the ear hears, as numbers: level, onset, centroid, pitch, drift, log-mel distance.

Every claim the notebooks make about a sound is one of these. Notebook: 01_sine_and_phase_vocoder.
"""

from dataclasses import replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from rnnsound.dsp.period import periods, self_similarity, without_slow_movement
from rnnsound.dsp.remembered import remembered
from rnnsound.dsp.sound import Sound

FLOOR_DB = -70.0  # what lies this far below a recording's loudest band is taken as silence
_TWO_CENTS = 2 ** (2 / 1200)  # as a ratio: how exactly a pitch is found, and so kept within its limits
_BLOCK = 256  # frames worked on at a time, so that a long sound needs little more memory than a short one
_HANN = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(2048) / 2048)


def level(sound: Sound) -> float:
    """Return the root-mean-square level in dB below full scale; minus infinity for silence.

    A sine of amplitude 1 has -3.01 dB.
    """
    mean_square = np.mean(sound.samples**2) if len(sound) else 0.0
    return float(10 * np.log10(mean_square)) if mean_square > 0 else -np.inf


def level_over_time(sound: Sound, window: float = 0.02) -> tuple[np.ndarray, np.ndarray]:
    """Return the level of successive windows.

    Args:
        sound: at least one window long.
        window: length of one window in seconds.

    Returns:
        times of the windows' middles in seconds and levels in dB below full scale (at least -200), both (n,).
    """
    size = max(round(window * sound.sample_rate), 1)
    windows = sound.samples[: len(sound) // size * size].reshape(-1, size)
    times = (np.arange(len(windows)) + 0.5) * size / sound.sample_rate
    return times, 10 * np.log10(np.maximum(np.mean(windows**2, axis=1), 1e-20))


def onset(sound: Sound) -> float:
    """Return when a sound begins, in seconds: when it first comes within 20 dB of its loudest 2 ms.

    How loud 2 ms are is told by how far they swing about their own mean, so a constant offset and rumble do
    not count. 0 for silence.

    Tests: against tones that begin at a known time, and librosa. Notebook: 07_piano.
    """
    if len(sound) == 0:
        return 0.0
    size = max(round(0.002 * sound.sample_rate), 2)
    moved = np.pad(sound.samples - sound.samples[0], (size, 0))  # before, it stays where it begins
    total, energy = np.cumsum(moved), np.cumsum(moved**2)
    recent = energy[size:] - energy[:-size] - (total[size:] - total[:-size]) ** 2 / size  # up to each sample
    return float(np.argmax(recent >= 0.01 * recent.max()) / sound.sample_rate)


def spectral_centroid(sound: Sound, start: float) -> float:
    """Return where the middle of the spectrum lies, in Hz: the higher, the brighter.

    The mean of all frequencies, each counted as much as its magnitude, in one 2048-sample Hann frame.

    Args:
        sound: of any length; what is missing is silence.
        start: where the frame begins, in seconds.

    Raises:
        ValueError: there is only silence.

    Tests: against librosa. Notebook: 07_piano.
    """
    first = round(start * sound.sample_rate)
    heard = sound.samples[first : first + 2048]
    spectrum = np.abs(np.fft.rfft(np.pad(heard, (0, 2048 - len(heard))) * _HANN))
    if not spectrum.any():
        raise ValueError(
            f"{sound.label}: silent from {start:g} s on, so there is no spectrum to find the middle of"
        )
    return float(spectrum @ np.arange(1025) / spectrum.sum() * sound.sample_rate / 2048)


@remembered
def pitch(sound: Sound, low: float = 50.0, high: float = 2000.0) -> tuple[np.ndarray, np.ndarray]:
    """Follow the pitch of a sound that has one pitch at a time.

    What moves slowly, such as an offset or rumble, is taken out. Then each frame is compared with itself,
    shifted; the shift after which it matches best is its period. Frames that do not repeat, whose pitch is
    below low or above high, or that lie 40 dB below the loudest, have none: NaN. A steady tone is found
    within half a cent up to 1 kHz, and within 2 cents up to 2 kHz, at sample rates of 8 kHz or more.

    Three things mislead: a partial so much stronger than the others together that it is taken for the tone (a
    second by 19 dB, a fifth by 15, a tenth by 9); rumble in the first and last two periods of low, where it
    is not known well enough to be taken out; a tone above nine tenths of half the sample rate.

    Args:
        sound: at least four periods of the lowest pitch long.
        low: lowest pitch looked for, in Hz, above 0.
        high: highest, in Hz.

    Returns:
        times of the frames' middles in seconds, every 10 ms, and pitch in Hz, both (n_frames,).

    Raises:
        ValueError: low is not above 0 and below both high and half the sample rate, or the sound is too short
            for it.

    Source: McLeod and Wyvill, "A Smarter Way to Find Pitch", 2005. Tests: against tones of known pitch and
    librosa. Notebook: 01_sine_and_phase_vocoder.
    """
    rate = sound.sample_rate
    if not 0 < low < min(high, rate / 2):
        raise ValueError(
            f"low={low:g} Hz is not above 0 and below both high={high:g} Hz and half the sample rate, "
            f"{rate / 2:g} Hz, so no pitch lies between; low=50 and high=2000 would do"
        )
    size, hop = round(4 * rate / low), max(round(0.01 * rate), 1)
    if len(sound) < size:
        raise ValueError(
            f"{sound.label}: {sound.duration:.3f} s is too short to find a pitch of {low:g} Hz; "
            f"use at least {size / rate:.3f} s or a higher low="
        )
    frames = sliding_window_view(without_slow_movement(sound.samples, size), size)[::hop]
    times = (np.arange(len(frames)) * hop + size / 2) / rate
    energy = np.einsum("ij,ij->i", frames, frames)
    short, sure = np.full((2, len(frames)), np.nan)
    for t in np.flatnonzero(energy > 1e-4 * energy.max()):
        short[t], sure[t] = periods(self_similarity(frames[t]))
    found = rate / _as_before_and_after(short, sure)
    between = (found > low / _TWO_CENTS) & (found < high * _TWO_CENTS)
    return times, np.where(between, found, np.nan)


def _as_before_and_after(short: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """Where two periods are possible, return the one that is nearer to those of the frames around it."""
    certain = np.flatnonzero(short == sure)
    if len(certain) == 0:
        return sure
    around = np.interp(np.arange(len(short)), certain, np.log(short[certain]))
    return np.where(np.abs(np.log(short) - around) <= np.abs(np.log(sure) - around), short, sure)


def cents(frequency: np.ndarray, reference: float) -> np.ndarray:
    """Return the distance from reference to frequency in cents, hundredths of an equal-tempered semitone."""
    return 1200 * np.log2(np.asarray(frequency) / reference)


def pitch_deviation(sound: Sound, reference: float) -> tuple[float, float]:
    """Return median and 95th percentile of the absolute distance of the pitch from reference, in cents.

    Args:
        sound: a sound of one pitch at a time.
        reference: in Hz, usually the recording's median pitch.

    Raises:
        ValueError: no frame of the sound has a pitch.
    """
    deviation = np.abs(cents(_pitched(sound)[1], reference))
    return float(np.median(deviation)), float(np.percentile(deviation, 95))


def drift(sound: Sound) -> float:
    """Return how fast the pitch moves away: the slope of pitch over time, in cents per second.

    Raises:
        ValueError: fewer than two frames of the sound have a pitch.
    """
    times, frequency = _pitched(sound)
    if len(times) < 2:
        raise ValueError(f"{sound.label}: one frame with a pitch makes no slope; use a longer sound")
    return float(np.polyfit(times, cents(frequency, np.median(frequency)), 1)[0])


def slow_movement(sound: Sound, window: float = 0.2) -> tuple[np.ndarray, np.ndarray]:
    """Return how level and pitch of a held tone move, more slowly than any vibrato.

    Args:
        sound: of one pitch at a time.
        window: length of one average, in seconds.

    Returns:
        Levels in dB below full scale (n,), and averages of the pitch in cents about its median (m,): a window
        in which no frame lies within 2 semitones of it has none.

    Raises:
        ValueError: no frame of the sound has a pitch, or it is shorter than one window.

    Notebook: 06_clarinet.
    """
    _, levels = level_over_time(sound, window)
    times, frequency = _pitched(sound)
    away = cents(frequency, np.median(frequency))
    near = np.abs(away) < 200
    number = (times[near] / window).astype(int)
    counts = np.bincount(number)
    return levels, np.bincount(number, away[near])[counts > 0] / counts[counts > 0]


def restlessness(sound: Sound, later: float = 0.03) -> float:
    """Return the log-mel distance between a sound and itself a moment later, in dB.

    Breath and bow are never the same twice: another take by the same player could not be nearer. A loop has
    next to none.

    Args:
        sound: longer than a moment.
        later: the moment, in seconds.

    Notebook: 06_clarinet.
    """
    n = round(later * sound.sample_rate)
    ahead, behind = (replace(sound, samples=part) for part in (sound.samples[n:], sound.samples[:-n]))
    return log_mel_distance(ahead, behind)


def log_mel_distance(sound: Sound, reference: Sound) -> float:
    """Return how far two sounds differ in timbre and loudness over time, in dB.

    Mean absolute difference of their mel spectrograms in dB, both cut off 70 dB below the reference's
    maximum, over the reference's length (a shorter sound is followed by silence); 0 for equal sounds.

    Raises:
        ValueError: the sample rates differ, or the reference is silent.

    Tests: against librosa. Notebook: 01_sine_and_phase_vocoder.
    """
    if sound.sample_rate != reference.sample_rate:
        raise ValueError(
            f"{sound.label} has {sound.sample_rate} samples per second, {reference.label} "
            f"{reference.sample_rate}; compare sounds of one sample rate"
        )
    if reference.peak == 0:
        raise ValueError(
            f"{reference.label} is silent: there is nothing to compare with; use another reference"
        )
    fitted = np.zeros(len(reference))
    fitted[: len(sound)] = sound.samples[: len(reference)]
    ours, theirs = (mel_power(samples, sound.sample_rate) for samples in (fitted, reference.samples))
    least = theirs.max() * 10 ** (FLOOR_DB / 10)
    return float(np.mean(np.abs(10 * np.log10(np.maximum(ours, least) / np.maximum(theirs, least)))))


def mel_power(samples: np.ndarray, sample_rate: int, n_bands: int = 128) -> np.ndarray:
    """Return the power in bands as wide as the ear's: (n_frames, n_bands).

    2048-sample Hann frames every 512 samples (the end filled with silence), triangular bands on the mel scale
    from 0 to half the sample rate, each of unit area.

    Source: Slaney, "Auditory Toolbox", 1998, for scale and bands. Tests: against librosa.
    """
    size, hop = len(_HANN), 512
    n_frames = 1 + max(-(-(len(samples) - size) // hop), 0)
    padded = np.pad(samples, (0, (n_frames - 1) * hop + size - len(samples)))
    frames, bands = sliding_window_view(padded, size)[::hop], _mel_bands(size, sample_rate, n_bands).T
    power = np.empty((n_frames, n_bands))
    for start in range(0, n_frames, _BLOCK):
        block = slice(start, start + _BLOCK)
        spectrum = np.fft.rfft(frames[block] * _HANN)
        power[block] = (spectrum.real**2 + spectrum.imag**2) @ bands
    return power


def _pitched(sound: Sound) -> tuple[np.ndarray, np.ndarray]:
    times, frequency = pitch(sound)
    has_pitch = np.isfinite(frequency)
    if not has_pitch.any():
        raise ValueError(f"{sound.label}: no frame has a pitch; use a sound with one steady pitch at a time")
    return times[has_pitch], frequency[has_pitch]


def _mel_bands(fft_size: int, sample_rate: int, n_bands: int) -> np.ndarray:
    """Triangles on Slaney's mel scale, linear below 1 kHz, logarithmic above: (n_bands, n_bins)."""
    step = np.log(6.4) / 27

    def to_mel(hz):
        return hz * 3 / 200 if hz < 1000 else 15 + np.log(hz / 1000) / step

    mel = np.linspace(0, to_mel(sample_rate / 2), n_bands + 2)
    corners = np.where(mel < 15, mel * 200 / 3, 1000 * np.exp(step * (np.maximum(mel, 15) - 15)))
    low, center, high = (corners[i : i + n_bands, None] for i in range(3))
    hz = np.arange(fft_size // 2 + 1) * sample_rate / fft_size
    triangles = np.minimum((hz - low) / (center - low), (high - hz) / (high - center))
    return np.maximum(triangles, 0) * 2 / (high - low)
