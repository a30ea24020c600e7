import numpy as np
import pytest
from judges import RATE, ring

from rnnsound import Frames, PhaseVocoder, Sound, measures, sine
from rnnsound.dsp.phase import griffin_lim, lock_phases, mute_before, phases_before, regions_of_influence


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


@pytest.mark.parametrize("onset", [44, 500, 3000])
def test_before_the_stroke_there_is_silence_and_after_it_nothing_is_changed(onset):
    noise = Sound(np.random.default_rng(0).standard_normal(5000), RATE)
    quiet = mute_before(noise, onset)
    assert (quiet.samples[: onset - 44] == 0).all()  # 44 samples are a millisecond, which rises
    np.testing.assert_array_equal(quiet.samples[onset:], noise.samples[onset:])
    rising = quiet.samples[onset - 44 : onset] / noise.samples[onset - 44 : onset]
    np.testing.assert_allclose(rising, np.arange(44) / 44, atol=1e-12)


def test_a_stroke_after_the_end_leaves_nothing():
    noise = Sound(np.random.default_rng(0).standard_normal(100), RATE)
    for onset in (100, 120, 5000):
        assert mute_before(noise, onset).samples[:56].tolist() == [0.0] * 56
        assert len(mute_before(noise, onset)) == 100


def test_a_note_that_begins_at_once_is_not_hushed():
    noise = Sound(np.random.default_rng(0).standard_normal(5000), RATE)
    np.testing.assert_array_equal(mute_before(noise, 0).samples, noise.samples)
    np.testing.assert_array_equal(mute_before(noise, 10).samples[10:], noise.samples[10:])


def test_phases_settled_with_a_known_onset_leave_less_before_the_stroke():
    struck = 8000
    hammer = 0.3 * np.random.default_rng(0).standard_normal(200) * np.hanning(200)
    sound = ring({300: 20.0, 610: 20.0, 905: 25.0, 1220: 30.0}, 0.6, struck / RATE)
    stroke = Sound(sound.samples + np.pad(hammer, (struck, len(sound) - struck - 200)), RATE)
    vocoder = PhaseVocoder(2048, 512)
    locked = lock_phases(vocoder.analyze(stroke))
    before = {}
    for onset in (0, struck):
        settled = griffin_lim(locked, vocoder, 4, onset)
        np.testing.assert_array_equal(settled.magnitude, locked.magnitude)
        heard = vocoder.synthesize(settled)
        before[onset] = np.sum(heard.samples[struck - 882 : struck] ** 2)  # 20 ms
    assert before[struck] < 0.5 * before[0]


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


def test_locked_phases_are_those_of_the_windows_transform_side_lobes_included():
    """From the peak's phase alone come the phases that the analysis measured in all bins around it."""
    for frequency in (2000.0, 2043.0, 5033.3):
        tone, vocoder = sine(frequency, seconds=0.2), PhaseVocoder(512, 128)
        measured = vocoder.analyze(tone)[1:-1]
        strongest = measured.magnitude[0].argmax()
        alone = np.full(measured.first_phase.shape, 0.0)
        alone[strongest] = measured.first_phase[strongest]  # the peak's phase is all that locking may use
        start = Frames(measured.magnitude, measured.frequency, 44_100, 512, 128, alone)
        locked = lock_phases(start)
        near = np.arange(strongest - 8, strongest + 9)
        away = np.angle(np.exp(1j * (locked.first_phase - measured.first_phase)))[near]
        assert np.abs(away).max() < 0.1, frequency


def test_the_peak_of_two_bins_of_a_partial_is_the_larger_and_a_reach_decides_on_ripples():
    magnitude = np.array([[5.0, 1.0, 4.9, 1.0, 4.8, 1.0, 0.5]])
    assert regions_of_influence(magnitude, reach=2).tolist() == [[0] * 7]
    assert regions_of_influence(magnitude, reach=1).tolist() == [[0, 0, 2, 2, 4, 4, 4]]
    np.testing.assert_array_equal(regions_of_influence(-magnitude), regions_of_influence(magnitude))


