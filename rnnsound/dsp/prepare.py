"""From a recording to the note in it: offset, rumble, silence and room noise go, and each is said.

What is there before a note and after it is told from the note in three ways: digital silence by its level;
noise by its spectrum, which has no lines; something else, a cough or a step, by its energy. A weak sound that
has lines and comes after the strongest is what is left of the note: strings beat, and come back. A recording
that holds nothing but its note stays as it is, sample by sample.
"""

from dataclasses import dataclass, replace

import numpy as np

from rnnsound.dsp.measures import level_over_time
from rnnsound.dsp.period import without_slow_movement
from rnnsound.dsp.sound import Sound

_LOWEST = 30.0  # Hz: a piano's lowest string has 27.5
_SLOWEST_RATE = 300.0  # samples per second: with fewer, what is slow is all there is
_ROUNDING = 1e-12  # of the peak: what is left of a constant when it is taken from itself
_SLOW_DB = -30.0  # beside the sound: less offset and rumble is left alone
_WINDOW = 0.01  # seconds that one level is measured over
_SILENCE_DB = -90.0  # below the loudest window: what is quieter is silence, however it sounds
_ABOVE_NOISE_DB = 6.0  # so much louder than the noise, something begins
_STRETCH = 0.25  # seconds at either end, or of the quietest there is near it, that noise is looked for in
_NEAR_END = 1.5  # seconds
_FAR_BELOW_DB = 10.0  # noise that is hardly quieter than the sound is the sound
_FLAT = 0.35  # flatness of a spectrum, band by band: 0.56 for noise, below 0.1 for partials
_GAP = 0.15  # seconds: a shorter pause belongs to what is around it
_OTHER_DB = -15.0  # energy below that of the strongest: something else, not another note
_RINGING_DB = -50.0  # energy below that of the strongest, if it has lines: what is left of a note
_BEFORE, _AFTER = 0.01, 0.03  # seconds kept before and after
_FADE = 0.01  # seconds
_WORTHWHILE = 0.05  # seconds: cutting less would change a clean recording for nothing


@dataclass(frozen=True)
class Preparation:
    """What was done to a recording.

    Args:
        steps: a sentence for each thing that was done; none if the recording stayed as it was.
        start: where the note begins in the recording, in seconds.
        stop: where it ends.
        threshold: level below which there is no note, in dB below full scale.
    """

    steps: tuple[str, ...]
    start: float
    stop: float
    threshold: float


def prepare(sound: Sound) -> tuple[Sound, Preparation]:
    """Return the note in a recording, and what was done to get it.

    A constant offset and rumble are taken out unless they lie 30 dB below the sound, it is shorter than
    0.13 s, or has 300 samples per second or fewer. At low rates, part of white noise counts as rumble.
    Silence and noise before and after the note are cut off, and so is what stands there by itself and is much
    weaker, or noise.

    Args:
        sound: a recording of one note, or of several.

    Tests: on notes put into silence, hiss, coughs, offset and rumble at known times.
    """
    if sound.peak == 0:
        return sound, Preparation((), 0.0, sound.duration, -np.inf)
    steps = []
    size = round(4 * sound.sample_rate / _LOWEST)
    if len(sound) > size and sound.sample_rate > _SLOWEST_RATE:
        unit = sound.samples / sound.peak
        moving = without_slow_movement(unit, size)
        moving[np.abs(moving) < _ROUNDING] = 0.0
        if not moving.any():
            step = "there was nothing but an offset or rumble, which was taken out"
            return replace(sound, samples=moving), Preparation((step,), 0.0, sound.duration, -np.inf)
        slow = _decibels(np.mean((unit - moving) ** 2)) - _decibels(np.mean(moving**2))
        if slow > _SLOW_DB:
            steps.append(f"an offset or rumble of {slow:.0f} dB beside the sound was taken out")
            sound = replace(sound, samples=sound.peak * moving)
    start, stop, threshold = _find_note(sound)
    if start > _WORTHWHILE:
        steps.append(f"{start:.2f} s before the note were cut off")
    else:
        start = 0.0
    if sound.duration - stop > _WORTHWHILE:
        steps.append(f"{sound.duration - stop:.2f} s after it were cut off")
    else:
        stop = sound.duration
    note = _faded(sound.crop(start, stop), start > 0, stop < sound.duration)
    return note, Preparation(tuple(steps), start, stop, threshold)


