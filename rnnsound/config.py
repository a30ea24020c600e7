"""All settings and their limits, in five parts: vocoder, features, network, train, render. No PyTorch.

Each part says which values its settings may have, and is checked where it is made. The command line makes its
options from these classes, and the sentences that explain them from their docstrings. presets.py holds the
values that are known to work. Notebook: 04_sine_model.
"""

import math
import re
from dataclasses import dataclass, field, fields, replace

from rnnsound.dsp.vocoder import check_sizes

LOSS_UNITS = {"mdn": "nats per frame", "beta_nll": "no unit"}
"""The losses by name, and in what their values are measured. The functions: rnnsound.nn.mdn.LOSSES."""


def setting(
    default: int | float | str, low: float = -math.inf, high: float = math.inf, choices: tuple[str, ...] = ()
):
    """A field of a config, and which values it may have: from low to high, or one of the choices."""
    return field(default=default, metadata={"low": low, "high": high, "choices": choices})


class Config:
    """What all parts share: values are checked against their field's type, range and choices.

    Raises:
        ValueError: a value is of the wrong type, out of range, or not among the choices.
    """

    def __post_init__(self):
        for known in fields(self):
            name, value = known.name, getattr(self, known.name)
            if known.type is float and type(value) is int:
                object.__setattr__(self, name, float(value))
            elif type(value) is not known.type:
                raise ValueError(f"{name}={value!r} is of the wrong type; use {known.type.__name__}")
            choices, low, high = (known.metadata.get(key) for key in ("choices", "low", "high"))
            if choices and value not in choices:
                raise ValueError(f"{name}={value!r} is not known; use {' or '.join(map(repr, choices))}")
            if known.type in (int, float) and low is not None and not low <= value <= high:
                raise ValueError(
                    f"{name}={value} is out of range; use {low} to {high}, for instance {known.default}"
                )


@dataclass(frozen=True)
class VocoderConfig(Config):
    """How sound becomes frames.

    Args:
        fft_size: samples in one frame.
        hop_size: samples from one frame to the next.
        n_components: bins kept, from bin 0 up.
    """

    fft_size: int = 512
    hop_size: int = 128
    n_components: int = 10

    def __post_init__(self):
        super().__post_init__()
        check_sizes(self.fft_size, self.hop_size, self.n_components)


@dataclass(frozen=True)
class FeatureConfig(Config):
    """How frames become the numbers that the network learns.

    Args:
        representation: "absolute" or "delta" (FrameScaler), or "pitch" (PitchScaler: log magnitudes and one
            pitch for all components; it has no use for magnitude_scale and per_component).
        magnitude_scale: "linear" or "log".
        per_component: standardize every component by itself, not all magnitudes and all frequencies together.
        note: "none", or learn a whole note, from silence to silence, and tell the network where in it each
            frame is: "sustained" (blown or bowed), or "struck", which dies away by itself.
    """

    representation: str = setting("absolute", choices=("absolute", "delta", "pitch"))
    magnitude_scale: str = setting("linear", choices=("linear", "log"))
    per_component: bool = True
    note: str = setting("none", choices=("none", "sustained", "struck"))


@dataclass(frozen=True)
class NetworkConfig(Config):
    """The network's sizes.

    Args:
        hidden_size: units in each LSTM layer.
        num_layers: LSTM layers.
        n_mixtures: Gaussians in the mixture.
    """

    hidden_size: int = setting(100, 1, 4096)
    num_layers: int = setting(1, 1, 16)
    n_mixtures: int = setting(1, 1, 100)


@dataclass(frozen=True)
class TrainConfig(Config):
    """How the network is trained.

    Args:
        epochs: how often to go through the recordings, in all: a training that is resumed goes on to here.
        sequence_length: frames per training step.
        batch_size: stretches of the recordings trained side by side.
        optimizer: "adagrad" (the article's) or "adam".
        learning_rate: size of a training step.
        final_learning_rate: the part of the learning rate that is left in the last epoch; it falls evenly.
        scheduled_sampling: the part of the frames heard in training that the network draws itself. Running
            freely it hears nothing else; a network that has only heard the recording takes its own small
            errors for something new, and the errors grow.
        input_noise: standard deviation of noise added to what is heard in training, for the same reason.
        loss: "mdn" or, for one Gaussian, "beta_nll", which gives fast movements their share.
        seed: start of the random numbers, of the first parameters and of the training.
    """

    epochs: int = setting(20, 1, 10**6)
    sequence_length: int = setting(10, 1, 10**6)
    batch_size: int = setting(10, 1, 10**6)
    optimizer: str = setting("adagrad", choices=("adagrad", "adam"))
    learning_rate: float = setting(0.01, 1e-30, 3e38)
    final_learning_rate: float = setting(1.0, 0.0, 1.0)
    scheduled_sampling: float = setting(0.0, 0.0, 1.0)
    input_noise: float = setting(0.0, 0.0, 10.0)
    loss: str = setting("mdn", choices=tuple(LOSS_UNITS))
    seed: int = setting(0, 0, 2**32 - 1)


