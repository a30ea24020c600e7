"""What is said of takes beside their recording: one report for sustained notes, one for struck ones.

Notebooks 06_clarinet and 07_piano print these, and so does make bench. A take is at variance scale 1, free
running, without resets.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from rnnsound.dsp.measures import (
    cents,
    level,
    level_over_time,
    log_mel_distance,
    onset,
    pitch,
    pitch_deviation,
    restlessness,
    slow_movement,
    spectral_centroid,
)
from rnnsound.dsp.partials import decay, heard_until, partials
from rnnsound.dsp.sound import Sound

if TYPE_CHECKING:  # imports PyTorch
    from rnnsound.sound_model import SoundModel

_ATTACK, _RELEASE = 0.5, 1.0  # seconds at a note's beginning and end where it is not yet, or no longer, held
_SPOKEN = 0.1  # seconds at a note's beginning that would widen the noise of all of it
_STROKE = 2.0  # seconds in which hammer and beats are heard


def report_sustained(model: "SoundModel", recording: Sound, seeds: Iterable[int]) -> list[dict[str, float]]:
    """Compare takes of a blown or bowed note, as long as the recording, with it.

    Args:
        model: of a sustained note.
        recording: that it learned.
        seeds: one for each take.

    Returns:
        For each seed, by name and unit: the log-mel distance to the resynthesized recording, in dB and in
        the recording's own restlessness; of the part that is held, the 95th percentile of the pitch's
        deviation, beyond the recording's own (infinity where there is no pitch), and how much level and pitch
        wander as a part of what they do in the recording; how far it is down at the end; and the peak over
        the resynthesized one.

    Notebook: 06_clarinet.
    """
    best, own = model.resynthesize(recording), held(recording)
    median, restless = np.nanmedian(pitch(own)[1]), max(restlessness(best), 1e-9)
    off, wander = pitch_deviation(own, median)[1], [moved.std() for moved in slow_movement(own)]
    rows = []
    for seed in seeds:
        take = model.generate(recording.duration, seed=seed)
        distance, part, spread = log_mel_distance(take, best), held(take), [np.inf, np.inf]
        in_tune = np.isfinite(pitch(part)[1]).any()
        if in_tune:
            spread = [
                moved.std() / max(o, 1e-9) for moved, o in zip(slow_movement(part), wander, strict=True)
            ]
        rows.append(
            {
                "distance (dB)": distance,
                "restlessness (times)": distance / restless,
                "pitch (cents)": pitch_deviation(part, median)[1] - off if in_tune else np.inf,
                "level wanders (times)": spread[0],
                "pitch wanders (times)": spread[1],
                "ends (dB)": fallen(take),
                "peak ratio": take.peak / best.peak,
            }
        )
    return rows


def held(sound: Sound) -> Sound:
    """Return the part of a note that is held: from 0.5 s on until 1 s before the end, or the middle half.

    Notebook: 06_clarinet.
    """
    quarter = sound.duration / 4
    return sound.crop(min(_ATTACK, quarter), sound.duration - min(_RELEASE, quarter))


def fallen(sound: Sound) -> float:
    """Return how far a note is down at its end: its last 50 ms below the median of its middle half, in dB.

    Notebook: 06_clarinet.
    """
    _, levels = level_over_time(sound, 0.05)
    middle = levels[len(levels) // 4 : 3 * len(levels) // 4]
    return float(np.median(middle) - level(sound.crop(sound.duration - 0.05, sound.duration)))


def without_network(model: "SoundModel", recording: Sound, seed: int = 0, clock: bool = True) -> Sound:
    """Make a take as long as the recording with no network: what a network has to beat.

    What was measured of the note is put back as for a take of the network's. What it would draw is a linear
    function of what it is told, found by least squares from 0.1 s on, and Gaussian noise of what that leaves
    over.

    Args:
        model: gives note, scaler, vocoder and phases.
        recording: that it learned.
        seed: start of the random numbers.
        clock: False leaves the time out, too: one still frame, and noise.

    Notebooks: 06_clarinet, 07_piano.
    """
    note, rate = model.note, recording.sample_rate
    learned = note.remove_decay(note.analyze(recording, model.vocoder), recording.duration)

    def told(times: np.ndarray) -> np.ndarray:
        ones = np.ones((len(times), 1))
        return np.hstack([ones, note.conditions(times, recording.duration)]) if clock else ones

    vectors, known = model.scaler.transform(learned), told(learned.times)
    spoken = learned.times > _SPOKEN
    weights = np.linalg.lstsq(known[spoken], vectors[spoken], rcond=None)[0]
    left_over = (vectors - known @ weights)[spoken].std(axis=0)
    first = model.generate_frames(1)
    silence, hop = -first.start, model.vocoder.hop_size
    times = first.time_of(np.arange((silence + len(recording)) // hop + 1))
    noise = np.random.default_rng(seed).standard_normal((len(times), len(left_over)))
    drawn = model.scaler.inverse_transform(told(times) @ weights + left_over * noise, first, bounded=True)
    sound = model.synthesize(note.apply_decay(drawn, recording.duration))
    return Sound(sound.samples[silence:][: len(recording)], rate, "without a network")


def report_struck(
    model: "SoundModel", recording: Sound, fundamental: float, seeds: Iterable[int]
) -> list[dict[str, float]]:
    """Compare takes of a struck note, each as long as the recording, with it: compare_struck for each seed.

    Decays are compared up to where a take is let go.

    Notebook: 07_piano.
    """
    takes = (model.generate(recording.duration, seed=seed) for seed in seeds)
    until = recording.duration - model.note.tail
    return [compare_struck(take, recording, fundamental, until) for take in takes]


def compare_struck(take: Sound, recording: Sound, fundamental: float, until: float) -> dict[str, float]:
    """Return how far a struck note is from the recording that it was learned from.

    Args:
        take: the generated note.
        recording: the other one, of the same sample rate.
        fundamental: in Hz.
        until: when the damper falls, in seconds.

    Returns:
        By name and unit: log-mel distance, of all and of the first 2 s; the largest error of the first eight
        partials' frequencies; the largest and the median error of their decay times, each over the span in
        which the recording's is heard (infinity where one does not get weaker); how much too late the onset
        is; how much too bright it is, by its spectral centroid; how much too high the peak is.

    Raises:
        ValueError: a sound is too short or silent, or the sample rates differ.

    Notebook: 07_piano.
    """
    true = partials(recording, fundamental)
    away = np.abs(cents(partials(take, fundamental), true)).max()
    spans = [min(until, heard_until(recording, f)) for f in true]
    lasts, dies = (
        np.array([decay(sound, f, span) for f, span in zip(true, spans, strict=True)])
        for sound in (recording, take)
    )
    with np.errstate(invalid="ignore"):
        wrong = np.where(dies == lasts, 0.0, 100 * np.abs(dies / lasts - 1))  # none, if neither gets weaker
    begins, other = onset(recording), onset(take)
    first = [sound.crop(0, min(_STROKE, sound.duration)) for sound in (take, recording)]
    return {
        "distance (dB)": log_mel_distance(take, recording),
        "first 2 s (dB)": log_mel_distance(*first),
        "partials (cents)": float(away),
        "decay, worst (%)": float(wrong.max()),
        "decay, median (%)": float(np.median(wrong)),
        "onset (ms)": 1000 * (other - begins),
        "centroid (%)": 100 * (spectral_centroid(take, other) / spectral_centroid(recording, begins) - 1),
        "peak (dB)": 20 * np.log10(take.peak / recording.peak),
    }


def mean(rows: list[dict[str, float]]) -> dict[str, float]:
    """Return the mean of every measure over several takes."""
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def worst(rows: list[dict[str, float]]) -> dict[str, float]:
    """Return the largest absolute value of every measure over several takes."""
    return {name: float(np.max([abs(row[name]) for row in rows])) for name in rows[0]}
