"""What a notebook shows: players play the sound they name, pictures and tables say what they should."""

import base64
import html
import io
import re
from types import SimpleNamespace

import ipywidgets
import matplotlib.image
import numpy as np
import pytest
import soundfile
from IPython.testing.globalipapp import start_ipython
from matplotlib.figure import Figure

from rnnsound import PhaseVocoder, Sound, article, show, sine
from rnnsound.nn.history import History
from rnnsound.show import live, plots
from rnnsound.show.players import encode, register_sound_formatter

AUDIO = re.compile(r'<audio controls [^>]*aria-label="([^"]*)" src="data:audio/flac;base64,([^"]*)">')


def heard(page):
    """Label and samples of every player on a page."""
    decoded = [(html.unescape(label), base64.b64decode(data)) for label, data in AUDIO.findall(page)]
    return {label: soundfile.read(io.BytesIO(data)) for label, data in decoded}


def test_a_player_holds_the_sound_at_its_own_level():
    quiet, loud = sine(440.0, seconds=0.2, amplitude=0.01), sine(440.0, seconds=0.2, amplitude=0.5)
    page = heard(show.players({"quiet": quiet, "loud": loud}).data)
    for label, sound in (("quiet", quiet), ("loud", loud)):
        samples, rate = page[label]
        assert rate == 44_100
        np.testing.assert_allclose(samples, sound.samples, atol=2**-15)


def test_players_that_would_clip_are_turned_down_together_and_say_so():
    one, two = sine(440.0, seconds=0.1, amplitude=2.0), sine(440.0, seconds=0.1, amplitude=0.2)
    page = show.players({"one": one, "two": two}).data
    assert "Turned down by 6.0 dB" in page
    peaks = [np.abs(samples).max() for samples, _ in heard(page).values()]
    assert peaks[0] == pytest.approx(0.999, abs=1e-3)
    assert peaks[1] == pytest.approx(0.0999, abs=1e-3)


def test_a_label_is_text_whatever_it_holds():
    page = show.players({'<script>alert("x")</script>': sine(440.0, seconds=0.1)}).data
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_silent_sound_has_a_player_and_no_sounds_are_refused():
    assert "silence" in show.players({"nothing": Sound(np.zeros(100), 44_100)}).data
    with pytest.raises(ValueError, match="no sound to play"):
        show.players({})


def test_a_notebook_shows_a_sound_as_a_player_and_axes_as_a_picture_with_a_text():
    shell = start_ipython()
    shell.display_formatter.active_types = shell.display_formatter.format_types  # a terminal's has only text
    register_sound_formatter()
    plots.register_axes_formatter()
    tone = sine(440.0, seconds=0.2)
    data, _ = shell.display_formatter.format(tone)
    assert list(heard(data["text/html"])) == ["440 Hz sine"]
    data, _ = shell.display_formatter.format(show.plot_waveform(tone))
    assert 'alt="440 Hz sine: Waveform, peak 0.125"' in data["text/html"]
    encoded = data["text/html"].partition("base64,")[2].partition('"')[0]
    picture = matplotlib.image.imread(io.BytesIO(base64.b64decode(encoded)))
    assert picture.shape[1] == 750


def test_every_plot_has_units_a_title_and_a_text():
    tone = sine(440.0, seconds=0.5)
    frames = PhaseVocoder(512, 128, 10).analyze(tone)
    drawn = [
        show.plot_waveform(tone),
        show.plot_spectrogram(tone, max_frequency=2000),
        show.plot_level({"tone": tone}),
        show.plot_pitch({"tone": tone}),
        show.plot_frame(frames, 1),
        show.plot_components(frames, [4, 5]),
    ]
    for ax in drawn:
        assert "(" in ax.get_xlabel()
        assert ax.get_ylabel()
        assert ax.get_title()
        assert not ax.get_label().startswith("<")


def test_a_spectrogram_is_brightest_where_the_tone_is():
    image = show.plot_spectrogram(sine(2000.0, seconds=0.5)).images[0]
    left, right, bottom, top = image.get_extent()
    assert (left, bottom) == (0, 0)
    assert right == pytest.approx(0.5)
    rows = image.get_array().mean(axis=1)
    assert np.argmax(rows) / (len(rows) - 1) * top == pytest.approx(2000, abs=22)


def test_a_title_with_dollar_signs_is_no_formula():
    ax = show.plot_waveform(Sound(np.zeros(100), 44_100, "$\\broken$.wav"))
    assert plots.png(ax.figure)[:4] == b"\x89PNG"


