"""A corpus: what is measured and listed of a folder, kept on disk, held out, learned and played."""

import contextlib
import io
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import soundfile
import torch
from judges import posix
from tqdm.auto import tqdm

from rnnsound import InstrumentModel, Sound, recordings, sine
from rnnsound.__main__ import main
from rnnsound.container import read_kind
from rnnsound.dsp.corpus_note import measure_pitch, to_corpus_note
from rnnsound.dsp.harmonics import analyze_harmonics, seconds_of, to_hertz, to_midi
from rnnsound.dsp.note_names import midi_in_file_name, note_frequency, note_name
from rnnsound.features import corpus_cache
from rnnsound.features.corpus import Entry, list_corpus, read_corpus, write_corpus
from rnnsound.features.corpus_cache import measure_corpus
from rnnsound.features.note_table import N_VALUES, Note, NoteTable
from rnnsound.features.variations import tell
from rnnsound.nn.mdn import beta_nll_loss
from rnnsound.presets import INSTRUMENTS

QUICK = ["--hidden-size", "8", "--batch-size", "8"]
FORMATS = ((".wav", 44_100), (".flac", 48_000), (".ogg", 32_000), (".wav", 22_050))


def run(*arguments):
    """Run a command in this process: exit status, standard output, standard error without progress bars."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main([str(argument) for argument in arguments])
    lines = [line for line in err.getvalue().splitlines() if line.startswith("rnnsound: ")]
    return status, out.getvalue(), lines


def note(midi, seconds=0.4, rate=44_100, tilt=1.0, seed=0):
    """A note of known pitch: partials in random phases that fall off, a little noise, ramps at both ends."""
    rng, at = np.random.default_rng(seed), np.arange(round(seconds * rate)) / rate
    frequency = 440 * 2 ** ((midi - 69) / 12)
    k = np.arange(1, 1 + min(12, int(0.45 * rate / frequency)))[:, None]
    samples = (np.sin(2 * np.pi * (frequency * k * at + rng.random((len(k), 1)))) / k**tilt).sum(axis=0)
    samples = 0.2 * samples / np.abs(samples).max() + 0.0005 * rng.standard_normal(len(at))
    return samples * np.clip(at / 0.02, 0, 1) * np.clip((seconds - at) / 0.05, 0, 1)


def train_in_a_process(folder, path, asked):
    tqdm.set_lock(threading.RLock())  # one shared with the tests' process would stay locked after a kill
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    os._exit(main(["train", str(folder), "-o", str(path), *asked]))


def make_corpus(folder, n_notes, seconds=0.4):
    """Notes of two instruments, every format and rate in turn; returns their MIDI numbers by file."""
    made = {}
    for i in range(n_notes):
        (ending, rate), instrument = FORMATS[i // 2 % 4], ("reed", "pipe")[i % 2]
        midi = 52 + i * 23 % 360 / 10
        (folder / instrument).mkdir(parents=True, exist_ok=True)
        file = f"{instrument}/{i:03d}{ending}"
        soundfile.write(folder / file, note(midi, seconds, rate, 1 + i % 2, i), rate)
        made[file] = midi
    return made


@pytest.fixture(scope="module")
def listed(tmp_path_factory):
    """A folder of 14 notes of two instruments, listed and measured, and a model that learned them."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("listed") / "notes"
    make_corpus(folder, 14, 0.6)
    model = folder.parent / "m.pt"
    assert run("train", folder, "-o", model, "--epochs", "6", *QUICK)[0] == 0
    return folder, model


