"""What notebook 05 shows and asks of things that swing: a vibrato as it is drawn, and slowed down."""

import numpy as np
import pytest

from rnnsound.dsp.measures import cents
from rnnsound.dsp.sound import Sound
from rnnsound.exercises import answer
from rnnsound.show import plot_pitch

RATE = 44_100


@pytest.mark.parametrize(("low", "seconds"), [(50, 0.08), (100, 0.04)])
def test_a_vibrato_is_drawn_as_deep_as_the_time_it_takes_to_measure_a_pitch_allows(low, seconds):
    time = np.arange(2 * RATE) / RATE
    frequency = 440 * 2 ** (30 / 1200 * np.sin(2 * np.pi * 5 * time))
    vibrato = Sound(0.1 * np.sin(2 * np.pi * np.cumsum(frequency) / RATE), RATE)
    drawn = plot_pitch({"vibrato": vibrato}, low=low).get_lines()[0].get_ydata()
    averaged = 30 * np.sinc(5 * seconds)  # a sine averaged over a window
    assert np.ptp(cents(drawn, 440)) / 2 == pytest.approx(averaged, abs=1)


@pytest.mark.parametrize(
    "places",
    [
        lambda n: np.arange(0, n - 1, 0.5),
        lambda n: np.arange(0, n - 0.5, 0.5),
        lambda n: np.linspace(0, n - 1, 2 * n),
        lambda n: np.arange(2 * n) / 2,
    ],
)
def test_every_way_to_halve_the_changes_and_double_the_frames_is_right(places):
    def stretched(values):
        new = places(len(values))
        columns = [np.interp(new, np.arange(len(values)), column) for column in values.T]
        return np.stack(columns, axis=1)

    assert answer("05.3", stretched).is_right


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (lambda values: np.repeat(values, 2, axis=0), "twice"),
        (lambda values: np.repeat(values, 2, axis=1), "each column"),
        (lambda values: values / 2, "as many frames as before"),
    ],
)
def test_each_common_mistake_is_told_by_its_name(made, told):
    assert told in repr(answer("05.3", made))
