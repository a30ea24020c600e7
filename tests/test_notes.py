"""What a recording is taken for, and what the network is told beside its frames."""

import numpy as np
import pytest

from rnnsound import PhaseVocoder, Sound, SoundModel, StruckNote, presets, sine
from rnnsound.config import FeatureConfig
from rnnsound.features import NOTES, SCALERS, make_note, make_scaler, note_kind
from rnnsound.features.conditions import CONDITIONS, condition_rows, condition_width, hands, ramps
from rnnsound.features.notes import Excerpt, WholeNote
from rnnsound.features.sustained_note import SustainedNote

VOCODER = PhaseVocoder(512, 128)


def noise(n_samples, seed=0):
    return Sound(np.random.default_rng(seed).standard_normal(n_samples), 44_100, "noise.wav")


def test_of_an_excerpt_the_measured_frames_are_learned_and_no_others():
    """Frame 0 has no frequencies of its own; the last one reaches beyond the end unless it fits."""
    for n_samples, count in (
        (512 + 3 * 128, 3),
        (512 + 3 * 128 + 1, 3),
        (512 + 4 * 128 - 1, 3),
        (512 + 4 * 128, 4),
    ):
        sound = noise(n_samples)
        frames = Excerpt().analyze(sound, VOCODER)
        assert len(frames) == count
        np.testing.assert_array_equal(frames.magnitude, VOCODER.analyze(sound).magnitude[1 : count + 1])
        assert frames.start == 128


def test_a_whole_note_is_analyzed_from_silence_to_silence_and_its_times_count_from_its_beginning():
    sound = noise(2_000)
    for note in (WholeNote(), SustainedNote(), StruckNote()):
        frames = note.analyze(sound, VOCODER)
        assert frames.start == -(512 + 128)
        silent = frames.times + 256 / 44_100 <= 0
        assert silent.sum() == 2  # one that the network starts from, one that ends with the note's beginning
        assert frames.times[1] == pytest.approx(-256 / 44_100)
        np.testing.assert_array_equal(frames.magnitude[silent], 0)
        assert (frames.magnitude[~silent][0] > 0).any()
        assert frames.times[-1] + 256 / 44_100 > sound.duration  # it ends after the note
        assert frames.times[-1] - 256 / 44_100 <= sound.duration + 512 / 44_100
        surrounded = note.surround(sound, VOCODER).samples
        kept = surrounded[note.lead(VOCODER) :][: len(sound)]
        assert np.ptp(kept - sound.samples) < 1e-12  # a struck note leaves out a constant offset
        assert len(surrounded) == 512 + 2 * 128 + 2_000 + 512


def test_a_click_at_the_beginning_of_a_note_is_at_time_0():
    sound = Sound(np.r_[1.0, np.zeros(3_000)], 44_100)
    frames = SustainedNote().analyze(sound, VOCODER)
    loudest = frames.magnitude.sum(axis=1).argmax()
    assert frames.times[loudest] == pytest.approx(0, abs=0.51 * 128 / 44_100)


@pytest.mark.parametrize("n_samples", [100, 512, 512 + 2 * 128 - 1])
def test_a_recording_of_fewer_than_three_whole_frames_is_refused(n_samples):
    with pytest.raises(
        ValueError, match=r"noise\.wav: .* too short: [012] whole frames of 512 samples, and 3"
    ):
        Excerpt().analyze(noise(n_samples), VOCODER)
    assert len(Excerpt().analyze(noise(512 + 2 * 128), VOCODER)) == 2


def test_an_excerpt_is_told_nothing_and_changes_nothing():
    note, frames = Excerpt(), VOCODER.analyze(noise(2_000))
    assert note.n_conditions == 0
    assert note.conditions(frames.times, 1.0).shape == (len(frames), 0)
    assert note.remove_decay(frames, 1.0) is frames
    assert note.apply_decay(frames, 1.0) is frames
    assert note.fit([], []) is note
    assert (note.whole, note.onset) == (False, None)
    with pytest.raises(ValueError, match="measures nothing"):
        note.restore({"rates": np.zeros(3)}, 3)
    assert note.restore(note.arrays(), 3) is note


def test_conditions_stand_side_by_side_as_wide_as_they_say():
    times = np.linspace(-0.1, 4, 50)
    for name, condition in CONDITIONS.items():
        assert condition.rows(times, 2.0).shape == (50, condition.width), name
    names = ("clock", "since_stroke")
    rows = condition_rows(names, times, 2.0)
    assert rows.shape == (50, condition_width(names)) == (50, 22)
    np.testing.assert_array_equal(rows[:, 16:], condition_rows(("since_stroke",), times, 2.0))
    np.testing.assert_allclose(ramps(np.array([0.05]), (0.1, 0.2)), [[2.5, 3.75]], rtol=1e-5)


def test_hands_go_round_and_two_numbers_say_where_each_tip_is():
    """A quarter of a turn of one is an eighth of the other's, which is slower."""
    told = hands(np.array([0.0, 0.25, 0.5, 1.0, 1.25]), (1.0, 2.0))
    eighth = np.sqrt(2)
    expected = [
        [0, 0, 2, 2],
        [2, eighth, 0, eighth],
        [0, 2, -2, 0],
        [0, 0, 2, -2],
        [2, -eighth, 0, -eighth],
    ]
    np.testing.assert_allclose(told, expected, atol=1e-6)
    assert told.dtype == np.float32
    clock = condition_rows(("clock",), np.array([3.7]), 5.0)
    np.testing.assert_allclose(clock, hands(np.array([23.7]), 20 / 2.0 ** np.arange(8)), atol=1e-5)


def test_words_make_the_kinds_that_they_mean():
    for name, kind in NOTES.items():
        assert type(make_note(FeatureConfig(note=name))) is kind
        assert note_kind(kind()) == name
    for name, kind in SCALERS.items():
        assert type(make_scaler(FeatureConfig(representation=name))) is kind
    scaler = make_scaler(FeatureConfig("delta", "log", False))
    assert (scaler.representation, scaler.magnitude_scale, scaler.per_component) == ("delta", "log", False)


def test_a_kind_of_ones_own_counts_as_the_one_it_was_made_from():
    class Loud(SustainedNote):
        pass

    assert note_kind(Loud()) == "sustained"


def test_the_first_frame_drawn_is_told_the_time_that_training_told_it():
    """With a scaler and a network of a whole note: the frame after the primer, in both."""
    config = presets.CLARINET.replace(epochs=1, n_components=20, hidden_size=4, griffin_lim_iterations=0)
    sound = sine(440.0, seconds=0.5)
    model = SoundModel.fit(sound, config, progress=False)
    learned = model.note.analyze(sound, model.vocoder)
    drawn = model.generate_frames(20)
    assert drawn.start == learned[1:].start == -2048
    np.testing.assert_array_equal(drawn.times, learned[1:21].times)
    np.testing.assert_array_equal(
        model.note.conditions(drawn.times, 0.5), model.note.conditions(learned.times, 0.5)[1:21]
    )
    assert SoundModel.fit(sound, progress=False).generate_frames(5).start == 0
