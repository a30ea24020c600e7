"""What takes are judged by: SciPy, NumPy and librosa alone, and sounds whose truth is known.

And the one reason to leave a test out: the system has not what it is about.
"""

import os

import librosa
import numpy as np
import pytest
from scipy.fft import next_fast_len
from scipy.signal import butter, hilbert, sosfiltfilt, zoom_fft

from rnnsound import Sound

RATE = 44_100

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals, permissions, pipes or make")


def ring(losses, seconds, start=0.0, release=np.inf, damper=0.0):
    """Sines by frequency: decibels lost per second, all of them that many more once the damper falls."""
    at = np.arange(round(seconds * RATE)) / RATE - start
    tones = sum(np.cos(2 * np.pi * f * at) * 10 ** (-loss * at / 20) for f, loss in losses.items())
    damped = 10 ** (-damper * np.maximum(at + start - release, 0) / 20) if np.isfinite(release) else 1.0
    return Sound(np.where(at >= 0, 0.1 * tones * damped, 0.0), RATE)


def envelope(samples):
    """Length of the analytic signal."""
    return np.abs(hilbert(samples, next_fast_len(len(samples))))[: len(samples)]


def begins(sound):
    """When the envelope first reaches a tenth of its largest, in seconds."""
    length = envelope(sound.samples)
    return np.flatnonzero(length > length.max() / 10)[0] / RATE


def peaks(sound, fundamental, n_partials=8):
    """Frequencies where the second after the attack peaks, each near where the one before would have it."""
    heard = sound.samples[round((begins(sound) + 0.05) * RATE) :][:RATE]
    heard, found, expected = heard * np.hanning(len(heard)), [], fundamental
    for n in range(1, n_partials + 1):
        low, high = 0.98 * expected, 1.02 * expected
        spectrum = zoom_fft(heard, [low, high], 4000, fs=RATE)  # a step is 0.02 cents
        found.append(low + (high - low) * np.abs(spectrum).argmax() / 4000)
        expected = found[-1] * (n + 1) / n
    return np.array(found)


def seconds_per_60_db(sound, frequency, until):
    """Straight line through the level of what lies within 25 Hz, from 0.1 s after the onset."""
    band = butter(2, [frequency - 25, frequency + 25], "bandpass", fs=RATE, output="sos")
    level = 20 * np.log10(envelope(sosfiltfilt(band, sound.samples)) + 1e-9)
    span = slice(round((begins(sound) + 0.1) * RATE), round(until * RATE))
    return -60 / np.polyfit(np.arange(len(sound))[span] / RATE, level[span], 1)[0]


def brightness(sound):
    heard = sound.samples[round(begins(sound) * RATE) :][:2048]
    return librosa.feature.spectral_centroid(y=heard, sr=RATE, n_fft=2048, center=False)[0, 0]


def follow(sound, frequency):
    """Follow the fundamental by SciPy alone: times in s, cents from frequency, level in dB, every 20 ms."""
    band = butter(2, [frequency * 0.8, frequency * 1.25], "bandpass", fs=RATE, output="sos")
    analytic = hilbert(sosfiltfilt(band, sound.samples))
    n, size = (len(analytic) - 1) // 882, 882
    steps = np.diff(np.unwrap(np.angle(analytic)))[: n * size] * RATE / (2 * np.pi)
    pitch = np.maximum(steps.reshape(n, size).mean(axis=1), 1.0)
    power = np.mean(np.abs(analytic[: n * size].reshape(n, size)) ** 2, axis=1)
    return (np.arange(n) + 0.5) * 0.02, 1200 * np.log2(pitch / frequency), 10 * np.log10(power + 1e-12)


def held(sound, frequency):
    """Times and cents of the held part: 0.1 s from either end, at most 20 dB below the loudest."""
    times, cents, level = follow(sound, frequency)
    inside = (times > 0.1) & (times < sound.duration - 0.1) & (level > level.max() - 20)
    return times[inside], cents[inside]


def edges(sound, frequency):
    """When the note is there (-3 dB), and how long before its end it leaves (-10 dB)."""
    times, _, level = follow(sound, frequency)
    loud = np.median(level)
    return times[level > loud - 3][0], sound.duration - times[level > loud - 10][-1]


def resynthesized(model, sound):
    before = np.zeros(2048 + 2 * 512)
    around = Sound(np.concatenate([before, sound.samples, np.zeros(2048)]), RATE)
    frames = model.vocoder.analyze(around)
    return Sound(model.vocoder.synthesize(frames).samples[len(before) :][: len(sound)], RATE)


def struck(frequencies, seconds, t60, amplitudes=1.0, start=0.0):
    """Sines that begin together after so many seconds and lose 60 dB in t60 seconds each."""
    frequencies, t60, amplitudes = np.broadcast_arrays(frequencies, t60, amplitudes)
    at = np.arange(round(seconds * RATE)) / RATE - start
    tones = zip(np.atleast_1d(frequencies), np.atleast_1d(t60), np.atleast_1d(amplitudes), strict=True)
    samples = sum(a * np.cos(2 * np.pi * f * at) * 10 ** (-3 * at / t) for f, t, a in tones)
    return Sound(np.where(at >= 0, 0.1 * samples, 0.0), RATE)
