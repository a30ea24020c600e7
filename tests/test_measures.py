"""What the ear hears, against librosa, SciPy and sounds made to measure."""

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judges import struck

from rnnsound import PhaseVocoder, Sound, recordings, sine
from rnnsound.dsp.measures import (
    cents,
    drift,
    level,
    level_over_time,
    log_mel_distance,
    mel_power,
    onset,
    pitch,
    pitch_deviation,
    restlessness,
    slow_movement,
    spectral_centroid,
)
from rnnsound.dsp.period import without_slow_movement

RATE = 44_100
PIANOS = ("piano", "piano_low", "piano_high")


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


RATES = (8_000, 11_025, 22_050, 44_100, 48_000, 96_000, 192_000)


def pure(frequency, rate=RATE, seconds=0.3):
    """A sine that begins anywhere in its period."""
    return np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate + frequency)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("frequency", [50.5, 61.0, 131.7, 440.0, 704.3, 990.0, 1234.5, 1499.0, 1974.0])
def test_pitch_is_as_exact_as_it_says_at_any_sample_rate(rate, frequency):
    _, found = pitch(Sound(0.1 * pure(frequency, rate), rate))
    assert np.abs(cents(found, frequency)).max() < (0.5 if frequency <= 1000 else 2.0)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("frequency", [2_050.0, 2_500.0, 3_000.0, 3_333.0, 3_580.0])
def test_a_tone_above_the_highest_pitch_has_none(rate, frequency):
    assert np.isnan(pitch(Sound(pure(frequency, rate), rate))[1]).all()


@pytest.mark.parametrize("frequency", [5_000.0, 9_999.0, 15_000.0, 19_800.0])
def test_no_more_has_a_tone_that_hardly_fits_the_sample_rate(frequency):
    assert np.isnan(pitch(Sound(pure(frequency), RATE))[1]).all()
    np.testing.assert_allclose(pitch(Sound(pure(frequency), RATE), high=RATE / 2)[1], frequency, rtol=1e-3)


@pytest.mark.parametrize(("frequency", "low"), [(60.0, 100.0), (45.0, 50.0), (98.0, 100.0), (30.0, 50.0)])
def test_a_tone_below_the_lowest_pitch_has_none(frequency, low):
    assert np.isnan(pitch(harmonic(frequency), low=low)[1]).all()


@pytest.mark.parametrize("frequency", [100.0, 437.0])
def test_the_lowest_and_the_highest_pitch_are_still_found(frequency):
    for limits in ({"low": frequency}, {"high": frequency}):
        np.testing.assert_allclose(pitch(harmonic(frequency), **limits)[1], frequency, rtol=1e-3)


@pytest.mark.parametrize(
    ("low", "high"),
    [(0.0, 2000.0), (-1.0, 2000.0), (50.0, 50.0), (np.nan, 100.0), (50.0, np.nan), (23e3, 1e5)],
)
def test_limits_between_which_there_is_no_pitch_are_refused(low, high):
    with pytest.raises(ValueError, match="so no pitch lies between; low=50 and high=2000 would do"):
        pitch(harmonic(440.0), low=low, high=high)


@pytest.mark.parametrize("frequency", [60.0, 261.6, 1000.0])
@pytest.mark.parametrize("offset", [-0.08, 0.8])
def test_a_constant_offset_does_not_hide_a_pitch(frequency, offset):
    _, found = pitch(Sound(0.1 * pure(frequency) + offset, RATE))
    assert np.abs(cents(found, frequency)).max() < 0.5


@pytest.mark.parametrize("frequency", [100.0, 261.6, 1000.0])
@pytest.mark.parametrize("rumble", [5.0, 10.0, 15.0])
def test_rumble_as_loud_as_the_tone_does_not_hide_its_pitch(frequency, rumble):
    """Away from the ends, within two periods of the lowest pitch of which no frame may reach."""
    times, found = pitch(Sound(0.1 * (pure(frequency, seconds=1.0) + pure(rumble, seconds=1.0)), RATE))
    inside = (times > 0.08) & (times < 0.92)
    assert np.abs(cents(found[inside], frequency)).max() < 0.5


