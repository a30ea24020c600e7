"""rnnsound: the helper package behind the notebooks.

Sound -> PhaseVocoder -> Frames, and back. What shows things in a notebook lives in rnnsound.show.
"""

from rnnsound import recordings
from rnnsound.frames import Frames
from rnnsound.sound import Sound, sine
from rnnsound.vocoder import PhaseVocoder

__all__ = ["Frames", "PhaseVocoder", "Sound", "recordings", "sine"]
