"""The preset for a struck string, on three pianos, judged by SciPy and NumPy alone."""

import time

import numpy as np
import pytest
from judges import RATE, begins, brightness, peaks, resynthesized, seconds_per_60_db

from rnnsound import SoundModel, StruckNote, measures, presets, recordings
from rnnsound.features.notes import SustainedNote

PIANOS = ("piano", "piano_low", "piano_high")


@pytest.fixture(scope="module", params=PIANOS)
def learned(request):
    recording = recordings.load(request.param)
    started = time.process_time()  # not the clock on the wall: other programs may be running
    model = SoundModel.fit(recording, presets.PIANO, progress=False)
    model.seconds_to_fit = time.process_time() - started
    model.takes = [model.generate(recording.duration, seed=seed) for seed in range(3)]
    return model, recording, recordings.describe(request.param)


def test_a_recording_that_rings_too_briefly_is_refused():
    with pytest.raises(ValueError, match=r"the note rings for [1-4] frames, too few"):
        SoundModel.fit(
            recordings.load("piano").crop(0, 0.17), presets.PIANO.replace(epochs=1), progress=False
        )
    short = SoundModel.fit(
        recordings.load("piano").crop(0, 0.4), presets.PIANO.replace(epochs=1), progress=False
    )
    assert (short.note.decay_rates >= 2).all()


def test_it_is_learned_in_twenty_seconds(learned):
    """Of one core; the aim is a minute of two."""
    assert learned[0].seconds_to_fit < 20


def test_takes_sound_like_the_recording(learned):
    model, recording, _ = learned
    reference = resynthesized(model, recording)
    distances = [measures.log_mel_distance(take, reference) for take in model.takes]
    assert np.mean(distances) <= 2.0
    assert max(distances) <= 3.0
    for take in model.takes:
        assert len(take) == len(recording)
        assert measures.log_mel_distance(take, recording) <= 4.5
        assert 0.67 < take.peak / reference.peak < 1.5
    assert (model.takes[0].samples != model.takes[1].samples).any()


def test_partials_of_takes_are_where_the_recordings_are(learned):
    model, recording, known = learned
    own = peaks(recording, known["frequency"])
    for take in model.takes:
        assert np.abs(1200 * np.log2(peaks(take, known["frequency"]) / own)).max() < 5


def test_partials_of_takes_die_away_as_the_recordings_do(learned):
    model, recording, known = learned
    own = peaks(recording, known["frequency"])
    recorded = [seconds_per_60_db(recording, frequency, known["held"]) for frequency in own]
    for take in model.takes:
        ours = [seconds_per_60_db(take, frequency, known["held"]) for frequency in own]
        np.testing.assert_allclose(ours, recorded, rtol=0.2)


def test_takes_begin_out_of_silence_when_and_as_brightly_as_the_recording(learned):
    model, recording, _ = learned
    for take in model.takes:
        assert begins(take) == pytest.approx(begins(recording), abs=0.01)
        assert not take.samples[: round((measures.onset(recording) - 0.0011) * RATE)].any()
        assert brightness(take) == pytest.approx(brightness(recording), rel=0.1)


def test_a_note_of_ten_seconds_rings_out(learned):
    """Past its recording, whose key was let go within 3 s, and down as its strings go."""
    model, recording, known = learned
    note = model.generate(10, seed=3)
    assert len(note) == 10 * RATE
    levels = [measures.level(note.crop(at - 0.25, at + 0.25)) for at in (0.5, 2, 4, 6, 8)]
    assert (np.diff(levels) < -5).all()
    peak = 20 * np.log10(note.peak)
    assert max(levels[2:]) < peak - 25
    # C3's strings take longer
    least = {"C3": 50}.get(known["note_name"], 60)
    assert measures.level(note.crop(8.5, 9)) < peak - least
    end = recording.duration - 0.1, recording.duration  # no damper fell where the recording's did
    assert measures.level(note.crop(*end)) > measures.level(recording.crop(*end)) + 20


@pytest.mark.parametrize(("seconds", "decibels"), [(0.4, 25), (1.3, 40)])
def test_a_short_note_ends_in_silence(learned, seconds, decibels):
    model = learned[0]
    for seed in range(3):
        note = model.generate(seconds, seed=seed)
        assert len(note) == round(seconds * RATE)
        first, last = note.crop(0, 0.1), note.crop(seconds - 0.02, seconds)
        assert measures.level(last) < measures.level(first) - decibels


def test_a_loaded_note_is_the_same_note(learned, tmp_path):
    model = learned[0]
    model.save(tmp_path / "m.pt")
    again = SoundModel.load(tmp_path / "m.pt")
    np.testing.assert_array_equal(again.generate(0.5, seed=1).samples, model.generate(0.5, seed=1).samples)


def test_wild_draws_stay_finite_and_no_louder_than_the_recording_can_be(learned):
    model, recording, _ = learned
    note = model.generate(3, variance_scale=4.0, seed=1)
    assert np.isfinite(note.samples).all()
    assert 0.2 < note.peak / recording.peak < 3


def test_a_note_of_ones_own_must_be_of_the_kind_that_the_settings_name():
    class Short(StruckNote):
        def fit(self, sounds, recordings):
            super().fit(sounds, recordings)
            self.tail = 0.1
            return self

    piano, once = recordings.load("piano"), presets.PIANO.replace(epochs=1)
    assert SoundModel.fit(piano, once, note=Short(), progress=False).note.tail == 0.1
    for asked, note in ((once, SustainedNote()), (once.replace(note="none"), Short())):
        with pytest.raises(ValueError, match=r"is not of the kind note="):
            SoundModel.fit(piano, asked, note=note, progress=False)
