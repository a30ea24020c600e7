"""A melody written as text, and played on one recorded or generated note.

Notebook: 09_your_own_sound.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rnnsound.dsp.note_names import note_frequency
from rnnsound.dsp.sound import Sound, faded_out
from rnnsound.dsp.transforms import shift

_LONGEST = 120.0  # seconds of melody
_FARTHEST = 24.0  # semitones that a note is shifted by at most
_FADE = 0.03  # seconds in which a note gives way to the next


@dataclass(frozen=True)
class MelodyNote:
    """One note of a melody, or a rest.

    Args:
        name: as it was written.
        beats: how long.
        frequency: in Hz; None for a rest.
    """

    name: str
    beats: float
    frequency: float | None


def parse_melody(text: str) -> list[MelodyNote]:
    """Read notes and their lengths in beats: "D4 1, F#4 0.5, R 0.5, Bb3 2".

    A note is a letter from A to G, perhaps # or b, and the number of its octave: A4 has 440 Hz. R is a rest.

    Args:
        text: notes, with commas or line ends between them.

    Raises:
        ValueError: there are no notes, or one of them cannot be read.

    Notebook: 09_your_own_sound.
    """
    items = [item.split() for item in re.split(r"[,;\n]", text) if item.strip()]
    if not items:
        raise ValueError('there is no note in this melody; write for instance "D4 1, F4 0.5, R 0.5"')
    return [_parse_item(number, words) for number, words in enumerate(items, 1)]


def play_melody(
    melody: str,
    instrument: Sound | Callable[..., Sound],
    frequency: float | None = None,
    beats_per_minute: float = 100.0,
) -> Sound:
    """Play a melody: on one note, shifted to each pitch, or by what plays any pitch itself.

    Args:
        melody: as for parse_melody.
        instrument: a recorded note, of which as much is heard as fits; or what makes one of so many seconds,
            such as a model's generate.
        frequency: the pitch of that note, in Hz. None: instrument is told it, too, after the seconds, and its
            notes are not shifted.
        beats_per_minute: the tempo.

    Raises:
        ValueError: the melody cannot be read, is too long, or goes more than two octaves from the note.

    Notebooks: 09_your_own_sound, 10_scaling_up.
    """
    notes = parse_melody(melody)
    if not 10 <= beats_per_minute <= 1000:
        raise ValueError(f"beats_per_minute={beats_per_minute} is out of range; use 10 to 1000")
    if frequency is None and isinstance(instrument, Sound):
        raise ValueError(
            "one note is shifted to each pitch, so its own must be known; give frequency=, in Hz"
        )
    if frequency is not None and not (np.isfinite(frequency) and frequency > 0):
        raise ValueError(f"frequency={frequency} is no pitch to start from; use that of the note, in Hz")
    seconds = [60 / beats_per_minute * note.beats for note in notes]
    if sum(seconds) > _LONGEST:
        raise ValueError(
            f"this melody lasts {sum(seconds):.0f} s; use at most {_LONGEST:.0f} s, or a faster tempo"
        )
    played = [note.frequency for note in notes]
    steps = {note.frequency: _steps(note, frequency) for note in notes} if frequency else {}
    made: dict[tuple[float, float], Sound] = {}
    for length, hertz in zip(seconds, played, strict=True):
        if hertz is not None and (length, hertz) not in made:
            told = (length + _FADE,) if frequency else (length + _FADE, hertz)
            sound = instrument if isinstance(instrument, Sound) else instrument(*told)
            sound = faded_out(sound.crop(0, length + _FADE), _FADE)
            made[length, hertz] = shift(sound, steps[hertz]) if frequency else sound
    if not made:
        return Sound(np.zeros(round(sum(seconds) * 44_100)), 44_100, "a melody of rests")
    first = next(iter(made.values()))
    rate = first.sample_rate
    starts = [round(at * rate) for at in np.cumsum([0.0, *seconds])]
    samples = np.zeros(starts[-1] + round(_FADE * rate))
    for at, length, hertz in zip(starts[:-1], seconds, played, strict=True):
        if hertz is not None:
            part = made[length, hertz].samples[: len(samples) - at]
            samples[at : at + len(part)] += part
    return Sound(samples, rate, f"melody of {len(notes)} notes")


def _parse_item(number: int, words: list[str]) -> MelodyNote:
    written = " ".join(words)
    if len(words) != 2:
        raise ValueError(
            f'item {number} of the melody, "{written}", is not a note and a length; write "D4 1", or "R 1"'
        )
    name, length = words
    try:
        beats = float(length)
    except ValueError:
        beats = np.nan
    if not 0 < beats <= 1000:
        raise ValueError(
            f'item {number} of the melody, "{written}": {length} is not a length in beats; use a number '
            "above 0, such as 1 or 0.5"
        )
    if name.upper() == "R":
        return MelodyNote(name, beats, None)
    if (frequency := note_frequency(name)) is None:
        raise ValueError(
            f'item {number} of the melody, "{written}": {name} is not a note; use a letter from A to G, '
            "perhaps # or b, and an octave, such as F#4, or R for a rest"
        )
    return MelodyNote(name, beats, frequency)


def _steps(note: MelodyNote, frequency: float) -> float | None:
    """Return how many semitones a note is from a frequency; None for a rest."""
    if note.frequency is None:
        return None
    steps = float(12 * np.log2(note.frequency / frequency))
    if abs(steps) > _FARTHEST:
        raise ValueError(
            f"{note.name} is {abs(steps):.0f} semitones from the recording's {frequency:.0f} Hz; stay within "
            f"{_FARTHEST:.0f} semitones of it"
        )
    return steps
