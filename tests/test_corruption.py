"""What the network hears in training in place of the recording."""

import numpy as np
import torch

from rnnsound import SoundModel, SoundRNN, presets, recordings
from rnnsound.config import TrainConfig
from rnnsound.features.sequence import Sequence
from rnnsound.features.struck_note import StruckNote
from rnnsound.features.sustained_note import SustainedNote
from rnnsound.fitting import make_sequence
from rnnsound.nn.corruption import InputCorruption
from rnnsound.nn.streams import Batch, make_streams
from rnnsound.nn.train import train


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


def streams_told_the_time(moved, rows=400, lengths=None):
    """Every frame says when it is, and so does its condition."""
    when = torch.arange(100.0).expand(rows, 100)[..., None]
    lengths = torch.full((rows,), 100) if lengths is None else torch.tensor(lengths)
    return Batch(when.clone(), when, lengths, moved=torch.full((rows,), moved))


def heard_by(batch, seed=2):
    return InputCorruption(0.0, 0.0, torch.Generator().manual_seed(seed)).moved(batch)


def test_a_part_of_the_streams_is_heard_at_another_moment_up_to_20_frames_away():
    heard = heard_by(streams_told_the_time(0.5))
    away = heard[:, 50, 0] - 50
    assert away.min() == -20
    assert away.max() == 20
    assert 0.4 < (away != 0).float().mean() < 0.6
    expected = (torch.arange(100) + away[:, None]).clamp(0, 99)  # it stands still at either end
    assert torch.equal(heard[..., 0], expected)


def test_what_is_heard_at_another_moment_is_never_the_padding_behind_a_stream():
    batch = streams_told_the_time(1.0, 3, [100, 60, 25])
    batch.frames[1, 60:], batch.frames[2, 25:] = -1.0, -1.0
    for seed in range(20):
        assert (heard_by(batch, seed) >= 0).all()


def test_what_is_told_of_and_what_is_to_be_said_stays_where_it_was():
    batch = streams_told_the_time(1.0)
    piece = list(batch.pieces(20, heard_by(batch)))[2]
    assert torch.equal(piece.target[0, :, 0], torch.arange(41.0, 61.0))
    assert torch.equal(piece.conditions, piece.target)
    assert not torch.equal(piece.heard[..., 0], torch.arange(40.0, 60.0).expand(400, 20))


def test_each_stream_is_moved_as_its_recording_says_and_a_corpus_not_at_all():
    sequences = [Sequence(np.full((50, 3), k), np.zeros((50, 1)), moved=k / 2) for k in range(3)]
    batch = make_streams(sequences, 6, SoundRNN(3, 8, n_conditions=1))[0]
    assert torch.equal(batch.moved, batch.frames[:, 0, 0] / 2)
    assert heard_by(batch._replace(moved=None)) is batch.frames


def test_a_held_note_is_led_back_by_its_clock_and_one_that_is_told_nothing_is_not():
    class NoClock(SustainedNote):
        condition_names = ()

    for kind, moved in ((SustainedNote, 0.5), (NoClock, 0.0), (StruckNote, 0.0)):
        name = "piano" if kind is StruckNote else "clarinet"
        sound = recordings.load(name).crop(0, 1)
        config = presets.PRESETS[name].replace(epochs=1)
        model = SoundModel.fit(sound, config, note=kind(), progress=False)
        assert make_sequence(model.parts, sound).moved == moved, kind


def test_a_network_that_has_heard_other_moments_goes_by_the_clock_and_another_by_what_it_hears():
    """A sine and two hands at half its pace; then all is heard ten frames late, a quarter of a turn."""
    angle = 2 * np.pi * np.arange(1600) / 40
    sine, told = np.sin(angle)[:, None], np.stack([np.sin(angle / 2), np.cos(angle / 2)], axis=1)
    config = TrainConfig(epochs=40, sequence_length=20, batch_size=4, optimizer="adam", learning_rate=0.01)
    off = {}
    for moved in (0.5, 0.0):
        sequence = Sequence(sine, told, moved=moved)
        torch.manual_seed(0)
        network = SoundRNN(1, 16, n_conditions=2)
        train(network, [sequence], config, progress=False)
        vectors, conditions = torch.tensor(sequence.vectors)[None], torch.tensor(sequence.conditions)[None]
        with torch.no_grad():
            said = network(vectors[:, :990], conditions[:, 11:1001])[0].mean()
        off[moved] = (said - vectors[:, 11:1001])[:, 100:].square().mean().sqrt()
    assert off[0.5] < 0.1
    assert off[0.0] > 0.9
