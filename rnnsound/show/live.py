"""A picture of the loss that grows while a network learns. Notebook: 04_sine_model."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from IPython.display import HTML, display
from matplotlib.axes import Axes

from rnnsound.show.plots import finish, panels, picture

if TYPE_CHECKING:  # training imports torch, which takes seconds
    from rnnsound.nn.train import History

_SECONDS = 0.5  # between pictures: drawing should not hold up the learning


def plot_loss(history: History, ax: Axes | None = None, title: str = "Loss") -> Axes:
    """Draw the loss of every epoch, in nats per frame."""
    ax = ax or panels()[0]
    ax.plot(range(1, len(history.losses) + 1), history.losses)
    alt = f"loss of {len(history.losses)} epochs, at the end {history.losses[-1]:.2f} nats per frame"
    return finish(ax, title, "epoch", "loss (nats per frame)", alt)


@contextmanager
def live_loss() -> Iterator[Callable[[History], None]]:
    """Offer an on_epoch callback that draws the loss so far, all in one place of the page.

    The picture is drawn anew every half second, and a last time when the block ends.
    """
    place = display(HTML(""), display_id=True)
    latest, drawn = None, 0.0

    def on_epoch(history: History) -> None:
        nonlocal latest, drawn
        latest = history
        if time.monotonic() - drawn > _SECONDS:
            place.update(HTML(picture(plot_loss(history).figure)))
            drawn = time.monotonic()

    try:
        yield on_epoch
    finally:
        if latest is not None:
            place.update(HTML(picture(plot_loss(latest).figure)))
