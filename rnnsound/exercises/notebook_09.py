"""Answers to the exercises of notebook 09: a kind, a stretch, and a canon."""

import numpy as np

from rnnsound.dsp.sound import Sound
from rnnsound.exercises.checks import Check, Choice, Number, Shown

_RATE = 1000


def _play(melody: str) -> Sound:
    """Stand in for what plays: a row of numbers that only depends on the text."""
    count = 1200 + 100 * len(melody)
    return Sound(0.2 + 0.1 * np.sin(np.arange(count)), _RATE, melody)


def _is_canon(function) -> str:
    """Say what is wrong with a function that lets a second voice follow the first."""
    if not callable(function):
        return "the answer is your function itself: write its name without brackets."
    for melody, later in (("A4 1", 0.5), ("A4 1, C5 2", 2.0)):
        first = _play(melody)
        heard = function(melody, _play, later)
        if not isinstance(heard, Sound):
            return "the function should return a Sound."
        if heard.sample_rate != _RATE:
            return "take the sample rate from the sound that is played; it need not be 44100."
        n = round(later * _RATE)
        if len(heard) != len(first) + n:
            return "the canon ends when the second voice does: it is longer than one voice by the delay."
        voices = np.zeros((2, len(heard)))
        voices[0, : len(first)] = voices[1, n:] = first.samples
        away = np.abs(heard.samples - voices.sum(axis=0)).max()
        if away > 1e-9 and np.abs(2 * heard.samples - voices.sum(axis=0)).max() > 1e-9:
            return "at each moment it should be the sum of both voices (or half of it), the second one late."
    return ""


def _together(melody, play, later):
    return Sound(2 * play(melody).samples, _RATE)


def _one_after_the_other(melody, play, later):
    return Sound(np.tile(play(melody).samples, 2), _RATE)


def _late(melody, play, later):
    return Sound(np.pad(play(melody).samples, (round(later * _RATE), 0)), _RATE)


CHECKS: dict[str, Check] = {
    "09.1": Choice(
        right="neither",
        others={
            "held": "look at its level: inside the note, how many dB lie between the softest and the loudest "
            "moment?",
            "struck": "a struck note is loudest near its beginning; where is this one loudest?",
        },
    ),
    "09.2": Number(
        right=2 ** (7 / 12),
        within=0.005,
        near=0.05,
        hint="count the semitones from A4 up to E5; each multiplies the frequency by the twelfth root of 2.",
        mistakes={
            7.0: "those are the semitones; what do they multiply the frequency by?",
            2 ** (-7 / 12): "that would be shorter; played faster, it would end too early.",
            2 ** (5 / 12): "from A4 to E5 there are more semitones than from E to A.",
            2 ** (4 / 12): "count semitones, not letters.",
            12 / 7: "an octave, 12 semitones, is a factor of 2; take the root, do not divide.",
        },
    ),
    "09.3": Shown(_is_canon, wrong=(_together, _one_after_the_other, _late, _play("A4 1"))),
}
