import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.signal import butter, hilbert, sosfiltfilt

from rnnsound import Frames, PhaseVocoder, Sound, measures, presets, recordings
from rnnsound.dsp.phase import griffin_lim, lock_phases
from rnnsound.features.pitch_scaler import PitchScaler
from rnnsound.nn.corruption import InputCorruption
from rnnsound.nn.generate import generate
from rnnsound.nn.mdn import Mixture, beta_nll_loss
from rnnsound.nn.network import SoundRNN
from rnnsound.nn.resets import Resets
from rnnsound.sound_model import SoundModel

RATE = 44_100


def judge(sound, frequency):
    """Follow the fundamental by SciPy alone: times in s, cents from frequency, level in dB, every 20 ms."""
    band = butter(2, [frequency * 0.8, frequency * 1.25], "bandpass", fs=RATE, output="sos")
    analytic = hilbert(sosfiltfilt(band, sound.samples))
    n, size = (len(analytic) - 1) // 882, 882
    steps = np.diff(np.unwrap(np.angle(analytic)))[: n * size] * RATE / (2 * np.pi)
    pitch = np.maximum(steps.reshape(n, size).mean(axis=1), 1.0)
    power = np.mean(np.abs(analytic[: n * size].reshape(n, size)) ** 2, axis=1)
    return (np.arange(n) + 0.5) * 0.02, 1200 * np.log2(pitch / frequency), 10 * np.log10(power + 1e-12)


def held(sound, frequency):
    """Times and cents of the held part: 0.1 s from either end, at most 20 dB below the loudest."""
    times, cents, level = judge(sound, frequency)
    inside = (times > 0.1) & (times < sound.duration - 0.1) & (level > level.max() - 20)
    return times[inside], cents[inside]


def edges(sound, frequency):
    """When the note is there (-3 dB), and how long before its end it leaves (-10 dB)."""
    times, _, level = judge(sound, frequency)
    loud = np.median(level)
    return times[level > loud - 3][0], sound.duration - times[level > loud - 10][-1]


def resynthesized(model, sound):
    before = np.zeros(2048 + 2 * 512)
    around = Sound(np.concatenate([before, sound.samples, np.zeros(2048)]), RATE)
    frames = model.vocoder.analyze(around)
    return Sound(model.vocoder.synthesize(frames).samples[len(before) :][: len(sound)], RATE)


@pytest.fixture(scope="module", params=["clarinet", "violin"])
def learned(request):
    recording = recordings.load(request.param)
    started = time.process_time()  # not the clock on the wall: other programs may be running
    model = SoundModel.fit(recording, presets.CLARINET, progress=False)
    model.seconds_to_fit = time.process_time() - started
    frequency = recordings.describe(request.param)["frequency"]
    _, cents = held(recording, frequency)
    return model, recording, frequency * 2 ** (np.median(cents) / 1200)


def test_the_judge_itself_tells_a_detuned_note_a_glide_and_a_slow_attack():
    at = np.arange(4 * RATE) / RATE
    detuned = Sound(np.sin(2 * np.pi * 300 * 2 ** (7 / 1200) * at), RATE)
    assert np.median(held(detuned, 300)[1]) == pytest.approx(7, abs=0.05)
    glide = Sound(np.sin(2 * np.pi * 300 * (at + np.log(2) / 1200 * at**2)), RATE)
    assert np.polyfit(*held(glide, 300), 1)[0] == pytest.approx(2, abs=0.05)
    slow = Sound(np.minimum(at / 0.5, 1) * np.minimum((4 - at) / 0.5, 1) * detuned.samples, RATE)
    attack, ending = edges(slow, 300)
    assert attack == pytest.approx(0.354, abs=0.02)
    assert ending == pytest.approx(0.158, abs=0.02)


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


def test_a_loaded_note_is_the_same_note(learned, tmp_path):
    model = learned[0]
    model.save(tmp_path / "m.pt")
    again = SoundModel.load(tmp_path / "m.pt").generate(0.5, seed=1)
    np.testing.assert_array_equal(again.samples, model.generate(0.5, seed=1).samples)


def vibrato_tone(depth=20.0, partials=(1, 2, 3, 5, 9)):
    """Partials that rise and fall together by depth cents, 5 times a second, and the frequency over time."""
    at = np.arange(2 * RATE) / RATE
    frequency = 300 * 2 ** (depth / 1200 * np.sin(2 * np.pi * 5 * at))
    phase = 2 * np.pi * np.cumsum(frequency) / RATE
    return Sound(sum(np.sin(k * phase) / k for k in partials) * 0.1, RATE), frequency


