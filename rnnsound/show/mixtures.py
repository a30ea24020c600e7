"""Pictures of mixtures of Gaussians, one of which is turned by hand. Notebook: 03_mixture_density."""

import html
import threading
from collections.abc import Sequence

import ipywidgets
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rnnsound.show.plots import COLORS, finish, panels, png, quick_axes

_MOST = 3  # Gaussians that can be turned by hand


def mixture_nats(values: np.ndarray, weights: np.ndarray, means: np.ndarray, stds: np.ndarray) -> float:
    """Return the mean negative log-likelihood of values under a mixture in one dimension, in nats.

    Args:
        values: what came, (n_values,).
        weights: of the Gaussians, (K,); only their ratios count.
        means: their centers, (K,), in the values' unit.
        stds: their standard deviations, (K,), in the same unit.

    Raises:
        ValueError: a weight is negative or all are 0, or a deviation is not above 0.

    Notebook: 03_mixture_density.
    """
    densities = _log_densities(values, weights, means, stds)
    return float(-np.logaddexp.reduce(densities, axis=1).mean())


def plot_mixture(
    values: np.ndarray,
    weights: np.ndarray,
    means: np.ndarray,
    stds: np.ndarray,
    ax: Axes | None = None,
    title: str = "A mixture",
    name: str = "pitch",
    unit: str = "Hz",
) -> Axes:
    """Draw values as a histogram, a mixture of Gaussians over it, and say the loss in the title.

    Args:
        values: what came, (n_values,).
        weights: of the Gaussians, (K,); only their ratios count.
        means: their centers, (K,), in the values' unit.
        stds: their standard deviations, (K,), in the same unit.
        ax: where to draw; None makes a new figure.
        title: of the picture; the loss is added.
        name: of the values.
        unit: of the values.

    Notebook: 03_mixture_density.
    """
    ax = ax or panels()[0]
    nats = mixture_nats(values, weights, means, stds)
    margin = 0.1 * np.ptp(values)
    low, high = values.min() - margin, values.max() + margin
    heights, _, _ = ax.hist(values, bins=120, range=(low, high), density=True, color="lightgray")
    _draw_density(ax, np.linspace(low, high, 1200), weights, means, stds)
    ax.set(xlim=(low, high), ylim=(0, 1.3 * heights.max()))
    alt = f"histogram of {len(values)} values under a mixture of {len(means)} Gaussians"
    return finish(ax, f"{title}: loss {nats:.2f} nats", f"{name} ({unit})", f"density (1/{unit})", alt)


def plot_outputs(outputs: np.ndarray, weights: np.ndarray, means: np.ndarray, stds: np.ndarray) -> Figure:
    """Draw the raw numbers of a network, the mixture's parameters made of them, and their density.

    Args:
        outputs: what the network puts out for a target of one dimension, (3 K,).
        weights: what became of the first K, (K,).
        means: what became of the second K, (K,).
        stds: what became of the last K, (K,).

    Raises:
        ValueError: there are not three raw numbers for each Gaussian.

    Notebook: 03_mixture_density.
    """
    k = len(weights)
    if np.shape(outputs) != (3 * k,):
        raise ValueError(f"outputs has shape {np.shape(outputs)}; {k} Gaussians need {(3 * k,)}")
    top, middle, bottom = panels(3, height=2.1)
    _draw_bars(top, outputs, k)
    made = np.concatenate([weights, means, stds])
    _draw_bars(middle, made, k)
    names = [f"{k} for weights", f"{k} for means", f"{k} for deviations"]
    top.set_xticks(k * np.arange(3) + (k - 1) / 2, names)
    names = [f"softmax:\n{k} weights", f"as they are:\n{k} means", f"exponential:\n{k} deviations"]
    middle.set_xticks(k * np.arange(3) + (k - 1) / 2, names)
    reach = 4 * np.max(stds)
    values = np.linspace(means.min() - reach, means.max() + reach, 1200)
    _draw_density(bottom, values, weights, means, stds)
    raw = ", ".join(f"{value:.2f}" for value in outputs)
    said = "; ".join(f"{w:.2f} at {m:.2f} ± {s:.2f}" for w, m, s in zip(weights, means, stds, strict=True))
    finish(top, f"What the network puts out: {3 * k} numbers, whatever they are", "", "", raw)
    finish(middle, "What is made of them", "", "", said)
    finish(bottom, "The mixture that they describe", "t", "density", f"the sum of {k} Gaussians")
    return top.figure


