import _thread
import contextlib
import os
import signal
import threading

import numpy as np
import pytest
import torch

from rnnsound.config import TrainConfig
from rnnsound.features.sequence import Sequence
from rnnsound.nn import train as train_module
from rnnsound.nn.history import OPTIMIZER_STATE, TrainingDiverged
from rnnsound.nn.mdn import mdn_loss
from rnnsound.nn.network import SoundRNN
from rnnsound.nn.streams import make_streams
from rnnsound.nn.train import OPTIMIZERS, train


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
    timer = threading.Timer(1.0, _thread.interrupt_main)
    timer.start()
    history = learn(model, wave(), epochs=10_000)
    timer.join()
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


@pytest.mark.parametrize("device", ["abacus", "meta", "hpu", "vulkan", "mps:7", ""])
def test_a_device_that_is_not_there_is_refused_in_a_sentence(device):
    with pytest.raises(ValueError, match=f"device='{device}' is not available"):
        train(small_model(), [Sequence(wave())], device=device, progress=False)


def rising(n, start=0.0):
    """Vectors that tell their own number."""
    return np.stack([start + np.arange(n), np.zeros(n)], axis=1).astype(np.float32)


def steps_of(batches, sequence_length=7):
    """Every (heard, target) pair of first features that training would see."""
    for batch in batches:
        for piece in batch.pieces(sequence_length):
            valid = torch.ones(piece.target.shape[:2], dtype=bool) if piece.valid is None else piece.valid
            yield from zip(piece.heard[valid][:, 0].tolist(), piece.target[valid][:, 0].tolist(), strict=True)


@pytest.mark.parametrize(
    ("lengths", "batch_size"), [((41,), 4), ((41, 30), 4), ((50, 7, 20), 2), ((5, 90), 6)]
)
def test_no_step_crosses_from_one_recording_into_the_next_and_none_is_made_up(lengths, batch_size):
    sequences = [Sequence(rising(n, 1000.0 * i)) for i, n in enumerate(lengths)]
    steps = list(steps_of(make_streams(sequences, batch_size, small_model())))
    assert all(target == heard + 1 for heard, target in steps)
    assert len(set(steps)) == len(steps)
    per_recording = [
        sum(1000 * i <= heard < 1000 * (i + 1) for heard, _ in steps) for i in range(len(lengths))
    ]
    for n, found in zip(lengths, per_recording, strict=True):
        assert n - 1 - batch_size < found <= n - 1  # fewer frames than streams are left over


def test_one_recording_is_cut_into_streams_of_equal_length_without_padding():
    (batch,) = make_streams([Sequence(rising(41))], 4, small_model())
    assert batch.frames.shape == (4, 11, 2)
    assert batch.frames[:, 0, 0].tolist() == [0, 10, 20, 30]
    assert all(piece.valid is None for piece in batch.pieces(3))
    assert [piece.heard.shape[1] for piece in batch.pieces(4)] == [4, 4, 2]


def test_the_conditions_of_the_frame_to_come_go_with_each_frame():
    conditions = rising(21, 100.0)[:, :1]
    network = small_model(n_conditions=1)
    (batch,) = make_streams([Sequence(rising(21), conditions)], 2, network)
    for piece in batch.pieces(4):
        torch.testing.assert_close(piece.conditions[..., 0], piece.target[..., 0] + 100)


@pytest.mark.parametrize("piece_length", [5, 6, 9, 20])
def test_several_recordings_give_the_gradient_of_their_frames_alone_as_written_out_by_hand(piece_length):
    """Streams of 20, 20 and 9 steps: state begins anew with each, padding has no say."""
    long, short = wave(41), wave(10) + 2
    network, twin = small_model(1), small_model(1)
    config = TrainConfig(
        epochs=1, sequence_length=piece_length, batch_size=3, optimizer="adam", learning_rate=0.02
    )
    history = train(network, [Sequence(long), Sequence(short)], config, progress=False)
    optimizer = torch.optim.Adam(twin.parameters(), lr=0.02)
    streams = [torch.from_numpy(s) for s in (long[:21], long[20:41], short)]
    states, total = [None, None, None], 0.0
    for start in range(0, 20, piece_length):
        losses, counts = [], []
        for i, stream in enumerate(streams):
            piece = stream[start : start + piece_length + 1]
            if len(piece) > 1:
                mixture, states[i] = twin(piece[None, :-1], None, states[i])
                states[i] = tuple(part.detach() for part in states[i])
                losses.append(mdn_loss(mixture, piece[None, 1:]) * (len(piece) - 1))
                counts.append(len(piece) - 1)
        loss = sum(losses) / sum(counts)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * sum(counts)
    torch.testing.assert_close(parameters(network), parameters(twin), rtol=1e-5, atol=1e-6)
    assert history.losses[0] == pytest.approx(total / 49, rel=1e-5)


