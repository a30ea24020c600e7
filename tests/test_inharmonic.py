"""Struck strings and bells as harmonic frames: where their partials lie is measured or given."""

import numpy as np
import pytest

from rnnsound.dsp import recordings
from rnnsound.dsp.harmonics import HARMONIC, RATE, analyze_harmonics, synthesize_harmonics
from rnnsound.dsp.inharmonic import measure_ratios
from rnnsound.dsp.measures import log_mel_distance
from rnnsound.dsp.sound import Sound


def ringing(frequencies, seconds=2.0):
    """Partials that die away, the higher the faster."""
    t = np.arange(round(seconds * RATE)) / RATE
    tone = sum(
        0.8**n * np.exp(-t * (2 + n / 3)) * np.sin(2 * np.pi * f * t) for n, f in enumerate(frequencies)
    )
    return Sound(0.3 * tone / np.abs(tone).max(), RATE, "made")


def there_and_back(sound, pitch, ratios):
    return log_mel_distance(synthesize_harmonics(analyze_harmonics(sound, pitch, ratios)), sound)


@pytest.mark.parametrize("stiffness", [0.0, 1e-4, 5e-4, 1e-3])
@pytest.mark.parametrize("pitch", [110.0, 262.0, 523.0])
def test_a_string_of_known_stiffness_is_measured(pitch, stiffness):
    true = HARMONIC * np.sqrt(1 + stiffness * HARMONIC**2)
    heard = true[(true * pitch < 16_000) & (HARMONIC <= 25)]
    ratios, first = measure_ratios(ringing(pitch * heard), pitch)
    assert first == pytest.approx(pitch * true[0], rel=2e-4)
    n = min(len(heard), 20)
    np.testing.assert_allclose(ratios[:n], true[:n] / true[0], rtol=1e-3)


@pytest.mark.parametrize(("name", "most"), [("piano_low", 0.4), ("piano", 0.45), ("piano_high", 0.45)])
def test_a_piano_comes_back_by_its_own_partials_and_not_by_multiples(name, most):
    piano, pitch = recordings.load(name).crop(0, 4), recordings.describe(name)["frequency"]
    ratios, first = measure_ratios(piano, pitch)
    assert (np.diff(ratios) > 0.9).all()
    own, multiples = (there_and_back(piano, first, series) for series in (ratios, HARMONIC))
    assert own <= most
    assert own < 0.7 * multiples


def test_a_bell_comes_back_whose_partials_belong_to_no_series():
    partials = np.array([0.5, 1.0, 1.19, 1.57, 2.09, 2.67, 3.98, 5.43])
    bell = ringing(440 * partials)
    ratios = np.concatenate([partials, 40 + HARMONIC[: len(HARMONIC) - len(partials)]])
    assert there_and_back(bell, 440.0, ratios) < 0.5 * there_and_back(bell, 440.0, HARMONIC)


def test_a_note_with_too_few_partials_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match="too few to tell how a string is stretched"):
        measure_ratios(ringing([5000.0]), 5000.0)