def fit_by_hand(
    values: np.ndarray, n_gaussians: int = 1, name: str = "pitch", unit: str = "Hz"
) -> ipywidgets.VBox:
    """Turn weights, means and deviations of one to three Gaussians over values, and watch the loss.

    plot_mixture draws the same picture without widgets.

    Args:
        values: what came, (n_values,).
        n_gaussians: how many there are at first, 1 to 3.
        name: of the values.
        unit: of the values.

    Raises:
        ValueError: n_gaussians is not 1 to 3.

    Notebook: 03_mixture_density.
    """
    if n_gaussians not in range(1, _MOST + 1):
        raise ValueError(f"n_gaussians={n_gaussians} cannot be turned by hand; use 1 to {_MOST}")
    count = ipywidgets.IntSlider(n_gaussians, min=1, max=_MOST, description="Gaussians")
    rows = [_row(values, n) for n in range(_MOST)]
    text, image = ipywidgets.HTML(), ipywidgets.Image(format="png")
    image.layout.max_width = "750px"
    busy = threading.Lock()  # callbacks may run on another thread than the cells

    def update(_change):
        with busy:
            for n, row in enumerate(rows):
                row.layout.display = "flex" if n < count.value else "none"
            turned = np.array([[slider.value for slider in row.children] for row in rows[: count.value]])
            try:
                ax = plot_mixture(values, *turned.T, quick_axes(), "Turned by hand", name, unit)
                image.value, nats = png(ax.figure, quick=True), mixture_nats(values, *turned.T)
                text.value = f"loss: <b>{nats:.2f} nats</b>"
            except ValueError as error:
                image.value, text.value = b"", html.escape(str(error))

    for slider in (count, *(slider for row in rows for slider in row.children)):
        slider.continuous_update = False
        slider.observe(update, names="value")
    update(None)
    return ipywidgets.VBox([count, *rows, text, image])


def _row(values: np.ndarray, n: int) -> ipywidgets.HBox:
    """Return sliders for one Gaussian: weight, mean, deviation."""
    low, high = np.floor(values.min()), np.ceil(values.max())
    spread, step = high - low, 10 ** np.floor(np.log10((high - low) / 100))
    start = round(low + spread * (0.5, 0.2, 0.8)[n])
    sliders = (
        ipywidgets.FloatSlider(1.0, min=0, max=1, step=0.05, description=f"weight {n}"),
        ipywidgets.FloatSlider(start, min=low, max=high, step=step, description=f"mean {n}"),
        ipywidgets.FloatSlider(
            round(spread / 8), min=step, max=spread / 2, step=step, description=f"deviation {n}"
        ),
    )
    for slider in sliders:
        slider.layout.width = "16em"
    return ipywidgets.HBox(sliders, layout=ipywidgets.Layout(flex_flow="row wrap"))


def _log_densities(
    values: np.ndarray, weights: Sequence[float], means: Sequence[float], stds: Sequence[float]
) -> np.ndarray:
    """Return the logarithm of every Gaussian's share in the density of every value, (n_values, K)."""
    weights, means, stds = (np.asarray(part, dtype=float) for part in (weights, means, stds))
    if weights.min() < 0 or weights.sum() <= 0:
        raise ValueError("the weights must be 0 or above, and one of them above 0")
    if stds.min() <= 0:
        raise ValueError(f"a deviation of {stds.min():g} is not possible; it must be above 0")
    with np.errstate(divide="ignore"):  # a weight of 0 adds nothing: its logarithm is minus infinity
        log_weights = np.log(weights / weights.sum())
    bells = -0.5 * ((np.asarray(values)[:, None] - means) / stds) ** 2 - np.log(np.sqrt(2 * np.pi) * stds)
    return log_weights + bells


def _draw_density(ax: Axes, values: np.ndarray, weights, means, stds) -> None:
    """Draw every weighted Gaussian, and their sum."""
    shares = np.exp(_log_densities(values, weights, means, stds))
    for n, share in enumerate(shares.T):
        ax.fill_between(values, share, color=COLORS[n % len(COLORS)], alpha=0.35, linewidth=0)
    ax.plot(values, shares.sum(axis=1), color="black", linewidth=1.2)


def _draw_bars(ax: Axes, numbers: np.ndarray, k: int) -> None:
    """Draw 3 K numbers as bars, each with its value, one color for each Gaussian."""
    places = np.arange(3 * k)
    bars = ax.bar(places, numbers, width=0.7, color=[COLORS[n % k % len(COLORS)] for n in places])
    ax.bar_label(bars, [f"{number:.2f}" for number in numbers], padding=2)
    ax.axhline(0, color="black", linewidth=0.8)
    for edge in (k - 0.5, 2 * k - 0.5):
        ax.axvline(edge, color="lightgray", linestyle="--")
    ax.margins(y=0.25)
