import numpy as np
import pytest
import torch
from scipy import stats

from rnnsound.nn.generate import generate
from rnnsound.nn.mdn import Mixture
from rnnsound.nn.network import SoundRNN
from rnnsound.nn.stepper import NumpyStepper


def lively_model(n_features=6, hidden_size=16, num_layers=2, n_mixtures=3, seed=0, dtype=torch.float32):
    torch.manual_seed(seed)
    model = SoundRNN(n_features, hidden_size, num_layers, n_mixtures).to(dtype)
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(2)
    return model.eval()


@torch.no_grad()
def stepping(model, n_frames, seed, primer, scale):
    """nn.LSTM, frame by frame, given the draws that generate's documentation promises for the seed."""
    rng = np.random.default_rng(seed)
    normal = torch.from_numpy(rng.standard_normal((n_frames, model.n_features), dtype=np.float32))
    gumbel = torch.from_numpy(rng.gumbel(size=(n_frames, model.n_mixtures))).float()
    frame, state, out = torch.zeros(1, 1, model.n_features), None, []
    if primer is not None:
        heard = torch.from_numpy(primer)[None]
        frame = heard[:, -1:]
        if len(primer) > 1:
            state = model(heard[:, :-1])[1]
    for t in range(n_frames):
        mixture, state = model(frame, None, state)
        k = int((mixture.log_weights[0, 0] + gumbel[t]).argmax())
        std = mixture.log_stds[0, 0, k].exp() * np.sqrt(scale[t])
        frame = (mixture.means[0, 0, k] + std * normal[t]).view(1, 1, -1)
        out.append(frame.flatten())
    return torch.stack(out).numpy()


@pytest.mark.parametrize(("num_layers", "n_mixtures"), [(1, 1), (1, 2), (1, 4), (2, 3), (3, 1)])
@pytest.mark.parametrize("heard", [0, 1, 30])
def test_the_fast_steps_are_nn_lstms_given_the_same_draws(num_layers, n_mixtures, heard):
    model = lively_model(num_layers=num_layers, n_mixtures=n_mixtures)
    primer = np.random.default_rng(9).standard_normal((heard, 6)).astype(np.float32) if heard else None
    scale = np.linspace(0, 2, 100)
    fast = generate(model, 100, scale, seed=4, primer=primer)
    slow = stepping(model, 100, 4, primer, scale)
    np.testing.assert_allclose(fast, slow, atol=1e-5 * np.abs(slow).max())
    assert fast.dtype == np.float32


def test_the_articles_clarinet_model_agrees_too():
    torch.manual_seed(0)
    model = SoundRNN(40, 100, 2, 3).eval()
    slow = stepping(model, 200, 1, None, np.ones(200))
    np.testing.assert_allclose(generate(model, 200, seed=1), slow, atol=1e-5 * np.abs(slow).max())


@pytest.mark.parametrize("n_mixtures", [1, 3])
def test_each_of_several_voices_is_what_its_seed_gives_alone(n_mixtures):
    model = lively_model(n_mixtures=n_mixtures)
    primer = np.ones((3, 6), dtype=np.float32)
    bounds = (np.full(6, -3.0), np.full(6, 3.0))
    model.keep_within(*bounds)
    together = generate(model, 60, 0.7, seed=[5, 1, 8], primer=primer)
    assert together.shape == (3, 60, 6)
    for voice, seed in zip(together, [5, 1, 8], strict=True):
        alone = generate(model, 60, 0.7, seed=seed, primer=primer)
        np.testing.assert_allclose(voice, alone, atol=1e-4)


