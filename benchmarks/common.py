"""How everything here is measured: ours and the peer's in turn, and the median of several rounds."""

import statistics
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass

from rnnsound import Sound
from rnnsound.config import ModelConfig
from rnnsound.dsp.measures import log_mel_distance
from rnnsound.evaluate import without_network
from rnnsound.sound_model import SoundModel


@dataclass(frozen=True)
class Row:
    """One line of the table: ours against a peer.

    Args:
        name: what is done.
        ours: median seconds of ours, or another measure that is better the smaller it is.
        peer: the peer's.
        goal: what the ratio ours / peer should not exceed.
        note: anything else worth a word, such as peak memory.
        unit: of both.
    """

    name: str
    ours: float
    peer: float
    goal: float
    note: str = ""
    unit: str = "s"

    @property
    def ratio(self) -> float:
        """Ours over the peer's: below 1 is faster, or better."""
        return self.ours / self.peer

    def __str__(self):
        verdict = "ok" if self.ratio <= self.goal else "MISSED"
        return (
            f"{self.name:<52} {self.ours:9.4f} {self.unit:<2} {self.peer:9.4f} {self.unit:<2} "
            f"{self.ratio:7.2f} (at most {self.goal:.2f}: {verdict}) {self.note}"
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
) -> tuple[SoundModel, str]:
    """Train in rounds of config.train.epochs until the judge's measures keep the limits, or for so long.

    Returns:
        The model, and what was reached.
    """
    model, epochs = None, config.train.epochs
    while True:
        model = SoundModel.fit(recording, config.replace(epochs=epochs), resume=model, progress=False)
        epochs += config.train.epochs
        measured = judge(model)
        good = all(measured[name] <= limit for name, limit in limits.items())
        if good or model.history.seconds >= seconds:
            said = ", ".join(f"{measured[name]:.1f} {name}" for name in limits)
            return model, f"{'reached' if good else 'NOT reached'}: {said}"


def against_no_network(name: str, model: SoundModel, recording: Sound) -> list[Row]:
    """Compare the distances of three takes with those of what was measured, without a network.

    Returns:
        Two rows, in dB: against a linear function of what the network is told, and against a still frame.
    """
    best = model.resynthesize(recording)
    takes = [model.generate(recording.duration, seed=seed) for seed in range(3)]
    ours = statistics.mean(log_mel_distance(take, best) for take in takes)
    rows = []
    for clock, peer in ((True, "a linear function of time"), (False, "a still frame")):
        theirs = log_mel_distance(without_network(model, recording, clock=clock), best)
        rows.append(Row(f"{name}: distance, vs {peer}", ours, theirs, 0.95, unit="dB"))
    return rows
