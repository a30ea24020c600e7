"""Training: one loop that follows the recordings and corrects the network, until it is done or stopped.

Source: Williams and Peng, "An Efficient Gradient-Based Algorithm for On-Line Training of Recurrent Network
Trajectories", 1990 (truncated back-propagation through time); Duchi, Hazan and Singer, "Adaptive Subgradient
Methods", 2011 (AdaGrad); Kingma and Ba, "Adam", 2015. Notebook: 04_sine_model.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import islice

import torch
from tqdm.auto import tqdm

from rnnsound.config import TrainConfig, check_loss
from rnnsound.features.sequence import Lessons, Sequence
from rnnsound.nn.corruption import InputCorruption
from rnnsound.nn.history import (
    Epoch,
    History,
    Snapshot,
    TrainingDiverged,
    begin_history,
    make_generator,
    restore_optimizer,
)
from rnnsound.nn.mdn import LOSSES
from rnnsound.nn.network import SoundRNN
from rnnsound.nn.stopping import Stop, stoppable
from rnnsound.nn.streams import Batch, make_streams, to_batch
from rnnsound.nn.team import ProcessLost, current_team, find_device, together

GRAD_CLIP = 5.0
"""No element of a gradient counts for more: one surprise should not undo what was learned. The article's."""
OPTIMIZERS = {"adagrad": torch.optim.Adagrad, "adam": torch.optim.Adam}
_DEFAULTS = TrainConfig()
_KEPT = 2**22  # numbers: see _useful_threads
_HELD_OUT, _HELD_OUT_FRAMES = 8, 100  # recordings that are listened to side by side, and frames at a time
_LOOK_EVERY = 10  # steps: a GPU works ahead, and processes need not wait for each other, until asked
_HALVED_FROM = 512  # units, from where on a GPU is to compute with 16 bits: see docs/scaling.md
_DIVERGED = 10_000  # what a process says whose loss is no number; no signal has it
_LARGE_STEP = 1_000_000_000  # parameters times frames, from where on a second thread is worth its while