def test_the_component_table_stands_beside_the_articles():
    frames = PhaseVocoder(512, 128, 10).analyze(sine(440.0, seconds=0.5))
    data = show.component_table(frames, frame=1, compare=article.SINE_FRAME).data
    np.testing.assert_allclose(data["magnitude"], frames.magnitude[1], atol=5e-5)
    np.testing.assert_allclose(data["printed frequency (Hz)"], article.SINE_FRAME[:, 1])
    assert data["frequency difference (Hz)"].abs().max() < 2e-3
    with pytest.raises(ValueError, match="compare has shape"):
        show.component_table(frames, 1, compare=article.SINE_FRAME[:5])


def test_a_table_escapes_what_it_is_given():
    page = show.table({"<b>": ["<i>words</i>"], "n": [1.23456]}, caption="<u>").to_html()
    assert "<i>" not in page
    assert "<u>" not in page
    assert "1.2346" in page


def test_a_table_writes_whole_numbers_whole_and_no_negative_zero():
    page = show.table({"k": [1, 2], "x": [-1e-9, 2.0]}, caption="").to_html()
    assert re.findall(r">([-0-9.]+)</td>", page) == ["1", "0.0000", "2", "2.0000"]


def test_turning_a_slider_changes_the_sound_and_the_picture(capsys):
    slider = ipywidgets.IntSlider(value=440, min=100, max=1000, description="frequency")
    box = show.explore(lambda f: sine(f, seconds=0.2), slider, settings=(200, 300, 400))
    _, text, audio, image = box.children
    assert not slider.continuous_update
    assert not audio.autoplay
    assert not audio.loop
    before = image.value
    slider.value = 880
    samples, _ = soundfile.read(io.BytesIO(audio.value))
    np.testing.assert_allclose(samples, sine(880.0, seconds=0.2).samples, atol=2**-15)
    assert image.value != before
    assert "880 Hz sine" in text.value


def test_the_new_sound_is_there_before_its_picture_is_drawn():
    slider = ipywidgets.IntSlider(value=440, min=100, max=1000, description="frequency")
    drawing = []

    def plot(sound, ax):
        if drawing:  # the box is there
            assert drawing[0].value == encode(sound)
        return show.plot_waveform(sound, ax)

    audio = show.explore(lambda f: sine(f, seconds=0.2), slider, (200,), plot).children[2]
    drawing.append(audio)
    slider.value = 880
    assert audio.value == encode(sine(880.0, seconds=0.2))


@pytest.mark.parametrize("top", [None, 6000])
def test_a_quick_spectrogram_is_the_usual_one_pixel_by_pixel(top):
    sound = sine(440.0, 1.0)
    quick = show.plot_spectrogram(sound, plots.quick_axes(), max_frequency=top)
    ax = Figure(figsize=quick.figure.get_size_inches(), dpi=quick.figure.dpi).add_axes((0.1, 0.2, 0.88, 0.68))
    usual = show.plot_spectrogram(sound, ax, max_frequency=top)
    files = plots.png(quick.figure, quick=True), plots.png(usual.figure)
    np.testing.assert_array_equal(*(matplotlib.image.imread(io.BytesIO(file)) for file in files))


def test_a_setting_that_cannot_work_is_explained_and_no_older_sound_is_taken_for_its():
    slider = ipywidgets.IntSlider(value=440, min=0, max=50_000, description="frequency")
    _, text, audio, image = show.explore(lambda f: sine(f, seconds=0.2), slider, settings=(440,)).children
    slider.value = 30_000
    assert "cannot be sampled" in text.value
    assert audio.value == image.value == b""
    slider.value = 880
    assert audio.value == encode(sine(880.0, seconds=0.2))


def test_a_mistake_in_the_learners_own_function_is_shown_under_the_slider_too():
    slider = ipywidgets.IntSlider(value=1, min=0, max=10, description="n")
    _, text, audio, _ = show.explore(lambda n: sine(440 / n, 0.2), slider, settings=(1,)).children
    with pytest.raises(ZeroDivisionError):
        slider.value = 0
    assert text.value == "ZeroDivisionError: division by zero"
    assert audio.value == b""
    slider.value = 2
    assert "220 Hz sine" in text.value


