"""Team: processes that train one network together, on one machine or several; alone, a team of one.

PyTorch's own launcher, torchrun, starts the processes and tells each its number. Each learns its share of
every batch; the gradients are averaged, so all make the same step, and have the same network. Notebook:
10_scaling_up.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

_PATIENCE = timedelta(minutes=30)  # while the first process measures a large corpus, the others wait


class ProcessLost(RuntimeError):
    """Another process of a training is gone, and what is learned can no longer be shared."""


class Team:
    """The processes that train together.

    Args:
        rank: this process's number; 0 writes and shows what there is to write and show.
        size: how many processes there are.
        device: that this process trains on.
    """

    def __init__(self, rank: int = 0, size: int = 1, device: torch.device | None = None):
        self.rank, self.size = rank, size
        self.device = device or torch.device("cpu")

    @property
    def leads(self) -> bool:
        """Whether this process is the one that writes, and shows progress."""
        return self.rank == 0

    def share_gradients(self, network: nn.Module) -> nn.Module:
        """Return a network that averages gradients over the team whenever they are computed."""
        return network if self.size == 1 else DistributedDataParallel(network)

    def largest(self, number: int) -> int:
        """Return the largest of all processes' numbers: whatever one says, all know."""
        if self.size == 1:
            return number
        held = torch.tensor(number, device=self.device)
        dist.all_reduce(held, dist.ReduceOp.MAX)
        return int(held)

    def total(self, numbers: Tensor) -> Tensor:
        """Return the sum of all processes' numbers."""
        if self.size > 1:
            dist.all_reduce(numbers)
        return numbers

    def wait(self) -> None:
        """Go on when all processes have come so far."""
        self.largest(0)


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
    """
    if not is_launched():
        yield Team()
        return
    on_gpu = device.startswith("cuda")
    place = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if on_gpu else torch.device(device)
    if on_gpu:
        torch.cuda.set_device(place)
    dist.init_process_group("nccl" if on_gpu else "gloo", timeout=_PATIENCE)
    team = Team(dist.get_rank(), dist.get_world_size(), place)
    _active.append(team)
    try:
        yield team
    finally:
        _active.remove(team)
        dist.destroy_process_group()


def lost(error: RuntimeError) -> ProcessLost:
    """Return what to say when processes can no longer talk to each other."""
    return ProcessLost(
        "another process of this training was lost; what was learned up to the last checkpoint is kept: "
        "start the training again with --resume, with as many processes as there are"
    )
