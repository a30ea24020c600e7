import _thread
import contextlib
import signal
import threading

import numpy as np
import pytest
import torch

from rnnsound.config import TrainConfig
from rnnsound.features.sequence import Sequence
from rnnsound.nn import train as train_module
from rnnsound.nn.mdn import mdn_loss
from rnnsound.nn.network import SoundRNN
from rnnsound.nn.train import TrainingDiverged, train


def small_model(seed=0, **sizes):
    torch.manual_seed(seed)
    return SoundRNN(**{"n_features": 2, "hidden_size": 8, **sizes})


def wave(n=401):
    t = np.arange(n)
    return np.stack([np.sin(t / 5), np.cos(t / 5)], axis=1).astype(np.float32)


def learn(model, vectors, on_epoch=None, **settings):
    return train(model, [Sequence(vectors)], TrainConfig(**settings), on_epoch=on_epoch, progress=False)


def parameters(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


@pytest.mark.parametrize("optimizer", ["adagrad", "adam"])
def test_training_lowers_the_loss_that_the_model_has_on_the_recording(optimizer):
    model, vectors = small_model(hidden_size=20), wave()
    x = torch.from_numpy(vectors)[None]

    def loss():
        with torch.no_grad():
            return mdn_loss(model(x[:, :-1])[0], x[:, 1:]).item()

    before = loss()
    history = learn(model, vectors, epochs=30, optimizer=optimizer)
    assert loss() < before - 2
    assert history.losses[-1] < history.losses[0] - 2
    assert len(history.losses) == 30
    assert history.seconds > 0
    assert not history.interrupted


def test_one_pass_is_truncated_back_propagation_with_carried_state_as_written_out_by_hand():
    vectors = wave(41)
    model, twin = small_model(1), small_model(1)
    learn(model, vectors, epochs=1, sequence_length=7, batch_size=2, optimizer="adam", learning_rate=0.02)

    streams = torch.from_numpy(np.stack([vectors[:21], vectors[20:41]]))  # each ends where the next begins
    optimizer = torch.optim.Adam(twin.parameters(), lr=0.02)
    state = None
    for start in (0, 7, 14):
        mixture, state = twin(streams[:, start : min(start + 7, 20)], None, state)
        state = (state[0].detach(), state[1].detach())
        loss = mdn_loss(mixture, streams[:, start + 1 : start + 8])
        optimizer.zero_grad()
        loss.backward()
        for p in twin.parameters():
            p.grad.clamp_(-5, 5)
        optimizer.step()
    torch.testing.assert_close(parameters(model), parameters(twin), rtol=1e-5, atol=1e-6)


def test_the_same_seed_trains_the_same_parameters():
    one, two = small_model(3), small_model(3)
    for model in (one, two):
        learn(model, wave(), epochs=3, seed=5)
    assert torch.equal(parameters(one), parameters(two))


def test_gradients_are_clipped_element_by_element(monkeypatch):
    vectors = wave() * 1e4
    gentle, wild = small_model(), small_model()
    start = parameters(gentle)
    one_step = {"epochs": 1, "sequence_length": 400, "batch_size": 1, "optimizer": "adam"}
    monkeypatch.setattr(train_module, "GRAD_CLIP", 1e-12)
    learn(gentle, vectors, learning_rate=1e-3, **one_step)
    monkeypatch.setattr(train_module, "GRAD_CLIP", 1e12)
    learn(wild, vectors, learning_rate=1e-3, **one_step)
    # Adam divides by the gradient's size plus 1e-8: gradients cut to 1e-12 hardly move it
    assert (parameters(gentle) - start).abs().max() < 1e-6
    assert (parameters(wild) - start).abs().max() > 1e-4


def test_every_epoch_reports_its_history():
    seen = []
    learn(small_model(), wave(), lambda h: seen.append((len(h.losses), h.losses[-1])), epochs=4)
    assert [count for count, _ in seen] == [1, 2, 3, 4]
    assert all(np.isfinite(loss) for _, loss in seen)


def test_the_stop_button_ends_training_and_keeps_what_was_learned():
    model = small_model()
    before = parameters(model)
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    timer = threading.Timer(1.0, _thread.interrupt_main)
    timer.start()
    history = learn(model, wave(), epochs=10_000)
    timer.join()
    signal.signal(signal.SIGINT, handler)
    assert history.interrupted
    assert len(history.losses) >= 1
    assert not torch.equal(parameters(model), before)
    assert parameters(model).isfinite().all()
    assert not model.training


def test_a_loss_that_is_no_number_stops_training_with_the_last_good_parameters_and_advice():
    model = small_model()
    kept = []

    def spoil(history):
        if len(history.losses) == 3:
            kept.append(parameters(model).clone())
            with torch.no_grad():
                model.head.bias[0:3] = torch.nan

    with pytest.raises(
        TrainingDiverged, match=r"epoch 4.*after epoch 3.*learning rate below 0\.01"
    ) as caught:
        learn(model, wave(), spoil, epochs=9)
    assert torch.equal(parameters(model), kept[0])
    assert len(caught.value.history.losses) == 3


def test_a_gradient_that_is_no_number_never_reaches_the_parameters_for_good():
    model = small_model()
    before = parameters(model).clone()
    model.head.weight.register_hook(lambda gradient: gradient * torch.nan)
    with pytest.raises(TrainingDiverged, match="epoch 1"):
        learn(model, wave(), epochs=1, sequence_length=400, batch_size=1)
    assert torch.equal(parameters(model), before)


def test_a_learning_rate_far_too_large_never_leaves_nan_in_the_model():
    for rate in (1e3, 1e10, 1e30, 3e38):
        model = small_model()
        with contextlib.suppress(TrainingDiverged):
            learn(model, wave(), epochs=5, optimizer="adam", learning_rate=rate)
        assert parameters(model).isfinite().all()


def test_the_number_of_threads_is_as_before():
    before = torch.get_num_threads()
    learn(small_model(), wave(), epochs=1)
    assert torch.get_num_threads() == before


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"vectors": wave(10)}, "10 frames are too few for batch_size=10, which needs 11"),
        ({"vectors": wave()[:, :1]}, r"vectors have shape \(401, 1\)"),
        ({"vectors": np.full((50, 2), np.nan)}, "NaN"),
        ({"epochs": 0}, "epochs=0"),
        ({"sequence_length": 0}, "sequence_length=0"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"optimizer": "sgd"}, "'adagrad' or 'adam'"),
        ({"learning_rate": 0.0}, "learning_rate=0"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_a_sentence(wrong, message):
    with pytest.raises(ValueError, match=message):
        learn(small_model(), **{"vectors": wave(), **wrong})


def test_a_device_that_is_not_there_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match="device='abacus' is not available"):
        train(small_model(), [Sequence(wave())], device="abacus", progress=False)
