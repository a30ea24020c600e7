"""Recordings drawn at random, of any kind, length and rate: nothing false comes of them, and nothing loud.

DRAWS=1000 tries more of them than the fifty of every day.
"""

import os
import warnings

import numpy as np
import pytest

from rnnsound import Sound
from rnnsound.presets import PRESETS
from rnnsound.sound_model import SoundModel

RATES = (8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 88_200, 96_000, 192_000)
DRAWS = int(os.environ.get("DRAWS", "50"))


def tone(rng, t, rate):
    return np.sin(2 * np.pi * 10 ** rng.uniform(1.3, np.log10(0.45 * rate)) * t)


def noise(rng, t, rate):
    return rng.standard_normal(len(t))


def clicks(rng, t, rate):
    samples = np.zeros(len(t))
    samples[rng.integers(len(t), size=rng.integers(1, 10))] = rng.choice([-1, 1])
    return samples


def silence(rng, t, rate):
    return np.zeros(len(t))


def steps(rng, t, rate):
    levels = rng.uniform(-1, 1, rng.integers(2, 10))
    return levels[(t / (t[-1] + 1 / rate) * len(levels)).astype(int)]


def chirp(rng, t, rate):
    low, high = np.sort(10 ** rng.uniform(1.3, np.log10(0.45 * rate), 2))
    return np.sin(2 * np.pi * (low * t + (high - low) * t**2 / (2 * t[-1])))


def notes(rng, t, rate):
    """Some struck notes, the same one again or others, with silence between."""
    samples, length = np.zeros(len(t)), t[-1] / rng.integers(1, 6)
    again, frequency = rng.random() < 0.5, rng.uniform(60, 1000)
    for start in np.arange(0, t[-1], length):
        frequency = frequency if again else rng.uniform(60, 1000)
        after = np.maximum(t - start, 0)
        sounding = (t >= start) & (after < 0.8 * length)
        samples += sounding * np.exp(-after * rng.uniform(1, 20)) * np.sin(2 * np.pi * frequency * after)
    return samples


KINDS = (tone, noise, clicks, silence, steps, chirp, notes)


def draw(number: int) -> Sound:
    rng = np.random.default_rng(number)
    rate = int(rng.choice(RATES))
    t = np.arange(round(rate * 10 ** rng.uniform(np.log10(0.05), np.log10(20)))) / rate
    kinds = rng.choice(len(KINDS), size=rng.integers(1, 3), replace=False)
    samples = sum(10 ** rng.uniform(-2, 0) * KINDS[kind](rng, t, rate) for kind in kinds)
    samples = samples + rng.choice([0, 0, rng.uniform(-0.5, 0.5)])
    if rng.random() < 0.25:  # silence before, after, or in the middle
        samples[slice(*np.sort(rng.integers(len(t), size=2)))] = 0
    gain = 10 ** rng.uniform(-4, 0.3)
    samples = gain * samples / max(np.abs(samples).max(), 1e-9)
    if rng.random() < 0.25:
        samples = np.clip(samples, -0.5 * gain, 0.5 * gain)
    label = "-".join(KINDS[kind].__name__ for kind in kinds)
    return Sound(samples, rate, f"recording {number}, {label}")


@pytest.mark.parametrize("name", PRESETS)
def test_no_recording_leads_to_noise_numbers_that_are_none_or_a_traceback(name):
    learned, refused = 0, []
    for number in range(list(PRESETS).index(name), DRAWS, len(PRESETS)):
        sound = draw(number)
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)  # what NumPy says of overflow and of NaN
            warnings.filterwarnings("ignore", category=UserWarning)
            try:
                model = SoundModel.fit(sound, PRESETS[name].replace(epochs=2), progress=False)
            except ValueError as error:
                refused.append(str(error))
                continue
            frame = 1.01 * model.vocoder.fft_size / sound.sample_rate
            seconds = max(min(1.5 * sound.duration, 2.0), frame)  # past its end, and in the middle
            for scale in (0, 1, 100):
                take = model.generate(seconds, scale, seed=number)
                assert np.isfinite(take.samples).all(), sound
                assert take.peak <= 2.0001 * sound.peak, (sound, scale)
            learned += 1
    assert learned > len(refused)
    assert all("; use " in sentence and "\n" not in sentence for sentence in refused), refused