def test_one_pitch_is_found_for_all_partials():
    tone, frequency = vibrato_tone()
    frames = PhaseVocoder(2048, 512, 200).analyze(tone)[1:-1]
    scaler = PitchScaler().fit(frames)
    vectors = scaler.transform(frames)
    pitch = np.exp(vectors[:, -1] * scaler.std[-1] + scaler.mean[-1])
    true = np.interp(frames.times, np.arange(len(frequency)) / RATE, frequency)
    away = 1200 * np.log2(pitch / true)  # frames are 46 ms long, which smooths the vibrato a little
    assert np.std(away) < 4
    assert np.corrcoef(pitch, true)[0, 1] > 0.97
    for partial, at in ((1, 14), (5, 70)):
        assert scaler.reference_frequency[at] == pytest.approx(300 * partial, rel=0.002)


def test_magnitudes_survive_the_way_there_and_back():
    frames = PhaseVocoder(2048, 512, 200).analyze(vibrato_tone()[0])[1:-1]
    scaler = PitchScaler().fit(frames)
    vectors = scaler.transform(frames)
    assert vectors.shape == (len(frames), 201)
    back = scaler.inverse_transform(vectors, bounded=True)
    np.testing.assert_allclose(back.magnitude, frames.magnitude, rtol=1e-5, atol=scaler.floor * 1e-4)
    again = PitchScaler().restore(scaler.arrays(), frames[:1])
    np.testing.assert_array_equal(again.inverse_transform(vectors).frequency, back.frequency)
    wild = scaler.inverse_transform(vectors * 1e3, bounded=True)
    assert np.isfinite(wild.magnitude).all()
    assert wild.magnitude.max() < 10 * frames.magnitude.max()


def test_settled_phases_give_noise_the_magnitudes_asked_for():
    noise = Sound(np.random.default_rng(0).standard_normal(RATE) * 0.1, RATE)
    vocoder = PhaseVocoder(2048, 512, 400)
    reference = vocoder.synthesize(vocoder.analyze(noise))
    locked = lock_phases(vocoder.analyze(noise))
    distances = [
        measures.log_mel_distance(vocoder.synthesize(griffin_lim(locked, vocoder, rounds)), reference)
        for rounds in (0, 1, 4)
    ]
    assert distances[0] > 1.5 * distances[1] > 1.5 * distances[2]


def test_conditions_are_read_as_nn_lstm_reads_them():
    torch.manual_seed(0)
    model = SoundRNN(5, 12, 2, 1, n_conditions=2).eval()
    told = np.random.default_rng(0).standard_normal((30, 2)).astype(np.float32)
    fast = generate(model, 30, 0.0, primer=np.ones((1, 5), np.float32), conditions=told)
    frame, state = torch.ones(1, 1, 5), None
    with torch.no_grad():
        for t in range(30):
            mixture, state = model(frame, torch.from_numpy(told[None, t : t + 1]), state)
            frame = mixture.means[..., 0, :]
            np.testing.assert_allclose(fast[t], frame.numpy().ravel(), atol=1e-5)
    with pytest.raises(ValueError, match="conditions"):
        generate(model, 30)


def test_replaced_frames_are_heard():
    torch.manual_seed(0)
    model = SoundRNN(5, 12).eval()
    there = np.full(5, 3.0, np.float32)
    frames = generate(model, 10, seed=1, forced_frames={4: there})
    np.testing.assert_array_equal(frames[4], there)
    without = generate(model, 10, seed=1)
    np.testing.assert_array_equal(frames[:4], without[:4])
    assert (np.abs(frames[5] - without[5]) > 1e-4).all()


def test_the_even_loss_has_the_same_best_mean_and_deviation():
    """For one Gaussian without a network they are the sample's own."""
    noise = torch.randn(4000, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    target = 2 + noise * torch.tensor([0.3, 1.0])
    parameters = torch.zeros(2, 2, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([parameters], lr=0.05)
    for _ in range(1500):
        means, log_stds = (p.expand(4000, 1, 2) for p in parameters)
        loss = beta_nll_loss(Mixture(torch.zeros(4000, 1, dtype=torch.float64), means, log_stds), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    torch.testing.assert_close(parameters[0].detach(), target.mean(dim=0), rtol=0.01, atol=0)
    torch.testing.assert_close(parameters[1].detach().exp(), target.std(dim=0), rtol=0.02, atol=0)


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


def ramp(n_frames=600):
    """Frames that tell their own number by their magnitude."""
    magnitude = np.tile(np.arange(n_frames, dtype=float)[:, None], (1, 4))
    frequency = 100 + np.random.default_rng(0).standard_normal((n_frames, 4))
    return Frames(magnitude, frequency, RATE, 512, 128)


def test_resets_come_as_often_as_asked_from_the_middle_and_again_with_the_same_seed():
    resets = Resets.draw(344 * 100, 4.0, ramp(), seed=3)
    assert len(resets.frames) == pytest.approx(400, abs=60)  # 3 standard deviations of a random count
    assert resets.chosen.min() >= 150
    assert resets.chosen.max() < 450
    np.testing.assert_array_equal(resets.times, Resets.draw(34_400, 4.0, ramp(), seed=3).times)
    assert len(Resets.draw(1000, 0.0, ramp()).frames) == 0
    with pytest.raises(ValueError, match="resets_per_second"):
        Resets.draw(1000, -1.0, ramp())


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
