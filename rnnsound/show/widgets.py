"""Sliders that are heard: one widget, whatever the slider turns."""

import html
import threading
from collections.abc import Callable, Sequence

import ipywidgets
from IPython.display import display
from matplotlib.axes import Axes

from rnnsound.dsp.sound import Sound
from rnnsound.show.players import caption, encode, players, shared_gain
from rnnsound.show.plots import plot_spectrogram, png, quick_axes


def explore(
    make_sound: Callable[[float], Sound],
    slider: ipywidgets.Widget,
    settings: Sequence[float | str],
    plot: Callable[[Sound, Axes], Axes] = plot_spectrogram,
) -> ipywidgets.VBox:
    """Hear and see what a setting does: let go of the slider, and the player holds the new sound.

    The picture follows as soon as it is drawn.

    Three to five settings are shown as ordinary players too, for a page that is read without a kernel.

    Args:
        make_sound: the slider's value -> a Sound. What it raises is shown where the sound would have been.
        slider: any widget with a value.
        settings: values whose sounds are already there when the page opens.
        plot: draws a Sound on axes.

    Notebook: 00_start_here.
    """
    slider.continuous_update = False
    text = ipywidgets.HTML()
    audio = ipywidgets.Audio(format="flac", autoplay=False, loop=False)
    image = ipywidgets.Image(format="png", layout=ipywidgets.Layout(max_width="750px"))
    busy = threading.Lock()  # callbacks may run on another thread than the cells

    def update(change):
        with busy:
            try:
                sound = make_sound(change["new"])
                audio.value = encode(sound, shared_gain([sound]))
                text.value = caption(sound.label, sound)
                image.value = png(plot(sound, quick_axes()).figure, quick=True)
            except Exception as error:  # any of the learner's own mistakes: in a log, nobody would find it
                audio.value = image.value = b""
                text.value = told(error)
                if not isinstance(error, ValueError):
                    raise
                return

    update({"new": slider.value})
    slider.observe(update, names="value")
    ready = {setting: make_sound(setting) for setting in settings}
    display(players({f"{slider.description} {_short(setting)}": sound for setting, sound in ready.items()}))
    return ipywidgets.VBox([slider, text, audio, image])


def told(error: Exception) -> str:
    """Return what a widget shows of an error: a sentence for a learner, or its kind and text."""
    return html.escape(str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}")


def _short(setting: float | str | Sequence[float]) -> str:
    if isinstance(setting, str):
        return setting
    return ", ".join(f"{value:g}" for value in setting) if isinstance(setting, Sequence) else f"{setting:g}"
