"""What the ear hears, against librosa, SciPy and sounds made to measure."""

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnsound import Sound, recordings, sine
from rnnsound.dsp.measures import (
    cents,
    drift,
    level,
    level_over_time,
    log_mel_distance,
    mel_power,
    pitch,
    pitch_deviation,
)

RATE = 44_100


def harmonic(frequency, seconds=1.0, n_partials=6, rate=RATE):
    """A tone with partials, of a pitch that may change over time."""
    frequency = np.broadcast_to(frequency, round(seconds * rate))
    phase = 2 * np.pi * np.cumsum(frequency) / rate
    return Sound(0.2 * sum(np.sin(k * phase) / k for k in range(1, n_partials + 1)), rate)


def test_levels_of_known_sounds():
    assert level(sine(1000.0, seconds=1.0, amplitude=1.0)) == pytest.approx(-3.0103, abs=1e-3)
    assert level(Sound(np.full(100, 0.1), RATE)) == pytest.approx(-20)
    assert level(Sound(np.zeros(100), RATE)) == -np.inf
    assert level(Sound([], RATE)) == -np.inf


def test_level_over_time_follows_a_step():
    samples = np.concatenate([np.full(RATE // 2, 0.1), np.full(RATE // 2, 0.01)])
    times, levels = level_over_time(Sound(samples, RATE), window=0.1)
    np.testing.assert_allclose(times[:2], [0.05, 0.15])
    np.testing.assert_allclose(levels, [-20] * 5 + [-40] * 5)


@given(frequency=st.floats(60.0, 1000.0), n_partials=st.integers(1, 10))
@settings(max_examples=60, deadline=None)
def test_pitch_of_any_steady_tone_within_a_cent(frequency, n_partials):
    _, measured = pitch(harmonic(frequency, seconds=0.3, n_partials=n_partials))
    assert np.isfinite(measured).all()
    assert np.abs(cents(measured, frequency)).max() < 1.0


@pytest.mark.parametrize("name", ["clarinet", "flute", "violin"])
def test_pitch_agrees_with_librosas_pyin(name):
    sound = recordings.load(name).crop(0.5, 3.0)
    times, ours = pitch(sound)
    theirs, voiced, _ = librosa.pyin(
        sound.samples, fmin=100, fmax=1200, sr=RATE, frame_length=4096, hop_length=441, center=False
    )
    their_times = (np.arange(len(theirs)) * 441 + 2048) / RATE
    reference = np.interp(times, their_times[voiced], theirs[voiced])
    inside = (times > 0.1) & (times < 2.2)
    # pyin rounds to a tenth of a semitone, 10 cents
    assert np.abs(np.median(cents(ours[inside] / reference[inside], 1.0))) < 5
    assert np.percentile(np.abs(cents(ours[inside] / reference[inside], 1.0)), 95) < 15


def test_noise_and_silence_have_no_pitch():
    noise = Sound(0.1 * np.random.default_rng(0).standard_normal(RATE), RATE)
    assert np.isnan(pitch(noise)[1]).mean() > 0.95
    with pytest.raises(ValueError, match="no frame has a pitch"):
        pitch_deviation(Sound(np.zeros(RATE), RATE, "silence"), 440.0)


def test_a_sound_too_short_for_a_pitch_is_refused():
    with pytest.raises(ValueError, match="too short to find a pitch of 50 Hz"):
        pitch(sine(440.0, seconds=0.05))


def test_deviation_of_a_tone_a_known_distance_away():
    tone = harmonic(440.0 * 2 ** (7 / 1200))
    median, worst = pitch_deviation(tone, 440.0)
    assert median == pytest.approx(7.0, abs=0.1)
    assert worst == pytest.approx(7.0, abs=0.1)


@pytest.mark.parametrize("slope", [-20.0, 0.0, 3.0])
def test_drift_of_a_glide_is_its_slope(slope):
    seconds = np.arange(3 * RATE) / RATE
    glide = harmonic(440.0 * 2 ** (slope * seconds / 1200), seconds=3.0)
    assert drift(glide) == pytest.approx(slope, abs=0.05)


def test_mel_power_agrees_with_librosa():
    sound = recordings.load("piano")
    reference = librosa.feature.melspectrogram(y=sound.samples, sr=RATE, center=False, n_mels=128).T
    ours = mel_power(sound.samples, RATE)
    np.testing.assert_allclose(ours[: len(reference)], reference, atol=1e-6 * reference.max())


def test_spectral_distance_agrees_with_librosa():
    one, other = recordings.load("clarinet"), recordings.load("flute")
    n = min(len(one), len(other))
    powers = [
        librosa.feature.melspectrogram(y=s.samples[:n], sr=RATE, center=False, n_mels=128)
        for s in (one, other)
    ]
    least = powers[0].max() * 1e-7
    decibel = [librosa.power_to_db(np.maximum(power, least), top_db=None, amin=1e-30) for power in powers]
    ours = log_mel_distance(other.crop(0, n / RATE), one.crop(0, n / RATE))
    assert ours == pytest.approx(np.abs(decibel[0] - decibel[1]).mean(), rel=0.02)


def test_spectral_distance_of_known_pairs():
    clarinet = recordings.load("clarinet")
    assert log_mel_distance(clarinet, clarinet) == 0
    half = Sound(clarinet.samples / 2, RATE)
    assert 2.5 < log_mel_distance(half, clarinet) <= 6.03  # 6.02 dB wherever both are above the floor
    with pytest.raises(ValueError, match="one sample rate"):
        log_mel_distance(Sound(clarinet.samples, 48_000), clarinet)
    with pytest.raises(ValueError, match="is silent"):
        log_mel_distance(clarinet, Sound(np.zeros(5000), RATE))
