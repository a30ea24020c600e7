"""A whole note: it comes out of silence, is held as long as is asked, and dies away when it is told to end.

Notebook: 06_clarinet.
"""

import numpy as np

from rnnsound.sound import Sound
from rnnsound.vocoder import PhaseVocoder

EDGES = (1.0, 0.2)  # seconds after the beginning, and before the end, that a note is told of
_WEIGHT = 5.0  # four numbers among hundreds have to be loud to be heard


def place_in_note(n_frames: int, first: int, n_samples: int, vocoder: PhaseVocoder, rate: int) -> np.ndarray:
    """Say of every frame where in the note it is.

    Two ramps fall from full to 0 after the note's onset, over a second and over a fifth of one, like two
    hands of a clock; two more rise towards its end. In between all are 0, and the note is held; how long, the
    model cannot tell and need not know.

    Args:
        n_frames: how many.
        first: sample where the first of them begins, counted from the note's onset; negative in the silence
            before it.
        n_samples: length of the note.
        vocoder: of the frames.
        rate: samples per second.

    Returns:
        float32, (n_frames, 4): two ramps after the beginning, two before the end.
    """
    middle = (first + vocoder.fft_size / 2 + vocoder.hop_size * np.arange(n_frames)) / rate
    to_go = n_samples / rate - middle
    ramps = 1 - np.stack([t / edge for t in (middle, to_go) for edge in EDGES], axis=1)
    return (_WEIGHT * np.clip(ramps, 0, 1)).astype(np.float32)


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
