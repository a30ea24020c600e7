"""What is said of takes beside their recording."""

import numpy as np
import pytest

from rnnsound import Sound, recordings, sine
from rnnsound.dsp.partials import decay, partials
from rnnsound.evaluate import compare_struck, mean, report_struck, report_sustained, worst

RATE = 44_100


def test_a_recording_is_not_off_itself_and_a_changed_copy_by_what_was_changed():
    piano, known = recordings.load("piano"), recordings.describe("piano")
    same = compare_struck(piano, piano, known["frequency"], known["held"])
    assert list(same.values()) == pytest.approx([0.0] * 6, abs=1e-9)
    late = np.pad(piano.samples, (round(0.004 * RATE), 0))
    off = compare_struck(Sound(2 * late, RATE), piano, known["frequency"], known["held"])
    assert off["onset (ms)"] == pytest.approx(4, abs=0.05)
    assert off["peak (dB)"] == pytest.approx(20 * np.log10(2))
    assert off["distance (dB)"] > 2
    assert abs(off["centroid (%)"]) < 1
    fading = piano.samples * 10 ** (-10 * np.arange(len(piano)) / RATE / 20)  # 10 dB per second on top
    off = compare_struck(Sound(fading, RATE), piano, known["frequency"], known["held"])
    slowest = max(decay(piano, f, known["held"]) for f in partials(piano, known["frequency"]))
    assert off["decay (%)"] == pytest.approx(100 * (1 - 1 / (1 + 10 * slowest / 60)), rel=0.05)
    assert off["partials (cents)"] < 3


class Player:
    """Plays a tone that is off by what its seed says, cents and loudness; at 9, noise."""

    def generate(self, seconds, seed):
        if seed == 9:
            return Sound(0.1 * np.random.default_rng(0).standard_normal(round(seconds * RATE)), RATE)
        cents, factor = {0: (0.0, 1.0), 1: (12.0, 1.0), 2: (0.0, 2.0)}[seed]
        return sine(440.0 * 2 ** (cents / 1200), seconds, factor * 0.1)

    def resynthesize(self, sound):
        return sound


def test_a_sustained_report_says_what_a_take_is_off_by():
    recording = sine(440.0, seconds=1.0, amplitude=0.1)
    same, sharp, loud, noise = report_sustained(Player(), recording, (0, 1, 2, 9))
    assert list(same.values()) == pytest.approx([0, 0, 0, 1], abs=1e-3)
    assert sharp["pitch (cents)"] == pytest.approx(12, abs=0.1)
    assert sharp["distance (dB)"] > same["distance (dB)"]
    assert loud["peak ratio"] == pytest.approx(2)
    assert loud["drift (cents/s)"] == pytest.approx(0, abs=1e-3)
    assert noise["pitch (cents)"] == noise["drift (cents/s)"] == np.inf


def test_a_struck_report_compares_each_take_as_long_as_the_recording():
    piano, known = recordings.load("piano"), recordings.describe("piano")

    class Echo:
        def generate(self, seconds, seed):
            assert seconds == piano.duration
            return Sound(piano.samples * (seed + 1), RATE)

    once, twice = report_struck(Echo(), piano, known["frequency"], known["held"], (0, 1))
    assert once == compare_struck(piano, piano, known["frequency"], known["held"])
    assert twice["peak (dB)"] == pytest.approx(20 * np.log10(2))


def test_means_and_worst_of_several_takes():
    rows = [{"a": 1.0, "b": -4.0}, {"a": 2.0, "b": 2.0}]
    assert mean(rows) == {"a": 1.5, "b": -1.0}
    assert worst(rows) == {"a": 2.0, "b": 4.0}
