"""What a model says of a recording before it learns it."""

import warnings

import numpy as np
import pytest

from rnnsound import Sound, SoundModel, presets, recordings, sine
from rnnsound.fitting import UnfamiliarRecording, make_parts

QUICK = presets.SINE.replace(epochs=1, hidden_size=3, batch_size=2)


@pytest.mark.parametrize(
    ("sound", "message"),
    [
        (Sound(np.zeros(5_000), 44_100, "nothing.wav"), r"nothing\.wav is silent: there is nothing to learn"),
        (Sound(sine(440, 0.1).samples * 1e20, 44_100), "samples reach 12.*, where full scale is 1; divide"),
        (Sound(sine(440, 0.1).samples * 32_768, 44_100), "samples reach 409"),
        (
            Sound(sine(440, 0.1).samples, 20_000_000),
            "20000000 samples per second are more than any recording's",
        ),
    ],
)
def test_what_cannot_be_learned_is_refused_before_it_is(sound, message):
    with pytest.raises(ValueError, match=message):
        SoundModel.fit(sound, QUICK, progress=False)


def test_what_is_learned_can_be_saved_and_read_again(tmp_path):
    for sound in (
        Sound(sine(440, 0.1).samples * 8_000 / 0.125 / 8, 44_100),
        sine(1e6, 0.01, 0.5, 10_000_000),
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = SoundModel.fit(sound, QUICK, progress=False)
        model.save(tmp_path / "m.pt")
        SoundModel.load(tmp_path / "m.pt")


@pytest.mark.parametrize(("frequency", "rate"), [(3_000, 44_100), (440, 16_000), (1_000, 44_100)])
def test_a_sound_above_what_is_kept_is_said_with_what_would_keep_it(frequency, rate):
    sound = sine(frequency, 0.3, sample_rate=rate)
    components = QUICK.vocoder.n_components
    if frequency > components * rate / 512:
        with pytest.warns(
            UserWarning, match=r"the 10 components that are kept end at .* Hz and hold 0\."
        ) as said:
            make_parts([sound], [], QUICK)
        advised = int(str(said[0].message).partition("n_components=")[2].split()[0])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            make_parts([sound], [], QUICK.replace(n_components=advised))
        assert abs(advised - frequency * 512 / rate) < 5


@pytest.mark.parametrize("name", recordings.NAMES)
def test_of_the_bundled_recordings_every_preset_keeps_enough(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        article = "article-piano" if "piano" in name else "article-clarinet"
        for preset in (article, "clarinet"):
            if (name, preset) != ("piano_high", "article-piano"):  # see below
                make_parts([recordings.load(name)], [], presets.PRESETS[preset])


def test_the_articles_piano_preset_ends_below_the_high_piano_notes_fundamental():
    with pytest.warns(UserWarning, match=r"piano_high: the 20 components that are kept end at 420 Hz"):
        make_parts([recordings.load("piano_high")], [], presets.PRESETS["article-piano"])


def test_the_recording_that_was_learned_is_familiar_and_a_louder_one_too():
    tone = recordings.load("clarinet")
    parts, _ = make_parts([tone], [], presets.CLARINET)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_parts([tone], [], presets.CLARINET, resume=parts)
        make_parts([Sound(tone.samples * 1.2, tone.sample_rate)], [], presets.CLARINET, resume=parts)
    steady, _ = make_parts([sine(440, 0.3)], [], QUICK)
    with pytest.warns(UnfamiliarRecording, match="450 Hz sine is far from what the model has learned"):
        make_parts([sine(450, 0.3)], [], QUICK, resume=steady)
