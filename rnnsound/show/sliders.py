"""Sliders that are seen: a picture drawn anew from one or several settings."""

import html
import threading
from collections.abc import Callable, Mapping, Sequence

import ipywidgets
from IPython.display import display
from matplotlib.axes import Axes

from rnnsound.show.plots import panels, png
from rnnsound.show.widgets import told


def explore_plot(
    draw: Callable[..., Axes], sliders: Mapping[str, ipywidgets.Widget], settings: Sequence[Mapping]
) -> ipywidgets.VBox:
    """See what settings do: let go of a slider, and the picture is drawn anew, its text below it.

    Some settings are drawn at once, for a page that is read without a kernel.

    Args:
        draw: takes every slider's value by its name, and ax; returns the axes. What it raises is shown where
            the picture would have been.
        sliders: name of draw's argument -> any widget with a value.
        settings: the arguments, by name, of each picture that is there when the page opens.

    Notebook: 01_sine_and_phase_vocoder.
    """
    text = ipywidgets.HTML()
    image = ipywidgets.Image(format="png", layout=ipywidgets.Layout(max_width="750px"))
    busy = threading.Lock()  # callbacks may run on another thread than the cells

    def update(_change=None):
        with busy:
            try:
                ax = draw(**{name: slider.value for name, slider in sliders.items()}, ax=panels()[0])
                image.value, text.value = png(ax.figure, quick=True), html.escape(ax.get_label())
            except Exception as error:  # any of the learner's own mistakes: in a log, nobody would find it
                image.value = b""
                text.value = told(error)
                if not isinstance(error, ValueError):
                    raise

    for slider in sliders.values():
        slider.continuous_update = False
        slider.observe(update, names="value")
    update()
    axes = panels(len(settings), height=2.2)
    for ax, chosen in zip(axes, settings, strict=True):
        draw(**chosen, ax=ax)
    display(axes[0].figure)
    return ipywidgets.VBox([*sliders.values(), image, text])
