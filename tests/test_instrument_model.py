"""One network for many notes: a small one, trained for seconds on six bundled notes of two instruments."""

import hashlib
import json

import numpy as np
import pytest
import safetensors.numpy

from rnnsound.dsp.corpus_note import measure_pitch, to_corpus_note
from rnnsound.dsp.harmonics import RATE, analyze_harmonics, to_hertz, to_midi
from rnnsound.dsp.measures import log_mel_distance, pitch
from rnnsound.dsp.recordings import corpus_folder
from rnnsound.dsp.sound import Sound, sine
from rnnsound.features.note_table import Note, NoteTable
from rnnsound.instrument_model import InstrumentModel
from rnnsound.presets import INSTRUMENTS, SINE
from rnnsound.sound_model import SoundModel

SMALL = INSTRUMENTS.replace(hidden_size=64, epochs=200, learning_rate=0.01)
LEARNED = [("clarinet", name) for name in ("F4", "As4", "D5")] + [
    ("flute", name) for name in ("A4", "C5", "E5")
]
RANGES = {"clarinet": (65, 74), "flute": (69, 76)}  # MIDI numbers


@pytest.fixture(scope="module")
def notes():
    """The notes as a corpus holds them, with what is known of each and its frames."""
    found = []
    for instrument, name in LEARNED:
        recording = Sound.read(corpus_folder() / instrument / f"{name}.mp3")
        frequency = measure_pitch(recording)
        sound = to_corpus_note(recording, frequency)
        note = Note(name, instrument, float(to_midi(frequency)))
        found.append((note, sound, analyze_harmonics(sound, frequency)))
    return found


@pytest.fixture(scope="module")
def table(notes):
    return NoteTable.of([(note, frames) for note, _, frames in notes], max(s.peak for _, s, _ in notes))


@pytest.fixture(scope="module")
def model(table):
    return InstrumentModel.fit(table, SMALL, progress=False)


@pytest.fixture(scope="module")
def tiny(table):
    return InstrumentModel.fit(table, SMALL.replace(hidden_size=3, epochs=1), progress=False)


def level(samples):
    return 10 * np.log10(np.mean(np.square(samples)) + 1e-12)


