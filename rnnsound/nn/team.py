"""Team: processes that train one network together, on one machine or several; alone, a team of one.

PyTorch's own launcher, torchrun, starts the processes and tells each its number. Each learns its share of
every batch; the gradients are averaged, so all make the same step, and have the same network. Notebook:
10_scaling_up.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from inspect import signature

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

_PATIENCE = timedelta(minutes=30)  # while the first process measures a large corpus, the others wait
_BACKENDS = {"cuda": "cpu:gloo,cuda:nccl"}  # by kind of device; a flag is passed on without asking the GPU
# The network's bounds are the same everywhere, and need not be sent along with every step.
_UNSAID = {"forward_sync_buffers": False}
if "forward_sync_buffers" not in signature(DistributedDataParallel).parameters:  # before PyTorch 2.13
    _UNSAID = {"broadcast_buffers": False}
_LOST = (
    "another process of this training was lost; what was learned up to the last checkpoint is kept: start "
    "the training again with --resume, with as many processes as there are"
)


class ProcessLost(RuntimeError):
    """Another process of a training is gone, and what is learned can no longer be shared."""


class Team:
    """The processes that train together.

    Args:
        rank: this process's number; 0 writes and shows what there is to write and show.
        size: how many processes there are.
        device: that this process trains on.

    Notebook: 10_scaling_up.
    """

    def __init__(self, rank: int = 0, size: int = 1, device: torch.device | None = None):
        self.rank, self.size = rank, size
        self.device = device or torch.device("cpu")

    @property
    def leads(self) -> bool:
        """Whether this process is the one that writes, and shows progress."""
        return self.rank == 0

    @property
    def n_cores(self) -> int:
        """Cores of this machine for each of the processes that run on it."""
        here = int(os.environ.get("LOCAL_WORLD_SIZE", self.size)) if self.size > 1 else 1
        return max((os.cpu_count() or 1) // here, 1)

    def share_gradients(self, network: nn.Module) -> nn.Module:
        """Return a network that averages gradients over the team whenever they are computed.

        All begin with the first process's parameters.

        Raises:
            ProcessLost: a process is gone.
        """
        if self.size == 1:
            return network
        with together():
            return DistributedDataParallel(network, **_UNSAID)

    def weigh(self, loss: Tensor, weight: float) -> Tensor:
        """Return what to differentiate, so that the gradients' average is that of the whole batch's loss.

        Args:
            loss: mean over this process's rows.
            weight: the part of the whole batch that they count for; all processes' sum to 1.
        """
        return loss if self.size == 1 else loss * (weight * self.size)

    def largest(self, number: int) -> int:
        """Return the largest of all processes' numbers: whatever one says, all know.

        Raises:
            ProcessLost: a process is gone.
        """
        if self.size == 1:
            return number
        held = torch.tensor(number)
        with together():
            dist.all_reduce(held, dist.ReduceOp.MAX)
        return int(held)

    def total(self, numbers: Tensor) -> Tensor:
        """Return the sum of all processes' numbers; numbers itself is changed.

        Raises:
            ProcessLost: a process is gone.
        """
        if self.size > 1:
            with together():
                dist.all_reduce(numbers)
        return numbers

    def agrees(self, number: int) -> bool:
        """Say whether all processes have the same number."""
        return self.largest(number) == -self.largest(-number)


_active: list[Team] = []


def current_team() -> Team:
    """Return the team that this process is in; by itself, it is a team of one."""
    return _active[-1] if _active else Team()


def is_launched() -> bool:
    """Say whether torchrun started this process as one of several."""
    return dist.is_available() and int(os.environ.get("WORLD_SIZE", "1")) > 1


@contextmanager
def joined(device: str) -> Iterator[Team]:
    """Join the processes that torchrun started; if it started none, be alone.

    Args:
        device: "cuda" gives each process of a machine a GPU of its own; anything else is taken as it is.

    Raises:
        ValueError: the device is not available, as where a machine has fewer GPUs than processes.
        ProcessLost: the processes did not find each other.
    """
    if not is_launched():
        yield Team()
        return
    on_gpu = device.startswith("cuda")
    place = find_device(f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if on_gpu else device)
    if on_gpu:
        torch.cuda.set_device(place)
    with together():
        dist.init_process_group(_BACKENDS.get(place.type, "gloo"), timeout=_PATIENCE)
    team = Team(dist.get_rank(), dist.get_world_size(), place)
    _active.append(team)
    try:
        yield team
    finally:
        _active.remove(team)
        dist.destroy_process_group()


@contextmanager
def together() -> Iterator[None]:
    """Tell in one sentence that another process is gone, where processes talk to each other.

    Raises:
        ProcessLost: in place of what PyTorch raises then; other errors are left as they are.
    """
    try:
        yield
    except RuntimeError as error:
        if not (isinstance(error, dist.DistError) or "gloo" in str(error).lower()):
            raise
        raise ProcessLost(_LOST) from error


def find_device(name: str) -> torch.device:
    """Find a device by name, and see that it works.

    Raises:
        ValueError: it does not.
    """
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).item()  # some take a tensor and never give it back
    except (RuntimeError, AssertionError, ImportError) as error:
        raise ValueError(f"device={name!r} is not available on this computer; use 'cpu'") from error
    return device
