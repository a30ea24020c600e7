"""What a SoundModel is made of, to a file and back.

Notebook: 04_sine_model.
"""

import os
from dataclasses import asdict

import numpy as np
import torch

from rnnsound.checkpoint import MALFORMED, read_model, unusable, write_model
from rnnsound.dsp.frames import Frames
from rnnsound.dsp.vocoder import PhaseVocoder
from rnnsound.features.frame_scaler import FrameScaler
from rnnsound.features.notes import HeldNote
from rnnsound.features.pitch_scaler import PitchScaler
from rnnsound.features.struck_note import StruckNote
from rnnsound.nn.network import SoundRNN
from rnnsound.nn.train import MEMORY, History
from rnnsound.presets import Settings

Scaler = FrameScaler | PitchScaler
Note = HeldNote | StruckNote
Parts = tuple[Settings, Scaler, SoundRNN, Frames, Note | None, History]

_HIGHEST_RATE = 10_000_000
_START = ("magnitude", "frequency", "first_phase")


def make_scaler(settings: Settings) -> Scaler:
    """Make the scaler that the settings ask for, not yet fitted."""
    if settings.representation == "pitch":
        return PitchScaler()
    return FrameScaler(settings.representation, settings.magnitude, settings.per_component)


def make_note(settings: Settings) -> Note | None:
    """Make the kind of note that the settings ask for, not yet fitted; None if they ask for no whole note."""
    return {"none": lambda: None, "held": HeldNote, "struck": StruckNote}[settings.note]()


def make_network(settings: Settings) -> SoundRNN:
    """Make the network that the settings ask for, not yet trained."""
    return SoundRNN(
        settings.n_features,
        settings.hidden_size,
        settings.num_layers,
        settings.n_mixtures,
        settings.n_conditions,
    )


def save_parts(
    path: str | os.PathLike,
    settings: Settings,
    scaler: Scaler,
    model: SoundRNN,
    start: Frames,
    note: Note | None,
    history: History,
) -> None:
    """Write all parts to a file; an old file stays until the new one is whole."""
    description = {"settings": asdict(settings), "sample_rate": start.sample_rate}
    groups = {
        "scaler": scaler.arrays(),
        "model": {name: p.numpy() for name, p in model.state_dict().items()},
        "start": {name: getattr(start, name) for name in _START},
        "note": note.arrays() if note else {},
        "memory": {name: value.numpy() for name, value in history.memory.items()},
    }
    tensors = {f"{group}.{name}": a for group, arrays in groups.items() for name, a in arrays.items()}
    write_model(path, description, tensors)


def load_parts(path: str | os.PathLike) -> Parts:
    """Read what save_parts wrote. Nothing in the file is executed, whoever made it.

    Raises:
        OSError: the file is missing or cannot be read.
        ValueError: it is not a model file, or a damaged one.
    """
    description, tensors = read_model(path)
    try:
        with np.errstate(all="ignore"):
            return _from_tensors(description, tensors)
    except MALFORMED as error:
        raise unusable(path) from error


def _from_tensors(description: dict, tensors: dict[str, np.ndarray]) -> Parts:
    """Build a model from a file's tensors, believing nothing."""
    settings, rate = Settings(**description["settings"]), description["sample_rate"]
    if type(rate) is not int or not 1 <= rate <= _HIGHEST_RATE:
        raise ValueError(f"sample_rate={rate}")
    PhaseVocoder(settings.fft_size, settings.hop_size, settings.n_components)  # refuses sizes that do not fit
    groups = {"scaler": {}, "model": {}, "start": {}, "note": {}, "memory": {}}
    for name, array in tensors.items():
        group, _, rest = name.partition(".")
        groups[group][rest] = array
    magnitude, frequency, first_phase = (groups["start"].pop(name) for name in _START)
    start = Frames(magnitude, frequency, rate, settings.fft_size, settings.hop_size, first_phase)
    if groups["start"] or start.n_components != settings.n_components:
        raise ValueError("the first frames do not fit the settings")
    scaler = make_scaler(settings).restore(groups["scaler"], start)
    if not (len(start) and np.isfinite(scaler.transform(start)).all()):
        raise ValueError("the first frames do not fit the means and deviations")
    note = make_note(settings)
    if note is not None:
        note.restore(groups["note"], settings.n_components)
    elif groups["note"]:
        raise ValueError("a note that the settings do not ask for")
    with torch.device("meta"):  # shapes without memory: the file must have the tensors that it promises
        model = make_network(settings)
    expected = {name: (tuple(p.shape), np.float32) for name, p in model.state_dict().items()}
    if {name: (a.shape, a.dtype) for name, a in groups["model"].items()} != expected:
        raise ValueError("the parameters do not fit the settings")
    parameters = {name: torch.from_numpy(a.copy()) for name, a in groups["model"].items()}
    model.load_state_dict(parameters, assign=True)
    history = History(memory=_memory(groups["memory"], model, settings.optimizer))
    return settings, scaler, model.eval(), start, note, history


def _memory(arrays: dict[str, np.ndarray], model: SoundRNN, optimizer: str) -> dict[str, torch.Tensor]:
    """Return an optimizer's memory from a file's tensors, or none if there is none."""
    expected = {
        f"{kind}.{name}": () if kind == "step" else tuple(p.shape)
        for name, p in model.named_parameters()
        for kind in MEMORY[optimizer]
    }
    if not arrays:
        return {}
    if {name: a.shape for name, a in arrays.items()} != expected or any(
        a.dtype != np.float32 for a in arrays.values()
    ):
        raise ValueError("the optimizer's memory does not fit the parameters")
    return {name: torch.from_numpy(a.copy()) for name, a in arrays.items()}
