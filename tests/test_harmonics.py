"""The partials of computed sounds: their pitch at every sample, and how loud they are."""

import numpy as np
import pytest
import truth
from judges import RATE

from rnnsound import Sound, sine
from rnnsound.dsp.harmonics import followed_pitch, partial_levels

PLACES = np.arange(RATE // 4, 5 * RATE // 2, 500)


@pytest.mark.parametrize("frequency", [80.0, 147.0, 330.0, 880.0])
@pytest.mark.parametrize("cents", [0, 20, 50])
def test_the_pitch_of_a_vibrato_is_followed(frequency, cents):
    """Of 46 ms a frame hears the mean: 3.4 % of a swing at 5 Hz are missing."""
    wanted = cents * np.sin(2 * np.pi * 5 * np.arange(3 * RATE) / RATE)
    phase = 2 * np.pi * np.cumsum(frequency * 2 ** (wanted / 1200)) / RATE
    sound = Sound(0.1 * sum(np.cos(k * phase + k) / k for k in range(1, 9)), RATE)
    off = 1200 * np.log2(followed_pitch(sound, PLACES) / frequency) - wanted[PLACES]
    assert np.abs(off).max() <= 0.05 * cents + 0.3


def test_partials_are_as_loud_as_they_are():
    strengths = np.array([1.0, 0.3, 0.02, 0.5, 0.1, 0.2])
    hertz = np.arange(1, 7) * 213.0
    t = np.arange(2048) / RATE
    samples = strengths @ np.cos(2 * np.pi * np.outer(hertz, t) + np.arange(6)[:, None])
    magnitude = np.abs(np.fft.rfft(samples * np.hanning(2049)[:-1]))[None]
    levels = 8.686 * partial_levels(magnitude, np.array([213.0]), RATE)[0]
    np.testing.assert_allclose((levels - levels[0])[:6], 20 * np.log10(strengths), atol=0.2)


def test_where_there_is_no_partial_a_line_leads_to_the_next():
    samples = np.cos(2 * np.pi * np.outer([440, 1760], np.arange(2048) / RATE)).T @ [1.0, 0.1]
    magnitude = np.abs(np.fft.rfft(samples * np.hanning(2049)[:-1]))[None]
    levels = 8.686 * partial_levels(magnitude, np.array([440.0]), RATE)[0]
    np.testing.assert_allclose((levels - levels[0])[:4], [0, -20 / 3, -40 / 3, -20], atol=0.2)


def test_what_has_no_pitch_has_none():
    noise = Sound(0.1 * np.random.default_rng(0).standard_normal(RATE), RATE)
    for sound in (noise, sine(440.0, seconds=0.05), Sound(np.zeros(RATE), RATE), truth.clicks()):
        assert followed_pitch(sound, np.arange(0, len(sound), 500)) is None