def test_more_recordings_than_the_batch_holds_are_trained_in_several_batches():
    sequences = [Sequence(wave(n)) for n in (12, 30, 11, 29, 5)]
    batches = make_streams(sequences, 2, small_model())
    assert [batch.lengths.tolist() for batch in batches] == [[30, 29], [12, 11], [5]]


@pytest.mark.parametrize(
    ("sequences", "message"),
    [
        ([], "no recording"),
        (
            [Sequence(wave(50), np.zeros((50, 3)), "note.wav")],
            r"note\.wav: .* \(50, 3\).*0 conditions",
        ),
    ],
)
def test_sequences_that_do_not_fit_are_refused_in_a_sentence(sequences, message):
    with pytest.raises(ValueError, match=message):
        train(small_model(), sequences, progress=False)


@pytest.mark.parametrize(
    ("vectors", "conditions", "message"),
    [
        (np.zeros(5), None, r"take: vectors have shape \(5,\)"),
        (np.zeros((1, 2)), None, "2 or more"),
        (
            np.zeros((5, 2)),
            np.zeros((4, 1)),
            r"take: conditions have shape \(4, 1\); use \(5, n_conditions\)",
        ),
        (np.zeros((5, 2)), np.full((5, 1), np.inf), "take: conditions hold NaN or infinity"),
    ],
)
def test_a_sequence_that_is_none_is_refused_in_a_sentence(vectors, conditions, message):
    with pytest.raises(ValueError, match=message):
        Sequence(vectors, conditions, "take")


def test_the_error_is_that_of_the_expected_frame_and_falls():
    network, vectors = small_model(n_mixtures=2), wave(31)
    with torch.no_grad():
        mixture, _ = network(torch.from_numpy(vectors)[None, :-1])
    history = learn(network, vectors, epochs=1, batch_size=1, sequence_length=30)  # one step, from here
    weights = mixture.log_weights.exp().numpy()[..., None]
    expected = (weights * mixture.means.numpy()).sum(axis=-2)[0]
    assert history.errors[0] == pytest.approx(np.sqrt(np.mean((expected - vectors[1:]) ** 2)), rel=1e-5)
    for loss in ("mdn", "beta_nll"):
        errors = learn(small_model(), wave(), epochs=20, loss=loss, optimizer="adam").errors
        assert errors[-1] < 0.5 * errors[0]


def test_losses_say_what_they_are_measured_in():
    assert learn(small_model(), wave(), epochs=1).unit == "nats per frame"
    assert learn(small_model(), wave(), epochs=1, loss="beta_nll").unit == "no unit"
    with pytest.raises(ValueError, match="loss='beta_nll' needs n_mixtures=1, not 2"):
        learn(small_model(n_mixtures=2), wave(), epochs=1, loss="beta_nll")


def test_the_held_out_loss_is_the_models_own_and_is_not_trained_on():
    held_out, vectors = wave(60) * 0.5, wave()
    with_it, without = small_model(2), small_model(2)
    config = TrainConfig(epochs=3, scheduled_sampling=0.3, input_noise=0.1)
    history = train(with_it, [Sequence(vectors)], config, [Sequence(held_out)], progress=False)
    train(without, [Sequence(vectors)], config, progress=False)
    assert torch.equal(parameters(with_it), parameters(without))
    x = torch.from_numpy(held_out)[None]
    with torch.no_grad():
        expected = mdn_loss(with_it(x[:, :-1])[0], x[:, 1:]).item()
    assert len(history.validation) == 3
    assert history.validation[-1] == pytest.approx(expected, rel=1e-5)


def test_the_learning_rate_falls_evenly_to_the_part_that_is_left():
    seen = []
    learn(
        small_model(), wave(), lambda h: seen.append(h.learning_rate), epochs=5, learning_rate=0.1,
        final_learning_rate=0.2,
    )  # fmt: skip
    np.testing.assert_allclose(seen, [0.1, 0.08, 0.06, 0.04, 0.02])


RANDOM = {"scheduled_sampling": 0.5, "input_noise": 0.1, "final_learning_rate": 0.02, "optimizer": "adam"}


def test_a_training_that_is_resumed_is_one_long_one_random_numbers_and_learning_rate_included():
    whole, parts = small_model(4), small_model(4)
    once = learn(whole, wave(), epochs=7, **RANDOM)

    def stop(history):
        if len(history.losses) == 3:
            signal.raise_signal(signal.SIGINT)

    first = learn(parts, wave(), stop, epochs=7, **RANDOM)
    assert first.interrupted
    config = TrainConfig(epochs=7, **RANDOM)
    rest = train(parts, [Sequence(wave())], config, history=first, progress=False)
    assert torch.equal(parameters(whole), parameters(parts))
    assert rest.losses == once.losses
    assert rest.errors == once.errors
    assert not rest.interrupted
    assert len(first.losses) == 3  # the history that was continued is as it was


