"""How a Fourier transform looks for one wave in a frame, drawn: the products whose sum is a bin."""

import numpy as np
from matplotlib.axes import Axes

from rnnsound.show.plots import COLORS, finish, panels


def plot_products(
    frame: np.ndarray, bin_number: int, ax: Axes | None = None, title: str | None = None
) -> Axes:
    """Draw a frame times one bin's cosine and times its sine, with the sum of each.

    Args:
        frame: samples, windowed or not, (fft_size,).
        bin_number: the wave that fits into the frame so many times.
        ax: where to draw; None makes a new figure.
        title: None says which bin it is, and its magnitude.

    Notebook: 01_sine_and_phase_vocoder.
    """
    ax = ax or panels()[0]
    wave = np.exp(-2j * np.pi * bin_number * np.arange(len(frame)) / len(frame))
    products = frame * wave
    total = products.sum()
    names = ("cosine", "minus sine")
    for values, name, color in zip((products.real, products.imag), names, COLORS, strict=False):
        ax.fill_between(np.arange(len(frame)), values, color=color, alpha=0.2, linewidth=0)
        ax.plot(values, color=color, linewidth=1, label=f"times {name}:\nsum {values.sum():+.2f}")
    ax.axhline(0, color="black", linewidth=0.6)
    title = title or f"The frame times the wave of bin {bin_number}: magnitude {abs(total):.2f}"
    alt = f"{title}; sum with cosine {total.real:+.2f}, with minus sine {total.imag:+.2f}"
    return finish(ax, title, "sample", "product", alt)
