"""The command `transform` and curves of variance, as a user types them: good arguments and bad."""

import contextlib
import io
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from judges import RATE, held

from rnnsound import Sound, SoundModel, sine
from rnnsound.__main__ import main
from rnnsound.dsp.crossing import cross, morph
from rnnsound.dsp.stretch import stretch
from rnnsound.dsp.transforms import freeze, shift


def run(*arguments):
    """Run a command in this process: exit status, standard output, standard error."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main([str(argument) for argument in arguments])
    return status, out.getvalue(), err.getvalue()


def note(frequency, seconds=1.0, rate=RATE):
    """A held note of six partials that swells and fades."""
    t = np.arange(round(seconds * rate)) / rate
    waves = sum(np.sin(2 * np.pi * k * frequency * t) / k for k in range(1, 7))
    return Sound(0.1 * waves * np.sin(np.pi * t / seconds) ** 0.5, rate)


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A folder with two sounds in it, worked in."""
    note(220.0).write(tmp_path / "low.wav")
    note(330.0, seconds=1.5).write(tmp_path / "high.wav")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "made"),
    [
        (["stretch", "low.wav", "--factor", "2"], lambda low, high: stretch(low, 2)),
        (["shift", "low.wav", "--semitones", "-5"], lambda low, high: shift(low, -5)),
        (["shift", "low.wav", "--semitones", "7.5", "--keep-formants"],
         lambda low, high: shift(low, 7.5, keep_formants=True)),
        (["freeze", "low.wav", "--at", "0.5", "--seconds", "2"], lambda low, high: freeze(low, 0.5, 2)),
        (["morph", "low.wav", "high.wav", "--amount", "0.25"], lambda low, high: morph(low, high, 0.25)),
        (["morph", "low.wav", "high.wav"], lambda low, high: morph(low, high, 0.5)),
        (["cross", "low.wav", "high.wav", "--amount", "0.5"], lambda low, high: cross(low, high, 0.5)),
        (["cross", "low.wav", "high.wav"], lambda low, high: cross(low, high, 1)),
        (["cross", "high.wav", "low.wav", "--amount", "0"], lambda low, high: high),
    ],
)  # fmt: skip
def test_each_way_writes_what_the_function_makes(files, arguments, made):
    low, high = Sound.read("low.wav"), Sound.read("high.wav")
    status, out, err = run("transform", *arguments, "-o", "out.wav")
    assert (status, err) == (0, "")
    written, expected = Sound.read("out.wav"), made(low, high)
    assert out.startswith(f"out.wav: {written.duration:.3f} s at 44100 Hz, level ")
    assert written.sample_rate == expected.sample_rate
    np.testing.assert_allclose(written.samples, expected.samples, atol=1e-7)  # 32-bit
    assert sorted(path.name for path in files.iterdir()) == ["high.wav", "low.wav", "out.wav"]


def test_a_bundled_recording_is_named_and_flac_is_written(files):
    assert run("transform", "freeze", "clarinet", "--at", "1", "--seconds", "0.5", "-o", "out.flac")[0] == 0
    assert soundfile.info("out.flac").frames == RATE // 2


