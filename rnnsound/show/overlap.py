"""Overlap-add, drawn: pieces that begin a hop apart, and their sum."""

import numpy as np
from matplotlib.axes import Axes

from rnnsound.show.plots import COLORS, finish, panels


def plot_overlap(pieces: np.ndarray, hop_size: int, ax: Axes | None = None, title: str | None = None) -> Axes:
    """Draw pieces, each a hop after the one before, and their sum in black.

    Args:
        pieces: one a row, (n_pieces, fft_size).
        hop_size: samples from the beginning of one to that of the next.
        ax: where to draw; None makes a new figure.
        title: None says how many pieces there are.

    Notebook: 01_sine_and_phase_vocoder.
    """
    ax = ax or panels()[0]
    size = pieces.shape[1]
    total = np.zeros((len(pieces) - 1) * hop_size + size)
    for number, piece in enumerate(pieces):
        begin = number * hop_size
        total[begin : begin + size] += piece
        color = COLORS[number % len(COLORS)]
        ax.plot(np.arange(begin, begin + size), piece, color=color, linewidth=1.2, label=f"frame {number}")
    ax.plot(total, color="black", linewidth=1.6, label="sum")
    title = title or f"{len(pieces)} pieces and their sum"
    alt = (
        f"{len(pieces)} pieces of {size} samples, {hop_size} apart; peak of the sum {np.abs(total).max():.3f}"
    )
    return finish(ax, title, "sample", "value", alt)
