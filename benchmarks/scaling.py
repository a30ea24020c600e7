"""Training of a corpus: two processes against one, threads, and an epoch against notes, units and batch.

On its own it prints frames per second for the device and the processes that it is started with, see
docs/scaling.md: torchrun --nproc-per-node 2 -m benchmarks.scaling cpu
"""

import math
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from benchmarks.common import Row, medians
from rnnsound.config import CorpusConfig
from rnnsound.dsp.harmonics import n_frames_for
from rnnsound.features.harmonic_scaler import HarmonicScaler
from rnnsound.features.note_table import NoteTable
from rnnsound.features.variations import Variations
from rnnsound.instrument_model import InstrumentModel
from rnnsound.nn import train as train_module
from rnnsound.nn.team import Team, current_team, joined
from rnnsound.presets import INSTRUMENTS
from tests.processes import Processes, made_up_notes

EPOCHS = 3  # in one measurement
MEAN_FRAMES = n_frames_for(2.9)  # of a note as it is varied, about
DEFAULT = INSTRUMENTS.replace(epochs=EPOCHS)
TABLES = {"cpu": ((64, 128, 256), (16, 64)), "cuda": ((128, 512, 1024, 2048), (64, 512, 4096))}


def frames_heard(table: NoteTable, config: CorpusConfig, first: int = 0) -> int:
    """Return how many frames a training goes through from an epoch on, over all processes."""
    scaler, settings = HarmonicScaler().fit(table), config.train
    lessons = Variations(table, scaler, table.instruments, settings.batch_size, settings.seed)
    shapes = [rows.vectors.shape for epoch in range(first, settings.epochs) for rows in lessons.epoch(epoch)]
    return sum(n_rows * (length - 1) for n_rows, length, _ in shapes)


def frames_per_second(table: NoteTable, config: CorpusConfig, device: str, team: Team) -> float:
    """Train; return how many frames a second all processes heard together, without the first epoch."""
    ends = []

    def after_epoch(model):
        ends.append(time.perf_counter())

    InstrumentModel.fit(table, config, device=device, on_epoch=after_epoch, progress=False)
    return frames_heard(table, config, 1) / (ends[-1] - ends[0]) if team.leads else math.nan


def rows() -> list[Row]:
    return [_processes(), *_threads(), *_epochs()]


def _processes(rounds: int = 3) -> Row:
    """Compare two processes with one, in turn; each has a core."""
    table, config, speeds = made_up_notes(32), DEFAULT.replace(epochs=5), {1: [], 2: []}
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "speed"

        def measure():
            team = current_team()
            speed = frames_per_second(table, config, "cpu", team)
            if team.leads:
                told.write_text(str(speed))

        for size in list(speeds) * rounds:
            processes = Processes(size, measure, folder)
            if any(processes.end(within=600)):
                raise RuntimeError(processes.told(0))
            speeds[size].append(float(told.read_text()))
    one, two = (statistics.median(speeds[size]) for size in (1, 2))
    epoch = 32 * MEAN_FRAMES
    note = f"{two:.0f} vs {one:.0f} frames per second"
    return Row("epoch of 32 notes, 2 processes vs 1", epoch / two, epoch / one, 0.9, note)


def _threads() -> list[Row]:
    """Compare all threads with one, for a network that gains nothing by them and for a large one."""
    table, found, before = made_up_notes(16), [], train_module._LARGE_STEP

    def learn(config, smallest):
        train_module._LARGE_STEP = smallest
        InstrumentModel.fit(table, config, progress=False)

    for units, several_first, goal in ((128, False, 1.25), (512, True, 1.0)):
        config = DEFAULT.replace(hidden_size=units, epochs=1)
        several, one = medians(partial(learn, config, 0), partial(learn, config, math.inf), repeats=2)
        heard = frames_heard(table, config)
        pair = ((several, "all threads"), (one, "1 thread"))
        (ours, name), (peer, other) = pair if several_first else pair[::-1]
        note = f"{heard / ours:.0f} vs {heard / peer:.0f} frames per second"
        found.append(Row(f"epoch of 16 notes, {units} units, {name} vs {other}", ours, peer, goal, note))
    train_module._LARGE_STEP = before
    return found


def _epochs() -> list[Row]:
    """Compare an epoch's time with that of fewer notes, fewer units or smaller batches."""
    sizes = [(4, 128, 32), (8, 128, 32), (16, 128, 32), (16, 64, 32), (16, 256, 32), (16, 128, 4)]
    jobs, heard = [], []
    for n_notes, units, batch in sizes:
        table, config = made_up_notes(n_notes), DEFAULT.replace(hidden_size=units, batch_size=batch)
        jobs.append(partial(InstrumentModel.fit, table, config, progress=False))
        heard.append(frames_heard(table, config))
    times = medians(*jobs, repeats=3)
    found = zip(sizes, times, heard, strict=True)
    epoch = {size: size[0] * MEAN_FRAMES * seconds / n for size, seconds, n in found}
    pairs = [
        ("epoch of 8 notes, vs 4", sizes[1], sizes[0], 2.0),
        ("epoch of 16 notes, vs 8", sizes[2], sizes[1], 2.0),
        ("epoch of 16 notes, 128 units, vs 64", sizes[2], sizes[3], 4.0),
        ("epoch of 16 notes, 256 units, vs 128", sizes[4], sizes[2], 4.0),
        ("epoch of 16 notes, all in a batch, vs 4", sizes[2], sizes[5], 1.0),
    ]
    return [Row(name, epoch[ours], epoch[peer], goal) for name, ours, peer, goal in pairs]


def print_table(device: str) -> None:
    """Print frames per second against units, batch and digits; of several processes, the first prints."""
    with joined(device) as team:
        device = str(team.device) if team.size > 1 else device
        kind = device.partition(":")[0]
        if team.leads:
            print(f"{team.size} processes on {kind}; frames per second, all processes together")
            print(f"{'units':>6} {'notes in a batch':>17} {'32 bits':>12} {'16 bits (GPU)':>13}", flush=True)
        units, batches = TABLES["cuda" if kind == "cuda" else "cpu"]
        for hidden_size in units:
            for batch in batches:
                table = made_up_notes(batch)
                config = DEFAULT.replace(hidden_size=hidden_size, batch_size=batch)
                speeds = []
                for smallest in (math.inf, 0) if kind == "cuda" else (math.inf,):
                    train_module._HALVED_FROM = smallest
                    speeds.append(f"{frames_per_second(table, config, device, team):12.0f}")
                if team.leads:
                    print(f"{hidden_size:6} {batch:17} {' '.join(speeds)}", flush=True)


if __name__ == "__main__":
    print_table(sys.argv[1] if len(sys.argv) > 1 else "cpu")
