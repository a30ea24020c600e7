"""Resets: in generation, every so often, the frame that was drawn is replaced by one from a recording.

A model of changes adds up its own errors. Nothing tells it where it is, so it walks away; a reset puts it
back. Phases are not reset, they run on from where they are: the windows of the frames before and after
overlap, so the change of magnitudes and frequencies is a crossfade of one window's length, not a click.

Source: the tutorial's article. Notebook: 06_clarinet.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from rnnsound.dsp.frames import Frames
from rnnsound.features.scaler import Scaler


class Resets(NamedTuple):
    """When to reset, and to what.

    Args:
        frames: numbers of the frames that are replaced, in order, (n,).
        chosen: frame of the source that takes the place of each, (n,).
        source: frames of a recording.
    """

    frames: np.ndarray
    chosen: np.ndarray
    source: Frames

    @classmethod
    def draw(cls, n_frames: int, per_second: float, source: Frames, seed: int = 0) -> "Resets":
        """Draw random times and random frames from the middle half of the source.

        Every frame is replaced with the same probability, whatever happened before, so resets come at
        irregular times, per_second of them in a second on average.

        Raises:
            ValueError: per_second is negative, or more than there are frames.
        """
        frame_rate = source.sample_rate / source.hop_size
        if not 0 <= per_second <= frame_rate:
            raise ValueError(f"resets_per_second={per_second} is out of range; use 0 to {frame_rate:.0f}")
        rng = np.random.default_rng([seed, 1])  # not the numbers that the frames are drawn with
        frames = np.flatnonzero(rng.random(n_frames) < per_second / frame_rate)
        first, last = len(source) // 4, max(3 * len(source) // 4, len(source) // 4 + 1)
        return cls(frames, rng.integers(first, last, len(frames)), source)

    @property
    def times(self) -> np.ndarray:
        """Times of the replaced frames' middles in seconds, (n,)."""
        return replace(self.source, start=0).time_of(self.frames)

    def vectors(self, scaler: Scaler) -> dict[int, np.ndarray]:
        """Return what the network hears in place of its own draw, by frame."""
        heard = scaler.transform(self.source)
        return {int(t): heard[k] for t, k in zip(self.frames, self.chosen, strict=True)}

    def add_up(self, scaler: Scaler, vectors: np.ndarray, first: Frames, bounded: bool) -> Frames:
        """Turn deltas into frames, starting anew from the chosen frame at every reset.

        Args:
            scaler: of deltas.
            vectors: (n_frames, n_features).
            first: what the first delta is added to.
            bounded: as for Scaler.inverse_transform.
        """
        edges = [0, *self.frames.tolist(), len(vectors)]
        before = [first] + [self.source[max(k - 1, 0) :][:1] for k in self.chosen.tolist()]
        parts = [
            scaler.inverse_transform(vectors[start:stop], frame, bounded)
            for frame, start, stop in zip(before, edges[:-1], edges[1:], strict=True)
            if stop > start
        ]
        magnitude, frequency = (
            np.concatenate([getattr(p, n) for p in parts]) for n in ("magnitude", "frequency")
        )
        return replace(first, magnitude=magnitude, frequency=frequency)
