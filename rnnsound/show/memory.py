"""Pictures of what a recurrent network reads and remembers: streams in pieces, gates over time.

Notebook: 02_lstm.
"""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from rnnsound.show.plots import COLORS, finish, panels

_COLUMNS = 200  # of a picture of gates


def plot_streams(streams: ArrayLike, piece: int, now: int = 0, ax: Axes | None = None) -> Axes:
    """Draw streams that are read side by side, piece after piece, with one piece marked.

    Args:
        streams: values of each stream, (n_streams, length); higher values are drawn higher.
        piece: values in one piece.
        now: which piece is being read, counted from 0.
        ax: where to draw; None makes a new figure.

    Raises:
        ValueError: there is no such piece.

    Notebook: 02_lstm.
    """
    streams = np.asarray(streams, dtype=float)
    n_streams, length = streams.shape
    n_pieces = -(-length // piece)
    if not 0 <= now < n_pieces:
        raise ValueError(f"now={now} is no piece; there are {n_pieces}, counted from 0")
    ax = ax or panels(1, height=3.2)[0]
    span = np.ptp(streams) or 1.0
    heights = 0.55 * (streams - streams.min()) / span
    for n, row in enumerate(heights):
        ax.plot(
            np.arange(length), n + 0.3 - row, color="gray", linewidth=0.8
        )  # stream 1 is on top: y points down
    start, stop = now * piece, min((now + 1) * piece, length)
    ax.axvspan(start - 0.5, stop - 0.5, color=COLORS[5], alpha=0.35)
    for edge in range(0, length + 1, piece):
        ax.axvline(edge - 0.5, color="black", linewidth=0.8)
    ax.text((start + stop) / 2, n_streams + 0.3, "this piece", ha="center", fontsize=10, color=COLORS[0])
    behind = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    blue, red = ({"va": "center", "color": color, "bbox": behind} for color in COLORS[:2])
    if now:
        _arrow(ax, (start - 0.45 * piece, -0.8), (start + 0.3 * piece, -0.8), COLORS[0])
        ax.text(start - 0.5 * piece, -0.8, "state handed on", ha="right", **blue)
    _arrow(ax, (stop - 1, -1.5), (start, -1.5), COLORS[1])
    ax.text(stop + 1, -1.5, "error traced back, to here only", ha="left", **red)
    ax.set(xlim=(-2, length + 1), ylim=(n_streams + 0.6, -2.1), yticks=range(n_streams))
    ax.set_yticklabels([str(n + 1) for n in range(n_streams)])
    alt = f"{n_streams} streams in {n_pieces} pieces of {piece} values; piece {now + 1} is being read"
    return finish(ax, "Streams, read side by side", "value", "stream", alt)


def plot_gates(
    gates: ArrayLike, times: ArrayLike, ax: Axes | None = None, title: str = "Gates", n_shown: int = 10
) -> Axes:
    """Draw the gates that move most, one row each; of a long time, averages over neighboring steps.

    A gate that jumps from step to step would make a pattern of its own on the screen's columns, so there are
    at most 200 columns, each the mean of the steps in it, and gates are sorted by how much those means move.

    Args:
        gates: values from 0 (closed) to 1 (open), (n_steps, n_cells).
        times: of every step, evenly spaced, in whatever unit the horizontal axis is to have.
        ax: where to draw; None makes a new figure.
        title: what stands above.
        n_shown: how many gates, at most.

    Notebook: 02_lstm.
    """
    gates, times = np.asarray(gates, dtype=float), np.asarray(times, dtype=float)
    ax = ax or panels(1, height=2.8)[0]
    each = -(-len(gates) // _COLUMNS)
    n_columns = len(gates) // each
    means = gates[: n_columns * each].reshape(n_columns, each, -1).mean(axis=1)
    shown = np.argsort(-means.std(axis=0))[:n_shown]
    step = times[1] - times[0] if len(times) > 1 else 1.0
    extent = (times[0], times[0] + n_columns * each * step, len(shown) - 0.5, -0.5)
    image = ax.imshow(
        means[:, shown].T,
        aspect="auto",
        cmap="viridis",
        vmin=0,
        vmax=1,
        interpolation="nearest",
        extent=extent,
    )
    ax.figure.colorbar(image, ax=ax, label="0 closed, 1 open", pad=0.01)
    ax.set_yticks(range(len(shown)), [str(cell) for cell in shown], fontsize=8)
    alt = f"{len(shown)} gates, cells {', '.join(map(str, shown))}"
    return finish(ax, title, "time (s)", "cell", alt)


def _arrow(ax: Axes, start, end, color: str) -> None:
    arrow = {"arrowstyle": "->", "color": color, "linewidth": 1.5}
    ax.annotate("", end, start, arrowprops=arrow)
