"""What notebooks use, by name.

Sound -> PhaseVocoder -> Frames -> SoundRNN -> Frames -> Sound. What shows things in a notebook lives in
rnnsound.show. Names that need PyTorch load it when they are first used.
"""

import sys
from importlib import import_module

from rnnsound import presets
from rnnsound.config import ModelConfig, TrainConfig
from rnnsound.dsp import measures, recordings
from rnnsound.dsp.crossing import cross, morph
from rnnsound.dsp.frames import Frames
from rnnsound.dsp.harmonics import analyze_harmonics, synthesize_harmonics
from rnnsound.dsp.melody import play_melody
from rnnsound.dsp.phase import griffin_lim, lock_phases, mute_before
from rnnsound.dsp.prepare import prepare
from rnnsound.dsp.sound import Sound, sine
from rnnsound.dsp.stretch import stretch
from rnnsound.dsp.transforms import freeze, interpolate_frames, shift
from rnnsound.dsp.vocoder import PhaseVocoder
from rnnsound.features import FrameScaler, PitchScaler, StruckNote
from rnnsound.features.corpus_cache import measure_corpus
from rnnsound.features.sequence import Sequence
from rnnsound.suggestion import suggest

_WITH_TORCH = {
    "InstrumentModel": "instrument_model",
    "Mixture": "nn.mdn",
    "NumpyStepper": "nn.stepper",
    "Resets": "nn.resets",
    "SoundModel": "sound_model",
    "SoundRNN": "nn.network",
    "beta_nll_loss": "nn.mdn",
    "generate": "nn.generate",
    "mdn_loss": "nn.mdn",
    "sample": "nn.mdn",
    "train": "nn.train",
}
"""Names that need PyTorch, and the modules they come from when they are first used."""

__all__ = [
    "FrameScaler",
    "Frames",
    "ModelConfig",
    "PhaseVocoder",
    "PitchScaler",
    "Sequence",
    "Sound",
    "StruckNote",
    "TrainConfig",
    "analyze_harmonics",
    "cross",
    "freeze",
    "griffin_lim",
    "interpolate_frames",
    "lock_phases",
    "measure_corpus",
    "measures",
    "morph",
    "mute_before",
    "play_melody",
    "prepare",
    "presets",
    "recordings",
    "shift",
    "sine",
    "stretch",
    "suggest",
    "synthesize_harmonics",
    *_WITH_TORCH,
]

if "torch" in sys.modules:  # a notebook's own PyTorch is to use one thread, too: see rnnsound.nn
    import_module("rnnsound.nn")


def __getattr__(name: str):
    if name in _WITH_TORCH:
        return getattr(import_module(f"rnnsound.{_WITH_TORCH[name]}"), name)
    raise AttributeError(f"module 'rnnsound' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
