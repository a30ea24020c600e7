"""Training time until a piano note runs freely and is one: ours and the article's recipe."""

import numpy as np

from benchmarks.common import Row, train_until_good
from rnnsound import Sound, measures, presets, recordings
from rnnsound.partials import decay, partials
from rnnsound.sound_model import SoundModel

DISTANCE, CENTS, DECAY, ONSET = 2.0, 5.0, 20.0, 10.0  # dB to the recording; cents; percent; milliseconds
SEEDS = range(3)


def quality(model: SoundModel, recording: Sound) -> tuple[float, float, float, float]:
    """Return distance to the recording, errors of partials, decays and onset, the worst of all takes."""
    known = recordings.describe(recording.label)
    true = partials(recording, known["frequency"])
    lasts = np.array([decay(recording, f, known["held"]) for f in true])
    rows = []
    for seed in SEEDS:
        note = model.generate(recording.duration, seed=seed)
        cents = measures.cents(partials(note, known["frequency"]), true)
        dies = np.array([decay(note, f, known["held"]) for f in true])
        late = 1000 * (measures.onset(note) - measures.onset(recording))
        away = measures.spectral_distance(note, recording)
        rows.append((away, np.abs(cents).max(), 100 * np.abs(dies / lasts - 1).max(), abs(late)))
    return tuple(np.max(rows, axis=0))


def rows() -> list[Row]:
    recording = recordings.load("piano")

    def judge(model):
        reached = quality(model, recording)
        good = all(np.array(reached) <= (DISTANCE, CENTS, DECAY, ONSET))
        return good, "{:.1f} dB, {:.0f} cents, decay {:.0f} %, onset {:.0f} ms".format(*reached)

    ours, reached = train_until_good(presets.PIANO, recording, judge, limit=0)
    article, theirs = train_until_good(presets.ARTICLE_PIANO, recording, judge, limit=2 * ours)
    return [Row("piano, vs article", ours, article, 1.0, f"{reached}; article {theirs}")]
