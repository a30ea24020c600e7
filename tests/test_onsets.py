"""Onsets of sounds that were put at known places, and of sounds that have none."""

import numpy as np
import pytest
import truth
from truth import RATE

from rnnsound import Sound, recordings, sine
from rnnsound.dsp.onsets import find_onsets


def placed(at, rate, noise_db=None):
    """Bells that begin at known samples, other than where a frame begins; maybe in noise."""
    random, samples = np.random.default_rng(0), np.zeros(3 * rate)
    for start in at:
        t = np.arange(len(samples) - start) / rate
        for f, loss in ((520, 3), (1310, 6), (2470, 9)):
            samples[start:] += 0.1 * np.exp(-loss * t) * np.sin(2 * np.pi * f * t)
    if noise_db is not None:
        samples += 10 ** (noise_db / 20) * random.standard_normal(len(samples))
    return Sound(samples, rate)


@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000, 96_000])
def test_bells_are_found_to_half_a_millisecond_at_any_rate(rate):
    at = np.array([0.2, 0.71234, 1.1, 1.777, 2.3]) * rate
    found = find_onsets(placed(at.astype(int), rate))
    assert len(found) == 5
    np.testing.assert_allclose(found, at, atol=5e-4 * rate)


def test_bells_in_quiet_noise_are_found_to_a_millisecond():
    at = np.array([10_000, 40_123, 77_777])
    found = find_onsets(placed(at, RATE, noise_db=-70))
    assert all(np.abs(found - sample).min() < 1e-3 * RATE for sample in at)
    assert len(found) <= 4  # the noise itself begins, too


@pytest.mark.parametrize(
    ("sound", "at"),
    [(truth.bell(), [truth.BELL_AT]), (truth.clicks(), truth.CLICKS_AT), (truth.two_notes(), truth.NOTES_AT)],
)
def test_what_begins_is_found_to_the_sample_or_two_and_nothing_else(sound, at):
    found = find_onsets(sound)
    assert len(found) == len(at)
    np.testing.assert_allclose(found, np.round(np.array(at) * RATE), atol=2)


@pytest.mark.parametrize("make", [truth.tone, truth.vibrato, truth.glide, truth.tremolo, truth.singer])
def test_what_goes_on_has_no_onset_but_its_beginning(make):
    found = find_onsets(make())
    assert len(found) == 1
    assert found[0] < 0.005 * RATE


def test_the_end_of_a_sound_that_is_cut_off_begins_nothing():
    assert len(find_onsets(sine(440.0, seconds=0.5))) == 1
    assert find_onsets(truth.bell()).max() < 0.6 * RATE


def test_of_two_clicks_too_close_together_one_is_found():
    samples = np.zeros(RATE)
    samples[[20_000, 20_500]] = 0.5
    assert find_onsets(Sound(samples, RATE)).tolist() == [20_000]
    samples[[20_500, 23_000]] = 0, 0.5
    assert find_onsets(Sound(samples, RATE)).tolist() == [20_000, 23_000]


@pytest.mark.parametrize("n_samples", [0, 1, 7, 300, 5000])
def test_silence_and_crumbs_are_no_trouble(n_samples):
    assert find_onsets(Sound(np.zeros(n_samples), RATE)).tolist() == []
    found = find_onsets(Sound(np.random.default_rng(0).uniform(-1, 1, n_samples), RATE))
    assert all((found >= 0) & (found < max(n_samples, 1)))


def test_how_loud_a_sound_is_does_not_matter():
    loud = truth.marimba()
    for gain in (1e-4, 30.0):
        np.testing.assert_array_equal(find_onsets(Sound(gain * loud.samples, RATE)), find_onsets(loud))


@pytest.mark.parametrize("name", ["piano", "piano_low", "piano_high"])
def test_a_recorded_piano_is_struck_once(name):
    found = find_onsets(recordings.load(name))
    assert len(found) == 1
    assert found[0] < 0.1 * RATE