def test_slow_movement_is_taken_out_and_tones_are_not():
    size, inside = 1_000, slice(500, -500)  # samples
    for periods, least, most in (
        (0.0, 0, 1e-9),
        (0.5, 0, 0.1),
        (1.2, 0, 0.1),
        (4.0, 0.99, 1.01),
        (50.0, 0.99, 1.01),
    ):
        moving = np.cos(2 * np.pi * periods * np.arange(6_000) / size)
        left = without_slow_movement(moving, size)[inside]
        assert least <= np.abs(left).max() <= most


@pytest.mark.parametrize("name", ["piano", "piano_low", "piano_high"])
def test_a_pianos_pitch_agrees_with_librosas_pyin_to_its_end(name):
    """The damper ends the first partial of the low one before the second, which remains 22 dB stronger."""
    sound = recordings.load(name)
    times, ours = pitch(sound)
    theirs, voiced, _ = librosa.pyin(
        sound.samples, fmin=50, fmax=2000, sr=RATE, frame_length=4096, hop_length=441, center=False
    )
    reference = np.interp(times, ((np.arange(len(theirs)) * 441 + 2048) / RATE)[voiced], theirs[voiced])
    away = cents(ours[np.isfinite(ours)], 1.0) - cents(reference[np.isfinite(ours)], 1.0)
    assert np.abs(away).max() < 50


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


@given(
    frequency=st.floats(150.0, 4000.0),
    start=st.floats(0.0, 1.0),
    t60=st.floats(0.5, 15.0),
    level=st.floats(-60.0, 0.0),
)
@settings(max_examples=60, deadline=None)
def test_a_struck_tones_onset_is_when_it_was_struck(frequency, start, t60, level):
    """Within 1.5 ms: half the 2 ms that count as one moment, which begin to fill before, and a sample."""
    tone = struck(frequency, 1.5, t60, 10 ** (level / 20), start)
    assert onset(tone) == pytest.approx(start, abs=0.0015)


@pytest.mark.parametrize("rise", [0.1, 0.5, 1.0])
def test_a_tone_that_swells_begins_at_a_tenth_of_its_amplitude(rise):
    at = np.arange(2 * RATE) / RATE
    swell = Sound(np.minimum(at / rise, 1) * np.sin(2 * np.pi * 1000 * at), RATE)
    assert onset(swell) == pytest.approx(rise / 10, abs=0.0015)


@pytest.mark.parametrize("offset", [-0.5, 0.1, 1.0])
@pytest.mark.parametrize("frequency", [150.0, 1000.0])
def test_a_constant_offset_is_no_beginning(frequency, offset):
    tone = struck(frequency, 1.5, 5.0, 1.0, 0.5)
    assert onset(Sound(tone.samples + offset, RATE)) == pytest.approx(0.5, abs=0.0015)


@pytest.mark.parametrize("rumble", [5.0, 15.0])
def test_rumble_is_no_beginning(rumble):
    tone = struck(440.0, 1.5, 5.0, 1.0, 0.5)
    assert onset(Sound(tone.samples + 0.1 * pure(rumble, seconds=1.5), RATE)) == pytest.approx(
        0.5, abs=0.0015
    )


def test_a_constant_begins_at_once():
    assert onset(Sound(np.full(1000, 0.3), RATE)) == 0


def test_nothing_begins_at_once():
    assert onset(Sound(np.zeros(0), RATE)) == 0.0


def test_silence_begins_at_once():
    assert onset(Sound(np.zeros(1000), RATE)) == 0


@pytest.mark.parametrize("name", PIANOS)
@pytest.mark.parametrize("silence", [0.3, 0.5])
def test_a_pianos_onset_agrees_with_librosa(name, silence):
    """librosa wants some silence before an onset, and finds it by how the spectrum changes."""
    sound = Sound(np.pad(recordings.load(name).samples, (round(silence * RATE), 0)), RATE)
    strength = librosa.onset.onset_strength(y=sound.samples, sr=RATE, hop_length=64, n_fft=512, n_mels=20)
    theirs = librosa.onset.onset_detect(onset_envelope=strength, sr=RATE, hop_length=64, units="time")
    assert onset(sound) == pytest.approx(theirs[0], abs=0.01)


