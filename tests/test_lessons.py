"""Training on lessons, whose batches change every epoch; and numbers that a sequence does not have."""

from contextlib import nullcontext

import numpy as np
import pytest
import torch

from rnnsound.config import TrainConfig
from rnnsound.features.sequence import Rows
from rnnsound.nn import train as train_module
from rnnsound.nn.mdn import LOSSES, Mixture, mdn_loss
from rnnsound.nn.network import SoundRNN
from rnnsound.nn.streams import Piece
from rnnsound.nn.train import train

N_FEATURES, N_CONDITIONS = 3, 2


class Drawn:
    """Lessons of two batches, of new lengths in every epoch; one row or both lack the last number."""

    def __init__(self, both_lack=False):
        self.both_lack, self.asked = both_lack, []

    def epoch(self, number, rank=0, size=1):
        self.asked.append(number)
        rng = np.random.default_rng(number)
        for length in (21, 9 + number):
            vectors, told = rng.standard_normal((2, length, 3)), rng.standard_normal((2, length, 2))
            mask = np.array([[[1, 1, 0 if self.both_lack else 1]], [[1, 1, 0]]])
            yield Rows(*(part.astype(np.float32) for part in (vectors * mask, told, mask)))


def network(seed=0, **sizes):
    torch.manual_seed(seed)
    return SoundRNN(N_FEATURES, **{"hidden_size": 8, "n_conditions": N_CONDITIONS, **sizes})


def parameters(of):
    return torch.cat([p.detach().flatten() for p in of.parameters()])


@pytest.mark.parametrize(("loss", "n_mixtures"), [("mdn", 1), ("mdn", 3), ("beta_nll", 1)])
def test_a_masked_number_adds_nothing_to_loss_and_gradients(loss, n_mixtures):
    torch.manual_seed(0)
    outputs = torch.randn(2, 5, n_mixtures * (1 + 2 * 3), requires_grad=True)
    target, mask = torch.randn(2, 5, 3), torch.tensor([[[1.0, 0.0, 1.0]]]).expand(2, 1, 3)
    piece = Piece(target, target[..., :0], target, None, mask)
    counted = LOSSES[loss](*piece.what_counts(Mixture.from_outputs(outputs, n_mixtures), loss))
    (gradient,) = torch.autograd.grad(counted, outputs)
    there = [0, 2]
    log_weights, means, log_stds = Mixture.from_outputs(outputs, n_mixtures)
    without = Mixture(log_weights, means[..., there], log_stds[..., there])
    expected = LOSSES[loss](without, target[..., there])
    (expected_gradient,) = torch.autograd.grad(expected, outputs)
    torch.testing.assert_close(counted, expected)
    torch.testing.assert_close(gradient, expected_gradient)
    assert expected.abs() > 0.1


@pytest.mark.parametrize("loss", ["mdn", "beta_nll"])
def test_a_number_that_no_sequence_has_is_neither_heard_nor_learned_whatever_is_drawn_in_its_place(loss):
    settings = TrainConfig(epochs=2, scheduled_sampling=0.5, input_noise=0.1, optimizer="adam", loss=loss)
    learned = network()
    train(learned, Drawn(both_lack=True), settings, progress=False)
    new, old = learned.state_dict(), network().state_dict()
    moved = {name: new[name] != old[name] for name in new}
    heard, said = moved["lstm.weight_ih_l0"], moved["head.bias"]
    assert not heard[:, 2].any()
    assert heard[:, [0, 1, 3, 4]].all()
    assert said.tolist() == [False, True, True, False, True, True, False]  # weight, means, deviations


def test_lessons_are_asked_for_every_epoch_and_learned_as_written_out_by_hand():
    one, twin, lessons = network(1), network(1), Drawn()
    settings = TrainConfig(epochs=2, sequence_length=7, optimizer="adam", learning_rate=0.02)
    history = train(one, lessons, settings, progress=False)
    assert lessons.asked == [0, 1]
    optimizer = torch.optim.Adam(twin.parameters(), lr=0.02)
    for epoch in range(2):
        total, count = 0.0, 0
        for vectors, told, mask, _ in Drawn().epoch(epoch):
            vectors, told = torch.from_numpy(vectors), torch.from_numpy(told)
            there, state = torch.from_numpy(mask[:, 0]) > 0, None
            for start in range(0, vectors.shape[1] - 1, 7):
                target = vectors[:, 1:][:, start : start + 7]
                conditions = told[:, 1:][:, start : start + 7]
                mixture, state = twin(vectors[:, :-1][:, start : start + 7], conditions, state)
                state = tuple(part.detach() for part in state)
                losses = [
                    mdn_loss(
                        Mixture(mixture[0][row], *(p[row][..., there[row]] for p in mixture[1:])),
                        target[row][:, there[row]],
                    )
                    for row in (0, 1)
                ]
                loss = sum(losses) / 2
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                frames = 2 * target.shape[1]
                total, count = total + loss.item() * frames, count + frames
        assert history.losses[epoch] == pytest.approx(total / count, rel=1e-5)
    torch.testing.assert_close(parameters(one), parameters(twin), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("loss", ["mdn", "beta_nll"])
def test_under_autocast_losses_and_parameters_keep_their_digits_and_learning_goes_as_well(monkeypatch, loss):
    seen, plain = [], LOSSES[loss]
    settings = TrainConfig(epochs=3, scheduled_sampling=0.5, input_noise=0.1, optimizer="adam", loss=loss)
    exact = train(network(2, num_layers=2), Drawn(), settings, progress=False).losses

    def looked_at(mixture, target):
        seen.append({part.dtype for part in (*mixture, target)})
        return plain(mixture, target)

    monkeypatch.setitem(LOSSES, loss, looked_at)
    monkeypatch.setattr(
        train_module, "_precision", lambda network, device: torch.autocast(device.type, torch.bfloat16)
    )
    halved = network(2, num_layers=2)
    history = train(halved, Drawn(), settings, progress=False)
    assert seen
    assert all(kinds == {torch.float32} for kinds in seen)
    assert parameters(halved).dtype == torch.float32
    assert all(value.dtype == torch.float32 for value in history.optimizer_state.values())
    np.testing.assert_allclose(history.losses, exact, rtol=0.01, atol=0.01)
    assert history.losses != exact  # it did compute with fewer digits


def test_only_a_large_network_on_a_gpu_that_can_computes_with_16_bits(monkeypatch):
    large, small, gpu = network(hidden_size=512), network(), torch.device("cuda")
    precision = train_module._precision
    assert isinstance(precision(large, torch.device("cpu")), nullcontext)
    assert isinstance(precision(small, gpu), nullcontext)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: False)
    assert not precision(large, gpu)._enabled
    asked = []
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: True)
    monkeypatch.setattr(torch, "autocast", lambda *given, enabled: asked.append((*given, enabled)))
    precision(large, gpu)
    assert asked == [("cuda", torch.bfloat16, True)]
