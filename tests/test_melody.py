"""A melody is read from text, and each of its notes sounds at its pitch, its time and its length."""

import numpy as np
import pytest
from judges import RATE

from rnnsound import Sound, sine
from rnnsound.dsp.measures import level, pitch
from rnnsound.dsp.melody import parse_melody, play_melody


def loudest_frequency(samples):
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 2**18))
    return spectrum.argmax() * RATE / 2**18


def test_notes_have_the_frequencies_of_equal_temperament():
    notes = parse_melody("A4 1, C4 0.5\nf#3 2; Bb5 0.25, B-1 1, r 3,")
    found = [note.frequency for note in notes]
    assert found[:5] == pytest.approx([440.0, 261.626, 184.997, 932.328, 15.434], rel=1e-4)
    assert found[5] is None
    assert [note.beats for note in notes] == [1, 0.5, 2, 0.25, 1, 3]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there is no note in this melody"),
        (" , \n", "there is no note in this melody"),
        ("D4", r'item 1 of the melody, "D4", is not a note and a length'),
        ("D4 1, H4 1", r'item 2 of the melody, "H4 1": H4 is not a note'),
        ("D 1", r'item 1 of the melody, "D 1": D is not a note'),
        ("D4 long", "long is not a length in beats"),
        ("D4 0", "0 is not a length in beats"),
        ("D4 nan", "nan is not a length in beats"),
        ("D4 -1", "-1 is not a length in beats"),
        ("D4 1 2", "is not a note and a length"),
    ],
)
def test_what_cannot_be_read_is_named_in_one_sentence(text, said):
    with pytest.raises(ValueError, match=said) as caught:
        parse_melody(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("from_a_model", [False, True])
def test_each_note_sounds_at_its_pitch_and_time_and_rests_are_silent(from_a_model):
    asked = []

    def model(seconds):
        asked.append(seconds)
        return sine(440.0, seconds)

    instrument = model if from_a_model else sine(440.0, 3.0)
    played = play_melody("A4 1, R 1, E5 2, A3 1", instrument, 440.0, beats_per_minute=120)
    assert played.duration == pytest.approx(2.5, abs=0.05)
    for start, stop, hertz in ((0.05, 0.45, 440.0), (1.05, 1.95, 659.26), (2.05, 2.45, 220.0)):
        assert loudest_frequency(played.crop(start, stop).samples) == pytest.approx(hertz, rel=0.002)
    assert played.crop(0.55, 0.95).peak < 1e-6
    assert played.peak < 0.26  # a note fades while the next begins
    if from_a_model:
        assert asked == pytest.approx([0.53, 1.03, 0.53])


def test_equal_notes_are_made_once():
    asked = []

    def model(seconds):
        asked.append(seconds)
        return sine(440.0, seconds)

    play_melody("A4 1, A4 1, R 1, A4 1", model, 440.0)
    assert len(asked) == 1


def test_a_melody_of_rests_is_silent_and_any_rate_is_kept():
    assert play_melody("R 1", sine(440.0, 1.0), 440.0, 60).peak == 0
    short = Sound(sine(440.0, 0.2, sample_rate=8000).samples, 8000)
    played = play_melody("A4 4", short, 440.0, 60)
    assert (played.sample_rate, round(played.duration)) == (8000, 4)


@pytest.mark.parametrize(
    ("melody", "frequency", "tempo", "said"),
    [
        ("C8 1", 110.0, 100, r"C8 is 63 semitones from the recording's 110 Hz; stay within 24"),
        ("A4 1", np.nan, 100, "frequency=nan is no pitch to start from"),
        ("A4 1", 440.0, 0, "beats_per_minute=0 is out of range"),
        ("A4 900", 440.0, 100, "this melody lasts 540 s; use at most 120 s"),
    ],
)
def test_what_cannot_be_played_is_said(melody, frequency, tempo, said):
    with pytest.raises(ValueError, match=said):
        play_melody(melody, sine(440.0, 1.0), frequency, tempo)


def test_what_plays_any_pitch_is_told_length_and_pitch_and_its_notes_are_not_shifted():
    asked = []

    def play(seconds, hertz):
        asked.append((round(seconds, 3), round(hertz, 2)))
        return sine(hertz, seconds)

    melody = play_melody("A4 1, R 1, A5 2, A4 1", play, beats_per_minute=120)
    assert asked == [(0.53, 440.0), (1.03, 880.0)]  # equal notes are made once
    assert melody.duration == pytest.approx(2.53, abs=1e-3)
    for start, hertz in ((0.1, 440), (1.2, 880), (2.1, 440)):
        assert np.nanmedian(pitch(melody.crop(start, start + 0.3))[1]) == pytest.approx(hertz, rel=1e-3)
    assert level(melody.crop(0.6, 0.9)) == -np.inf


def test_a_recorded_note_needs_its_pitch():
    with pytest.raises(ValueError, match="give frequency="):
        play_melody("A4 1", sine(440, 1))
