"""The mixture loss, forward and backward, against torch.distributions."""

from functools import partial

import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from benchmarks.common import Row, medians
from rnnsound.nn.mdn import Mixture, mdn_loss

CALLS = 50  # in one measurement


def ours(mixture: Mixture, target: torch.Tensor) -> torch.Tensor:
    return mdn_loss(mixture, target)


def peer(mixture: Mixture, target: torch.Tensor) -> torch.Tensor:
    parts = Independent(Normal(mixture.means, mixture.log_stds.exp()), 1)
    return -MixtureSameFamily(Categorical(logits=mixture.log_weights), parts).log_prob(target).mean()


def rows() -> list[Row]:
    table = []
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # sizes this small only lose by a second one
    for name, length, dims, k in (("sine", 10, 20, 1), ("clarinet", 20, 40, 3), ("piano", 20, 40, 5)):
        torch.manual_seed(0)
        outputs = torch.randn(10, length, k * (1 + 2 * dims))
        leaves = [p.detach().requires_grad_() for p in Mixture.from_outputs(outputs, k)]
        mixture, target = Mixture(*leaves), torch.randn(10, length, dims)
        torch.testing.assert_close(ours(mixture, target), peer(mixture, target), rtol=1e-5, atol=0)
        calls = [partial(_repeat, function, mixture, target) for function in (ours, peer)]
        name = f"loss forward and backward x {CALLS}, {name}, vs torch"
        table.append(Row(name, *medians(*calls, repeats=11), goal=1 / 1.5))
    torch.set_num_threads(before)
    return table


def _repeat(function, mixture, target):
    for _ in range(CALLS):
        function(mixture, target).backward()
