"""The preset for a struck string, on two pianos, judged by SciPy and NumPy alone."""

import time

import numpy as np
import pytest
from judges import RATE, begins, brightness, envelope, peaks, seconds_per_60_db
from scipy.signal import butter, sosfiltfilt

from rnnsound import SoundModel, StruckNote, measures, presets, recordings
from rnnsound.features.sustained_note import SustainedNote

# Name, and the largest mean distance in dB: a third beyond what was found (docs/experiments/piano.md).
PIANOS = {"piano": 0.35, "piano_low": 0.55}


@pytest.fixture(scope="module", params=PIANOS)
def learned(request):
    recording = recordings.load(request.param)
    started = time.process_time()  # not the clock on the wall: other programs may be running
    model = SoundModel.fit(recording, presets.PIANO, progress=False)
    model.seconds_to_fit = time.process_time() - started
    model.takes = [model.generate(recording.duration, seed=seed) for seed in range(3)]
    return model, recording, recordings.describe(request.param)


def loud_until(sound, frequency, decibels=40):
    """When a partial is last so far below its loudest moment, in seconds, by SciPy."""
    band = butter(2, [frequency - 25, frequency + 25], "bandpass", fs=RATE, output="sos")
    level = 20 * np.log10(envelope(sosfiltfilt(band, sound.samples)) + 1e-9)[: len(sound) - RATE // 2]
    return np.flatnonzero(level > level.max() - decibels)[-1] / RATE


def test_a_recording_that_rings_too_briefly_is_refused():
    piano, once = recordings.load("piano"), presets.PIANO.replace(epochs=1)
    with pytest.raises(ValueError, match=r"the note rings for [1-7] frames, too few"):
        SoundModel.fit(piano.crop(0, 0.12), once, progress=False)
    short = SoundModel.fit(piano.crop(0, 0.4), once, progress=False)
    assert np.isfinite(short.generate(3).samples).all()


def test_it_is_learned_in_twice_its_length(learned):
    """In time of one core, also on a busy machine; in 1.4 times on an idle one."""
    assert learned[0].seconds_to_fit < 2 * learned[1].duration


def test_takes_sound_like_the_recording(learned):
    model, recording, _ = learned
    distances = [measures.log_mel_distance(take, recording) for take in model.takes]
    assert np.mean(distances) <= PIANOS[recording.label]
    for take in model.takes:
        assert len(take) == len(recording)
        begun = measures.log_mel_distance(take.crop(0, 2), recording.crop(0, 2))
        assert begun <= 0.8
        assert 0.8 < take.peak / recording.peak < 1.25
    assert (model.takes[0].samples != model.takes[1].samples).any()


def test_partials_of_takes_are_where_the_recordings_are(learned):
    model, recording, known = learned
    own = peaks(recording, known["frequency"])
    most = (
        12 if recording.label == "piano_low" else 5
    )  # one pitch for all: C3's partials beat, each by itself
    for take in model.takes:
        assert np.abs(1200 * np.log2(peaks(take, known["frequency"]) / own)).max() < most


def test_partials_of_takes_die_away_as_the_recordings_do(learned):
    """Beats bend the line, so the worst of eight is let go further than their middle."""
    model, recording, known = learned
    own = peaks(recording, known["frequency"])
    spans = [loud_until(recording, frequency) for frequency in own]
    recorded = [seconds_per_60_db(recording, f, until) for f, until in zip(own, spans, strict=True)]
    for take in model.takes:
        ours = [seconds_per_60_db(take, f, until) for f, until in zip(own, spans, strict=True)]
        wrong = np.abs(np.divide(ours, recorded) - 1)
        assert np.median(wrong) < 0.05
        assert wrong.max() < 0.25


def test_takes_begin_out_of_silence_when_and_as_brightly_as_the_recording(learned):
    model, recording, _ = learned
    for take in model.takes:
        assert begins(take) == pytest.approx(begins(recording), abs=0.01)
        assert not take.samples[: round((measures.onset(recording) - 0.0011) * RATE)].any()
        assert brightness(take) == pytest.approx(brightness(recording), rel=0.1)


def test_a_note_rings_out_past_its_recording(learned):
    """Of twelve seconds: it goes on down as its strings go, without a step where the recording ends."""
    model, *_ = learned
    note = model.generate(20, seed=3)
    assert len(note) == 20 * RATE
    levels = np.array(
        [measures.level(note.crop(at - 0.5, at + 0.5)) for at in (10.5, 11.5, 12.5, 14.5, 18.5)]
    )
    assert (np.diff(levels)[2:] < 0).all()
    assert np.abs(np.diff(levels)[:2]).max() < 6
    assert levels[3] > -120  # it is not cut off
    assert measures.level(note.crop(19.9, 20)) < measures.level(note.crop(19, 19.4)) - 10


@pytest.mark.parametrize(("seconds", "decibels"), [(0.4, 25), (1.3, 40), (5.0, 40)])
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
