"""Sounds and files: what goes in comes out, and what is no sound gets one sentence."""

import io
import os
import struct
import tracemalloc
import warnings

import numpy as np
import pytest
import scipy.io.wavfile
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from judges import posix

from rnnsound import Sound, sine
from rnnsound.dsp.outputs import replacing


def test_a_sine_is_what_the_formula_says():
    tone = sine(1000.0, seconds=0.5, amplitude=0.25, sample_rate=8000)
    assert len(tone) == 4000
    assert tone.duration == 0.5
    assert tone.samples[2] == pytest.approx(0.25)  # a quarter of a period of 8 samples
    assert tone.samples[4] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("frequency", [-1.0, 22_051.0, float("nan")])
def test_a_sine_that_cannot_be_sampled_is_refused(frequency):
    with pytest.raises(ValueError, match="cannot be sampled"):
        sine(frequency, seconds=1.0)


def test_cropping_counts_in_seconds():
    sound = Sound(np.arange(1000.0), 100)
    np.testing.assert_array_equal(sound.crop(2.0, 2.03).samples, [200, 201, 202])
    assert len(sound.crop(9.0, 99.0)) == 100


@pytest.mark.parametrize(
    ("samples", "rate", "sentence"),
    [
        (np.zeros((2, 2)), 44_100, "one row of numbers"),
        ([0.0, np.nan], 44_100, "1 of 2 samples are not finite"),
        ([0.0], 0, "not a positive whole number"),
        ([0.0], 44_100.5, "not a positive whole number"),
    ],
)
def test_what_is_no_sound_is_refused(samples, rate, sentence):
    with pytest.raises(ValueError, match=sentence):
        Sound(samples, rate)


@pytest.mark.parametrize(
    ("ending", "tolerance"), [(".wav", 1e-8), (".flac", 2**-23), (".ogg", 0.03), (".mp3", 0.03)]
)
def test_what_is_written_is_read_again(tmp_path, ending, tolerance):
    tone = sine(440.0, seconds=1.0)
    path = tmp_path / f"tone{ending}"
    tone.write(path)
    back = Sound.read(path)
    assert back.sample_rate == 44_100
    assert back.label == path.name
    assert len(back) == len(tone)
    assert np.abs(back.samples - tone.samples).max() <= tolerance
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("ending", [".ogg", ".flac", ".mp3"])
def test_a_minute_is_written_without_trouble(tmp_path, ending):
    tone = sine(440.0, seconds=60.0)
    tone.write(tmp_path / f"tone{ending}")
    assert len(Sound.read(tmp_path / f"tone{ending}")) == pytest.approx(len(tone), abs=3000)


@pytest.mark.parametrize(
    ("kind", "subtype", "step"),
    [
        ("WAV", "PCM_U8", 2**-7),
        ("WAV", "PCM_16", 2**-15),
        ("WAV", "PCM_24", 2**-23),
        ("WAV", "PCM_32", 2**-30),
        ("WAV", "FLOAT", 2**-24),
        ("WAV", "DOUBLE", 0),
        ("FLAC", "PCM_16", 2**-15),
        ("FLAC", "PCM_24", 2**-23),
        ("OGG", "VORBIS", 0.02),
        ("MP3", "MPEG_LAYER_III", 0.02),
    ],
)
@pytest.mark.parametrize("rate", [8000, 44_100, 48_000])
def test_every_format_and_rate_is_read_within_its_own_precision(tmp_path, kind, subtype, step, rate):
    tone = sine(300.0, seconds=0.5, sample_rate=rate)
    path = tmp_path / f"tone.{kind.lower()}"
    soundfile.write(path, tone.samples, rate, subtype=subtype, format=kind)
    sound = Sound.read(path)
    assert sound.sample_rate == rate
    assert np.abs(sound.samples - tone.samples)[: len(tone)].max() <= step


def test_a_file_written_by_another_library_is_read(tmp_path):
    values = np.array([0, 16_384, -32_768, 32_767], dtype=np.int16)
    scipy.io.wavfile.write(tmp_path / "four.wav", 22_050, values)
    np.testing.assert_allclose(Sound.read(tmp_path / "four.wav").samples, values / 32_768)


def test_stereo_is_mixed_down_and_says_so(tmp_path):
    soundfile.write(tmp_path / "two.wav", [[0.5, 0.1], [-0.5, 0.3]], 44_100, subtype="DOUBLE")
    with pytest.warns(UserWarning, match=r"two.wav: 2 channels were mixed down to one"):
        sound = Sound.read(tmp_path / "two.wav")
    np.testing.assert_allclose(sound.samples, [0.3, -0.1])


