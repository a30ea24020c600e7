"""Pictures of chance: what a network draws, how sure it is, and what a square root makes of that.

Notebook: 04_sine_model.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from rnnsound.dsp.frames import Frames
from rnnsound.show.plots import COLORS, STYLES, finish, panels

_SIGMA = "\N{GREEK SMALL LETTER SIGMA}"


def plot_drawn(
    frames: Frames, component: int, true: float, ax: Axes | None = None, title: str = "Drawn frequency"
) -> Axes:
    """Draw one component's frequency beside the true one: its bias is a distance, its chance is a band.

    Args:
        frames: generated.
        component: which one.
        true: the frequency that it should have, in Hz.
        ax: where to draw; None makes a new figure.
        title: above the picture.

    Notebook: 04_sine_model.
    """
    ax = ax or panels()[0]
    drawn = frames.frequency[:, component]
    mean, chance = drawn.mean(), drawn.std()
    ax.axhspan(mean - chance, mean + chance, color=COLORS[5], alpha=0.35, linewidth=0)
    ax.plot(drawn, linewidth=0.7, label="drawn")
    ax.axhline(true, color="black", linewidth=1.5, label=f"true, {true:g} Hz")
    ax.axhline(mean, color=COLORS[1], linestyle="--", linewidth=1.5, label="mean (band: ± chance)")
    ax.ticklabel_format(axis="y", useOffset=False)
    alt = f"component {component} is {mean - true:+.2f} Hz off on average and varies by {chance:.2f} Hz"
    return finish(ax, title, "frame", "Hz", alt)


def plot_root(sigma: float, scale: float, ax: Axes | None = None) -> Axes:
    """Draw what a number below 1 becomes under a square root, and with a variance scale beside it.

    Args:
        sigma: the standard deviation that was learned, below 1.
        scale: the variance scale that is put under the root.
        ax: where to draw; None makes a new figure.

    Notebook: 04_sine_model.
    """
    ax = ax or panels(height=3.4)[0]
    numbers = np.logspace(-4, 1, 50)
    curves = {
        _SIGMA + ", as learned": lambda s: s,
        f"√{_SIGMA}, the original": np.sqrt,
        f"√({scale:g} {_SIGMA}), its cure": lambda s: np.sqrt(scale * s),
    }
    for (label, curve), style in zip(curves.items(), STYLES[:3], strict=True):
        (line,) = ax.loglog(numbers, curve(numbers), style, label=label)
        ax.plot(sigma, curve(sigma), "o", color=line.get_color())
        ax.annotate(
            f"{curve(sigma):.2g}",
            (sigma, curve(sigma)),
            (7, -4),
            "data",
            textcoords="offset points",
            va="top",
        )
    ax.axvline(sigma, color="gray", linewidth=0.8)
    _plain(ax.xaxis)
    _plain(ax.yaxis)
    values = ", ".join(f"{label} {curve(sigma):.2g}" for label, curve in curves.items())
    title, x = f"One {_SIGMA}, drawn with in three ways", f"{_SIGMA} (learned)"
    return finish(ax, title, x, "deviation drawn with", values)


def plot_sigma(sigma: Sequence[np.ndarray], labels: Sequence[str], ax: Axes | None = None) -> Axes:
    """Draw how the learned standard deviations change, epoch by epoch.

    Args:
        sigma: of each epoch, one number per label.
        labels: what they are the deviations of.
        ax: where to draw; None makes a new figure.

    Notebook: 04_sine_model.
    """
    ax = ax or panels()[0]
    values = np.asarray(sigma)
    epochs = np.arange(1, len(values) + 1)
    for label, column, style in zip(labels, values.T, STYLES, strict=False):
        ax.semilogy(epochs, column, style, label=label, linewidth=2)
    _plain(ax.yaxis)
    first, last = values[0].mean(), values[-1].mean()
    alt = f"from {first:.2g} after the first epoch to {last:.2g} after epoch {len(values)}"
    return finish(ax, "How sure the network is", "epoch", f"{_SIGMA} (standardized)", alt)


def plot_scale(
    scale: Sequence[float], seconds: float, ax: Axes | None = None, title: str = "Variance scale over time"
) -> Axes:
    """Draw the variance scales that are spread evenly over a sound, as SoundModel.generate reads them.

    Args:
        scale: s, two numbers or more.
        seconds: how long the sound is.
        ax: where to draw; None makes a new figure.
        title: above the picture.

    Notebook: 04_sine_model.
    """
    ax = ax or panels(height=1.9)[0]
    marker = "o" if len(scale) < 30 else None
    ax.plot(np.linspace(0, seconds, len(scale)), scale, marker=marker)
    ax.set_yscale("log")
    _plain(ax.yaxis)
    ax.set_xlim(0, seconds)
    alt = f"{len(scale)} points, from {min(scale):g} to {max(scale):g}"
    return finish(ax, title, "time (s)", "s", alt)


def plot_takes(
    takes: Mapping[str, Frames], components: Sequence[int], title: str = "Frequency", height: float = 1.7
) -> list[Axes]:
    """Draw the frequency of some components over time, each take on axes of its own that share one scale.

    Args:
        takes: label -> frames.
        components: which ones.
        title: above each, beside the take's label.
        height: of each, in inches.

    Notebook: 04_sine_model.
    """
    axes = panels(len(takes), height)
    everything = np.concatenate([frames.frequency[:, components].ravel() for frames in takes.values()])
    margin = 0.05 * np.ptp(everything) + 1e-9
    for ax, (label, frames) in zip(axes, takes.items(), strict=True):
        for component, style in zip(components, STYLES, strict=False):
            ax.plot(frames.times, frames.frequency[:, component], style, label=f"component {component}")
        ax.set_ylim(everything.min() - margin, everything.max() + margin)
        ends = ", ".join(f"component {k} at {frames.frequency[-1, k]:.0f} Hz" for k in components)
        finish(ax, f"{title}, {label}", "time (s)", "Hz", f"ends with {ends}")
    return axes


def _plain(axis: Axis) -> None:
    """Write a logarithmic axis's numbers as 0.01 or 1000, at whole powers of ten."""
    axis.set_major_locator(LogLocator(numticks=7))
    axis.set_major_formatter(FuncFormatter(lambda number, _: f"{number:g}"))
    axis.set_minor_formatter(NullFormatter())
