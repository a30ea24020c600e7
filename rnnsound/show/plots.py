"""Pictures of sounds and frames.

Every function draws on the axes it is given, or on new ones, and returns them. As the last line of a cell the
axes are shown as a picture that carries a text for those who cannot see it. Figures are made without pyplot,
whose hidden state is not safe where widgets call from another thread.
"""

import base64
import html
import io
import re
from functools import cache

import numpy as np
from IPython import get_ipython
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import EngFormatter
from matplotlib.transforms import Bbox
from numpy.lib.stride_tricks import sliding_window_view

from rnnsound.dsp.frames import Frames
from rnnsound.dsp.measures import FLOOR_DB, level_over_time, pitch
from rnnsound.dsp.prepare import Preparation
from rnnsound.dsp.sound import Sound

_UNNAMED = re.compile(r"_child\d+$")  # what matplotlib calls a line that has no label
_COLUMNS = 800  # about as many as a picture has pixels
# Okabe and Ito's colors, which the color-blind can tell apart too
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
STYLES = ("-", "--", "-.", ":")


def panels(n_rows: int = 1, height: float = 2.6) -> list[Axes]:
    """Return axes one above the other on a new figure; height is that of one row in inches."""
    figure = Figure(figsize=(7.5, height * n_rows), layout="constrained", dpi=100)
    axes = list(figure.subplots(n_rows, 1, squeeze=False)[:, 0])
    for ax in axes:
        ax.set_prop_cycle(color=COLORS)
    return axes


class _QuickFigure(Figure):
    """A figure that is to be drawn soon: what is always the same in it was drawn before."""


def quick_axes() -> Axes:
    """Return axes in a fixed place of a new figure: nothing is laid out, which halves the time to draw."""
    figure = _QuickFigure(figsize=(7.5, 2.6), dpi=100)
    ax = figure.add_axes((0.1, 0.2, 0.88, 0.68))
    ax.set_prop_cycle(color=COLORS)
    return ax


def plot_waveform(sound: Sound, ax: Axes | None = None, title: str | None = None) -> Axes:
    """Draw samples over time."""
    ax = ax or panels()[0]
    times = np.arange(len(sound)) / sound.sample_rate
    ax.plot(times, sound.samples, color=COLORS[0], linewidth=0.8, marker="." if len(sound) < 200 else None)
    return finish(ax, title or sound.label, "time (s)", "amplitude", f"Waveform, peak {sound.peak:.3f}")


def plot_spectrogram(
    sound: Sound, ax: Axes | None = None, title: str | None = None, max_frequency: float | None = None
) -> Axes:
    """Draw level over time and frequency, in dB below the loudest point."""
    ax = ax or panels()[0]
    size = 2048 if len(sound) > 4096 else 256
    decibel = _levels(sound, size)
    top = min(max_frequency or sound.sample_rate / 2, sound.sample_rate / 2)
    shown = decibel[:, : int(np.ceil(top * size / sound.sample_rate)) + 1].T
    image = ax.imshow(
        shown,
        origin="lower",
        aspect="auto",
        cmap="viridis",
        vmin=FLOOR_DB,
        vmax=0,
        interpolation="nearest",
        extent=(0, sound.duration, 0, (len(shown) - 1) * sound.sample_rate / size),
    )
    if isinstance(ax.figure, _QuickFigure):
        place, scale, left = _drawn_scale()
        ax.set_position(place)
        ax.figure.figimage(scale, left, 0, zorder=-1)
    else:
        _add_scale(ax, image)
    ax.yaxis.set_major_formatter(EngFormatter())
    return finish(
        ax,
        title or sound.label,
        "time (s)",
        "frequency (Hz)",
        f"Spectrogram up to {top:.0f} Hz, {sound.duration:.1f} s",
    )


def _add_scale(ax: Axes, image: AxesImage):
    ax.figure.colorbar(image, ax=ax, label="level (dB)", pad=0.01)


@cache
def _drawn_scale() -> tuple[Bbox, np.ndarray, int]:
    """Return where a spectrogram lies in a quick figure, and what is right of it, from which pixel on."""
    ax = quick_axes()
    _add_scale(ax, ax.imshow([[0.0]], aspect="auto", cmap="viridis", vmin=FLOOR_DB, vmax=0))
    ax.set_axis_off()
    canvas = FigureCanvasAgg(ax.figure)
    canvas.draw()
    edges = ax.get_position().x1, ax.figure.axes[1].get_position().x0
    left = round(ax.figure.bbox.width * sum(edges) / 2)
    return ax.get_position(), np.array(canvas.buffer_rgba())[:, left:], left


