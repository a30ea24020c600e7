"""The judges themselves, on sounds whose truth is known."""

import numpy as np
import pytest
from judges import RATE, begins, brightness, edges, held, peaks, ring, seconds_per_60_db

from rnnsound import Sound


def test_the_judges_themselves_tell_when_how_high_and_how_long():
    n = np.arange(1, 9)
    true = n * 200 * np.sqrt(1 + 3e-4 * n**2)
    t60 = np.array([2.0, 4, 6, 8, 10, 3, 5, 7])
    tone = ring(dict(zip(true, 60 / t60, strict=True)), 3.0, 0.2, 2.5, 80.0)
    assert begins(tone) == pytest.approx(0.2, abs=0.001)
    found = peaks(tone, 201.0)
    np.testing.assert_allclose(1200 * np.log2(found / true), 0, atol=0.2)
    np.testing.assert_allclose([seconds_per_60_db(tone, f, 2.5) for f in found], t60, rtol=0.02)
    assert brightness(ring({70 * RATE / 2048: 0.0}, 1.0)) == pytest.approx(70 * RATE / 2048, rel=0.01)


def test_the_judge_itself_tells_a_detuned_note_a_glide_and_a_slow_attack():
    at = np.arange(4 * RATE) / RATE
    detuned = Sound(np.sin(2 * np.pi * 300 * 2 ** (7 / 1200) * at), RATE)
    assert np.median(held(detuned, 300)[1]) == pytest.approx(7, abs=0.05)
    glide = Sound(np.sin(2 * np.pi * 300 * (at + np.log(2) / 1200 * at**2)), RATE)
    assert np.polyfit(*held(glide, 300), 1)[0] == pytest.approx(2, abs=0.05)
    slow = Sound(np.minimum(at / 0.5, 1) * np.minimum((4 - at) / 0.5, 1) * detuned.samples, RATE)
    attack, ending = edges(slow, 300)
    assert attack == pytest.approx(0.354, abs=0.02)
    assert ending == pytest.approx(0.158, abs=0.02)
