"""Recordings, cut into streams that are trained side by side, piece by piece.

Source: Williams and Peng, "An Efficient Gradient-Based Algorithm for On-Line Training of Recurrent Network
Trajectories", 1990 (truncated back-propagation through time). Notebook: 02_lstm.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from rnnsound.features.sequence import Rows, Sequence, Share
from rnnsound.nn.mdn import NOTHING, Mixture
from rnnsound.nn.network import SoundRNN


class Piece(NamedTuple):
    """What one training step sees of a batch of streams.

    Args:
        heard: frames that the network reads, (batch, time, n_features).
        conditions: what it is told of the frame after each, (batch, time, n_conditions).
        target: the frame after each, (batch, time, n_features).
        valid: False where a stream has ended and padding follows, (batch, time); None: nowhere.
        mask: 0 for numbers that a sequence does not have, otherwise 1, (batch, 1, n_features); None: all 1.
    """

    heard: Tensor
    conditions: Tensor
    target: Tensor
    valid: Tensor | None = None
    mask: Tensor | None = None

    def what_counts(self, mixture: Mixture, loss: str) -> tuple[Mixture, Tensor]:
        """Return mixture and target as a loss is to see them.

        Padded frames are left out. Numbers that a sequence does not have are said to be right, whatever the
        network says, with the deviation at which they add nothing to the loss, nor to its gradient.

        Args:
            mixture: log_weights (batch, time, K), means and log_stds (batch, time, K, n_features).
            loss: its name in LOSSES.

        Returns:
            The same, or where some frames are left out (n_frames, K) and (n_frames, K, n_features); and the
            target, (batch, time, n_features) or (n_frames, n_features).
        """
        log_weights, means, log_stds = mixture
        if self.mask is not None:
            there = self.mask.unsqueeze(-2) > 0  # beside the axis of mixture components
            means = torch.where(there, means, self.target.unsqueeze(-2))
            log_stds = torch.where(there, log_stds, NOTHING[loss])
            mixture = Mixture(log_weights, means, log_stds)
        if self.valid is None:
            return mixture, self.target
        return Mixture(*(part[self.valid] for part in mixture)), self.target[self.valid]


class Batch(NamedTuple):
    """Streams that are read side by side; where one is shorter than the longest, padding follows.

    Args:
        frames: (batch, length, n_features).
        conditions: (batch, length, n_conditions).
        lengths: frames of each stream, (batch,); None: all are of full length.
        mask: as for Piece.
        share: which rows these are of a batch that several processes share.
        moved: how likely each stream is to be heard at another moment than is told, (batch,); None: not.
    """

    frames: Tensor
    conditions: Tensor
    lengths: Tensor | None = None
    mask: Tensor | None = None
    share: Share = Share()
    moved: Tensor | None = None

    def pieces(self, sequence_length: int, heard: Tensor | None = None) -> Iterator[Piece]:
        """Return the batch in pieces of so many steps from frame to frame; the last may be shorter.

        Args:
            sequence_length: the number of steps.
            heard: what is heard in place of its frames, (batch, length, n_features); None: they themselves.
        """
        heard = self.frames if heard is None else heard
        n_frames = self.frames.shape[1]
        shortest = n_frames if self.lengths is None else int(self.lengths.min())
        for first in range(0, n_frames - 1, sequence_length):
            last = min(first + sequence_length, n_frames - 1)
            target = slice(first + 1, last + 1)
            valid = None
            if last >= shortest:
                numbers = torch.arange(first + 1, last + 1, device=self.lengths.device)
                valid = numbers < self.lengths[:, None]
            told = self.conditions[:, target]
            yield Piece(heard[:, first:last], told, self.frames[:, target], valid, self.mask)

    def to(self, device: torch.device) -> "Batch":
        """Return the batch on another device."""
        return Batch(*(part.to(device) if isinstance(part, Tensor) else part for part in self))


def to_batch(rows: Rows) -> Batch:
    """Return sequences of one length as a batch."""
    vectors, conditions, mask, share = rows
    return Batch(torch.from_numpy(vectors), torch.from_numpy(conditions), None, torch.from_numpy(mask), share)


def make_streams(sequences: list[Sequence], batch_size: int, network: SoundRNN) -> list[Batch]:
    """Cut recordings into streams of about equal length, and put batch_size of them side by side.

    Each recording is cut into one stream or more, the longer the more. A stream ends with the frame that the
    next of the same recording begins with, so that no step from frame to frame is lost in between; at the end
    of a recording fewer frames than it has streams are left over. More recordings than batch_size make more
    than one batch.

    Raises:
        ValueError: there are no recordings, they do not fit the network, or they have too few frames.
    """
    if not sequences:
        raise ValueError("there is no recording to learn; give at least one Sequence")
    for sequence in sequences:
        shapes = sequence.vectors.shape[1], sequence.conditions.shape[1]
        if shapes != (network.n_features, network.n_conditions):
            raise ValueError(
                f"{sequence.name}: vectors have shape {sequence.vectors.shape} and conditions "
                f"{sequence.conditions.shape}; this network reads {network.n_features} features and is told "
                f"{network.n_conditions} conditions"
            )
    steps = [len(sequence) - 1 for sequence in sequences]
    if sum(steps) < batch_size:
        raise ValueError(
            f"{sum(steps) + 1} frames are too few for batch_size={batch_size}, which needs {batch_size + 1}; "
            "use a longer recording or a smaller batch_size"
        )
    cuts = [1] * len(sequences)
    for _ in range(batch_size - len(sequences)):
        longest = int(np.argmax([n / k for n, k in zip(steps, cuts, strict=True)]))
        cuts[longest] += 1
    streams = [stream for s, k in zip(sequences, cuts, strict=True) for stream in _cut(s, k)]
    streams.sort(key=len, reverse=True)  # like lengths need little padding
    return [_side_by_side(streams[i : i + batch_size]) for i in range(0, len(streams), batch_size)]


def _cut(sequence: Sequence, count: int) -> list[Sequence]:
    """Cut a recording into so many streams of equal length."""
    length = (len(sequence) - 1) // count
    parts = [slice(i * length, (i + 1) * length + 1) for i in range(count)]
    vectors, conditions = sequence.vectors, sequence.conditions
    return [replace(sequence, vectors=vectors[part], conditions=conditions[part]) for part in parts]


def _side_by_side(streams: list[Sequence]) -> Batch:
    lengths = [len(stream) for stream in streams]
    shape, first = (len(streams), max(lengths)), streams[0]
    n_features = first.vectors.shape[1]
    frames = np.zeros((*shape, n_features), dtype=np.float32)
    conditions = np.zeros((*shape, first.conditions.shape[1]), dtype=np.float32)
    mask = None
    if any(stream.mask is not None for stream in streams):
        mask = torch.ones(len(streams), 1, n_features)
    for row, stream in enumerate(streams):
        frames[row, : len(stream)], conditions[row, : len(stream)] = stream.vectors, stream.conditions
        if stream.mask is not None:
            mask[row, 0] = torch.as_tensor(stream.mask)
    moved = torch.tensor([stream.moved for stream in streams]) if any(s.moved for s in streams) else None
    frames, conditions = torch.from_numpy(frames), torch.from_numpy(conditions)
    return Batch(frames, conditions, torch.tensor(lengths), mask, moved=moved)
