"""Sounds computed at any length, any pitch: what a stretch or a shift should give. NumPy alone.

A sound that is stretched by a keeps its pitch, its attacks and how fast they rise; all that happens between
them happens a times as slowly: trajectories, decays, the fades at the ends.
"""

import numpy as np

from rnnsound import Sound

RATE = 44_100
SECONDS = 3.0
FADE_IN, FADE_OUT = 0.01, 0.06  # seconds, of what would else begin and end with a click
BELL_AT, CLICKS_AT, NOTES_AT = 0.5, 0.2 + 0.45 * np.arange(6), (0.3, 1.5)
STROKES_AT = (0.2, 0.7, 1.1, 1.7, 2.2)
BELL = ((440, 2, 0.5), (1070, 4, 0.3), (1870, 6, 0.2), (2950, 9, 0.15))  # Hz, loss per second, amplitude
VOWEL = ((700, 130), (1220, 150), (2600, 200), (3500, 300))  # Hz: formants and their widths
OTHER_VOWELS = {
    "bed": ((420, 100), (1950, 150), (2600, 200), (3500, 300)),
    "boot": ((320, 90), (780, 110), (2300, 200), (3300, 300)),
    "bad": ((660, 120), (1720, 150), (2410, 200), (3300, 300)),
}


def tone(a=1.0):
    return _faded(0.2 * np.sin(2 * np.pi * 440 * _time(a) * a), a)


def vibrato(a=1.0):
    return _faded(0.2 * _wave(440 * 2 ** (30 / 1200 * np.sin(2 * np.pi * 5 * _time(a)))), a)


def glide(a=1.0):
    return _faded(0.2 * _wave(300 * 2 ** (_time(a) / SECONDS)), a)


def bell(a=1.0):
    return Sound(0.3 * sum(_struck(a, BELL_AT, *partial) for partial in BELL), RATE)


def clicks(a=1.0):
    samples = np.zeros(round(SECONDS * RATE * a))
    samples[[attack(at, a) for at in CLICKS_AT]] = 0.8
    return Sound(samples, RATE)


def two_notes(a=1.0):
    pitches = zip((330, 440), NOTES_AT, strict=True)
    parts = [_struck(a, at, k * f, 1.5, 0.15 / k) for f, at in pitches for k in (1, 2, 3)]
    return Sound(sum(parts), RATE)


def chord(a=1.0):
    return _faded(sum(0.08 * np.sin(2 * np.pi * f * _time(a) * a) for f in (261.6, 329.6, 392.0, 523.3)), a)


# What follows was not looked at while the stretch was made.


def tremolo(a=1.0):
    """Eight partials that swell four times a second, all in step."""
    waves = sum(np.sin(2 * np.pi * 196 * k * _time(a) * a) / k for k in range(1, 9))
    return _faded(0.1 * (1 + 0.6 * np.sin(2 * np.pi * 4 * _time(a))) * waves, a)


def singer(a=1.0):
    """Harmonics of a voice with a vibrato of 60 cents."""
    pitch = 220 * 2 ** (60 / 1200 * np.sin(2 * np.pi * 5.5 * _time(a)))
    return _faded(0.1 * sum(_wave(k * pitch) / k for k in range(1, 11)), a)


def beating(a=1.0):
    """A string whose level goes up and down once a second, as if with another beside it."""
    strings = sum(np.sin(2 * np.pi * 350 * k * _time(a) * a) / k**2 for k in range(1, 6))
    return _faded(0.15 * strings * (1 + 0.5 * np.cos(2 * np.pi * 1.2 * _time(a))), a)


def marimba(a=1.0):
    """Five strokes, each while the ones before still ring."""
    strokes = zip((262, 392, 330, 523, 294), STROKES_AT, strict=True)
    tones = ((1, 4, 1.0), (3.93, 12, 0.4), (9.2, 25, 0.15))
    parts = [_struck(a, at, f * r, loss, 0.2 * w) for f, at in strokes for r, loss, w in tones]
    return Sound(sum(parts), RATE)


TUNED_ON = {f.__name__: f for f in (tone, vibrato, glide, bell, clicks, two_notes, chord)}
NEW = {f.__name__: f for f in (tremolo, singer, beating, marimba)}


def attack(at, a):
    """Return the sample at which a stretched sound has what began after so many seconds."""
    return round(round(at * RATE) * a)


def vowel(frequency, envelope_by=1.0, seconds=SECONDS, frequency_before=None, formants=VOWEL):
    """A sung vowel with a vibrato of 20 cents; its formants may lie elsewhere.

    Args:
        frequency: in Hz.
        envelope_by: what the formants' frequencies are multiplied by.
        seconds: how long.
        frequency_before: what the sound was shifted from: its harmonics reach as high as they did then.
        formants: their frequencies and widths in Hz.
    """
    t = np.arange(round(seconds * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum(frequency * 2 ** (20 / 1200 * np.sin(2 * np.pi * 5 * t))) / RATE
    highest = min(20_000, 20_000 * frequency / (frequency_before or frequency))
    samples = np.zeros(len(t))
    for k in range(1, int(highest / frequency) + 1):
        f = k * frequency / envelope_by
        strength = sum(1 / (1 + ((f - center) / width) ** 2) for center, width in formants) / (1 + f / 200)
        samples += strength * np.cos(k * phase + k)
    samples *= np.clip(np.minimum(t / 0.03, (seconds - t) / 0.05), 0, 1)
    return Sound(0.1 * samples / np.sqrt(np.mean(samples**2)), RATE)


def _time(a):
    """Return the time of the sound before it was stretched, for each sample."""
    return np.arange(round(SECONDS * RATE * a)) / RATE / a


def _wave(frequency):
    return np.sin(2 * np.pi * (np.cumsum(frequency) - frequency[0]) / RATE)


def _faded(samples, a):
    t = _time(a) * a
    edge = np.clip(np.minimum(t / FADE_IN, (t[-1] - t) / (a * FADE_OUT)), 0, 1)
    return Sound(samples * (0.5 - 0.5 * np.cos(np.pi * edge)), RATE)


def _struck(a, at, frequency, loss, amplitude):
    t = (np.arange(round(SECONDS * RATE * a)) - attack(at, a)) / RATE
    return amplitude * (t >= 0) * np.exp(-loss * np.maximum(t, 0) / a) * np.sin(2 * np.pi * frequency * t)
