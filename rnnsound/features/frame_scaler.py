"""FrameScaler: from frames to the vectors that a network learns well, and back."""

from itertools import pairwise

import numpy as np

from rnnsound.dsp.frames import Frames

_QUIET = 1e-4  # of the loudest magnitude: -80 dB; log magnitudes level off below it
_LEARNED = ("floor", "mean", "std", "low", "high", "frame_low", "frame_high")


class FrameScaler:
    """Turns Frames into standardised vectors and vectors into Frames.

    A network learns best from numbers around 0 with a spread of about 1; magnitudes and frequencies are
    neither. A vector is all magnitudes, then all frequencies, each less its mean and over its standard
    deviation in the recording.

    The frequency of a bin with almost no energy means nothing: it is the phase of noise. It is kept all the
    same, so that the way back gives the frames that went in; resynthesis with locked phases does not listen
    to it.

    Args:
        representation: "absolute" (the frame itself) or "delta" (its change since the frame before; the first
            frame's change is 0).
        magnitude: "linear", or "log": log(1 + magnitude / floor), with a floor 80 dB below the loudest
            magnitude.
        per_component: a mean and a deviation for each component; False takes one pair for all magnitudes and
            one for all frequencies, as the article's software did. What a steady tone does in a bin is then a
            millionth of the spread, and the network cannot see it.
        margin: how far bounds lie beyond what the recording did, as a part of its range.

    Raises:
        ValueError: representation or magnitude is none of those, or margin is negative.

    Notebook: 04_sine_model.
    """

    def __init__(
        self,
        representation: str = "absolute",
        magnitude: str = "linear",
        per_component: bool = True,
        margin: float = 0.25,
    ):
        if representation not in ("absolute", "delta"):
            raise ValueError(f"representation={representation!r} is not known; use 'absolute' or 'delta'")
        if magnitude not in ("linear", "log"):
            raise ValueError(f"magnitude={magnitude!r} is not known; use 'linear' or 'log'")
        if not 0 <= margin < np.inf:
            raise ValueError(f"margin={margin} is not a part of a range; use 0 or more, 0.25 is usual")
        self.representation = representation
        self.magnitude = magnitude
        self.per_component = per_component
        self.margin = margin

    def __repr__(self):
        return f"FrameScaler({self.representation!r}, {self.magnitude!r}, per_component={self.per_component})"

    def fit(self, *recordings: Frames) -> "FrameScaler":
        """Learn means, deviations and bounds from a recording's frames, or from several recordings'.

        Give it measured frames only: frame 0 of an analysis reports bin centres, and the last may reach
        beyond the end of the sound. In a steady tone those two would be most of the spread: `frames[1:-1]`
        leaves them out.

        Returns:
            The scaler itself, with mean, std, bounds (low, high: of vectors) and frame_bounds (low, high: of
            frames).

        Raises:
            ValueError: there are fewer than two frames.
        """
        if not recordings or min(map(len, recordings)) < 2:
            raise ValueError("fewer than two frames have no spread to standardise by; use a longer recording")
        n_components = recordings[0].n_components
        loudest = max(np.abs(frames.magnitude).max() for frames in recordings)
        self.floor = _QUIET * max(loudest, np.finfo(np.float32).tiny)
        self.first = recordings[0][:1]
        values = [self._values(frames) for frames in recordings]
        learned = (
            np.concatenate([np.diff(v, axis=0) for v in values]) if self._delta else np.concatenate(values)
        )
        values = np.concatenate(values)
        kinds = learned.reshape(len(learned), 2, n_components)
        axes = 0 if self.per_component else (0, 2)
        mean, std = (f(axis=axes, keepdims=True)[0] for f in (kinds.mean, kinds.std))
        self.mean, std = (np.broadcast_to(a, kinds.shape[1:]).flatten() for a in (mean, std))
        # A component that never changes (bin 0) has only rounding for a spread: leave it as it is, at 0.
        rounding = 1e-12 * np.abs(values).max(axis=0)
        self.std = np.where(std > rounding, std, 1.0)
        low, high = self._widen(values)
        low[:n_components] = np.maximum(low[:n_components], 0.0)  # no magnitude is below nothing
        self.frame_bounds = (low, high)
        drawn = self._widen(learned) if self._delta else (low, high)
        self.bounds = tuple(((b - self.mean) / self.std).astype(np.float32) for b in drawn)
        return self

    def transform(self, frames: Frames) -> np.ndarray:
        """Turn frames into vectors.

        Returns:
            float32, (n_frames, 2 * n_components).

        Raises:
            ValueError: the frames have another number of components than those fitted.
        """
        if 2 * frames.n_components != len(self.mean):
            raise ValueError(
                f"the frames have {frames.n_components} components, the scaler was fitted to "
                f"{len(self.mean) // 2}; analyze with the same n_components"
            )
        values = self._values(frames)
        if self._delta:
            values = np.diff(values, axis=0, prepend=values[:1])
        return ((values - self.mean) / self.std).astype(np.float32)

    def inverse_transform(
        self, vectors: np.ndarray, first: Frames | None = None, bounded: bool = False
    ) -> Frames:
        """Turn vectors into frames.

        Args:
            vectors: (n_frames, 2 * n_components).
            first: its frame 0 gives the starting phases and, for deltas, what the first change is added to;
                None takes the first frame fitted.
            bounded: keep every frame within frame_bounds, where the recording was, give or take the margin.
                Deltas are added up within the bounds, as a ball is that cannot leave the room.

        Raises:
            ValueError: the vectors have another length than those of transform, or hold NaN or infinity.
        """
        if np.ndim(vectors) != 2 or np.shape(vectors)[1] != len(self.mean):
            raise ValueError(f"vectors have shape {np.shape(vectors)}; use (n_frames, {len(self.mean)})")
        first = self.first if first is None else first[:1]
        values = np.asarray(vectors, dtype=np.float64) * self.std + self.mean
        if self._delta:
            values[0] += self._values(first)[0]
            if not bounded:
                values = np.cumsum(values, axis=0)
        if bounded:
            low, high = self.frame_bounds
            if self._delta:
                for before, value in pairwise(values):
                    np.clip(before, low, high, out=before)
                    value += before
            np.clip(values, low, high, out=values)
        magnitude, frequency = np.hsplit(values, 2)
        if self.magnitude == "log":
            magnitude = self.floor * np.expm1(magnitude)
        return Frames(
            magnitude, frequency, first.sample_rate, first.fft_size, first.hop_size, first.first_phase
        )

    def arrays(self) -> dict[str, np.ndarray]:
        """Return what fit learned, by name, to be kept in a file."""
        floor = np.array([self.floor])
        low, high = self.bounds
        frame_low, frame_high = self.frame_bounds
        return dict(
            zip(_LEARNED, (floor, self.mean, self.std, low, high, frame_low, frame_high), strict=True)
        )

    def restore(self, arrays: dict[str, np.ndarray], first: Frames) -> "FrameScaler":
        """Take back what arrays gave.

        Raises:
            ValueError: the arrays are not those of a scaler for frames like first.
        """
        shapes = {name: (1,) if name == "floor" else (2 * first.n_components,) for name in _LEARNED}
        if {name: array.shape for name, array in arrays.items()} != shapes:
            raise ValueError("the means, deviations or bounds have the wrong names or shapes")
        floor, self.mean, self.std, low, high, frame_low, frame_high = (arrays[name] for name in _LEARNED)
        if not (floor > 0).all() or not (self.std > 0).all():
            raise ValueError("a deviation is not above 0")
        if (low > high).any() or (frame_low > frame_high).any():
            raise ValueError("a lower bound is above the upper one")
        self.floor, self.first = float(floor[0]), first
        self.bounds, self.frame_bounds = (low, high), (frame_low, frame_high)
        return self

    @property
    def _delta(self) -> bool:
        return self.representation == "delta"

    def _values(self, frames: Frames) -> np.ndarray:
        """Magnitudes, or their logarithms, and frequencies side by side, (n_frames, 2 * n_components)."""
        magnitude = frames.magnitude
        if self.magnitude == "log":
            magnitude = np.log1p(np.maximum(magnitude, 0.0) / self.floor)
        return np.hstack([magnitude, frames.frequency])

    def _widen(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest value of each column, moved apart by the margin."""
        low, high = values.min(axis=0), values.max(axis=0)
        margin = self.margin * (high - low)
        return low - margin, high + margin
