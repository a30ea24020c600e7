"""History: what a training did, and what it takes to go on from there. Notebook: 04_sine_model."""

import math
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import torch
from torch import Tensor

from rnnsound.config import LOSS_UNITS, TrainConfig
from rnnsound.nn.network import SoundRNN

OPTIMIZER_STATE = {"adagrad": ("step", "sum"), "adam": ("step", "exp_avg", "exp_avg_sq")}
"""What an optimizer keeps of each parameter, by PyTorch's names."""


@dataclass
class History:
    """What training did. Epochs of the training that it continued come first.

    Args:
        unit: of the losses: "nats per frame" for "mdn". The values of "beta_nll" have none, and say little:
            they may rise while the sound gets better.
        losses: mean loss of each whole epoch.
        errors: how far the expected frame was from the one that came, in standard deviations of the
            recording, root mean square over each epoch. It falls while the network learns, whatever the loss.
        validation: loss on the held-out recordings after each epoch; empty if there were none.
        seconds: how long it took.
        stopped_by: the signal that ended it early, such as that of Ctrl-C; None if it ran to its end.
        learning_rate: of the last epoch.
        optimizer_state: what the optimizer keeps, "kind.parameter" -> tensor; without it, training that goes
            on would begin with large steps again and undo some of what was learned.
        generator_state: of the random numbers, so that training that goes on draws the next ones.
    """

    unit: str = LOSS_UNITS["mdn"]
    losses: list[float] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)
    seconds: float = 0.0
    stopped_by: int | None = None
    learning_rate: float = math.inf
    optimizer_state: dict[str, Tensor] = field(default_factory=dict)
    generator_state: Tensor | None = None

    def add(self, epoch: "Epoch", snapshot: "Snapshot", seconds: float) -> None:
        """Take up an epoch that is finished, and what it takes to go on from there."""
        self.losses.append(epoch.loss)
        self.errors.append(epoch.error)
        self.optimizer_state, self.generator_state = snapshot.optimizer_state, snapshot.generator_state
        self.seconds = seconds

    @property
    def interrupted(self) -> bool:
        """Whether it was stopped before its end."""
        return self.stopped_by is not None


class TrainingDiverged(ValueError):
    """The loss or its gradient was no longer a number; the network is as the last good epoch left it.

    Args:
        message: which epoch, and what would do.
        history: up to the last good epoch.
    """

    def __init__(self, message: str, history: History):
        super().__init__(message)
        self.history = history


class Epoch(NamedTuple):
    """What one epoch came to: its mean loss and its root mean square error."""

    loss: float
    error: float


class Snapshot(NamedTuple):
    """What was learned, and what it takes to go on from there, as it was after an epoch."""

    parameters: dict[str, Tensor]
    optimizer_state: dict[str, Tensor]
    generator_state: Tensor

    @classmethod
    def take(
        cls, network: SoundRNN, optimizer: torch.optim.Optimizer, generator: torch.Generator
    ) -> "Snapshot":
        """Copy everything, so that training may go on."""
        parameters = {name: value.clone() for name, value in network.state_dict().items()}
        named = network.named_parameters()
        kept = {
            f"{kind}.{name}": value.cpu().clone()
            for name, p in named
            for kind, value in optimizer.state[p].items()
        }
        return cls(parameters, kept, generator.get_state())


def restore_optimizer(
    optimizer: torch.optim.Optimizer, network: SoundRNN, name: str, kept: dict[str, Tensor]
) -> None:
    """Give an optimizer its state back; that of another optimizer is left aside."""
    names = [parameter for parameter, _ in network.named_parameters()]
    kinds = OPTIMIZER_STATE[name]
    if kept.keys() == {f"{kind}.{parameter}" for kind in kinds for parameter in names}:
        state = {i: {kind: kept[f"{kind}.{p}"].clone() for kind in kinds} for i, p in enumerate(names)}
        optimizer.load_state_dict(optimizer.state_dict() | {"state": state})


def begin_history(history: History | None, config: TrainConfig) -> History:
    """Return a history to write in: a new one, or a copy of the one that is continued."""
    unit = LOSS_UNITS[config.loss]
    if history is None:
        return History(unit)
    if len(history.losses) >= config.epochs:
        raise ValueError(
            f"epochs={config.epochs}, but the training to go on from has done {len(history.losses)} already; "
            f"ask for more in all, such as epochs={len(history.losses) + config.epochs}"
        )
    lists = [list(values) for values in (history.losses, history.errors, history.validation)]
    return replace(history, unit=unit, losses=lists[0], errors=lists[1], validation=lists[2], stopped_by=None)


def make_generator(seed: int, history: History, device: torch.device) -> torch.Generator:
    """Return the random numbers of a training, or those that follow in one that is continued.

    They follow only on a device of the same kind; on another they begin anew.
    """
    generator = torch.Generator(device).manual_seed(seed)
    kept = history.generator_state
    if kept is not None and kept.shape == generator.get_state().shape:
        generator.set_state(kept)
    return generator