def train(
    network: SoundRNN,
    sequences: list[Sequence] | Lessons,
    config: TrainConfig = _DEFAULTS,
    validation: Iterable[Sequence] = (),
    history: History | None = None,
    device: str = "cpu",
    on_epoch: Callable[[History], None] | None = None,
    progress: bool = True,
) -> History:
    """Teach the network to say what comes next.

    The recordings are cut into streams that are read side by side, sequence_length frames at a time. What the
    layers remember is carried from one piece to the next; gradients are not, they end at the piece's
    beginning. A network made after torch.manual_seed with the same seed is trained to the same parameters.

    A training that continues another takes up its epochs, its optimizer's state and its learning rate, which
    never rises again: on the same recordings the result is that of one long training, and a training that was
    complete goes on in the small steps that it ended with.

    Args:
        network: changed in place, and left on the device.
        sequences: the recordings' vectors and conditions; or lessons, which give other batches every epoch.
        config: how to train.
        validation: recordings that are only listened to, after each epoch; gone through anew each time.
        history: of the training that this one continues; None begins anew.
        device: "cpu", "cuda", "mps" ...
        on_epoch: called with the history after each epoch, to draw or to print.
        progress: show a progress bar.

    Returns:
        History. Ctrl-C, a notebook's stop button or a signal to end ends training early; the network is then
        as the last whole epoch left it, and history.stopped_by says which signal it was.

    Raises:
        ValueError: the sequences do not fit the network, are too short, or all epochs are done already.
        TrainingDiverged: the loss or its gradient became infinite or NaN; the network is as the last good
            epoch left it.
        ProcessLost: several processes trained together, and one of them is gone; likewise.

    Notebook: 04_sine_model.
    """
    team = current_team()
    with stoppable() as stop, _useful_threads(network, config):
        check_loss(config.loss, network.n_mixtures)
        history, start = begin_history(history, config), time.perf_counter()
        device, before = team.device if team.size > 1 else find_device(device), history.seconds
        batches = _batches(sequences, config, network, device)
        # The curve has a point for each epoch, or none: the training that this one continues may lack it.
        compares = bool(validation) and len(history.validation) == len(history.losses)
        history.validation = history.validation if compares else []
        network.to(device).train()
        sharing = team.share_gradients(network)
        optimizer = OPTIMIZERS[config.optimizer](network.parameters(), **_fused(config.optimizer, device))
        restore_optimizer(optimizer, network, config.optimizer, history.optimizer_state)
        generator = make_generator(config.seed, history, device)
        corruption = InputCorruption(config.scheduled_sampling, config.input_noise, generator)
        good = Snapshot.take(network, optimizer, generator)
        first = len(history.losses)
        bar = tqdm(
            range(first, config.epochs),
            "training",
            config.epochs,
            initial=first,
            disable=not (progress and team.leads),
        )
        try:
            for epoch in bar:
                history.learning_rate = min(history.learning_rate, _learning_rate(config, epoch))
                optimizer.param_groups[0]["lr"] = history.learning_rate
                with together():
                    done = _epoch(sharing, batches(epoch), config, corruption, optimizer, stop)
                if done is None:
                    network.load_state_dict(good.parameters)
                    history.stopped_by = stop.signal
                    break
                if not (math.isfinite(done.loss) and _is_finite(network)):
                    raise TrainingDiverged(_advice(epoch, config.learning_rate), history)
                good = Snapshot.take(network, optimizer, generator)
                history.add(done, good, before + time.perf_counter() - start)
                if compares:
                    own = islice(validation, team.rank, None, team.size)
                    heard = _side_by_side(own, network, device)
                    history.validation.append(held_out_loss(network, heard, config))
                bar.set_postfix(loss=f"{done.loss:.3f}", error=f"{done.error:.3f}")
                if on_epoch is not None and team.leads:
                    on_epoch(history)
        except (TrainingDiverged, ProcessLost):
            network.load_state_dict(good.parameters)
            raise
        finally:
            bar.close()
            network.zero_grad()  # nobody needs the last gradients, which take as much memory as the network
            history.seconds = before + time.perf_counter() - start
            network.eval()
    return history


def _batches(
    sequences: list[Sequence] | Lessons, config: TrainConfig, network: SoundRNN, device: torch.device
) -> Callable[[int], Iterable[Batch]]:
    """Return what gives the batches of an epoch by its number."""
    team = current_team()
    if isinstance(sequences, list):
        if team.size > 1:
            raise ValueError(
                "several processes share the notes of a corpus, not a recording; start one without torchrun"
            )
        streams = [batch.to(device) for batch in make_streams(sequences, config.batch_size, network)]
        return lambda epoch: streams
    return lambda epoch: (to_batch(rows).to(device) for rows in sequences.epoch(epoch, team.rank, team.size))


def _epoch(
    network: torch.nn.Module,
    batches: Iterable[Batch],
    config: TrainConfig,
    corruption: InputCorruption,
    optimizer: torch.optim.Optimizer,
    stop: Stop,
) -> Epoch | None:
    """Go through all batches once; return the mean loss and the root mean square error.

    A loss that is no number is returned as NaN; None says that training is to stop. Of several processes,
    what one of them finds or is asked for, all do; they, and a GPU, are asked every so often only.
    """
    team, device = current_team(), corruption.generator.device
    on_cpu = device.type == "cpu"
    look_every = 1 if on_cpu and team.size == 1 else _LOOK_EVERY
    own = network if team.size == 1 else network.module  # draws share no gradients
    parameters = list(network.parameters())  # looking them up takes a hundredth of a small step
    total, squares, count, steps = 0.0, 0.0, 0, 0
    for batch in batches:
        state, share = None, batch.share
        for piece in batch.pieces(config.sequence_length, corruption.moved(batch)):
            with _precision(own, device):
                x = corruption.corrupt(piece.heard, piece.conditions, own, state, share)
            with _precision(own, device):  # anew: weights cast for draws, without gradients, would be kept
                x = x if piece.mask is None else x * piece.mask
                mixture, state = network(x, piece.conditions, state)
            state = tuple(part.detach() for part in state)
            mixture, target = piece.what_counts(mixture, config.loss)
            loss = LOSSES[config.loss](mixture, target)
            number = loss.item() if on_cpu else loss.detach()
            if steps % look_every == 0:
                found = team.largest((stop.signal or 0) if math.isfinite(number) else _DIVERGED)
                if found == _DIVERGED:
                    return Epoch(math.nan, math.nan)
                if found:
                    stop.signal = found
                    return None
            steps += 1
            for p in parameters:
                p.grad = None
            team.weigh(loss, share.weight).backward()
            for p in parameters:
                p.grad.clamp_(-GRAD_CLIP, GRAD_CLIP)
            optimizer.step()
            frames = target.shape[:-1].numel() if share.weight else 0
            count += frames
            with torch.no_grad():
                total += frames * number
                squares += frames * (mixture.mean() - target).square().mean()
    sums = torch.tensor([float(total), float(squares), count], dtype=torch.float64)
    total, squares, count = team.total(sums).tolist()
    return Epoch(total / count, math.sqrt(squares / count))


