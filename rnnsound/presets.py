"""Settings by name: the article's, and this project's own.

Notebook: 04_sine_model.
"""

import math
from dataclasses import dataclass, fields, replace

from rnnsound.features.notes import EDGES
from rnnsound.features.struck_note import STRUCK_EDGES

_RANGES = {
    "fft_size": (2, 2**20),
    "hop_size": (1, 2**20),
    "n_components": (1, 2**19 + 1),
    "hidden_size": (1, 4096),
    "num_layers": (1, 16),
    "n_mixtures": (1, 100),
    "sequence_length": (1, 10**6),
    "batch_size": (1, 10**6),
    "epochs": (1, 10**6),
    "seed": (0, 2**32 - 1),
    "warm_up": (1, 10**6),
    "own_draws": (0, 1),
    "input_noise": (0, 10),
    "final_rate": (0, 1),
    "phase_rounds": (0, 1000),
}
_CHOICES = {
    "representation": ("absolute", "delta", "pitch"),
    "magnitude": ("linear", "log"),
    "optimizer": ("adagrad", "adam"),
    "loss": ("mixture", "even"),
    "note": ("none", "held", "struck"),
}
_CONDITIONS = {"none": 0, "held": 2 * len(EDGES), "struck": len(STRUCK_EDGES)}


@dataclass(frozen=True)
class Settings:
    """Everything that is decided before a recording is learned; dataclasses.replace changes some of it.

    Args:
        fft_size: samples in one frame.
        hop_size: samples from one frame to the next.
        n_components: bins kept, from bin 0 up.
        representation: "absolute" or "delta" (FrameScaler), or "pitch" (PitchScaler: log magnitudes and one
            pitch for all components; magnitude and per_component then have no part).
        magnitude: "linear" or "log".
        per_component: standardise every component by itself, not all magnitudes and all frequencies together.
        hidden_size: units in each LSTM layer.
        num_layers: LSTM layers.
        n_mixtures: Gaussians in the mixture.
        sequence_length: frames per training step.
        batch_size: stretches of the recording trained side by side.
        optimizer: "adagrad" or "adam".
        learning_rate: size of a training step.
        epochs: how often to go through the recording.
        seed: start of the random numbers for the first parameters.
        own_draws: part of the frames heard in training that the model draws itself.
        input_noise: standard deviation of noise added to what is heard in training.
        loss: "mixture" or, for one Gaussian, "even", which gives fast movements their share.
        final_rate: part of the learning rate that is left in the last epoch.
        note: "none", or learn a whole note, out of silence and back, and tell the model where in it it is:
            "held" (blown or bowed), or "struck", which dies away by itself.
        warm_up: frames of the recording that the model hears before it runs freely.
        bounded: keep generated frames where the recording was, give or take a margin.
        lock_phases: keep the bins of one partial in step when generated frames are made sound.
        phase_rounds: how often the phases are then settled among overlapping frames.

    Raises:
        ValueError: a setting is of the wrong kind or out of range.
    """

    fft_size: int = 512
    hop_size: int = 128
    n_components: int = 10
    representation: str = "absolute"
    magnitude: str = "linear"
    per_component: bool = True
    hidden_size: int = 100
    num_layers: int = 1
    n_mixtures: int = 1
    sequence_length: int = 10
    batch_size: int = 10
    optimizer: str = "adagrad"
    learning_rate: float = 0.01
    epochs: int = 20
    seed: int = 0
    own_draws: float = 0.0
    input_noise: float = 0.0
    loss: str = "mixture"
    final_rate: float = 1.0
    note: str = "none"
    warm_up: int = 100
    bounded: bool = True
    lock_phases: bool = True
    phase_rounds: int = 0

    def __post_init__(self):
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type is float and type(value) is int:
                object.__setattr__(self, field.name, float(value))
            elif type(value) is not field.type:
                raise ValueError(f"{field.name}={value!r} is of the wrong kind; use {field.type.__name__}")
        for name, (low, high) in _RANGES.items():
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"{name}={getattr(self, name)} is out of range; use {low} to {high}")
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(
                    f"{name}={getattr(self, name)!r} is not known; use {' or '.join(map(repr, choices))}"
                )
        if not 0 < self.learning_rate < math.inf:
            raise ValueError(f"learning_rate={self.learning_rate} is not a step size; use a number above 0")

    @property
    def n_features(self) -> int:
        """Numbers in one vector: a magnitude and a frequency per component, or one pitch for all."""
        return self.n_components + 1 if self.representation == "pitch" else 2 * self.n_components

    @property
    def n_conditions(self) -> int:
        """Numbers that the model is told beside each frame: how near the beginning and the end are."""
        return _CONDITIONS[self.note]


SINE = Settings()
"""This project's best for a steady tone: absolute frames, standardised per component."""

ARTICLE_SINE = Settings(
    per_component=False, learning_rate=0.001, epochs=100, bounded=False, lock_phases=False
)
"""The article's: one mean and deviation for all components, AdaGrad at 0.001, no bounds, no locking."""

ARTICLE_CLARINET = Settings(
    n_components=20,
    representation="delta",
    per_component=False,
    num_layers=2,
    n_mixtures=3,
    sequence_length=20,
    learning_rate=0.001,
    epochs=100,
    bounded=False,
    lock_phases=False,
)
"""The article's clarinet: changes from frame to frame, two layers, three Gaussians."""

CLARINET = Settings(
    fft_size=2048,
    hop_size=512,
    n_components=460,
    representation="pitch",
    hidden_size=128,
    sequence_length=20,
    batch_size=4,
    optimizer="adam",
    learning_rate=0.005,
    epochs=400,
    own_draws=0.5,
    input_noise=0.2,
    loss="even",
    final_rate=0.02,
    note="held",
    warm_up=1,
    phase_rounds=4,
)
"""This project's best for a held note, blown or bowed: a whole note of any length, without resets."""

PIANO = replace(CLARINET, batch_size=1, epochs=250, input_noise=0.1, note="struck")
"""This project's best for a struck string: what dies away by itself is measured, the rest is learned."""

ARTICLE_PIANO = replace(
    ARTICLE_CLARINET, fft_size=2048, hop_size=512, hidden_size=150, n_mixtures=5, warm_up=1
)
"""The article's piano, from the stroke on. Its 20 components end at 409 Hz."""

PRESETS = {
    "article-sine": ARTICLE_SINE,
    "article-clarinet": ARTICLE_CLARINET,
    "article-piano": ARTICLE_PIANO,
    "sine": SINE,
    "clarinet": CLARINET,
    "piano": PIANO,
}
"""Settings by the name that the command line knows them by."""
