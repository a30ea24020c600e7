"""The command line as its users meet it: in a process of its own, with whatever file comes along."""

import contextlib
import csv
import io
import os
import shutil
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from judges import posix

import rnnsound.check
from rnnsound import Sound, article, presets, recordings, sine
from rnnsound.__main__ import main
from rnnsound.config import PARTS, explain
from rnnsound.options import option_name
from rnnsound.sound_model import SoundModel

ARTICLE = ["--fft-size", "512", "--hop-size", "128", "--components", "10"]


def run(*arguments):
    """Run a command in this process: exit status, standard output, standard error."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main([str(argument) for argument in arguments])
    return status, out.getvalue(), err.getvalue()


def run_help(command):
    done = subprocess.run(
        [sys.executable, "-m", "rnnsound", command, "--help"], capture_output=True, text=True, check=True
    )
    return done.returncode, done.stdout, done.stderr


def assert_one_sentence(err):
    assert err.startswith("rnnsound: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err


def test_the_articles_table_is_printed_as_csv():
    done = subprocess.run(
        [sys.executable, "-m", "rnnsound", "analyze", "sine440", *ARTICLE, "--frame", "1", "--csv"],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = list(csv.DictReader(done.stdout.splitlines()))
    assert list(rows[0]) == ["component", "magnitude", "frequency"]
    assert [int(row["component"]) for row in rows] == list(range(10))
    ours = np.array([[float(row["magnitude"]), float(row["frequency"])] for row in rows])
    np.testing.assert_allclose(ours[:, 0], article.SINE_FRAME[:, 0], atol=5e-4)
    np.testing.assert_allclose(ours[:, 1], article.SINE_FRAME[:, 1], atol=2e-3)
    assert (ours[0] == 0).all()


def test_all_frames_are_printed_with_a_column_that_counts_them(tmp_path):
    sine(440.0, seconds=0.05).write(tmp_path / "tone.wav")
    status, out, _ = run("analyze", tmp_path / "tone.wav", *ARTICLE, "--csv")
    rows = list(csv.DictReader(out.splitlines()))
    assert status == 0
    assert len(rows) == 10 * (1 + -(-(2205 - 512) // 128))
    assert rows[10]["frame"] == "1"
    assert float(rows[15]["frequency"]) == pytest.approx(440, abs=0.1)


def test_without_csv_there_is_a_summary_and_a_table():
    status, out, err = run("analyze", "clarinet", "--components", "12")
    assert (status, err) == (0, "")
    assert "clarinet: 10.175 s" in out
    assert len(out.splitlines()) == 2 + 2 + 12


def test_stereo_is_mixed_down_with_a_note_on_standard_error(tmp_path):
    soundfile.write(tmp_path / "two.wav", np.zeros((2000, 2)), 44_100)
    status, _, err = run("analyze", tmp_path / "two.wav")
    assert status == 0
    assert_one_sentence(err)
    assert "2 channels were mixed down" in err


def test_the_check_is_content_with_this_environment():
    status, out, _ = run("check")
    assert status == 0, out
    assert "ok    torch: 2.13.0" in out
    assert "ok    recording piano" in out


def test_the_check_names_what_is_wrong_and_how_to_mend_it(monkeypatch, tmp_path):
    def missing(name):
        raise rnnsound.check.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(rnnsound.check.importlib.metadata, "version", missing)
    monkeypatch.setattr(recordings, "_DATA", tmp_path)
    status, out, _ = run("check")
    assert status == 1
    assert "WRONG torch: not installed; torch>=" in out
    assert "WRONG recording clarinet" in out


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ([], 2, "COMMAND"),
        (["dance"], 2, "dance"),
        (["analyze"], 2, "SOUND"),
        (["analyze", "sine440", "--fft-size", "many"], 2, "many"),
        (["analyze", "sine440", "--fft-size", "511"], 2, "fft_size=511"),
        (["analyze", "sine440", "--hop-size", "100"], 2, "hop_size=100"),
        (["analyze", "sine440", "--components", "258"], 2, "n_components=258"),
        (["analyze", "sine440", "--frame", "-1"], 2, "--frame"),
        (["analyze", "sine440", "--frame", "999999"], 2, "use 0 to 3442"),
        (["analyze", "trombone"], 1, "trombone"),
        (["analyze", "."], 1, "not a file"),
    ],
)
def test_arguments_that_cannot_work_get_one_sentence(arguments, status, words):
    got, out, err = run(*arguments)
    assert got == status
    assert out == ""
    assert_one_sentence(err)
    assert words in err


@pytest.mark.parametrize("name", ["short.wav", "nan.wav", "empty.wav", "cut.flac"])
def test_files_that_cannot_work_get_one_sentence(tmp_path, name):
    path = tmp_path / name
    if name == "short.wav":
        soundfile.write(path, np.zeros(100), 44_100)
    elif name == "nan.wav":
        soundfile.write(path, np.full(2000, np.nan), 44_100, subtype="FLOAT")
    elif name == "empty.wav":
        path.touch()
    else:
        memory = io.BytesIO()
        soundfile.write(memory, np.zeros(5000), 44_100, format="FLAC")
        path.write_bytes(memory.getvalue()[:30])
    status, out, err = run("analyze", path)
    assert (status, out) == (1, "")
    assert_one_sentence(err)
    assert name in err


def test_silence_is_analyzed(tmp_path):
    soundfile.write(tmp_path / "silence.wav", np.zeros(5000), 44_100)
    status, out, err = run("analyze", tmp_path / "silence.wav", "--components", "3")
    assert (status, err) == (0, "")
    assert "level -inf dB" in out


QUICK = ["--epochs", "1", "--hidden-size", "4", "--batch-size", "20"]


def test_a_system_that_lacks_what_windows_lacks_trains_and_generates(tmp_path):
    lacking = (
        "import os, signal, sys\n"
        "for module, name in ((signal, 'SIGHUP'), (signal, 'SIGKILL'), (os, 'geteuid'), (os, 'getuid'),\n"
        "                     (os, 'mkfifo'), (os, 'fchmod'), (os, 'fork')):\n"
        "    if hasattr(module, name): delattr(module, name)\n"
        "sys.modules['resource'] = sys.modules['pwd'] = None\n"
        "from rnnsound.__main__ import main\n"
    )
    train, generate = ["train", "sine440", "-o", "m.pt", *QUICK], ["generate", "m.pt", "-o", "o.wav"]
    code = f"{lacking}sys.exit(main({train}) or main({generate}) or main(['analyze', 'o.wav']))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.pt", "o.wav"]


def test_a_sound_is_learned_and_generated(tmp_path, capfd):
    model, sound = tmp_path / "m.pt", tmp_path / "o.wav"
    assert main(["train", "sine440", "--preset", "sine", "-o", str(model), *QUICK]) == 0
    assert "1 epochs" in capfd.readouterr().out
    assert main(["train", "sine440", "-o", str(model), "--epochs", "2", "--resume"]) == 0
    arguments = ["generate", str(model), "--seconds", "0.5", "--variance-scale", "0.1", "--seed", "3"]
    assert main([*arguments, "-o", str(sound)]) == 0
    first = Sound.read(sound)
    assert first.duration == 0.5
    resets = ["--resets-per-second", "20", "--reset-source", "sine440"]
    assert main([*arguments, *resets, "-o", str(sound)]) == 0
    assert not np.array_equal(Sound.read(sound).samples, first.samples)
    assert main([*arguments, "-o", str(sound)]) == 0
    np.testing.assert_array_equal(Sound.read(sound).samples, first.samples)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.pt", "o.wav"]


def test_settings_given_on_the_command_line_are_those_of_the_model(tmp_path):
    given = ["--fft-size", "256", "--hop-size", "64", "--components", "5", "--layers", "2", "--mixtures", "2"]
    given += ["--sequence-length", "7", "--representation", "delta", "--seed", "9"]
    given += ["--magnitude-scale", "log"]
    given += ["--optimizer", "adam", "--learning-rate", "0.005"]
    assert main(["train", "clarinet", "-o", str(tmp_path / "m.pt"), *QUICK, *given]) == 0
    config = SoundModel.load(tmp_path / "m.pt").config
    expected = presets.SINE.replace(
        fft_size=256, hop_size=64, n_components=5, num_layers=2, n_mixtures=2,
        sequence_length=7, representation="delta", magnitude_scale="log", seed=9, optimizer="adam",
        learning_rate=0.005, epochs=1, hidden_size=4, batch_size=20,
    )  # fmt: skip
    assert config == expected


def test_every_setting_has_an_option_of_its_type_and_its_meaning():
    _, out, _ = run_help("train")
    for part in PARTS:
        for name, meaning in explain(part).items():
            assert f"  {option_name(name)}" in out
            assert meaning.split(".")[0].partition(",")[0][:30] in " ".join(out.split())
    assert len(presets.SINE.flat()) == 24


@pytest.mark.parametrize("preset", ["sine", "clarinet", "article-piano"])
def test_settings_that_are_switches_are_switched_either_way(tmp_path, preset):
    path, before = tmp_path / "m.pt", presets.PRESETS[preset].flat()
    names = ("per_component", "bounded", "lock_phases")
    given = [option_name(n).replace("--", "--no-" if before[n] else "--") for n in names]
    small = ["--epochs", "1", "--hidden-size", "4", "--primer", "1", "--griffin-lim-iterations", "1"]
    assert main(["train", "sine440", "--preset", preset, "-o", str(path), *small, *given]) == 0
    after = SoundModel.load(path).config.flat()
    assert {n: after[n] for n in names} == {n: not before[n] for n in names}
    assert after["griffin_lim_iterations"] == after["primer"] == 1


def test_training_resumes_up_to_epochs_in_all_and_says_when_there_is_nothing_left(tmp_path, capfd):
    path = tmp_path / "m.pt"
    assert main(["train", "sine440", "-o", str(path), *QUICK, "--epochs", "2"]) == 0
    assert main(["train", "sine440", "-o", str(path), "--resume", "--epochs", "5"]) == 0
    assert "5 epochs" in capfd.readouterr().out
    once = tmp_path / "once.pt"
    assert main(["train", "sine440", "-o", str(once), *QUICK, "--epochs", "5"]) == 0
    both = (SoundModel.load(p) for p in (path, once))
    np.testing.assert_array_equal(*(model.generate(0.2).samples for model in both))
    before = path.read_bytes()
    status, out, err = run("train", "sine440", "-o", path, "--resume")
    assert (status, out) == (1, "")
    assert_one_sentence(err)
    assert "has done 5 already; ask for more in all, such as epochs=10" in err
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["train", "sine440"], 2, "-o"),
        (["train", "sine440", "-o", "nowhere/m.pt"], 2, "nowhere"),
        (["train", "sine440", "-o", "m.pt", "--hidden-size", "0"], 2, "hidden_size=0"),
        (["train", "sine440", "-o", "m.pt", "--hop-size", "100"], 2, "hop_size=100"),
        (["train", "sine440", "-o", "m.pt", "--optimizer", "sgd"], 2, "sgd"),
        (["train", "sine440", "-o", "m.pt", "--preset", "tuba"], 2, "tuba"),
        (["train", "sine440", "-o", "m.pt", "--learning-rate", "nan"], 2, "learning_rate=nan"),
        (["train", "sine440", "-o", "m.pt", "--device", "abacus"], 1, "abacus"),
        (["train", "sine440", "-o", "missing.pt", "--resume"], 1, "missing.pt"),
        (["train", "trombone", "-o", "m.pt"], 1, "trombone"),
        (["train", "tone.wav", "-o", "tone.wav"], 2, "would replace the recording"),
        (["generate", "tone.wav", "-o", "o.wav"], 1, "tone.wav"),
        (["generate", "small.pt", "-o", "o.doc"], 1, "o.doc"),
        (["generate", "small.pt", "-o", "o.wav", "--seconds", "-1"], 2, "seconds=-1"),
        (["generate", "small.pt", "-o", "o.wav", "--variance-scale", "-1"], 2, "variance_scale"),
        (["generate", "small.pt", "-o", "o.wav", "--seed", "-1"], 2, "seed"),
        (["generate", "small.pt", "-o", "o.wav", "--resets-per-second", "4"], 2, "reset_source"),
        (["generate", "small.pt", "-o", "o.wav", "--reset-source", "tuba"], 1, "tuba"),
    ],
)
def test_what_cannot_be_trained_or_generated_gets_one_sentence(
    tmp_path, monkeypatch, arguments, status, words
):
    monkeypatch.chdir(tmp_path)
    sine(440.0, seconds=0.2).write("tone.wav")
    before = (tmp_path / "tone.wav").read_bytes()
    if "small.pt" in arguments:
        settings = presets.SINE.replace(epochs=1, hidden_size=4, batch_size=2)
        SoundModel.fit(sine(440.0, seconds=0.2), settings, progress=False).save("small.pt")
    got, out, err = run(*arguments)
    assert (got, out) == (status, "")
    assert_one_sentence(err)
    assert words in err
    assert (tmp_path / "tone.wav").read_bytes() == before
    assert not (tmp_path / "m.pt").exists()


def test_a_training_that_diverges_leaves_the_old_model(tmp_path, capfd):
    path = tmp_path / "m.pt"
    assert main(["train", "sine440", "-o", str(path), *QUICK]) == 0
    before = path.read_bytes()
    assert main(["train", "sine440", "-o", str(path), *QUICK, "--learning-rate", "1e30"]) == 1
    assert "learning rate" in capfd.readouterr().err
    assert path.read_bytes() == before


def beginnings():
    """The first bytes of real files, so that garbage gets past the first look at it."""
    tone = sine(440.0, seconds=0.05).samples
    files = [b""]
    for kind in ("WAV", "FLAC", "OGG", "MP3", "AIFF", "AU", "CAF", "W64", "RF64"):
        memory = io.BytesIO()
        soundfile.write(memory, tone, 44_100, format=kind)
        files.append(memory.getvalue())
    return files


@given(
    file=st.sampled_from(beginnings()),
    keep=st.integers(0, 3000),
    garbage=st.binary(max_size=400),
    flips=st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 255)), max_size=8),
    ending=st.sampled_from([".wav", ".flac", ".ogg", ".mp3", ".aiff", ".raw", ""]),
)
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_garbage_never_gives_a_traceback(tmp_path, file, keep, garbage, flips, ending):
    content = bytearray(file[:keep] + garbage)
    for place, bits in flips:
        if content:
            content[place % len(content)] ^= bits
    path = tmp_path / f"garbage{ending}"
    path.write_bytes(content)
    status, out, err = run("analyze", path, "--components", "4")
    assert status in (0, 1)
    if status == 1:
        assert out == ""
        assert "garbage" in err
    assert "nan" not in out.lower()
    assert all(line.startswith("rnnsound: ") for line in err.splitlines())


@posix
def test_a_reader_that_leaves_early_is_no_error():
    command = f"{sys.executable} -m rnnsound analyze clarinet --csv | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.stdout == "frame,component,magnitude,frequency\n"
    assert done.stderr == ""


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 4 bytes."),
        RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB"),
    ],
)
def test_memory_that_runs_out_gets_one_sentence_whoever_says_it(tmp_path, monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(SoundModel, "fit", fail)
    status, out, err = run("train", "sine440", "-o", tmp_path / "m.pt")
    assert (status, out) == (1, "")
    assert_one_sentence(err)
    assert "out of memory" in err
    monkeypatch.setattr(SoundModel, "fit", lambda *_, **__: (_ for _ in ()).throw(RuntimeError("a fault")))
    with pytest.raises(RuntimeError, match="a fault"):  # a fault of ours is not hidden
        run("train", "sine440", "-o", tmp_path / "m.pt")


def test_what_would_be_far_louder_than_the_recording_is_turned_down_and_said(tmp_path):
    path, out_path = tmp_path / "m.pt", tmp_path / "o.wav"
    assert main(["train", "sine440", "-o", str(path), *QUICK, "--no-bounded"]) == 0
    status, _, err = run("generate", path, "-o", out_path, "--seconds", "0.5", "--variance-scale", "1e12")
    assert status == 0
    assert_one_sentence(err)
    assert "turned down by" in err
    assert Sound.read(out_path).peak == pytest.approx(0.25, rel=1e-3)  # twice the recording's


@posix
def test_names_do_no_harm_to_the_terminal(tmp_path):
    name = "bell\a\x1b[31mred\nline.wav"
    sine(440.0, seconds=0.1).write(tmp_path / name)
    status, out, err = run("analyze", tmp_path / name, "--components", "3")
    assert (status, err) == (0, "")
    assert "\x1b" not in out
    assert r"bell\x07\x1b[31mred\nline.wav: 0.100 s" in out
    missing = run("analyze", "nowhere\x1b[2J.wav")[2]
    assert_one_sentence(missing)
    assert "\x1b" not in missing


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_a_name_that_the_terminal_cannot_write_fails_nothing(tmp_path, encoding):
    path = tmp_path / "Ton \u266a \u00fc.wav"
    sine(440.0, seconds=0.1).write(path)
    done = subprocess.run(
        [sys.executable, "-m", "rnnsound", "analyze", str(path), "--components", "3"],
        capture_output=True, env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (b"\\u266a" in done.stdout) == (encoding == "ascii")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
@pytest.mark.parametrize("settings", [{}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}])
def test_names_that_are_no_text_are_names_like_others(tmp_path, settings):
    folder = os.fsencode(tmp_path)
    sound, model, take = (os.path.join(folder, n) for n in (b"\xff.wav", b"\xe9.pt", b"\xfe.wav"))
    shutil.copy(recordings.files()[0], sound)
    tiny = [b"--epochs", b"1", b"--hidden-size", b"4"]
    for arguments in (
        [b"analyze", sound, b"--components", b"3"],
        [b"train", sound, b"-o", model, *tiny],
        [b"generate", model, b"-o", take, b"--seconds", b"0.2"],
    ):
        done = subprocess.run(
            [os.fsencode(sys.executable), b"-m", b"rnnsound", *arguments],
            capture_output=True, env={**os.environ, **settings}, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    assert os.path.exists(take)


def test_minutes_of_sound_are_analyzed_in_a_few_megabytes(tmp_path):
    path = tmp_path / "long.flac"
    with soundfile.SoundFile(path, "w", 44_100, 1) as file:
        for _ in range(12):
            file.write(np.random.default_rng(0).uniform(-0.1, 0.1, 10 * 44_100))
    tracemalloc.start()
    status, out, _ = run("analyze", path, "--frame", "40000")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert status == 0
    assert "long.flac: 120.000 s" in out
    assert "frame 40000, 116.106 s" in out
    assert peak < 20e6  # its samples alone are 42 MB, its frames 170
