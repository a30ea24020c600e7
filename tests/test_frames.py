"""Frames know when they were, and keep their phases through slicing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnsound import Frames, PhaseVocoder, Sound, sine
from rnnsound.dsp.frames import accumulate


def click(at, seconds=0.5, rate=44_100):
    samples = np.zeros(round(seconds * rate))
    samples[round(at * rate)] = 1.0
    return Sound(samples, rate)


@pytest.mark.parametrize(("fft_size", "hop_size"), [(512, 128), (2048, 512), (1024, 128)])
@pytest.mark.parametrize("rate", [8_000, 44_100])
def test_a_click_is_loudest_in_the_frame_whose_time_is_the_clicks(fft_size, hop_size, rate):
    """A window is largest in its middle, and the nearest frame is at most half a hop away."""
    frames = PhaseVocoder(fft_size, hop_size).analyze(click(1.0, seconds=2.0, rate=rate))
    for part in (frames, frames[3:], frames[5:][2:-1]):
        loudest = part.magnitude.sum(axis=1).argmax()
        assert part.times[loudest] == pytest.approx(1.0, abs=0.51 * hop_size / rate)


def test_times_are_those_of_the_middles_counted_from_the_start():
    frames = Frames(np.ones((4, 2)), np.ones((4, 2)), 1000, 100, 10, start=-70)
    np.testing.assert_allclose(frames.times, [-0.02, -0.01, 0.0, 0.01])
    np.testing.assert_allclose(frames[2:].times, [0.0, 0.01])
    np.testing.assert_allclose(frames.time_of(np.array([10])), 0.08)
    assert frames[1:3].start == -60


@given(cuts=st.lists(st.integers(0, 6), min_size=1, max_size=3))
def test_a_slice_of_a_slice_keeps_times_and_phases(cuts):
    vocoder = PhaseVocoder(512, 128)
    whole = vocoder.analyze(sine(441.0, seconds=0.1))
    part = whole
    for cut in cuts:
        part = part[cut:]
    first = sum(cuts)
    np.testing.assert_array_equal(part.times, whole.times[first:])
    np.testing.assert_array_equal(part.magnitude, whole.magnitude[first:])
    # what the slice sounds like is what the whole sounds like from there on, away from the edges
    ours, whole_sound = vocoder.synthesize(part).samples, vocoder.synthesize(whole).samples
    np.testing.assert_allclose(ours[512:-512], whole_sound[first * 128 :][512:-512], atol=1e-9)


@pytest.mark.parametrize("part", [3, slice(None, None, 2), slice(None, None, -1), "all"])
def test_what_is_no_range_of_frames_is_refused(part):
    frames = Frames(np.ones((4, 2)), np.ones((4, 2)), 1000, 100, 10)
    with pytest.raises(ValueError, match="not a range of frames"):
        frames[part]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"frequency": np.ones((4, 3))}, r"frequency has shape \(4, 3\), magnitude \(4, 2\)"),
        ({"magnitude": np.ones(4), "frequency": np.ones(4)}, r"both are \(n_frames, n_components\)"),
        ({"magnitude": np.full((4, 2), np.nan)}, "magnitude holds NaN"),
        ({"frequency": np.full((4, 2), np.inf)}, "frequency holds NaN or infinity"),
        ({"first_phase": np.ones(3)}, r"first_phase has shape \(3,\); use \(2,\)"),
    ],
)
def test_frames_that_are_none_are_refused(wrong, message):
    good = {"magnitude": np.ones((4, 2)), "frequency": np.ones((4, 2))}
    with pytest.raises(ValueError, match=message):
        Frames(**good | wrong, sample_rate=1000, fft_size=100, hop_size=10)


def test_bin_centers_are_the_frequencies_of_an_fft():
    frames = Frames(np.ones((1, 5)), np.ones((1, 5)), 48_000, 512, 128)
    np.testing.assert_allclose(frames.bin_centers, np.fft.rfftfreq(512, 1 / 48_000)[:5])
    assert len(frames) == 1
    np.testing.assert_array_equal(frames.first_phase, np.zeros(5))
    assert frames.start == 0


def test_phases_add_up_exactly_however_long():
    """A million steps of 1/3 of a turn and a bit, against Python's fractions of whole numbers."""
    turns = np.full((1_000_000, 1), 1 / 3)
    step = round((1 / 3) * 2**63) * 2
    phases = accumulate(turns, start=np.array([5], dtype=np.uint64))
    assert int(phases[-1, 0]) == (5 + 1_000_000 * step) % 2**64
    assert int(phases[0, 0]) == 5 + step
    half = accumulate(np.array([[0.5], [0.5], [-0.25]]))
    assert half[:, 0].tolist() == [2**63, 0, 3 * 2**62]


def test_a_range_with_step_1_is_a_range():
    frames = Frames(np.arange(8.0).reshape(4, 2), np.ones((4, 2)), 1000, 100, 10)
    np.testing.assert_array_equal(frames[1:3:1].magnitude, frames[1:3].magnitude)
    np.testing.assert_array_equal(frames[:-1].magnitude, frames.magnitude[:3])
    assert len(frames[4:]) == 0
