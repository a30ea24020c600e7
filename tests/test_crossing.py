"""Two sounds made into one: what both ends are, what lies between, and how loud it may get."""

import numpy as np
import pytest
import truth
from judges import RATE, held

from rnnsound import Sound, recordings
from rnnsound.dsp.crossing import cross, morph
from rnnsound.dsp.measures import level, log_mel_distance, spectral_centroid

PAIRS = [
    ("clarinet", "violin"), ("violin", "clarinet"), ("flute", "violin"), ("clarinet", "flute"),
    ("flute", "clarinet_high"), ("violin", "clarinet_low"),
]  # fmt: skip
SLIDER = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def load(name):
    return recordings.load(name).crop(0, 3)


def organ(frequency, falls, seconds=2.0, swell=0.0, vibrato=0.0, per_second=4):
    """Twelve harmonics, each so many dB below the one before; a swell in dB, a vibrato in cents."""
    t = np.arange(round(seconds * RATE)) / RATE
    slow = np.sin(2 * np.pi * per_second * t)
    phase = 2 * np.pi * np.cumsum(frequency * 2 ** (vibrato * slow / 1200)) / RATE
    samples = sum(10 ** (-falls * k / 20) * np.sin((k + 1) * phase + k) for k in range(12))
    samples *= 10 ** (swell * slow / 20) * np.clip(np.minimum(t, seconds - t) / 0.05, 0, 1)
    return Sound(0.3 * samples / np.abs(samples).max(), RATE)


DULL, BRIGHT = organ(220.0, 9.0), organ(330.0, 2.0, seconds=3.0)


@pytest.mark.parametrize("function", [morph, cross])
def test_at_nothing_the_first_sound_is_given_back(function):
    np.testing.assert_array_equal(function(DULL, BRIGHT, 0).samples, DULL.samples)
    np.testing.assert_array_equal(function(DULL, BRIGHT, 0.0).samples, DULL.samples)


def test_a_morph_ends_in_the_second_sound():
    np.testing.assert_array_equal(morph(DULL, BRIGHT, 1).samples, BRIGHT.samples)


def test_a_morph_is_monotone_in_pitch_centroid_level_and_length():
    made = [morph(DULL, BRIGHT, amount) for amount in SLIDER]
    pitches = [
        np.median(held(sound, 220 * 1.5**amount)[1]) for sound, amount in zip(made, SLIDER, strict=True)
    ]
    assert np.abs(pitches).max() <= 2  # cents from the logarithmic line
    centroids = [spectral_centroid(sound.crop(0.2, sound.duration - 0.2), 0.5) for sound in made]
    assert (np.diff(centroids) > 0).all()
    levels = np.array([level(sound) for sound in made])
    np.testing.assert_allclose(levels, np.interp(SLIDER, [0, 1], levels[[0, -1]]), atol=0.1)
    assert [len(sound) for sound in made] == [round((2 + amount) * RATE) for amount in SLIDER]


@pytest.mark.parametrize(("first", "second"), [("clarinet", "flute"), ("violin", "clarinet_low")])
def test_a_morph_of_recordings_is_monotone_in_pitch_and_level(first, second):
    first, second = load(first), load(second)
    ends = [recordings.describe(sound.label)["frequency"] for sound in (first, second)]
    made = [morph(first, second, amount) for amount in (0.25, 0.5, 0.75)]
    expected = [ends[0] ** (1 - amount) * ends[1] ** amount for amount in (0.25, 0.5, 0.75)]
    for sound, frequency in zip(made, expected, strict=True):
        assert abs(np.median(held(sound, frequency)[1])) < 25  # players are not tuned equally
    levels = np.diff([level(sound) for sound in (first, *made, second)])
    assert (levels > 0).all() or (levels < 0).all()
    assert max(sound.peak for sound in made) <= 2 * max(first.peak, second.peak)


def test_a_morph_mixes_partials_in_decibels():
    """Halfway from a fall of 9 dB per partial to one of 2, it is 5.5."""
    half = morph(organ(220.0, 9.0), organ(220.0, 2.0), 0.5)
    spectrum = np.abs(np.fft.rfft(half.crop(0.5, 1.5).samples * np.hanning(RATE)))
    partials = 20 * np.log10([spectrum[220 * k - 3 : 220 * k + 4].max() for k in range(1, 8)])
    np.testing.assert_allclose(np.diff(partials), -5.5, atol=0.3)


@pytest.mark.parametrize("sound", [load("clarinet"), load("piano"), truth.bell(), truth.singer(), DULL])
def test_a_sounds_own_changes_give_it_back(sound):
    for amount in (0.5, 1.0):
        np.testing.assert_allclose(cross(sound, sound, amount).samples, sound.samples, rtol=0, atol=1e-12)


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_a_cross_of_held_notes_keeps_the_level_and_limits_the_peak(pair):
    first, second = map(load, pair)
    crossed = cross(first, second)
    assert len(crossed) == len(first)
    assert level(crossed) == pytest.approx(level(first), abs=0.5)
    assert crossed.peak <= 2 * first.peak + 1e-9


