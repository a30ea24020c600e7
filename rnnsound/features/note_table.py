"""Notes of a corpus as numbers: what was measured of each, frame by frame, kept in memory or on disk.

Notebook: 10_scaling_up.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rnnsound.dsp.harmonics import (
    N_BANDS,
    N_PARTIALS,
    HarmonicFrames,
    frame_times,
    seconds_of,
    to_midi,
)

N_VALUES = N_PARTIALS + N_BANDS + 1
"""Numbers in one frame: partials, bands of noise, pitch."""
QUIETEST_PARTIAL, QUIETEST_NOISE = 1e-5, 2e-6
"""Where logarithms of amplitudes and of noise level off."""

_SMOOTHED = 15.0  # frames: the deviation of the bell that a held note's means are taken with
_BELL = np.exp(-0.5 * (np.arange(-40, 41) / _SMOOTHED) ** 2)
_FROM, _UNTIL = (0.3, 0.5), (0.4, 1.0)  # seconds: where the held part begins and ends, and how gently


class Note(NamedTuple):
    """What is known of one note of a corpus.

    Args:
        name: of its file.
        instrument: its name.
        midi: its measured pitch as a MIDI number, fractions allowed.
    """

    name: str
    instrument: str
    midi: float


@dataclass(frozen=True, eq=False)
class NoteTable:
    """The frames of many notes, one after the other.

    Args:
        notes: what is known of each.
        starts: where each one's frames begin, and where the last one's end, (n_notes + 1,).
        values: a row for each frame, its numbers and beside them their slow means, float32,
            (n_frames, 2, N_VALUES); or the file that holds just that.
        peak: largest sample of all notes.

    Notebook: 10_scaling_up.
    """

    notes: tuple[Note, ...]
    starts: np.ndarray
    values: np.ndarray | Path
    peak: float

    def __len__(self):
        return len(self.notes)

    @classmethod
    def of(cls, notes: list[tuple[Note, HarmonicFrames]], peak: float) -> "NoteTable":
        """Make a table in memory of notes that were measured."""
        values = [note_values(frames, note.midi) for note, frames in notes]
        starts = np.cumsum([0, *map(len, values)])
        return cls(tuple(note for note, _ in notes), starts, np.concatenate(values), peak)

    def read(self, number: int) -> np.ndarray:
        """Return a note's numbers and their slow means, (n_frames, 2, N_VALUES).

        From a file they are read anew each time: however large the corpus, memory holds what is in use.
        """
        first, last = (int(edge) for edge in self.starts[number : number + 2])
        if isinstance(self.values, np.ndarray):
            return self.values[first:last]
        size = 2 * N_VALUES
        flat = np.fromfile(self.values, np.float32, (last - first) * size, offset=4 * first * size)
        return flat.reshape(-1, 2, N_VALUES)

    @property
    def instruments(self) -> tuple[str, ...]:
        """Names of the instruments, each once, in the order of the alphabet."""
        return tuple(sorted({note.instrument for note in self.notes}))

    def of_instrument(self, instrument: str) -> list[int]:
        """Return the numbers of an instrument's notes, from the lowest to the highest."""
        numbers = [i for i, note in enumerate(self.notes) if note.instrument == instrument]
        return sorted(numbers, key=lambda i: self.notes[i].midi)

    def without(self, left_out: set[int]) -> "NoteTable":
        """Return a table in memory of the notes but those of some numbers."""
        kept = [i for i in range(len(self)) if i not in left_out]
        values = [self.read(i) for i in kept]
        starts = np.cumsum([0, *map(len, values)])
        return NoteTable(tuple(self.notes[i] for i in kept), starts, np.concatenate(values), self.peak)


def note_values(frames: HarmonicFrames, midi: float) -> np.ndarray:
    """Return a note's numbers and their slow means, float32, (n_frames, 2, N_VALUES).

    Logarithms of the partials' amplitudes and of the noise, which level off far below what can be heard, and
    the pitch's distance from the note's own in semitones. The slow means follow attack and release, and leave
    out vibrato and breath where the note is held.

    Notebook: 10_scaling_up.
    """
    values = np.hstack(
        [
            np.log1p(frames.amplitude / QUIETEST_PARTIAL),
            np.log1p(frames.noise / QUIETEST_NOISE),
            (to_midi(frames.pitch) - midi)[:, None],
        ]
    )
    reach = len(_BELL) // 2
    padded = np.pad(values, ((reach, reach), (0, 0)), mode="edge")
    smooth = sum(share * padded[i : i + len(values)] for i, share in enumerate(_BELL / _BELL.sum()))
    times = frame_times(len(values))
    left = seconds_of(len(values)) - times
    held = np.clip((times - _FROM[0]) / _FROM[1], 0, 1) * np.clip((left - _UNTIL[1]) / _UNTIL[0], 0, 1)
    means = values + held[:, None] * (smooth - values)
    return np.stack([values, means], axis=1).astype(np.float32)
