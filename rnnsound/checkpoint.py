"""The file that a SoundModel is kept in: which tensors and settings, and how they become a model again.

Notebook: 04_sine_model.
"""

import math
import os
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch

from rnnsound.config import LOSS_UNITS, ModelConfig, TrainConfig
from rnnsound.container import LARGEST_NUMBER, Groups, reading_container, write_container
from rnnsound.dsp.frames import Frames
from rnnsound.features import Excerpt, Scaler, make_note, make_scaler
from rnnsound.nn.history import OPTIMIZER_STATE, History
from rnnsound.nn.network import SoundRNN

_AT_ONCE = 2**16  # numbers of the primer that are looked at together
HIGHEST_RATE = 10_000_000
_CURVES = ("losses", "errors", "validation")
_PRIMER = ("magnitude", "frequency", "first_phase")
_GROUPS = ("scaler", "network", "primer", "note", "history", "optimizer")


class Parts(NamedTuple):
    """What a SoundModel is made of; see there."""

    config: ModelConfig
    scaler: Scaler
    network: SoundRNN
    primer: Frames
    note: Excerpt
    history: History
    peak: float


def make_network(config: ModelConfig, scaler: Scaler, note: Excerpt) -> SoundRNN:
    """Make the network that a config asks for, not yet trained."""
    sizes = config.network
    return SoundRNN(
        scaler.n_features, sizes.hidden_size, sizes.num_layers, sizes.n_mixtures, note.n_conditions
    )


def keep_in_range(network: SoundRNN, config: ModelConfig, scaler: Scaler) -> None:
    """Keep what the network draws where the recording was, or anywhere, as the config says."""
    infinite = np.full(scaler.n_features, np.inf)
    network.keep_within(*(scaler.bounds if config.render.bounded else (-infinite, infinite)))


def save_checkpoint(path: str | os.PathLike, parts: Parts) -> None:
    """Write all parts of a model to a file; an old file stays until the new one is whole.

    Raises:
        OSError: the folder is missing or cannot be written to.
    """
    config, scaler, network, primer, note, history, peak = parts
    groups = {
        "scaler": scaler.arrays(),
        "primer": {name: getattr(primer, name) for name in _PRIMER},
        "note": note.arrays(),
        **learned_groups(network, history),
    }
    description = {"settings": config.flat(), "sample_rate": primer.sample_rate, "start": primer.start}
    description["peak"] = peak if math.isfinite(peak) else None
    write_container(path, description, groups)


def learned_groups(network: SoundRNN, history: History) -> Groups:
    """Return what training made, as tensors: the network, and what it takes to go on from there."""
    return {
        "network": {name: p.cpu().numpy() for name, p in network.state_dict().items()},
        "history": _history_arrays(history),
        "optimizer": {name: value.numpy() for name, value in history.optimizer_state.items()},
    }


def load_checkpoint(path: str | os.PathLike) -> Parts:
    """Read what save_checkpoint wrote. Nothing in the file is executed, whoever made it.

    Raises:
        OSError: the file is missing or cannot be read.
        ValueError: it is not a model file, or a damaged one.
    """
    with reading_container(path, _GROUPS) as (description, groups):
        return _from_groups(description, groups)


def _from_groups(description: dict, groups: Groups) -> Parts:
    """Build a model from a file's tensors, believing nothing."""
    config = ModelConfig().replace(**description["settings"])
    rate, start, peak = (description[name] for name in ("sample_rate", "start", "peak"))
    if type(rate) is not int or not 1 <= rate <= HIGHEST_RATE or type(start) is not int:
        raise ValueError("the sample rate or the start is out of range")
    if not (peak is None or (type(peak) is float and 0 < peak <= LARGEST_NUMBER)):
        raise ValueError("the peak is out of range")
    magnitude, frequency, first_phase = (groups["primer"].pop(name) for name in _PRIMER)
    sizes = config.vocoder
    primer = Frames(magnitude, frequency, rate, sizes.fft_size, sizes.hop_size, first_phase, start)
    if groups["primer"] or primer.n_components != sizes.n_components:
        raise ValueError("the primer does not fit the settings")
    scaler = make_scaler(config.features).restore(groups["scaler"], primer)
    if not (len(primer) and all(np.isfinite(scaler.transform(part)).all() for part in _parts_of(primer))):
        raise ValueError("the primer does not fit the means and deviations")
    note = make_note(config.features).restore(groups["note"], sizes.n_components)
    with torch.device("meta"):  # shapes without memory: the file must have the tensors that it promises
        network = make_network(config, scaler, note)
    history = restore_learned(network, groups, config.train)
    keep_in_range(network, config, scaler)
    return Parts(config, scaler, network.eval(), primer, note, history, math.inf if peak is None else peak)


