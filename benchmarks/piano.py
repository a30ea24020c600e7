"""Training time until a piano note runs freely and is one: ours and the article's recipe."""

from benchmarks.common import Row, train_until_good
from rnnsound import presets, recordings
from rnnsound.evaluate import report_struck, worst

LIMITS = {"distance (dB)": 2.0, "partials (cents)": 5.0, "decay (%)": 20.0, "onset (ms)": 10.0}
SEEDS = range(3)


def rows() -> list[Row]:
    recording, known = recordings.load("piano"), recordings.describe("piano")

    def judge(model):
        return worst(report_struck(model, recording, known["frequency"], known["held"], SEEDS))

    ours, reached = train_until_good(presets.PIANO, recording, judge, LIMITS, seconds=0)
    article, theirs = train_until_good(presets.ARTICLE_PIANO, recording, judge, LIMITS, seconds=2 * ours)
    return [Row("piano, vs article", ours, article, 1.0, f"{reached}; article {theirs}")]
