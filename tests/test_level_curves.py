"""Curves that only fall, one for each component, against SciPy and curves that are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import isotonic_regression

from rnnsound import Frames
from rnnsound.features.level_curves import LevelCurves, _falling, quiet

KNOTS = np.array([0.0, 0.3, 0.5, 1.0, 2.0])
LEVELS = np.array([[9.0, 7.0, 4.0], [6.0, 7.0, 4.0], [5.5, 5.0, 4.0], [3.0, 4.5, 4.0], [1.0, 0.5, 4.0]])
FLOOR = 0.01


def frames_of(magnitude):
    return Frames(magnitude, np.full_like(magnitude, 440.0), 44_100, 512, 128)


def known(at):
    """Magnitudes whose levels are straight lines between the knots, computed by component."""
    return FLOOR * np.expm1(np.stack([np.interp(at, KNOTS, column) for column in LEVELS.T], axis=1))


@given(
    levels=arrays(float, (9, 4), elements=st.floats(-20, 20)),
    weights=arrays(float, 9, elements=st.floats(0.01, 100)),
)
@settings(max_examples=100, deadline=None)
def test_the_nearest_falling_curve_is_that_of_isotonic_regression(levels, weights):
    expected = [isotonic_regression(column, weights=weights, increasing=False).x for column in levels.T]
    np.testing.assert_allclose(_falling(levels, weights), np.transpose(expected), atol=1e-8)


def test_known_levels_are_found_at_the_knots():
    """A thousand frames between two knots weigh more than the knots' neighbors: 0.02 is 0.2 dB."""
    at = np.linspace(0, 2, 5000)
    curves = LevelCurves.fit(FLOOR, KNOTS, at, known(at))
    np.testing.assert_allclose(curves.levels, LEVELS, atol=0.02)
    np.testing.assert_allclose(curves(at), np.log1p(known(at) / FLOOR), atol=0.02)


def test_a_fit_is_least_squares_and_then_the_nearest_that_falls():
    """Written out as one equation for every frame, and one for every bend."""
    rng = np.random.default_rng(0)
    at, magnitude = np.sort(rng.uniform(0, 2, 80)), rng.uniform(0.0, 3.0, (80, 4))
    after = np.clip(np.searchsorted(KNOTS, at), 1, 4)
    part = (at - KNOTS[after - 1]) / (KNOTS[after] - KNOTS[after - 1])
    hats = np.zeros((80, 5))
    hats[np.arange(80), after], hats[np.arange(80), after - 1] = part, 1 - part
    bends = np.sqrt(0.5) * np.array([[1, -2, 1, 0, 0], [0, 1, -2, 1, 0], [0, 0, 1, -2, 1]])
    rows, values = np.vstack([hats, bends]), np.vstack([np.log1p(magnitude / FLOOR), np.zeros((3, 4))])
    free = np.linalg.lstsq(rows, values, rcond=None)[0]
    falls = [isotonic_regression(c, weights=hats.sum(axis=0), increasing=False).x for c in free.T]
    curves = LevelCurves.fit(FLOOR, KNOTS, at, magnitude)
    np.testing.assert_allclose(curves.levels, np.transpose(falls), rtol=1e-5, atol=1e-5)
    assert (np.diff(free, axis=0) > 0.01).any()  # and would rise by itself


def test_curves_only_fall_whatever_the_sound_does():
    at = np.linspace(0, 2, 300)
    rising = np.stack([at**2, np.sin(20 * at) ** 2, np.zeros(300)], axis=1)
    curves = LevelCurves.fit(FLOOR, KNOTS, at, rising)
    assert (np.diff(curves.levels, axis=0) <= 1e-12).all()
    np.testing.assert_allclose(curves.levels[:, 2], 0, atol=1e-12)
    assert np.ptp(curves.levels[:, 0]) == pytest.approx(0, abs=1e-12)  # what rises stays at its mean


