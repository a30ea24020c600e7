"""A whole note: it comes out of silence, lasts as long as is asked, and ends when it is told to.

Notebook: 06_clarinet; a struck string, which is not held: 07_piano.
"""

from collections.abc import Sequence

import numpy as np

from rnnsound.dsp.frames import Frames
from rnnsound.dsp.sound import Sound
from rnnsound.dsp.vocoder import PhaseVocoder

EDGES = (1.0, 0.2)  # seconds after the beginning, and before the end, that a held note is told of
_WEIGHT = 5.0  # a few numbers among hundreds have to be loud to be heard


class HeldNote:
    """A note that is blown or bowed: between attack and ending it is held, for as long as is asked."""

    strike = None
    """Nothing strikes it."""

    def fit(self, sounds: list[Sound], recordings: list[Frames], times: list[np.ndarray]) -> "HeldNote":
        """Learn what a kind of note needs to know of recordings: of a held one, nothing."""
        return self

    def steady(self, frames: Frames, times: np.ndarray, seconds: float) -> Frames:
        """Return what the network learns of a recording: of a held note, all of it."""
        return frames

    def sounding(self, frames: Frames, times: np.ndarray, seconds: float) -> Frames:
        """Return what is heard when the network gives these frames: these."""
        return frames

    def places(self, times: np.ndarray, seconds: float) -> np.ndarray:
        """Say of every frame where in the note it is.

        Two ramps fall from full to 0 after the note's onset, over a second and over a fifth of one, like two
        hands of a clock; two more rise towards its end. In between all are 0, and the note is held; how long,
        the model cannot tell and need not know.

        Args:
            times: from frame_times, (n_frames,).
            seconds: length of the note.

        Returns:
            float32, (n_frames, 4): two ramps after the beginning, two before the end.
        """
        return np.hstack([ramps(times, EDGES), ramps(seconds - times, EDGES)])

    def arrays(self) -> dict[str, np.ndarray]:
        """Return what fit learned, by name, to be kept in a file."""
        return {}

    def restore(self, arrays: dict[str, np.ndarray], n_components: int) -> "HeldNote":
        """Take back what arrays gave.

        Raises:
            ValueError: the arrays are not those of a held note.
        """
        if arrays:
            raise ValueError("a held note learns nothing")
        return self


def ramps(times: np.ndarray, edges: tuple[float, ...]) -> np.ndarray:
    """Tell the time as the hands of a clock do: one hand for each edge, full at 0 and 0 from the edge on.

    Args:
        times: in seconds, (n_frames,).
        edges: in seconds.

    Returns:
        float32, (n_frames, n_edges).
    """
    return (_WEIGHT * np.clip(1 - times[:, None] / np.array(edges), 0, 1)).astype(np.float32)


def frame_times(n_frames: int, first: int, vocoder: PhaseVocoder, rate: int) -> np.ndarray:
    """Return the time of the middle of every frame, in seconds after the note's onset, (n_frames,).

    Args:
        n_frames: how many.
        first: sample where the first of them begins, counted from the onset; negative in the silence before.
        vocoder: of the frames.
        rate: samples per second.
    """
    return (first + vocoder.fft_size / 2 + vocoder.hop_size * np.arange(n_frames)) / rate


def in_silence(sound: Sound, vocoder: PhaseVocoder) -> Sound:
    """Put silence around a recording.

    Before it, one frame and two hops: without frame 0 of the analysis, which has no frequencies of its own,
    and the frame that a model starts from, the next begins one frame before the onset. After it, one frame.
    """
    before = np.zeros(lead(vocoder))
    return Sound(
        np.concatenate([before, sound.samples, np.zeros(vocoder.fft_size)]), sound.sample_rate, sound.label
    )


def lead(vocoder: PhaseVocoder) -> int:
    """Samples of silence before a recording's onset."""
    return vocoder.fft_size + 2 * vocoder.hop_size


def learn_notes(
    note, sounds: Sequence[Sound], vocoder: PhaseVocoder, fit: bool = True
) -> tuple[list[Frames], np.ndarray]:
    """Return what the network learns of whole notes, and where in them its frames are.

    Args:
        note: HeldNote or StruckNote.
        sounds: recordings of it.
        vocoder: to analyze them.
        fit: measure first what the note needs to know of them; False leaves it as it was fitted before.

    Returns:
        Frames of each recording, and what the model is told beside all of them, (n_frames, n_conditions).

    Raises:
        ValueError: a recording is too short.
    """
    recordings = [measured(vocoder, in_silence(sound, vocoder)) for sound in sounds]
    start, rate = vocoder.hop_size - lead(vocoder), sounds[0].sample_rate
    times = [frame_times(len(frames), start, vocoder, rate) for frames in recordings]
    if fit:
        note.fit(sounds, recordings, times)
    learned = [
        note.steady(frames, at, sound.duration)
        for sound, frames, at in zip(sounds, recordings, times, strict=True)
    ]
    places = [
        note.places(at[: len(frames)], sound.duration)
        for sound, frames, at in zip(sounds, learned, times, strict=True)
    ]
    return learned, np.concatenate(places)


def measured(vocoder: PhaseVocoder, sound: Sound) -> Frames:
    """Analyze, and leave out what was not measured.

    Frame 0 has no frequencies of its own, and the last frame may be filled up with silence.

    Raises:
        ValueError: fewer than 3 whole frames.
    """
    frames = vocoder.analyze(sound)
    whole = 1 + (len(sound) - vocoder.fft_size) // vocoder.hop_size
    if whole < 3:
        raise ValueError(
            f"{sound.label}: {sound.duration:.3f} s of sound is too short, {max(whole, 0)} whole frames of "
            f"{vocoder.fft_size} samples, and it takes 3; use a longer recording or a smaller FFT size"
        )
    return frames[1:whole]
