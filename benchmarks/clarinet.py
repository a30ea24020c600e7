"""Training time until a clarinet runs freely, in tune and in timbre: ours, the article's, and no network."""

from benchmarks.common import Row, against_no_network, train_until_good
from rnnsound import presets, recordings
from rnnsound.evaluate import report_sustained

LIMITS = {"restlessness (times)": 1.25, "pitch (cents)": 2.0, "peak ratio": 1.5}
SEEDS = range(3)
ARTICLE = presets.ARTICLE_CLARINET.replace(epochs=400)  # a round of its training; its own 100 are soon over


def rows() -> list[Row]:
    recording = recordings.load("clarinet")

    def judge(model):
        rows = report_sustained(model, recording, SEEDS)
        return {name: max(row[name] for row in rows) for name in LIMITS}  # below the recording's own is well

    ours, reached = train_until_good(presets.CLARINET, recording, judge, LIMITS, seconds=0)
    seconds = ours.history.seconds
    article, theirs = train_until_good(ARTICLE, recording, judge, LIMITS, seconds=2 * seconds)
    note = f"{reached}; article {theirs}"
    trained = Row("clarinet that needs no resets, vs article", seconds, article.history.seconds, 1.0, note)
    return [trained, *against_no_network("clarinet", ours, recording)]