@pytest.mark.parametrize("rate", [22_050, 44_100, 96_000])
@pytest.mark.parametrize("midi", [30, 50, 65.3, 79, 96])
def test_the_pitch_of_a_note_is_measured_to_two_cents_from_the_lowest_to_c7(midi, rate):
    """Silence before it, and another tilt, change nothing."""
    samples = np.concatenate([np.zeros(rate // 3), note(midi, 2.0, rate, 0.5)])
    assert abs(to_midi(measure_pitch(Sound(samples, rate))) - midi) < 0.02


def test_the_bundled_notes_have_the_pitch_of_their_names_but_for_the_one_that_is_wrong():
    folder, off = recordings.corpus_folder(), {}
    for entry in read_corpus(folder):
        named = midi_in_file_name(entry.file.rpartition("/")[2].partition(".")[0])
        off[entry.file] = entry.pitch - named
        assert entry.instrument == entry.file.partition("/")[0]
    assert off.pop("clarinet/Fs6.mp3") == pytest.approx(-1, abs=0.05)
    assert len(off) == 20
    assert max(map(abs, off.values())) < 0.08
    for file in ("clarinet/D3.mp3", "flute/C7.mp3"):
        midi = to_midi(measure_pitch(Sound.read(folder / file)))
        assert midi == pytest.approx({"c": 50, "f": 96}[file[0]], abs=0.05)


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(44_100),
        0.1 * np.random.default_rng(0).standard_normal(44_100),
        np.concatenate([note(midi, 0.25) for midi in (50, 57, 64, 71, 60, 53)]),
        np.zeros(0),
        np.ones(20),
    ],
    ids=["silence", "noise", "melody", "nothing", "click"],
)
def test_what_is_not_one_note_has_no_pitch(samples):
    with pytest.raises(ValueError, match="use a recording of one note"):
        measure_pitch(Sound(samples, 44_100))


def test_names_of_notes():
    assert note_frequency("A4") == 440
    assert note_frequency("f#4") == note_frequency("Gb4") == pytest.approx(369.994, abs=0.001)
    assert [note_frequency(name) for name in ("H4", "F", "Fs4", "4", "")] == [None] * 5
    stems = {"F4": 65, "Fs6": 90, "Bb3": 58, "A#4": 70, "flute_C5-soft": 72, "G4 2": 67}
    assert {stem: midi_in_file_name(stem) for stem in stems} == stems
    for stem in ("Part2", "take1", "F4G4", "C4_E4", "F4loud", "001"):
        assert midi_in_file_name(stem) is None
    assert [note_name(midi) for midi in (60, 69.4, 89.01)] == ["C4", "A4", "F6"]


def test_a_folder_is_listed_whatever_is_in_it(tmp_path):
    folder = tmp_path / "band"
    made = make_corpus(folder, 8)
    for place, midi in {
        "A4.wav": 69,
        "reed/Fs6.wav": 89,
        "loud/brass/C4.wav": 48,
        "loud/Bb3.flac": 58,
    }.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / place, note(midi, seed=midi), 44_100)
        made[place] = midi
    soundfile.write(folder / "two.wav", np.column_stack([note(60), note(60, seed=1)]), 44_100)
    soundfile.write(folder / "pair.wav", np.column_stack([note(62), note(62, seed=1)]), 44_100)
    made |= {"two.wav": 60, "pair.wav": 62}
    (folder / "reed" / "broken.wav").write_bytes(b"RIFF and nothing else")
    (folder / "pipe" / "empty.mp3").write_bytes(b"")
    soundfile.write(folder / "silent.wav", np.zeros(20_000), 44_100)
    soundfile.write(folder / "noise.wav", 0.1 * np.random.default_rng(0).standard_normal(30_000), 44_100)
    (folder / ".hidden.wav").write_bytes(b"")
    (folder / "readme.txt").write_text("notes")

    status, out, lines = run("corpus", folder)
    assert status == 0
    entries = {entry.file: entry for entry in read_corpus(folder)}
    assert entries.keys() == made.keys()
    for file, midi in made.items():
        assert entries[file].pitch == pytest.approx(midi, abs=0.03)
    instruments = {entries[file].instrument for file in ("A4.wav", "two.wav")}
    assert instruments == {"band"}
    assert entries["loud/brass/C4.wav"].instrument == "loud/brass"
    assert entries["loud/Bb3.flac"].instrument == "loud"
    assert f"{len(made)} notes" in out
    assert "4 of 18 recordings left out" in out
    told = "\n".join(lines)
    assert len(lines) == 4 + 2 + 1
    for name in ("broken.wav", "empty.mp3", "silent.wav", "noise.wav"):
        assert told.count(name) == 1
    assert "Fs6.wav: its name says F#6, but it sounds F6 (1396.9 Hz)" in told
    assert "C4.wav: its name says C4, but it sounds C3 (130.8 Hz)" in told
    assert "pair.wav and another file: 2 channels were mixed down to one" in told


