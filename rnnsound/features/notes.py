"""What a recording is taken for: any stretch of sound, or a whole note, from silence to silence.

A kind of note says how a recording is analyzed, what of it the network learns, what it is told of each frame,
and what becomes of the frames that it draws. Notebook: 06_clarinet.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rnnsound.dsp.frames import Frames
from rnnsound.dsp.sound import Sound
from rnnsound.dsp.vocoder import PhaseVocoder
from rnnsound.features.conditions import condition_rows, condition_width


class Excerpt:
    """No whole note: a stretch of sound that might have begun earlier and gone on longer."""

    whole = False
    """Whether it goes from silence to silence."""
    condition_names: tuple[str, ...] = ()
    """What the network is told beside each frame, by names of CONDITIONS."""
    led_back: float = 0.0
    """How likely training is to let a stretch be heard too early or too late: so the network learns to go by
    what it is told, and not by what it hears alone."""
    onset: float | None = None
    """When a hammer strikes, in seconds after the note's beginning; silence before. None: no hammer."""

    @property
    def n_conditions(self) -> int:
        """How many numbers the network is told beside each frame."""
        return condition_width(self.condition_names)

    def lead(self, vocoder: PhaseVocoder) -> int:
        """Return how many samples of silence are put before a recording."""
        return 0

    def surround(self, sound: Sound, vocoder: PhaseVocoder) -> Sound:
        """Put silence around a recording, if it is to begin and end in it."""
        return sound

    def analyze(self, sound: Sound, vocoder: PhaseVocoder) -> Frames:
        """Return the measured frames of a recording, their times counted from where the recording begins.

        Frame 0 has no frequencies of its own, and the last frame may be filled up with silence: both are left
        out.

        Raises:
            ValueError: fewer than 3 whole frames.
        """
        surrounded = self.surround(sound, vocoder)
        n_whole = 1 + (len(surrounded) - vocoder.fft_size) // vocoder.hop_size
        if n_whole < 3:
            raise ValueError(
                f"{sound.label}: {sound.duration:.3f} s of sound is too short: {max(n_whole, 0)} whole "
                f"frames of {vocoder.fft_size} samples, and 3 are needed; use a longer recording or a "
                "smaller FFT size"
            )
        frames = vocoder.analyze(surrounded)[1:n_whole]
        return replace(frames, start=frames.start - self.lead(vocoder))

    def fit(self, sounds: Sequence[Sound], recordings: Sequence[Frames]) -> "Excerpt":
        """Measure what the kind of note needs to know of recordings and their frames; here nothing."""
        return self

    def remove_decay(self, frames: Frames, seconds: float) -> Frames:
        """Return what the network learns of a recording's frames; here all of it."""
        return frames

    def apply_decay(self, frames: Frames, seconds: float) -> Frames:
        """Return what is heard when the network draws these frames; here the frames themselves."""
        return frames

    def conditions(self, times: np.ndarray, seconds: float) -> np.ndarray:
        """Return what the network is told of each frame.

        Args:
            times: of the frames' middles, in seconds after the note's beginning, (n_frames,).
            seconds: length of the note.

        Returns:
            float32, (n_frames, n_conditions).
        """
        return condition_rows(self.condition_names, times, seconds)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return what fit measured, by name, to be kept in a file."""
        return {}

    def restore(self, arrays: dict[str, np.ndarray], n_components: int) -> "Excerpt":
        """Take back what arrays gave.

        Raises:
            ValueError: the arrays are not those of this kind of note.
        """
        if arrays:
            raise ValueError("this kind of note measures nothing")
        return self


class WholeNote(Excerpt):
    """A note that comes out of silence, lasts as long as is asked, and ends in silence."""

    whole = True

    def lead(self, vocoder: PhaseVocoder) -> int:
        """Return how many samples of silence are put before a recording: one frame and two hops.

        Frame 0 of an analysis is left out, and the network starts from the next; the first that it draws then
        ends where the note begins.
        """
        return vocoder.fft_size + 2 * vocoder.hop_size

    def surround(self, sound: Sound, vocoder: PhaseVocoder) -> Sound:
        """Put silence around a recording: before it as lead says, after it one frame."""
        return Sound(
            np.pad(sound.samples, (self.lead(vocoder), vocoder.fft_size)), sound.sample_rate, sound.label
        )
