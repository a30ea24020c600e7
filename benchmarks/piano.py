"""Training time until a piano note runs freely and is one: ours, the article's recipe, and no network."""

from benchmarks.common import Row, against_no_network, train_until_good
from rnnsound import presets, recordings
from rnnsound.evaluate import compare_struck, worst

LIMITS = {
    "distance (dB)": 0.9,
    "first 2 s (dB)": 0.8,
    "partials (cents)": 5.0,
    "decay, worst (%)": 20.0,
    "onset (ms)": 10.0,
}
SEEDS = range(3)
ARTICLE = presets.ARTICLE_PIANO.replace(epochs=400)  # a round of its training; its own 100 are soon over
RINGING = 11.5  # seconds of the recording in which a take is not let go


def rows() -> list[Row]:
    recording, known = recordings.load("piano"), recordings.describe("piano")

    def judge(model):
        takes = (model.generate(recording.duration, seed=seed) for seed in SEEDS)
        return worst([compare_struck(take, recording, known["frequency"], RINGING) for take in takes])

    ours, reached = train_until_good(presets.PIANO, recording, judge, LIMITS, seconds=0)
    seconds = ours.history.seconds
    article, theirs = train_until_good(ARTICLE, recording, judge, LIMITS, seconds=2 * seconds)
    note = f"{reached}; article {theirs}"
    trained = Row("piano, vs article", seconds, article.history.seconds, 1.0, note)
    return [trained, *against_no_network("piano", ours, recording)]