@pytest.mark.parametrize("name", [*PIANOS, "clarinet"])
def test_centroid_agrees_with_librosa(name):
    sound = recordings.load(name)
    for start in (0.0, 0.3, 1.0):
        heard = sound.samples[round(start * RATE) :][:2048]
        theirs = librosa.feature.spectral_centroid(y=heard, sr=RATE, n_fft=2048, center=False)
        assert theirs.shape == (1, 1)
        assert spectral_centroid(sound, start) == pytest.approx(theirs[0, 0], rel=1e-6)


def test_what_is_missing_from_a_centroids_frame_is_silence():
    sound = recordings.load("piano").crop(0.0, 0.1)
    longer = Sound(np.pad(sound.samples, (0, 4000)), RATE)
    assert spectral_centroid(sound, 0.08) == spectral_centroid(longer, 0.08)


def test_a_sines_centroid_is_its_frequency_and_silence_has_none():
    bin_70 = 70 * RATE / 2048
    assert spectral_centroid(sine(bin_70, 1.0), 0.2) == pytest.approx(bin_70, rel=1e-6)
    for start in (0.0, 5.0):
        with pytest.raises(ValueError, match="no spectrum to find the middle of"):
            spectral_centroid(Sound(np.zeros(RATE), RATE), start)


def test_mel_bands_are_librosas():
    for rate in (8_000, 44_100, 48_000):
        impulse = np.zeros(2048)
        impulse[700] = 1.0  # every bin holds the window's value there, squared
        ours = mel_power(impulse, rate)[0]
        window = 0.5 - 0.5 * np.cos(2 * np.pi * 700 / 2048)
        theirs = librosa.filters.mel(sr=rate, n_fft=2048, n_mels=128, dtype=np.float64).sum(axis=1)
        np.testing.assert_allclose(ours, theirs * window**2, rtol=1e-6, atol=1e-12)


def test_a_distance_is_cut_off_70_db_below_the_loudest_band_of_the_reference():
    tone = sine(1000.0, seconds=0.5)
    faint = Sound(tone.samples * 1e-5, RATE)  # 100 dB below: as far as silence
    assert log_mel_distance(faint, tone) == log_mel_distance(Sound(np.zeros(len(tone)), RATE), tone)
    assert log_mel_distance(Sound(tone.samples * 10 ** (-60 / 20), RATE), tone) < log_mel_distance(
        faint, tone
    )


def test_a_shorter_sound_is_compared_as_if_silence_followed():
    tone = sine(500.0, seconds=1.0)
    short = tone.crop(0, 0.6)
    padded = Sound(np.pad(short.samples, (0, len(tone) - len(short))), RATE)
    assert log_mel_distance(short, tone) == log_mel_distance(padded, tone) > 1
    longer = Sound(np.concatenate([tone.samples, tone.samples]), RATE)
    assert log_mel_distance(longer, tone) == 0


def test_a_window_of_less_than_a_sample_is_one_sample():
    times, levels = level_over_time(Sound(np.full(10, 0.1), 1000), window=1e-6)
    np.testing.assert_allclose(times, (np.arange(10) + 0.5) / 1000)
    np.testing.assert_allclose(levels, -20)


def test_frames_40_db_below_the_loudest_have_no_pitch():
    loud, quiet = harmonic(440.0, seconds=0.5), harmonic(440.0, seconds=0.5)
    for factor, voiced in ((0.03, True), (0.005, False)):  # 30 and 46 dB below
        sound = Sound(np.concatenate([loud.samples, factor * quiet.samples]), RATE)
        times, found = pitch(sound)
        assert np.isfinite(found[times > 0.6]).all() == voiced
        assert np.isfinite(found[times < 0.4]).all()


def test_pitch_is_looked_for_between_the_two_limits():
    """A tone below the lowest or above the highest is not reported there; times are the frames' middles."""
    times, found = pitch(harmonic(100.0, seconds=0.3), low=40.0, high=150.0)
    np.testing.assert_allclose(found, 100, rtol=1e-3)
    assert times[0] == pytest.approx(2 / 40.0, abs=1e-4)
    assert np.diff(times) == pytest.approx(0.01, abs=1e-4)


