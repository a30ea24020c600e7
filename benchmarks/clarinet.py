"""Training time until a clarinet runs freely, in tune and in timbre: ours and the article's recipe."""

import numpy as np

from benchmarks.common import Row, train_until_good
from rnnsound import Sound, measures, presets, recordings
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


def rows() -> list[Row]:
    recording = recordings.load("clarinet")

    def judge(model):
        distance, deviation, drift = quality(model, recording)
        good = distance <= DISTANCE and deviation <= DEVIATION and drift <= DRIFT
        return good, f"{distance:.1f} dB, {deviation:+.0f} cents, {drift:.1f} cents/s"

    ours, reached = train_until_good(presets.CLARINET, recording, judge, limit=0)
    article, theirs = train_until_good(presets.ARTICLE_CLARINET, recording, judge, limit=2 * ours)
    note = f"{reached}; article {theirs}"
    return [Row("clarinet that needs no resets, vs article", ours, article, 1.0, note)]
