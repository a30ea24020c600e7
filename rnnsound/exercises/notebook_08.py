"""Answers to the exercises of notebook 08: speed and pitch, a tremolo of variance, a robot."""

import numpy as np

from rnnsound.dsp.measures import pitch
from rnnsound.dsp.sound import Sound
from rnnsound.exercises.checks import Check, Number, Shown


def _a_tremolo(make) -> str:
    """Say what is wrong with a function that draws a tremolo of variance."""
    for seconds, rate in ((2.0, 3.0), (1.0, 5.0)):
        scales = np.asarray(make(seconds, rate), dtype=float)
        if scales.ndim != 1 or len(scales) < 20 * seconds * rate:
            return "give at least 20 values for every swing, or the curve is all corners."
        if not (np.isfinite(scales).all() and (scales > 0).all()):
            return "a variance scale that swings by its logarithm is never 0 or below."
        curve = np.log10(scales)
        if abs(curve.min()) > 0.1 or abs(curve.max() - 3) > 0.1:
            return "s should go from 1 to 1000 and back: the logarithm from 0 to 3."
        above = curve > 1.5
        swings = np.count_nonzero(np.diff(above.astype(int)) == 1) + above[0]
        if swings != round(seconds * rate):
            return f"in {seconds:g} s, {rate:g} per second are {seconds * rate:g} swings, not {swings}."
        if not 0.4 < above.mean() < 0.6:
            return "let the logarithm swing, so that half of the time it is above the middle."
    return ""


def _seconds(n: int) -> np.ndarray:
    return np.linspace(0, 1, n)


def _twice_as_fast(seconds, rate):
    return 10 ** (1.5 - 1.5 * np.cos(4 * np.pi * rate * seconds * _seconds(2000)))


def _not_a_logarithm(seconds, rate):
    return 500.5 - 499.5 * np.cos(2 * np.pi * rate * seconds * _seconds(1000))


def _a_robot(make) -> str:
    """Say what is wrong with a function that takes away all phases."""
    rate = 44_100
    n = np.arange(rate // 2)
    turns = (170 * n + 60 * n**2 / len(n)) / rate
    glide = Sound(sum(np.sin(2 * np.pi * k * turns) for k in range(1, 25)) / 50, rate, "glide")
    for hop in (441, 294):
        sound = make(glide, hop)
        if not isinstance(sound, Sound) or abs(len(sound) - len(glide)) > 4096:
            return "the answer is a function that gives a Sound, about as long as the one that went in."
        if sound.peak == 0:
            return "there is only silence."
        middle = pitch(sound.crop(0.1, 0.4))[1]
        known = middle[np.isfinite(middle)]
        if len(known) < len(middle) / 2 or abs(np.median(known) - rate / hop) > 1:
            return (
                f"with hop={hop} the pitch should be {rate / hop:g} Hz, whatever went in: is every phase 0, "
                "and every frame put back where it was?"
            )
    return ""


def _unchanged(sound, hop):
    return sound


def _silent(sound, hop):
    return Sound(np.zeros(len(sound)), sound.sample_rate)


CHECKS: dict[str, Check] = {
    "08.1": Number(
        12 * np.log2(1.5),
        within=0.05,
        near=0.5,
        hint="an octave, 12 semitones, is a ratio of 2; count in octaves first: log2 of the ratio.",
        mistakes={
            6.0: "semitones are equal ratios, not equal differences: 1.5 is not half of an octave.",
            18.0: "this is 12 times the ratio; take its logarithm first.",
            12 * np.log(1.5): "this is the natural logarithm; an octave is a factor of 2, so use log2.",
        },
    ),
    "08.2": Shown(_a_tremolo, wrong=(_twice_as_fast, _not_a_logarithm, 3.0)),
    "08.3": Shown(_a_robot, wrong=(_unchanged, _silent)),
}
