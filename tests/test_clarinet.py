"""The preset for a sustained note, on two recordings, and the article's clarinet with its resets."""

import time
from dataclasses import replace

import numpy as np
import pytest
from judges import RATE, edges, held, resynthesized
from scipy.signal import butter, sosfiltfilt

from rnnsound import SoundModel, measures, presets, recordings


@pytest.fixture(scope="module", params=["clarinet", "violin"])
def learned(request):
    recording = recordings.load(request.param)
    started = time.process_time()  # not the clock on the wall: other programs may be running
    model = SoundModel.fit(recording, presets.CLARINET, progress=False)
    model.seconds_to_fit = time.process_time() - started
    frequency = recordings.describe(request.param)["frequency"]
    _, cents = held(recording, frequency)
    return model, recording, frequency * 2 ** (np.median(cents) / 1200)


def test_it_is_learned_in_twenty_seconds(learned):
    assert learned[0].seconds_to_fit < 20


def test_takes_of_ten_seconds_stay_in_tune_without_resets(learned):
    model, recording, frequency = learned
    own = np.percentile(np.abs(held(recording, frequency)[1]), 95)
    for seed in range(3):
        take = model.generate(10, seed=seed)
        assert len(take) == 10 * RATE
        times, cents = held(take, frequency)
        assert times[-1] - times[0] > 9  # it did not stop on the way
        assert np.percentile(np.abs(cents), 95) < own + 5
        assert abs(np.polyfit(times, cents, 1)[0]) < 0.5


def test_takes_sound_like_the_recording_from_attack_to_ending(learned):
    model, recording, frequency = learned
    reference = resynthesized(model, recording)
    distances = []
    for seed in range(3):
        take = model.generate(recording.duration, seed=seed)
        distances.append(measures.log_mel_distance(take, reference))
        assert 0.5 < take.peak / reference.peak < 1.5
        attack, ending = edges(take, frequency)
        recorded_attack, recorded_ending = edges(reference, frequency)
        assert attack == pytest.approx(recorded_attack, abs=0.07)
        assert ending == pytest.approx(recorded_ending, abs=max(0.07, recorded_ending / 2))
    assert np.mean(distances) < 2.0


def test_a_note_ends_when_it_is_told_to_whatever_its_length(learned):
    model, recording, frequency = learned
    ending = edges(recording, frequency)[1]
    for seconds in (2.5, 7.0):
        take = model.generate(seconds, seed=4)
        assert edges(take, frequency)[1] == pytest.approx(ending, abs=max(0.1, ending / 2))
        last = take.crop(seconds - 0.02, seconds)
        assert measures.level(last) < measures.level(take) - 25


def test_a_short_further_training_does_not_make_it_worse(learned):
    """The learning rate does not start anew: three more epochs are small steps."""
    model, recording, _ = learned
    more = SoundModel.fit(recording, presets.CLARINET.replace(epochs=403), resume=model, progress=False)
    assert len(more.history.losses) == 403
    assert more.history.learning_rate == model.history.learning_rate == pytest.approx(0.02 * 0.005)
    reference = resynthesized(model, recording)
    before, after = (
        np.mean(
            [measures.log_mel_distance(m.generate(recording.duration, seed=s), reference) for s in range(5)]
        )
        for m in (model, more)
    )
    assert after < before + 0.1


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