def test_a_file_that_breaks_off_gives_the_sound_up_to_there(tmp_path):
    whole = tmp_path / "whole.wav"
    tone = sine(440.0, seconds=1.0)
    tone.write(whole)
    part = tmp_path / "part.wav"
    part.write_bytes(whole.read_bytes()[:100_000])
    sound = Sound.read(part)
    assert 20_000 < len(sound) < 25_000
    np.testing.assert_allclose(sound.samples, tone.samples[: len(sound)], atol=1e-7)


FORMATS = (
    ("FLAC", "PCM_16"),
    ("CAF", "PCM_16"),
    ("OGG", "VORBIS"),
    ("OGG", "OPUS"),
    ("MP3", "MPEG_LAYER_III"),
    ("AIFF", "PCM_16"),
    ("W64", "PCM_16"),
    ("AU", "PCM_16"),
    ("RF64", "PCM_16"),
)


def encoded(samples, rate, kind, subtype):
    memory = io.BytesIO()
    soundfile.write(memory, samples, rate, format=kind, subtype=subtype)
    return memory.getvalue()


@pytest.mark.filterwarnings("ignore:.*breaks off")
@pytest.mark.parametrize(("kind", "subtype"), FORMATS)
def test_every_format_gives_what_came_before_the_break(tmp_path, kind, subtype):
    rate = 48_000
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 3 * rate)
    content = encoded(noise, rate, kind, subtype)
    whole = soundfile.read(io.BytesIO(content))[0]
    path = tmp_path / f"cut.{kind.lower()}"
    for part in np.random.default_rng(1).uniform(0.15, 1, 20):
        path.write_bytes(content[: int(part * len(content))])
        samples = Sound.read(path).samples
        missing = part * len(whole) - len(samples)
        assert (
            missing < 0.4 * rate
        )  # the headers, which are no sound, and one piece of 4096 samples or a packet
        np.testing.assert_allclose(samples, whole[: len(samples)], atol=1e-4)


