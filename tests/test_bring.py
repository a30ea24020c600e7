"""A recording that was chosen in the browser is read, and a bad one is refused by its own name."""

import io
import re
from datetime import datetime

import numpy as np
import pytest
import soundfile

from rnnsound.show import choose_file, read_file, recorder


def upload(name, content):
    chosen = choose_file()
    file = {"name": name, "type": "", "size": len(content), "content": memoryview(content)}
    chosen.set_trait("value", ({**file, "last_modified": datetime.now()},))
    return chosen


def wav(samples, rate):
    memory = io.BytesIO()
    soundfile.write(memory, samples, rate, format="WAV", subtype="FLOAT")
    return memory.getvalue()


def test_nothing_chosen_is_nothing():
    assert read_file(choose_file()) is None


def test_a_file_that_was_chosen_is_read_sample_by_sample():
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, 1000).astype(np.float32)
    sound = read_file(upload("my note.wav", wav(samples, 32_000)))
    assert (sound.label, sound.sample_rate) == ("my note.wav", 32_000)
    np.testing.assert_array_equal(sound.samples, samples)


@pytest.mark.parametrize("name", ["../../etc/x.wav", "C:\\music\\x.wav", "a/b/x.wav"])
def test_a_name_with_folders_is_only_a_name(name):
    assert read_file(upload(name, wav(np.zeros(10), 8000))).label == "x.wav"


@pytest.mark.parametrize(("name", "content"), [("tune.txt", b"la la la"), ("empty.wav", b""), ("", b"x")])
def test_what_is_no_sound_is_refused_by_its_own_name(name, content):
    with pytest.raises(ValueError, match=re.escape(name or "recording")) as caught:
        read_file(upload(name, content))
    assert "tmp" not in str(caught.value)


def test_the_recorder_asks_no_host_and_plays_nothing_by_itself():
    page = recorder().data
    assert not re.search(r"https?:|autoplay|loop|\bsrc=|fetch\(|XMLHttp", page)
    assert page.count("<script>") == page.count("</script>") == 1
