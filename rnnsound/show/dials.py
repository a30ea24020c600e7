"""Phases, drawn as arrows on a dial: how far one turned, and how two that turn against each other add up."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Wedge

from rnnsound.show.plots import COLORS, finish, panels

_APART = 2.9  # from dial to dial, whose radius is 1


def plot_phase_dial(before: float, after: float, expected: float, ax: Axes | None = None) -> Axes:
    """Draw one bin's phase in two frames, where it was expected in the second, and what is left over.

    Args:
        before: phase in the first frame, in turns.
        after: phase in the second frame, in turns.
        expected: by how much a tone at the bin's center would have advanced, in turns.
        ax: where to draw; None makes a new figure.

    Notebook: 01_sine_and_phase_vocoder.
    """
    ax = ax or panels()[0]
    left_over = after - before - expected
    left_over -= np.round(left_over)
    target = before + expected
    _dial(ax, 0, f"before:\n{before:+.3f} turns")
    _arrow(ax, 0, before, COLORS[0])
    _dial(ax, 1, f"expected: {expected:g} turns\nfurther, by the bin's center")
    _arrow(ax, 1, before, COLORS[0], faint=True)
    way = np.linspace(0, 1, 200)
    x, y = _place(1, before + expected * way, 0.35 + 0.4 * way)
    ax.plot(x, y, color="0.4", linewidth=1.2)
    _arrow(ax, 1, target, "0.4")
    _dial(ax, 2, f"after: {after:+.3f} turns\nleft over: {left_over:+.3f} turns")
    first, last = sorted((target, target + left_over))
    ax.add_patch(Wedge(_place(2, 0, 0), 1, 360 * first, 360 * last, color=COLORS[1], alpha=0.6, linewidth=0))
    _arrow(ax, 2, target, "0.4")
    _arrow(ax, 2, after, COLORS[0])
    alt = (
        f"Three dials: phase before {before:+.3f} turns; expected {expected:g} turns further; "
        f"after {after:+.3f} turns, which leaves {left_over:+.3f} turns"
    )
    return _finish(ax, 3, "How far did the phase turn?", alt)


def plot_opposite_arrows(turns: Sequence[float], ax: Axes | None = None) -> Axes:
    """Draw two arrows of length 1/2 that turn in opposite directions, and their sum, at several moments.

    Args:
        turns: how far the one has turned; the other is turned as far the other way.
        ax: where to draw; None makes a new figure.

    Notebook: 01_sine_and_phase_vocoder.
    """
    ax = ax or panels()[0]
    sums = np.cos(2 * np.pi * np.asarray(turns))
    for n, (turn, total) in enumerate(zip(turns, sums, strict=True)):
        _dial(ax, n, f"{turn:g} turns:\nsum {total:+.2f}")
        x, y = _place(n, 0, 0)
        ax.plot([x, x + total], [y, y], color="black", linewidth=4, solid_capstyle="butt")
        _arrow(ax, n, turn, COLORS[0], length=0.5)
        _arrow(ax, n, -turn, COLORS[1], length=0.5)
    alt = "Two opposite arrows and their sum: " + ", ".join(
        f"{total:+.2f} at {turn:g} turns" for turn, total in zip(turns, sums, strict=True)
    )
    return _finish(ax, len(turns), "Two arrows that turn against each other, and their sum (black)", alt)


def _place(number: int, turns, radius) -> tuple:
    """Return where a point of the dial of that number lies."""
    return number * _APART + radius * np.cos(2 * np.pi * turns), radius * np.sin(2 * np.pi * turns)


def _dial(ax: Axes, number: int, text: str) -> None:
    """Draw an empty dial with a text below it."""
    ax.plot(*_place(number, np.linspace(0, 1, 100), 1), color="0.7", linewidth=1)
    ax.plot(*_place(number, 0, np.array([0, 1])), color="0.7", linewidth=0.8)  # 0 turns, to the right
    ax.text(number * _APART, -1.2, text, ha="center", va="top", fontsize=11)


def _arrow(ax: Axes, number: int, turns: float, color: str, length: float = 1.0, faint: bool = False) -> None:
    """Draw an arrow from a dial's middle."""
    style = {"arrowstyle": "-|>", "color": color, "linewidth": 2, "shrinkA": 0, "shrinkB": 0}
    style |= {"mutation_scale": 14, "alpha": 0.35 if faint else 1}
    ax.annotate("", _place(number, turns, length), _place(number, 0, 0), arrowprops=style)


def _finish(ax: Axes, n_dials: int, title: str, alt: str) -> Axes:
    ax.set(xlim=(-1.45, (n_dials - 1) * _APART + 1.45), ylim=(-1.9, 1.1), aspect="equal")
    ax.set_axis_off()
    return finish(ax, title, "", "", alt)
