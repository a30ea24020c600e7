"""The preset for a sustained note, on two recordings; and the article's clarinet with its resets."""

import time
from dataclasses import replace

import numpy as np
import pytest
from judges import RATE, edges, follow, held, resynthesized
from scipy.signal import butter, sosfiltfilt

from rnnsound import SoundModel, measures, presets, recordings

LENGTHS = (1.5, 5.0, 12.0, 20.0)


@pytest.fixture(scope="module", params=["clarinet", "flute"])
def learned(request):
    recording = recordings.load(request.param)
    started = time.process_time()  # not the clock on the wall: other programs may be running
    model = SoundModel.fit(recording, presets.CLARINET, progress=False)
    model.seconds_to_fit = time.process_time() - started
    model.takes = [model.generate(recording.duration, seed=seed) for seed in range(3)]
    model.notes = {seconds: model.generate(seconds, seed=4) for seconds in LENGTHS}
    frequency = recordings.describe(request.param)["frequency"]
    _, cents = held(recording, frequency)
    return model, recording, frequency * 2 ** (np.median(cents) / 1200)


def moving(sound, frequency):
    """How the level moves while the note is held, by SciPy: averages over 0.2 s, from 0.4 s on."""
    level = follow(sound, frequency)[2]
    averages = level[: len(level) // 10 * 10].reshape(-1, 10).mean(axis=1)
    return averages[2 : round((sound.duration - 1) / 0.2)]


def test_it_is_learned_in_twenty_seconds(learned):
    """Of one core, also on a busy machine; 12 s on an idle one."""
    assert learned[0].seconds_to_fit < 20


def test_takes_stay_in_tune_without_resets(learned):
    model, recording, frequency = learned
    times, own = held(recording, frequency)
    for take in model.takes:
        assert len(take) == len(recording)
        at, cents = held(take, frequency)
        assert at[-1] - at[0] > 0.95 * (times[-1] - times[0])  # it did not stop on the way
        assert np.percentile(np.abs(cents), 95) < np.percentile(np.abs(own), 95) + 3
        assert np.polyfit(at, cents, 1)[0] == pytest.approx(np.polyfit(times, own, 1)[0], abs=0.5)


def test_takes_are_as_near_the_recording_as_another_take_of_a_player_could_be(learned):
    """Nearer than the recording is to itself 30 ms later, or not much further away."""
    model, recording, frequency = learned
    reference = resynthesized(model, recording)
    restless = measures.restlessness(reference)
    distances = [measures.log_mel_distance(take, reference) for take in model.takes]
    assert np.mean(distances) < 1.10 * restless
    for take in model.takes:
        assert 0.7 < take.peak / reference.peak < 1.4
        for ours, recorded in zip(edges(take, frequency), edges(reference, frequency), strict=True):
            assert ours == pytest.approx(recorded, abs=max(0.1, recorded / 4))
    assert (model.takes[0].samples != model.takes[1].samples).any()


def test_takes_move_as_the_player_moves(learned):
    model, recording, frequency = learned
    own = moving(recording, frequency)
    least = 0.9 if recording.label == "clarinet" else 0.4  # a flute's level moves less, in more breath
    for take in model.takes:
        ours = moving(take, frequency)
        assert np.corrcoef(ours, own)[0, 1] > least
        assert 0.6 < ours.std() / own.std() < 1.4


def test_takes_swing_when_the_player_swings(learned):
    """Pitch every 20 ms: of a vibrato out of step with the player's hardly any correlation is left."""
    model, recording, frequency = learned
    times, own = held(recording, frequency)
    for take in model.takes:
        ours = np.interp(times, *held(take, frequency))
        assert np.corrcoef(ours, own)[0, 1] > 0.7


@pytest.mark.parametrize("seconds", LENGTHS)
def test_a_note_ends_when_it_is_told_to_whatever_its_length(learned, seconds):
    note = learned[0].notes[seconds]
    assert len(note) == round(seconds * RATE)
    power = note.samples[: len(note) // 2205 * 2205].reshape(-1, 2205)
    decibels = 10 * np.log10(np.mean(power**2, axis=1))
    assert decibels[-1] < np.median(decibels[len(decibels) // 4 : 3 * len(decibels) // 4]) - 20
    until = min(seconds - 1.0, 0.8 * seconds)  # and not before
    at = (np.arange(len(decibels)) + 0.5) * 0.05
    assert decibels[(at > 0.4) & (at < until)].min() > np.median(decibels) - 9


def test_a_note_that_outlasts_its_recording_stays_in_tune(learned):
    model, recording, frequency = learned
    own = np.percentile(np.abs(held(recording, frequency)[1]), 95)
    times, cents = held(model.notes[20.0], frequency)
    assert times[-1] > 18.5
    assert np.percentile(np.abs(cents), 95) < own + 5
    assert np.percentile(np.abs(cents[times > recording.duration]), 95) < own + 5


def test_a_short_further_training_does_not_make_it_worse(learned):
    """The learning rate does not start anew: three more epochs are small steps."""
    model, recording, _ = learned
    more = SoundModel.fit(recording, presets.CLARINET.replace(epochs=183), resume=model, progress=False)
    assert len(more.history.losses) == 183
    assert more.history.learning_rate == model.history.learning_rate == pytest.approx(0.02 * 0.006)
    reference = resynthesized(model, recording)
    before = np.mean([measures.log_mel_distance(take, reference) for take in model.takes])
    takes = [more.generate(recording.duration, seed=seed) for seed in range(3)]
    assert np.mean([measures.log_mel_distance(take, reference) for take in takes]) < before + 0.1


def test_a_loaded_note_is_the_same_note(learned, tmp_path):
    model = learned[0]
    model.save(tmp_path / "m.pt")
    again = SoundModel.load(tmp_path / "m.pt").generate(0.5, seed=1)
    np.testing.assert_array_equal(again.samples, model.generate(0.5, seed=1).samples)


@pytest.fixture(scope="module")
def article():
    return SoundModel.fit(recordings.load("clarinet"), presets.ARTICLE_CLARINET, progress=False)


def test_after_a_reset_the_frame_is_the_recordings(article):
    flute = recordings.load("flute")
    resets = article.draw_resets(500, 8.0, flute, seed=1)
    frames = article.generate_frames(500, 0.01, 1, resets)
    for t, k in zip(resets.frames, resets.chosen, strict=True):
        np.testing.assert_allclose(frames.magnitude[t], resets.source.magnitude[k], atol=1e-3)
        np.testing.assert_allclose(frames.frequency[t], resets.source.frequency[k], atol=1e-2)


def test_resets_bound_the_articles_drift_and_less_variance_clears_its_timbre(article):
    recording = recordings.load("clarinet")
    reference = article.vocoder.synthesize(article.vocoder.analyze(recording))
    rows = []
    for scale, resets in ((1.0, 0.0), (1.0, 4.0), (0.01, 4.0)):
        row = []
        for seed in range(3):
            take = article.generate(recording.duration, scale, seed, resets, recording if resets else None)
            times, cents = held(take, 293.5)
            drift = np.abs(np.polyfit(times, cents, 1)[0])
            row.append((np.percentile(np.abs(cents), 95), drift, measures.log_mel_distance(take, reference)))
        rows.append(np.mean(row, axis=0))
    none, reset, less = rows
    assert (less < 0.7 * none).all()
    assert less[1] < 0.2 * none[1]
    assert less[2] < 0.8 * reset[2] < 0.6 * none[2]


def test_resets_do_not_click(article):
    """What lies above the highest component is no louder where a reset is than elsewhere."""
    recording = recordings.load("clarinet")
    highpass = butter(6, 3000, "highpass", fs=RATE, output="sos")
    for seed in range(3):
        take = article.generate(4, 0.01, seed, 4.0, recording)
        resets = article.draw_resets(1375, 4.0, recording, seed)
        above = sosfiltfilt(highpass, take.samples)[: 4 * RATE].reshape(-1, 441)
        level = 10 * np.log10(np.mean(above**2, axis=1) + 1e-14)
        times = (np.arange(len(level)) + 0.5) / 100
        inside = (times > 0.1) & (times < 3.9)
        near = np.abs(times[:, None] - resets.times).min(axis=1) < 0.015
        assert level[near & inside].max() < level[~near & inside].max() + 3
        assert level[inside].max() < measures.level(take) - 60


def test_a_source_that_cannot_be_reset_from_is_refused(article):
    with pytest.raises(ValueError, match="reset_source"):
        article.generate(1, resets_per_second=4)
    slow = replace(recordings.load("clarinet"), sample_rate=22_050)
    with pytest.raises(ValueError, match="44100"):
        article.generate(1, resets_per_second=4, reset_source=slow)
