"""How everything here is measured: ours and the peer's in turn, and the median of several rounds."""

import statistics
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass

from rnnsound import Sound
from rnnsound.config import ModelConfig
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
    config: ModelConfig,
    recording: Sound,
    judge: Callable[[SoundModel], dict[str, float]],
    limits: dict[str, float],
    seconds: float,
) -> tuple[float, str]:
    """Train in rounds of config.train.epochs until the judge's measures keep the limits, or for so long.

    Returns:
        The seconds of training, and what was reached.
    """
    model, epochs = None, config.train.epochs
    while True:
        model = SoundModel.fit(recording, config.replace(epochs=epochs), resume=model, progress=False)
        epochs += config.train.epochs
        measured = judge(model)
        good = all(measured[name] <= limit for name, limit in limits.items())
        if good or model.history.seconds >= seconds:
            said = ", ".join(f"{measured[name]:.1f} {name}" for name in limits)
            return model.history.seconds, f"{'reached' if good else 'NOT reached'}: {said}"
