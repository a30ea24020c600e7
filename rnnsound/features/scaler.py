"""What all scalers share: from frames to the vectors that a network learns well, and back.

A scaler learns means, deviations and bounds from a recording's frames. One of its own says only which numbers
stand for a frame (_values), how they are standardized (_learn), and how numbers become a frame again
(_frames). Notebook: 04_sine_model.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from rnnsound.config import FeatureConfig
from rnnsound.dsp.frames import Frames

_QUIET = 1e-4  # of the loudest magnitude: -80 dB; log magnitudes level off below it


class Scaler(ABC):
    """Turns Frames into standardized vectors and vectors into Frames.

    After fit:
        first: the first frame fitted.
        floor: magnitude 80 dB below the loudest, where log magnitudes level off.
        mean, std: of every number, (n_features,).
        bounds: lowest and highest value that the recording's vectors reach, give or take a margin, two of
            (n_features,).

    Notebook: 04_sine_model.
    """

    adds_up = False
    """Whether vectors are changes, which are added up on the way back."""
    learned: tuple[str, ...] = ("floor", "mean", "std", "low", "high")
    """Names of what is kept in a file."""

    @classmethod
    def from_config(cls, config: FeatureConfig) -> "Scaler":
        """Make the scaler that a config asks for, not yet fitted."""
        return cls()

    def fit(self, *recordings: Frames) -> "Scaler":
        """Learn means, deviations and bounds from a recording's frames, or from several recordings'.

        Give it measured frames only: frame 0 of an analysis reports bin centers, and the last may reach
        beyond the end of the sound. In a steady tone those two would be most of the spread: `frames[1:-1]`
        leaves them out.

        Raises:
            ValueError: there are fewer than two frames.
        """
        if not recordings or min(map(len, recordings)) < 2:
            raise ValueError("fewer than two frames have no spread to standardize by; use a longer recording")
        self.first = recordings[0][:1]
        loudest = max(np.abs(frames.magnitude).max() for frames in recordings)
        self.floor = _QUIET * max(loudest, np.finfo(np.float32).tiny)
        self._learn(recordings)
        return self

    def transform(self, frames: Frames) -> np.ndarray:
        """Turn frames into vectors.

        Returns:
            float32, (n_frames, n_features).

        Raises:
            ValueError: the frames have another number of components than those fitted, or none were.
        """
        fitted = self._fitted().first.n_components
        if frames.n_components != fitted:
            raise ValueError(
                f"the frames have {frames.n_components} components, the scaler was fitted to {fitted}; "
                "analyze with the same n_components"
            )
        return ((self._changing(self._values(frames)) - self.mean) / self.std).astype(np.float32)

    def inverse_transform(
        self, vectors: np.ndarray, first: Frames | None = None, bounded: bool = False
    ) -> Frames:
        """Turn vectors into frames.

        Args:
            vectors: (n_frames, n_features).
            first: its frame 0 gives the starting phases and, for changes, what the first of them is added to;
                None takes the first frame fitted.
            bounded: keep every frame where the recording was, give or take the margin.

        Raises:
            ValueError: the vectors have another length than those of transform, or hold NaN or infinity.
        """
        if np.ndim(vectors) != 2 or np.shape(vectors)[1] != self.n_features:
            raise ValueError(f"vectors have shape {np.shape(vectors)}; use (n_frames, {self.n_features})")
        first = self.first if first is None else first[:1]
        return self._frames(np.asarray(vectors), first, bounded)

    @property
    def n_features(self) -> int:
        """How many numbers stand for one frame."""
        return len(self._fitted().mean)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return what fit learned, by name, to be kept in a file."""
        low, high = self.bounds
        return {"floor": np.array([self.floor]), "mean": self.mean, "std": self.std, "low": low, "high": high}

    def restore(self, arrays: dict[str, np.ndarray], first: Frames) -> "Scaler":
        """Take back what arrays gave.

        Raises:
            ValueError: the arrays are not those of a scaler for frames like first.
        """
        shapes = {name: (self._size(name, first.n_components),) for name in self.learned}
        if {name: array.shape for name, array in arrays.items()} != shapes:
            raise ValueError("the means, deviations or bounds have the wrong names or shapes")
        if not (arrays["floor"] > 0).all() or not (arrays["std"] > 0).all():
            raise ValueError("a deviation is not above 0")
        if (arrays["low"] > arrays["high"]).any():
            raise ValueError("a lower bound is above the upper one")
        self.floor, self.first = float(arrays["floor"][0]), first
        self.mean, self.std, self.bounds = arrays["mean"], arrays["std"], (arrays["low"], arrays["high"])
        return self

    @abstractmethod
    def _learn(self, recordings: Sequence[Frames]) -> None:
        """Set mean, std, bounds and whatever else the scaler needs; first and floor are set."""

    @abstractmethod
    def _values(self, frames: Frames) -> np.ndarray:
        """Return the numbers that stand for each frame, not yet standardized, (n_frames, n_features)."""

    @abstractmethod
    def _frames(self, vectors: np.ndarray, first: Frames, bounded: bool) -> Frames:
        """Return the frames that vectors stand for."""

    @abstractmethod
    def _size(self, name: str, n_components: int) -> int:
        """Return how long the array of a name is."""

    def _changing(self, values: np.ndarray) -> np.ndarray:
        """Return what is learned of the values of successive frames: the values, or their changes."""
        return np.diff(values, axis=0, prepend=values[:1]) if self.adds_up else values

    def _log(self, magnitude: np.ndarray) -> np.ndarray:
        """Return log(1 + magnitude / floor)."""
        return np.log1p(np.maximum(magnitude, 0.0) / self.floor)

    def _fitted(self) -> "Scaler":
        if not hasattr(self, "mean"):
            raise ValueError(f"this {type(self).__name__} is not fitted yet; call fit(frames) first")
        return self
