import numpy as np
import pytest

from rnnsound import Frames, PhaseVocoder, Sound, sine
from rnnsound.dsp.phase import lock_phases, regions_of_influence


def jittered(frames, hertz, seed=0):
    """Give every bin a frequency error of its own, as generated frames have."""
    error = hertz * np.random.default_rng(seed).standard_normal(frames.frequency.shape)
    return Frames(
        frames.magnitude, frames.frequency + error, frames.sample_rate, 512, 128, frames.first_phase
    )


def inside(sound):
    return sound.samples[1024:-2048]


def ripple(sound):
    """Range of the level over time, in dB; windows of 50 ms hold 22 whole cycles of 440 Hz."""
    windows = inside(sound)[: len(inside(sound)) // 2205 * 2205].reshape(-1, 2205)
    level = 10 * np.log10(np.mean(windows**2, axis=1))
    return np.ptp(level)


@pytest.mark.parametrize(
    ("frequency", "error_db"),  # lower tones meet their own mirror image below 0 Hz
    [(200.0, -32), (440.0, -50), (473.73, -50), (516.8, -50), (700.0, -50)],
)
def test_a_measured_tone_is_the_same_tone_with_its_phases_locked(frequency, error_db):
    tone, vocoder = sine(frequency, 2), PhaseVocoder(512, 128, 20)
    back = vocoder.synthesize(lock_phases(vocoder.analyze(tone)))
    error = inside(back)[:80_000] - inside(tone)[:80_000]
    assert 20 * np.log10(np.std(error) / np.std(tone.samples)) < error_db


def test_two_tones_at_once_keep_their_own_phases():
    vocoder = PhaseVocoder(512, 128, 30)
    both = Sound(sine(440, 2).samples + sine(1300, 2).samples, 44_100)
    back = vocoder.synthesize(lock_phases(vocoder.analyze(both)))
    error = inside(back)[:80_000] - inside(both)[:80_000]
    assert 20 * np.log10(np.std(error) / np.std(both.samples)) < -40


def test_locking_keeps_the_level_where_separate_bins_drift_apart():
    vocoder = PhaseVocoder(512, 128, 10)
    frames = jittered(vocoder.analyze(sine(440, 10)), 1.0)
    assert ripple(vocoder.synthesize(frames)) > 1.0
    assert ripple(vocoder.synthesize(lock_phases(frames))) < 0.05


def test_a_glide_across_bins_keeps_its_level_and_its_phase():
    time = np.arange(88_200) / 44_100
    glide = Sound(0.1 * np.sin(2 * np.pi * (300 * time + 100 * time**2)), 44_100)
    vocoder = PhaseVocoder(512, 128, 20)
    back = vocoder.synthesize(lock_phases(vocoder.analyze(glide)))
    assert ripple(back) < 0.25
    assert np.corrcoef(inside(back)[:80_000], inside(glide)[:80_000])[0, 1] > 0.99


def test_a_bin_that_another_partial_moves_into_takes_on_its_phase():
    time = np.arange(88_200) / 44_100
    sweeps = [np.sin(2 * np.pi * (start * time + 250 * time**2)) for start in (300, 1100)]
    both, vocoder = Sound(0.1 * sum(sweeps), 44_100), PhaseVocoder(512, 128, 40)
    back = vocoder.synthesize(lock_phases(vocoder.analyze(both)))
    assert np.corrcoef(inside(back)[:80_000], inside(both)[:80_000])[0, 1] > 0.95


def test_bins_that_wrapped_read_the_tones_frequency_within_a_whole_turn():
    frames = lock_phases(jittered(PhaseVocoder(512, 128, 10).analyze(sine(440, 1))[1:-1], 0.3))
    turn = 44_100 / 128
    away = (frames.frequency[1:] - frames.frequency[1:, 5:6]) / turn
    np.testing.assert_allclose(away[:, 1:], np.rint(away[:, 1:]), atol=1e-9)
    assert np.rint(away[:, 8]).all()  # bin 8 did wrap


def test_every_bin_belongs_to_the_peak_uphill_from_it():
    magnitude = np.array([[0.1, 0.2, 5.0, 9.0, 4.0, 0.3, 0.2, 0.4, 2.0, 0.5], np.zeros(10)])
    assert regions_of_influence(magnitude).tolist() == [[3, 3, 3, 3, 3, 3, 3, 8, 8, 8], [0] * 10]


def test_silence_and_single_frames_pass():
    empty = Frames(np.zeros((3, 4)), np.zeros((3, 4)), 44_100, 512, 128)
    assert (lock_phases(empty).magnitude == 0).all()
    assert len(lock_phases(empty[:1])) == 1