@pytest.mark.parametrize("way", ["morph", "cross"])
@pytest.mark.parametrize(("first", "second"), [(48_000, 22_050), (8_000, 44_100), (44_100, 96_000)])
def test_sounds_of_different_rates_are_brought_to_the_firsts(files, way, first, second):
    note(220.0, rate=first).write("low.wav")
    note(220.0 * 2**0.25, rate=second).write("other.wav")
    status, _, err = run("transform", way, "low.wav", "other.wav", "--amount", "0.5", "-o", "out.wav")
    assert (status, err) == (0, "")
    made = Sound.read("out.wav")
    assert (made.sample_rate, len(made)) == (first, first)
    expected = 220.0 * 2**0.125 if way == "morph" else 220.0
    cents = held(made.resample(RATE), expected)[1]
    assert abs(np.median(cents)) < 2


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ([], 2, "WAY"),
        (["dance", "low.wav"], 2, "dance"),
        (["stretch"], 2, "SOUND"),
        (["stretch", "low.wav", "-o", "out.wav"], 2, "--factor"),
        (["stretch", "low.wav", "--factor", "2"], 2, "-o"),
        (["stretch", "low.wav", "--factor", "twice", "-o", "out.wav"], 2, "twice"),
        (["stretch", "low.wav", "--factor", "0", "-o", "out.wav"], 2, "factor=0"),
        (["stretch", "low.wav", "--factor", "11", "-o", "out.wav"], 2, "use 0.1 to 10"),
        (["stretch", "low.wav", "--factor", "nan", "-o", "out.wav"], 2, "factor=nan"),
        (["stretch", "low.wav", "high.wav", "--factor", "2", "-o", "out.wav"], 2, "high.wav"),
        (["shift", "low.wav", "-o", "out.wav"], 2, "--semitones"),
        (["shift", "low.wav", "--semitones", "25", "-o", "out.wav"], 2, "semitones=25"),
        (["shift", "low.wav", "--semitones", "-inf", "-o", "out.wav"], 2, "semitones"),
        (["freeze", "low.wav", "--at", "0.5", "-o", "out.wav"], 2, "--seconds"),
        (["freeze", "low.wav", "--at", "1.1", "--seconds", "1", "-o", "out.wav"], 2, "use 0 to 1.000"),
        (["freeze", "low.wav", "--at", "-1", "--seconds", "1", "-o", "out.wav"], 2, "at=-1"),
        (["freeze", "low.wav", "--at", "0", "--seconds", "0", "-o", "out.wav"], 2, "seconds=0"),
        (["freeze", "low.wav", "--at", "0", "--seconds", "1e9", "-o", "out.wav"], 2, "up to 600"),
        (["freeze", "low.wav", "--at", "0", "--seconds", "1e-9", "-o", "out.wav"], 2, "out.wav"),
        (["morph", "low.wav", "-o", "out.wav"], 2, "SOUND"),
        (["morph", "low.wav", "high.wav", "--amount", "1.5", "-o", "out.wav"], 2, "amount=1.5"),
        (["morph", "low.wav", "high.wav", "--amount", "nan", "-o", "out.wav"], 2, "amount=nan"),
        (["morph", "low.wav", "squeak.wav", "-o", "out.wav"], 2, "too far apart"),
        (["cross", "low.wav", "high.wav", "--amount", "-0.1", "-o", "out.wav"], 2, "amount=-0.1"),
        (["cross", "low.wav", "trombone", "-o", "out.wav"], 1, "trombone"),
        (["cross", "low.wav", "broken.wav", "-o", "out.wav"], 1, "broken.wav"),
        (["stretch", "missing.wav", "--factor", "2", "-o", "out.wav"], 1, "missing.wav"),
        (["stretch", "low.wav", "--factor", "2", "-o", "nowhere/out.wav"], 2, "nowhere"),
        (["stretch", "low.wav", "--factor", "2", "-o", "out.doc"], 1, "out.doc"),
        (["stretch", "low.wav", "--factor", "2", "-o", "."], 2, "not a file"),
        (["stretch", "low.wav", "--factor", "2", "-o", "low.wav"], 2, "would replace the recording"),
        (["cross", "low.wav", "high.wav", "-o", "high.wav"], 2, "would replace the recording"),
    ],
)  # fmt: skip
def test_arguments_that_cannot_work_get_one_sentence_and_leave_no_file(files, arguments, status, words):
    (files / "broken.wav").write_bytes(b"RIFF....WAVE")
    note(5000.0, rate=RATE).write("squeak.wav")
    before = {path.name: path.read_bytes() for path in files.iterdir()}
    got, out, err = run("transform", *arguments)
    assert got == status
    assert out == ""
    assert err.startswith("rnnsound: ")
    assert err.count("\n") == 1
    assert words in err
    assert {path.name: path.read_bytes() for path in files.iterdir()} == before


def test_an_output_is_whole_or_the_old_one(files, monkeypatch):
    note(440.0).write("out.wav")
    before = (files / "out.wav").read_bytes()

    def fail(self, samples):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(soundfile.SoundFile, "write", fail)
    status, _, err = run("transform", "stretch", "low.wav", "--factor", "2", "-o", "out.wav")
    assert status == 1
    assert "out.wav" in err
    assert (files / "out.wav").read_bytes() == before
    assert sorted(path.name for path in files.iterdir()) == ["high.wav", "low.wav", "out.wav"]


