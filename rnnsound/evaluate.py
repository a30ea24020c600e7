"""What is said of takes beside their recording: one report for sustained notes, one for struck ones.

Notebooks 06_clarinet and 07_piano print these, and so does make bench. A take is at variance scale 1, free
running, without resets.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from rnnsound.dsp.measures import (
    cents,
    drift,
    log_mel_distance,
    onset,
    pitch,
    pitch_deviation,
    spectral_centroid,
)
from rnnsound.dsp.partials import decay, partials
from rnnsound.dsp.sound import Sound

if TYPE_CHECKING:  # imports PyTorch
    from rnnsound.sound_model import SoundModel

_HELD = 10.0  # seconds of a note whose pitch is followed


def report_sustained(model: "SoundModel", recording: Sound, seeds: Iterable[int]) -> list[dict[str, float]]:
    """Compare takes of a blown or bowed note with the recording that they were learned from.

    Args:
        model: of a sustained note.
        recording: that it learned.
        seeds: one for each take.

    Returns:
        For each seed, by name and unit: the 95th percentile of the pitch's deviation over 10 s, beyond the
        recording's own (infinity where there is no pitch); its drift; the log-mel distance to the
        resynthesized recording, of a note as long; and the peak over the resynthesized one.

    Notebook: 06_clarinet.
    """
    best, median = model.resynthesize(recording), np.nanmedian(pitch(recording)[1])
    own = pitch_deviation(recording, median)[1]
    rows = []
    for seed in seeds:
        held, same = (model.generate(seconds, seed=seed) for seconds in (_HELD, recording.duration))
        in_tune = np.isfinite(pitch(held)[1]).any()
        rows.append(
            {
                "pitch (cents)": pitch_deviation(held, median)[1] - own if in_tune else np.inf,
                "drift (cents/s)": abs(drift(held)) if in_tune else np.inf,
                "distance (dB)": log_mel_distance(same, best),
                "peak ratio": same.peak / best.peak,
            }
        )
    return rows


def report_struck(
    model: "SoundModel", recording: Sound, fundamental: float, until: float, seeds: Iterable[int]
) -> list[dict[str, float]]:
    """Compare takes of a struck note, each as long as the recording, with it: compare_struck for each seed.

    Notebook: 07_piano.
    """
    takes = (model.generate(recording.duration, seed=seed) for seed in seeds)
    return [compare_struck(take, recording, fundamental, until) for take in takes]


def compare_struck(take: Sound, recording: Sound, fundamental: float, until: float) -> dict[str, float]:
    """Return how far a struck note is from the recording that it was learned from.

    Args:
        take: the generated note.
        recording: the other one, of the same sample rate.
        fundamental: in Hz.
        until: when the damper falls, in seconds.

    Returns:
        By name and unit: log-mel distance; the largest errors of the first eight partials' frequencies and of
        their decay times (infinity where one does not get weaker); how much too late the onset is; how much
        too bright it is, by its spectral centroid; how much too high the peak is.

    Raises:
        ValueError: a sound is too short or silent, or the sample rates differ.

    Notebook: 07_piano.
    """
    true = partials(recording, fundamental)
    away = np.abs(cents(partials(take, fundamental), true)).max()
    lasts, dies = (np.array([decay(sound, f, until) for f in true]) for sound in (recording, take))
    begins, other = onset(recording), onset(take)
    return {
        "distance (dB)": log_mel_distance(take, recording),
        "partials (cents)": float(away),
        "decay (%)": float(100 * np.abs(dies / lasts - 1).max()),
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