def loudest(sound):
    """Level of the loudest 20 ms, in dB."""
    size = round(0.02 * RATE)
    return max(
        level(sound.samples[first : first + size]) for first in range(0, len(sound) - size + 1, size // 2)
    )


def test_learned_notes_are_near_their_recordings_and_as_loud(model, notes):
    """Twice as large, 600 epochs: 2.6 dB. The nearest other note, resampled, is 4 to 6 dB away."""
    takes = [(model.generate(s.duration, to_hertz(n.midi), n.instrument), s) for n, s, _ in notes]
    distances = [log_mel_distance(take, recording) for take, recording in takes]
    assert np.mean(distances) < 3.2
    assert max(distances) < 4.5
    np.testing.assert_allclose([level(t.samples) - level(s.samples) for t, s in takes], 0, atol=3.5)


def test_every_pitch_is_hit_between_the_notes_and_beyond_them(model):
    off = []
    for instrument, (low, high) in RANGES.items():
        for midi in np.arange(low - 2, high + 2.5, 1.5):
            held = model.generate(1.5, to_hertz(midi), instrument).crop(0.4, 1.0)
            found = pitch(held, 100.0, 4500.0)[1]
            off.append(1200 * np.log2(np.nanmedian(found) / to_hertz(midi)))
    assert np.median(np.abs(off)) < 4
    assert np.percentile(np.abs(off), 95) < 10


@pytest.mark.parametrize("seconds", [0.1, 0.3, 0.5, 1.0, 8.0])
def test_notes_of_any_length_sound_and_end(model, seconds):
    for instrument, midi in (("clarinet", 70), ("flute", 74)):
        note, usual = (model.generate(length, to_hertz(midi), instrument) for length in (seconds, 3.0))
        assert len(note) == round(seconds * RATE)
        assert level(note.samples[-220:]) < -40
        if seconds >= 0.3:  # the clarinet takes longer to begin than the shortest note lasts
            assert loudest(note) == pytest.approx(loudest(usual), abs=6)


def test_a_clarinet_is_no_flute_and_half_of_each_is_neither(model, notes):
    at = to_hertz(72.0)
    clarinet, flute = (model.generate(3.5, at, name) for name in RANGES)
    between = model.generate(3.5, at, {"clarinet": 0.5, "flute": 0.5})
    apart = log_mel_distance(clarinet, flute)
    assert apart > 6
    for end in (clarinet, flute):  # no step from one to the other, but a way
        assert 0.2 * apart < log_mel_distance(between, end) < 0.85 * apart
    recording = next(s for n, s, _ in notes if n.name == "C5")
    assert log_mel_distance(flute, recording) + 3 < log_mel_distance(clarinet, recording)


def test_a_seed_is_a_take_and_no_variance_leaves_the_noise_alone(model):
    first, again, other = (model.generate_frames(1.0, 500.0, "flute", 1.0, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.amplitude, again.amplitude)
    assert not np.array_equal(first.amplitude, other.amplitude)
    still, too = (model.generate_frames(1.0, 500.0, "flute", 0.0, seed) for seed in (0, 1))
    np.testing.assert_array_equal(still.amplitude, too.amplitude)
    rising = model.generate_frames(3.0, 500.0, "flute", [0.0, 0.0, 4.0])
    swing = np.abs(np.diff(np.log(rising.amplitude[:, 0] + 1e-4)))
    assert swing[60:120].mean() < 0.5 * swing[170:210].mean()


def test_a_network_that_goes_far_beyond_its_notes_is_turned_down(model):
    loud = InstrumentModel(model.config, model.scaler, model.network, model.ranges, peak=0.01)
    sound = loud.generate(1.0, 500.0, "flute")
    assert sound.peak == pytest.approx(0.02, rel=1e-6)
    assert "turned down by" in sound.remark
    assert not model.generate(1.0, 500.0, "flute").remark


def test_a_model_read_back_plays_the_same_samples(model, tmp_path):
    model.save(tmp_path / "m.pt")
    loaded = InstrumentModel.load(tmp_path / "m.pt")
    assert repr(loaded) == repr(model)
    assert loaded.config == model.config
    assert loaded.ranges == model.ranges
    for instrument in ("flute", {"clarinet": 0.25, "flute": 0.75}):
        ours, theirs = (m.generate(0.5, 500.0, instrument, seed=2).samples for m in (model, loaded))
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seconds": 0.05}, r"seconds=0\.05 is out of range; use 0\.1 to 600"),
        ({"seconds": 601}, "seconds=601 is out of range"),
        ({"seconds": np.nan}, "seconds=nan is out of range"),
        ({"pitch": 0.0}, r"pitch=0\.0 Hz is too far from the notes that were learned; use 17[45] to 13\d\d"),
        ({"pitch": np.nan}, "pitch=nan Hz is too far"),
        ({"pitch": np.inf}, "pitch=inf Hz is too far"),
        ({"pitch": 170.0}, "pitch=170.0 Hz is too far"),
        ({"pitch": 1340.0, "instrument": "flute"}, "use 220 to 13"),
        ({"instrument": "oboe"}, "instrument='oboe' is not known; this model has clarinet, flute"),
        ({"instrument": {}}, "is not known; this model has clarinet, flute"),
        ({"instrument": {"clarinet": 0.5}}, "shares must be 0 or more, and sum to 1"),
        ({"instrument": {"clarinet": 1.5, "flute": -0.5}}, "shares must be 0 or more, and sum to 1"),
        ({"instrument": {"clarinet": np.nan, "flute": 1.0}}, "shares must be 0 or more, and sum to 1"),
        ({"variance_scale": -1.0}, "variance_scale holds a negative number"),
        ({"seed": -1}, "cannot start random numbers"),
    ],
)
def test_what_cannot_be_played_is_refused_in_a_sentence(tiny, changes, message):
    asked = {"seconds": 0.5, "pitch": 400.0, "instrument": {"clarinet": 0.5, "flute": 0.5}} | changes
    with pytest.raises(ValueError, match=message) as error:
        tiny.generate(**asked)
    assert "\n" not in str(error.value)


