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