def test_an_interrupted_epoch_is_not_half_learned():
    network, kept = small_model(), []

    def stop_in_the_next_epoch(history):
        kept.append(parameters(network).clone())
        if len(history.losses) == 2:
            network.head.weight.register_hook(interrupt)

    def interrupt(gradient):
        signal.raise_signal(signal.SIGINT)

    history = learn(network, wave(), stop_in_the_next_epoch, epochs=9)
    assert history.interrupted
    assert torch.equal(parameters(network), kept[1])


def test_a_complete_training_goes_on_in_the_small_steps_it_ended_with():
    network = small_model()
    history = learn(network, wave(), epochs=4, final_learning_rate=0.1, learning_rate=0.05, optimizer="adam")
    more = TrainConfig(epochs=30, final_learning_rate=0.1, learning_rate=0.05, optimizer="adam")
    rates = []
    train(
        network, [Sequence(wave())], more, history=history, progress=False,
        on_epoch=lambda h: rates.append(h.learning_rate),
    )  # fmt: skip
    assert len(rates) == 26
    assert max(rates) <= 0.005 + 1e-12
    with pytest.raises(ValueError, match=r"epochs=4, but .* has done 4 already; .*epochs=8"):
        train(network, [Sequence(wave())], TrainConfig(epochs=4), history=history, progress=False)


def test_a_sequence_of_two_frames_is_one_step():
    history = learn(small_model(), wave(2), epochs=2, batch_size=1)
    assert len(history.losses) == 2
    with pytest.raises(ValueError, match="2 or more"):
        Sequence(wave(1))


def test_what_training_keeps_is_what_pytorch_keeps_by_name():
    for name, optimizer in OPTIMIZERS.items():
        network = small_model()
        history = learn(network, wave(), epochs=1, optimizer=name)
        twin = optimizer(network.parameters())
        network(torch.zeros(1, 2, 2))[0].means.sum().backward()
        twin.step()
        kinds = set(twin.state_dict()["state"][0])
        assert set(OPTIMIZER_STATE[name]) == kinds
        named = {f"{kind}.{parameter}" for kind in kinds for parameter, _ in network.named_parameters()}
        assert history.optimizer_state.keys() == named


def test_seconds_add_up_over_a_training_that_is_resumed():
    network = small_model()
    first = learn(network, wave(), epochs=1)
    rest = train(network, [Sequence(wave())], TrainConfig(epochs=2), history=first, progress=False)
    assert rest.seconds > first.seconds > 0


def test_another_optimizer_begins_without_the_state_of_the_old_one():
    network = small_model()
    first = learn(network, wave(), epochs=1, optimizer="adagrad")
    config = TrainConfig(epochs=2, optimizer="adam")
    rest = train(network, [Sequence(wave())], config, history=first, progress=False)
    assert {name.partition(".")[0] for name in rest.optimizer_state} == {"step", "exp_avg", "exp_avg_sq"}


def test_a_step_too_large_for_one_thread_takes_them_all(monkeypatch):
    seen = []
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    for limit in (1, 10**12):
        monkeypatch.setattr(train_module, "_LARGE_STEP", limit)
        learn(small_model(), wave(), lambda h: seen.append(torch.get_num_threads()), epochs=1)
    assert torch.get_num_threads() == 2
    torch.set_num_threads(threads)
    assert seen == [os.cpu_count(), 1]


def test_recordings_are_cut_so_that_the_longest_stream_is_as_short_as_can_be():
    sequences = [Sequence(wave(n)) for n in (91, 31)]
    (batch,) = make_streams(sequences, 5, small_model())
    assert batch.lengths.tolist() == [31, 23, 23, 23, 23]  # 90 steps in four, 30 in one; by length
    (batch,) = make_streams([Sequence(wave(n)) for n in (101, 11, 61)], 6, small_model())
    assert batch.lengths.max() == 34  # 100 steps in three, 10 in one, 60 in two


@pytest.mark.parametrize("shown", [True, False])
def test_a_progress_bar_is_shown_unless_it_is_not_wanted(capsys, shown):
    train(small_model(), [Sequence(wave())], TrainConfig(epochs=2), progress=shown)
    assert ("2/2" in capsys.readouterr().err) == shown
    if shown:
        train(small_model(), [Sequence(wave())], TrainConfig(epochs=2))
        assert "2/2" in capsys.readouterr().err
