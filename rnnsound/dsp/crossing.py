"""Two sounds made into one: a morph from one to the other, and the changes of one on the other.

What belongs together is matched partial by partial, not bin by bin: the n-th of one, the n-th of the other.
Notebook: 08_transformations.
"""

from dataclasses import replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from rnnsound.dsp.harmonics import followed_pitch
from rnnsound.dsp.measures import level, pitch
from rnnsound.dsp.reading import OVERLAP, frame_size, overlap_add
from rnnsound.dsp.sound import Sound
from rnnsound.dsp.stretch import LARGEST, SMALLEST, stretch
from rnnsound.dsp.transforms import limited, shift

_WIDEST = 24.0  # semitones that one of the two is shifted by at most
_ASTRAY = 600.0  # cents from the median: a pitch farther away is a mistake
_FLOOR = 1e-3  # of a partial's mean: 60 dB below it, its changes are not followed
_MOST_DB = 20.0  # that any partial is raised or lowered by
_BANDS = 24  # for sounds without a pitch
_LOWEST = 60.0  # Hz: the first band's upper edge
_TAPS = 32  # samples on either side that one in between is made of


def morph(first: Sound, second: Sound, amount: float) -> Sound:
    """Go part of the way from one sound to another.

    Both are stretched to a length, and shifted to a pitch, that lies in between, the pitch by its logarithm;
    moment by moment; then their spectra are mixed in decibels, with the phases of the nearer one.

    Args:
        first: a sound; amount 0 gives it back.
        second: another, of the same sample rate; amount 1 gives it back.
        amount: 0 to 1.

    Returns:
        Sound: no peak is more than 6 dB above that of the louder one, nor above 1 unless its own is.

    Raises:
        ValueError: amount is out of range, the sample rates differ, lengths or pitches are too far apart, or
            a sound is silent.

    Notebook: 08_transformations.
    """
    _check(first, second, amount)
    if amount in (0, 1):
        return second if amount else first
    for sound in (first, second):
        if sound.peak == 0:
            raise ValueError(f"{sound.label} is silent: there is nothing to morph; use another sound")
    n = round((1 - amount) * len(first) + amount * len(second))
    apart = 12 * np.log2(_median_pitch(second) / _median_pitch(first))
    apart = apart if np.isfinite(apart) else 0.0
    if abs(apart) > _WIDEST or not all(SMALLEST <= n / len(s) <= LARGEST for s in (first, second)):
        raise ValueError(
            f"{first.label} and {second.label} are too far apart: at most {_WIDEST:g} semitones, and one "
            f"{LARGEST:g} times as long as the other, can be bridged"
        )
    rate, both = first.sample_rate, []
    for sound, semitones in ((first, amount * apart), (second, (amount - 1) * apart)):
        both.append(shift(_exactly(stretch(sound, n / len(sound)), n), semitones))
    hop = frame_size(rate) // OVERLAP
    pitches = [followed_pitch(sound, np.arange(n // hop + 1) * hop, _ASTRAY) for sound in both]
    cents = np.zeros(1) if any(p is None for p in pitches) else 1200 * np.log2(pitches[1] / pitches[0])
    bends = amount * cents, (amount - 1) * cents  # the pitch in between, at every moment
    spectra = [_analyze(_bent(s.samples, b, hop), rate) for s, b in zip(both, bends, strict=True)]
    magnitudes = [np.maximum(np.abs(spectrum), 1e-12) for spectrum in spectra]
    nearer = spectra[round(amount)] / magnitudes[round(amount)]
    mixed = magnitudes[0] ** (1 - amount) * magnitudes[1] ** amount * nearer
    samples = overlap_add(np.fft.irfft(mixed))[:n]
    wanted = (1 - amount) * level(first) + amount * level(second)
    samples *= 10 ** ((wanted - level(Sound(samples, rate))) / 20)
    samples = limited(samples, max(first.peak, second.peak))
    return Sound(samples, rate, f"{first.label} to {second.label}, {100 * amount:.0f} %")


def cross(first: Sound, second: Sound, amount: float = 1.0) -> Sound:
    """Put the changes of the second sound on the first.

    Of each partial of both, the level beside its own mean and the pitch beside its median are followed over
    time, from beginning to end. The first sound's changes give way to the second's.

    Args:
        first: what is heard; amount 0, or the same sound twice, gives it back.
        second: whose changes are heard, of the same sample rate.
        amount: how much of the way, 0 to 1.

    Returns:
        Sound: as long as the first; no peak is more than 6 dB above the first's, nor above 1 unless the
            first's own is.

    Raises:
        ValueError: amount is out of range, or the sample rates differ.

    Notebook: 08_transformations.
    """
    _check(first, second, amount)
    if amount == 0 or first.peak == 0 or second.peak == 0:
        return first
    rate = first.sample_rate
    size = frame_size(rate)
    spectrum = _analyze(first.samples, rate)
    other = _analyze(second.samples, rate)
    places = [np.arange(len(frames)) * (size // OVERLAP) for frames in (spectrum, other)]
    pitches = [followed_pitch(s, p, _ASTRAY) for s, p in zip((first, second), places, strict=True)]
    if any(p is None for p in pitches):
        edges = [np.geomspace(_LOWEST, rate / 2, _BANDS)] * 2
        bands = [np.tile(e, (len(s), 1)) for e, s in zip(edges, (spectrum, other), strict=True)]
        cents = np.zeros(len(spectrum))
    else:
        count = max(min(int(0.45 * rate / p.max()) for p in pitches), 1)
        bands = [np.outer(p, np.arange(1, count + 1)) for p in pitches]
        off = [1200 * np.log2(p / np.median(p)) for p in pitches]
        cents = _in_time(off[1][:, None], len(spectrum))[:, 0] - off[0]
    changes = [_relative_levels(np.abs(s), b, rate) for s, b in zip((spectrum, other), bands, strict=True)]
    gain = np.clip(_in_time(changes[1], len(spectrum)) - changes[0], -_MOST_DB, _MOST_DB)
    hertz = np.arange(spectrum.shape[1]) * rate / size
    for frame, centers, decibels in zip(spectrum, bands[0], amount * gain, strict=True):
        frame *= 10 ** (np.interp(hertz, centers, decibels) / 20)
    samples = overlap_add(np.fft.irfft(spectrum))[: len(first)]
    samples = _bent(samples, amount * cents, size // OVERLAP)
    samples = limited(samples, first.peak)
    return replace(first, samples=samples, label=f"{first.label} with the changes of {second.label}")


def _check(first: Sound, second: Sound, amount: float) -> None:
    if not 0 <= amount <= 1:
        raise ValueError(f"amount={amount} is out of range; use 0 to 1")
    if first.sample_rate != second.sample_rate:
        raise ValueError(
            f"{first.label} has {first.sample_rate} samples per second, {second.label} {second.sample_rate}; "
            "resample one of them"
        )


def _analyze(samples: np.ndarray, rate: int) -> np.ndarray:
    """Return spectra every quarter of a frame, the first around sample 0: (n_frames, n_bins)."""
    size = frame_size(rate)
    window = np.hanning(size + 1)[:-1]
    n_frames = -(-len(samples) * OVERLAP // size) + 2  # a quarter of a frame beyond the end
    padded = np.pad(samples, (size // 2, 2 * size))
    return np.fft.rfft(sliding_window_view(padded, size)[:: size // OVERLAP][:n_frames] * window)


def _exactly(sound: Sound, n: int) -> Sound:
    """Return the first n samples; silence follows if there are fewer."""
    return replace(sound, samples=np.pad(sound.samples, (0, max(n - len(sound), 0)))[:n])


def _median_pitch(sound: Sound) -> float:
    frequency = pitch(sound)[1] if sound.peak else np.zeros(0)
    return float(np.nanmedian(frequency)) if np.isfinite(frequency).any() else np.nan


def _relative_levels(magnitude: np.ndarray, centers: np.ndarray, rate: int) -> np.ndarray:
    """Return each partial's level in dB beside its own mean power, (n_frames, n_partials)."""
    per_hertz = 2 * (magnitude.shape[1] - 1) / rate
    bins = np.clip(np.rint(centers * per_hertz).astype(int), 1, magnitude.shape[1] - 2)
    around = [np.take_along_axis(magnitude, bins + d, axis=1) ** 2 for d in (-1, 0, 1)]
    power = sum(around)
    mean = np.maximum(power.mean(axis=0), 1e-30)
    return 10 * np.log10(np.maximum(power / mean, _FLOOR**2))


def _in_time(rows: np.ndarray, n: int) -> np.ndarray:
    """Return n rows, evenly spread over the rows that there are."""
    at = np.linspace(0, len(rows) - 1, n)
    return np.stack([np.interp(at, np.arange(len(rows)), column) for column in rows.T], axis=1)


def _bent(samples: np.ndarray, cents: np.ndarray, hop: int) -> np.ndarray:
    """Play samples faster where cents are above 0, slower where below; their number stays.

    Samples in between are made with a windowed sinc; at whole places it gives the samples themselves.
    """
    if not cents.any():
        return samples
    speed = np.interp(np.arange(len(samples)), np.arange(len(cents)) * hop, 2 ** (cents / 1200))
    places = np.concatenate([[0.0], np.cumsum(speed[:-1])])
    places *= (len(samples) - 1) / max(places[-1], 1e-9)
    whole = np.floor(places).astype(int)
    padded = np.pad(samples, _TAPS)
    output = np.zeros(len(samples))
    for tap in range(-_TAPS + 1, _TAPS + 1):
        away = places - (whole + tap)
        weight = np.sinc(away) * np.cos(np.clip(away / _TAPS, -1, 1) * np.pi / 2) ** 2
        output += weight * padded[np.clip(whole + tap + _TAPS, 0, len(padded) - 1)]
    return output