def test_a_knot_that_no_frame_is_near_takes_after_its_neighbors():
    at = np.r_[np.linspace(0, 0.3, 50), np.linspace(1.0, 2.0, 50)]
    levels = LevelCurves.fit(FLOOR, KNOTS, at, known(at)).levels
    assert np.isfinite(levels).all()
    assert ((levels[2] <= levels[1]) & (levels[2] >= levels[3])).all()


def test_before_and_behind_the_knots_a_curve_stays():
    curves = LevelCurves(FLOOR, KNOTS, LEVELS)
    np.testing.assert_allclose(curves(np.array([-5.0, 0.0, 2.0, 7.0])), LEVELS[[0, 0, -1, -1]])
    np.testing.assert_allclose(curves(np.array([0.75]))[0], (LEVELS[2] + LEVELS[3]) / 2)


def test_levels_are_moved_by_what_is_asked_and_not_below_silence():
    magnitude = np.array([[0.0, FLOOR, 1.0], [2.0, 0.5, 1e-9]])
    frames, curves = frames_of(magnitude), LevelCurves(FLOOR, KNOTS, LEVELS)
    raised = curves.moved(frames, np.full((2, 3), 0.7))
    np.testing.assert_allclose(raised.magnitude, (magnitude + FLOOR) * np.exp(0.7) - FLOOR, rtol=1e-12)
    np.testing.assert_allclose(curves.moved(raised, np.full((2, 3), -0.7)).magnitude, magnitude, atol=1e-15)
    lowered = curves.moved(frames, np.full((2, 3), -2.0)).magnitude
    np.testing.assert_allclose(lowered[0, 2], (1.0 + FLOOR) * np.exp(-2) - FLOOR)
    assert (lowered[[0, 0, 1], [0, 1, 2]] == 0).all()
    np.testing.assert_array_equal(raised.frequency, frames.frequency)
    below = frames_of(np.full((1, 3), -5 * FLOOR))  # a network may draw less than nothing
    assert (curves.moved(below, np.zeros((1, 3))).magnitude == 0).all()


def test_the_floor_lies_80_db_below_the_loudest_and_never_at_0():
    assert 20 * np.log10(quiet(np.array([[0.3, 2.0]])) / 2.0) == pytest.approx(-80)
    assert quiet(np.zeros((3, 2))) > 0


def test_curves_that_were_kept_are_the_same():
    kept = LevelCurves(FLOOR, KNOTS, LEVELS).arrays()
    again = LevelCurves.restore(kept, 3)
    assert again.floor == FLOOR
    np.testing.assert_array_equal(again.knots, KNOTS)
    np.testing.assert_array_equal(again.levels, LEVELS)


@pytest.mark.parametrize(
    "damage",
    [
        {"more": KNOTS},
        {"floor": np.array([FLOOR, FLOOR])},
        {"floor": np.array([0.0])},
        {"floor": np.array([np.nan])},
        {"floor": np.array([np.inf])},
        {"knots": KNOTS[:-1]},
        {"knots": KNOTS[::-1]},
        {"knots": KNOTS * 0},
        {"knots": KNOTS * np.nan},
        {"knots": np.r_[KNOTS[:-1], np.inf]},
        {"knots": KNOTS[:, None]},
        {"levels": LEVELS[:-1]},
        {"levels": LEVELS[:, :2]},
        {"levels": LEVELS[:, 0]},
        {"levels": LEVELS[::-1]},
        {"levels": LEVELS * np.nan},
        {"levels": LEVELS + np.inf},
        {"levels": LEVELS + 1e3},
        {"knots": KNOTS[:1], "levels": LEVELS[:1]},
    ],
    ids=lambda damage: "-".join(damage),
)
def test_curves_that_are_none_are_refused(damage):
    kept = LevelCurves(FLOOR, KNOTS, LEVELS).arrays()
    with pytest.raises(ValueError, match="the level curves"):
        LevelCurves.restore(kept | damage, 3)
    for name in kept:
        with pytest.raises(ValueError, match="the level curves"):
            LevelCurves.restore({n: a for n, a in kept.items() if n != name}, 3)