def test_a_list_is_remade_on_demand_only_and_an_old_one_stays_until_then(listed, tmp_path, monkeypatch):
    folder = tmp_path / "notes"
    make_corpus(folder, 4)
    write_corpus(folder, [Entry("reed/000.wav", 52.1, "bassoon")])
    before = (folder / "corpus.json").read_bytes()

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("rnnsound.features.corpus.measure_pitch", interrupted)
    assert run("corpus", folder)[0] == 130
    assert (folder / "corpus.json").read_bytes() == before
    monkeypatch.undo()
    assert run("train", folder, "-o", tmp_path / "m.pt", "--epochs", "1", *QUICK)[0] == 0
    assert (folder / "corpus.json").read_bytes() == before
    assert list(InstrumentModel.load(tmp_path / "m.pt").ranges) == ["bassoon"]
    assert run("corpus", folder)[0] == 0
    assert len(read_corpus(folder)) == 4


GOOD = {"file": "a.wav", "pitch": 60, "instrument": "reed"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        (b"\xff\xfe[", "not JSON"),
        ("{}", "not a list of notes"),
        ("[]", "not a list of notes"),
        ([3], "entry 1 is not an object"),
        ([GOOD, {"file": "b.wav", "pitch": 60}], "entry 2 is not an object"),
        ([GOOD | {"file": 3}], "file is not the path"),
        ([GOOD | {"file": ""}], "file is not the path"),
        ([GOOD | {"file": "a\0b"}], "file is not the path"),
        ([GOOD | {"file": "x" * 5000}], "file is not the path"),
        ([GOOD | {"file": "../a.wav"}], "leads out of the folder"),
        ([GOOD | {"file": "a/../../b.wav"}], "leads out of the folder"),
        ([GOOD | {"file": "..\\a.wav"}], "leads out of the folder"),
        ([GOOD | {"file": "/etc/passwd"}], "leads out of the folder"),
        ([GOOD | {"file": "C:\\a.wav"}], "leads out of the folder"),
        ([GOOD | {"file": "\\\\server\\share\\a.wav"}], "leads out of the folder"),
        ([GOOD | {"pitch": "C4"}], "not a MIDI number"),
        ([GOOD | {"pitch": True}], "not a MIDI number"),
        ([GOOD | {"pitch": float("nan")}], "not a MIDI number"),
        ([GOOD | {"pitch": float("inf")}], "not a MIDI number"),
        ([GOOD | {"pitch": 10**400}], "not a MIDI number"),
        ([GOOD | {"pitch": -1}], "not a MIDI number"),
        ([GOOD | {"pitch": 440}], "not a MIDI number"),
        ([GOOD | {"instrument": None}], "instrument is not a name"),
        ([GOOD | {"instrument": ""}], "instrument is not a name"),
        ([GOOD | {"instrument": "x" * 101}], "instrument is not a name"),
        ([GOOD, GOOD], "'a.wav' is listed 2 times"),
        ([GOOD, GOOD | {"file": "./a.wav"}], "'a.wav' is listed 2 times"),
        ([GOOD | {"file": f"{i}.wav", "instrument": str(i)} for i in range(1001)], "more than 1000"),
    ],
)
def test_a_list_that_makes_no_sense_is_one_sentence(tmp_path, content, words):
    raw = content if isinstance(content, bytes) else content.encode() if isinstance(content, str) else None
    (tmp_path / "corpus.json").write_bytes(json.dumps(content).encode() if raw is None else raw)
    status, out, lines = run("train", tmp_path, "-o", tmp_path / "m.pt", *QUICK)
    assert (status, out, len(lines)) == (1, "", 1)
    assert words in lines[0]
    assert "corpus.json" in lines[0]
    assert len(lines[0]) < 6000


def test_a_list_of_absurd_size_is_not_read(tmp_path):
    with (tmp_path / "corpus.json").open("wb") as file:
        file.truncate(2**28 + 1)
    with pytest.raises(ValueError, match="268,435,457 bytes is no list"):
        read_corpus(tmp_path)


