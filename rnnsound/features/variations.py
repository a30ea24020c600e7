"""Variations: what a network hears in training of a corpus: notes between notes, and of any length.

A dozen notes are few. Two things make them many. A note is moved a part of the way to its neighbor of the
same instrument, and so is the pitch that the network is told: what lies between is learned, too. Halfway, the
next notes beyond the two have a say as well, for every note has something that is its own alone. Some notes
are moved to one of another instrument instead, so that there is a way from one to the other. And every batch
has a length of its own, from one to seven seconds: notes of one length only would teach the network to count.
Notebook: 10_scaling_up.
"""

from collections.abc import Iterator

import numpy as np

from rnnsound.dsp.corpus_note import HEAD, TAIL
from rnnsound.dsp.harmonics import FFT_SIZE, HOP, LEAD, RATE, frame_times, n_frames_for, seconds_of
from rnnsound.features.conditions import N_PITCH, condition_rows, condition_width, pitch_waves, release
from rnnsound.features.harmonic_scaler import HarmonicScaler
from rnnsound.features.note_table import NoteTable
from rnnsound.features.sequence import Rows, Sequence, Share

TIMES = ("since_onset", "until_end")
"""Names of the conditions that tell a frame's place in the note."""
MIXED = 0.6  # of the notes are moved towards a neighbor
BEYOND = 0.25
"""Share of the notes beyond the two neighbors in what lies halfway between these; none at the notes."""
ACROSS, FARTHEST = 0.15, 4.0
"""Part of the mixed notes that move to another instrument; semitones that its nearest note may be away."""
SHORTEST = 1.0
"""Seconds: a shorter note is made of one that long (see follow); attack and release at once are hard."""
_OWN, _SHORT = 0.4, 0.3  # of the batches: as long as most recordings; short; the others are longer
_OWN_SECONDS, _SHORT_SECONDS, _LONG_SECONDS = HEAD + TAIL, (SHORTEST, 1.5), (1.5, 7.0)
_HELD_FROM = 0.8  # seconds, from where on a note is held
_OF_SHORT = 0.3  # of a note: where that is if it is shorter
_ALIKE = 0.25  # semitones: notes nearer to each other are takes of one pitch


def n_conditions(n_instruments: int) -> int:
    """Return how many numbers the network is told beside each frame."""
    return N_PITCH + n_instruments + condition_width(TIMES)


def tell(midi: np.ndarray, instruments: np.ndarray, n_frames: int, seconds: float) -> np.ndarray:
    """Return what the network is told of each frame of some notes of one length.

    Args:
        midi: their pitches, (n,).
        instruments: how much each is of each instrument, (n, n_instruments); rows sum to 1.
        n_frames: how many frames.
        seconds: their length.

    Returns:
        float32, (n, n_frames, n_conditions).

    Notebook: 10_scaling_up.
    """
    fixed = np.hstack([pitch_waves(midi), np.asarray(instruments, dtype=np.float32)])
    times = condition_rows(TIMES, frame_times(n_frames), seconds)
    shape = (len(fixed), n_frames)
    beside = np.broadcast_to(fixed[:, None], (*shape, fixed.shape[1]))
    return np.concatenate([beside, np.broadcast_to(times, (*shape, times.shape[1]))], axis=2)


def follow(seconds: float, n_recorded: int) -> np.ndarray:
    """Return for every frame of a note of some length which frame of a recording it follows.

    The beginning is as recorded. Then the held part is walked through back and forth for as long as is asked,
    and the end is taken from the recording's end, quicker in a short note.

    Args:
        seconds: length of the note that is asked for.
        n_recorded: frames of the recording.

    Returns:
        int, (n_frames_for(seconds),).

    Notebook: 10_scaling_up.
    """
    recorded = seconds_of(n_recorded)
    its_release, own_release = release(recorded), release(seconds)
    first, last = min(_HELD_FROM, _OF_SHORT * recorded), recorded - its_release
    times = frame_times(n_frames_for(seconds))
    beyond = (times - last) % (2 * (last - first))
    walked = first + np.abs(beyond - (last - first))  # back from last to first, and on again
    held = np.where(times < last, times, walked)
    ending = recorded - (seconds - times) * its_release / own_release
    after = np.where(times <= seconds, ending, recorded + times - seconds)
    at = np.where(times < seconds - own_release, held, after)
    return np.clip(np.rint((at * RATE + LEAD - FFT_SIZE / 2) / HOP).astype(int), 0, n_recorded - 1)


