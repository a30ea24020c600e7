"""The command line as its users meet it: in a process of its own, with whatever file comes along."""

import contextlib
import csv
import io
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rnnsound.check
from rnnsound import article, recordings, sine
from rnnsound.__main__ import main

ARTICLE = ["--fft-size", "512", "--hop-size", "128", "--components", "10"]


def run(*arguments):
    """Run a command in this process: exit status, standard output, standard error."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main([str(argument) for argument in arguments])
    return status, out.getvalue(), err.getvalue()


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
    assert "clarinet: 4.0" in out
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


def test_a_reader_that_leaves_early_is_no_error():
    command = f"{sys.executable} -m rnnsound analyze clarinet --csv | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.stdout == "frame,component,magnitude,frequency\n"
    assert done.stderr == ""
