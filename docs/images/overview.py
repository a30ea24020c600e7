"""Draw the README's picture: python docs/images/overview.py."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle

from rnnsound import PhaseVocoder, recordings

BLUE, ORANGE, GRAY = "#0072B2", "#D55E00", "#555555"
ARROW = {"arrowstyle": "-|>", "mutation_scale": 16, "linewidth": 1.5, "color": GRAY}

clarinet = recordings.load("clarinet")
vocoder = PhaseVocoder(512, 128, 60)
frames = vocoder.analyze(clarinet)
again = vocoder.synthesize(frames)

figure = Figure(figsize=(11, 3.3), dpi=120)
sheet = figure.add_axes((0, 0, 1, 1), xlim=(0, 11), ylim=(0, 3.3))
sheet.set_axis_off()


def place(left, width, title, below=1.0, height=1.5):
    """Return axes at a place of the figure, in inches, with a title above."""
    ax = figure.add_axes((left / 11, below / 3.3, width / 11, height / 3.3))
    ax.set_title(title, fontsize=11)
    return ax


def arrow(start, stop, **options):
    """Draw an arrow between two points of the figure, in inches."""
    sheet.add_patch(FancyArrowPatch(start, stop, **(ARROW | options)))


def box(x, y, text, color, size=(0.74, 0.46)):
    """Draw one part of the network, its middle at (x, y)."""
    sheet.add_patch(
        Rectangle((x - size[0] / 2, y - size[1] / 2), *size, facecolor="white", edgecolor=color, lw=1.5)
    )
    sheet.text(x, y, text, ha="center", va="center", fontsize=9, color=color)


for left, sound, title in (
    (0.25, clarinet, "a recording"),
    (9.0, again, "sound again (here from\nthe recording's frames)"),
):
    ax, part = place(left, 1.75, title), sound.crop(1.0, 1.015)
    ax.plot(1000 * np.arange(len(part)) / part.sample_rate, part.samples, color=BLUE, linewidth=1)
    ax.set(xlabel="time (ms)", yticks=[], ylim=(-0.45, 0.45))

ax = place(3.15, 1.8, "frames: 60 magnitudes\nand 60 frequencies each")
first = 344  # one second into the note
levels = 20 * np.log10(np.maximum(frames.magnitude[first : first + 12], 1e-3)).T
ax.imshow(levels, origin="lower", aspect="auto", cmap="viridis", vmin=-30, interpolation="nearest")
ax.set(xlabel="frame", xticks=[], yticks=[0, 59])
ax.set_ylabel("component", labelpad=-8)
for n in range(1, 12):
    ax.axvline(n - 0.5, color="white", linewidth=1)

# The network, unrolled: each time it reads a frame, and what it remembers is handed on to the next time.
sheet.text(
    6.98,
    2.83,
    "a small network remembers,\nand says what may come next",
    ha="center",
    va="bottom",
    fontsize=11,
)
for n, x in enumerate((5.95, 6.98, 8.01)):
    box(x, 1.75, "LSTM", BLUE)
    time = ("t - 1", "t", "t + 1")[n]
    sheet.text(x, 0.92, f"frame\n{time}", ha="center", va="center", fontsize=9, color=GRAY)
    arrow((x, 1.12), (x, 1.52))
    arrow((x, 1.98), (x, 2.3))
    bell = np.linspace(-3, 3, 80)
    height = 0.6 * np.exp(-0.5 * ((bell + 0.9) / 0.6) ** 2) + 0.4 * np.exp(-0.5 * ((bell - 1.2) / 0.5) ** 2)
    sheet.plot(x + 0.13 * bell, 2.34 + 0.6 * height, color=ORANGE, linewidth=1.5)
    if n:
        arrow((x - 1.03 + 0.37, 1.75), (x - 0.37, 1.75), color=BLUE)
        sheet.text(x - 0.515, 1.86, "state", ha="center", fontsize=7, color=BLUE)
sheet.text(
    6.98,
    0.4,
    "running freely: a frame is drawn from each curve, and read next",
    ha="center",
    fontsize=9,
    color=GRAY,
)

for start, stop in ((2.08, 2.6), (5.02, 5.48), (8.46, 8.94)):
    arrow((start, 1.75), (stop, 1.75))
figure.savefig(Path(__file__).with_suffix(".png"))
