"""Several processes train one network together, and end together."""

import os
import random
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from rnnsound.features.sequence import Sequence, Share
from rnnsound.features.variations import Variations
from rnnsound.instrument_model import InstrumentModel
from rnnsound.nn import team as team_module
from rnnsound.nn import train as train_module
from rnnsound.nn.network import SoundRNN
from rnnsound.nn.team import Team, current_team, joined, together
from rnnsound.nn.train import train
from tests.processes import QUICK, Processes, made_up_notes

posix = pytest.mark.skipif(sys.platform == "win32", reason="processes are forked, and POSIX signals")
ROOT = Path(__file__).parent.parent
MANY = 10_000  # epochs: more than any test waits for
SECONDS = 20.0  # until all processes have ended; they take a fraction of one, on an idle computer


@pytest.fixture(scope="module")
def notes():
    return made_up_notes(7)


def fit(notes, on_epoch=None, resume=None, **settings):
    return InstrumentModel.fit(
        notes, QUICK.replace(**settings), resume=resume, on_epoch=on_epoch, progress=False
    )


def saved_by_the_first(model, path):
    if current_team().leads:
        model.save(path)


def by_processes(size, folder, notes, resume=None, **settings):
    """Train in so many processes; return the model."""

    def learn():
        saved_by_the_first(fit(notes, None, resume, **settings), folder / "together.pt")

    assert Processes(size, learn, folder).end(within=SECONDS) == [0] * size
    return InstrumentModel.load(folder / "together.pt")


def farthest(one, other):
    """Return by how much two models' parameters differ at most."""
    pairs = zip(one.network.parameters(), other.network.parameters(), strict=True)
    return max((a - b).abs().max().item() for a, b in pairs)


UNEVEN = {"batch_size": 5}  # 7 notes: shares of 3 and 2 rows, then of 1 and 1
FEWER = {"batch_size": 6}  # 6 rows and 1: the second process has none in the last batch
PLAIN = {"scheduled_sampling": 0.0, "input_noise": 0.0}


