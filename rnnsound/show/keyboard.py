"""A keyboard on the screen: click on a key, and hear the note."""

import threading
from collections.abc import Callable

import ipywidgets

from rnnsound.dsp.harmonics import to_hertz
from rnnsound.dsp.note_names import note_name
from rnnsound.dsp.sound import Sound
from rnnsound.show.players import caption, encode, shared_gain
from rnnsound.show.widgets import told

_WIDTH = "44px"


def keyboard(play: Callable[[float], Sound], first: int, last: int) -> ipywidgets.VBox:
    """Play notes by clicking on keys.

    A click is a wish to hear: the note sounds at once. Until then all is silent.

    Args:
        play: a frequency in Hz -> a Sound. What it raises is shown below the keys.
        first: MIDI number of the lowest key.
        last: of the highest.

    Raises:
        ValueError: there is no key, or there are more than 60.

    Notebook: 10_scaling_up.
    """
    if not 0 <= last - first < 60:
        raise ValueError(f"first={first}, last={last}: use up to 60 keys, the lowest one first")
    text = ipywidgets.HTML()
    audio = ipywidgets.Audio(format="flac", autoplay=True, loop=False)
    busy = threading.Lock()  # callbacks may run on another thread than the cells

    def sound_key(midi: int) -> None:
        with busy:
            try:
                sound = play(float(to_hertz(midi)))
                heard = encode(sound, shared_gain([sound]))
            except Exception as error:  # any of the learner's own mistakes: in a log, nobody would find it
                audio.value, text.value = b"", told(error)
                if not isinstance(error, ValueError):
                    raise
                return
            audio.value, text.value = heard, caption(sound.label, sound)

    keys = []
    for midi in range(first, last + 1):
        name = note_name(midi)
        key = ipywidgets.Button(
            description=name,
            tooltip=f"play {name}",
            layout=ipywidgets.Layout(width=_WIDTH, height="70px", padding="0"),
            style={"button_color": "#333333", "text_color": "white"} if "#" in name else {},
        )
        key.on_click(lambda _, midi=midi: sound_key(midi))
        keys.append(key)
    row = ipywidgets.Box(keys, layout=ipywidgets.Layout(flex_flow="row wrap"))
    return ipywidgets.VBox([row, text, audio])
