"""HarmonicScaler: harmonic frames as vectors that one network learns of many notes, and back.

Notebook: 10_scaling_up.
"""

import numpy as np

from rnnsound.dsp.harmonics import (
    HARMONIC,
    HIGHEST,
    N_BANDS,
    N_PARTIALS,
    HarmonicFrames,
    to_hertz,
)
from rnnsound.features.note_table import N_VALUES, QUIETEST_NOISE, QUIETEST_PARTIAL, NoteTable

_UNIT = 2.0  # a vector's 1, in root-mean-square deviations
_MARGIN = 0.1  # beyond what the notes reach, in those units
_FARTHEST = 1.5  # semitones that a pitch may move from its note's own
_TINY = 1e-6


class HarmonicScaler:
    """Turns the numbers of harmonic frames into standardized vectors, and vectors into harmonic frames.

    All partials share one unit and all noise bands another: twice their root-mean-square deviation. A
    partial that a note has no room for, above HIGHEST, is 0, its mean, where it is learned and where it is
    drawn.

    After fit:
        mean, std: of every number over all notes that have it, (N_VALUES,).
        low, high: what the notes' vectors reach, give or take a margin, (N_VALUES,).

    Notebook: 10_scaling_up.
    """

    learned = ("mean", "std", "low", "high")
    """Names of what is kept in a file."""

    def __repr__(self):
        return "HarmonicScaler()"

    def fit(self, table: NoteTable) -> "HarmonicScaler":
        """Learn means, deviations and bounds, one note after the other."""
        total, squares, count = np.zeros((3, N_VALUES))
        lowest, highest = np.full(N_VALUES, np.inf), np.full(N_VALUES, -np.inf)
        masks = self.mask(np.array([note.midi for note in table.notes]))
        for number, mask in enumerate(masks):
            values = table.read(number)[:, 0].astype(np.float64)
            total += mask * values.sum(axis=0)
            squares += mask * (values**2).sum(axis=0)
            count += mask * len(values)
            lowest = np.where(mask > 0, np.minimum(lowest, values.min(axis=0)), lowest)
            highest = np.where(mask > 0, np.maximum(highest, values.max(axis=0)), highest)
        used = count > 0
        self.mean = np.where(used, total / np.maximum(count, 1), 0.0)
        variance = np.where(used, squares / np.maximum(count, 1) - self.mean**2, 0.0)
        std = np.sqrt(np.maximum(variance, 0.0))
        for kind in (slice(0, N_PARTIALS), slice(N_PARTIALS, N_PARTIALS + N_BANDS)):
            std[kind] = _UNIT * np.sqrt(np.mean(std[kind] ** 2))
        self.std = np.where(std > _TINY, std, 1.0)
        self.low = np.where(used, (lowest - self.mean) / self.std - _MARGIN, 0.0)
        self.high = np.where(used, (highest - self.mean) / self.std + _MARGIN, 0.0)
        return self

    def mask(self, midi: np.ndarray) -> np.ndarray:
        """Return which numbers notes of some pitches have: 1 or 0, float32, (n, N_VALUES)."""
        fundamental = to_hertz(np.asarray(midi))[:, None]
        there = fundamental * HARMONIC < HIGHEST
        rest = np.ones((len(there), N_BANDS + 1), dtype=bool)
        return np.hstack([there, rest]).astype(np.float32)

    def transform(self, values: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Turn numbers of frames into vectors, float32, (..., N_VALUES)."""
        return (((values - self.mean) / self.std) * mask).astype(np.float32)

    def level(self, vectors: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Return how strong the partials of frames are together: half the logarithm of their power.

        Args:
            vectors: (n_frames, N_VALUES).
            mask: which numbers the note has, (1, N_VALUES).

        Returns:
            (n_frames, 1), in nepers: by as much do logarithms of amplitudes rise if all partials are raised.
        """
        partials = slice(0, N_PARTIALS)
        values = vectors[:, partials] * self.std[partials] + self.mean[partials]
        power = np.exp(2 * values) @ mask[0, partials]
        return 0.5 * np.log(power)[:, None]

    def raised(self, vectors: np.ndarray, by: np.ndarray) -> np.ndarray:
        """Return vectors whose partials are stronger by so many nepers, (n_frames, 1)."""
        louder = vectors.copy()
        louder[:, :N_PARTIALS] += by / self.std[:N_PARTIALS]
        return louder

    def inverse_transform(self, vectors: np.ndarray, midi: float) -> HarmonicFrames:
        """Turn vectors into the frames of a note.

        Args:
            vectors: (n_frames, N_VALUES).
            midi: the note's pitch.
        """
        values = np.asarray(vectors, dtype=np.float64) * self.std + self.mean
        partials = QUIETEST_PARTIAL * np.expm1(np.maximum(values[:, :N_PARTIALS], 0))
        noise = QUIETEST_NOISE * np.expm1(np.maximum(values[:, N_PARTIALS:-1], 0))
        mask = self.mask(np.array([midi]))[0]
        pitch = to_hertz(midi + np.clip(values[:, -1], -_FARTHEST, _FARTHEST))
        return HarmonicFrames(partials * mask[:N_PARTIALS], noise, pitch, HARMONIC)

    def bounds(self, midi: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the range in which vectors of a note are kept, two of (N_VALUES,)."""
        mask = self.mask(np.array([midi]))[0]
        return self.low * mask, self.high * mask

    def silence(self, midi: float) -> np.ndarray:
        """Return the vector of a silent frame, (N_VALUES,)."""
        return self.transform(np.zeros(N_VALUES), self.mask(np.array([midi]))[0])

    def arrays(self) -> dict[str, np.ndarray]:
        """Return what fit learned, by name, to be kept in a file."""
        return {name: getattr(self, name) for name in self.learned}

    def restore(self, arrays: dict[str, np.ndarray]) -> "HarmonicScaler":
        """Take back what arrays gave.

        Raises:
            ValueError: the arrays are not those of a HarmonicScaler.
        """
        if {name: array.shape for name, array in arrays.items()} != dict.fromkeys(self.learned, (N_VALUES,)):
            raise ValueError("the means, deviations or bounds have the wrong names or shapes")
        if not (arrays["std"] > 0).all() or (arrays["low"] > arrays["high"]).any():
            raise ValueError("a deviation is not above 0, or a lower bound is above the upper one")
        for name, array in arrays.items():
            setattr(self, name, array)
        return self
