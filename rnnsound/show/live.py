"""Pictures of a training, one of which grows while the network learns. Notebook: 04_sine_model."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from IPython.display import HTML, display
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rnnsound.show.plots import STYLES, finish, panels, picture

if TYPE_CHECKING:  # imports PyTorch, which takes seconds
    from rnnsound.nn.history import History
    from rnnsound.sound_model import SoundModel

_SECONDS = 0.5  # between pictures: drawing should not hold up the learning


def plot_loss(history: History, ax: Axes | None = None, title: str = "Loss") -> Axes:
    """Draw the loss of every epoch, in the loss's unit, and beside it that on held-out recordings."""
    curves = {"trained on": history.losses}
    if history.validation:
        curves["held out"] = history.validation
    return _plot_epochs(curves, ax, title, f"loss ({history.unit})")


def plot_error(history: History, ax: Axes | None = None, title: str = "Prediction error") -> Axes:
    """Draw how far the expected frames were from those that came: it falls, whatever the loss does."""
    return _plot_epochs({"trained on": history.errors}, ax, title, "standard deviations")


def plot_training(history: History) -> Figure:
    """Draw loss and prediction error of every epoch, one above the other."""
    top, bottom = panels(2, height=2)
    plot_loss(history, top)
    plot_error(history, bottom)
    return top.figure


@contextmanager
def live_loss() -> Iterator[Callable[[History | SoundModel], None]]:
    """Offer an on_epoch callback that draws the training so far, all in one place of the page.

    It serves train, which calls it with a history, and SoundModel.fit, which calls it with the model. The
    picture is drawn anew every half second, and a last time when the block ends.
    """
    place = display(HTML(""), display_id=True)
    latest, drawn = None, 0.0

    def on_epoch(learned: History | SoundModel) -> None:
        nonlocal latest, drawn
        latest = getattr(learned, "history", learned)
        if time.monotonic() - drawn > _SECONDS:
            place.update(HTML(picture(plot_training(latest))))
            drawn = time.monotonic()

    try:
        yield on_epoch
    finally:
        if latest is not None:
            place.update(HTML(picture(plot_training(latest))))


def _plot_epochs(curves: dict[str, list[float]], ax: Axes | None, title: str, unit: str) -> Axes:
    """Draw one value per epoch for each curve."""
    ax = ax or panels()[0]
    for (name, values), style in zip(curves.items(), STYLES, strict=False):  # two that coincide are both seen
        ax.plot(range(1, len(values) + 1), values, style, label=name)
    ax.locator_params(axis="x", integer=True)
    count = max(map(len, curves.values()))
    last = [f"{name} {values[-1]:.2f}" for name, values in curves.items() if values]
    alt = f"{count} epochs, {unit}, in the last: {', '.join(last)}" if last else "no epoch is finished yet"
    return finish(ax, title, "epoch", unit, alt)