def _precision(network: SoundRNN, device: torch.device) -> AbstractContextManager:
    """Let a large network on a GPU compute with the 16 bits of bfloat16; losses and parameters keep 32."""
    if device.type != "cuda" or network.lstm.hidden_size < _HALVED_FROM:
        return nullcontext()
    has_it = torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.autocast(device.type, torch.bfloat16, enabled=has_it)


def _side_by_side(recordings: Iterable[Sequence], network: SoundRNN, device: torch.device) -> Iterator[Batch]:
    """Go through recordings as they are, a few side by side: however many, memory holds those."""
    recordings = iter(recordings)
    while few := list(islice(recordings, _HELD_OUT)):
        yield from (batch.to(device) for batch in make_streams(few, len(few), network))


@torch.no_grad()
def held_out_loss(network: SoundRNN, batches: Iterable[Batch], config: TrainConfig) -> float:
    """Return the mean loss on recordings that are not trained on, heard as they are."""
    total, count = 0.0, 0
    for batch in batches:
        state = None
        for piece in batch.pieces(_HELD_OUT_FRAMES):
            mixture, state = network(piece.heard, piece.conditions, state)
            mixture, target = piece.what_counts(mixture, config.loss)
            frames = target.shape[:-1].numel()
            total += LOSSES[config.loss](mixture, target).item() * frames
            count += frames
    team = current_team()  # each of its processes has listened to its share
    total, count = team.total(torch.tensor([total, count], dtype=torch.float64, device=team.device)).tolist()
    return total / count


def _learning_rate(config: TrainConfig, epoch: int) -> float:
    """It falls evenly, from the learning rate in the first epoch to the part that is left in the last."""
    done = epoch / max(config.epochs - 1, 1)
    return config.learning_rate * (1 - (1 - config.final_learning_rate) * done)


@contextmanager
def _useful_threads(network: SoundRNN, config: TrainConfig) -> Iterator[None]:
    """Use all threads for large steps; small ones are over before a second one has woken.

    On an idle computer the second one gains a fifth to a quarter of a small step; on a busy one, each waiting
    for the other, a step has been seen to take fifteen times as long.
    """
    torch.empty(_KEPT)
    before, team = torch.get_num_threads(), current_team()
    step = network.n_parameters * config.batch_size * config.sequence_length / team.size
    torch.set_num_threads(team.n_cores if step >= _LARGE_STEP else 1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _fused(optimizer: str, device: torch.device) -> dict[str, bool]:
    """Let the optimizer update all parameters in one call where PyTorch can."""
    return {"fused": True} if device.type == "cpu" or (device.type, optimizer) == ("cuda", "adam") else {}


def _is_finite(network: SoundRNN) -> bool:
    return all(p.isfinite().all() for p in network.parameters())


def _advice(epoch: int, learning_rate: float) -> str:
    return (
        f"the loss was no longer a number in epoch {epoch + 1}; the model is as it was after epoch {epoch}: "
        f"train again with a learning rate below {learning_rate:g}, perhaps {learning_rate / 10:g}"
    )