def test_bins_of_a_partial_advance_by_their_mean_weighted_with_their_energy():
    frequency = np.tile([430.0, 440.0, 455.0], (3, 1))
    magnitude = np.tile([1.0, 3.0, 2.0], (3, 1))
    frames = Frames(magnitude, frequency, 44_100, 512, 128)
    expected = (1 * 430 + 9 * 440 + 4 * 455) / 14
    turns = lock_phases(frames).frequency[1:] * 128 / 44_100 - expected * 128 / 44_100
    np.testing.assert_allclose(turns, np.rint(turns), atol=1e-9)


def test_griffin_lim_does_as_many_iterations_as_asked():
    noise = Sound(np.random.default_rng(0).standard_normal(6_000) * 0.1, RATE)
    vocoder = PhaseVocoder(512, 128)
    frames = lock_phases(vocoder.analyze(noise))
    assert griffin_lim(frames, vocoder, 0) is frames
    once = griffin_lim(frames, vocoder, 1)
    np.testing.assert_array_equal(once.frequency, vocoder.analyze(vocoder.synthesize(frames)).frequency)
    twice = griffin_lim(once, vocoder, 1)
    np.testing.assert_array_equal(griffin_lim(frames, vocoder, 2).frequency, twice.frequency)
    four = griffin_lim(griffin_lim(twice, vocoder, 1), vocoder, 1)
    np.testing.assert_array_equal(griffin_lim(frames, vocoder).frequency, four.frequency)


def test_locked_frequencies_are_within_half_a_turn_per_hop_of_their_bins_as_measured_ones_are():
    frames = lock_phases(jittered(PhaseVocoder(512, 128).analyze(sine(5_000.0, seconds=0.2))[1:-1], 5.0))
    away = np.abs(frames.frequency[1:] - frames.bin_centers)
    assert away.max() <= 44_100 / 256 + 1e-6
    assert away.max() > 44_100 / 300  # some are as far as that


@pytest.mark.parametrize("seed", range(3))
def test_out_of_silence_partials_come_to_lie_beside_each_other_as_in_the_recording(seed):
    """In the frame that they are led to; chance would be a quarter of a turn off."""
    rng, t = np.random.default_rng(seed), np.arange(RATE) / RATE
    begun = 2 * np.pi * rng.random(12)
    tone = sum(np.sin(2 * np.pi * 330 * k * t + begun[k - 1]) / k for k in range(1, 13))
    note = Sound(0.3 * np.pad(np.clip(t / 0.05, 0, 1) * tone, (4096, 0)), RATE)
    frames = PhaseVocoder(2048, 512, 300).analyze(note)
    energy = frames.magnitude[20:] ** 2
    frequency = (energy * frames.frequency[20:]).sum(axis=0) / np.maximum(energy.sum(axis=0), 1e-30)
    loudest = int((frames.magnitude[:86] ** 2).sum(axis=1).argmax())
    bins = np.rint(330 * np.arange(1, 13) * 2048 / RATE).astype(int)

    def off(phases):
        still = np.broadcast_to(frequency, frames.frequency.shape)
        locked = lock_phases(Frames(frames.magnitude, still, RATE, 2048, 512, phases))
        turns = (locked[loudest:].first_phase - frames[loudest:].first_phase)[bins] / (2 * np.pi)
        return np.abs(turns - np.rint(turns))

    assert np.median(off(phases_before(frames, frequency))) < 0.06
    assert np.median(off(np.zeros(300))) > 0.12


def test_a_tone_out_of_silence_is_no_pulse():
    """Bins that nothing is in yet are not all taken for one partial, and led in step."""
    t = np.arange(RATE) / RATE
    tone = sum(np.sin(2 * np.pi * 330 * k * t + k * k) for k in range(1, 13))
    note = Sound(np.pad(tone, (8192, 0)) / 100, RATE)
    vocoder = PhaseVocoder(2048, 512, 300)
    frames = vocoder.analyze(note)
    silent = Frames(frames.magnitude, np.tile(frames.frequency[40], (len(frames), 1)), RATE, 2048, 512)
    made = vocoder.synthesize(lock_phases(silent)).crop(0.4, 1.0)
    assert made.peak < 0.75 * 12 / 100  # that of a pulse
