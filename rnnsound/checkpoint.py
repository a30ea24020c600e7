"""The file that a model is kept in: what is in it, a checksum, and how it is read without believing it.

A line that names the format, a checksum, and then tensors and a description, which holds the settings.

Tensors are in the safetensors format, which can hold nothing that runs; the description is JSON. Pickle,
which PyTorch's own files are made of, runs what the file says. Notebook: 04_sine_model.
"""

import hashlib
import json
import math
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import safetensors.numpy
import torch

from rnnsound.config import LOSS_UNITS, ModelConfig
from rnnsound.dsp.frames import Frames
from rnnsound.dsp.outputs import replacing
from rnnsound.features import Excerpt, Scaler, make_note, make_scaler
from rnnsound.nn.history import OPTIMIZER_STATE, History
from rnnsound.nn.network import SoundRNN

_MAGIC = b"rnnsound model 2\n"  # the number is the format's version
_DIGEST = hashlib.sha256().digest_size
_LARGEST_FILE = 2**30  # bytes; the article's largest model has 1.5 million
_LARGEST_HEADER = 2**20  # of the tensors; a model's takes some thousand bytes, and so does its description
_AT_ONCE = 2**16  # numbers of the primer that are looked at together
_LARGEST_NUMBER = 1e9  # no weight, frequency or magnitude comes near; products of two such are still finite
HIGHEST_RATE = 10_000_000
_CURVES = ("losses", "errors", "validation")
_PRIMER = ("magnitude", "frequency", "first_phase")
_GROUPS = ("scaler", "network", "primer", "note", "history", "optimizer")
# What malformed content raises on its way to becoming tensors, settings and a model.
_MALFORMED = (
    safetensors.SafetensorError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    RuntimeError,
    TypeError,
    ValueError,
)


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
        "network": {name: p.cpu().numpy() for name, p in network.state_dict().items()},
        "primer": {name: getattr(primer, name) for name in _PRIMER},
        "note": note.arrays(),
        "history": _history_arrays(history),
        "optimizer": {name: value.numpy() for name, value in history.optimizer_state.items()},
    }
    tensors = {
        f"{group}.{name}": np.array(array, order="C")
        for group, arrays in groups.items()
        for name, array in arrays.items()
    }
    description = {"settings": config.flat(), "sample_rate": primer.sample_rate, "start": primer.start}
    description["peak"] = peak if math.isfinite(peak) else None
    text = np.frombuffer(json.dumps(description).encode(), dtype=np.uint8)
    content = safetensors.numpy.save({"description": text, **tensors})
    with replacing(Path(path)) as part:
        part.write_bytes(_MAGIC + hashlib.sha256(content).digest() + content)


def load_checkpoint(path: str | os.PathLike) -> Parts:
    """Read what save_checkpoint wrote. Nothing in the file is executed, whoever made it.

    Raises:
        OSError: the file is missing or cannot be read.
        ValueError: it is not a model file, or a damaged one.
    """
    content = _content(Path(path))
    try:
        with np.errstate(all="ignore"):
            tensors = safetensors.numpy.load(content)
            description = tensors.pop("description")
            if description.nbytes > _LARGEST_HEADER:
                raise ValueError("the description is too long")
            description = json.loads(description.tobytes())
            return _from_tensors(description, tensors)
    except _MALFORMED as error:  # what the file says is not repeated
        raise ValueError(f"{path}: this file holds no usable model; train and save one") from error


def _content(path: Path) -> bytes:
    """Read a file that has the right first line and checksum."""
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no such file; check the name and the folder")
    if not path.is_file():
        raise OSError(f"{path}: this is not a file; name one model file")
    if path.stat().st_size > _LARGEST_FILE:
        raise ValueError(f"{path}: a file of {path.stat().st_size:,} bytes is not a model made by rnnsound")
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            raise ValueError(f"{path}: this is not a model of this version of rnnsound; train and save one")
        expected, checksum = file.read(_DIGEST), hashlib.sha256()
        content = file.tell()
        while block := file.read(2**20):
            checksum.update(block)
        if checksum.digest() != expected:
            raise ValueError(f"{path}: this model is damaged or cut short; copy it again or train anew")
        file.seek(content)
        if int.from_bytes(file.read(8), "little") > _LARGEST_HEADER:
            raise ValueError(f"{path}: this file holds no usable model; train and save one")
        file.seek(content)
        return file.read()


