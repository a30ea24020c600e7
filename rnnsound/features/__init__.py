"""From frames to what the network learns, and back. NumPy only.

Which scaler and which kind of note the words of a config mean; the words stand in rnnsound.config.
"""

from rnnsound.config import FeatureConfig
from rnnsound.features.frame_scaler import FrameScaler
from rnnsound.features.notes import Excerpt
from rnnsound.features.pitch_scaler import PitchScaler
from rnnsound.features.scaler import Scaler
from rnnsound.features.struck_note import StruckNote
from rnnsound.features.sustained_note import SustainedNote

SCALERS = {"absolute": FrameScaler, "delta": FrameScaler, "pitch": PitchScaler}
"""FeatureConfig.representation -> the scaler that makes it."""

NOTES = {"none": Excerpt, "sustained": SustainedNote, "struck": StruckNote}
"""FeatureConfig.note -> the kind of note."""


def make_scaler(config: FeatureConfig) -> Scaler:
    """Make the scaler that a config asks for, not yet fitted."""
    return SCALERS[config.representation].from_config(config)


def make_note(config: FeatureConfig) -> Excerpt:
    """Make the kind of note that a config asks for, not yet fitted."""
    return NOTES[config.note]()


def note_kind(note: Excerpt) -> str:
    """Return which of NOTES a note is, or the nearest that it was made from."""
    kinds = {kind: name for name, kind in NOTES.items()}
    return next(kinds[kind] for kind in type(note).__mro__ if kind in kinds)
