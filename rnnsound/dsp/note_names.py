"""Names of notes: which pitch F#4 means, and which note a file's name speaks of.

Notebook: 10_scaling_up.
"""

import re

_SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_NOTE = re.compile(r"([A-Ga-g])([#b]?)(-?\d)")
# In a file's name s stands for #, which some systems do not like; a word of its own, for "Part2" is no note.
_IN_FILE_NAME = re.compile(r"(?<![^\W_])([A-G])([#bs]?)(\d)(?![^\W_])")
_ACCIDENTALS = {"#": 1, "s": 1, "b": -1, "": 0}


def note_frequency(name: str) -> float | None:
    """Return the equal-tempered frequency of a note in Hz: A4 has 440; None if this is no note's name.

    Args:
        name: a letter from A to G, perhaps # or b, and the number of its octave.
    """
    found = _NOTE.fullmatch(name)
    return None if found is None else 440.0 * 2 ** ((_midi(*found.groups()) - 69) / 12)


def midi_in_file_name(stem: str) -> int | None:
    """Return the MIDI number of the one note that a file's name speaks of, such as Fs6 or flute_Bb3, or None.

    Args:
        stem: the name without its ending.
    """
    found = _IN_FILE_NAME.findall(stem)
    return _midi(*found[0]) if len(found) == 1 else None


def note_name(midi: float) -> str:
    """Return the name of the note that is nearest to a MIDI number."""
    nearest = round(midi)
    return f"{_NAMES[nearest % 12]}{nearest // 12 - 1}"


def _midi(letter: str, accidental: str, octave: str) -> int:
    return 12 * (int(octave) + 1) + _SEMITONES[letter.upper()] + _ACCIDENTALS[accidental]
