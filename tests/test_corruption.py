"""What the network hears in training in place of the recording."""

import numpy as np
import torch

from rnnsound import SoundRNN
from rnnsound.nn.corruption import InputCorruption


def test_own_draws_are_heard_in_training_and_the_first_frame_is_the_recordings():
    torch.manual_seed(0)
    model = SoundRNN(3, 8)
    frames = 5 + torch.randn(2, 50, 3)
    model.keep_within(np.full(3, 4.0), np.full(3, 6.0))
    heard = InputCorruption(0.5, 0.0, torch.Generator().manual_seed(0))
    x = heard.corrupt(frames, torch.zeros(2, 50, 0), model, None)
    kept = (x == frames).all(dim=-1)
    assert kept[:, 0].all()
    assert 0.3 < kept[:, 1:].float().mean() < 0.7
    assert ((x[~kept] >= 4.0) & (x[~kept] <= 6.0)).all()  # a new network draws around 0


def test_noise_has_the_deviation_that_was_asked_for_and_the_given_random_numbers():
    network, frames = SoundRNN(3, 8), torch.zeros(2, 5_000, 3)
    for size in (0.01, 0.2, 3.0):
        heard = InputCorruption(0.0, size, torch.Generator().manual_seed(1))
        x = heard.corrupt(frames, torch.zeros(2, 5_000, 0), network, None)
        assert abs(x.std().item() / size - 1) < 0.02
        again = InputCorruption(0.0, size, torch.Generator().manual_seed(1))
        assert torch.equal(again.corrupt(frames, torch.zeros(2, 5_000, 0), network, None), x)
        assert not torch.equal(heard.corrupt(frames, torch.zeros(2, 5_000, 0), network, None), x)


def test_without_corruption_the_recording_itself_is_heard():
    frames = torch.randn(2, 5, 3)
    heard = InputCorruption(0.0, 0.0, torch.Generator())
    assert heard.corrupt(frames, torch.zeros(2, 5, 0), SoundRNN(3, 8), None) is frames


def test_own_draws_are_what_the_network_says_of_the_frame_before_its_conditions_included():
    """A network that has learned nothing but its biases draws around them; conditions reach it."""
    torch.manual_seed(0)
    network = SoundRNN(2, 8, n_conditions=1)
    frames, told = torch.full((1, 400, 2), 9.0), torch.zeros(1, 400, 1)
    with torch.no_grad():
        network.head.weight.zero_()
        network.head.bias.copy_(torch.tensor([0.0, 3.0, -3.0, -8.0, -8.0]))  # one weight, two means, two stds
    heard = InputCorruption(1.0, 0.0, torch.Generator().manual_seed(0))
    x = heard.corrupt(frames, told, network, None)
    torch.testing.assert_close(x[0, 1:].mean(0), torch.tensor([3.0, -3.0]), atol=1e-3, rtol=0)
    assert (x[0, 0] == 9).all()
    drawn_rate = InputCorruption(0.3, 0.0, torch.Generator().manual_seed(0)).corrupt(
        frames, told, network, None
    )
    assert 0.2 < (drawn_rate[0, 1:, 0] < 5).float().mean() < 0.4
