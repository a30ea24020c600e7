"""PitchScaler: a frame as the loudness of every component and one pitch for them all.

Notebook: 06_clarinet.
"""

from dataclasses import replace

import numpy as np

from rnnsound.dsp.frames import Frames

_QUIET = 1e-4  # of the loudest magnitude: -80 dB; log magnitudes level off below it
_UNIT = 3.0  # a vector's 1, in root-mean-square deviations of log magnitude
_MARGIN = 0.25  # how far bounds lie beyond what the recording did
_LEARNED = ("floor", "mean", "std", "low", "high", "usual")


class PitchScaler:
    """Turns Frames into standardised vectors of n_components + 1 numbers, and back.

    The partials of a blown or bowed tone move together: when the pitch rises by a hundredth, so do they all.
    So each component has one usual frequency, and each frame one pitch, a factor near 1 that all of them are
    multiplied by. Bins with energy decide what it is; what a bin without energy reads is the phase of noise,
    which no network can learn and none has to.

    Magnitudes are learned as log(1 + magnitude / floor), with a floor 80 dB below the loudest, and share one
    unit: a bin that only ever whispers then does not ask for as much attention as a partial. The unit is 3
    times their root-mean-square deviation, so that silence, far below the held tone, is not beyond what the
    network can say.

    Notebook: 06_clarinet.
    """

    def __repr__(self):
        return "PitchScaler()"

    def fit(self, *recordings: Frames) -> "PitchScaler":
        """Learn usual frequencies, means, deviations and bounds from a recording, or from several.

        Measured frames only, as for FrameScaler.

        Raises:
            ValueError: there are fewer than two frames.
        """
        if not recordings or min(map(len, recordings)) < 2:
            raise ValueError("fewer than two frames have no spread to standardise by; use a longer recording")
        self.first = recordings[0][:1]
        magnitude = np.concatenate([frames.magnitude for frames in recordings])
        frequency = np.concatenate([frames.frequency for frames in recordings])
        self.floor = _QUIET * max(np.abs(magnitude).max(), np.finfo(np.float32).tiny)
        self.usual = _usual_frequencies(magnitude**2, frequency, self.first.bin_centers)
        values = np.concatenate([self._values(frames) for frames in recordings])
        self.mean, std = values.mean(axis=0), values.std(axis=0)
        std[:-1] = _UNIT * np.sqrt(np.mean(std[:-1] ** 2))
        self.std = np.where(std > 1e-9, std, 1.0)
        low, high = values.min(axis=0) - _MARGIN * self.std, values.max(axis=0) + _MARGIN * self.std
        low[:-1] = np.maximum(low[:-1], 0.0)  # no magnitude is below nothing
        self.bounds = tuple(((b - self.mean) / self.std).astype(np.float32) for b in (low, high))
        return self

    def transform(self, frames: Frames) -> np.ndarray:
        """Turn frames into vectors.

        Returns:
            float32, (n_frames, n_components + 1): log magnitudes, then the logarithm of the pitch.

        Raises:
            ValueError: the frames have another number of components than those fitted.
        """
        if frames.n_components != len(self.usual):
            raise ValueError(
                f"the frames have {frames.n_components} components, the scaler was fitted to "
                f"{len(self.usual)}; analyze with the same n_components"
            )
        return ((self._values(frames) - self.mean) / self.std).astype(np.float32)

    def inverse_transform(
        self, vectors: np.ndarray, first: Frames | None = None, bounded: bool = False
    ) -> Frames:
        """Turn vectors into frames.

        Args:
            vectors: (n_frames, n_components + 1).
            first: its frame 0 gives the starting phases; None takes the first frame fitted.
            bounded: keep every vector within bounds.

        Raises:
            ValueError: the vectors have another length than those of transform, or hold NaN or infinity.
        """
        if np.ndim(vectors) != 2 or np.shape(vectors)[1] != len(self.mean):
            raise ValueError(f"vectors have shape {np.shape(vectors)}; use (n_frames, {len(self.mean)})")
        if bounded:
            vectors = np.clip(vectors, *self.bounds)
        values = np.asarray(vectors, dtype=np.float64) * self.std + self.mean
        magnitude = np.maximum(self.floor * np.expm1(values[:, :-1]), 0.0)
        frequency = np.exp(values[:, -1:]) * self.usual
        first = self.first if first is None else first[:1]
        return replace(first, magnitude=magnitude, frequency=frequency)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return what fit learned, by name, to be kept in a file."""
        learned = (np.array([self.floor]), self.mean, self.std, *self.bounds, self.usual)
        return dict(zip(_LEARNED, learned, strict=True))

    def restore(self, arrays: dict[str, np.ndarray], first: Frames) -> "PitchScaler":
        """Take back what arrays gave.

        Raises:
            ValueError: the arrays are not those of a scaler for frames like first.
        """
        sizes = {"floor": 1, "usual": first.n_components}
        shapes = {name: (sizes.get(name, first.n_components + 1),) for name in _LEARNED}
        if {name: array.shape for name, array in arrays.items()} != shapes:
            raise ValueError("the means, deviations or bounds have the wrong names or shapes")
        floor, self.mean, self.std, low, high, self.usual = (arrays[name] for name in _LEARNED)
        if not (floor > 0).all() or not (self.std > 0).all() or (low > high).any():
            raise ValueError("a deviation is not above 0, or a lower bound is above the upper one")
        self.floor, self.first, self.bounds = float(floor[0]), first, (low, high)
        return self

    def _values(self, frames: Frames) -> np.ndarray:
        """Log magnitudes and log pitch side by side, (n_frames, n_components + 1)."""
        magnitude = np.maximum(frames.magnitude, 0.0)
        pitch = _pitch(magnitude**2, frames.frequency, self.usual)
        return np.hstack([np.log1p(magnitude / self.floor), np.log(pitch)[:, None]])


def _pitch(energy: np.ndarray, frequency: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """Return the factor between measured and usual frequencies, each weighted by its energy, (n_frames,).

    Frames 60 dB below the loudest have no say: towards silence, the factor goes to 1.
    """
    expected = energy @ usual
    silence = 1e-6 * max(expected.max(), np.finfo(np.float32).tiny)
    measured = (energy * frequency).sum(axis=1)
    return np.maximum((measured + silence) / (expected + silence), 1e-3)


def _usual_frequencies(energy: np.ndarray, frequency: np.ndarray, center: np.ndarray) -> np.ndarray:
    """Find the frequency of every component at pitch 1, (n_components,).

    It takes the usual frequencies to know the pitch and the pitch to know them: fitted in turn, by weighted
    least squares, they settle in a few rounds.
    """
    total = energy.sum(axis=0)
    pitch = np.ones(len(energy))
    for _ in range(6):
        squared = energy.T @ pitch**2
        moment = ((energy * frequency).T @ pitch) / np.maximum(squared, np.finfo(float).tiny)
        usual = np.where(total > 0, np.maximum(moment, 0.0), center)
        pitch = _pitch(energy, frequency, usual)
    return usual