class Variations:
    """The notes of a table, varied anew in every epoch.

    Args:
        table: the notes.
        scaler: fitted to them.
        instruments: names in the order in which the network is told of them.
        batch_size: notes side by side.
        seed: start of the random numbers.

    Notebook: 10_scaling_up.
    """

    def __init__(
        self,
        table: NoteTable,
        scaler: HarmonicScaler,
        instruments: tuple[str, ...],
        batch_size: int,
        seed: int = 0,
    ):
        self.table, self.scaler, self.batch_size, self.seed = table, scaler, batch_size, seed
        self.midi = np.array([note.midi for note in table.notes])
        names = [note.instrument for note in table.notes]
        self.instruments = np.array([[float(name == known) for known in instruments] for name in names])
        self.neighbors, self.across = self._find_neighbors(), self._find_across(names)

    def epoch(self, number: int, rank: int = 0, size: int = 1) -> Iterator[Rows]:
        """Go through all notes once, in a new order, in batches of one length each.

        Args:
            number: of the epoch; it decides the order, the lengths and the mixing.
            rank: of this process among those that share a batch.
            size: how many those are; each gets its rows.
        """
        rng = np.random.default_rng([self.seed, number])
        order = rng.permutation(len(self.table))
        for first in range(0, len(order), self.batch_size):
            chosen = order[first : first + self.batch_size]
            seconds = _draw_seconds(rng)
            amount = np.where(rng.random(len(chosen)) < MIXED, rng.random(len(chosen)), 0.0)
            side = rng.integers(0, 2, len(chosen))
            across = (rng.random(len(chosen)) < ACROSS) & (self.across[chosen] != chosen)
            neighbors = np.where(across, self.across[chosen], self.neighbors[chosen, side])
            share = Share.of(rank, size, len(chosen))
            own = share.rows
            yield self._rows(chosen[own], neighbors[own], amount[own], seconds)._replace(share=share)

    def _rows(self, chosen: np.ndarray, neighbors: np.ndarray, amount: np.ndarray, seconds: float) -> Rows:
        """Return notes moved towards their neighbors, at one length, side by side."""
        midi = (1 - amount) * self.midi[chosen] + amount * self.midi[neighbors]
        mask = self.scaler.mask(midi)[:, None]
        n_frames = n_frames_for(seconds)
        vectors = np.empty((len(chosen), n_frames, mask.shape[2]), dtype=np.float32)
        for row, (number, neighbor, part) in enumerate(zip(chosen, neighbors, amount, strict=True)):
            vectors[row] = self._vectors(number, neighbor, part, seconds, mask[row])
        part = amount[:, None]
        instruments = (1 - part) * self.instruments[chosen] + part * self.instruments[neighbors]
        told = tell(midi, instruments, n_frames, seconds)
        return Rows(vectors * mask, told, mask)

    def _vectors(
        self, number: int, neighbor: int, part: float, seconds: float, mask: np.ndarray
    ) -> np.ndarray:
        """Return a note moved part of the way to its neighbor: what changes slowly moves, the rest stays."""
        recorded = self.table.read(number)
        own = recorded[follow(seconds, len(recorded))]
        vectors = self._standardized(own[:, 0], number)
        if not part or neighbor == number:
            return vectors
        mixed, level = 0.0, 0.0
        for other, share in self._mixture(number, neighbor, part).items():
            means = self.table.read(other)
            means = self._standardized(means[follow(seconds, len(means)), 1], other)
            mixed = mixed + share * means
            level = level + share * self.scaler.level(means, self._mask(other))
        mixed = self.scaler.raised(mixed, level - self.scaler.level(mixed, mask))
        return vectors - self._standardized(own[:, 1], number) + mixed

    def _mixture(self, number: int, neighbor: int, part: float) -> dict[int, float]:
        """Return how much of each note's means a note has that is moved a part of the way to its neighbor."""
        if neighbor == self.across[number]:
            return {number: 1 - part, neighbor: part}
        above = int(self.neighbors[number, 1] == neighbor)
        outer, far = self.neighbors[number, 1 - above], self.neighbors[neighbor, above]
        midi = (1 - part) * self.midi[number] + part * self.midi[neighbor]
        way = (midi - self.midi[outer]) / (self.midi[far] - self.midi[outer])
        beyond = BEYOND * 4 * part * (1 - part)
        shares = dict.fromkeys((number, neighbor, outer, far), 0.0)  # at the ends, some are the same note
        for other, share in ((number, 1 - part), (neighbor, part)):
            shares[other] += (1 - beyond) * share
        for other, share in ((outer, 1 - way), (far, way)):
            shares[other] += beyond * share
        return shares

    def _standardized(self, values: np.ndarray, number: int) -> np.ndarray:
        return self.scaler.transform(values, self._mask(number))

    def _mask(self, number: int) -> np.ndarray:
        return self.scaler.mask(self.midi[number : number + 1])

    def _find_neighbors(self) -> np.ndarray:
        """Return the next lower and the next higher note of each one's instrument, or itself, (n, 2).

        Takes of one pitch are no neighbors: between them nothing lies.
        """
        found = np.repeat(np.arange(len(self.table))[:, None], 2, axis=1)
        for instrument in self.table.instruments:
            notes = np.array(self.table.of_instrument(instrument))
            midi = self.midi[notes]
            below, above = np.searchsorted(midi, midi - _ALIKE) - 1, np.searchsorted(midi, midi + _ALIKE)
            found[notes[below >= 0], 0] = notes[below[below >= 0]]
            found[notes[above < len(notes)], 1] = notes[above[above < len(notes)]]
        return found

    def _find_across(self, names: list[str]) -> np.ndarray:
        """Return of each note the nearest in pitch of another instrument, or itself if none is near, (n,)."""
        found, away = np.arange(len(names)), np.full(len(names), np.nextafter(FARTHEST, np.inf))
        order = np.argsort(self.midi, kind="stable")
        for way in (order, order[::-1]):
            last = other = -1  # the note before, and the last one of another instrument
            for here in way:
                other = last if last >= 0 and names[last] != names[here] else other
                if other >= 0 and abs(self.midi[here] - self.midi[other]) < away[here]:
                    found[here], away[here] = other, abs(self.midi[here] - self.midi[other])
                last = here
        return found


class HeldOut:
    """The notes of a table as they were recorded, each a Sequence, one after the other.

    Args:
        table: the notes.
        scaler: fitted to the notes that are learned.
        instruments: names in the order in which the network is told of them.

    Notebook: 10_scaling_up.
    """

    def __init__(self, table: NoteTable, scaler: HarmonicScaler, instruments: tuple[str, ...]):
        self.table, self.scaler, self.instruments = table, scaler, instruments

    def __len__(self):
        return len(self.table)

    def __iter__(self) -> Iterator[Sequence]:
        for number, note in enumerate(self.table.notes):
            values, midi = self.table.read(number)[:, 0], np.array([note.midi])
            mask = self.scaler.mask(midi)
            which = np.array([[float(note.instrument == known) for known in self.instruments]])
            told = tell(midi, which, len(values), seconds_of(len(values)))[0]
            yield Sequence(self.scaler.transform(values, mask), told, note.name, mask[0])


def _draw_seconds(rng: np.random.Generator) -> float:
    kind = rng.random()
    if kind < _OWN:
        return _OWN_SECONDS
    return float(rng.uniform(*(_SHORT_SECONDS if kind < _OWN + _SHORT else _LONG_SECONDS)))
