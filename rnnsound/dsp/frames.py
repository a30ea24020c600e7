"""Frames: what the phase vocoder measures, and what the network learns."""

from dataclasses import dataclass, replace

import numpy as np

TURN = 2.0**64  # one turn of a phase, as accumulate() counts it


@dataclass(frozen=True, eq=False)
class Frames:
    """Magnitude and frequency of every kept component, frame by frame.

    Args:
        magnitude: linear, as |FFT| of the windowed frame, shape (n_frames, n_components).
        frequency: in Hz, same shape.
        sample_rate: samples per second of the sound they came from.
        fft_size: samples in one frame.
        hop_size: samples from one frame to the next.
        first_phase: phase of every component in frame 0, in radians, shape (n_components,); zeros if unknown.
            Frequencies say how phases advance, not where they began: with this, nothing of the sound is lost.
        start: sample at which frame 0 begins, counted from the beginning of the sound, or of the note in it;
            negative in the silence before a note.

    Raises:
        ValueError: the shapes do not fit each other, or a value is not finite.

    Notebook: 01_sine_and_phase_vocoder.
    """

    magnitude: np.ndarray
    frequency: np.ndarray
    sample_rate: int
    fft_size: int
    hop_size: int
    first_phase: np.ndarray | None = None
    start: int = 0

    def __post_init__(self):
        for name in ("magnitude", "frequency"):
            values = np.asarray(getattr(self, name), dtype=np.float64)
            if values.ndim != 2 or values.shape != np.shape(self.magnitude):
                raise ValueError(
                    f"{name} has shape {values.shape}, magnitude {np.shape(self.magnitude)}; "
                    "both are (n_frames, n_components)"
                )
            if not np.isfinite(values).all():
                raise ValueError(f"{name} holds NaN or infinity; frames must be finite to become sound")
            object.__setattr__(self, name, values)
        phase = np.zeros(self.n_components) if self.first_phase is None else np.asarray(self.first_phase)
        if phase.shape != (self.n_components,):
            raise ValueError(
                f"first_phase has shape {phase.shape}; use ({self.n_components},), one per component"
            )
        object.__setattr__(self, "first_phase", phase)

    def __len__(self):
        return len(self.magnitude)

    def __getitem__(self, part: slice) -> "Frames":
        """Return some of the frames, in order; their phases and times stay what they were."""
        if not isinstance(part, slice) or part.step not in (None, 1):
            raise ValueError(f"frames[{part}] is not a range of frames; use frames[10:20] or frames[10:11]")
        first = part.indices(len(self))[0]
        turns = self.frequency[1 : first + 1] * (self.hop_size / self.sample_rate)
        advance = accumulate(turns)[-1] if first and len(turns) else 0
        return replace(
            self,
            magnitude=self.magnitude[part],
            frequency=self.frequency[part],
            first_phase=self.first_phase + advance * (2 * np.pi / TURN),
            start=self.start + first * self.hop_size,
        )

    def __repr__(self):
        return (
            f"Frames({len(self)} frames of {self.n_components} components, "
            f"{self.fft_size}-sample frames every {self.hop_size} samples at {self.sample_rate} Hz)"
        )

    @property
    def n_components(self) -> int:
        """Number of spectral bins kept, counted from bin 0."""
        return self.magnitude.shape[1]

    @property
    def bin_centers(self) -> np.ndarray:
        """Center frequency of every component in Hz, shape (n_components,)."""
        return np.arange(self.n_components) * self.sample_rate / self.fft_size

    @property
    def times(self) -> np.ndarray:
        """Time of the middle of every frame in seconds, counted as start is, shape (n_frames,)."""
        return self.time_of(np.arange(len(self)))

    def time_of(self, numbers: np.ndarray) -> np.ndarray:
        """Return the times of frames by their numbers, whether they are there or yet to come."""
        return (self.start + numbers * self.hop_size + self.fft_size / 2) / self.sample_rate


def accumulate(turns: np.ndarray, start: np.ndarray | int = 0) -> np.ndarray:
    """Add up phase advances over frames, exactly.

    Floating-point sums round at every step. A 64-bit counter whose overflow is one turn, the phase
    accumulator of digital oscillators, loses nothing, however long the sound.

    Args:
        turns: phase advance into each frame, in turns, (n_frames, n_components).
        start: phase of the frame before, in steps of 1 / TURN of a turn, (n_components,).

    Returns:
        Phase of every frame in steps of 1 / TURN of a turn, unsigned 64-bit, (n_frames, n_components).

    Notebook: 01_sine_and_phase_vocoder.
    """
    fraction = turns - np.rint(turns)  # -1/2 to 1/2
    steps = (fraction * (TURN / 2)).astype(np.int64).astype(np.uint64) << np.uint64(1)
    steps[0] += np.asarray(start, dtype=np.uint64)
    return np.cumsum(steps, axis=0, dtype=np.uint64)