def _from_tensors(description: dict, tensors: dict[str, np.ndarray]) -> Parts:
    """Build a model from a file's tensors, believing nothing."""
    for name, array in tensors.items():
        kind = "u" if name == "history.generator" else "f"
        largest = np.finfo(float).max if name.startswith("history.") else _LARGEST_NUMBER
        # As Python's numbers: a bound too large for an array's own kind would be infinity there.
        inside = not array.size or (-largest <= float(array.min()) and float(array.max()) <= largest)
        if array.dtype.kind != kind or not inside:
            raise ValueError("a number is too large, or is none")
    config = ModelConfig().replace(**description["settings"])
    rate, start, peak = (description[name] for name in ("sample_rate", "start", "peak"))
    if type(rate) is not int or not 1 <= rate <= HIGHEST_RATE or type(start) is not int:
        raise ValueError("the sample rate or the start is out of range")
    if not (peak is None or (type(peak) is float and 0 < peak <= _LARGEST_NUMBER)):
        raise ValueError("the peak is out of range")
    groups = {group: {} for group in _GROUPS}
    for name, array in tensors.items():
        group, _, rest = name.partition(".")
        groups[group][rest] = array
    magnitude, frequency, first_phase = (groups["primer"].pop(name) for name in _PRIMER)
    sizes = config.vocoder
    primer = Frames(magnitude, frequency, rate, sizes.fft_size, sizes.hop_size, first_phase, start)
    if groups["primer"] or primer.n_components != sizes.n_components:
        raise ValueError("the primer does not fit the settings")
    scaler = make_scaler(config.features).restore(groups["scaler"], primer)
    if not (len(primer) and all(np.isfinite(scaler.transform(part)).all() for part in _parts_of(primer))):
        raise ValueError("the primer does not fit the means and deviations")
    note = make_note(config.features).restore(groups["note"], sizes.n_components)
    network = _network(config, scaler, note, groups["network"])
    history = _history(groups["history"], config)
    history.optimizer_state = _optimizer_state(groups["optimizer"], network, config)
    return Parts(config, scaler, network.eval(), primer, note, history, math.inf if peak is None else peak)


def _parts_of(primer: Frames) -> Iterator[Frames]:
    """Go through a primer in small parts, however long it claims to be; their phases are of no interest."""
    step = max(_AT_ONCE // primer.n_components, 1)
    for start in range(0, len(primer), step):
        part = slice(start, start + step)
        yield replace(primer, magnitude=primer.magnitude[part], frequency=primer.frequency[part])


def _network(config: ModelConfig, scaler: Scaler, note: Excerpt, arrays: dict[str, np.ndarray]) -> SoundRNN:
    """Return the network with a file's parameters."""
    with torch.device("meta"):  # shapes without memory: the file must have the tensors that it promises
        network = make_network(config, scaler, note)
    expected = {name: (tuple(p.shape), np.float32) for name, p in network.state_dict().items()}
    if {name: (a.shape, a.dtype) for name, a in arrays.items()} != expected:
        raise ValueError("the parameters do not fit the settings")
    parameters = {name: torch.from_numpy(a.copy()) for name, a in arrays.items()}
    network.load_state_dict(parameters, assign=True)
    keep_in_range(network, config, scaler)
    return network


def _history_arrays(history: History) -> dict[str, np.ndarray]:
    """Return what a training that goes on needs to know of the one before; all of it or nothing."""
    if not history.losses:
        return {}
    numbers = np.array([history.seconds, history.learning_rate])
    arrays = {"numbers": numbers, "generator": history.generator_state.numpy()}
    return arrays | {name: np.array(getattr(history, name)) for name in _CURVES}


def _history(arrays: dict[str, np.ndarray], config: ModelConfig) -> History:
    """Return a history from a file's tensors, or an empty one if there are none."""
    unit = LOSS_UNITS[config.train.loss]
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
    arrays: dict[str, np.ndarray], network: SoundRNN, config: ModelConfig
) -> dict[str, torch.Tensor]:
    """Return an optimizer's state from a file's tensors, or none if there is none."""
    expected = {
        f"{kind}.{name}": () if kind == "step" else tuple(p.shape)
        for name, p in network.named_parameters()
        for kind in OPTIMIZER_STATE[config.train.optimizer]
    }
    if not arrays:
        return {}
    if {name: a.shape for name, a in arrays.items()} != expected or any(
        a.dtype != np.float32 for a in arrays.values()
    ):
        raise ValueError("the optimizer's state does not fit the parameters")
    return {name: torch.from_numpy(a.copy()) for name, a in arrays.items()}
