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

_FEWEST_INNER, _ONE_IN = 3, 8  # inner notes: from how many on some are held out; one in so many
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
        starts: which row each one's frames begin in, (n_notes,).
        lengths: how many they are, (n_notes,).
        values: a row for each frame, its numbers and beside them their slow means, float32,
            (n_frames, 2, N_VALUES); or the file that holds just that.
        peak: largest sample of all notes.

    Notebook: 10_scaling_up.
    """

    notes: tuple[Note, ...]
    starts: np.ndarray
    lengths: np.ndarray
    values: np.ndarray | Path
    peak: float

    def __len__(self):
        return len(self.notes)

    @classmethod
    def of(cls, notes: list[tuple[Note, HarmonicFrames]], peak: float) -> "NoteTable":
        """Make a table in memory of notes that were measured."""
        values = [note_values(frames, note.midi) for note, frames in notes]
        lengths = np.array([len(rows) for rows in values])
        starts = np.cumsum(lengths) - lengths
        return cls(tuple(note for note, _ in notes), starts, lengths, np.concatenate(values), peak)

    def read(self, number: int) -> np.ndarray:
        """Return a note's numbers and their slow means, (n_frames, 2, N_VALUES).

        From a file they are read anew each time: however large the corpus, memory holds what is in use.

        Raises:
            OSError: the file is gone, or was cut short while in use.
        """
        first, length = int(self.starts[number]), int(self.lengths[number])
        if isinstance(self.values, np.ndarray):
            return self.values[first : first + length]
        size = 2 * N_VALUES
        flat = np.fromfile(self.values, np.float32, length * size, offset=4 * first * size)
        if len(flat) != length * size:
            raise OSError(f"{self.values}: this file was changed while in use; start again")
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
        """Return a table of the notes but those of some numbers; their frames stay where they are."""
        kept = [i for i in range(len(self)) if i not in left_out]
        notes = tuple(self.notes[i] for i in kept)
        return NoteTable(notes, self.starts[kept], self.lengths[kept], self.values, self.peak)

    def split(self, seed: int = 0) -> "tuple[NoteTable, NoteTable | None]":
        """Return the notes to learn, and those to test with what was learned; None if there are too few.

        Of each instrument that has at least five notes, about one inner note in eight is held out, spread
        over its range. The lowest and the highest are always learned: what lies beyond is not tested.

        Args:
            seed: start of the random numbers that choose.
        """
        rng, held_out = np.random.default_rng(seed), set()
        for instrument in self.instruments:
            inner = self.of_instrument(instrument)[1:-1]
            if len(inner) >= _FEWEST_INNER:
                parts = np.array_split(inner, max(round(len(inner) / _ONE_IN), 1))
                held_out |= {int(rng.choice(part)) for part in parts}
        learned = self.without(held_out)
        return learned, self.without(set(range(len(self))) - held_out) if held_out else None


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