def test_what_is_kept_on_disk_is_what_is_measured_and_it_is_measured_once(tmp_path, monkeypatch):
    make_corpus(tmp_path, 4)
    entries = list_corpus(tmp_path, progress=False).entries
    write_corpus(tmp_path, [entry._replace(pitch=round(entry.pitch)) for entry in entries])
    table = measure_corpus(tmp_path, progress=False)
    expected = []
    for entry in entries:
        heard = to_corpus_note(Sound.read(tmp_path / entry.file), to_hertz(entry.pitch))
        frames = analyze_harmonics(heard, to_hertz(entry.pitch))
        midi = float(to_midi(np.median(frames.pitch)))
        assert abs(midi - entry.pitch) < 0.03
        frames = analyze_harmonics(heard, to_hertz(midi))
        expected.append((Note(entry.file, entry.instrument, midi), frames))
    whole = NoteTable.of(expected, 1.0)
    assert table.values == tmp_path / ".rnnsound-cache" / "frames.f32"
    assert 0.1 < table.peak < 1
    for number, (ours, theirs) in enumerate(zip(table.notes, whole.notes, strict=True)):
        assert ours[:2] == theirs[:2]
        assert ours.midi == pytest.approx(theirs.midi, abs=0.002)
        np.testing.assert_allclose(table.read(number)[:, 0], whole.read(number)[:, 0], atol=0.05)
    measured = counted(monkeypatch)
    again = measure_corpus(tmp_path, progress=False)
    assert measured == []
    assert again.notes == table.notes
    np.testing.assert_array_equal(again.read(3), table.read(3))


def counted(monkeypatch):
    """Names of the files that are measured from now on."""
    measure, names = corpus_cache.measure_note, []

    def counting(path, pitch):
        names.append(path.name)
        return measure(path, pitch)

    monkeypatch.setattr(corpus_cache, "measure_note", counting)
    return names


def test_only_what_changed_or_was_damaged_is_measured_again(tmp_path, monkeypatch):
    make_corpus(tmp_path, 8)
    write_corpus(tmp_path, list_corpus(tmp_path, progress=False).entries)
    first = measure_corpus(tmp_path, progress=False)
    second = first.read(1)
    measured = counted(monkeypatch)
    soundfile.write(tmp_path / "reed" / "000.wav", note(52, 0.4, tilt=2.0), 44_100)  # the same size
    os.utime(tmp_path / "reed" / "000.wav", (1, 1))
    entries = [
        e._replace(pitch=e.pitch + 0.2) if e.file == "reed/002.flac" else e for e in read_corpus(tmp_path)
    ]
    write_corpus(tmp_path, entries)
    table = measure_corpus(tmp_path, progress=False)
    assert sorted(measured) == ["000.wav", "002.flac"]
    changed = [n.name for n in table.notes].index("reed/000.wav")
    assert np.abs(table.read(changed)[20, 0] - first.read(changed)[20, 0]).max() > 0.5
    measured.clear()

    frames, index = tmp_path / ".rnnsound-cache" / "frames.f32", tmp_path / ".rnnsound-cache" / "index.jsonl"
    content = bytearray(frames.read_bytes())
    content[first.starts[1] * 8 * N_VALUES + 6] ^= 0x40  # a flipped bit in the second note
    content = content[:-100]  # and the last rows are gone
    frames.write_bytes(content)
    table = measure_corpus(tmp_path, progress=False)
    assert sorted(measured) == sorted([first.notes[1].name.rpartition("/")[2], "002.flac"])
    np.testing.assert_array_equal(table.read(1), second)
    measured.clear()

    index.write_bytes(index.read_bytes()[:-20])  # a line that a crash cut off
    measure_corpus(tmp_path, progress=False)
    assert len(measured) == 1
    measured.clear()
    for damage in (b"", b"nonsense\n", b'{"rnnsound": "measured notes", "version": 0}\n'):
        index.write_bytes(damage)
        assert len(measure_corpus(tmp_path, progress=False)) == 8
        assert len(measured) == 8
        assert frames.stat().st_size == 8 * N_VALUES * table.lengths.sum()
        measured.clear()


@pytest.mark.parametrize("change", [{"first": -1}, {"length": 10**12}, {"length": 0}, {"midi": float("nan")},
                                    {"peak": -1.0}, {"crc": "x"}, {"pitch": None}, {"extra": 1}])  # fmt: skip
def test_an_index_that_lies_is_not_believed(tmp_path, monkeypatch, change):
    make_corpus(tmp_path, 2)
    write_corpus(tmp_path, list_corpus(tmp_path, progress=False).entries)
    measure_corpus(tmp_path, progress=False)
    index = tmp_path / ".rnnsound-cache" / "index.jsonl"
    header, one, two = index.read_text().splitlines()
    index.write_text("\n".join([header, json.dumps(json.loads(one) | change), two]) + "\n")
    measured = counted(monkeypatch)
    assert len(measure_corpus(tmp_path, progress=False)) == 2
    assert len(measured) == 1


