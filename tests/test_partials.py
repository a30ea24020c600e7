"""What is measured of a struck string, against tones of known partials and decays, SciPy and librosa."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judges import struck
from scipy.signal import butter, hilbert, sosfiltfilt

from rnnsound import Sound, recordings, sine
from rnnsound.dsp.measures import onset
from rnnsound.dsp.partials import decay, heard_until, partial_level, partials

RATE = 44_100
PIANOS = ("piano", "piano_low", "piano_high")


def scipy_level(sound, frequency):
    """Level of what lies within 25 Hz, in dB: a band-pass and the length of the analytic signal."""
    band = butter(2, [frequency - 25, frequency + 25], "bandpass", fs=RATE, output="sos")
    return 20 * np.log10(np.abs(hilbert(sosfiltfilt(band, sound.samples))) + 1e-12)


def loud_until(level):
    """When a level is last 30 dB below its highest, in the first 3 s: noise is weaker by far."""
    return np.flatnonzero(level[: 3 * RATE] > level.max() - 30)[-1] / RATE


@given(
    f1=st.floats(65.0, 1000.0),
    stiffness=st.floats(0.0, 1e-3),
    off=st.floats(-0.025, 0.025),
    start=st.floats(0.0, 0.3),
    seconds=st.floats(0.35, 2.0),
    t60=st.lists(st.floats(1.0, 15.0), min_size=8, max_size=8),
    level=st.lists(st.floats(-20.0, 0.0), min_size=8, max_size=8),
)
@settings(max_examples=40, deadline=None)
def test_a_stiff_strings_partials_are_found_within_a_tenth_of_a_hertz(
    f1, stiffness, off, start, seconds, t60, level
):
    """Fletcher's stretched partials, n f1 sqrt(1 + B n^2); B of a piano's strings is 1e-4 to 1e-3."""
    n = np.arange(1, 9)
    true = n * f1 * np.sqrt(1 + stiffness * n**2)
    tone = struck(true, start + seconds, t60, 10 ** (np.array(level) / 20), start)
    np.testing.assert_allclose(partials(tone, true[0] * (1 + off)), true, atol=0.1)


def test_of_two_strings_that_beat_the_stronger_is_found():
    at = np.arange(2 * RATE) / RATE
    beating = Sound(np.sin(2 * np.pi * 443 * at) + 0.5 * np.sin(2 * np.pi * 440 * at), RATE)
    assert partials(beating, 440.0, 1)[0] == pytest.approx(443, abs=0.1)


def test_as_many_partials_are_found_as_were_asked_for():
    """The twelfth is 7 % above where no stiffness would have it, further than any one is looked for."""
    n = np.arange(1, 13)
    true = n * 200 * np.sqrt(1 + 1e-3 * n**2)
    np.testing.assert_allclose(partials(struck(true, 1.5, 3.0), 200.0, 12), true, atol=0.1)


def test_partials_of_too_short_a_note_or_above_half_the_rate_are_refused():
    with pytest.raises(ValueError, match="too short to tell partials apart"):
        partials(struck(440.0, 0.29, 3.0), 440.0, 1)
    assert partials(struck(440.0, 0.31, 3.0), 440.0, 1)[0] == pytest.approx(440, abs=0.1)
    with pytest.raises(ValueError, match="partial 8 of 3000 Hz lies above half the sample rate"):
        partials(struck(3000.0, 2.0, 3.0), 3000.0)
    assert len(partials(struck(np.arange(1, 8) * 3000.0, 2.0, 3.0), 3000.0, 7)) == 7


def test_a_sines_level_is_that_of_its_amplitude():
    times, level = partial_level(sine(440.0, 1.0, amplitude=0.5), 440.0)
    np.testing.assert_allclose(np.diff(times), 0.005, rtol=0.01)  # 220 or 221 samples
    inside = (times > 0.025) & (times < 0.975)  # half of the 50 ms from either end
    np.testing.assert_allclose(level[inside], 20 * np.log10(0.5), atol=0.01)
    assert (partial_level(Sound(np.zeros(RATE), RATE), 440.0)[1] == -200).all()


@given(frequency=st.floats(100.0, 4000.0), away=st.floats(60.0, 2000.0))
@settings(max_examples=40, deadline=None)
def test_a_neighbor_60_hz_away_or_further_is_40_db_weaker(frequency, away):
    times, level = partial_level(sine(frequency + away, 0.5, amplitude=1.0), frequency)
    inside = (times > 0.025) & (times < 0.475)
    assert level[inside].max() < -40


@given(frequency=st.floats(100.0, 4000.0), t60=st.floats(1.0, 15.0))
@settings(max_examples=20, deadline=None)
def test_level_of_a_decaying_tone_agrees_with_its_formula_and_with_scipy(frequency, t60):
    tone = struck(frequency, 1.0, t60)
    times, level = partial_level(tone, frequency)
    inside = (times > 0.03) & (times < 0.97)
    np.testing.assert_allclose(level[inside], (-20 - 60 * times / t60)[inside], atol=0.05)
    slow = struck(
        frequency, 1.0, 2 + t60
    )  # hilbert hears a period of sound, whose end jumps to its beginning
    times, level = partial_level(slow, frequency)
    reference = scipy_level(slow, frequency)[np.rint(times * RATE).astype(int)]
    inside = (times > 0.2) & (times < 0.8)  # a band 50 Hz wide rings at the ends
    np.testing.assert_allclose(level[inside], reference[inside], atol=0.2)


@pytest.mark.parametrize("name", PIANOS)
def test_level_of_a_pianos_partials_agrees_with_scipy(name):
    """The two smooth differently: where strings beat and noise is near they differ, but not in the middle."""
    sound, known = recordings.load(name), recordings.describe(name)
    for number, frequency in enumerate(partials(sound, known["frequency"]), 1):
        times, level = partial_level(sound, frequency)
        everywhere = scipy_level(sound, frequency)
        reference = everywhere[np.rint(times * RATE).astype(int)]
        inside = (times > 0.1) & (times < loud_until(everywhere))
        away = np.abs(level - reference)[inside]
        blurred = (name, number) == ("piano_low", 8)  # it beats too fast for 50 ms
        assert np.median(away) < (0.7 if blurred else 0.5)
        assert np.percentile(away, 95) < (3.0 if blurred else 1.5)


@given(frequency=st.floats(60.0, 4000.0), t60=st.floats(1.0, 15.0), start=st.floats(0.0, 0.3))
@settings(max_examples=40, deadline=None)
def test_decay_of_a_tone_of_known_decay_within_half_a_percent(frequency, t60, start):
    """Read until the tone has lost 54 dB: what lies 60 dB below counts as silence."""
    tone = struck(frequency, start + 2.0, t60, start=start)
    assert decay(tone, frequency, start + min(1.9, 0.9 * t60)) == pytest.approx(t60, rel=0.005)


@pytest.mark.parametrize("name", PIANOS)
def test_decay_of_a_pianos_partials_agrees_with_scipy(name):
    sound, known = recordings.load(name), recordings.describe(name)
    for frequency in partials(sound, known["frequency"]):
        level = scipy_level(sound, frequency)
        until = loud_until(level)
        span = slice(round((onset(sound) + 0.1) * RATE), round(until * RATE))
        slope = np.polyfit(np.arange(len(sound))[span] / RATE, level[span], 1)[0]
        assert decay(sound, frequency, until) == pytest.approx(-60 / slope, rel=0.02)


def test_what_follows_the_span_has_no_part_in_a_decay():
    tone = struck(440.0, 3.0, 5.0)
    damped = Sound(tone.samples * np.where(np.arange(len(tone)) < 2 * RATE, 1.0, 0.1), RATE)
    assert decay(damped, 440.0, 1.9) == pytest.approx(5, rel=0.005)
    assert decay(damped, 440.0, 2.9) < 4  # 20 dB were lost at 2 s


def test_a_partial_that_grows_never_dies_away():
    assert decay(struck(440.0, 2.0, -10.0), 440.0, 1.9) == np.inf


def test_a_decay_without_a_span_is_refused():
    tone = struck(440.0, 2.0, 5.0, start=0.5)
    for until in (0.0, 0.5, 0.65):  # 0.6 s is when the attack is over, and 50 ms are too few
        with pytest.raises(ValueError, match=r"no line can be drawn from 0\.60 s.*until="):
            decay(tone, 440.0, until)
    assert decay(tone, 440.0, 0.72) == pytest.approx(5, rel=0.05)


@pytest.mark.parametrize("t60", [0.3, 0.5, 1.0])
def test_a_decay_ends_where_nothing_is_left_of_it(t60):
    tone = struck(440.0, 2.5, t60)
    noise = np.random.default_rng(0).normal(0, 1e-6, len(tone))
    assert decay(Sound(tone.samples + noise, RATE), 440.0, 2.4) == pytest.approx(t60, rel=0.02)


@pytest.mark.parametrize(("t60", "level"), [(1.0, -200.0), (2.0, -80.0), (5.0, -66.0)])
def test_a_partial_is_heard_until_it_has_lost_60_db(t60, level):
    """Then comes silence, or noise: what of it lies near the partial is 40 dB weaker than all of it."""
    tone = struck(440.0, 6.0, t60, start=0.1)
    noise = np.random.default_rng(0).normal(0, 0.1 * 10 ** (level / 20), len(tone))
    assert heard_until(Sound(tone.samples + noise, RATE), 440.0) == pytest.approx(
        0.1 + t60, abs=0.03 * t60 + 0.02
    )


def test_a_partial_that_comes_back_is_heard_again():
    """Two strings that beat: in between, they cancel."""
    at = np.arange(4 * RATE) / RATE
    beating = Sound(0.1 * (np.cos(2 * np.pi * 440 * at) + np.cos(2 * np.pi * 440.5 * at)) * (at < 3), RATE)
    assert heard_until(beating, 440.0) == pytest.approx(3.0, abs=0.03)  # 1 s is silence, too


def test_where_another_partial_is_cut_off_a_dead_one_is_not_heard_again():
    """A click holds all frequencies; 60 dB of the upper partial are gone after 1 s."""
    t = np.arange(3 * RATE) / RATE
    sound = Sound(np.cos(2 * np.pi * 300 * t) + 0.1 * 10 ** (-3 * t) * np.cos(2 * np.pi * 2000 * t), RATE)
    assert heard_until(sound, 2000.0) == pytest.approx(1.0, abs=0.05)
    assert decay(sound, 2000.0, 2.9) == pytest.approx(1.0, rel=0.02)
    assert heard_until(sound, 300.0) == pytest.approx(3.0, abs=0.01)


def test_a_click_that_is_louder_than_a_whole_partial_hides_no_decay():
    """The cut end of a loud tone, 60 dB above anything there was of a soft one."""
    t = np.arange(2 * RATE + 37) / RATE
    soft = 5e-7 * 10 ** (-0.3 * t) * np.cos(2 * np.pi * 2000 * t)
    swell = np.sin(np.pi / 2 * np.minimum(t / 0.3, 1)) ** 2  # it comes in without a click
    sound = Sound(swell * np.cos(2 * np.pi * 300 * t) + soft, RATE)
    times, level = partial_level(sound, 2000.0)
    assert level[-1] > level[times < 1.9].max() + 60
    assert heard_until(sound, 2000.0) == pytest.approx(sound.duration, abs=0.06)
    assert decay(sound, 2000.0, 1.5) == pytest.approx(10.0, rel=0.05)
