"""What is no note in a recording: found and cut where it was put, and nothing else touched."""

import numpy as np
import pytest

from rnnsound import Sound, presets, recordings, show, sine
from rnnsound.dsp.prepare import prepare
from rnnsound.sound_model import SoundModel

RATE = 44_100
WINDOW = 0.01


def among(note, before, after, hiss_db=None):
    """A recording with a second of something before its note and after it, all of it in hiss."""
    samples = np.concatenate([before, note.samples, after])
    if hiss_db is not None:
        samples = samples + 10 ** (hiss_db / 20) * np.random.default_rng(0).standard_normal(len(samples))
    return Sound(samples, note.sample_rate, "recording")


def cough(level):
    length = RATE // 5
    burst = level * np.random.default_rng(1).standard_normal(length) * np.hanning(length)
    return np.concatenate([np.zeros(RATE // 2), burst, np.zeros(RATE - RATE // 2 - length)])


@pytest.mark.parametrize("name", recordings.NAMES)
def test_a_recording_of_nothing_but_its_note_stays_as_it_is(name):
    sound = recordings.load(name)
    for part in (sound, sound.crop(0, 2), sound.crop(0.5, 2)):  # also one that breaks off while it rings
        note, preparation = prepare(part)
        assert preparation.steps == ()
        np.testing.assert_array_equal(note.samples, part.samples)


@pytest.mark.parametrize("name", ["clarinet", "flute", "violin", "piano"])
def test_digital_silence_goes(name):
    sound = recordings.load(name)
    _, preparation = prepare(among(sound, np.zeros(RATE), np.zeros(RATE)))
    assert preparation.start == pytest.approx(1, abs=0.07)  # soft beginnings: a violin's bow
    assert preparation.stop == pytest.approx(1 + sound.duration, abs=0.07)
    assert len(preparation.steps) == 2


@pytest.mark.parametrize("name", ["clarinet", "flute", "violin", "piano"])
@pytest.mark.parametrize("hiss", [-60, -50, -40])
def test_room_noise_goes_and_the_note_stays_as_far_as_it_is_louder(name, hiss):
    sound = recordings.load(name)
    loud = np.sqrt(np.mean(sound.samples[: len(sound) // 441 * 441].reshape(-1, 441) ** 2, axis=1))
    surely, perhaps = (WINDOW * np.flatnonzero(20 * np.log10(loud) > hiss + by) for by in (8, 3))
    _, preparation = prepare(among(sound, np.zeros(RATE), np.zeros(RATE), hiss))
    assert perhaps[0] - 0.04 < preparation.start - 1 < surely[0]
    assert surely[-1] < preparation.stop - 1 < perhaps[-1] + 0.06


@pytest.mark.parametrize("name", ["clarinet", "flute", "violin", "piano", "piano_low", "piano_high"])
@pytest.mark.parametrize("hiss", [-60, -50, -40])
def test_hiss_that_was_put_around_a_note_goes_and_its_weak_end_stays(name, hiss):
    """A piano's end is weaker than the hiss that follows it here."""
    sound, noise = recordings.load(name), np.random.default_rng(0).standard_normal((2, RATE))
    _, preparation = prepare(among(sound, *10 ** (hiss / 20) * noise))
    assert preparation.start == pytest.approx(1, abs=0.07)
    assert preparation.stop == pytest.approx(1 + sound.duration, abs=0.04)


@pytest.mark.parametrize("name", ["clarinet", "piano"])
@pytest.mark.parametrize("level", [0.05, 0.15])
def test_a_cough_before_the_note_is_not_the_note(name, level):
    sound = recordings.load(name)
    _, preparation = prepare(among(sound, cough(level), np.zeros(RATE), -60))
    assert preparation.start == pytest.approx(1, abs=0.03)


def test_several_notes_and_the_pauses_between_them_are_kept():
    tone, pause = sine(440, 0.5).samples, np.zeros(RATE // 2)
    melody = np.concatenate([pause, tone, pause, 0.4 * tone, pause, tone, pause])
    _, preparation = prepare(Sound(melody, RATE))
    assert preparation.start == pytest.approx(0.5, abs=0.02)
    assert preparation.stop == pytest.approx(3.0, abs=0.04)


@pytest.mark.parametrize("rate", [8_000, 22_050, 48_000, 192_000])
@pytest.mark.parametrize("frequency", [0, 5, 8])
def test_an_offset_and_rumble_are_taken_out_and_the_tone_is_left(rate, frequency):
    tone = sine(220, 2.0, sample_rate=rate)
    slow = 0.05 * np.cos(2 * np.pi * frequency * np.arange(len(tone)) / rate)
    note, preparation = prepare(Sound(tone.samples + slow, rate))
    assert "offset or rumble" in preparation.steps[0]
    inside = slice(rate // 4, -rate // 4)
    left = note.samples[inside] - tone.samples[inside]
    assert np.sqrt(np.mean(left**2)) < 0.1 * np.sqrt(np.mean(slow**2))


def test_noise_a_short_sound_and_silence_stay_as_they_are():
    noise = 0.1 * np.random.default_rng(0).standard_normal(3 * RATE)
    for samples in (noise, sine(440, 0.1).samples, np.zeros(RATE), np.zeros(0), np.ones(1)):
        note, preparation = prepare(Sound(samples, RATE))
        assert preparation.steps == ()
        np.testing.assert_array_equal(note.samples, samples)


def test_what_was_cut_leaves_no_click():
    loud = among(sine(440, 1.0), np.full(RATE, 1e-3), np.full(RATE, 1e-3), -50)
    note, _ = prepare(loud)
    assert max(np.abs(note.samples[0]), np.abs(note.samples[-1])) < 1e-3


def test_learning_says_what_was_cut_and_learns_the_note():
    tone = sine(440, 1.0)
    padded = among(tone, np.zeros(RATE), np.zeros(RATE))
    config = presets.SINE.replace(epochs=1)
    with pytest.warns(UserWarning, match=r"recording: \d\.\d+ s before the note were cut off"):
        model = SoundModel.fit(padded, config, progress=False)
    clean = SoundModel.fit(tone, config, progress=False)
    np.testing.assert_allclose(model.scaler.mean[4:7], clean.scaler.mean[4:7], rtol=0.03)


def test_the_picture_shows_what_was_left_out():
    recording = among(sine(440, 1.0), np.zeros(RATE), np.zeros(RATE), -60)
    ax = show.plot_preparation(recording, prepare(recording)[1])
    assert [round(span.get_width(), 1) for span in ax.patches] == [1.0, 1.0]
    assert "kept from 0.99 to 2.03 s" in ax.get_label()


def test_a_constant_is_no_sound_and_said_to_be_none():
    note, preparation = prepare(Sound(np.full(RATE, 0.3), RATE))
    assert note.peak == 0
    assert "offset or rumble" in preparation.steps[0]
    with (
        pytest.warns(UserWarning, match="offset or rumble"),
        pytest.raises(ValueError, match="silent: there is nothing to learn"),
    ):
        SoundModel.fit(Sound(np.full(RATE, 0.3), RATE), presets.SINE, progress=False)


@pytest.mark.parametrize("rate", [1, 100])
def test_where_all_is_slow_nothing_is_taken_out(rate):
    slow = Sound(np.random.default_rng(0).standard_normal(5_000), rate)
    assert prepare(slow)[1].steps == ()


def test_how_quiet_a_recording_is_makes_no_difference():
    sound = recordings.load("clarinet")
    for gain in (1e-200, 1e-20, 1e-3, 1e3, 1e160):
        quiet = Sound(gain * sound.samples, RATE)
        assert prepare(quiet)[1].steps == ()
