"""Training: one loop that follows the recording and corrects the model as it goes.

Source: Williams and Peng, "An Efficient Gradient-Based Algorithm for On-Line Training of Recurrent Network
Trajectories", 1990 (truncated back-propagation through time); Duchi, Hazan and Singer, "Adaptive Subgradient
Methods", 2011 (AdaGrad); Kingma and Ba, "Adam", 2015; Bengio et al., "Scheduled Sampling for Sequence
Prediction with Recurrent Neural Networks", 2015 (own draws). Notebooks: 04_sine_model, 06_clarinet.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from tqdm.auto import tqdm

from rnnsound.nn.mdn import even_loss, mdn_loss, sample
from rnnsound.nn.network import SoundRNN

_LARGE_STEP = 1_000_000_000  # parameters times frames, from where on a second thread is worth its while
LOSSES = {"mixture": mdn_loss, "even": even_loss}
OPTIMIZERS = {"adagrad": torch.optim.Adagrad, "adam": torch.optim.Adam}
MEMORY = {"adagrad": ("step", "sum"), "adam": ("step", "exp_avg", "exp_avg_sq")}
"""What an optimizer remembers of each parameter, by PyTorch's names."""


@dataclass
class History:
    """What training did.

    Args:
        losses: mean loss of each epoch that was finished, in nats per frame unless the loss was "even"; less
            is better, and below 0 is common.
        seconds: how long it took.
        interrupted: it was stopped by hand.
        memory: what the optimizer remembers, "kind.parameter" -> tensor; without it, training that goes on
            would begin with large steps again and undo some of what was learned.
    """

    losses: list[float] = field(default_factory=list)
    seconds: float = 0.0
    interrupted: bool = False
    memory: dict[str, torch.Tensor] = field(default_factory=dict)


class TrainingDiverged(ValueError):
    """The loss or its gradient stopped being a number; the model holds the parameters of the last good epoch.

    Args:
        message: which epoch, and what would do.
        history: up to that epoch.
    """

    def __init__(self, message: str, history: History):
        super().__init__(message)
        self.history = history