def test_measuring_that_is_interrupted_goes_on_where_it_was(tmp_path, monkeypatch):
    make_corpus(tmp_path, 6)
    write_corpus(tmp_path, list_corpus(tmp_path, progress=False).entries)
    measure, names = corpus_cache.measure_note, []

    def struck(path, pitch):
        names.append(path.name)
        if len(names) == 4:
            raise KeyboardInterrupt
        return measure(path, pitch)

    monkeypatch.setattr(corpus_cache, "measure_note", struck)
    assert run("train", tmp_path, "-o", tmp_path / "m.pt", "--epochs", "1", *QUICK)[0] == 130
    assert run("train", tmp_path, "-o", tmp_path / "m.pt", "--epochs", "1", *QUICK)[0] == 0
    assert len(names) == 4 + 3
    assert not list(tmp_path.rglob("*.part"))


def test_notes_that_cannot_be_measured_are_named_left_out_and_counted(tmp_path):
    make_corpus(tmp_path, 6)
    entries = list_corpus(tmp_path, progress=False).entries
    (tmp_path / "pipe" / "001.wav").write_bytes(b"broken")
    (tmp_path / "reed" / "002.flac").unlink()
    wrong = [e._replace(pitch=e.pitch + 5) if e.file == "reed/000.wav" else e for e in entries]
    write_corpus(tmp_path, wrong)
    status, _, lines = run("train", tmp_path, "-o", tmp_path / "m.pt", "--epochs", "1", *QUICK)
    assert status == 0
    assert len(lines) == 4
    assert "001.wav: this is not audio" in "".join(lines)
    assert "002.flac: there is no such file, though corpus.json lists it" in "".join(lines)
    assert "000.wav: no note is heard at 220.0 Hz" in "".join(lines)
    assert lines[-1].endswith("3 of 6 notes were left out")
    write_corpus(tmp_path, [Entry("pipe/001.wav", 60.0, "pipe")])
    with pytest.warns(UserWarning, match="not audio"), pytest.raises(ValueError, match="none of 1 listed"):
        measure_corpus(tmp_path, progress=False)


def test_a_folder_that_cannot_be_written_to_is_measured_in_a_temporary_one(tmp_path, monkeypatch):
    folder, elsewhere = tmp_path / "notes", tmp_path / "elsewhere"
    make_corpus(folder, 2)
    write_corpus(folder, list_corpus(folder, progress=False).entries)
    (folder / ".rnnsound-cache").write_text("in the way")
    elsewhere.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))
    with pytest.warns(UserWarning, match="cannot be written to; what is measured is kept in .*elsewhere"):
        table = measure_corpus(folder, progress=False)
    assert table.values.is_relative_to(elsewhere)
    assert table.values.parent.stat().st_mode & 0o077 == 0 or os.name == "nt"
    measured = counted(monkeypatch)
    with pytest.warns(UserWarning, match="cannot be written to"):
        assert len(measure_corpus(folder, progress=False)) == 2
    assert measured == []


def blank_table(counts, n_frames=30):
    """Notes without content, so many of each instrument."""
    notes = [Note(f"{name}{i}", name, 60.0 + i) for name, count in counts.items() for i in range(count)]
    n = np.arange(len(notes)) * n_frames
    values = np.random.default_rng(0).random((len(notes) * n_frames, 2, N_VALUES), dtype=np.float32)
    return NoteTable(tuple(notes), n, np.full(len(notes), n_frames), values, 1.0)


def test_whole_inner_notes_are_held_out_one_in_eight():
    table, chosen = blank_table({"a": 26, "b": 9, "c": 5, "d": 4, "e": 1}), set()
    for seed in range(30):
        learned, held_out = table.split(seed)
        counts = [sum(n.instrument == name for n in held_out.notes) for name in "abcde"]
        assert counts == [3, 1, 1, 0, 0]
        assert {*learned.notes, *held_out.notes} == {*table.notes}
        assert len(learned) + len(held_out) == len(table)
        assert not {"a0", "a25", "b0", "b8", "c0", "c4"} & {n.name for n in held_out.notes}
        number = table.notes.index(held_out.notes[1])
        np.testing.assert_array_equal(held_out.read(1), table.read(number))
        chosen |= {n.name for n in held_out.notes}
    assert table.split(3)[1].notes == table.split(3)[1].notes
    assert len(chosen) > 25
    assert blank_table({"a": 4}).split()[1] is None


