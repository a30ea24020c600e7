"""FrameScaler: a frame as the magnitude and the frequency of every component, or as their changes.

Notebooks: 04_sine_model, 05_deltas.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from rnnsound.config import FeatureConfig
from rnnsound.dsp.frames import Frames
from rnnsound.features.scaler import Scaler


class FrameScaler(Scaler):
    """Turns Frames into standardized vectors of 2 * n_components numbers, and back.

    A network learns best from numbers around 0 with a spread of about 1; magnitudes and frequencies are
    neither. A vector is all magnitudes, then all frequencies, each less its mean and over its standard
    deviation in the recording.

    The frequency of a bin with almost no energy means nothing: it is the phase of noise. It is kept all the
    same, so that the way back gives the frames that went in; resynthesis with locked phases does not listen
    to it.

    Args:
        representation: "absolute" (the frame itself) or "delta" (its change since the frame before; the first
            frame's change is 0).
        magnitude_scale: "linear", or "log": log(1 + magnitude / floor), with a floor 80 dB below the loudest
            magnitude.
        per_component: a mean and a deviation for each component; False takes one pair for all magnitudes and
            one for all frequencies, as the article's software did. What a steady tone does in a bin is then a
            millionth of the spread, and the network cannot see it.
        margin: how far bounds lie beyond what the recording did, as a part of its range.

    After fit, beside what every scaler has:
        frame_bounds: lowest and highest value of every number before it is standardized; of the frames
            themselves, even where their changes are learned.

    Raises:
        ValueError: representation or magnitude_scale is none of those, or margin is negative.

    Notebook: 04_sine_model.
    """

    learned = (*Scaler.learned, "frame_low", "frame_high")

    def __init__(
        self,
        representation: str = "absolute",
        magnitude_scale: str = "linear",
        per_component: bool = True,
        margin: float = 0.25,
    ):
        if representation not in ("absolute", "delta"):
            raise ValueError(f"representation={representation!r} is not known; use 'absolute' or 'delta'")
        FeatureConfig(magnitude_scale=magnitude_scale)  # refuses what is not known
        if not 0 <= margin < np.inf:
            raise ValueError(f"margin={margin} must be 0 or more; 0.25 is usual")
        self.representation = representation
        self.magnitude_scale = magnitude_scale
        self.per_component = per_component
        self.margin = margin

    @classmethod
    def from_config(cls, config: FeatureConfig) -> "FrameScaler":
        """Make the scaler that a config asks for, not yet fitted."""
        return cls(config.representation, config.magnitude_scale, config.per_component)

    def __repr__(self):
        kind = f"{self.representation!r}, {self.magnitude_scale!r}, per_component={self.per_component}"
        return f"FrameScaler({kind})"

    @property
    def adds_up(self) -> bool:
        """Whether vectors are changes, which are added up on the way back."""
        return self.representation == "delta"

    def arrays(self) -> dict[str, np.ndarray]:
        """Return what fit learned, by name, to be kept in a file."""
        return super().arrays() | dict(zip(("frame_low", "frame_high"), self.frame_bounds, strict=True))

    def restore(self, arrays: dict[str, np.ndarray], first: Frames) -> "FrameScaler":
        """Take back what arrays gave.

        Raises:
            ValueError: the arrays are not those of a scaler for frames like first.
        """
        super().restore(arrays, first)
        self.frame_bounds = arrays["frame_low"], arrays["frame_high"]
        if (self.frame_bounds[0] > self.frame_bounds[1]).any():
            raise ValueError("a lower bound is above the upper one")
        return self

    def _learn(self, recordings: Sequence[Frames]) -> None:
        n_components = recordings[0].n_components
        values = [self._values(frames) for frames in recordings]
        # The first frame's change is 0 by definition, not measured.
        learned = np.concatenate([np.diff(v, axis=0) for v in values] if self.adds_up else values)
        values = np.concatenate(values)
        kinds = learned.reshape(len(learned), 2, n_components)
        axes = 0 if self.per_component else (0, 2)
        mean, std = (f(axis=axes, keepdims=True)[0] for f in (kinds.mean, kinds.std))
        self.mean, std = (np.broadcast_to(a, kinds.shape[1:]).flatten() for a in (mean, std))
        # A component that never changes (bin 0) has only rounding for a spread: leave it as it is, at 0.
        rounding = 1e-12 * np.abs(values).max(axis=0)
        self.std = np.where(std > rounding, std, 1.0)
        low, high = self._widen(values)
        low[:n_components] = np.maximum(low[:n_components], 0.0)  # no magnitude is below zero
        self.frame_bounds = low, high
        drawn = self._widen(learned) if self.adds_up else self.frame_bounds
        self.bounds = tuple(((b - self.mean) / self.std).astype(np.float32) for b in drawn)

    def _values(self, frames: Frames) -> np.ndarray:
        """Magnitudes, or their logarithms, and frequencies side by side, (n_frames, 2 * n_components)."""
        logarithmic = self.magnitude_scale == "log"
        return np.hstack([self._log(frames.magnitude) if logarithmic else frames.magnitude, frames.frequency])

    def _frames(self, vectors: np.ndarray, first: Frames, bounded: bool) -> Frames:
        values = vectors.astype(np.float64) * self.std + self.mean
        low, high = self.frame_bounds
        if self.adds_up:
            values[0] += self._values(first)[0]
            if not bounded:
                values = np.cumsum(values, axis=0)
            else:  # added up within the bounds, as a ball is that cannot leave the room
                for before, value in pairwise(values):
                    np.clip(before, low, high, out=before)
                    value += before
        if bounded:
            np.clip(values, low, high, out=values)
        magnitude, frequency = np.hsplit(values, 2)
        if self.magnitude_scale == "log":
            magnitude = self.floor * np.expm1(magnitude)
        return replace(first, magnitude=magnitude, frequency=frequency)

    def _size(self, name: str, n_components: int) -> int:
        return 1 if name == "floor" else 2 * n_components

    def _widen(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest value of each column, moved apart by the margin."""
        low, high = values.min(axis=0), values.max(axis=0)
        margin = self.margin * (high - low)
        return low - margin, high + margin