def train(
    model: SoundRNN,
    vectors: np.ndarray,
    epochs: int = 20,
    sequence_length: int = 10,
    batch_size: int = 10,
    optimizer: str = "adagrad",
    learning_rate: float = 0.01,
    clip: float = 5.0,
    conditions: np.ndarray | None = None,
    own_draws: float = 0.0,
    input_noise: float = 0.0,
    loss: str = "mixture",
    final_rate: float = 1.0,
    seed: int = 0,
    memory: dict[str, torch.Tensor] | None = None,
    device: str = "cpu",
    on_epoch: Callable[[History], None] | None = None,
    progress: bool = True,
) -> History:
    """Teach the model to say what comes next.

    The recording is cut into batch_size stretches that are read side by side, sequence_length frames at a
    time. What the layers remember is carried from one piece to the next; gradients are not, they end at the
    piece's beginning.

    Args:
        model: changed in place, and left on the device.
        vectors: standardised frames in order, (n_frames, n_features).
        epochs: how often to go through all of it.
        sequence_length: frames per step.
        batch_size: stretches side by side.
        optimizer: "adagrad" (the article's) or "adam".
        learning_rate: size of a step.
        clip: no element of the gradient counts for more than this, so that one surprise does not undo what
            was learned.
        conditions: what the model is told beside the frames, a row for each, (n_frames, n_conditions). With
            a frame it reads the row of the next, the one to come.
        own_draws: this part of the frames that the model hears are what it would have drawn itself. Running
            freely it hears nothing else; a model that has only heard the recording takes its own small errors
            for something new, and the errors grow.
        input_noise: standard deviation of noise added to what the model hears, for the same reason.
        loss: "mixture" (mdn_loss), or "even" (even_loss, for one Gaussian), which does not let a wide
            deviation cover what moves fast.
        final_rate: the learning rate falls evenly to this part of itself in the last epoch.
        seed: start of PyTorch's random numbers. A model made after torch.manual_seed with the same seed is
            trained to the same parameters.
        memory: the history's of the training that this one continues, with the same optimizer.
        device: "cpu", "cuda", "mps" ...
        on_epoch: called with the history after each epoch, to draw or to print.
        progress: show a progress bar.

    Returns:
        History. Ctrl-C or a notebook's stop button ends training early, and the model keeps what it learned.

    Raises:
        ValueError: a setting is out of range, or vectors or conditions are too short, not finite, or do not
            fit.
        TrainingDiverged: the loss or its gradient became infinite or NaN; the model is as the last good epoch
            left it.

    Notebook: 04_sine_model.
    """
    _check(epochs, sequence_length, optimizer, learning_rate, clip)
    if loss not in LOSSES or (loss == "even" and model.n_mixtures > 1):
        raise ValueError(f"loss={loss!r} does not do; use 'mixture', or 'even' for one Gaussian")
    _check_parts(own_draws=own_draws, final_rate=final_rate)
    streams = _cut(_beside(vectors, conditions, model), batch_size)
    device = _device(device)
    history, start = History(), time.perf_counter()
    bar = tqdm(range(epochs), desc="training", unit="epoch", disable=not progress)
    with bar, _useful_threads(model, batch_size * sequence_length):
        torch.manual_seed(seed)
        streams = streams.to(device)
        frames, told = streams.split((model.n_features, model.n_conditions), dim=-1)
        heard = _Heard(own_draws, input_noise, *torch.aminmax(frames.flatten(0, 1), dim=0))
        model.to(device).train()
        update = OPTIMIZERS[optimizer](model.parameters(), lr=learning_rate, **_fused(optimizer, device))
        _recall(update, model, optimizer, memory or {})
        good = _copy(model)
        try:
            for epoch in bar:
                state, total = None, 0.0
                for group in update.param_groups:
                    group["lr"] = learning_rate * (1 - (1 - final_rate) * epoch / max(epochs - 1, 1))
                for first in range(0, streams.shape[1] - 1, sequence_length):
                    piece, place = (s[:, first : first + sequence_length + 1] for s in (frames, told))
                    x = heard.instead_of(piece[:, :-1], place[:, 1:], model, state)
                    mixture, state = model(x, state)
                    value = LOSSES[loss](mixture, piece[:, 1:])
                    number = value.item()
                    if not math.isfinite(number):
                        raise TrainingDiverged(_advice(epoch, learning_rate), history)
                    update.zero_grad()
                    value.backward()
                    nn.utils.clip_grad_value_(model.parameters(), clip)
                    update.step()
                    state = tuple(part.detach() for part in state)
                    total += number * (piece.shape[1] - 1)
                if not _is_finite(model):
                    raise TrainingDiverged(_advice(epoch, learning_rate), history)
                good = _copy(model)
                history.losses.append(total / (streams.shape[1] - 1))
                history.seconds = time.perf_counter() - start
                bar.set_postfix(loss=f"{history.losses[-1]:.3f}")
                if on_epoch is not None:
                    on_epoch(history)
        except KeyboardInterrupt:
            history.interrupted = True
            if not _is_finite(model):
                model.load_state_dict(good)
        except TrainingDiverged:
            model.load_state_dict(good)
            raise
        finally:
            history.seconds = time.perf_counter() - start
            history.memory = _remember(update, model)
            model.eval()
    return history


class _Heard(NamedTuple):
    """What the model hears in training: the recording, its own draws in part, and noise."""

    own_draws: float
    noise: float
    low: torch.Tensor
    high: torch.Tensor

    def instead_of(self, frames: torch.Tensor, told: torch.Tensor, model: SoundRNN, state) -> torch.Tensor:
        """Make the input that takes the place of the recording's frames, conditions included.

        Args:
            frames: of the recording, (batch, time, n_features).
            told: conditions of the frame after each, (batch, time, n_conditions).
            model: as it is now.
            state: its memory before the first frame.
        """
        if self.own_draws:
            with torch.no_grad():
                drawn = sample(model(torch.cat([frames, told], -1), state)[0])[:, :-1]
            drawn = drawn.clamp(self.low, self.high)
            own = torch.rand(drawn.shape[:2], device=drawn.device).unsqueeze(-1) < self.own_draws
            frames = torch.cat([frames[:, :1], torch.where(own, drawn, frames[:, 1:])], dim=1)
        if self.noise:
            frames = frames + self.noise * torch.randn_like(frames)
        return torch.cat([frames, told], dim=-1) if told.shape[-1] else frames


def _beside(vectors: np.ndarray, conditions: np.ndarray | None, model: SoundRNN) -> np.ndarray:
    """Put vectors and conditions side by side, (n_frames, n_features + n_conditions)."""
    vectors = np.asarray(vectors, dtype=np.float32)
    if vectors.ndim != 2 or vectors.shape[1] != model.n_features:
        raise ValueError(
            f"vectors have shape {vectors.shape}; this model learns (n_frames, {model.n_features})"
        )
    conditions = np.zeros((len(vectors), 0)) if conditions is None else np.asarray(conditions)
    if conditions.shape != (len(vectors), model.n_conditions):
        raise ValueError(
            f"conditions have shape {conditions.shape}; this model needs "
            f"({len(vectors)}, {model.n_conditions})"
        )
    return np.hstack([vectors, conditions.astype(np.float32)])