def _levels(sound: Sound, size: int) -> np.ndarray:
    """Return levels in dB below the loudest point, (n_columns, n_bins), and the floor for silence.

    A picture has some 800 columns; of a long sound each holds the loudest of several frames, so that nothing
    between two of them is missed.
    """
    samples = np.pad(sound.samples, (0, max(size - len(sound), 0)))
    per_column = max(1, -(-(len(samples) - size) // (size // 2 * _COLUMNS)))
    hop = size // 4 if per_column == 1 and len(samples) <= size // 4 * _COLUMNS else size // 2
    frames = sliding_window_view(samples, size)[::hop]
    window, columns = np.hanning(size), []
    for start in range(0, len(frames), per_column):
        spectrum = np.fft.rfft(frames[start : start + per_column] * window)
        columns.append((spectrum.real**2 + spectrum.imag**2).max(axis=0))
    power = np.array(columns)
    loudest = power.max()
    if loudest == 0:
        return np.full(power.shape, FLOOR_DB)
    return 10 * np.log10(np.maximum(power / loudest, 1e-30))


def plot_level(sounds: dict[str, Sound], ax: Axes | None = None, title: str = "Level over time") -> Axes:
    """Draw the level of one or more sounds over time, in dB below full scale."""
    ax = ax or panels()[0]
    for n, (label, sound) in enumerate(sounds.items()):  # two that coincide are both seen
        ax.plot(*level_over_time(sound), STYLES[n % len(STYLES)], label=label)
    return finish(ax, title, "time (s)", "level (dB)", f"Level of {', '.join(sounds)}")


def plot_preparation(sound: Sound, preparation: Preparation, ax: Axes | None = None) -> Axes:
    """Draw a recording's level, and what prepare left out of it: shaded in time, and below a line."""
    ax = ax or panels()[0]
    times, level = level_over_time(sound)
    ax.plot(times, level)
    for start, stop in ((0.0, preparation.start), (preparation.stop, sound.duration)):
        ax.axvspan(start, stop, color=COLORS[1], alpha=0.25)
    ax.axhline(preparation.threshold, color=COLORS[1], linestyle="--", label="taken for silence or noise")
    ax.set_ylim(max(min(level.min(), preparation.threshold) - 5, level.max() - 100), level.max() + 5)
    alt = f"Level of {sound.label}; kept from {preparation.start:.2f} to {preparation.stop:.2f} s"
    return finish(ax, f"{sound.label}: the note in it", "time (s)", "level (dB)", alt)


def plot_pitch(
    sounds: dict[str, Sound], ax: Axes | None = None, title: str = "Pitch over time", low: float = 50.0
) -> Axes:
    """Draw the pitch of one or more sounds over time, in Hz.

    Args:
        sounds: label of each line -> its sound.
        ax: where to draw; None makes a new figure.
        title: above the picture.
        low: lowest pitch looked for, in Hz. A pitch is measured over four of its periods: 80 ms at 50 Hz,
            which blurs a vibrato; 40 ms at 100 Hz.

    Notebook: 05_deltas.
    """
    ax = ax or panels()[0]
    for label, sound in sounds.items():
        ax.plot(*pitch(sound, low=low), label=label, linewidth=1)
    ax.ticklabel_format(axis="y", useOffset=False)
    return finish(ax, title, "time (s)", "pitch (Hz)", f"Pitch of {', '.join(sounds)}")


def plot_frame(frames: Frames, frame: int, ax: Axes | None = None, title: str | None = None) -> Axes:
    """Draw one frame: the magnitude of every component, as a bar at its bin's center."""
    ax = ax or panels()[0]
    width = 0.7 * frames.sample_rate / frames.fft_size
    ax.bar(frames.bin_centers, frames.magnitude[frame], width=width, color=COLORS[0])
    strongest = int(np.argmax(frames.magnitude[frame]))
    alt = f"Magnitudes of {frames.n_components} components, strongest is {strongest}"
    return finish(ax, title or f"Frame {frame}", "bin center (Hz)", "magnitude", alt)


def plot_components(
    frames: Frames, components: list[int], ax: Axes | None = None, title: str | None = None
) -> Axes:
    """Draw the measured frequency of some components over time."""
    ax = ax or panels()[0]
    for component in components:
        ax.plot(frames.times, frames.frequency[:, component], label=f"component {component}", linewidth=1)
    ax.ticklabel_format(axis="y", useOffset=False)
    alt = f"Frequency of components {', '.join(map(str, components))} over {len(frames)} frames"
    return finish(ax, title or "Measured frequency", "time (s)", "frequency (Hz)", alt)


def png(figure: Figure, quick: bool = False) -> bytes:
    """Return the figure as a PNG file in memory; quick: a tenth larger, in half the time, for a slider."""
    memory = io.BytesIO()
    figure.savefig(memory, format="png", dpi="figure", pil_kwargs={"compress_level": 1 if quick else 6})
    return memory.getvalue()


def register_axes_formatter() -> None:
    """Let a notebook show axes, or their whole figure, as the last line of a cell, as a picture."""
    if (shell := get_ipython()) is not None:
        formatter = shell.display_formatter.formatters["text/html"]
        formatter.for_type(Axes, lambda ax: picture(ax.figure))
        formatter.for_type(Figure, picture)


def picture(figure: Figure) -> str:
    """Return the figure as HTML: a picture, and a text for those who cannot see it."""
    described = [_described(ax) for ax in figure.axes if ax.get_label() != "<colorbar>"]
    data = base64.b64encode(png(figure)).decode("ascii")
    return f'<img alt="{html.escape("; ".join(described))}" src="data:image/png;base64,{data}">'


def _described(ax: Axes) -> str:
    """Say what is drawn: the text a plot function left, or else what stands around the axes."""
    around = f"{ax.get_title()}: {ax.get_ylabel()} over {ax.get_xlabel()}"
    return ax.get_label() or around


def finish(ax: Axes, title: str, x: str, y: str, alt: str) -> Axes:
    """Name axes and lines, and leave a text that says what is drawn, for the picture's alt attribute."""
    lines = [line for line in ax.get_lines() if not _UNNAMED.match(line.get_label())]
    if len(lines) > 1:
        legend = ax.legend(lines, ["x"] * len(lines), loc="center left", bbox_to_anchor=(1, 0.5))
        for text, line in zip(legend.get_texts(), lines, strict=True):
            text.set_parse_math(False)  # a label may be the name of a file, with a "$" or a "_" in front
            text.set_text(line.get_label())
    ax.set_title(title, y=1.0, parse_math=False)  # nothing is above the axes: not looked for
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    ax.set_label(f"{title}: {alt}" if title not in alt else alt)
    return ax
