"""Draw the README's picture: python docs/images/overview.py."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from rnnsound import PhaseVocoder, recordings

BLUE, ORANGE = "#0072B2", "#D55E00"
clarinet = recordings.load("clarinet")
vocoder = PhaseVocoder(512, 128, 60)
frames = vocoder.analyze(clarinet)
back = vocoder.synthesize(frames)

figure = Figure(figsize=(11, 2.6), layout="constrained", dpi=120)
axes = figure.subplots(1, 4, width_ratios=(1, 1.2, 1, 1))
for ax, sound, title in ((axes[0], clarinet, "a recording"), (axes[3], back, "sound again")):
    part = sound.crop(1.0, 1.02)
    ax.plot(np.arange(len(part)) / 44.1, part.samples, color=BLUE, linewidth=1)
    ax.set(title=title, xlabel="time (ms)", yticks=[])
decibel = 20 * np.log10(np.maximum(frames.magnitude, 1e-3)).T
axes[1].imshow(decibel, origin="lower", aspect="auto", cmap="viridis", vmin=-40, extent=(0, 4, 0, 5.1))
axes[1].set(title="frames: 60 magnitudes\nand 60 frequencies each", xlabel="time (s)", ylabel="kHz")

axes[2].set(title="a small network:\nwhat comes next?", xlim=(-3.2, 3.2), yticks=[], xlabel="next value")
x = np.linspace(-3.2, 3.2, 200)
bells = [0.6 * np.exp(-0.5 * ((x + 1) / 0.6) ** 2), 0.4 * np.exp(-0.5 * ((x - 1.2) / 0.4) ** 2)]
for bell in bells:
    axes[2].plot(x, bell, color=ORANGE, linewidth=1, linestyle="--")
axes[2].plot(x, sum(bells), color=BLUE)
for left in axes[:-1]:
    left.annotate("", xy=(1.2, 1.22), xytext=(1.02, 1.22), xycoords="axes fraction",
                  arrowprops={"arrowstyle": "->", "color": "gray"})  # fmt: skip
figure.savefig(Path(__file__).with_suffix(".png"))