def test_a_mel_spectrogram_has_as_many_frames_as_it_takes_to_hold_the_sound():
    for n_samples, count in ((1, 1), (2048, 1), (2049, 2), (2560, 2), (2561, 3)):
        assert mel_power(np.ones(n_samples), RATE).shape == (count, 128)
    assert mel_power(np.ones(100), RATE, n_bands=40).shape == (1, 40)
    low_rate = mel_power(np.r_[np.zeros(700), 1.0], 1_500, n_bands=20)[
        0
    ]  # all of it below 1 kHz: equal steps
    theirs = librosa.filters.mel(sr=1_500, n_fft=2048, n_mels=20, dtype=np.float64).sum(axis=1)
    np.testing.assert_allclose(low_rate / low_rate.sum(), theirs / theirs.sum(), rtol=1e-6)


def test_an_onset_is_told_by_the_loudest_2_ms():
    """Two pulses 1.5 ms apart count together, so one with 1.5 % of the energy of either is too early."""
    samples = np.zeros(3_000)
    samples[[2_000, 2_066]] = 1.0
    samples[500] = np.sqrt(0.015)
    assert onset(Sound(samples, RATE)) == pytest.approx(2_000 / RATE)
    samples[500] = np.sqrt(0.021)
    assert onset(Sound(samples, RATE)) == pytest.approx(500 / RATE)
    assert onset(Sound(np.r_[0.0, 1.0], 100)) == 0.01  # a window of less than a sample is one sample


def test_a_steady_rise_has_no_period_and_a_periodic_click_has():
    with pytest.raises(ValueError, match="no frame has a pitch"):
        drift(Sound(np.linspace(0.1, 0.2, RATE), RATE, "ramp"))
    clicks = np.zeros(RATE)
    clicks[::441] = 1.0
    _, found = pitch(Sound(clicks, RATE))
    np.testing.assert_allclose(found[np.isfinite(found)], 100, rtol=1e-3)