def _find_note(sound: Sound) -> tuple[float, float, float]:
    """Return where the note begins and ends, in seconds, and the level that tells it from what is no note."""
    size = max(round(_WINDOW * sound.sample_rate), 1)
    unit = replace(sound, samples=sound.samples / sound.peak)
    windows = unit.samples[: len(sound) // size * size].reshape(-1, size)
    if len(windows) < 2 * _STRETCH / _WINDOW:
        return 0.0, sound.duration, -np.inf
    _, level = level_over_time(unit, _WINDOW)
    before = _louder_noise(windows, level, sound.sample_rate)
    behind = len(level) - _louder_noise(windows[::-1], level[::-1], sound.sample_rate)
    windows, level = windows[before:behind], level[before:behind]
    thresholds = [
        max(level.max() + _SILENCE_DB, _noise(end, level.max(), sound.sample_rate) + _ABOVE_NOISE_DB)
        for end in (windows, windows[::-1])
    ]
    middle = len(level) // 2
    heard = np.concatenate([level[:middle] > thresholds[0], level[middle:] > thresholds[1]])
    starts, stops = _stretches(heard, round(_GAP / _WINDOW))
    parts = [windows[a:b].ravel() for a, b in zip(starts, stops, strict=True)]
    energy = _decibels(np.array([np.sum(part**2) for part in parts]))
    is_noise = np.array([_flatness(part, sound.sample_rate) > _FLAT for part in parts])
    strongest = energy.argmax()
    strong = (energy > energy[strongest] + _OTHER_DB) & (is_noise <= is_noise[strongest])
    ringing = (energy > energy[strongest] + _RINGING_DB) & ~is_noise & (np.arange(len(parts)) > strongest)
    belong = np.flatnonzero(strong | ringing)
    outer = sound.duration if behind * size + size > len(sound) else behind * size / sound.sample_rate
    start = (before + starts[belong[0]]) * size / sound.sample_rate - _BEFORE
    stop = (before + stops[belong[-1]]) * size / sound.sample_rate + _AFTER
    threshold = float(max(thresholds) + 20 * np.log10(sound.peak))
    return max(float(start), before * size / sound.sample_rate), min(float(stop), outer), threshold


def _louder_noise(windows: np.ndarray, level: np.ndarray, sample_rate: int) -> int:
    """Return how many windows at the beginning are noise that is louder than what it gives way to; often 0.

    Where a note has died away, the noise behind it may be louder than its end. Such noise is told by its own
    beginning and end, not by a threshold, which would take the note's end with it.
    """
    length = round(_STRETCH / _WINDOW)
    own = float(_decibels(np.mean(windows[:length] ** 2)))
    if own > level.max() - _FAR_BELOW_DB or _flatness(windows[:length].ravel(), sample_rate) < _FLAT:
        return 0
    other = np.flatnonzero(np.abs(level - own) > _ABOVE_NOISE_DB)
    return int(other[0]) if len(other) and level[other[0]] < own else 0


def _noise(windows: np.ndarray, loudest: float, sample_rate: int) -> float:
    """Return the level of the noise near some windows' beginning, in dB; minus infinity if there is none."""
    length, near = round(_STRETCH / _WINDOW), round(_NEAR_END / _WINDOW)
    power = np.mean(windows[:near] ** 2, axis=1)
    mean = np.convolve(power, np.full(length, 1 / length), mode="valid")
    quietest = int(mean.argmin())
    stretch = windows[quietest : quietest + length]
    level = float(_decibels(mean[quietest]))
    if level > loudest - _FAR_BELOW_DB or _flatness(stretch.ravel(), sample_rate) < _FLAT:
        return -np.inf
    return level


def _flatness(samples: np.ndarray, sample_rate: int) -> float:
    """Return how flat a spectrum is within bands of 16 bins, each counted as much as its energy: 0 to 1."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    first = int(_LOWEST * len(samples) / sample_rate) + 1
    bands = spectrum[first : first + (len(spectrum) - first) // 16 * 16].reshape(-1, 16)
    energy = bands.mean(axis=1)
    if not energy.any():
        return 0.0
    flat = np.exp(np.mean(np.log(np.maximum(bands, 1e-300)), axis=1)) / np.maximum(energy, 1e-300)
    return float(np.average(flat, weights=energy))


def _stretches(heard: np.ndarray, gap: int) -> tuple[np.ndarray, np.ndarray]:
    """Return where stretches of True begin and end, those joined that are fewer than gap values apart."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], heard, [False]]).astype(int)))
    starts, stops = edges[::2], edges[1::2]
    apart = starts[1:] - stops[:-1] >= gap
    return starts[np.concatenate([[True], apart])], stops[np.concatenate([apart, [True]])]


def _faded(sound: Sound, at_start: bool, at_stop: bool) -> Sound:
    """Fade in and out where something was cut off."""
    n = min(round(_FADE * sound.sample_rate), len(sound) // 2)
    gain = np.ones(len(sound))
    ramp = (np.arange(n) + 0.5) / max(n, 1)
    if at_start:
        gain[:n] = ramp
    if at_stop:
        gain[len(gain) - n :] = ramp[::-1]
    return replace(sound, samples=sound.samples * gain) if at_start or at_stop else sound


def _decibels(power: np.ndarray) -> np.ndarray:
    return 10 * np.log10(np.maximum(power, 1e-30))