@pytest.mark.parametrize("scale", [1e-5, 0.5, 1.0, 4.0])
def test_draws_have_the_weights_means_and_scaled_deviations_that_the_network_says(scale):
    model = lively_model(n_features=2, hidden_size=4, num_layers=1)
    with torch.no_grad():  # a network that always says the same
        model.head.weight.zero_()
        model.head.bias.copy_(torch.tensor([0.0, 1, 2, -100, 5, 0, 0, 100, -5, -0.5, 0, 1, 0.3, 0.2, -2]))
        mixture = Mixture.from_outputs(model.head.bias.double(), 3)
    draws = generate(model, 100_000, scale, seed=2).astype(np.float64)
    component = np.rint(draws[:, 0] / 100).astype(int) + 1
    expected = mixture.log_weights.exp().numpy() * len(draws)
    assert stats.chisquare(np.bincount(component, minlength=3), expected).pvalue > 1e-3
    for k in range(3):
        for d in range(2):
            values = draws[component == k, d]
            std = mixture.log_stds[k, d].exp().item() * np.sqrt(scale)
            standard = (values - mixture.means[k, d].item()) / std
            assert abs(standard.mean()) * np.sqrt(len(values)) < 4.5
            assert abs(standard.std() - 1) * np.sqrt(2 * len(values)) < 4.5


def test_bounds_hold_and_what_is_fed_back_is_within_them():
    model = lively_model()
    bounds = (np.linspace(-0.2, -0.1, 6), np.linspace(0.1, 0.2, 6))
    model.keep_within(*bounds)
    drawn = generate(model, 500, 4.0, seed=1)
    assert (drawn >= np.float32(bounds[0])).all()
    assert (drawn <= np.float32(bounds[1])).all()
    again = generate(model, 1, 4.0, seed=7, primer=drawn)
    assert np.isfinite(again).all()


def test_another_seed_draws_something_else_and_the_same_seed_the_same():
    model = lively_model()
    assert np.array_equal(generate(model, 20, seed=1), generate(model, 20, seed=1))
    assert not np.array_equal(generate(model, 20, seed=1), generate(model, 20, seed=2))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"n_frames": 0}, "n_frames=0"),
        ({"variance_scale": -1.0}, "variance_scale"),
        ({"variance_scale": np.nan}, "variance_scale"),
        ({"variance_scale": np.ones(3)}, r"\(3,\)"),
        ({"seed": -1}, "seed"),
        ({"seed": 1.5}, "seed"),
        ({"seed": []}, "seed"),
        ({"primer": np.zeros((0, 6))}, "primer"),
        ({"primer": np.zeros((4, 5))}, "primer"),
    ],
)
def test_what_cannot_be_generated_is_refused_in_a_sentence(wrong, message):
    with pytest.raises(ValueError, match=message):
        generate(lively_model(), **{"n_frames": 10, **wrong})


@pytest.mark.parametrize("bounds", [(np.zeros(2), np.ones(2)), (np.ones(6), np.zeros(6)), (np.zeros(6), 1.0)])
def test_bounds_that_are_none_are_refused(bounds):
    with pytest.raises(ValueError, match="bounds"):
        lively_model().keep_within(*bounds)


def test_conditions_are_read_as_nn_lstm_reads_them():
    torch.manual_seed(0)
    model = SoundRNN(5, 12, 2, 1, n_conditions=2).eval()
    told = np.random.default_rng(0).standard_normal((30, 2)).astype(np.float32)
    fast = generate(model, 30, 0.0, primer=np.ones((1, 5), np.float32), conditions=told)
    frame, state = torch.ones(1, 1, 5), None
    with torch.no_grad():
        for t in range(30):
            mixture, state = model(frame, torch.from_numpy(told[None, t : t + 1]), state)
            frame = mixture.means[..., 0, :]
            np.testing.assert_allclose(fast[t], frame.numpy().ravel(), atol=1e-5)
    with pytest.raises(ValueError, match="conditions"):
        generate(model, 30)


def test_forced_frames_are_heard():
    torch.manual_seed(0)
    model = SoundRNN(5, 12).eval()
    there = np.full(5, 3.0, np.float32)
    frames = generate(model, 10, seed=1, forced_frames={4: there})
    np.testing.assert_array_equal(frames[4], there)
    without = generate(model, 10, seed=1)
    np.testing.assert_array_equal(frames[:4], without[:4])
    assert (np.abs(frames[5] - without[5]) > 1e-4).all()


