"""Sequence: what the network reads of one recording. Notebook: 04_sine_model."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np


@dataclass(frozen=True, eq=False)
class Sequence:
    """The vectors of one recording, in order, and what the network is told beside them.

    Training takes a list of these: what the network remembers never crosses from one recording into the next.

    Args:
        vectors: standardized frames, (n_frames, n_features).
        conditions: a row for each frame, (n_frames, n_conditions); None: nothing is told.
        name: what messages call the recording.
        mask: 1, or 0 for numbers that the recording does not have, (n_features,); None: it has all.
        moved: how likely a stretch of it is to be heard too early or too late in training, from 0 to 1.

    Raises:
        ValueError: the shapes do not fit, there are fewer than two frames, or a number is not finite.

    Notebook: 04_sine_model.
    """

    vectors: np.ndarray
    conditions: np.ndarray | None = None
    name: str = "recording"
    mask: np.ndarray | None = None
    moved: float = 0.0

    def __post_init__(self):
        vectors = np.asarray(self.vectors, dtype=np.float32)
        if vectors.ndim != 2 or len(vectors) < 2:
            raise ValueError(
                f"{self.name}: vectors have shape {vectors.shape}; use (n_frames, n_features), 2 or more"
            )
        told = np.zeros((len(vectors), 0)) if self.conditions is None else self.conditions
        conditions = np.asarray(told, dtype=np.float32)
        if conditions.ndim != 2 or len(conditions) != len(vectors):
            raise ValueError(
                f"{self.name}: conditions have shape {conditions.shape}; use ({len(vectors)}, n_conditions), "
                "a row for each frame"
            )
        if self.mask is not None and np.shape(self.mask) != vectors.shape[1:]:
            shape = np.shape(self.mask)
            raise ValueError(f"{self.name}: the mask has shape {shape}; use {vectors.shape[1:]}")
        for name, values in {"vectors": vectors, "conditions": conditions}.items():
            if not np.isfinite(values).all():
                raise ValueError(f"{self.name}: {name} hold NaN or infinity; use finite frames")
            object.__setattr__(self, name, values)

    def __len__(self):
        return len(self.vectors)


class Share(NamedTuple):
    """The rows of a batch that one of several processes learns.

    Args:
        rows: their numbers in the whole batch.
        total: how many rows the whole batch has; 0: it has no others than these.
        weight: the part of the whole that they count for.
    """

    rows: slice = slice(None)
    total: int = 0
    weight: float = 1.0

    @classmethod
    def of(cls, rank: int, size: int, total: int) -> "Share":
        """Deal the rows out to all processes in turn.

        Where there are fewer rows than processes, one that gets none takes part with the first row, which
        counts nothing: a step is made by all or by none.

        Args:
            rank: number of the process, counted from 0.
            size: how many processes there are.
            total: how many rows the whole batch has.
        """
        if rank >= total:
            return cls(slice(0, 1), total, 0.0)
        rows = slice(rank, total, size)
        return cls(rows, total, len(range(total)[rows]) / total)


class Rows(NamedTuple):
    """Sequences of one length, side by side: a batch that needs no padding.

    Args:
        vectors: standardized frames, 0 where the mask is, float32, (batch, length, n_features).
        conditions: of each frame, float32, (batch, length, n_conditions).
        mask: 1, or 0 for numbers that a sequence does not have, float32, (batch, 1, n_features).
        share: which of the whole batch's rows these are, if several processes share it.
    """

    vectors: np.ndarray
    conditions: np.ndarray
    mask: np.ndarray
    share: Share = Share()


class Lessons(Protocol):
    """What training can go through in place of a list of sequences: other batches in every epoch."""

    def epoch(self, number: int, rank: int = 0, size: int = 1) -> Iterator[Rows]:
        """Go through everything once.

        Args:
            number: of the epoch, counted from 0.
            rank: of this process among those that train together.
            size: how many those are. Each gets other rows of the same batches, in as many batches.
        """
        ...