def _cut(vectors: np.ndarray, batch_size: int) -> torch.Tensor:
    """Cut rows into batch_size contiguous stretches of equal length, (batch_size, length, n_columns).

    Each ends with the frame that the next begins with, so that no step from frame to frame is lost in
    between.
    """
    if not np.isfinite(vectors).all():
        raise ValueError("vectors hold NaN or infinity; standardise finite frames")
    if batch_size < 1 or batch_size != int(batch_size):
        raise ValueError(f"batch_size={batch_size} is not a number of stretches; use 1 or more")
    length = (len(vectors) - 1) // batch_size
    if length < 1:
        raise ValueError(
            f"{len(vectors)} frames are too few for batch_size={batch_size}, which needs {batch_size + 1}; "
            "use a longer recording or a smaller batch_size"
        )
    return torch.from_numpy(np.stack([vectors[i * length : (i + 1) * length + 1] for i in range(batch_size)]))


def _check(epochs: int, sequence_length: int, optimizer: str, learning_rate: float, clip: float) -> None:
    """Raise a ValueError for a setting that cannot train."""
    for name, count in {"epochs": epochs, "sequence_length": sequence_length}.items():
        if count < 1 or count != int(count):
            raise ValueError(f"{name}={count} is not a count; use a whole number from 1 up")
    if optimizer not in OPTIMIZERS:
        raise ValueError(f"optimizer={optimizer!r} is not known; use {' or '.join(map(repr, OPTIMIZERS))}")
    for name, size in {"learning_rate": learning_rate, "clip": clip}.items():
        if not 0 < size < math.inf:
            raise ValueError(f"{name}={size} must be a number above 0; 0.01 and 1 are usual for the two")


def _check_parts(**parts: float) -> None:
    """Raise a ValueError for a part that is not from 0 to 1."""
    for name, part in parts.items():
        if not 0 <= part <= 1:
            raise ValueError(f"{name}={part} is not a part of the whole; use a number from 0 to 1")


def _device(name: str) -> torch.device:
    """Find a device by name, and see that it works."""
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"device={name!r} is not to be had on this computer; use 'cpu'") from error
    return device


@contextmanager
def _useful_threads(model: SoundRNN, frames_per_step: int) -> Iterator[None]:
    """Use one thread for small steps: they are over before a second one has woken.

    On an idle computer the second one gains at most a fifth; on a busy one, each waiting for the other, a
    step has been seen to take fifteen times as long.
    """
    before = torch.get_num_threads()
    if model.n_parameters * frames_per_step < _LARGE_STEP:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _fused(optimizer: str, device: torch.device) -> dict[str, bool]:
    """Let the optimizer update all parameters in one call where PyTorch can."""
    return {"fused": True} if device.type == "cpu" or (device.type, optimizer) == ("cuda", "adam") else {}


def _remember(update: torch.optim.Optimizer, model: SoundRNN) -> dict[str, torch.Tensor]:
    """Return what the optimizer remembers, by kind and name of the parameter."""
    parameters = model.named_parameters()
    return {
        f"{kind}.{name}": value.cpu() for name, p in parameters for kind, value in update.state[p].items()
    }


def _recall(update: torch.optim.Optimizer, model: SoundRNN, optimizer: str, memory: dict) -> None:
    """Give an optimizer its memory back; one of another optimizer is left aside."""
    names = [name for name, _ in model.named_parameters()]
    if memory.keys() == {f"{kind}.{name}" for kind in MEMORY[optimizer] for name in names}:
        state = {
            i: {kind: memory[f"{kind}.{name}"] for kind in MEMORY[optimizer]} for i, name in enumerate(names)
        }
        update.load_state_dict(update.state_dict() | {"state": state})


def _copy(model: SoundRNN) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def _is_finite(model: SoundRNN) -> bool:
    return all(p.isfinite().all() for p in model.parameters())


def _advice(epoch: int, learning_rate: float) -> str:
    return (
        f"the loss was no longer a number in epoch {epoch + 1}; the model is as it was after epoch {epoch}: "
        f"train again with a learning rate below {learning_rate:g}, perhaps {learning_rate / 10:g}"
    )
