"""What notebook 01 draws: the numbers beside the pictures are those of the signals, known by other means."""

import importlib.util
import json
from pathlib import Path

import ipywidgets
import numpy as np
import pytest
import scipy.signal

from rnnsound import Frames, PhaseVocoder, Sound, recordings, show, sine
from rnnsound.exercises import answer
from rnnsound.show.sliders import explore_plot

TONE = sine(440.0, seconds=1.0)


@pytest.mark.parametrize("bin_number", [0, 3, 5, 200])
def test_the_sums_beside_the_products_are_the_bin_of_the_transform(bin_number):
    frame = TONE.samples[128:640] * scipy.signal.windows.hann(512)
    ax = show.plot_products(frame, bin_number)
    drawn = [line.get_ydata().sum() for line in ax.get_lines()[:2]]
    spectrum = np.fft.fft(frame)[bin_number]
    np.testing.assert_allclose(drawn, [spectrum.real, spectrum.imag], atol=1e-9)
    assert f"magnitude {abs(spectrum):.2f}" in ax.get_title()
    assert f"{spectrum.real:+.2f}" in ax.get_label()


@pytest.mark.parametrize(
    ("before", "after", "expected", "left_over"),
    [(-0.1959, 0.0812, 1.25, "+0.027"), (0.4, -0.4, 0.5, "-0.300"), (0.0, 0.25, 3.25, "+0.000")],
)
def test_the_dial_leaves_over_what_is_beyond_the_expected_turns_to_the_nearest_turn(
    before, after, expected, left_over
):
    ax = show.plot_phase_dial(before, after, expected)
    assert ax.texts[0].get_text() == f"before:\n{before:+.3f} turns"
    assert any(text.get_text().endswith(f"left over: {left_over} turns") for text in ax.texts)


def test_two_opposite_arrows_add_up_to_a_cosine():
    label = show.plot_opposite_arrows([0, 1 / 6, 0.25, 0.5]).get_label()
    for total, turn in (("+1.00", "0"), ("+0.50", "0.166667"), ("-1.00", "0.5")):
        assert f"{total} at {turn} turns" in label


def test_overlapped_squared_windows_are_flat_where_four_overlap():
    window = scipy.signal.windows.hann(512)
    ax = show.plot_overlap(np.tile(window**2, (5, 1)), 128)
    total = ax.get_lines()[-1].get_ydata()
    assert len(total) == 4 * 128 + 512
    np.testing.assert_allclose(total[384:640], 1.5, atol=0.01)
    assert [line.get_label() for line in ax.get_lines()] == [f"frame {n}" for n in range(5)] + ["sum"]


@pytest.mark.parametrize(
    ("frequency", "hop", "wrapped"),
    [(440, 128, "1, 2, 3, 8, 9"), (440, 32, "none"), (800, 128, "1, 2, 3, 4, 5, 6, 7")],
)
def test_components_wrap_whose_center_is_more_than_half_a_turn_per_hop_away(frequency, hop, wrapped):
    centers = np.arange(1, 10) * 44_100 / 512
    assert wrapped == (
        ", ".join(str(n + 1) for n in np.flatnonzero(np.abs(frequency - centers) > 44_100 / (2 * hop)))
        or "none"
    )
    ax = show.plot_reach(PhaseVocoder(512, hop, 10).analyze(sine(frequency, seconds=1.0)), frequency)
    assert ax.get_label().endswith(f"wrapped: {wrapped}")


def test_a_wrapped_component_is_drawn_a_whole_turn_per_hop_away():
    label = show.plot_reach(PhaseVocoder(512, 128, 10).analyze(TONE), 440.0).get_label()
    assert "component 1 reports 95 Hz" in label  # 440 - 44100 / 128
    assert "component 9 reports 785 Hz" in label


def test_a_slider_that_is_moved_draws_anew_and_an_error_is_told():
    def draw(frequency, ax):
        if frequency > 900:
            raise ValueError("too <high>")
        return show.plot_waveform(sine(frequency, seconds=0.01), ax, f"{frequency} Hz")

    slider = ipywidgets.IntSlider(value=440, min=100, max=1000)
    box = explore_plot(draw, {"frequency": slider}, [{"frequency": 200}])
    _, image, text = box.children
    first = bytes(image.value)
    assert first.startswith(b"\x89PNG")
    assert text.value.startswith("440 Hz")
    slider.value = 500
    assert bytes(image.value) not in (b"", first)
    assert text.value.startswith("500 Hz")
    slider.value = 950
    assert (bytes(image.value), text.value) == (b"", "too &lt;high&gt;")
    assert not slider.continuous_update


def test_the_smallest_fft_that_tells_440_from_480_is_the_answer():
    """Some bin must stay within half a hertz of each tone, away from the ends."""
    chord = Sound(sine(440.0, 3.0).samples + sine(480.0, 3.0).samples, 44_100)
    able = []
    for size in (512, 1024, 2048, 4096, 8192):
        inner = PhaseVocoder(size, 128).analyze(chord).frequency[64:-64]
        if all((np.abs(inner - tone).max(axis=0) < 0.5).any() for tone in (440, 480)):
            able.append(size)
    assert able == [4096, 8192]
    assert answer("01.2", able[0]).is_right
    assert "a smaller one does" in repr(answer("01.2", able[1]))


@pytest.mark.parametrize("number", [150, 250, 350, 450])
def test_any_frame_from_the_middle_of_the_note_can_be_frozen(number):
    measured = PhaseVocoder(512, 128).analyze(recordings.load("clarinet").crop(0, 1.5))
    once = measured[number : number + 1]
    many = [np.repeat(values, 700, axis=0) for values in (once.magnitude, once.frequency)]
    assert answer("01.3", Frames(*many, 44_100, 512, 128)).is_right
    assert "differ" in repr(
        answer("01.3", PhaseVocoder(512, 128).analyze(recordings.load("clarinet"))[100:800])
    )
    sideways = [np.repeat(values, 2, axis=1) for values in (once.magnitude, once.frequency)]
    assert "axis=0" in repr(answer("01.3", Frames(*sideways, 44_100, 512, 128)))


def test_what_bin_5_reports_is_measured():
    finer = PhaseVocoder(1024, 256, 10).analyze(TONE)
    assert answer("01.1", finer.frequency[1, 5]).is_right
    assert "two turns" in repr(answer("01.1", finer.frequency[10, 4]))


def test_a_notebooks_link_into_docs_holds_on_the_published_pages_too():
    spec = importlib.util.spec_from_file_location("conf", Path(__file__).parent.parent / "docs" / "conf.py")
    conf = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(conf)
    text = "[page](../docs/background.md), [file](../data/README.md)"
    cells = [{"cell_type": "markdown", "source": [text]}]
    source = [json.dumps({"metadata": {}, "cells": cells})]
    conf.replace_widgets(None, "notebooks/01", source)
    changed = json.loads(source[0])["cells"][0]["source"]
    assert changed == "[page](../background.md), [file](../data/README.md)"
