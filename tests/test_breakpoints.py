"""A curve drawn with sliders: one value for all, and a change of any of them is a change of it."""

import numpy as np
import pytest

from rnnsound import Sound
from rnnsound.show import Breakpoints, explore


def heard(widget):
    values = []
    widget.observe(lambda change: values.append(change["new"]), names="value")
    return values


def test_moving_one_slider_changes_the_value_once():
    curve = Breakpoints((0, 1, 2), 0, 3)
    values = heard(curve)
    curve.sliders[1].value = 2.5
    assert curve.value == (0, 2.5, 2)
    assert values == [(0, 2.5, 2)]


def test_setting_the_value_moves_the_sliders_and_is_heard_once():
    curve = Breakpoints((0, 0, 0, 0), -1, 3)
    values = heard(curve)
    curve.value = (0, 1, -1, 3)
    assert [slider.value for slider in curve.sliders] == [0, 1, -1, 3]
    assert values == [(0, 1, -1, 3)]
    curve.sliders[0].value = 1
    assert curve.value == (1, 1, -1, 3)


@pytest.mark.parametrize("values", [(), (0, 4), (-2, 0)])
def test_values_out_of_range_are_named(values):
    with pytest.raises(ValueError, match="each between -1 and 3"):
        Breakpoints(values, -1, 3)


def test_a_curve_with_another_number_of_points_is_refused():
    curve = Breakpoints((0, 1), 0, 1)
    with pytest.raises(ValueError, match="for each of 2 sliders"):
        curve.value = (0, 1, 0)
    assert curve.value == (0, 1)


def test_explore_plays_what_the_curve_says():
    curve, asked = Breakpoints((0, 1), 0, 1, description="level"), []

    def make(values):
        asked.append(values)
        return Sound(np.full(8000, 0.1 * (1 + sum(values))) * np.sin(np.arange(8000)), 8000)

    box = explore(make, curve, [(0, 0), (1, 1)])
    before = box.children[2].value
    curve.sliders[0].value = 1
    assert asked == [(0, 1), (0, 0), (1, 1), (1, 1)]
    assert box.children[2].value != before
