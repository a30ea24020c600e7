"""Frames read at other times."""

import numpy as np
import pytest
from judges import RATE, peaks, seconds_per_60_db

from rnnsound import Frames, PhaseVocoder, Sound, interpolate_frames, lock_phases


def numbered(n_frames=10):
    random = np.random.default_rng(0)
    magnitude, frequency = random.random((n_frames, 4)), 100 * random.random((n_frames, 4))
    return Frames(magnitude, frequency, RATE, 512, 128, random.random(4))


def test_frames_read_at_whole_positions_are_the_frames():
    frames = numbered()
    for order in (np.arange(10), np.arange(9, -1, -1), [3], [9, 9, 0]):
        read = interpolate_frames(frames, order)
        np.testing.assert_array_equal(read.magnitude, frames.magnitude[order])
        np.testing.assert_array_equal(read.frequency, frames.frequency[order])
        np.testing.assert_array_equal(read.first_phase, frames.first_phase)
    assert (read.sample_rate, read.fft_size, read.hop_size) == (RATE, 512, 128)
    np.testing.assert_array_equal(
        interpolate_frames(frames[4:5], [0.0, 0]).magnitude, frames.magnitude[[4, 4]]
    )


def test_frames_read_between_two_are_their_weighted_mean():
    frames = numbered()
    halfway = interpolate_frames(frames, np.arange(9) + 0.5)
    np.testing.assert_allclose(halfway.magnitude, (frames.magnitude[:-1] + frames.magnitude[1:]) / 2)
    np.testing.assert_allclose(halfway.frequency, (frames.frequency[:-1] + frames.frequency[1:]) / 2)
    quarter = interpolate_frames(frames, [2.25])
    np.testing.assert_allclose(quarter.magnitude[0], 0.75 * frames.magnitude[2] + 0.25 * frames.magnitude[3])


@pytest.mark.parametrize("positions", [[], [-0.1], [9.1], [np.nan], [[1.0]], 1.0])
def test_positions_outside_the_frames_are_refused(positions):
    with pytest.raises(ValueError, match=r"positions must lie within the frames.*use 0 to 9"):
        interpolate_frames(numbered(), positions)


def stiff_string(fundamental=261.6, seconds=3.0):
    """Eight stretched partials, the higher the sooner gone."""
    t, n = np.arange(round(seconds * RATE)) / RATE, np.arange(1, 9)[:, None]
    waves = np.sin(2 * np.pi * n * fundamental * np.sqrt(1 + 4e-4 * n**2) * t)
    return Sound(0.1 * np.sum(waves * np.exp(-(1 + 0.3 * n) * t) / n, axis=0), RATE)


@pytest.mark.parametrize("speed", [0.5, 2.0])
def test_at_half_speed_a_string_lasts_twice_as_long_at_the_same_pitch(speed):
    """A computed one: the loudest moment of a real piano's beating strings differs with the speed."""
    sound = stiff_string()
    frames = PhaseVocoder(2048, 512, 460).analyze(sound)[1:]
    positions = np.arange(0, len(frames) - 1, speed)
    other = PhaseVocoder(2048, 512).synthesize(lock_phases(interpolate_frames(frames, positions)))
    assert other.duration == pytest.approx(sound.duration / speed, abs=3 * 2048 / RATE)
    away = 1200 * np.log2(peaks(other, 261.6, 3) / peaks(sound, 261.6, 3))
    np.testing.assert_allclose(away, 0, atol=2)
    # the level falls as it did, only more slowly or faster
    falls = [seconds_per_60_db(s, 261.6, until) for s, until in ((sound, 2.0), (other, 2.0 / speed))]
    assert falls[1] == pytest.approx(falls[0] / speed, rel=0.15)


def test_one_frame_is_read_again_and_again_and_the_last_of_two_from_either_side():
    frames = numbered(1)
    np.testing.assert_array_equal(interpolate_frames(frames, [0, 0]).magnitude, frames.magnitude[[0, 0]])
    two = numbered(2)
    read = interpolate_frames(two, [0.25, 1.0])
    np.testing.assert_allclose(read.frequency[0], 0.75 * two.frequency[0] + 0.25 * two.frequency[1])
    np.testing.assert_array_equal(read.magnitude[1], two.magnitude[1])