@dataclass(frozen=True)
class RenderConfig(Config):
    """How a trained network is made to sound.

    Args:
        primer: frames of the recording that the network hears before it runs freely.
        bounded: keep what the network draws where the recording was, give or take a margin.
        lock_phases: keep the bins of one partial in step.
        griffin_lim_iterations: how often the phases of overlapping frames are then made to agree.
    """

    primer: int = setting(100, 1, 10**6)
    bounded: bool = True
    lock_phases: bool = True
    griffin_lim_iterations: int = setting(0, 0, 1000)


class Settings:
    """What all kinds of model share: parts, each a Config, whose settings no two of them share by name."""

    def replace(self, **changes) -> "Settings":
        """Return a copy with some settings changed, whichever part they are in.

        For instance presets.CLARINET.replace(epochs=50, hidden_size=64).

        Raises:
            ValueError: a name is no setting, or its value does not do.
        """
        known = self.flat()
        for name in changes:
            if name not in known:
                raise ValueError(f"{name} is not a setting; the settings are {', '.join(known)}")
        parts = {}
        for part in fields(self):
            old = getattr(self, part.name)
            own = {name: changes[name] for name in _names(old) if name in changes}
            parts[part.name] = replace(old, **own)
        return type(self)(**parts)

    def flat(self) -> dict[str, int | float | str | bool]:
        """Return every setting of every part by its name; no two parts share one."""
        parts = (getattr(self, part.name) for part in fields(self))
        return {name: getattr(part, name) for part in parts for name in _names(part)}


@dataclass(frozen=True)
class ModelConfig(Settings):
    """All five parts, checked against each other.

    Args:
        vocoder: how sound becomes frames.
        features: how frames become the numbers that the network learns.
        network: the network's sizes.
        train: how it is trained.
        render: how it is made to sound.

    Raises:
        ValueError: two settings contradict each other.

    Notebook: 04_sine_model.
    """

    vocoder: VocoderConfig = VocoderConfig()
    features: FeatureConfig = FeatureConfig()
    network: NetworkConfig = NetworkConfig()
    train: TrainConfig = TrainConfig()
    render: RenderConfig = RenderConfig()

    def __post_init__(self):
        check_loss(self.train.loss, self.network.n_mixtures)
        if self.features.note != "none" and self.render.primer != 1:
            raise ValueError(
                f"primer={self.render.primer} does not go with note={self.features.note!r}: a whole note "
                "begins in silence, of which the network hears one frame; use primer=1"
            )


@dataclass(frozen=True)
class CorpusConfig(Settings):
    """How a model of many notes is made; how they become frames is the same for all: see dsp.harmonics.

    Args:
        network: the network's sizes.
        train: how it is trained; batch_size counts notes.

    Raises:
        ValueError: two settings contradict each other.

    Notebook: 10_scaling_up.
    """

    network: NetworkConfig = NetworkConfig()
    train: TrainConfig = TrainConfig()

    def __post_init__(self):
        check_loss(self.train.loss, self.network.n_mixtures)


PARTS = tuple(part.type for part in fields(ModelConfig))


def check_loss(loss: str, n_mixtures: int) -> None:
    """Check that a loss can be had of so many Gaussians.

    Raises:
        ValueError: it cannot.
    """
    if loss == "beta_nll" and n_mixtures > 1:
        raise ValueError(f"loss='beta_nll' needs n_mixtures=1, not {n_mixtures}; use loss='mdn'")


def check_resumable(old: Settings, new: Settings) -> None:
    """Check that a model can go on learning with another config: only how it is trained may differ.

    Raises:
        ValueError: another setting differs.
    """
    free = vars(new.train)
    for name, value in new.flat().items():
        if name not in free and value != old.flat()[name]:
            raise ValueError(f"{name}={value}, but the model to go on from has {old.flat()[name]}; use that")


def explain(part: type[Config]) -> dict[str, str]:
    """Return what each setting of a part means, from the part's docstring: one place says it."""
    text = re.sub(r"\n {12,}", " ", part.__doc__ or "")
    return dict(re.findall(r"^ {8}(\w+): (.+)$", text, flags=re.M))


def _names(part: Config) -> list[str]:
    return [known.name for known in fields(part)]
