import numpy as np
import pytest
import torch

from rnnsound.nn.network import SoundRNN


@pytest.mark.parametrize(
    ("sizes", "count"), [((20, 100, 1, 1), 52_941), ((40, 100, 2, 3), 162_143), ((40, 150, 2, 5), 357_555)]
)
def test_the_articles_models_have_as_many_parameters_as_it_reports(sizes, count):
    assert SoundRNN(*sizes).n_parameters == count


def test_forget_gates_begin_open_by_the_cell_equations():
    model = SoundRNN(3, hidden_size=4, num_layers=2)
    with torch.no_grad():
        for name, p in model.lstm.named_parameters():
            if "weight" in name:
                p.zero_()
            elif "bias" in name:  # close all but the forget gates
                p[:4] = p[8:] = -50.0
        cell = torch.ones(2, 1, 4)
        _, (_, after) = model.lstm(torch.zeros(1, 1, 3), (torch.zeros(2, 1, 4), cell))
    np.testing.assert_allclose(after.numpy(), 1 / (1 + np.exp(-1.0)), rtol=1e-6)


def test_reading_in_two_pieces_with_carried_state_is_reading_at_once():
    torch.manual_seed(0)
    model, x = SoundRNN(6, 8, 2, 3), torch.randn(2, 11, 6)
    whole, _ = model(x)
    first, state = model(x[:, :4])
    second, _ = model(x[:, 4:], None, state)
    for at_once, a, b in zip(whole, first, second, strict=True):
        torch.testing.assert_close(torch.cat([a, b], dim=1), at_once)
    assert whole.log_weights.shape == (2, 11, 3)
    assert whole.means.shape == whole.log_stds.shape == (2, 11, 3, 6)


@pytest.mark.parametrize(
    "wrong", [{"n_features": 0}, {"hidden_size": -1}, {"num_layers": 1.5}, {"n_mixtures": 0}]
)
def test_a_size_that_is_none_is_refused_by_name(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        SoundRNN(**{"n_features": 4, **wrong})


def test_draws_may_go_anywhere_until_a_range_is_set():
    network = SoundRNN(3, 4)
    assert (network.low == -torch.inf).all()
    assert (network.high == torch.inf).all()
    network.keep_within(np.array([-1.0, 0, 1]), np.array([1.0, 2, 3]))
    assert network.low.tolist() == [-1, 0, 1]
    assert network.high.tolist() == [1, 2, 3]
    assert "low" not in network.state_dict()  # the scaler keeps it


def test_conditions_are_read_beside_the_frames():
    torch.manual_seed(0)
    network, x, told = SoundRNN(3, 4, n_conditions=2), torch.randn(1, 5, 3), torch.randn(1, 5, 2)
    joined, _ = network.lstm(torch.cat([x, told], dim=-1))
    torch.testing.assert_close(network(x, told)[0].means.flatten(-2), network.head(joined)[..., 1:4])
    assert network.lstm.input_size == 5


@pytest.mark.parametrize("n_conditions", [-1, 1.5])
def test_a_number_of_conditions_that_is_none_is_refused(n_conditions):
    with pytest.raises(ValueError, match="n_conditions"):
        SoundRNN(3, 4, n_conditions=n_conditions)


def test_only_the_forget_gates_biases_are_set():
    torch.manual_seed(3)
    network = SoundRNN(3, 4, num_layers=2)
    torch.manual_seed(3)
    plain = torch.nn.LSTM(3, 4, 2, batch_first=True)
    for (name, ours), theirs in zip(network.lstm.named_parameters(), plain.parameters(), strict=True):
        expected = theirs.detach().clone()
        if name.startswith("bias"):
            expected[4:8] = 1.0 if "ih" in name else 0.0
        torch.testing.assert_close(ours.detach(), expected)


def test_a_range_may_be_a_single_value():
    network = SoundRNN(2, 4)
    network.keep_within(np.zeros(2), np.zeros(2))
    assert network.low.tolist() == network.high.tolist() == [0, 0]