def test_levels_are_those_of_20_ms_and_never_below_minus_200_db():
    times, levels = level_over_time(Sound(np.zeros(RATE // 10), RATE))
    assert times[0] == pytest.approx(0.01, rel=1e-3)
    assert len(times) == 5
    assert (levels == -200).all()


def test_two_frames_with_a_pitch_make_a_slope_and_one_does_not():
    """At 50 Hz and above, a frame lasts 80 ms, and the next follows after 10 ms."""
    assert drift(harmonic(440.0, seconds=0.0905)) == pytest.approx(0, abs=5)
    with pytest.raises(ValueError, match="one frame with a pitch makes no slope"):
        drift(harmonic(440.0, seconds=0.0895))


@pytest.mark.parametrize("frequency", [70.0, 220.0, 900.0])
@pytest.mark.parametrize(
    "decibels", [{2: 14}, {2: 18}, {3: 15}, {3: 18}, {2: 10, 4: 10, 6: 10}, {5: 15}, {10: 9}], ids=str
)
def test_a_partial_up_to_18_db_stronger_is_not_taken_for_the_pitch(frequency, decibels):
    at = 2 * np.pi * frequency * np.arange(RATE // 2) / RATE
    samples = np.sin(at) + sum(10 ** (level / 20) * np.sin(n * at + n) for n, level in decibels.items())
    _, found = pitch(Sound(0.01 * samples, RATE))
    np.testing.assert_allclose(found, frequency, rtol=1e-3)


@pytest.mark.parametrize("snr", [6.0, 10.0, 20.0])
@pytest.mark.parametrize("rate", [8_000, 44_100])
def test_noise_does_not_lower_the_pitch_by_an_octave(rate, snr):
    """Through noise, later periods may match a little better by chance."""
    tone = harmonic(220.0, 2.0, rate=rate).samples
    noise = np.random.default_rng(0).normal(0, np.std(tone) * 10 ** (-snr / 20), len(tone))
    _, found = pitch(Sound(tone + noise, rate))
    away = np.abs(cents(found, 220.0))
    assert np.nanmax(away) < 50
    assert np.isfinite(away).mean() > (0.9 if snr >= 10 else 0.0)


@pytest.mark.parametrize("second", [1.5, 2.0, 3.0])
def test_a_strong_second_partial_does_not_raise_the_pitch_by_an_octave(second):
    """Half a period later such a tone is like itself by (s² - 1) / (s² + 1): 0.38, 0.6, 0.8."""
    at = np.arange(RATE // 2) / RATE
    samples = np.sin(2 * np.pi * 220 * at) + second * np.sin(2 * np.pi * 440 * at)
    _, found = pitch(Sound(0.1 * samples, RATE))
    np.testing.assert_allclose(found, 220, rtol=1e-3)


def test_a_clarinet_whose_every_second_period_differs_keeps_its_pitch_when_stretched():
    note = recordings.load("clarinet").crop(0, 1.5)
    measured = PhaseVocoder(512, 128).analyze(note)
    for hop in (64, 128, 256):
        _, found = pitch(PhaseVocoder(512, hop).synthesize(measured))
        assert np.mean(np.abs(cents(found, 293.66)) < 50) > 0.97


def test_slow_movement_follows_level_and_pitch_and_not_vibrato():
    """A vibrato of 5 Hz goes round once in an average; a swell of 6 dB and a glide of 20 cents are left."""
    seconds, t = 4.0, np.arange(4 * RATE) / RATE
    glide = 20 * t / seconds - 10
    tone = harmonic(440 * 2 ** ((glide + 15 * np.sin(2 * np.pi * 5 * t)) / 1200), seconds)
    gain = 10 ** ((6 * t / seconds + 2 * np.sin(2 * np.pi * 5 * t)) / 20)
    levels, away = slow_movement(Sound(tone.samples * gain, RATE))
    assert len(levels) == len(away) == 20
    middles = (np.arange(20) + 0.5) * 0.2
    np.testing.assert_allclose(levels - levels.mean(), 6 * middles / seconds - 3, atol=0.15)
    np.testing.assert_allclose(away[1:-1], (20 * middles / seconds - 10)[1:-1], atol=1.5)


def test_slow_movement_leaves_out_what_is_not_near_the_pitch():
    """Half a second of a tone an octave above, and half a second of silence: levels all the same."""
    low, high = harmonic(440.0, 2.0).samples, harmonic(880.0, 0.5).samples
    sound = Sound(np.concatenate([low, high, np.zeros(RATE // 2), low]), RATE)
    levels, away = slow_movement(sound)
    assert len(levels) == 25
    assert 20 <= len(away) <= 22
    assert np.abs(away).max() < 2
    assert levels.min() == -200
    with pytest.raises(ValueError, match="no frame has a pitch"):
        slow_movement(Sound(np.random.default_rng(0).standard_normal(RATE), RATE))
    with pytest.raises(ValueError, match="too short"):
        slow_movement(harmonic(440.0, 0.05))


def test_a_loop_is_not_restless_and_noise_is_as_much_as_two_noises_differ():
    """A loop of 30 ms is itself 30 ms later; two stretches of noise have nothing to do with each other."""
    loop = Sound(np.tile(np.random.default_rng(0).standard_normal(1323), 60), RATE)
    assert restlessness(loop) == 0
    rng = np.random.default_rng(1)
    noise, other = (Sound(rng.standard_normal(3 * RATE), RATE) for _ in range(2))
    assert restlessness(noise) == pytest.approx(log_mel_distance(other, noise), rel=0.15)


def test_what_dies_away_is_as_restless_as_it_is_steep():
    """40 dB a second are 1.2 dB in 30 ms, and 4 dB in 100 ms, in every band that is heard."""
    t = np.arange(RATE) / RATE
    fading = Sound(np.tile(np.random.default_rng(0).standard_normal(441), 100) * 10 ** (-40 * t / 20), RATE)
    assert restlessness(fading) == pytest.approx(1.2, abs=0.05)
    assert restlessness(fading, 0.1) == pytest.approx(4.0, abs=0.15)


@pytest.mark.parametrize(("name", "known"), [("clarinet", 1.36), ("flute", 2.48), ("violin", 3.24)])
def test_restlessness_of_a_recording_agrees_with_librosa(name, known):
    """Figures of data/README.md, of the part before the release: here of all but the last second."""
    samples = recordings.load(name).samples[:-RATE]
    ahead, behind = samples[1323:], samples[:-1323]
    ours = restlessness(Sound(samples, RATE))
    mels = [
        librosa.feature.melspectrogram(y=part, sr=RATE, n_fft=2048, hop_length=512, center=False, n_mels=128)
        for part in (ahead, behind)
    ]
    least = mels[1].max() * 1e-7
    decibels = [10 * np.log10(np.maximum(mel, least)) for mel in mels]
    assert ours == pytest.approx(np.abs(decibels[0] - decibels[1]).mean(), rel=0.01)
    assert ours == pytest.approx(known, rel=0.1)