def test_the_loss_on_held_out_notes_is_that_of_the_network_on_them_as_they_are(listed):
    """Two notes with different masks, one by one, without the batches that training puts them into."""
    folder, _ = listed
    table = measure_corpus(folder, progress=False)
    learned, held_out = table.split()
    config = INSTRUMENTS.replace(epochs=2, hidden_size=8, batch_size=8)
    model = InstrumentModel.fit(learned, config, held_out, progress=False)
    assert len(held_out) == 2
    total, count, masks = 0.0, 0, []
    for number, one in enumerate(held_out.notes):
        mask = model.scaler.mask(np.array([one.midi]))
        vectors = model.scaler.transform(held_out.read(number)[:, 0], mask)
        share = np.array([[float(one.instrument == name) for name in model.ranges]])
        told = tell(np.array([one.midi]), share, len(vectors), seconds_of(len(vectors)))
        with torch.no_grad():
            frames, told = torch.from_numpy(vectors)[None], torch.from_numpy(told)[:, 1:]
            mixture, _ = model.network(frames[:, :-1], told, None)
            there, target = mask[0] > 0, frames[:, 1:]
            of_those = mixture._replace(
                means=mixture.means[..., there], log_stds=mixture.log_stds[..., there]
            )
            total += float(beta_nll_loss(of_those, target[..., there])) * target.shape[1]
        count += target.shape[1]
        masks.append(int(mask.sum()))
    assert len(set(masks)) == 2
    assert len(model.history.validation) == 2
    assert model.history.validation[-1] == pytest.approx(total / count, rel=1e-4)


def test_a_training_goes_on_with_or_without_held_out_notes_and_its_file_stays_readable(listed, tmp_path):
    folder, _ = listed
    table = measure_corpus(folder, progress=False)
    learned, held_out = table.split()
    small = INSTRUMENTS.replace(epochs=1, hidden_size=4, batch_size=8)
    for first, then, points in ((None, held_out, 0), (held_out, None, 0), (held_out, held_out, 2)):
        model = InstrumentModel.fit(learned, small, first, progress=False)
        more = InstrumentModel.fit(learned, small.replace(epochs=2), then, model, progress=False)
        more.save(tmp_path / "m.pt")
        assert len(InstrumentModel.load(tmp_path / "m.pt").history.validation) == points


def test_a_corpus_of_many_small_notes_of_every_format_trains_without_the_broken_one(tmp_path):
    """500 notes take half a minute; these are fewer, and the rest is the same."""
    made = make_corpus(tmp_path / "many", 120)
    (tmp_path / "many" / "reed" / "x.flac").write_bytes(b"fLaC and nothing else")
    status, out, lines = run("train", tmp_path / "many", "-o", tmp_path / "m.pt", "--epochs", "1", *QUICK)
    assert (status, len(lines)) == (0, 1)
    assert "x.flac" in lines[0]
    assert "120 notes, 60 of pipe, 60 of reed; 1 of 121 recordings left out" in out
    entries = {entry.file: entry.pitch for entry in read_corpus(tmp_path / "many")}
    assert max(abs(entries[file] - midi) for file, midi in made.items()) < 0.03
    model = InstrumentModel.load(tmp_path / "m.pt")
    assert len(model.history.losses) == len(model.history.validation) == 1
    low, high = model.ranges["reed"]
    reeds = [midi for file, midi in made.items() if file.startswith("reed")]
    assert (low, high) == pytest.approx((min(reeds), max(reeds)), abs=0.03)


PEAK = """
import json, sys
import numpy as np
from pathlib import Path
from rnnsound.__main__ import main
from rnnsound.features import corpus_cache
from rnnsound.features.note_table import N_VALUES
folder, n = Path(sys.argv[1]), int(sys.argv[2])
for i in range(n):
    (folder / f"{i}.wav").write_bytes(b"x")
notes = [{"file": f"{i}.wav", "pitch": 40 + i % 80, "instrument": "reed"} for i in range(n)]
(folder / "corpus.json").write_text(json.dumps(notes))
rows = np.random.default_rng(0).random((1200, 2, N_VALUES), dtype=np.float32)
corpus_cache.measure_note = lambda path, pitch: (rows, pitch, 0.1)
sys.exit(main(["train", str(folder), "-o", str(folder / "m.pt"), "--epochs", "1", "--hidden-size", "4",
               "--batch-size", "8", "--sequence-length", "100"]))
"""
# A process of its own starts the one that is measured: what is measured begins at the size of who starts it.
WAIT = """
import os, subprocess, sys
quiet = subprocess.DEVNULL
child = subprocess.Popen([sys.executable, "-c", *sys.argv[1:]], stdout=quiet, stderr=quiet)
_, status, usage = os.wait4(child.pid, 0)
print(usage.ru_maxrss)
sys.exit(status != 0)
"""


