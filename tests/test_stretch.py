"""Stretched sounds beside sounds that were computed at the new length."""

import numpy as np
import pytest
import truth
from judges import envelope, held
from scipy.signal import butter, hilbert, sosfiltfilt
from truth import RATE

from rnnsound import Sound, recordings, sine
from rnnsound.dsp.measures import level, log_mel_distance
from rnnsound.dsp.stretch import stretch

FACTORS = (0.5, 2, 4)
BOUNDS = {  # dB of log-mel distance, at each of the factors
    "tone": (0.05, 0.05, 0.05),
    "vibrato": (0.4, 0.2, 0.3),
    "glide": (0.25, 0.12, 0.2),
    "bell": (0.08, 0.08, 0.08),
    "clicks": (0.02, 0.02, 0.02),
    "two_notes": (0.15, 0.15, 0.15),
    "chord": (0.3, 0.3, 0.3),
    "tremolo": (0.4, 0.3, 0.2),
    "singer": (0.8, 0.5, 0.5),
    "beating": (0.2, 0.2, 0.2),
    "marimba": (0.3, 0.3, 0.3),
}


@pytest.mark.parametrize("place", range(3), ids=FACTORS)
@pytest.mark.parametrize("name", BOUNDS)
def test_a_stretched_sound_is_the_one_computed_at_the_new_length(name, place):
    make = (truth.TUNED_ON | truth.NEW)[name]
    expected = make(FACTORS[place])
    stretched = stretch(make(), FACTORS[place])
    assert len(stretched) == len(expected)
    assert log_mel_distance(stretched, expected) <= BOUNDS[name][place]


@pytest.mark.parametrize("factor", [0.1, 0.37, 0.5, 0.999, 1.001, np.pi / 2, 3, 10])
@pytest.mark.parametrize("n_samples", [1, 99, 2047, 30_001])
def test_the_length_is_exact(n_samples, factor):
    noise = Sound(np.random.default_rng(0).uniform(-0.5, 0.5, n_samples), RATE)
    assert len(stretch(noise, factor)) == round(n_samples * factor)
    assert len(stretch(Sound(0 * noise.samples, RATE), factor)) == round(n_samples * factor)


@pytest.mark.parametrize("make", (truth.TUNED_ON | truth.NEW).values())
def test_a_factor_of_one_gives_the_sound_back(make):
    np.testing.assert_allclose(stretch(make(), 1).samples, make().samples, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["clarinet", "piano", "violin"])
def test_a_factor_of_one_gives_a_recording_back(name):
    sound = recordings.load(name).crop(0, 3)
    np.testing.assert_allclose(stretch(sound, 1.0).samples, sound.samples, rtol=0, atol=1e-12)


STROKES = [
    (truth.bell, [truth.BELL_AT]),
    (truth.two_notes, truth.NOTES_AT),
    (truth.marimba, truth.STROKES_AT),
    (truth.clicks, truth.CLICKS_AT),
]


@pytest.mark.parametrize("factor", [0.5, 0.8, 1.5, 2, 4])
@pytest.mark.parametrize(("make", "at"), STROKES)
def test_attacks_are_within_half_a_millisecond_of_their_places(make, at, factor):
    """A sine that begins has a kink there, whatever still rings: its second difference is the largest."""
    stretched = stretch(make(), factor)
    for start in at:
        place = truth.attack(start, factor)
        around = stretched.samples[place - 2000 : place + 2000]
        found = np.abs(np.diff(around, 2)).argmax() + 1 - 2000
        assert abs(found) < 5e-4 * RATE


def rise_time(sound, at):
    """Seconds in which the envelope of what begins after silence goes from 10 to 90 % of its largest."""
    window = np.hanning(221)  # its partials beat
    length = np.convolve(envelope(sound.samples), window / window.sum(), "same")[at - 500 : at + 4000]
    return (np.argmax(length > 0.9 * length.max()) - np.argmax(length > 0.1 * length.max())) / RATE


@pytest.mark.parametrize("factor", [0.5, 0.8, 1.5, 2, 4])
@pytest.mark.parametrize(("make", "at"), [(make, at[0]) for make, at in STROKES])
def test_attacks_rise_as_fast_as_they_did(make, at, factor):
    seconds, expected = (
        rise_time(s, truth.attack(at, factor)) for s in (stretch(make(), factor), make(factor))
    )
    assert seconds == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("factor", [0.5, 2, 4])
@pytest.mark.parametrize("lower", [300.0, 523.0])
def test_a_tone_that_goes_on_hardly_dips_where_another_sound_begins(factor, lower):
    bell = truth.bell().samples  # at 0.5 s
    going_on = sine(lower, seconds=truth.SECONDS, amplitude=0.1).samples
    bell = bell - sosfiltfilt(butter(4, [200, 700], "bandpass", fs=RATE, output="sos"), bell)
    stretched = stretch(Sound(going_on + bell, RATE), factor)
    band = butter(2, [lower - 60, lower + 60], "bandpass", fs=RATE, output="sos")
    heard = envelope(sosfiltfilt(band, stretched.samples))
    at = truth.attack(truth.BELL_AT, factor)
    around = heard[at - round(0.1 * RATE) : at + round(0.15 * RATE)]
    assert 20 * np.log10(around.min() / np.median(around)) > -0.5


@pytest.mark.parametrize("name", ["clarinet", "flute", "violin"])
@pytest.mark.parametrize("factor", [0.5, 2.5])
def test_a_recorded_note_keeps_its_pitch_and_its_level(name, factor):
    sound = recordings.load(name).crop(0.5, 4.5)
    frequency = recordings.describe(name)["frequency"]
    stretched = stretch(sound, factor)
    before, after = (np.median(held(s, frequency)[1]) for s in (sound, stretched))
    assert after == pytest.approx(before, abs=1.5)
    assert level(stretched) == pytest.approx(level(sound), abs=0.3)


@pytest.mark.parametrize("factor", [0, 0.09, 10.1, -1, np.nan, np.inf])
def test_factors_out_of_range_are_refused(factor):
    with pytest.raises(ValueError, match=r"factor=.* is out of range; use 0.1 to 10"):
        stretch(sine(440.0, seconds=0.1), factor)


@pytest.mark.parametrize("rate", [8_000, 22_050, 96_000])
def test_a_tone_of_any_rate_is_stretched(rate):
    sound = sine(330.0, seconds=1.0, sample_rate=rate)
    stretched = stretch(sound, 3).crop(0.2, 2.8)
    assert stretched.sample_rate == rate
    phase = np.unwrap(np.angle(hilbert(stretched.samples)))[:: rate // 20][2:-2]
    heard = np.diff(phase) * rate / (rate // 20) / (2 * np.pi)  # its phase jumps nowhere
    np.testing.assert_allclose(heard, 330.0, atol=0.02)
    assert level(stretched) == pytest.approx(level(sound), abs=0.1)