@pytest.mark.parametrize("pair", [("clarinet", "violin"), ("clarinet", "piano")], ids="-".join)
def test_a_cross_is_monotone_in_its_distance_from_the_first(pair):
    first, second = map(load, pair)
    distances = [log_mel_distance(cross(first, second, amount), first) for amount in SLIDER]
    assert distances[0] == 0
    assert (np.diff(distances) > 0).all()


def swing(sound, frequency, per_second=4):
    """How far pitch (cents) and level (dB) of the fundamental go up and down, so many times a second."""
    analytic = np.exp(-2j * np.pi * frequency * np.arange(len(sound)) / RATE) * sound.samples
    window = np.hanning(round(RATE / frequency) * 8)
    window /= window.sum()
    smooth = np.convolve(analytic, window, "same")[RATE // 2 : 3 * RATE // 2]
    slow = np.exp(-2j * np.pi * per_second * np.arange(RATE) / RATE)
    left = abs(window @ slow[: len(window)])  # of the swing, by the smoothing
    hertz = np.diff(np.unwrap(np.angle(smooth)), append=0) * RATE / (2 * np.pi)
    hertz[-1] = hertz[-2]
    off, decibels = 1200 * np.log2(1 + hertz / frequency), 20 * np.log10(np.abs(smooth))
    return 2 * abs(np.mean(off * slow)) / left, 2 * abs(np.mean(decibels * slow)) / left


@pytest.mark.parametrize("amount", [0.5, 1.0])
def test_vibrato_and_swell_of_the_second_are_put_on_the_first(amount):
    plain, moving = organ(220.0, 6.0), organ(330.0, 4.0, swell=5.0, vibrato=25.0)
    assert swing(moving, 330.0) == (pytest.approx(25, abs=0.1), pytest.approx(5, abs=0.1))
    cents, decibels = swing(cross(plain, moving, amount), 220.0)
    assert cents == pytest.approx(25 * amount, rel=0.05)
    assert decibels == pytest.approx(5 * amount, abs=0.5)
    cents, decibels = swing(cross(moving, plain, 1.0), 330.0)  # and what does not move takes it away
    assert cents < 0.05 * 25
    assert decibels < 0.5


@pytest.mark.parametrize(("first", "second"), [(220.0, 330.0), (440.0, 196.0), (147.0, 660.0)])
@pytest.mark.parametrize("per_second", [4, 5])
def test_a_vibrato_arrives_as_deep_as_it_is(first, second, per_second):
    plain, moving = organ(first, 6.0), organ(second, 4.0, vibrato=30.0, per_second=per_second)
    cents = swing(cross(plain, moving), first, per_second)[0]
    assert cents == pytest.approx(30, rel=0.05)
    assert swing(cross(moving, plain), second, per_second)[0] < 0.05 * 30


def test_no_peak_is_above_the_limit():
    quiet, loud = organ(220.0, 6.0), truth.clicks()
    for first, second in ((quiet, loud), (loud, quiet), (load("clarinet"), load("piano"))):
        assert cross(first, second).peak <= min(2 * first.peak, max(1.0, first.peak)) + 1e-12
    shouting = Sound(2.0 / DULL.peak * DULL.samples, RATE)
    assert cross(shouting, organ(330.0, 2.0, swell=15.0)).peak <= 2.0 + 1e-12
    assert morph(shouting, BRIGHT, 0.5).peak <= 2.0 + 1e-12


@pytest.mark.parametrize("function", [morph, cross])
def test_amounts_and_rates_that_do_not_fit_are_refused(function):
    for amount in (-0.1, 1.1, np.nan):
        with pytest.raises(ValueError, match=r"amount=.* is out of range; use 0 to 1"):
            function(DULL, BRIGHT, amount)
    with pytest.raises(ValueError, match=r"44100 samples per second.*22050; resample one of them"):
        function(DULL, BRIGHT.resample(22_050), 0.5)


def test_sounds_too_far_apart_are_not_morphed():
    with pytest.raises(ValueError, match="too far apart: at most 24 semitones, and one 10 times as long"):
        morph(organ(60.0, 6.0), organ(440.0, 6.0), 0.5)


def test_silence_changes_nothing_and_is_not_morphed():
    silence = Sound(np.zeros(RATE), RATE, label="nothing.wav")
    np.testing.assert_array_equal(cross(DULL, silence).samples, DULL.samples)
    assert cross(silence, DULL).peak == 0
    for first, second in ((silence, DULL), (DULL, silence)):
        with pytest.raises(ValueError, match=r"nothing\.wav is silent"):
            morph(first, second, 0.5)
