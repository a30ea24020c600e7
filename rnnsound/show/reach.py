"""How far from its center each component can tell a frequency, drawn, and where a tone wraps."""

import numpy as np
from matplotlib.axes import Axes

from rnnsound.dsp.frames import Frames
from rnnsound.show.plots import COLORS, finish, panels


def plot_reach(
    frames: Frames, true_frequency: float, ax: Axes | None = None, title: str | None = None
) -> Axes:
    """Draw what every component reports of a steady tone, within what it can report.

    Args:
        frames: measured of the tone; of each component the mean over time is drawn, without the
            first and the last frame.
        true_frequency: of the tone, in Hz.
        ax: where to draw; None makes a new figure.
        title: None says the tone's frequency and the hop size.

    Notebook: 01_sine_and_phase_vocoder.
    """
    ax = ax or panels()[0]
    numbers, centers = np.arange(1, frames.n_components), frames.bin_centers[1:]
    reach = frames.sample_rate / (2 * frames.hop_size)
    reported = _mean_over_time(frames)[1:]
    wraps = np.abs(reported - true_frequency) > reach
    ax.use_sticky_edges = False  # the bars end inside the picture
    ax.bar(numbers, np.full(len(numbers), 2 * reach), bottom=centers - reach, width=0.7, color="0.88")
    ax.plot(numbers, centers, "_", color="0.5", markersize=14, label="center, and reach")
    ax.axhline(true_frequency, color=COLORS[2], linestyle="--", label="the tone")
    ax.plot(numbers[~wraps], reported[~wraps], "o", color=COLORS[0], label="reported")
    ax.plot(numbers[wraps], reported[wraps], "X", color=COLORS[1], markersize=8, label="reported, wrapped")
    ax.set_xticks(numbers)
    title = title or f"{true_frequency:g} Hz, hop {frames.hop_size}"
    said = ", ".join(f"component {n} reports {f:.0f} Hz" for n, f in zip(numbers, reported, strict=True))
    alt = f"{title}: reach ± {reach:.1f} Hz; {said}; wrapped: {', '.join(map(str, numbers[wraps])) or 'none'}"
    return finish(ax, title, "component", "frequency (Hz)", alt)


def _mean_over_time(frames: Frames) -> np.ndarray:
    """Return every component's mean frequency in Hz; one that jumps by whole turns is made steady first."""
    turns = frames.frequency[1:-1] * (frames.hop_size / frames.sample_rate)
    around = np.angle(np.exp(2j * np.pi * turns).mean(axis=0)) / (2 * np.pi)
    away = turns - around
    mean = around + (away - np.round(away)).mean(axis=0)
    center = np.arange(frames.n_components) * (frames.hop_size / frames.fft_size)
    return (mean - np.round(mean - center)) * (frames.sample_rate / frames.hop_size)
