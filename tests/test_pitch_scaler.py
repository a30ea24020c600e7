"""One pitch for all components."""

import numpy as np
import pytest
from judges import RATE

from rnnsound import Frames, PhaseVocoder, PitchScaler, Sound


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


def shifting(factors, loudness=1.0, silent=0):
    """Four partials that all rise by the same factors; some frames of silence in front."""
    factors = np.r_[np.ones(silent), factors]
    magnitude = np.outer(np.r_[np.zeros(silent), np.full(len(factors) - silent, loudness)], [8.0, 4, 2, 1])
    return Frames(magnitude, np.outer(factors, [200.0, 400, 600, 800]), RATE, 2048, 512)


def test_pitch_is_the_factor_that_the_partials_share():
    factors = 2 ** (np.linspace(-1, 1, 21) / 12)
    frames = shifting(factors)
    scaler = PitchScaler().fit(frames)
    pitch = np.exp(scaler.transform(frames)[:, -1] * scaler.std[-1] + scaler.mean[-1])
    np.testing.assert_allclose(pitch / pitch[10], factors, rtol=1e-5)
    np.testing.assert_allclose(scaler.reference_frequency / scaler.reference_frequency[0], [1, 2, 3, 4])
    np.testing.assert_allclose(scaler.reference_frequency * pitch[:, None], frames.frequency, rtol=1e-5)


def test_silence_has_the_pitch_of_the_reference():
    frames = shifting(2 ** (np.linspace(0, 1, 21) / 12), silent=5)
    scaler = PitchScaler().fit(frames)
    pitch = np.exp(scaler.transform(frames)[:, -1] * scaler.std[-1] + scaler.mean[-1])
    np.testing.assert_allclose(pitch[:5], 1, atol=1e-6)
    quiet = np.where(np.arange(26) == 9, 1e-5, 1.0)[:, None]  # one frame, 100 dB below, has no say either
    faint = Frames(frames.magnitude * quiet, frames.frequency, RATE, 2048, 512)
    pitch = np.exp(scaler.transform(faint)[:, -1] * scaler.std[-1] + scaler.mean[-1])
    assert pitch[9] == pytest.approx(1, abs=1e-3)
    assert pitch[10] == pytest.approx(2 ** (5 / 20 / 12), rel=0.05)


def test_loud_components_decide_on_the_pitch():
    frames = shifting(np.ones(10))
    odd = Frames(frames.magnitude, frames.frequency * [1, 1, 1, 1.5], RATE, 2048, 512)  # the weakest says 1.5
    scaler = PitchScaler().fit(frames)
    pitch = np.exp(scaler.transform(odd)[:, -1] * scaler.std[-1] + scaler.mean[-1])
    energy = np.array([64.0, 16, 4, 1])
    expected = (energy * [200, 400, 600, 1200]).sum() / (energy * [200, 400, 600, 800]).sum()
    np.testing.assert_allclose(pitch, expected, rtol=1e-5)


def test_magnitudes_share_one_unit_three_times_their_deviation_and_pitch_has_its_own():
    rng = np.random.default_rng(0)
    magnitude = rng.lognormal(0, [0.1, 0.5, 2.0], (400, 3))
    frequency = np.outer(rng.normal(1, 0.01, 400), [100.0, 200, 300])
    frames = Frames(magnitude, frequency, RATE, 2048, 512)
    scaler = PitchScaler().fit(frames)
    logs = np.log1p(magnitude / scaler.floor)
    np.testing.assert_allclose(scaler.std[:-1], 3 * np.sqrt(np.mean(logs.var(axis=0))), rtol=1e-6)
    assert scaler.transform(frames)[:, -1].std() == pytest.approx(1, rel=1e-3)
    np.testing.assert_allclose(scaler.mean[:-1], logs.mean(axis=0))


def test_what_is_drawn_stays_where_the_recording_was():
    frames = shifting(2 ** (np.linspace(-1, 1, 21) / 12), silent=3)
    scaler = PitchScaler().fit(frames)
    vectors = scaler.transform(frames)
    np.testing.assert_array_equal(scaler.bounds, [vectors.min(axis=0), vectors.max(axis=0)])
    wild = scaler.inverse_transform(1e3 * vectors, bounded=True)
    assert wild.magnitude.max() <= frames.magnitude.max() * 1.001
    assert wild.frequency.max() <= frames.frequency.max() * 1.001
    free = scaler.inverse_transform(2 * vectors)
    assert free.magnitude.max() > 2 * frames.magnitude.max()
    assert (free.magnitude >= 0).all()


def test_a_component_that_measured_below_0_hz_is_taken_for_0_and_a_silent_one_for_its_bin():
    magnitude, frequency = np.tile([1.0, 2.0, 0.0], (9, 1)), np.tile([-3.0, 100.0, 7.0], (9, 1))
    scaler = PitchScaler().fit(Frames(magnitude, frequency, RATE, 512, 128))
    assert scaler.reference_frequency[0] == 0
    assert scaler.reference_frequency[1] == pytest.approx(100, rel=0.05)
    assert scaler.reference_frequency[2] == 2 * RATE / 512
