"""The LSTM cell, drawn with its own numbers, part by part. Notebook: 02_lstm."""

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from rnnsound.show.plots import COLORS, finish

_TIMES = "\N{MULTIPLICATION SIGN}"
N_PARTS = 4
"""The gates, what is kept, what is written, what is passed on."""
_TITLES = (
    "1. Four numbers from the input",
    "2. Keep: f · c",
    "3. Write: f · c + i · g",
    "4. Pass on: h = o · tanh(c)",
)
_GATES = {  # letter: place, name, what squeezes it
    "f": (2.0, "forget", "sigmoid"),
    "i": (3.5, "input", "sigmoid"),
    "g": (5.0, "candidate", "tanh"),
    "o": (6.9, "output", "sigmoid"),
}
_CONTENT, _WRITE, _GATE, _INPUT = 3.0, 2.0, 0.95, 0.0  # heights


def plot_lstm_cell(
    numbers: Mapping[str, float], parts: int = N_PARTS, ax: Axes | None = None, title: str | None = None
) -> Axes:
    """Draw one step of one LSTM cell: its gates, its content before and after, and what it passes on.

    Args:
        numbers: "before", the content before the step; "f", "i", "g", "o", the gates and the candidate; "c"
            and "h", the content and the output after it.
        parts: how much is drawn: 1 the gates, 2 also what is kept, 3 also what is written, 4 all.
        ax: where to draw; None makes a new figure.
        title: what stands above; None names the part that was drawn last.

    Raises:
        ValueError: parts is not 1 to 4, or a number is missing.

    Notebook: 02_lstm.
    """
    if parts not in range(1, N_PARTS + 1):
        raise ValueError(f"parts={parts!r} is no part of the drawing; use 1 to {N_PARTS}")
    missing = [name for name in ("before", *_GATES, "c", "h") if name not in numbers]
    if missing:
        raise ValueError(f"the number {missing[0]!r} is missing; give before, f, i, g, o, c and h")
    if ax is None:
        ax = Figure(figsize=(7.5, 1.75 if parts == 1 else 3.3), layout="constrained", dpi=100).subplots()
    new = [COLORS[1] if parts == part else "black" for part in range(N_PARTS + 1)]
    _draw_gates(ax, numbers, new[1])
    if parts >= 2:
        kept = numbers["f"] * numbers["before"]
        x = _GATES["f"][0]
        _arrow(ax, (0.5, _CONTENT), (x - 0.24, _CONTENT), new[2], f"c = {numbers['before']:.2f}")
        _arrow(ax, (x, _GATE + 0.42), (x, _CONTENT - 0.24), new[2])
        _sign(ax, x, _CONTENT, _TIMES, new[2])
        _arrow(ax, (x + 0.24, _CONTENT), (4.25 - 0.24, _CONTENT), new[2], f"{kept:.2f}")
    if parts >= 3:
        _draw_writing(ax, numbers, new[3])
    if parts >= 4:
        x = _GATES["o"][0]
        _arrow(ax, (x, _CONTENT), (x, _WRITE + 0.24), new[4])
        ax.text(x + 0.1, 2.55, "tanh", fontsize=10, color=new[4], va="center")
        _arrow(ax, (x, _GATE + 0.42), (x, _WRITE - 0.24), new[4])
        _sign(ax, x, _WRITE, _TIMES, new[4])
        _arrow(ax, (x + 0.24, _WRITE), (8.7, _WRITE), new[4], f"h = {numbers['h']:.2f}")
    ax.set(xlim=(0, 8.8), ylim=(-0.3, 1.5 if parts == 1 else 3.5))
    ax.set_axis_off()
    said = ", ".join(f"{name} {value:.2f}" for name, value in numbers.items())
    return finish(ax, title or _TITLES[parts - 1], "", "", f"One step of an LSTM cell, part {parts}: {said}")


def _draw_gates(ax: Axes, numbers: Mapping[str, float], color: str) -> None:
    ax.text(0.1, _INPUT, "x and\nall last h", fontsize=10, va="center")
    last = _GATES["o"][0]
    ax.plot([1.3, last], [_INPUT, _INPUT], color=color, linewidth=1.2)
    for letter, (x, name, squeeze) in _GATES.items():
        _arrow(ax, (x, _INPUT), (x, _GATE - 0.42), color)
        shape = FancyBboxPatch(
            (x - 0.55, _GATE - 0.34), 1.1, 0.68, boxstyle="round,pad=0.03", facecolor="white", edgecolor=color
        )
        ax.add_patch(shape)
        text = f"{name}\n{letter} = {numbers[letter]:.2f}"
        ax.text(x, _GATE, text, ha="center", va="center", fontsize=11, color=color)
        ax.text(x + 0.08, 0.26, squeeze, fontsize=9, color=color, va="center")


def _draw_writing(ax: Axes, numbers: Mapping[str, float], color: str) -> None:
    middle = (_GATES["i"][0] + _GATES["g"][0]) / 2
    for letter, side in (("i", -0.2), ("g", 0.2)):
        _arrow(ax, (_GATES[letter][0], _GATE + 0.42), (middle + side, _WRITE - 0.14), color)
    _sign(ax, middle, _WRITE, _TIMES, color)
    _arrow(ax, (middle, _WRITE + 0.24), (middle, _CONTENT - 0.24), color)
    written = numbers["i"] * numbers["g"]
    ax.text(middle + 0.1, 2.5, f"{written:.2f}", fontsize=11, color=color, va="center")
    _sign(ax, middle, _CONTENT, "+", color)
    _arrow(ax, (middle + 0.24, _CONTENT), (8.7, _CONTENT), color, f"new c = {numbers['c']:.2f}")


def _arrow(ax: Axes, start, end, color: str, text: str = "") -> None:
    ax.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": color, "shrinkA": 0, "shrinkB": 0})
    if text:
        x, y = (start[0] + end[0]) / 2, start[1] + 0.14
        ax.text(x, y, text, ha="center", va="bottom", fontsize=11, color=color)


def _sign(ax: Axes, x: float, y: float, sign: str, color: str) -> None:
    circle = {"boxstyle": "circle,pad=0.2", "facecolor": "white", "edgecolor": color}
    ax.text(x, y, sign, ha="center", va="center", fontsize=12, color=color, bbox=circle)
