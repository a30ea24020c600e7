"""Notes of real players as people record them: the room around them, an offset, a dead channel.

What is learned of them is what is learned of the clean note, whatever came along.
"""

import warnings

import numpy as np
import pytest
import soundfile
from judges import RATE

from rnnsound import PhaseVocoder, Sound, SoundModel, presets, recordings
from rnnsound.dsp.prepare import prepare

PRESETS = {"clarinet": presets.CLARINET, "flute": presets.CLARINET, "piano": presets.PIANO}
QUIETLY = pytest.mark.filterwarnings("ignore::UserWarning")  # fit says what it cut off


def in_silence(sound, path):
    return Sound(np.pad(sound.samples, RATE), RATE)


def in_hiss(sound, path):
    around = np.pad(sound.samples, RATE)
    return Sound(around + 10 ** (-50 / 20) * np.random.default_rng(0).standard_normal(len(around)), RATE)


def with_an_offset(sound, path):
    return Sound(sound.samples + 0.02, RATE)


def beside_a_dead_channel(sound, path):
    """In a file; the mix of the two is half as loud."""
    soundfile.write(path, np.stack([sound.samples, np.zeros(len(sound))], axis=1), RATE, subtype="FLOAT")
    return Sound.read(path)


CASES = {  # how much louder it is, whether its quiet end is lost, and how near it is to the clean one in dB
    in_silence: (1.0, False, 0.001),
    in_hiss: (1.0, True, 0.3),  # noise 30 dB below what is compared
    with_an_offset: (1.0, False, 0.01),
    beside_a_dead_channel: (0.5, False, 0.001),
}


@pytest.fixture(scope="module")
def clean():
    return {name: once(recordings.load(name), name) for name in PRESETS}


def once(sound, name):
    """A model that has measured its note and hardly learned it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return SoundModel.fit(sound, PRESETS[name].replace(epochs=1), progress=False)


@QUIETLY
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", PRESETS)
def test_the_note_is_found_where_it_is_and_its_frames_are_its_own(name, case, tmp_path):
    sound, (gain, loses_its_end, near) = recordings.load(name), CASES[case]
    recorded = case(sound, tmp_path / "two.wav")
    note, preparation = prepare(recorded)
    start = preparation.start - (RATE if len(recorded) > len(sound) else 0) / RATE
    assert abs(start) < 0.035  # a flute is softly blown: it comes out of the hiss later
    if not loses_its_end:
        assert -0.01 <= note.duration - sound.duration < 0.05  # 10 ms before it and 30 ms after are kept
    shift = round(start * RATE)
    moved = np.zeros(len(sound))
    at = np.arange(len(note)) + shift
    inside = (at >= 0) & (at < len(sound))
    moved[at[inside]] = note.samples[inside] / gain
    vocoder = PhaseVocoder(2048, 512, 460)
    heard, true = vocoder.analyze(Sound(moved, RATE)), vocoder.analyze(sound)
    matters = true.magnitude > 10 ** (-30 / 20) * true.magnitude.max()
    away = 20 * np.log10(heard.magnitude[matters] / true.magnitude[matters])
    assert np.percentile(np.abs(away), 95) < near
    assert np.percentile(np.abs(heard.frequency - true.frequency)[matters], 95) < 2


@QUIETLY
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", ["clarinet", "flute"])
def test_the_same_is_measured_of_a_held_note(name, case, clean, tmp_path):
    own, model = clean[name], once(case(recordings.load(name), tmp_path / "two.wav"), name)
    assert model.note.release == pytest.approx(own.note.release, abs=0.05)
    assert model.note.duration == pytest.approx(own.note.duration, abs=0.2 if CASES[case][1] else 0.05)
    end, other = (one.note.ending.levels[-1].min() * 20 / np.log(10) for one in (own, model))
    assert end < -30  # the component that falls furthest
    assert other < end + (20 if CASES[case][1] else 5)  # in hiss, none goes further than the hiss


@QUIETLY
@pytest.mark.parametrize("case", CASES)
def test_the_same_is_measured_of_a_struck_note(case, clean, tmp_path):
    own, model = clean["piano"].note, once(case(recordings.load("piano"), tmp_path / "two.wav"), "piano").note
    assert (model.damper, model.tail) == (own.damper, own.tail)  # none: it rings out, or into the hiss
    assert model.onset == pytest.approx(own.onset, abs=0.012)
    assert model.loudest - model.onset == pytest.approx(own.loudest - own.onset, abs=0.013)  # a hop
    loudest = np.argsort(own.decay.levels[0])[-10:]
    at = np.log1p(np.array([0.0, 0.3, 1.0, 2.0]) / 0.05)
    lost, known = ((one.decay(at) - one.decay(at)[0])[:, loudest] * 20 / np.log(10) for one in (model, own))
    np.testing.assert_allclose(lost, known, atol=3.0 if CASES[case][1] else 1.5)
    assert known[-1].max() < -10
