"""Answers to the exercises of notebook 01."""

import numpy as np

from rnnsound.dsp.frames import Frames
from rnnsound.dsp.sound import Sound
from rnnsound.exercises.checks import Check, Number, Shown

_RATE = 44_100
_COMPONENTS = 257  # of a 512-point FFT
_LOW, _HIGH = 280.0, 307.0  # Hz around the clarinet's D at 293.7, by what a frame's strongest bin may be off


def _frozen(frames: Frames) -> str:
    """Say what is wrong with a frame of the clarinet that was to be repeated 700 times, or nothing."""
    if isinstance(frames, Sound):
        return "give the Frames that you made, before they are turned into sound."
    if not isinstance(frames, Frames):
        return "the answer is a Frames of 700 equal frames."
    if frames.n_components != _COMPONENTS:
        return f"your frames have {frames.n_components} components, not {_COMPONENTS}; repeat along axis=0."
    if len(frames) != 700:
        return f"there are {len(frames)} frames, not 700."
    if np.ptp(frames.magnitude, axis=0).any() or np.ptp(frames.frequency, axis=0).any():
        return "the frames differ; take one, and repeat that."
    strongest = int(np.argmax(frames.magnitude[0]))
    if not _LOW < frames.frequency[0, strongest] < _HIGH:
        return "the strongest component is not at the clarinet's D; take a frame from the middle of the note."
    return ""


def _frames(frequency: float, n_frames: int = 700, n_components: int = _COMPONENTS) -> Frames:
    """Return frames of one frequency whose bin 3 is the strongest."""
    magnitude = np.zeros((n_frames, n_components))
    magnitude[:, 3] = 30.0
    return Frames(magnitude, np.full(magnitude.shape, frequency), _RATE, 512, 128)


def _growing() -> Frames:
    frames = _frames(293.7)
    rise = np.linspace(0.5, 1, len(frames))[:, None]
    return Frames(frames.magnitude * rise, frames.frequency, _RATE, 512, 128)


CHECKS: dict[str, Check] = {
    "01.1": Number(
        right=440 - _RATE / 256,
        within=1.0,
        near=15.0,
        hint="call reported(440.0, center, hop_size=256) with bin 5's center, which is 5 * 44100 / 1024.",
        mistakes={
            440.0: "bin 5's center is 215 Hz now, and 440 Hz is out of its reach of 86 Hz.",
            440 - 2 * _RATE / 256: "that is two turns per hop away; bins 1 to 4 say so. "
            "With hop_size=128 bin 5 would, too.",
            5 * _RATE / 1024: "that is the bin's center, not what it reports.",
        },
    ),
    "01.2": Number(
        right=4096,
        within=0.5,
        near=1024.0,
        hint="it is a power of two between 512 and 8192.",
        mistakes={
            512: "both tones fall into the same bins, whose frequencies jump as the tones beat.",
            1024: "bins lie 43 Hz apart, so each still hears both tones; look at how far they jump.",
            2048: "each tone has its own bin, but hears the other: all are off by about a hertz or more.",
            8192: "this tells them apart, too, but a smaller one does already.",
        },
    ),
    "01.3": Shown(
        _frozen,
        wrong=(
            _frames(293.7, n_frames=1),
            _frames(293.7, n_components=10),
            _frames(95.5),
            _growing(),
            Sound(np.zeros(1000), _RATE),
            np.zeros((700, _COMPONENTS)),
        ),
    ),
}
