"""The keyboard on the screen: silent until a key is clicked, then the note of that key."""

import ipywidgets
import numpy as np
import pytest
import soundfile

from rnnsound.dsp.sound import sine
from rnnsound.show import keyboard


def parts(board):
    row, text, audio = board.children
    return {key.description: key for key in row.children}, text, audio


def heard(audio, tmp_path):
    path = tmp_path / "heard.flac"
    path.write_bytes(audio.value)
    return soundfile.read(path)


def test_keys_are_named_and_nothing_sounds_before_a_click():
    asked = []
    keys, _, audio = parts(keyboard(lambda hertz: asked.append(hertz), 59, 72))
    assert list(keys)[:3] == ["B3", "C4", "C#4"]
    assert len(keys) == 14
    assert asked == []
    assert audio.value == b""
    assert audio.autoplay  # a key that is clicked is heard at once
    assert not audio.loop
    assert all(isinstance(key, ipywidgets.Button) and key.tooltip for key in keys.values())


def test_a_click_plays_that_key_s_note(tmp_path):
    keys, text, audio = parts(keyboard(lambda hertz: sine(hertz, 0.2), 60, 72))
    keys["A4"].click()
    samples, rate = heard(audio, tmp_path)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 2**16))
    assert spectrum.argmax() * rate / 2**16 == pytest.approx(440.0, abs=2)
    assert "440" in text.value
    before = audio.value
    keys["C5"].click()
    assert audio.value != before


def test_what_cannot_be_played_is_said_and_the_next_key_works():
    def play(hertz):
        if hertz > 500:
            raise ValueError("too <high>; use a lower key")
        return sine(hertz, 0.1)

    keys, text, audio = parts(keyboard(play, 69, 72))
    keys["A4"].click()
    assert audio.value
    keys["C5"].click()
    assert text.value == "too &lt;high&gt;; use a lower key"
    assert audio.value == b""
    keys["A4"].click()
    assert audio.value


@pytest.mark.parametrize(("first", "last"), [(60, 59), (30, 90)])
def test_a_keyboard_has_one_to_sixty_keys(first, last):
    with pytest.raises(ValueError, match="up to 60 keys"):
        keyboard(lambda hertz: sine(hertz, 0.1), first, last)
