"""Sounds at other sample rates, beside tones synthesized there and beside SciPy."""

import numpy as np
import pytest
from scipy.signal import resample_poly

from rnnsound import Sound, recordings, sine

RATES = (8_000, 11_025, 22_050, 44_100, 48_000, 96_000)


def inside(sound):
    """Without the edges, where a tone begins at once and rings in any resampler."""
    return sound.samples[round(0.05 * sound.sample_rate) : -round(0.05 * sound.sample_rate)]


@pytest.mark.parametrize("old", RATES)
@pytest.mark.parametrize("new", RATES)
def test_a_tone_is_the_one_synthesized_at_the_new_rate(old, new):
    tone = sine(1234.5, seconds=0.5, sample_rate=old)
    resampled = tone.resample(new)
    expected = sine(1234.5, seconds=0.5, sample_rate=new)
    assert resampled.sample_rate == new
    assert len(resampled) == round(len(tone) * new / old)
    n = min(len(resampled), len(expected))
    pair = (inside(Sound(s.samples[:n], new)) for s in (resampled, expected))
    np.testing.assert_allclose(*pair, atol=1e-5)  # 80 dB below


def test_what_the_new_rate_cannot_hold_is_gone_and_does_not_come_back_lower():
    high = sine(7_000.0, seconds=0.5, amplitude=0.5)
    assert np.abs(inside(high.resample(8_000))).max() < 1e-5


@pytest.mark.parametrize("new", [22_050, 48_000, 88_200])
def test_a_recording_is_resampled_as_scipy_does_it(new):
    sound = recordings.load("clarinet").crop(1, 2)
    gcd = np.gcd(new, 44_100)
    window = ("kaiser", 14.0)
    theirs = resample_poly(sound.samples, new // gcd, 44_100 // gcd, window=window)
    ours = sound.resample(new)
    n = min(len(ours), len(theirs))
    difference = inside(Sound(ours.samples[:n] - theirs[:n], new))
    assert np.sqrt(np.mean(difference**2)) < 1e-3 * np.sqrt(np.mean(theirs**2))


def test_there_and_back_is_the_recording():
    sound = recordings.load("flute").crop(1, 2)
    back = sound.resample(96_000).resample(44_100)
    assert len(back) == len(sound)
    np.testing.assert_allclose(inside(back), inside(sound), atol=1e-4)


def test_the_same_rate_is_the_same_sound_and_label_and_remark_stay():
    sound = Sound(np.ones(100), 44_100, label="one", remark="turned down")
    assert sound.resample(44_100) is sound
    other = sound.resample(48_000)
    assert (other.label, other.remark, len(other)) == ("one", "turned down", 109)


@pytest.mark.parametrize("n_samples", [0, 1, 2, 50])
def test_crumbs_are_resampled(n_samples):
    sound = Sound(np.full(n_samples, 0.5), 44_100)
    for rate in (8_000, 22_050, 96_000):
        resampled = sound.resample(rate)
        assert len(resampled) == round(n_samples * rate / 44_100)
        assert np.isfinite(resampled.samples).all()


@pytest.mark.parametrize("rate", [0, -1, 44_100.5])
def test_rates_that_are_none_are_refused(rate):
    with pytest.raises(ValueError, match=r"sample_rate=.* is not a positive whole number"):
        sine(440.0, seconds=0.1).resample(rate)


@pytest.mark.parametrize("rate", [100, 44_100 * 257])
def test_rates_too_far_away_are_refused(rate):
    with pytest.raises(ValueError, match=r"44100 samples per second.*at most 256 times more or fewer"):
        sine(440.0, seconds=0.1).resample(rate)