@posix
@pytest.mark.parametrize(
    "settings",
    [UNEVEN, FEWER, UNEVEN | PLAIN, FEWER | {"loss": "mdn", "n_mixtures": 3, "optimizer": "adagrad"}],
    ids=["uneven", "fewer rows than processes", "nothing corrupted", "mixtures"],
)
def test_two_processes_learn_what_one_learns_with_the_same_batches(tmp_path, notes, settings):
    one, two = fit(notes, **settings), by_processes(2, tmp_path, notes, **settings)
    assert farthest(one, two) < 1e-5
    np.testing.assert_allclose(two.history.losses, one.history.losses, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(two.history.errors, one.history.errors, rtol=1e-5)


@posix
def test_three_processes_with_two_rows_learn_what_one_learns(tmp_path, notes):
    settings = {"batch_size": 2, "learning_rate": 1e-3}
    one, three = fit(notes, **settings), by_processes(3, tmp_path, notes, **settings)
    assert farthest(one, three) < 1e-5
    np.testing.assert_allclose(three.history.losses, one.history.losses, rtol=1e-5, atol=1e-5)


@posix
def test_after_many_epochs_two_processes_have_the_loss_of_one(tmp_path, notes):
    one, two = fit(notes, epochs=8), by_processes(2, tmp_path, notes, epochs=8)
    np.testing.assert_allclose(two.history.losses, one.history.losses, rtol=1e-4, atol=1e-4)


@posix
@pytest.mark.parametrize("sizes", [(2, 1), (1, 2)], ids=["2 -> 1", "1 -> 2"])
def test_a_training_goes_on_with_another_number_of_processes_as_if_it_had_been_one(tmp_path, notes, sizes):
    whole = fit(notes, epochs=4)
    kept = []
    config = {"epochs": 4}

    def stop(model):
        model.save(tmp_path / "half.pt")
        if len(model.history.losses) == 2:
            signal.raise_signal(signal.SIGTERM)

    if sizes[0] == 1:
        with pytest.warns(UserWarning, match="stopped after 2 of 4"):
            fit(notes, stop, **config)
    else:
        assert Processes(2, lambda: fit(notes, stop, **config), tmp_path).end(SECONDS) == [0, 0]
    half = InstrumentModel.load(tmp_path / "half.pt")
    assert len(half.history.losses) == 2
    rest = fit(notes, kept.append, half, **config) if sizes[1] == 1 else by_processes(
        2, tmp_path, notes, half, **config
    )  # fmt: skip
    np.testing.assert_allclose(rest.history.losses, whole.history.losses, rtol=1e-4, atol=1e-4)
    assert farthest(rest, whole) < 1e-4


def endless(notes, path):
    """Train on and on, and keep a checkpoint of every epoch; write what a stop is told with."""
    with warnings.catch_warnings(record=True) as said:
        model = fit(notes, lambda model: model.save(path), epochs=MANY)
    print(f"{model.history.stopped_by}, {len(model.history.losses)}, {len(said)} warnings", file=sys.stderr)


def wait_for(path, seconds=SECONDS):
    until = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < until, "no checkpoint was written"
        time.sleep(0.01)


def resumes(notes, path):
    """Say whether a checkpoint can be read, and learned on from."""
    kept = InstrumentModel.load(path)
    done = len(kept.history.losses)
    more = fit(notes, None, kept, epochs=done + 1)
    return len(more.history.losses) == done + 1 and np.isfinite(more.history.losses).all()


@posix
@pytest.mark.parametrize("rank", [0, 1])
def test_when_a_process_is_killed_the_other_says_so_in_a_sentence_and_the_checkpoint_resumes(
    tmp_path, notes, rank
):
    path = tmp_path / "m.pt"
    for turn in range(int(os.environ.get("KILLS", "2"))):
        path.unlink(missing_ok=True)
        processes = Processes(2, lambda: endless(notes, path), tmp_path)
        wait_for(path)
        time.sleep(random.Random(f"{rank} {turn}").uniform(0, 0.3))
        os.kill(processes.all[rank].pid, signal.SIGKILL)
        status = processes.end(within=SECONDS)
        assert status[rank] == -signal.SIGKILL
        assert status[1 - rank] == 1
        told = processes.told(1 - rank)
        assert told.startswith("ProcessLost: another process of this training was lost; ")
        assert told.count("\n") == 1
        assert resumes(notes, path)


@posix
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
@pytest.mark.parametrize("rank", [0, 1])
def test_a_signal_to_any_process_stops_all_after_the_same_epoch(tmp_path, notes, rank, name):
    path = tmp_path / "m.pt"
    processes = Processes(2, lambda: endless(notes, path), tmp_path)
    wait_for(path)
    os.kill(processes.all[rank].pid, getattr(signal, name))
    assert processes.end(within=SECONDS) == [0, 0]
    done = len(InstrumentModel.load(path).history.losses)
    stopped = f"{int(getattr(signal, name))}, {done}"
    assert processes.told(0) == f"{stopped}, 1 warnings\n"
    assert processes.told(1) == f"{stopped}, 0 warnings\n"  # the first alone says it to the user


@posix
@pytest.mark.parametrize("rank", [0, 1])
def test_a_divergence_in_any_process_ends_all_with_the_last_good_epoch(tmp_path, notes, rank):
    path, loss = tmp_path / "m.pt", train_module.LOSSES["beta_nll"]

    def diverge():
        def infinite(mixture, target):
            wrong = current_team().rank == rank and path.exists()
            return loss(mixture, target) * (torch.inf if wrong else 1.0)

        train_module.LOSSES["beta_nll"] = infinite
        fit(notes, lambda model: model.save(path), epochs=MANY)

    processes = Processes(2, diverge, tmp_path)
    assert processes.end(within=SECONDS) == [1, 1]
    for other in (0, 1):
        assert processes.told(other).startswith("TrainingDiverged: the loss was no longer a number in epoch ")
        assert processes.told(other).count("\n") == 1
    assert resumes(notes, path)


@posix
def test_an_error_of_one_process_is_told_as_what_it_is_and_ends_the_others(tmp_path, notes):
    def full(model):
        raise RuntimeError("the disk is full")

    processes = Processes(2, lambda: fit(notes, full, epochs=MANY), tmp_path)
    assert processes.end(within=SECONDS) == [1, 1]
    assert processes.told(0) == "RuntimeError: the disk is full\n"
    assert processes.told(1).startswith("ProcessLost: ")


@posix
@pytest.mark.parametrize("differs", ["notes", "settings", "model"])
def test_processes_that_were_given_different_things_are_told_so(tmp_path, notes, differs):
    before = fit(notes)

    def learn():
        second = current_team().rank == 1
        fit(
            made_up_notes(6) if second and differs == "notes" else notes,
            resume=None if second and differs == "model" else before,
            epochs=4 if second and differs == "settings" else 3,
        )

    processes = Processes(2, learn, tmp_path)
    assert processes.end(within=SECONDS) == [1, 1]
    for rank in (0, 1):
        assert processes.told(rank).startswith("ValueError: the processes of this training have different")


@posix
def test_single_recordings_are_not_shared_and_a_sentence_says_so(tmp_path):
    sequence = Sequence(np.zeros((50, 2), np.float32))

    def learn():
        with pytest.raises(ValueError, match="start one without torchrun"):
            train(SoundRNN(2, 4), [sequence], progress=False)
        current_team().largest(0)

    assert Processes(2, learn, tmp_path).end(within=SECONDS) == [0, 0]


SCRIPT = """
import sys
from rnnsound.instrument_model import InstrumentModel
from rnnsound.nn.team import joined
from tests.processes import QUICK, made_up_notes

def keep(model):
    model.save(sys.argv[1])

with joined("cpu"):
    config = QUICK.replace(epochs=int(sys.argv[2]))
    InstrumentModel.fit(made_up_notes(7), config, on_epoch=keep, progress=False)
"""


@posix
def test_what_torchrun_started_learns_as_one_process_does_until_it_is_interrupted(tmp_path, notes):
    path = tmp_path / "m.pt"
    (tmp_path / "learn.py").write_text(SCRIPT)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command += [tmp_path / "learn.py", path, str(MANY)]
    here = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=here, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as started:
        wait_for(path, 60.0)  # it loads PyTorch three times
        started.send_signal(signal.SIGINT)
        started.communicate(timeout=SECONDS)
    together = InstrumentModel.load(path)

    def stop(model):
        if len(model.history.losses) == len(together.history.losses):
            signal.raise_signal(signal.SIGINT)

    with pytest.warns(UserWarning, match="stopped after"):
        alone = fit(notes, stop, epochs=MANY)
    np.testing.assert_allclose(together.history.losses, alone.history.losses, rtol=1e-4, atol=1e-4)
    assert resumes(notes, path)


def test_a_batch_is_dealt_out_row_by_row_and_weights_add_up():
    for total in range(1, 9):
        for size in range(1, 6):
            shares = [Share.of(rank, size, total) for rank in range(size)]
            rows = [np.arange(total)[share.rows] for share in shares]
            counted = [row for share, own in zip(shares, rows, strict=True) if share.weight for row in own]
            assert sorted(counted) == list(range(total))
            assert all(len(own) for own in rows)
            np.testing.assert_allclose(
                [share.weight for share in shares],
                [len(own) / total if rank < total else 0 for rank, own in enumerate(rows)],
            )


def test_each_process_gets_its_rows_of_the_batches_that_one_would_get(notes):
    lessons = Variations(notes, fit(notes).scaler, ("a", "b"), 3, seed=1)
    for whole, *parts in zip(*(lessons.epoch(4, *of) for of in ((0, 1), (0, 2), (1, 2))), strict=True):
        for part in parts:
            assert part.share.total == len(whole.vectors)
            for name in ("vectors", "conditions", "mask"):
                np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[part.share.rows])


def test_alone_a_team_is_one_process_and_nothing_is_sent():
    team, loss = Team(), torch.tensor(2.0)
    assert (team.leads, team.size, team.largest(3), team.agrees(5)) == (True, 1, 3, True)
    assert team.weigh(loss, 0.5) is loss
    network = SoundRNN(2, 4)
    assert team.share_gradients(network) is network
    with joined("cpu") as alone:
        assert alone.size == 1


def test_only_what_other_processes_cause_is_told_as_their_loss():
    with pytest.raises(RuntimeError, match="sizes differ") as caught, together():
        raise RuntimeError("sizes differ")
    assert not isinstance(caught.value, team_module.ProcessLost)
    with pytest.raises(team_module.ProcessLost), together():
        raise torch.distributed.DistBackendError("NCCL communicator was aborted")


def test_a_machine_with_too_few_gpus_says_so(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("LOCAL_RANK", "97")
    with (
        pytest.raises(ValueError, match="device='cuda:97' is not available on this computer"),
        joined("cuda"),
    ):
        pass


def test_processes_share_the_cores_of_their_machine(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert Team().n_cores == 8
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    assert Team(3, 4).n_cores == 4
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "16")
    assert Team(3, 16).n_cores == 1