def test_a_draw_of_ones_own_gets_mean_deviation_and_scaled_noise_against_nn_lstm():
    """The square root of the deviation, as the article's software drew; a mixture component by its weight."""
    model, scale = lively_model(num_layers=1, n_mixtures=3), np.linspace(0.2, 1.5, 40)
    drawn = generate(model, 40, scale, seed=4, draw=lambda mean, std, noise: mean + np.sqrt(std) * noise)
    rng = np.random.default_rng(4)
    normal = torch.from_numpy(rng.standard_normal((40, 6), dtype=np.float32))
    gumbel = torch.from_numpy(rng.gumbel(size=(40, 3))).float()
    frame, state = torch.zeros(1, 1, 6), None
    with torch.no_grad():
        for t in range(40):
            mixture, state = model(frame, state=state)
            k = int((mixture.log_weights[0, 0] + gumbel[t]).argmax())
            root = mixture.log_stds[0, 0, k].exp().sqrt() * np.sqrt(scale[t])
            frame = (mixture.means[0, 0, k] + root * normal[t]).view(1, 1, -1)
            np.testing.assert_allclose(drawn[t], frame.numpy().ravel(), atol=1e-4)


def test_what_is_told_of_the_first_frame_goes_with_the_primer():
    torch.manual_seed(0)
    model = SoundRNN(3, 8, n_conditions=2).eval()
    primer = np.random.default_rng(1).standard_normal((4, 3)).astype(np.float32)
    told = np.float32([[0.5, -1.0], [2.0, 0.0]])
    drawn = generate(model, 2, 0.0, primer=primer, conditions=told)
    heard = torch.from_numpy(np.repeat(told[:1], 4, axis=0))[None]
    with torch.no_grad():
        mixture, state = model(torch.from_numpy(primer)[None], heard)
        np.testing.assert_allclose(drawn[0], mixture.means[0, -1, 0].numpy(), atol=1e-5)
        mixture, _ = model(mixture.means[:, -1:, 0], torch.from_numpy(told[1:])[None], state)
    np.testing.assert_allclose(drawn[1], mixture.means[0, 0, 0].numpy(), atol=1e-5)


@pytest.mark.parametrize("n_mixtures", [1, 2, 4])
def test_the_stepper_says_the_mixture_that_the_network_says(n_mixtures):
    model = lively_model(num_layers=2, n_mixtures=n_mixtures)
    stepper, state = NumpyStepper(model, n_voices=3), None
    rng = np.random.default_rng(0)
    for _ in range(5):
        x = rng.standard_normal((3, 6)).astype(np.float32)
        stepper.x[:] = x.T
        stepper.advance()
        with torch.no_grad():
            mixture, state = model(torch.from_numpy(x)[:, None], state=state)
    for k in range(n_mixtures):
        certain = np.full((n_mixtures, 3), -1e9)
        certain[k] = 0.0
        mean, std = stepper.gaussian(certain)
        np.testing.assert_allclose(mean.T, mixture.means[:, 0, k].numpy(), atol=1e-5)
        np.testing.assert_allclose(std.T, mixture.log_stds[:, 0, k].exp().numpy(), rtol=1e-4)
    np.testing.assert_allclose(stepper.gaussian()[0].T, mixture.means[:, 0, 0].numpy(), atol=1e-5)


@pytest.mark.parametrize(
    "forced", [{10: np.zeros(6)}, {-1: np.zeros(6)}, {3: np.zeros(5)}, {3: np.zeros((1, 6))}]
)
def test_forced_frames_that_do_not_fit_are_refused(forced):
    with pytest.raises(
        ValueError, match=r"forced_frames\[-?\d+\] has shape .*use frames 0 to 9 and vectors of"
    ):
        generate(lively_model(), 10, forced_frames=forced)


def test_the_last_frame_may_be_forced_and_one_voice_keeps_its_shape():
    model, there = lively_model(), np.arange(6, dtype=np.float32)
    assert generate(model, 10, seed=[1], forced_frames={9: there, 0: there}).shape == (1, 10, 6)
    np.testing.assert_array_equal(generate(model, 10, seed=1, forced_frames={9: there})[9], there)
    assert generate(model, 1).shape == (1, 6)


def test_a_range_open_on_one_side_holds_on_the_other():
    model = lively_model()
    free = generate(model, 200, 4.0, seed=1)
    model.keep_within(np.full(6, -np.inf), np.full(6, 0.1))
    drawn = generate(model, 200, 4.0, seed=1)
    assert free.max() > 0.2
    assert drawn.max() <= np.float32(0.1)
    assert drawn.min() < -0.2