def test_that_a_file_breaks_off_is_said(tmp_path):
    path = tmp_path / "cut.flac"
    content = encoded(np.random.default_rng(0).uniform(-0.5, 0.5, 44_100), 44_100, "FLAC", "PCM_16")
    path.write_bytes(content[: len(content) // 2])
    with pytest.warns(UserWarning, match=r"cut.flac: it breaks off after 0\.[45]\d+ s, and was taken up to"):
        Sound.read(path)


@pytest.mark.parametrize("riff_size", [0, 36 + 88_200])
def test_a_recorder_that_lost_its_power_leaves_a_wav_file_that_is_read(tmp_path, riff_size):
    tone = sine(440, 1.0)
    content = bytearray(encoded(tone.samples, 44_100, "WAV", "PCM_16"))
    content[4:8], content[40:44] = struct.pack("<I", riff_size), bytes(4)
    path = tmp_path / "lost.wav"
    path.write_bytes(content)
    np.testing.assert_allclose(Sound.read(path).samples, tone.samples, atol=2**-15)


def test_a_wav_file_that_is_empty_indeed_is_said_to_hold_no_samples(tmp_path):
    content = bytearray(encoded(np.zeros(0), 44_100, "WAV", "PCM_16"))
    content += b"LIST" + struct.pack("<I", 12) + b"INFOISFT" + b"abcd"
    content[4:8] = struct.pack("<I", len(content) - 8)
    path = tmp_path / "empty.wav"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"empty.wav: the file holds no samples"):
        Sound.read(path)


def test_chained_ogg_files_are_read_to_the_end(tmp_path):
    parts = [sine(frequency, 1.0) for frequency in (440, 660)]
    path = tmp_path / "chained.ogg"
    path.write_bytes(b"".join(encoded(part.samples, 44_100, "OGG", "VORBIS") for part in parts))
    read = Sound.read(path).samples
    assert len(read) == 2 * 44_100
    for start, part in zip((0, 44_100), parts, strict=True):
        np.testing.assert_allclose(read[start:][:44_100], part.samples, atol=0.02)


def test_chained_ogg_files_of_two_rates_get_one_sentence(tmp_path):
    path = tmp_path / "chained.ogg"
    path.write_bytes(b"".join(encoded(np.zeros(8000), rate, "OGG", "VORBIS") for rate in (22_050, 44_100)))
    with pytest.raises(ValueError, match=r"chained.ogg: its parts have different sample rates"):
        Sound.read(path)


def test_a_header_that_promises_hours_takes_no_memory(tmp_path):
    memory = io.BytesIO()
    soundfile.write(memory, np.zeros(100), 44_100, format="FLAC")
    content = bytearray(memory.getvalue())
    # STREAMINFO: the lower 36 bits of the eight bytes from 18 on are the number of samples
    rate_and_count = struct.unpack(">Q", content[18:26])[0] | 0xFFFFFFFFF
    content[18:26] = struct.pack(">Q", rate_and_count)
    path = tmp_path / "long.flac"
    path.write_bytes(content)
    tracemalloc.start()
    with pytest.warns(UserWarning, match=r"long.flac: it breaks off after 0.002 s"):
        assert len(Sound.read(path)) == 100
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10e6


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("empty.wav", b"", "the file is empty"),
        ("words.wav", b"this is not music", "not audio that can be read"),
        ("samples.raw", b"\0" * 1000, "raw samples do not say what format"),
        ("cut.wav", b"RIFF\x24\0\0\0WAVEfmt ", "cut.wav"),
    ],
)
def test_a_file_without_sound_gets_one_sentence(tmp_path, name, content, sentence):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=sentence) as caught:
        Sound.read(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_samples_or_samples_that_are_no_numbers_get_one_sentence(tmp_path):
    soundfile.write(tmp_path / "none.wav", np.zeros(0), 44_100)
    with pytest.raises(ValueError, match=r"none.wav: the file holds no samples"):
        Sound.read(tmp_path / "none.wav")
    soundfile.write(tmp_path / "nan.wav", [0.0, np.nan, np.inf], 44_100, subtype="FLOAT")
    with pytest.raises(ValueError, match=r"nan.wav: 2 of 3 samples are not finite"):
        Sound.read(tmp_path / "nan.wav")


def test_a_missing_file_and_a_folder_get_one_sentence(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        Sound.read(tmp_path / "missing.wav")
    with pytest.raises(OSError, match="this is not a file"):
        Sound.read(tmp_path)


def test_writing_where_it_cannot_work_gets_one_sentence_and_leaves_no_file(tmp_path):
    tone = sine(440.0, seconds=0.1)
    with pytest.raises(ValueError, match=r"tone.xyz: the ending is not that of a known audio format"):
        tone.write(tmp_path / "tone.xyz")
    with pytest.raises(FileNotFoundError, match="does not exist"):
        tone.write(tmp_path / "nowhere" / "tone.wav")
    odd = Sound(tone.samples, 12_345)
    with pytest.raises(ValueError, match="12345 samples per second"):
        odd.write(tmp_path / "odd.mp3")
    assert list(tmp_path.iterdir()) == []


def test_too_loud_is_kept_by_wav_and_clipped_with_a_warning_by_flac(tmp_path):
    loud = sine(440.0, seconds=0.1, amplitude=2.0)
    loud.write(tmp_path / "loud.wav")
    assert Sound.read(tmp_path / "loud.wav").peak == pytest.approx(loud.peak)
    with pytest.warns(UserWarning, match="clipped"):
        loud.write(tmp_path / "loud.flac")
    assert Sound.read(tmp_path / "loud.flac").peak == pytest.approx(1.0, abs=1e-6)


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("old")

    def interrupted():
        with replacing(path) as part:
            part.write_text("half of the new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == "old"
    with replacing(path) as part:
        part.write_text("new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@given(
    st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=2000), st.sampled_from([8000, 22_050, 96_000])
)
@settings(max_examples=50, deadline=None)
def test_any_samples_survive_a_wav_file(tmp_path_factory, samples, rate):
    path = tmp_path_factory.mktemp("any") / "any.wav"
    Sound(samples, rate).write(path)
    np.testing.assert_array_equal(Sound.read(path).samples, np.float32(samples))


def test_a_sine_of_half_the_sample_rate_is_the_last_that_can_be_sampled():
    for rate in (8_000, 44_100):
        assert sine(rate / 2, seconds=0.1, sample_rate=rate).peak < 1e-9  # it is sampled where it is 0
        assert sine(0.0, seconds=0.1, sample_rate=rate).peak == 0
        with pytest.raises(ValueError, match=f"{rate} times a second; use 0 to {rate // 2}"):
            sine(rate / 2 + 0.001, seconds=0.1, sample_rate=rate)
    assert sine(441.0, seconds=1.0).peak == pytest.approx(0.125, rel=1e-3)


def test_a_sound_cannot_be_changed_by_accident():
    tone = sine(441.0, seconds=0.1)
    with pytest.raises(AttributeError):
        tone.sample_rate = 8_000
    assert Sound([1, 2], 100.0).sample_rate == 100
    assert Sound([1, 2], 100).samples.dtype == np.float64
    assert len({tone, tone, sine(441.0, seconds=0.1)}) == 2  # a sound is itself, not its samples
    assert (len(Sound([1, 2], 100)), Sound([1, -2], 100).peak, Sound([], 100).peak) == (2, 2.0, 0.0)


def test_a_crop_before_the_beginning_begins_there():
    sound = Sound(np.arange(1000.0), 100, "ramp")
    assert sound.crop(-3.0, 0.02).samples.tolist() == [0, 1]
    assert len(sound.crop(-3.0, -1.0)) == 0
    assert sound.crop(1.0, 2.0).label == "ramp"


@posix
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o000])
def test_a_new_file_may_be_read_by_whom_the_umask_says(tmp_path, umask):
    before = os.umask(umask)
    try:
        sine(440.0, seconds=0.1).write(tmp_path / "tone.wav")
        assert (tmp_path / "tone.wav").stat().st_mode & 0o777 == 0o666 & ~umask
        assert os.umask(umask) == umask
    finally:
        os.umask(before)