@posix
def test_the_peak_of_memory_is_the_same_for_ten_times_the_notes(tmp_path):
    """As many numbers as 14 s of sound give, not measured but made up: in memory they would be 240 MB."""
    peaks = []
    for n in (30, 300):
        (tmp_path / str(n)).mkdir()
        command = [sys.executable, "-c", WAIT, PEAK, str(tmp_path / str(n)), str(n)]
        peaks.append(int(subprocess.run(command, capture_output=True, text=True, check=True).stdout))
    assert (tmp_path / "300" / ".rnnsound-cache" / "frames.f32").stat().st_size > 200e6
    assert peaks[1] < 1.1 * peaks[0]


@posix
def test_a_folder_training_that_is_ended_by_a_signal_resumes_to_what_an_uninterrupted_one_gives(
    listed, tmp_path
):
    folder, _ = listed
    asked = ["--epochs", "20", "--seed", "3", *QUICK]
    assert run("train", folder, "-o", tmp_path / "whole.pt", *asked)[0] == 0
    whole = InstrumentModel.load(tmp_path / "whole.pt")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        path = tmp_path / f"{number}.pt"
        child = multiprocessing.get_context("fork").Process(
            target=train_in_a_process, args=(folder, path, asked)
        )
        child.start()
        while child.is_alive() and not path.exists():  # up to its first checkpoint
            time.sleep(0.001)
        os.kill(child.pid, number)
        child.join()
        assert child.exitcode == (-number if number == signal.SIGKILL else 128 + number)
        kept = InstrumentModel.load(path)
        assert 1 <= len(kept.history.losses) < 20
        assert run("train", folder, "-o", path, "--resume")[0] == 0
        kept = InstrumentModel.load(path)
        np.testing.assert_allclose(kept.history.losses, whole.history.losses, rtol=1e-9)
        np.testing.assert_allclose(kept.history.validation, whole.history.validation, rtol=1e-9)
        for name, p in kept.network.state_dict().items():
            torch.testing.assert_close(p, whole.network.state_dict()[name], rtol=0, atol=1e-6)


def test_a_folder_training_that_diverges_keeps_the_last_good_epoch(listed, tmp_path, monkeypatch):
    from rnnsound.nn import train as module

    epoch, seen = module._epoch, []

    def diverge(*arguments):
        seen.append(1)
        return module.Epoch(float("nan"), float("nan")) if len(seen) == 4 else epoch(*arguments)

    monkeypatch.setattr(module, "_epoch", diverge)
    status, _, lines = run("train", listed[0], "-o", tmp_path / "m.pt", "--epochs", "9", *QUICK)
    assert (status, len(lines)) == (1, 1)
    assert "the model is as it was after epoch 3" in lines[0]
    assert len(InstrumentModel.load(tmp_path / "m.pt").history.losses) == 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["FOLDER", "sine440"], "a folder is learned by itself"),
        (["FOLDER", "FOLDER"], "a folder is learned by itself"),
        (["FOLDER", "--preset", "clarinet"], "--preset is for single recordings"),
        (["FOLDER", "--fft-size", "1024"], "--fft-size is for single recordings"),
        (["FOLDER", "--note", "struck"], "--note is for single recordings"),
        (["FOLDER", "--no-bounded"], "--bounded is for single recordings"),
        (["FOLDER", "--epochs", "0"], "epochs=0"),
        (["FOLDER", "--mixtures", "2"], "loss='beta_nll' needs n_mixtures=1"),
    ],
)
def test_arguments_that_cannot_work_with_a_folder_are_refused_in_one_sentence(
    listed, tmp_path, arguments, words
):
    given = [str(listed[0]) if word == "FOLDER" else word for word in arguments]
    status, out, lines = run("train", *given, "-o", tmp_path / "m.pt")
    assert (status, out, len(lines)) == (2, "", 1)
    assert words in lines[0]
    assert not (tmp_path / "m.pt").exists()


