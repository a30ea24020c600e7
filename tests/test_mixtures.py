"""Pictures of mixtures: what they draw is what SciPy says, and what is turned by hand is what is shown."""

import io

import ipywidgets
import matplotlib.image
import numpy as np
import pytest
from scipy import stats

from rnnsound import show

WEIGHTS, MEANS, STDS = np.array([0.7, 0.3]), np.array([440.0, 660.0]), np.array([5.0, 10.0])


@pytest.fixture
def tones():
    chance = np.random.default_rng(0)
    upper = chance.random(500) < 0.3
    return np.where(upper, 660.0, 440.0) + np.where(upper, 10.0, 5.0) * chance.standard_normal(500)


def scipys(values, weights=WEIGHTS, means=MEANS, stds=STDS):
    return sum(w * stats.norm(m, s).pdf(values) for w, m, s in zip(weights, means, stds, strict=True))


def black_line(ax):
    return next(line for line in ax.get_lines() if line.get_color() == "black")


def test_the_loss_is_scipys_and_only_the_ratio_of_weights_counts(tones):
    expected = -np.log(scipys(tones)).mean()
    assert show.mixture_nats(tones, WEIGHTS, MEANS, STDS) == pytest.approx(expected, rel=1e-10)
    assert show.mixture_nats(tones, 2 * WEIGHTS, MEANS, STDS) == pytest.approx(expected, rel=1e-10)


def test_the_loss_stays_finite_far_away_and_with_a_weight_of_nothing(tones):
    assert np.isfinite(show.mixture_nats(tones + 1e4, WEIGHTS, MEANS, STDS))
    alone = show.mixture_nats(tones, [1, 0], MEANS, STDS)
    assert alone == pytest.approx(-stats.norm(440, 5).logpdf(tones).mean(), rel=1e-10)


@pytest.mark.parametrize(
    ("weights", "stds", "said"),
    [([0, 0], STDS, "weights"), ([-1, 2], STDS, "weights"), (WEIGHTS, [0, 5], "above 0")],
)
def test_what_describes_no_mixture_is_refused(tones, weights, stds, said):
    with pytest.raises(ValueError, match=said):
        show.mixture_nats(tones, weights, MEANS, stds)


def test_the_curve_over_a_histogram_is_the_density_and_the_title_tells_the_loss(tones):
    ax = show.plot_mixture(tones, WEIGHTS, MEANS, STDS, title="Two")
    at, density = black_line(ax).get_data()
    np.testing.assert_allclose(density, scipys(at), rtol=1e-9)
    assert f"Two: loss {-np.log(scipys(tones)).mean():.2f} nats" in ax.get_title()
    assert at[0] < tones.min() < tones.max() < at[-1]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("pitch (Hz)", "density (1/Hz)")


def test_raw_numbers_and_what_is_made_of_them_stand_below_each_other():
    raw = np.array([np.log(0.7), np.log(0.3), 440.0, 660.0, np.log(5.0), np.log(10.0)])
    top, middle, bottom = show.plot_outputs(raw, WEIGHTS, MEANS, STDS).axes
    np.testing.assert_allclose([bar.get_height() for bar in top.patches], raw)
    made = np.concatenate([WEIGHTS, MEANS, STDS])
    np.testing.assert_allclose([bar.get_height() for bar in middle.patches], made)
    colors = [bar.get_facecolor() for bar in top.patches]
    assert colors[0] == colors[2] == colors[4] != colors[1]
    at, density = black_line(bottom).get_data()
    assert np.sum(density) * (at[1] - at[0]) == pytest.approx(1, abs=1e-3)
    with pytest.raises(ValueError, match=r"2 Gaussians need \(6,\)"):
        show.plot_outputs(raw[:5], WEIGHTS, MEANS, STDS)


def test_a_slider_that_is_let_go_draws_anew_and_says_the_loss(tones):
    box = show.fit_by_hand(tones, n_gaussians=2)
    count, *rows, text, image = box.children
    for row, numbers in zip(rows, zip(WEIGHTS, MEANS, STDS, strict=True), strict=False):
        for slider, number in zip(row.children, numbers, strict=True):
            assert not slider.continuous_update
            slider.value = number
    expected = show.mixture_nats(tones, WEIGHTS, MEANS, STDS)
    assert f"{expected:.2f} nats" in text.value
    before = image.value
    assert matplotlib.image.imread(io.BytesIO(before)).shape[0] > 100
    assert [row.layout.display for row in rows] == ["flex", "flex", "none"]
    count.value = 1
    assert [row.layout.display for row in rows] == ["flex", "none", "none"]
    assert image.value != before
    rows[0].children[0].value = 0
    assert "above 0" in text.value
    assert image.value == b""
    rows[0].children[0].value = 0.5
    assert "nats" in text.value
    assert isinstance(box, ipywidgets.VBox)


def test_no_more_than_three_gaussians_are_turned_by_hand(tones):
    with pytest.raises(ValueError, match="use 1 to 3"):
        show.fit_by_hand(tones, n_gaussians=4)