def test_a_loss_is_drawn_in_its_unit_with_the_held_out_one_beside_it_and_nothing_before_an_epoch():
    empty = show.plot_loss(History())
    assert "no epoch is finished yet" in empty.get_label()
    assert empty.get_ylabel() == "loss (nats per frame)"
    history = History("no unit", losses=[3.0, 2.0, 2.5], errors=[1.0, 0.5, 0.25])
    ax = show.plot_loss(history)
    assert ax.get_ylabel() == "loss (no unit)"
    assert ax.get_lines()[0].get_xydata().tolist() == [[1, 3], [2, 2], [3, 2.5]]
    assert len(ax.get_lines()) == 1
    history.validation = [4.0, 3.5, 3.75]
    ax = show.plot_loss(history)
    labels = {line.get_label(): line.get_ydata().tolist() for line in ax.get_lines()}
    assert labels == {"trained on": [3.0, 2.0, 2.5], "held out": [4.0, 3.5, 3.75]}
    assert "held out 3.75" in ax.get_label()
    error = show.plot_error(history)
    assert error.get_ylabel() == "standard deviations"
    assert error.get_lines()[0].get_ydata().tolist() == [1.0, 0.5, 0.25]
    figure = show.plot_training(history)
    assert [ax.get_title() for ax in figure.axes] == ["Loss", "Prediction error"]
    assert plots.png(show.plot_training(History()))[:4] == b"\x89PNG"


def test_a_training_is_drawn_while_it_goes_on_and_once_it_has_ended(monkeypatch):
    pages = []
    monkeypatch.setattr(
        live, "display", lambda *_, **__: SimpleNamespace(update=lambda html: pages.append(html.data))
    )
    monkeypatch.setattr(live, "_SECONDS", 0.0)  # every epoch, and once more at the end
    with show.live_loss() as on_epoch:
        for n in (1, 2, 3):
            on_epoch(History(losses=[2.0] * n, errors=[1.0] * n))
    assert len(pages) == 4
    assert "1 epochs, loss (nats per frame), in the last: trained on 2.00" in pages[0]
    assert "3 epochs" in pages[-1]
    with show.live_loss():
        pass  # interrupted before the first epoch: nothing to draw
    assert len(pages) == 4


@pytest.mark.parametrize("label", ["_take1.wav", "a$_$b.wav", "$x^$", "_child_of_mine", r"$\broken$"])
def test_a_label_in_a_legend_is_text_whatever_it_holds(label):
    one, other = sine(440.0, seconds=0.5), sine(550.0, seconds=0.5)
    for plot in (show.plot_level, show.plot_pitch):
        ax = plot({label: one, "other": other})
        assert [text.get_text() for text in ax.get_legend().get_texts()] == [label, "other"]
        assert plots.png(ax.figure)[:4] == b"\x89PNG"


def test_a_tables_heading_is_text_whatever_it_holds():
    page = show.table({"<script>alert(1)</script>": [1.0], "b": ["x"]}, "caption").to_html()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_silence_is_dark_and_nothing_in_a_long_sound_is_missed():
    silence = show.plot_spectrogram(Sound(np.zeros(44_100), 44_100)).images[0].get_array()
    assert (silence == silence.min()).all()
    assert silence.min() <= -70
    rng = np.random.default_rng(0)
    for place in rng.uniform(0.5, 119, 10):
        samples = np.zeros(120 * 8_000)
        first = round(place * 8_000)
        samples[first : first + 400] = np.sin(2 * np.pi * 1_000 * np.arange(400) / 8_000)  # 50 ms
        image = show.plot_spectrogram(Sound(samples, 8_000)).images[0]
        levels = image.get_array()
        assert levels.shape[1] <= 1_000
        column = levels.max(axis=0).argmax()
        assert (column + 0.5) / levels.shape[1] * 120 == pytest.approx(place, abs=0.5)
        assert levels.max() == 0


def test_a_sound_that_no_player_takes_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match=r"fast: 700000 samples per second are more than a player takes"):
        show.players({"fast": Sound(np.zeros(1000), 700_000, "fast")})
    assert "<audio" in show.players({"as fast as can be": Sound(np.zeros(1000), 655_350)}).data


def test_the_pipeline_marks_every_row_of_steps_that_a_notebook_is_about():
    ax = show.plot_pipeline(["sound", "frames", "sound again"])
    labels = [text.get_text() for text in ax.texts]
    assert labels.count("you are here") == 2  # one for the two neighbors, one for the last
    middles = [text.get_position()[0] for text in ax.texts if text.get_text() == "you are here"]
    boxes = [patch.get_x() + patch.get_width() / 2 for patch in ax.patches if hasattr(patch, "get_boxstyle")]
    assert middles == pytest.approx([(boxes[0] + boxes[1]) / 2, boxes[-1]], abs=0.01)
    assert "you are here: sound and frames and sound again" in ax.get_label()
    with pytest.raises(ValueError, match="'song' is no step; use sound, frames"):
        show.plot_pipeline(["song"])