@pytest.mark.parametrize("n_samples", [1, 2, 10, 100, 1000, 3000])
@pytest.mark.parametrize("rate", [8_000, 44_100])
def test_sounds_too_short_to_mean_anything_end_in_sound_or_in_one_sentence(files, n_samples, rate):
    samples = np.random.default_rng(n_samples).uniform(-0.5, 0.5, n_samples)
    for kind in ("noise", "silence", "constant"):
        tiny = {"noise": samples, "silence": 0 * samples, "constant": 0 * samples + 0.5}[kind]
        Sound(tiny, rate).write("tiny.wav")
        for arguments in (
            ["stretch", "tiny.wav", "--factor", "0.1"],
            ["stretch", "tiny.wav", "--factor", "10"],
            ["shift", "tiny.wav", "--semitones", "24", "--keep-formants"],
            ["shift", "tiny.wav", "--semitones", "-24"],
            ["freeze", "tiny.wav", "--at", "0", "--seconds", "0.1"],
            ["morph", "tiny.wav", "low.wav"],
            ["morph", "tiny.wav", "tiny.wav"],
            ["cross", "tiny.wav", "low.wav"],
            ["cross", "low.wav", "tiny.wav"],
        ):
            status, out, err = run("transform", *arguments, "-o", "out.wav")
            assert status in (0, 2), (arguments, err)
            assert (out == "") == (status == 2)
            assert err.count("\n") == (status == 2), (arguments, err)
            if status == 0:
                assert np.isfinite(Sound.read("out.wav").samples).all()


def test_a_sound_is_transformed_without_torch(files):
    code = (
        "import sys; from rnnsound.__main__ import main\n"
        "assert main(['transform', 'shift', 'sine440', '--semitones', '1', '-o', 'out.wav']) == 0\n"
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A small model of a tone, barely trained: it wavers."""
    path = tmp_path_factory.mktemp("model") / "m.pt"
    quick = ["--epochs", "2", "--hidden-size", "4", "--batch-size", "20"]
    assert run("train", "sine440", "-o", path, *quick)[0] == 0
    return path


@pytest.mark.parametrize("curve", ["1,4,0.1", "0,0,2", "0.5"])
def test_a_curve_of_variance_is_spread_evenly_over_the_take(tmp_path, model, curve):
    arguments = ["generate", model, "--seconds", "0.7", "--seed", "3", "-o", tmp_path / "o.wav"]
    assert run(*arguments, "--variance-scale", curve)[0] == 0
    scale = [float(point) for point in curve.split(",")]
    expected = SoundModel.load(model).generate(0.7, scale if len(scale) > 1 else scale[0], seed=3)
    np.testing.assert_allclose(Sound.read(tmp_path / "o.wav").samples, expected.samples, atol=1e-7)


def test_a_curve_that_begins_at_nothing_begins_as_the_take_without_variance(tmp_path, model):
    takes = []
    for curve in ("0,0,0,4", "0"):
        run("generate", model, "--seconds", "2", "-o", tmp_path / "o.wav", "--variance-scale", curve)
        takes.append(Sound.read(tmp_path / "o.wav").samples)
    early, late = slice(0, RATE), slice(round(1.5 * RATE), 2 * RATE)
    np.testing.assert_array_equal(takes[0][early], takes[1][early])
    assert np.abs(takes[0][late] - takes[1][late]).max() > 1e-4


@pytest.mark.parametrize("curve", ["", ",", "1,", "1,4,x", "1;4", "1,-1", "-1", "1,nan", "1,inf"])
def test_a_curve_that_is_none_gets_one_sentence(tmp_path, model, curve):
    status, out, err = run("generate", model, "-o", tmp_path / "o.wav", f"--variance-scale={curve}")
    assert (status, out) == (2, "")
    assert err.startswith("rnnsound: ")
    assert err.count("\n") == 1
    assert "variance" in err
    assert list(tmp_path.iterdir()) == []


def test_a_bundled_name_wins_over_a_file_of_that_name(files):
    """As everywhere: ./clarinet is the file."""
    sine(440.0, seconds=0.2).write("clarinet.wav")
    (files / "clarinet.wav").rename(files / "clarinet")
    assert run("transform", "freeze", "./clarinet", "--at", "0.1", "--seconds", "0.1", "-o", "o.wav")[0] == 0
    assert run("transform", "freeze", "clarinet", "--at", "9", "--seconds", "0.1", "-o", "o.wav")[0] == 0