def test_models_of_sounds_and_of_folders_are_not_mixed_up(listed, tmp_path):
    folder, model = listed
    single = tmp_path / "s.pt"
    sine(440.0, 0.3).write(tmp_path / "tone.wav")
    assert run("train", tmp_path / "tone.wav", "-o", single, "--epochs", "1", *QUICK)[0] == 0
    assert (read_kind(single), read_kind(model)) == ("", "instruments")
    for arguments, words in (
        (["train", folder, "-o", single, "--resume"], "this model learned single sounds"),
        (["train", "sine440", "-o", model, "--resume"], "this model learned the notes of a folder"),
        (["train", folder, "-o", folder / "reed" / "000.wav"], "would replace"),
        (["train", folder, "-o", folder / "corpus.json"], "would replace"),
        (["generate", single, "--pitch", "F4"], "--pitch and --instrument are of no use"),
        (["generate", single, "--instrument", "reed"], "--pitch and --instrument are of no use"),
        (["generate", model, "--resets-per-second", "2"], "this model plays instruments"),
        (["generate", model, "--reset-source", "sine440"], "this model plays instruments"),
        (["generate", model, "--pitch", "H4"], "neither a note nor a frequency"),
        (["generate", model, "--pitch", "nan"], "too far from the notes"),
        (["generate", model, "--pitch", "20000"], "too far from the notes"),
        (["generate", model, "--instrument", "kazoo"], "not known; this model has pipe, reed"),
        (["generate", model, "--instrument", "pipe=0.5,reed"], "write clarinet=0.5,flute=0.5"),
        (["generate", model, "--instrument", "pipe=0.5,reed=0.6"], "sum to 1"),
        (["generate", model, "--seconds", "0"], "seconds=0"),
    ):
        more = [] if arguments[0] == "train" else ["-o", tmp_path / "o.wav"]
        status, out, lines = run(*arguments, *more)
        assert (status, out, len(lines)) == (2, "", 1), arguments
        assert words in lines[0]
    assert not (tmp_path / "o.wav").exists()


@pytest.mark.parametrize(
    ("arguments", "instrument", "hertz"),
    [
        (["--pitch", "F4", "--instrument", "reed"], "reed", 349.228),
        (["--pitch", "349.2"], "pipe", 349.2),
        (["--pitch", "Bb3", "--instrument", "pipe=0.25,reed=0.75"], {"pipe": 0.25, "reed": 0.75}, 233.082),
        ([], "pipe", None),
    ],
)
def test_a_note_is_generated_by_name_or_by_frequency(listed, tmp_path, arguments, instrument, hertz):
    model = InstrumentModel.load(listed[1])
    path = tmp_path / "o.wav"
    status, out, lines = run("generate", listed[1], "-o", path, "--seconds", "0.7", *arguments)
    assert (status, lines) == (0, [])
    assert "0.700 s at 44100 Hz" in out
    if hertz is None:
        hertz = to_hertz(round(sum(model.ranges["pipe"]) / 2))
    expected = model.generate(0.7, hertz, instrument)
    np.testing.assert_allclose(Sound.read(path).samples, expected.samples, atol=1e-3)


def test_folders_that_hold_nothing_are_one_sentence(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "silent").mkdir()
    soundfile.write(tmp_path / "silent" / "a.wav", np.zeros(9000), 44_100)
    for command, status in ((["corpus"], 1), (["train", "-o", tmp_path / "m.pt"], 1)):
        for folder, words in (("empty", "there is no recording in it"), ("silent", "none of 1 recordings")):
            got, out, lines = run(*command, tmp_path / folder)
            assert (got, out, len(lines)) == (status, "", 1)
            assert words in lines[0]
    assert run("corpus", tmp_path / "missing")[2][0].endswith("there is no such folder; check the name")
    assert "not a folder" in run("corpus", tmp_path / "silent" / "a.wav")[2][0]


@pytest.mark.parametrize(("rank", "said"), [("0", 1), ("1", 0)])
def test_several_processes_do_not_learn_one_recording_and_the_first_says_so(
    tmp_path, monkeypatch, rank, said
):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", rank)
    status, out, lines = run("train", "sine440", "-o", tmp_path / "m.pt")
    assert (status, out, len(lines)) == (2, "", said)
    assert all("one recording is learned by one process" in line for line in lines)
