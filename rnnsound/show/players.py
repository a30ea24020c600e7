"""Audio players for a notebook's page: labeled, at the sounds' own levels, complete in themselves."""

import base64
import html
import io
from collections.abc import Mapping

import numpy as np
import soundfile
from IPython import get_ipython
from IPython.display import HTML

from rnnsound.dsp.measures import level
from rnnsound.dsp.sound import Sound

_HIGHEST_RATE = 655_350  # that a FLAC file can state
_STYLE = "display:inline-block;margin:0.3em 1em 0.3em 0"


def players(sounds: Mapping[str, Sound]) -> HTML:
    """Show sounds side by side, to be compared by ear.

    All share one gain: what is louder is heard louder. Only if one of them would clip are all turned down, by
    the same amount, and a line says so.

    Args:
        sounds: label of each player -> its sound.

    Raises:
        ValueError: there is no sound to play.

    Notebook: 00_start_here.
    """
    if not sounds:
        raise ValueError("there is no sound to play; give players() at least one, as {label: sound}")
    gain = shared_gain(sounds.values())
    figures = "".join(_figure(label, sound, gain) for label, sound in sounds.items())
    note = (
        ""
        if gain == 1
        else f"<div>Turned down by {-20 * np.log10(gain):.1f} dB: the peak would have clipped.</div>"
    )
    return HTML(f"<div>{figures}{note}</div>")


def shared_gain(sounds) -> float:
    """Return the factor that keeps the loudest of the sounds from clipping: 1 if none would."""
    peak = max(sound.peak for sound in sounds)
    return min(1.0, 0.999 / peak) if peak > 0.999 else 1.0


def encode(sound: Sound, gain: float = 1.0) -> bytes:
    """Return the sound as a FLAC file in memory, 16 bits: exact, and about half as large as WAV."""
    if sound.sample_rate > _HIGHEST_RATE:
        raise ValueError(
            f"{sound.label}: {sound.sample_rate} samples per second are more than a player takes; use "
            f"at most {_HIGHEST_RATE}"
        )
    memory = io.BytesIO()
    soundfile.write(memory, gain * sound.samples, sound.sample_rate, format="FLAC", subtype="PCM_16")
    return memory.getvalue()


def caption(label: str, sound: Sound) -> str:
    """Return a player's label as HTML: what it is, how long, how loud. The label itself may hold anything."""
    loudness = level(sound)
    how_loud = f"{loudness:.1f} dB" if np.isfinite(loudness) else "silence"
    remark = f" · {html.escape(sound.remark)}" if sound.remark else ""
    return f"<b>{html.escape(label)}</b> · {sound.duration:.1f} s · {how_loud}{remark}"


def register_sound_formatter() -> None:
    """Let a notebook show a Sound, as the last line of a cell, as a player."""
    if (shell := get_ipython()) is not None:
        formatter = shell.display_formatter.formatters["text/html"]
        formatter.for_type(Sound, lambda sound: players({sound.label: sound}).data)


def _figure(label: str, sound: Sound, gain: float) -> str:
    data = base64.b64encode(encode(sound, gain)).decode("ascii")
    return (
        f'<figure style="{_STYLE}"><figcaption>{caption(label, sound)}</figcaption>'
        f'<audio controls preload="auto" aria-label="{html.escape(label)}" '
        f'src="data:audio/flac;base64,{data}"></audio></figure>'
    )
