"""How everything here is measured: ours and the peer's in turn, and the median of several rounds."""

import statistics
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass

from rnnsound import Sound
from rnnsound.presets import Settings
from rnnsound.sound_model import SoundModel


@dataclass(frozen=True)
class Row:
    """One line of the table: ours against a peer.

    Args:
        name: what is done.
        ours: median seconds of ours.
        peer: median seconds of the peer's.
        goal: what the ratio ours / peer should not exceed.
        note: anything else worth a word, such as peak memory.
    """

    name: str
    ours: float
    peer: float
    goal: float
    note: str = ""

    @property
    def ratio(self) -> float:
        """Ours over the peer's: below 1 is faster."""
        return self.ours / self.peer

    def __str__(self):
        verdict = "ok" if self.ratio <= self.goal else "MISSED"
        return (
            f"{self.name:<52} {self.ours:9.4f} s {self.peer:9.4f} s {self.ratio:7.2f} "
            f"(at most {self.goal:.2f}: {verdict}) {self.note}"
        )


def medians(*functions: Callable[[], object], repeats: int = 7) -> list[float]:
    """Time the functions in turn, several rounds, after one round to warm up; return each one's median."""
    times = [[] for _ in functions]
    for turn in range(repeats + 1):
        for function, own in zip(functions, times, strict=True):
            start = time.perf_counter()
            function()
            if turn:
                own.append(time.perf_counter() - start)
    return [statistics.median(own) for own in times]


def peak_memory(function: Callable[[], object]) -> float:
    """Return how many megabytes Python and NumPy hold at once, at most, while the function runs."""
    tracemalloc.start()
    function()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def train_until_good(
    settings: Settings, recording: Sound, judge: Callable[[SoundModel], tuple[bool, str]], limit: float
) -> tuple[float, str]:
    """Train in rounds of settings.epochs until the judge is content, or until the limit in seconds.

    Returns:
        The seconds of training, and what was reached.
    """
    model, seconds = None, 0.0
    while True:
        model = SoundModel.fit(recording, settings, resume=model, progress=False)
        seconds += model.history.seconds
        good, said = judge(model)
        if good or seconds >= limit:
            return seconds, f"{'reached' if good else 'NOT reached'}: {said}"
