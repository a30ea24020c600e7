"""rnnsound: the helper package behind the notebooks.

Sound -> PhaseVocoder -> Frames -> SoundRNN -> Frames -> Sound. What shows things in a notebook lives in
rnnsound.show. Names that need PyTorch load it when they are first used.
"""

from importlib import import_module

from rnnsound.dsp import measures, recordings
from rnnsound.dsp.frames import Frames
from rnnsound.dsp.sound import Sound, sine
from rnnsound.dsp.vocoder import PhaseVocoder

_WITH_TORCH = {
    "Mixture": "nn.mdn",
    "SoundModel": "sound_model",
    "SoundRNN": "nn.network",
    "mdn_loss": "nn.mdn",
}

__all__ = ["Frames", "PhaseVocoder", "Sound", "measures", "recordings", "sine", *_WITH_TORCH]


def __getattr__(name: str):
    if name in _WITH_TORCH:
        return getattr(import_module(f"rnnsound.{_WITH_TORCH[name]}"), name)
    raise AttributeError(f"module 'rnnsound' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
