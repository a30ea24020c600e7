"""Mixture densities: say not one next frame but how likely every possible next frame is.

Source: Bishop, "Mixture Density Networks", 1994, gives the idea and the loss: a network puts out the
parameters of a mixture of Gaussians and is trained on the likelihood of what came. Schuster, "Better
Generative Models for Sequential Data Problems: Bidirectional Recurrent Mixture Density Networks", 1999, puts
a recurrent network in front and gives each Gaussian a deviation of its own per dimension, with the gradients.
Graves, "Generating Sequences With Recurrent Neural Networks", 2013, feeds the network what was drawn from its
own mixture, so that it runs freely.
Notebook: 03_mixture_density.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from rnnsound.config import check_loss

LOG_STD_LIMIT = math.log(1e5)
"""Deviations stay within 1e-5 to 1e5 times the spread of the training data (which is 1)."""

_UNSURE = 3.0  # a wider deviation than this gives a number no more weight in beta_nll_loss


class Mixture(NamedTuple):
    """A mixture of K Gaussians with diagonal covariance, in D dimensions; one for every leading index.

    Args:
        log_weights: logarithms of the weights, which sum to 1 over the last axis, shape (..., K).
        means: centers, in the units of the target, shape (..., K, D).
        log_stds: logarithms of the standard deviations (not variances), shape (..., K, D).

    Source: Bishop, 1994; a deviation per dimension: Schuster, 1999. Notebook: 03_mixture_density.
    """

    log_weights: Tensor
    means: Tensor
    log_stds: Tensor

    @classmethod
    def from_outputs(cls, outputs: Tensor, n_mixtures: int) -> "Mixture":
        """Read the numbers that a network puts out as a mixture.

        Any real number must do, whatever the network says: a softmax turns K of them into weights, a
        logarithm makes every deviation positive. A tanh keeps that logarithm within ± LOG_STD_LIMIT. Without
        it, a tone that repeats itself exactly would reward ever smaller deviations until 1 / std² overflows.
        It bends slowly, where a clamp would cut: beyond a clamp the gradient is zero, and a deviation that
        went there could never come back.

        Args:
            outputs: shape (..., K * (1 + 2 * D)): K weights, then K * D means, then K * D deviations.
            n_mixtures: K.
        """
        k = n_mixtures
        size = (outputs.shape[-1] - k) // 2
        weights, means, stds = outputs.split((k, size, size), dim=-1)
        return cls(
            log_weights=torch.log_softmax(weights, dim=-1),
            means=means.unflatten(-1, (k, -1)),
            log_stds=LOG_STD_LIMIT * torch.tanh(stds.unflatten(-1, (k, -1)) / LOG_STD_LIMIT),
        )

    def mean(self) -> Tensor:
        """Return the value that is to be expected: the centers' mean by their weights, shape (..., D)."""
        return (self.log_weights.exp().unsqueeze(-1) * self.means).sum(-2)


def mdn_loss(mixture: Mixture, target: Tensor) -> Tensor:
    """Mean negative log-likelihood of the target, in nats per frame.

    The density of a frame of 40 numbers is a product of 40 factors and leaves the range of floating point in
    either direction, so the densities themselves are never computed: their logarithms are sums, and
    log-sum-exp adds up the components relative to the largest of them.

    Args:
        mixture: log_weights (..., K), means and log_stds (..., K, D).
        target: what came, shape (..., D).

    Returns:
        A scalar: the mean over all leading axes (batch and time).

    Source: Bishop, 1994 (the loss); its gradients written out: Schuster, 1999. Notebook: 03_mixture_density.
    """
    log_weights, means, log_stds = mixture
    deviation = (target.unsqueeze(-2) - means) * torch.exp(-log_stds)  # in standard deviations, (..., K, D)
    log_density = -0.5 * deviation.square().sum(-1) - log_stds.sum(-1)  # (..., K), less a constant
    log_likelihood = torch.logsumexp(log_weights + log_density, dim=-1)
    return 0.5 * math.log(2 * math.pi) * target.shape[-1] - log_likelihood.mean()


def beta_nll_loss(mixture: Mixture, target: Tensor) -> Tensor:
    """Mean negative log-likelihood in which every number's share is weighted by its own deviation.

    The gradient of a mean goes with 1 / std²: where the model is unsure, it learns the mean slowly, and where
    the mean is wrong the deviation grows. An attack, a few frames out of hundreds that are all far from the
    held tone, is then never learned but covered by a wide deviation. Times std, taken as a fixed weight, the
    unsure numbers keep up; the best mean and deviation of each number stay the same.

    Args:
        mixture: of one Gaussian; means and log_stds (..., 1, D).
        target: what came, shape (..., D).

    Returns:
        A scalar, without a unit. It says little by itself: as deviations shrink, so do the weights, and the
        value may rise while the sound gets better.

    Raises:
        ValueError: the mixture has several Gaussians.

    Source: Seitzer, Tavakoli, Antic and Martius, "On the Pitfalls of Heteroscedastic Uncertainty Estimation
    with Probabilistic Neural Networks", 2022, with their beta at 1/2. Notebook: 06_clarinet.
    """
    check_loss("beta_nll", mixture.means.shape[-2])
    means, log_stds = mixture.means.squeeze(-2), mixture.log_stds.squeeze(-2)
    share = 0.5 * ((target - means) * torch.exp(-log_stds)).square() + log_stds
    weight = log_stds.detach().exp().clamp(max=_UNSURE)
    return (weight * share).sum(-1).mean()


LOSSES = {"mdn": mdn_loss, "beta_nll": beta_nll_loss}
"""TrainConfig.loss -> the function: mixture and target -> a scalar. Units: rnnsound.config.LOSS_UNITS."""
NOTHING = {"mdn": -0.5 * math.log(2 * math.pi), "beta_nll": 0.0}
"""TrainConfig.loss -> logarithm of the deviation at which a number that is right adds nothing to the loss."""


def sample(mixture: Mixture, variance_scale: float = 1.0, generator: torch.Generator | None = None) -> Tensor:
    """Draw from the mixture: first a component, by its weight, then a value from that component.

    Args:
        mixture: log_weights (..., K), means and log_stds (..., K, D).
        variance_scale: s; variances are multiplied by s, so standard deviations by sqrt(s). 1 draws as
            learned, 0 gives the mean of the component drawn.
        generator: source of chance; None takes PyTorch's own.

    Returns:
        One value per leading index, shape (..., D).

    Raises:
        ValueError: variance_scale is negative or not finite.

    Source: Graves, 2013, with the variance scale of this tutorial's article. Notebook: 03_mixture_density.
    """
    if not (math.isfinite(variance_scale) and variance_scale >= 0):
        raise ValueError(f"variance_scale={variance_scale} must be a number, 0 or above")
    log_weights, means, log_stds = mixture
    if log_weights.shape[-1] == 1:  # there is nothing to choose
        mean, log_std = means.squeeze(-2), log_stds.squeeze(-2)
    else:
        weights = log_weights.exp().reshape(-1, log_weights.shape[-1])
        component = torch.multinomial(weights, 1, generator=generator).view(*log_weights.shape[:-1], 1, 1)
        mean, log_std = (p.take_along_dim(component, dim=-2).squeeze(-2) for p in (means, log_stds))
    noise = torch.randn(mean.shape, dtype=mean.dtype, device=mean.device, generator=generator)
    return mean + log_std.exp() * math.sqrt(variance_scale) * noise
