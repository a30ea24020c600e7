"""PitchScaler: a frame as the loudness of every component and one pitch for them all.

Notebook: 06_clarinet.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rnnsound.dsp.frames import Frames
from rnnsound.features.scaler import Scaler

_UNIT = 3.0  # a vector's 1, in root-mean-square deviations of log magnitude


class PitchScaler(Scaler):
    """Turns Frames into standardized vectors of n_components + 1 numbers, and back.

    The partials of a blown or bowed tone move together: when the pitch rises by a hundredth, so do they all.
    So each component has one reference frequency, and each frame one pitch, a factor near 1 that all of them
    are multiplied by. Bins with energy decide what it is; what a bin without energy reads is the phase of
    noise, which no network can learn and none has to.

    Magnitudes are learned as log(1 + magnitude / floor), with a floor 80 dB below the loudest, and share one
    unit: a bin that only ever whispers then does not ask for as much attention as a partial. The unit is 3
    times their root-mean-square deviation, so that silence, far below the sustained tone, is not beyond what
    the network can say.

    After fit, beside what every scaler has:
        reference_frequency: of every component at pitch 1, in Hz, (n_components,).

    Notebook: 06_clarinet.
    """

    learned = (*Scaler.learned, "reference_frequency")

    def __repr__(self):
        return "PitchScaler()"

    def arrays(self) -> dict[str, np.ndarray]:
        """Return what fit learned, by name, to be kept in a file."""
        return super().arrays() | {"reference_frequency": self.reference_frequency}

    def restore(self, arrays: dict[str, np.ndarray], first: Frames) -> "PitchScaler":
        """Take back what arrays gave.

        Raises:
            ValueError: the arrays are not those of a scaler for frames like first.
        """
        super().restore(arrays, first)
        self.reference_frequency = arrays["reference_frequency"]
        return self

    def _learn(self, recordings: Sequence[Frames]) -> None:
        magnitude = np.concatenate([frames.magnitude for frames in recordings])
        frequency = np.concatenate([frames.frequency for frames in recordings])
        self.reference_frequency = _reference_frequencies(magnitude**2, frequency, self.first.bin_centers)
        values = np.concatenate([self._values(frames) for frames in recordings])
        self.mean, std = values.mean(axis=0), values.std(axis=0)
        std[:-1] = _UNIT * np.sqrt(np.mean(std[:-1] ** 2))
        self.std = np.where(std > 1e-9, std, 1.0)
        extremes = values.min(axis=0), values.max(axis=0)
        self.bounds = tuple(((b - self.mean) / self.std).astype(np.float32) for b in extremes)

    def _values(self, frames: Frames) -> np.ndarray:
        """Log magnitudes and log pitch side by side, (n_frames, n_components + 1)."""
        magnitude = np.maximum(frames.magnitude, 0.0)
        pitch = _pitch(magnitude**2, frames.frequency, self.reference_frequency)
        return np.hstack([self._log(magnitude), np.log(pitch)[:, None]])

    def _frames(self, vectors: np.ndarray, first: Frames, bounded: bool) -> Frames:
        if bounded:
            vectors = np.clip(vectors, *self.bounds)
        values = vectors.astype(np.float64) * self.std + self.mean
        magnitude = np.maximum(self.floor * np.expm1(values[:, :-1]), 0.0)
        return replace(
            first, magnitude=magnitude, frequency=np.exp(values[:, -1:]) * self.reference_frequency
        )

    def _size(self, name: str, n_components: int) -> int:
        return {"floor": 1, "reference_frequency": n_components}.get(name, n_components + 1)


def _pitch(energy: np.ndarray, frequency: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return the factor between measured and reference frequencies, each weighted by its energy, (n_frames,).

    Frames 60 dB below the loudest have no say: towards silence, the factor goes to 1.
    """
    expected = energy @ reference
    silence = 1e-6 * max(expected.max(), np.finfo(np.float32).tiny)
    measured = (energy * frequency).sum(axis=1)
    return np.maximum((measured + silence) / (expected + silence), 1e-3)


def _reference_frequencies(energy: np.ndarray, frequency: np.ndarray, center: np.ndarray) -> np.ndarray:
    """Find the frequency of every component at pitch 1, (n_components,).

    To know the pitch takes the reference frequencies, and to know them takes the pitch: fitted in turn, by
    weighted least squares, they settle in a few rounds.
    """
    total = energy.sum(axis=0)
    pitch = np.ones(len(energy))
    for _ in range(6):
        squared = energy.T @ pitch**2
        moment = ((energy * frequency).T @ pitch) / np.maximum(squared, np.finfo(float).tiny)
        reference = np.where(total > 0, np.maximum(moment, 0.0), center)
        pitch = _pitch(energy, frequency, reference)
    return reference
