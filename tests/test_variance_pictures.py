"""Pictures of chance hold the numbers they are made from."""

import numpy as np
import pytest

from rnnsound import Frames, sine
from rnnsound.show import plot_drawn, plot_level, plot_root, plot_scale, plot_sigma, plot_takes


def frames(frequency):
    frequency = np.asarray(frequency, dtype=float)
    return Frames(np.ones_like(frequency), frequency, 44_100, 512, 128)


def test_bias_is_the_distance_of_two_lines_and_chance_the_band():
    ax = plot_drawn(frames([[0, 439.0], [0, 443.0], [0, 439.0], [0, 443.0]]), 1, 440.0)
    drawn, true, mean = ax.get_lines()
    np.testing.assert_array_equal(drawn.get_ydata(), [439, 443, 439, 443])
    assert list(true.get_ydata()) == [440, 440]
    assert list(mean.get_ydata()) == [441, 441]
    band = ax.patches[0]
    assert (band.get_y(), band.get_height()) == (439, 4)
    assert "mean (band: ± chance)" in {text.get_text() for text in ax.get_legend().get_texts()}
    assert "+1.00 Hz off on average and varies by 2.00 Hz" in ax.get_label()


def test_the_root_of_a_hundredth_is_a_tenth():
    ax = plot_root(0.01, 1e-2)
    dots = [line for line in ax.get_lines() if line.get_marker() == "o"]
    np.testing.assert_allclose([dot.get_ydata()[0] for dot in dots], [0.01, 0.1, 0.01])
    assert {text.get_text() for text in ax.texts} == {"0.01", "0.1"}


def test_sigma_is_drawn_from_the_first_epoch_on():
    ax = plot_sigma([np.array([0.2, 0.4]), np.array([0.1, 0.3])], ("a", "b"))
    first, second = ax.get_lines()
    assert list(first.get_xdata()) == [1, 2]
    assert list(first.get_ydata()) == [0.2, 0.1]
    assert list(second.get_ydata()) == [0.4, 0.3]
    assert ax.get_yscale() == "log"


@pytest.mark.parametrize("scale", [[1, 10_000, 1], np.logspace(-2, 4, 1000)])
def test_scales_are_spread_evenly_over_the_sound(scale):
    (line,) = plot_scale(scale, 3.0).get_lines()
    np.testing.assert_allclose(np.diff(line.get_xdata()), 3.0 / (len(scale) - 1))
    assert (line.get_xdata()[0], line.get_xdata()[-1]) == (0, 3)
    np.testing.assert_array_equal(line.get_ydata(), scale)


def test_takes_share_one_scale():
    axes = plot_takes({"a": frames([[1, 2], [3, 4]]), "b": frames([[10, 20], [30, 40]])}, [1])
    assert axes[0].get_ylim() == axes[1].get_ylim()
    assert [list(ax.get_lines()[0].get_ydata()) for ax in axes] == [[2, 4], [20, 40]]
    assert "component 1 at 40 Hz" in axes[1].get_label()


def test_levels_that_coincide_are_both_seen():
    tone = sine(440.0, seconds=0.5)
    one, other = plot_level({"one": tone, "other": tone}).get_lines()
    assert one.get_linestyle() == "-"
    assert other.get_linestyle() == "--"
    assert one.get_color() != other.get_color()