def test_a_model_goes_on_with_the_same_instruments_and_shape_only(tiny, table):
    more = tiny.config.replace(epochs=2)
    longer = InstrumentModel.fit(table, more, resume=tiny, progress=False)
    assert (len(tiny.history.losses), len(longer.history.losses)) == (1, 2)
    with pytest.raises(ValueError, match=r"hidden_size=4, but the model to go on from has 3"):
        InstrumentModel.fit(table, more.replace(hidden_size=4), resume=tiny, progress=False)
    flutes = table.without({0, 1, 2})
    with pytest.raises(ValueError, match="the corpus has flute, the model to go on from clarinet, flute"):
        InstrumentModel.fit(flutes, more, resume=tiny, progress=False)


def signed(content):
    return b"rnnsound model 3\n" + hashlib.sha256(content).digest() + content


def test_strangers_files_are_refused(tiny, tmp_path):
    path = tmp_path / "m.pt"
    tiny.save(path)
    good = safetensors.numpy.load(path.read_bytes()[len(signed(b"")) :])
    description = json.loads(good.pop("description").tobytes())

    def forge(tensors, **described):
        text = np.frombuffer(json.dumps(description | described).encode(), np.uint8)
        return signed(safetensors.numpy.save({**tensors, "description": text}))

    ends, vast = good["ranges.ends"], description["settings"] | {"hidden_size": 4096, "num_layers": 16}
    strangers = {
        "text": b"hello",
        "cut short": path.read_bytes()[:-1],
        "another kind": forge(good, kind="pianos"),
        "no instruments": forge(good, instruments=[]),
        "one instrument too many": forge(good, instruments=["clarinet", "flute", "oboe"]),
        "an instrument twice": forge(good, instruments=["flute", "flute"]),
        "an instrument without a name": forge(good, instruments=["clarinet", ""]),
        "a name that is a number": forge(good, instruments=["clarinet", 1]),
        "a name without end": forge(good, instruments=["clarinet", "f" * 1000]),
        "ranges upside down": forge({**good, "ranges.ends": ends[:, ::-1].copy()}),
        "ranges of the wrong shape": forge({**good, "ranges.ends": ends[:1]}),
        "no ranges": forge({k: v for k, v in good.items() if k != "ranges.ends"}),
        "a pitch that is no number": forge({**good, "ranges.ends": np.full_like(ends, np.nan)}),
        "a peak of nothing": forge({**good, "ranges.peak": np.zeros(1)}),
        "deviation of zero": forge({**good, "scaler.std": np.zeros_like(good["scaler.std"])}),
        "bounds upside down": forge({**good, "scaler.low": good["scaler.high"] + 1}),
        "a vast network": forge(good, settings=vast),
        "an unknown setting": forge(good, settings=description["settings"] | {"execute": "rm"}),
        "an unknown group": forge({**good, "code.run": np.zeros(3, np.float32)}),
    }
    path.write_bytes(forge(good))
    assert (
        InstrumentModel.load(path).ranges == tiny.ranges
    )  # what forge makes is refused for what was changed
    for what, content in strangers.items():
        path.write_bytes(content)
        with pytest.raises(ValueError, match="model") as error:
            InstrumentModel.load(path)
        assert str(error.value).startswith(str(path)), what
        assert "\n" not in str(error.value), what


def test_a_model_of_one_sound_is_no_model_of_instruments_nor_the_other_way_round(tiny, tmp_path):
    one = SINE.replace(n_components=7, hidden_size=3, epochs=1, batch_size=2, primer=4)
    SoundModel.fit(sine(440, 0.1), one, progress=False).save(tmp_path / "one.pt")
    tiny.save(tmp_path / "many.pt")
    with pytest.raises(ValueError, match=r"one\.pt: this file holds no usable model"):
        InstrumentModel.load(tmp_path / "one.pt")
    with pytest.raises(ValueError, match=r"many\.pt: this file holds no usable model"):
        SoundModel.load(tmp_path / "many.pt")
    with pytest.raises(FileNotFoundError, match=r"none\.pt: there is no such file"):
        InstrumentModel.load(tmp_path / "none.pt")
