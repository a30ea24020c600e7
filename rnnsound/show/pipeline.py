"""The way from sound to sound, drawn: where in it a notebook is."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from rnnsound.show.plots import COLORS, finish

STEPS = {
    "sound": "sound",
    "frames": "frames",
    "vectors": "vectors",
    "network": "network\n(LSTM)",
    "mixture": "mixture\ndensity",
    "draw": "a drawn\nframe",
    "sound again": "sound\nagain",
}
"""The steps, in their order, by the names that plot_pipeline knows them by."""
_WIDTH, _GAP = 1.0, 0.35


def plot_pipeline(here: Sequence[str] = (), ax: Axes | None = None) -> Axes:
    """Draw the way from sound to sound, with what a notebook is about in color.

    Args:
        here: names of STEPS, none or several.
        ax: where to draw; None makes a new, flat figure.

    Raises:
        ValueError: a step is unknown.

    Notebook: 00_start_here.
    """
    unknown = [name for name in here if name not in STEPS]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no step; use {', '.join(STEPS)}")
    if ax is None:
        ax = Figure(figsize=(7.5, 1.25), layout="constrained", dpi=100).subplots()
    pitch = _WIDTH + _GAP
    for n, (name, label) in enumerate(STEPS.items()):
        inside = name in here
        box = FancyBboxPatch(
            (n * pitch, 0),
            _WIDTH,
            0.62,
            boxstyle="round,pad=0.02,rounding_size=0.08",
            facecolor=COLORS[0] if inside else "white",
            edgecolor=COLORS[0],
        )
        ax.add_patch(box)
        color = "white" if inside else "black"
        ax.text(n * pitch + _WIDTH / 2, 0.31, label, ha="center", va="center", fontsize=9, color=color)
        if n:
            ax.annotate(
                "", (n * pitch - 0.03, 0.31), (n * pitch - _GAP + 0.03, 0.31), arrowprops={"arrowstyle": "->"}
            )
    back, start = (
        list(STEPS).index("draw") * pitch + _WIDTH / 2,
        list(STEPS).index("network") * pitch + _WIDTH / 2,
    )
    ax.annotate(
        "",
        (start, -0.03),
        (back, -0.03),
        arrowprops={"arrowstyle": "->", "connectionstyle": "bar,fraction=-0.09"},
    )
    ax.text((start + back) / 2, -0.42, "fed back", ha="center", va="center", fontsize=8)
    numbers = sorted(list(STEPS).index(name) for name in here)
    for first in (n for n in numbers if n - 1 not in numbers):
        last = next(n for n in range(first, len(STEPS)) if n + 1 not in numbers)
        middle = (first + last) / 2 * pitch + _WIDTH / 2
        ax.text(middle, 0.82, "you are here", ha="center", va="center", fontsize=9, color=COLORS[0])
    ax.set(xlim=(-0.1, len(STEPS) * pitch - _GAP + 0.1), ylim=(-0.55, 0.98))
    ax.set_axis_off()
    where = " and ".join(here) or "no step in particular"
    return finish(ax, "", "", "", f"From sound to sound: {', '.join(STEPS)}; you are here: {where}")
