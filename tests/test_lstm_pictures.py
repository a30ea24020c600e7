"""Pictures of an LSTM cell, of streams and of gates show the numbers they are given."""

import numpy as np
import pytest

from rnnsound import show
from rnnsound.show.plots import png

NUMBERS = {"before": -0.8, "f": 0.9, "i": 0.5, "g": 0.6, "o": 0.4, "c": -0.42, "h": -0.16}


def texts(ax):
    return " | ".join(text.get_text() for text in ax.texts)


def test_the_cell_grows_part_by_part_and_shows_its_own_numbers():
    drawn = [texts(show.plot_lstm_cell(NUMBERS, parts)) for parts in (1, 2, 3, 4)]
    new = ("f = 0.90", "-0.72", "0.30", "h = -0.16")  # 0.9 * -0.8 is kept, 0.5 * 0.6 is written
    for part, number in enumerate(new):
        assert [number in text.split(" | ") or number in text for text in drawn] == [
            n >= part for n in range(4)
        ]
    assert "new c = -0.42" in drawn[3]
    assert "new c" not in drawn[1]


def test_a_cell_without_a_number_or_a_part_that_is_none_is_refused():
    with pytest.raises(ValueError, match="'o' is missing"):
        show.plot_lstm_cell({name: value for name, value in NUMBERS.items() if name != "o"})
    with pytest.raises(ValueError, match="use 1 to 4"):
        show.plot_lstm_cell(NUMBERS, parts=5)


def test_streams_are_cut_where_pieces_begin_and_the_piece_being_read_is_marked():
    ax = show.plot_streams(np.random.default_rng(0).standard_normal((3, 100)), piece=32, now=2)
    edges = [line.get_xdata()[0] for line in ax.lines if len(set(line.get_xdata())) == 1]
    assert edges == [-0.5, 31.5, 63.5, 95.5]
    marked = ax.patches[0]
    assert (marked.get_x(), marked.get_x() + marked.get_width()) == (63.5, 95.5)
    assert "4 pieces of 32" in ax.get_label()
    assert png(ax.figure)[:4] == b"\x89PNG"
    for now in (-1, 4):
        with pytest.raises(ValueError, match="there are 4"):
            show.plot_streams(np.zeros((3, 100)), piece=32, now=now)


def test_a_rising_stream_rises_on_the_page_and_stays_in_its_own_row():
    ax = show.plot_streams([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]], piece=3)
    rising, falling = (ax.transData.transform(line.get_xydata())[:, 1] for line in ax.lines[:2])
    assert np.all(np.diff(rising) > 0)
    assert np.all(np.diff(falling) < 0)
    assert rising.min() > falling.max()


def test_gates_that_move_slowly_come_before_those_that_flicker():
    """A gate that flips at every step averages to one half; the one that swings once is shown first."""
    steps = np.arange(2000)
    gates = np.column_stack([steps % 2, np.full(2000, 0.3), steps / 2000])
    ax = show.plot_gates(gates, steps / 100, n_shown=2)
    image = ax.images[0].get_array()
    assert ax.get_yticklabels()[0].get_text() == "2"
    assert image.shape == (2, 200)
    np.testing.assert_allclose(image[0], (np.arange(200) * 10 + 4.5) / 2000)
    assert ax.images[0].get_extent()[:2] == [0, 20]


def test_few_steps_are_shown_as_they_are():
    gates = np.random.default_rng(0).random((50, 4))
    image = show.plot_gates(gates, np.arange(50) / 40).images[0].get_array()
    assert sorted(image[:, 0]) == sorted(gates[0])
