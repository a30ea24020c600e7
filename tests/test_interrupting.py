"""Whatever ends a training, what it learned is kept, and going on leads where one long training leads."""

import contextlib
import io
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import torch
from judges import posix
from tqdm.auto import tqdm

from rnnsound import SoundModel, presets, sine, terminal
from rnnsound.__main__ import main
from rnnsound.dsp import outputs
from rnnsound.fitting import UnfamiliarRecording
from rnnsound.nn.stopping import stoppable

EPOCHS = 80
ASKED = [
    "--epochs",
    str(EPOCHS),
    "--hidden-size",
    "12",
    "--scheduled-sampling",
    "0.3",
    "--input-noise",
    "0.1",
]
ASKED += ["--optimizer", "adam", "--final-learning-rate", "0.05", "--seed", "3"]


def run(*arguments):
    """Run a command in this process: exit status, standard output, standard error."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main([str(argument) for argument in arguments])
    return status, out.getvalue(), err.getvalue()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A recording, and the parameters that an uninterrupted training of it ends with."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("whole")
    sine(440.0, seconds=1.0).write(folder / "tone.wav")
    assert run("train", folder / "tone.wav", "-o", folder / "m.pt", *ASKED)[0] == 0
    started = time.perf_counter()  # the second time PyTorch has been loaded, as in the processes below
    assert run("train", folder / "tone.wav", "-o", folder / "m.pt", *ASKED)[0] == 0
    return folder / "tone.wav", SoundModel.load(folder / "m.pt"), time.perf_counter() - started


def train_in_a_process(tone, path):
    tqdm.set_lock(threading.RLock())  # one shared with the tests' process would stay locked after a kill
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    os._exit(main(["train", str(tone), "-o", str(path), *ASKED]))


def interrupted_training(tone, path, after, number):
    """Train in a process, send it a signal after so many seconds; return how it ended."""
    child = multiprocessing.get_context("fork").Process(target=train_in_a_process, args=(tone, path))
    child.start()
    time.sleep(after)
    os.kill(child.pid, number)
    child.join()
    return child.exitcode


@posix
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT", "SIGKILL"])
def test_a_training_that_is_ended_by_a_signal_resumes_to_what_an_uninterrupted_one_gives(
    tmp_path, whole, name
):
    tone, expected, seconds = whole
    rng, number, counts = random.Random(name), getattr(signal, name), []
    for turn in range(int(os.environ.get("KILLS", "4"))):
        path = tmp_path / f"{turn}.pt"
        status = interrupted_training(tone, path, rng.uniform(0.02, seconds), number)
        assert status in (0, -number if name == "SIGKILL" else 128 + number)
        if not path.exists():  # killed before its first epoch was over
            assert name == "SIGKILL"
            continue
        kept = SoundModel.load(path)
        counts.append(len(kept.history.losses))
        if counts[-1] < EPOCHS:
            assert run("train", tone, "-o", path, "--resume")[0] == 0
            kept = SoundModel.load(path)
        assert len(kept.history.losses) == EPOCHS
        for name_, p in kept.network.state_dict().items():
            torch.testing.assert_close(p, expected.network.state_dict()[name_], rtol=0, atol=1e-6)
        np.testing.assert_allclose(kept.history.losses, expected.history.losses, rtol=1e-9)
    assert counts
    assert [p for p in tmp_path.iterdir() if p.suffix != ".pt" and name != "SIGKILL"] == []


@posix
def test_many_signals_at_once_lose_nothing(tmp_path, whole):
    tone, *_ = whole
    path = tmp_path / "m.pt"
    child = multiprocessing.get_context("fork").Process(target=train_in_a_process, args=(tone, path))
    child.start()
    while child.is_alive() and not path.exists():  # up to its first checkpoint
        time.sleep(0.0005)
    for _ in range(20):
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGINT)
        time.sleep(0.0005)
    child.join()
    assert child.exitcode == 130
    assert SoundModel.load(path).history.losses


@posix
def test_signals_while_the_model_is_saved_wait_until_it_is(tmp_path, monkeypatch):
    save, begun, finished = SoundModel.save, [], []

    def struck(self, path):
        begun.append(path)
        signal.raise_signal(signal.SIGINT)
        save(self, path)
        signal.raise_signal(signal.SIGTERM)
        finished.append(path)

    monkeypatch.setattr(SoundModel, "save", struck)
    sine(440.0, seconds=0.2).write(tmp_path / "tone.wav")
    status, out, err = run("train", tmp_path / "tone.wav", "-o", tmp_path / "m.pt", "--epochs", "1")
    assert status == 0, err  # it was trained to its end
    assert "1 epochs in" in out
    assert len(begun) == len(finished) == 2  # after the first epoch, and at the end


@posix
def test_after_one_interrupt_the_program_ends_undisturbed():
    with terminal.ending_cleanly():
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGINT)


def test_stop_from_the_first_moment_on_gives_a_model_and_a_sentence(monkeypatch):
    """The signal comes while the recording is being analyzed."""
    from rnnsound import fitting

    analyze = fitting.PhaseVocoder.analyze

    def stopped(self, sound):
        signal.raise_signal(signal.SIGINT)
        return analyze(self, sound)

    monkeypatch.setattr(fitting.PhaseVocoder, "analyze", stopped)
    with pytest.warns(UserWarning, match="stopped after 0 of 20 epochs; the model keeps what it learned"):
        model = SoundModel.fit(sine(440.0, seconds=0.2), presets.SINE.replace(batch_size=2), progress=False)
    monkeypatch.undo()
    assert model.history.interrupted
    assert len(model.generate(0.1)) == 4410
    whole, config = sine(440.0, seconds=0.2), presets.SINE.replace(batch_size=2)
    more = SoundModel.fit(whole, config, resume=model, progress=False)
    np.testing.assert_array_equal(
        more.generate(0.1).samples, SoundModel.fit(whole, config, progress=False).generate(0.1).samples
    )


def test_a_model_is_kept_every_so_often_while_it_is_trained_and_a_full_disk_then_is_only_said(
    tmp_path, monkeypatch
):
    from rnnsound import learning

    monkeypatch.setattr(learning, "_SECONDS", 0.0)
    kept, save = [], SoundModel.save

    def full_after_three(model, path):
        if len(kept) == 3 and len(model.history.losses) < 6:
            raise OSError(f"{path}: this file cannot be written (No space left on device)")
        kept.append(len(model.history.losses))
        save(model, path)

    monkeypatch.setattr(SoundModel, "save", full_after_three)
    quick = ["--epochs", "6", "--hidden-size", "4", "--batch-size", "4"]
    status, _, err = run("train", "sine440", "-o", tmp_path / "m.pt", *quick)
    assert status == 0
    assert kept == [1, 2, 3, 6, 6]
    assert err.count("training goes on, and the last checkpoint stays") == 1
    assert len(SoundModel.load(tmp_path / "m.pt").history.losses) == 6


def test_an_output_that_cannot_be_written_is_found_out_before_the_training(tmp_path, monkeypatch):
    def never(*_, **__):
        raise AssertionError("it was trained")

    monkeypatch.setattr(SoundModel, "fit", never)
    (tmp_path / "file").write_text("")
    for path in (tmp_path / ("n" * 300), tmp_path / "file" / "m.pt", tmp_path):
        status, out, err = run("train", "sine440", "-o", path)
        assert (status, out) == (2, "")
        assert err.startswith("rnnsound: ")
        assert err.count("\n") == 1


def test_a_training_that_diverges_keeps_the_last_good_epoch(tmp_path, monkeypatch):
    from rnnsound.nn import train as module

    epoch, seen = module._epoch, []

    def diverge(*arguments):
        seen.append(1)
        return module.Epoch(float("nan"), float("nan")) if len(seen) == 4 else epoch(*arguments)

    monkeypatch.setattr(module, "_epoch", diverge)
    quick = ["--epochs", "9", "--hidden-size", "4", "--batch-size", "4"]
    status, _, err = run("train", "sine440", "-o", tmp_path / "m.pt", *quick)
    assert status == 1
    assert "the model is as it was after epoch 3" in err
    assert len(SoundModel.load(tmp_path / "m.pt").history.losses) == 3


def test_going_on_with_another_recording_is_refused_before_it_ruins_the_model(tmp_path):
    path = tmp_path / "m.pt"
    quick = ["--epochs", "2", "--hidden-size", "4", "--batch-size", "4"]
    assert run("train", "sine440", "-o", path, *quick)[0] == 0
    before = path.read_bytes()
    status, out, err = run("train", "clarinet", "-o", path, "--resume", "--epochs", "3")
    assert (status, out) == (2, "")
    assert "clarinet is far from what the model has learned" in err
    assert path.read_bytes() == before
    model = SoundModel.load(path)
    with pytest.warns(UnfamiliarRecording, match="660 Hz sine is far from"):
        SoundModel.fit(sine(660.0, 1.0), model.config.replace(epochs=3), resume=model, progress=False)


def test_neither_recordings_nor_models_are_replaced_by_what_is_made_of_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sine(440.0, seconds=0.5).write("src.wav")
    quick = ["--epochs", "1", "--hidden-size", "4", "--batch-size", "4"]
    assert run("train", "src.wav", "-o", "m.wav", *quick)[0] == 0
    before = {name: (tmp_path / name).read_bytes() for name in ("src.wav", "m.wav")}
    bundled = outputs.Path(__file__).parent.parent / "data" / "clarinet.flac"
    for arguments in (
        ("train", "src.wav", "-o", "src.wav"),
        ("train", "clarinet", "-o", bundled),
        ("generate", "m.wav", "-o", "m.wav"),
        ("generate", "m.wav", "-o", "src.wav", "--reset-source", "src.wav", "--resets-per-second", "3"),
    ):
        status, out, err = run(*arguments)
        assert (status, out) == (2, ""), arguments
        assert "would replace the recording or model" in err
    assert {name: (tmp_path / name).read_bytes() for name in before} == before
    assert bundled.stat().st_size > 10_000


@posix
@pytest.mark.parametrize("ending", ["2>&1 | head -c1", "2>&-", ">&-", "2>/dev/full"])
def test_a_broken_terminal_does_not_end_a_training(tmp_path, ending):
    quick = "--epochs 5 --hidden-size 4 --batch-size 4"
    command = f"{sys.executable} -m rnnsound train sine440 -o m.pt {quick} {ending}"
    subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, check=False)
    assert len(SoundModel.load(tmp_path / "m.pt").history.losses) == 5


def test_stops_nest_and_leave_the_handlers_as_they_were():
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with stoppable() as outer, stoppable() as inner:
        assert not outer
        signal.raise_signal(signal.SIGINT)
        assert outer
        assert inner is outer
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with stoppable() as stop:
        signal.raise_signal(signal.SIGINT)
        assert not stop  # what is ignored stays ignored, as under nohup
    signal.signal(signal.SIGINT, before)