def _parts_of(primer: Frames) -> Iterator[Frames]:
    """Go through a primer in small parts, however long it claims to be; their phases are of no interest."""
    step = max(_AT_ONCE // primer.n_components, 1)
    for start in range(0, len(primer), step):
        part = slice(start, start + step)
        yield replace(primer, magnitude=primer.magnitude[part], frequency=primer.frequency[part])


def restore_learned(network: SoundRNN, groups: Groups, config: TrainConfig) -> History:
    """Give a network that has no memory yet a file's parameters, and return the history of their training.

    Raises:
        ValueError: they do not fit the network or the settings.
    """
    arrays = groups["network"]
    expected = {name: (tuple(p.shape), np.float32) for name, p in network.state_dict().items()}
    if {name: (a.shape, a.dtype) for name, a in arrays.items()} != expected:
        raise ValueError("the parameters do not fit the settings")
    parameters = {name: torch.from_numpy(a.copy()) for name, a in arrays.items()}
    network.load_state_dict(parameters, assign=True)
    history = _history(groups["history"], config)
    history.optimizer_state = _optimizer_state(groups["optimizer"], network, config)
    return history


def _history_arrays(history: History) -> dict[str, np.ndarray]:
    """Return what a training that goes on needs to know of the one before; all of it or nothing."""
    if not history.losses:
        return {}
    numbers = np.array([history.seconds, history.learning_rate])
    arrays = {"numbers": numbers, "generator": history.generator_state.numpy()}
    return arrays | {name: np.array(getattr(history, name)) for name in _CURVES}


def _history(arrays: dict[str, np.ndarray], config: TrainConfig) -> History:
    """Return a history from a file's tensors, or an empty one if there are none."""
    unit = LOSS_UNITS[config.loss]
    if not arrays:
        return History(unit)
    losses, errors, validation = (arrays.pop(name) for name in _CURVES)
    numbers, generator = arrays.pop("numbers"), torch.from_numpy(arrays.pop("generator").copy())
    if generator.shape == torch.Generator().get_state().shape:
        torch.Generator().set_state(generator)  # refuses what is no state
    if arrays or numbers.shape != (2,) or losses.ndim != 1 or losses.shape != errors.shape:
        raise ValueError("the history has the wrong names or shapes")
    if validation.shape not in (losses.shape, (0,)) or not (numbers > 0).all():
        raise ValueError("the history has the wrong shapes or times")
    seconds, rate = map(float, numbers)
    curves = losses.tolist(), errors.tolist(), validation.tolist()
    return History(unit, *curves, seconds, learning_rate=rate, generator_state=generator)


def _optimizer_state(
    arrays: dict[str, np.ndarray], network: SoundRNN, config: TrainConfig
) -> dict[str, torch.Tensor]:
    """Return an optimizer's state from a file's tensors, or none if there is none."""
    expected = {
        f"{kind}.{name}": () if kind == "step" else tuple(p.shape)
        for name, p in network.named_parameters()
        for kind in OPTIMIZER_STATE[config.optimizer]
    }
    if not arrays:
        return {}
    if {name: a.shape for name, a in arrays.items()} != expected or any(
        a.dtype != np.float32 for a in arrays.values()
    ):
        raise ValueError("the optimizer's state does not fit the parameters")
    return {name: torch.from_numpy(a.copy()) for name, a in arrays.items()}