@pytest.mark.parametrize("factor", [-1.0, -0.999, -1.1])
def test_channels_that_would_cancel_each_other_are_not_mixed(tmp_path, factor):
    tone = sine(440.0, seconds=0.2).samples
    soundfile.write(tmp_path / "two.wav", np.stack([tone, factor * tone], axis=1), 44_100, "FLOAT")
    louder = 2 if abs(factor) > 1 else 1
    with pytest.warns(UserWarning, match=f"its channels cancel each other: channel {louder} alone was taken"):
        sound = Sound.read(tmp_path / "two.wav")
    np.testing.assert_allclose(sound.samples, tone if louder == 1 else factor * tone, atol=1e-7)


def test_a_dead_channel_and_silence_are_mixed_as_ever(tmp_path):
    tone = sine(440.0, seconds=0.2).samples
    for name, other in (("dead", 0 * tone), ("half", -0.5 * tone)):
        soundfile.write(tmp_path / f"{name}.wav", np.stack([tone, other], axis=1), 44_100, "FLOAT")
        with pytest.warns(UserWarning, match="2 channels were mixed down to one"):
            np.testing.assert_allclose(
                Sound.read(tmp_path / f"{name}.wav").samples, (tone + other) / 2, atol=1e-7
            )
    soundfile.write(tmp_path / "silence.wav", np.zeros((100, 2)), 44_100)
    with pytest.warns(UserWarning, match="mixed down"):
        assert Sound.read(tmp_path / "silence.wav").peak == 0


def test_whole_numbers_saved_as_fractions_are_said(tmp_path):
    tone = sine(440.0, seconds=0.2).samples
    soundfile.write(tmp_path / "int.wav", tone * 32_768, 44_100, "FLOAT")
    with pytest.warns(UserWarning, match=r"int\.wav: samples reach 4096, where full scale is 1"):
        Sound.read(tmp_path / "int.wav")
    soundfile.write(tmp_path / "loud.wav", tone * 32, 44_100, "FLOAT")  # merely 12 dB over
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Sound.read(tmp_path / "loud.wav").peak == pytest.approx(4, rel=0.01)


def test_a_chain_of_ogg_files_whose_last_link_is_torn_gives_the_others(tmp_path):
    link = encoded(sine(440, 1.0).samples, 44_100, "OGG", "VORBIS")
    path = tmp_path / "stream.ogg"
    path.write_bytes(3 * link + link[:1500])
    with pytest.warns(UserWarning, match=r"stream.ogg: it breaks off after 3.000 s"):
        assert len(Sound.read(path)) == 3 * 44_100


@pytest.mark.parametrize("seconds", [5, 60])
def test_an_unfinished_wav_file_of_silence_is_not_taken_for_an_empty_one(tmp_path, seconds):
    content = bytearray(encoded(np.zeros(seconds * 44_100), 44_100, "WAV", "PCM_16"))
    content[40:44] = bytes(4)
    path = tmp_path / "lost.wav"
    path.write_bytes(content)
    tracemalloc.start()
    assert len(Sound.read(path)) == seconds * 44_100
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5e6 + 8 * len(content)


def test_many_channels_take_no_more_memory_than_few(tmp_path):
    path = tmp_path / "many.wav"
    soundfile.write(path, np.zeros((10, 1000)), 44_100)
    tracemalloc.start()
    with pytest.warns(UserWarning, match="1000 channels were mixed"):
        Sound.read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10e6


def test_one_channel_of_many_is_no_cancellation_and_a_loud_one_is_said(tmp_path):
    tone = sine(440, 0.1).samples
    one = np.zeros((len(tone), 12))
    one[:, 5] = tone
    soundfile.write(tmp_path / "one.wav", one, 44_100, subtype="FLOAT")
    with pytest.warns(UserWarning, match="12 channels were mixed down to one"):
        Sound.read(tmp_path / "one.wav")
    loud = 1e5 * np.stack([tone, -tone], axis=1)
    soundfile.write(tmp_path / "loud.wav", loud, 44_100, subtype="FLOAT")
    with pytest.warns(UserWarning) as said:  # noqa: PT030
        Sound.read(tmp_path / "loud.wav")
    assert "channel 1 alone" in str(said[0].message)
    assert "samples reach 12" in str(said[1].message)
