"""Training time until a clarinet runs freely, in tune and in timbre: ours and the article's recipe."""

import numpy as np

from benchmarks.common import Row
from rnnsound import Sound, measures, presets, recordings
from rnnsound.presets import Settings
from rnnsound.sound_model import SoundModel

DISTANCE, DEVIATION, DRIFT = 2.0, 5.0, 0.5  # dB; cents beyond the recording's own; cents per second
SEEDS = range(3)


def quality(model: SoundModel, recording: Sound) -> tuple[float, float, float]:
    """Return distance to the resynthesized recording, pitch deviation beyond its own, drift, worst of all."""
    reference = model.resynthesize(recording)
    median = np.nanmedian(measures.pitch(recording)[1])
    own = measures.pitch_deviation(recording, median)[1]
    rows = []
    for seed in SEEDS:
        note, held = (model.generate(seconds, seed=seed) for seconds in (recording.duration, 10.0))
        try:
            pitch = measures.pitch_deviation(held, median)[1] - own, abs(measures.drift(held))
        except ValueError:  # no pitch at all
            pitch = np.inf, np.inf
        rows.append((measures.spectral_distance(note, reference), *pitch))
    return tuple(np.max(rows, axis=0))


def is_good(distance: float, deviation: float, drift: float) -> bool:
    return distance <= DISTANCE and deviation <= DEVIATION and drift <= DRIFT


def train_until_good(settings: Settings, recording: Sound, limit: float) -> tuple[float, tuple]:
    """Train in rounds of settings.epochs; return the seconds of training and the quality at the end."""
    model, seconds = None, 0.0
    while True:
        model = SoundModel.fit(recording, settings, resume=model, progress=False)
        seconds += model.history.seconds
        reached = quality(model, recording)
        if is_good(*reached) or seconds >= limit:
            return seconds, reached


def rows() -> list[Row]:
    recording = recordings.load("clarinet")
    ours, reached = train_until_good(presets.CLARINET, recording, limit=0)
    article, theirs = train_until_good(presets.ARTICLE_CLARINET, recording, limit=2 * ours)
    said = [
        f"{'reached' if is_good(*q) else 'NOT reached'}: {q[0]:.1f} dB, {q[1]:+.0f} cents, {q[2]:.1f} cents/s"
        for q in (reached, theirs)
    ]
    return [Row("clarinet that needs no resets, vs article", ours, article, 1.0, "; article ".join(said))]
