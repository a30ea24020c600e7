"""A measure that remembers gives what it would have measured, of this very sound."""

import numpy as np
import pytest
from judges import RATE

from rnnsound import Sound, measures, sine
from rnnsound.dsp.remembered import remembered


def counted():
    """A measure, and the sounds that it was asked to measure."""
    asked = []

    @remembered
    def measure(sound, factor=1.0):
        asked.append(sound)
        return factor * sound.samples[:3], np.array([len(sound)])

    return measure, asked


def test_the_same_samples_are_measured_once_whatever_they_are_called():
    measure, asked = counted()
    first = measure(sine(440, 0.1), 2.0)
    again = measure(Sound(sine(440, 0.1).samples, RATE, "another name"), 2.0)
    np.testing.assert_array_equal(first[0], again[0])
    assert len(asked) == 1
    measure.forget()
    measure(sine(440, 0.1), 2.0)
    assert len(asked) == 2


def test_other_samples_another_rate_and_other_settings_are_measured():
    measure, asked = counted()
    sound = sine(440, 0.1)
    for other in (sound, Sound(sound.samples, 22_050), sound.crop(0, 0.09)):
        measure(other)
    measure(sound, 2.0)
    measure(sound, factor=3.0)
    sound.samples[1] = 0.5  # changed in place
    assert measure(sound)[0][1] == 0.5
    assert len(asked) == 6


def test_what_was_given_can_be_written_to():
    measure, _ = counted()
    sound = sine(440, 0.1)
    measure(sound)[0][:] = 7
    np.testing.assert_array_equal(measure(sound)[0], sound.samples[:3])
    pitch = measures.pitch(sine(440, 0.5))[1]
    pitch[:] = np.nan
    assert measures.pitch(sine(440, 0.5))[1] == pytest.approx(440, rel=1e-4)


def test_few_results_are_kept_and_errors_are_not():
    measure, asked = counted()
    for frequency in range(100, 200):
        measure(sine(frequency, 0.01))
    measure(sine(199, 0.01))
    assert len(asked) == 100
    measure(sine(100, 0.01))
    assert len(asked) == 101
    for label in ("one", "other"):
        with pytest.raises(ValueError, match=f"{label}: 0.010 s is too short"):
            measures.pitch(Sound(np.ones(441), RATE, label))
