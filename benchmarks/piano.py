"""Training time until a piano note runs freely and is one: ours and the article's recipe."""

from benchmarks.common import Row, train_until_good
from rnnsound import presets, recordings
from rnnsound.dsp.partials import compare

LIMITS = {"distance (dB)": 2.0, "partials (cents)": 5.0, "decay (%)": 20.0, "onset (ms)": 10.0}
SEEDS = range(3)


def rows() -> list[Row]:
    recording, known = recordings.load("piano"), recordings.describe("piano")

    def judge(model):
        takes = [model.generate(recording.duration, seed=seed) for seed in SEEDS]
        found = [compare(take, recording, known["frequency"], known["held"]) for take in takes]
        worst = {name: max(abs(measures[name]) for measures in found) for name in LIMITS}
        said = ", ".join(f"{name.partition(' ')[0]} {value:.1f}" for name, value in worst.items())
        return all(worst[name] <= limit for name, limit in LIMITS.items()), said

    ours, reached = train_until_good(presets.PIANO, recording, judge, limit=0)
    article, theirs = train_until_good(presets.ARTICLE_PIANO, recording, judge, limit=2 * ours)
    return [Row("piano, vs article", ours, article, 1.0, f"{reached}; article {theirs}")]
