"""Notes made up for trainings that take a second, and several processes that train together."""

import multiprocessing
import os
import socket
import sys
import time
import traceback
from pathlib import Path

import numpy as np

from rnnsound.dsp.harmonics import HARMONIC, N_BANDS, N_PARTIALS, HarmonicFrames, n_frames_for, to_hertz
from rnnsound.features.note_table import Note, NoteTable
from rnnsound.nn.team import joined
from rnnsound.presets import INSTRUMENTS

# The rate at which rounding keeps one process and two apart by less than 1e-5.
QUICK = INSTRUMENTS.replace(hidden_size=16, batch_size=5, epochs=1, sequence_length=100, learning_rate=0.005)


def made_up_notes(count: int, seconds: float = 1.0) -> NoteTable:
    """Return noisy notes of two instruments, a whole tone apart up to B7; no two frames are alike."""
    notes, n = [], n_frames_for(seconds)
    for number in range(count):
        rng, midi = np.random.default_rng(number), 60.0 + 2 * (number % 20)
        amplitude = 0.1 * rng.random((n, N_PARTIALS)) / HARMONIC
        pitch = to_hertz(midi + 0.1 * rng.standard_normal(n))
        frames = HarmonicFrames(amplitude, 0.01 * rng.random((n, N_BANDS)), pitch, HARMONIC)
        notes.append((Note(f"{number}.wav", "ab"[number % 2], midi), frames))
    return NoteTable.of(notes, 0.5)


class Processes:
    """Processes that run a function together, as torchrun starts them, but forked: PyTorch is loaded here.

    Args:
        size: how many.
        function: what each runs.
        folder: where each keeps what it writes to standard error.
    """

    def __init__(self, size, function, folder):
        self.folder, context = Path(folder), multiprocessing.get_context("fork")
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))
            port = held.getsockname()[1]
        each = [(rank, size, port, function) for rank in range(size)]
        self.all = [context.Process(target=self._run, args=arguments) for arguments in each]
        for process in self.all:
            process.start()

    def _run(self, rank, size, port, function):
        os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(size)}
        os.environ |= {"LOCAL_WORLD_SIZE": str(size), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
        sys.stderr = open(self.folder / f"{rank}.txt", "w", buffering=1)  # noqa: SIM115
        try:
            with joined("cpu"):
                function()
        except (ValueError, RuntimeError) as error:  # the command line says as much
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
            os._exit(1)
        except BaseException:
            traceback.print_exc()
            os._exit(2)
        os._exit(0)

    def end(self, within: float) -> list[int]:
        """Wait until all have ended, at most so many seconds; return how each did."""
        until = time.monotonic() + within
        for process in self.all:
            process.join(max(until - time.monotonic(), 0))
        late = [rank for rank, process in enumerate(self.all) if process.is_alive()]
        for rank in late:
            self.all[rank].kill()
            self.all[rank].join()
        assert not late, f"process {late} still ran after {within} s; {[self.told(rank) for rank in late]}"
        return [process.exitcode for process in self.all]

    def told(self, rank: int) -> str:
        return (self.folder / f"{rank}.txt").read_text()
