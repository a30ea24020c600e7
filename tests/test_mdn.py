import math

import pytest
import torch
from scipy import stats
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from rnnsound.nn.mdn import LOG_STD_LIMIT, Mixture, beta_nll_loss, mdn_loss, sample

DRAWS = 100_000


def random_mixture(*shape, k, d, dtype=torch.float32, seed=0):
    torch.manual_seed(seed)
    return Mixture.from_outputs(torch.randn(*shape, k * (1 + 2 * d), dtype=dtype), k)


@pytest.mark.parametrize(("k", "d"), [(1, 20), (3, 40), (5, 40), (20, 400)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_loss_agrees_with_torch_distributions(k, d, dtype):
    mixture, target = random_mixture(10, 20, k=k, d=d, dtype=dtype), torch.randn(10, 20, d, dtype=dtype)
    parts = Independent(Normal(mixture.means, mixture.log_stds.exp()), 1)
    reference = MixtureSameFamily(Categorical(logits=mixture.log_weights), parts)
    expected = -reference.log_prob(target).mean()
    torch.testing.assert_close(mdn_loss(mixture, target), expected, rtol=1e-5, atol=0)


def test_the_loss_of_one_gaussian_is_scipys():
    mean, std, x = 0.3, 0.7, -1.2
    mixture = Mixture(torch.zeros(1), torch.full((1, 1), mean), torch.full((1, 1), math.log(std)))
    expected = -stats.norm(mean, std).logpdf(x)
    assert mdn_loss(mixture, torch.tensor([x])).item() == pytest.approx(expected, rel=1e-6)


def test_gradients_agree_with_finite_differences_over_batch_and_time():
    outputs = torch.randn(3, 4, 2 * (1 + 2 * 3), dtype=torch.float64, requires_grad=True)
    target = torch.randn(3, 4, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda o, t: mdn_loss(Mixture.from_outputs(o, 2), t), (outputs, target))


def test_loss_and_gradients_stay_finite_for_large_mixtures_far_targets_and_extreme_deviations():
    for extreme in (-1e6, -50.0, 0.0, 50.0, 1e6):
        outputs = torch.randn(4, 20 * (1 + 2 * 400))
        outputs[:, 20 + 20 * 400 :] += extreme
        outputs.requires_grad_()
        mixture = Mixture.from_outputs(outputs, 20)
        target = (mixture.means[:, 0] + 1e4 * mixture.log_stds[:, 0].exp()).detach()
        loss = mdn_loss(mixture, target)
        loss.backward()
        assert loss.isfinite()
        assert outputs.grad.isfinite().all()
        assert sample(mixture, 4.0).isfinite().all()


def test_deviations_stay_within_their_limits_and_are_left_alone_between():
    outputs = torch.tensor([[0.0, 0.0, raw] for raw in (-1e9, -2.0, 0.0, 2.0, 1e9)])
    log_stds = Mixture.from_outputs(outputs, 1).log_stds.flatten()
    assert log_stds.abs().max() <= LOG_STD_LIMIT + 1e-6
    torch.testing.assert_close(log_stds[1:4], torch.tensor([-2.0, 0.0, 2.0]), rtol=0.02, atol=0)


def test_a_deviation_near_its_limit_still_has_a_gradient_that_leads_back():
    outputs = torch.tensor([[0.0, 0.0, -3 * LOG_STD_LIMIT]], requires_grad=True)
    mdn_loss(Mixture.from_outputs(outputs, 1), torch.ones(1, 1)).backward()
    assert outputs.grad[0, 2] < 0  # a step against the gradient widens


def test_outputs_are_read_as_weights_then_means_then_deviations():
    outputs = torch.tensor([1.0, 2.0, 10, 20, 30, 40, 50, 60, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    mixture = Mixture.from_outputs(outputs, 2)
    torch.testing.assert_close(mixture.log_weights.exp().sum(), torch.tensor(1.0))
    assert mixture.means.tolist() == [[10, 20, 30], [40, 50, 60]]
    torch.testing.assert_close(mixture.log_stds.flatten(), outputs[8:], rtol=1e-3, atol=0)


@pytest.mark.parametrize("scale", [1e-5, 0.5, 1.0, 4.0])
def test_draws_have_the_weights_means_and_scaled_deviations_of_the_mixture(scale):
    weights, means, stds = [0.2, 0.5, 0.3], [[-100.0, 5], [0, 0], [100, -5]], [[1.0, 0.1], [2, 3], [0.5, 1]]
    mixture = Mixture(*(torch.tensor(p) for p in (weights, means, stds)))
    mixture = Mixture(mixture.log_weights.log(), mixture.means, mixture.log_stds.log())
    many = Mixture(*(p.expand(DRAWS, *p.shape) for p in mixture))
    draws = sample(many, scale, torch.Generator().manual_seed(1)).double()
    component = (draws[:, 0] / 100).round().long() + 1  # 50 deviations apart: no draw is mistaken
    counts = torch.bincount(component, minlength=3)
    assert stats.chisquare(counts.numpy(), [w * DRAWS for w in weights]).pvalue > 1e-3
    for k in range(3):
        for d in range(2):
            values = draws[component == k, d].numpy()
            expected = stats.norm(means[k][d], stds[k][d] * math.sqrt(scale))
            standard = (values - expected.mean()) / expected.std()
            assert abs(standard.mean()) * math.sqrt(len(values)) < 4.5
            assert abs(standard.std() - 1) * math.sqrt(2 * len(values)) < 4.5
            if scale > 1e-3:  # float32 is too coarse around 100 for the finest scale's shape
                assert stats.kstest(values, expected.cdf).pvalue > 1e-4


def test_the_same_generator_draws_the_same_and_scale_zero_draws_a_mean():
    mixture = random_mixture(5, 7, k=3, d=4)
    one, two = (sample(mixture, 1.0, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(one, two)
    assert one.shape == (5, 7, 4)
    exact = sample(mixture, 0.0).unsqueeze(-2)
    assert ((exact - mixture.means).abs().sum(-1).min(-1).values == 0).all()


def test_of_one_gaussian_nothing_is_drawn_but_its_value():
    """There is nothing to choose: the generator's first numbers are the noise itself."""
    mixture = random_mixture(5, 7, k=1, d=4)
    drawn = sample(mixture, 4.0, torch.Generator().manual_seed(3))
    noise = torch.randn(5, 7, 4, generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(drawn, mixture.means[:, :, 0] + 2 * mixture.log_stds.exp()[:, :, 0] * noise)
    nowhere = Mixture(torch.full((5, 7, 1), torch.nan), mixture.means, mixture.log_stds)  # no weight is read
    assert sample(nowhere, 0.0).equal(mixture.means[:, :, 0])
    assert sample(random_mixture(k=1, d=4), 0.0).shape == (4,)


@pytest.mark.parametrize("scale", [-1.0, math.nan, math.inf])
def test_a_variance_scale_that_is_none_is_refused(scale):
    with pytest.raises(ValueError, match="variance_scale"):
        sample(random_mixture(2, k=1, d=1), scale)


def test_the_beta_nll_loss_has_the_same_best_mean_and_deviation():
    """For one Gaussian without a network they are the sample's own."""
    noise = torch.randn(4000, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    target = 2 + noise * torch.tensor([0.3, 1.0])
    parameters = torch.zeros(2, 2, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([parameters], lr=0.05)
    for _ in range(1500):
        means, log_stds = (p.expand(4000, 1, 2) for p in parameters)
        loss = beta_nll_loss(Mixture(torch.zeros(4000, 1, dtype=torch.float64), means, log_stds), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    torch.testing.assert_close(parameters[0].detach(), target.mean(dim=0), rtol=0.01, atol=0)
    torch.testing.assert_close(parameters[1].detach().exp(), target.std(dim=0), rtol=0.02, atol=0)


def test_the_mean_of_a_mixture_is_its_centers_by_their_weights_whatever_the_leading_axes():
    for shape in ((), (5,), (2, 3), (2, 3, 4)):
        mixture = random_mixture(*shape, k=3, d=4)
        parts = Independent(Normal(mixture.means, mixture.log_stds.exp()), 1)
        reference = MixtureSameFamily(Categorical(logits=mixture.log_weights), parts)
        torch.testing.assert_close(mixture.mean(), reference.mean)


def test_the_beta_nll_loss_is_each_numbers_share_times_its_deviation_and_takes_one_gaussian():
    mixture, target = random_mixture(6, k=1, d=3), torch.randn(6, 3)
    mixture.log_stds.data[0] = 5.0  # a deviation of 148, which counts as 3
    deviations = mixture.log_stds.exp()[:, 0]
    log_density = Normal(mixture.means[:, 0], deviations).log_prob(target) + 0.5 * math.log(2 * math.pi)
    expected = -(log_density * deviations.clamp(max=3.0)).sum(-1).mean()
    torch.testing.assert_close(beta_nll_loss(mixture, target), expected)
    batch = Mixture(*(part.unflatten(0, (2, 3)) for part in mixture))
    torch.testing.assert_close(beta_nll_loss(batch, target.view(2, 3, 3)), expected)
    with pytest.raises(ValueError, match="loss='beta_nll' needs n_mixtures=1, not 2"):
        beta_nll_loss(random_mixture(6, k=2, d=3), target)
