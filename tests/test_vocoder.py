"""The phase vocoder against known tones, the article's digits, librosa and itself inverted."""

import tracemalloc

import librosa
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rnnsound import Frames, PhaseVocoder, Sound, article, recordings, sine
from rnnsound.dsp.vocoder import check_sizes


def noise(seconds, rate=44_100, seed=0):
    return Sound(0.1 * np.random.default_rng(seed).standard_normal(round(seconds * rate)) + 0.01, rate)


def difference_inside(sound, back, fft_size):
    """Largest difference away from the first and last window, relative to the peak."""
    inside = slice(fft_size, len(sound) - fft_size)
    return np.abs(back.samples[inside] - sound.samples[inside]).max() / sound.peak


def test_the_articles_table_comes_out_to_its_digits():
    frames = PhaseVocoder(512, 128, 10).analyze(sine(440.0, seconds=1.0))
    np.testing.assert_allclose(frames.magnitude[1], article.SINE_FRAME[:, 0], atol=5e-4)
    np.testing.assert_allclose(frames.frequency[1], article.SINE_FRAME[:, 1], atol=2e-3)
    assert frames.magnitude[1, 0] == frames.frequency[1, 0] == 0


@pytest.mark.parametrize("overlap", [2, 4, 8])
@pytest.mark.parametrize("fft_size", [256, 512, 1024, 2048, 4096])
def test_ten_seconds_of_noise_come_back_as_they_were(fft_size, overlap):
    sound = noise(10.0)
    vocoder = PhaseVocoder(fft_size, fft_size // overlap, dc=True)
    back = vocoder.synthesize(vocoder.analyze(sound))
    assert difference_inside(sound, back, fft_size) < 1e-8


@pytest.mark.parametrize(("fft_size", "overlap"), [(256, 8), (2048, 4), (4096, 2)])
def test_a_minute_comes_back_as_it_was(fft_size, overlap):
    sound = noise(60.0)
    vocoder = PhaseVocoder(fft_size, fft_size // overlap, dc=True)
    assert difference_inside(sound, vocoder.synthesize(vocoder.analyze(sound)), fft_size) < 1e-8


@pytest.mark.parametrize("name", ["clarinet", "piano", "violin"])
def test_a_recording_comes_back_as_it_was(name):
    sound = recordings.load(name)
    vocoder = PhaseVocoder(1024, 256, dc=True)
    assert difference_inside(sound, vocoder.synthesize(vocoder.analyze(sound)), 1024) < 1e-8


@given(
    fft_size=st.integers(1, 300).map(lambda half: 2 * half),
    data=st.data(),
    seconds=st.floats(0.05, 0.3),
)
@settings(max_examples=60, deadline=None)
def test_any_even_fft_size_and_any_hop_that_divides_it_come_back(fft_size, data, seconds):
    divisors = [hop for hop in range(1, fft_size + 1) if fft_size % hop == 0]
    hop_size = data.draw(st.sampled_from(divisors))
    sound = noise(seconds, rate=8000)
    assume(len(sound) > 3 * fft_size)
    vocoder = PhaseVocoder(fft_size, hop_size, dc=True)
    assert difference_inside(sound, vocoder.synthesize(vocoder.analyze(sound)), fft_size) < 1e-8


def test_magnitudes_agree_with_librosa():
    sound = recordings.load("clarinet")
    frames = PhaseVocoder(1024, 256, dc=True).analyze(sound)
    window = np.hanning(1024)  # symmetric, as ours
    reference = np.abs(librosa.stft(sound.samples, n_fft=1024, hop_length=256, window=window, center=False)).T
    np.testing.assert_allclose(frames.magnitude[: len(reference)], reference, atol=1e-10)


def test_frequencies_agree_with_librosas_reassigned_spectrogram():
    sound = recordings.load("clarinet").crop(0.5, 2.5)
    frames = PhaseVocoder(2048, 128).analyze(sound)
    strongest = np.argmax(frames.magnitude[10])
    reassigned, *_ = librosa.reassigned_spectrogram(
        sound.samples, sr=44_100, n_fft=2048, hop_length=128, center=False, window=np.hanning(2048)
    )
    ours, theirs = frames.frequency[10:400, strongest], reassigned[strongest, 10:400]
    np.testing.assert_allclose(ours, theirs, atol=0.1)  # one looks at 128 samples more than the other


def worst_case(frequency, fft_size, hop_size, rate):
    """How far off, in Hz, a tone's mirror image can put the strongest bin.

    The mirror images lie at minus the frequency and at the rate less the frequency. A Hann window's transform
    d bins from its middle has at most 1 / (pi d (d^2 - 1)) of its height, which turns a phase by that angle,
    once in each of the two frames that are compared. The strongest bin has at least 0.849 of the height.
    """
    distance = 2 * min(frequency, rate / 2 - frequency) / rate * fft_size - 0.5
    if distance < 2:
        return np.inf
    leakage = 1 / (np.pi * distance * (distance**2 - 1)) / 0.849
    return 2 * leakage * rate / (2 * np.pi * hop_size)


@given(
    frequency=st.floats(100.0, 18_000.0),
    amplitude=st.floats(1e-4, 1.0),
    fft_size=st.sampled_from([256, 512, 1024, 2048, 4096]),
    overlap=st.sampled_from([2, 4, 8]),
    rate=st.sampled_from([22_050, 44_100, 48_000]),
)
@settings(max_examples=150, deadline=None)
def test_the_strongest_bin_tells_any_tones_frequency(frequency, amplitude, fft_size, overlap, rate):
    hop_size = fft_size // overlap
    assume(worst_case(frequency, fft_size, hop_size, rate) < 0.05)
    frames = PhaseVocoder(fft_size, hop_size).analyze(
        sine(frequency, seconds=0.5, amplitude=amplitude, sample_rate=rate)
    )
    inside = frames[1 : len(frames) - overlap]
    strongest = np.argmax(inside.magnitude, axis=1)
    measured = inside.frequency[np.arange(len(inside)), strongest]
    assert np.abs(measured - frequency).max() < 0.05


def test_a_bin_too_far_from_the_tone_wraps_by_whole_turns_per_hop():
    frames = PhaseVocoder(512, 128, 10).analyze(sine(440.0, seconds=1.0))
    per_turn = 44_100 / 128
    means = frames.frequency[1:300].mean(axis=0)
    np.testing.assert_allclose(means[1:4], 440 - per_turn, atol=0.3)
    np.testing.assert_allclose(means[4:7], 440, atol=0.01)
    np.testing.assert_allclose(means[8:], 440 + per_turn, atol=0.3)


def test_limiting_the_components_is_a_low_pass():
    low, high = sine(500.0, seconds=1.0), sine(5000.0, seconds=1.0)
    both = Sound(low.samples + high.samples, 44_100)
    vocoder = PhaseVocoder(512, 128, n_components=30)  # up to 2498 Hz
    back = vocoder.synthesize(vocoder.analyze(both)).samples[: len(low)]
    inside = slice(512, -512)
    assert np.abs(back[inside] - low.samples[inside]).max() < 1e-3 * low.peak


def test_bin_0_is_dropped_unless_asked_for():
    constant = Sound(np.full(4096, 0.3), 44_100)
    drops, keeps = PhaseVocoder(512, 128), PhaseVocoder(512, 128, dc=True)
    assert np.abs(keeps.synthesize(keeps.analyze(constant)).samples[512:-512]).min() > 0.299
    assert drops.analyze(constant).magnitude[:, 0].max() == 0


@pytest.mark.parametrize(("hop", "factor"), [(64, 0.5), (256, 2.0)])
def test_another_hop_stretches_time_and_keeps_the_pitch(hop, factor):
    tone = sine(440.0, seconds=1.0)
    frames = PhaseVocoder(512, 128).analyze(tone)
    stretched = PhaseVocoder(512, hop).synthesize(frames)
    assert stretched.duration == pytest.approx(factor, rel=0.02)
    # its instantaneous frequency, from an independent phase: the analytic signal
    spectrum = np.fft.rfft(stretched.samples * np.hanning(len(stretched)))
    assert np.argmax(np.abs(spectrum)) / stretched.duration == pytest.approx(
        440.0, abs=1 / stretched.duration
    )


def test_the_last_samples_are_in_the_last_frame():
    click = np.zeros(1000)
    click[-1] = 1.0
    frames = PhaseVocoder(256, 64, dc=True).analyze(Sound(click, 8000))
    assert len(frames) == 1 + -(-(1000 - 256) // 64)
    assert frames.magnitude[-1].max() == pytest.approx(np.hanning(256)[999 - 12 * 64])


def test_a_part_of_the_frames_sounds_like_that_part_of_the_whole():
    sound = noise(0.5)
    vocoder = PhaseVocoder(512, 128, dc=True)
    frames = vocoder.analyze(sound)
    part = vocoder.synthesize(frames[40:80])
    whole = vocoder.synthesize(frames).samples[40 * 128 : 79 * 128 + 512]
    np.testing.assert_allclose(part.samples[512:-512], whole[512:-512], atol=1e-9)
    with pytest.raises(ValueError, match="not a range of frames"):
        frames[::2]


def test_silence_stays_silence():
    vocoder = PhaseVocoder(512, 128)
    frames = vocoder.analyze(Sound(np.zeros(5000), 44_100))
    assert np.isfinite(frames.frequency).all()
    assert vocoder.synthesize(frames).peak == 0


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"fft_size": 511}, "fft_size=511 is not an even number"),
        ({"fft_size": 0}, "fft_size=0"),
        ({"fft_size": 2**40}, "from 2 to 1048576"),
        ({"hop_size": 100}, "hop_size=100 does not divide fft_size=512; try 128"),
        ({"hop_size": 0}, "hop_size=0"),
        ({"hop_size": 1024}, "hop_size=1024"),
        ({"n_components": 300}, "n_components=300 .* use 1 to 257"),
        ({"n_components": 0}, "n_components=0"),
    ],
)
def test_settings_that_cannot_work_are_refused(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        PhaseVocoder(**({"fft_size": 512, "hop_size": 128} | options))


def test_the_largest_and_smallest_sizes_may_be_used():
    for sizes in ((2**20, 2**20, 2**19 + 1), (2, 1, 1), (512, 512, 257)):
        check_sizes(*sizes)
    with pytest.raises(ValueError, match="fft_size=1048578"):
        check_sizes(2**20 + 2, 1, 1)


def test_a_sound_shorter_than_a_frame_is_refused():
    with pytest.raises(
        ValueError, match=r"0.005 s of sound is shorter than one 512-sample frame \(0.012 s\)"
    ):
        PhaseVocoder(512, 128).analyze(Sound(np.zeros(220), 44_100))


def test_frames_that_do_not_fit_are_refused():
    vocoder = PhaseVocoder(512, 128)
    ones = np.ones((3, 4))
    with pytest.raises(ValueError, match="fft_size=1024"):
        vocoder.synthesize(Frames(ones, ones, 44_100, 1024, 128))
    with pytest.raises(ValueError, match="there are no frames"):
        vocoder.synthesize(Frames(ones[:0], ones[:0], 44_100, 512, 128))
    with pytest.raises(ValueError, match="NaN or infinity"):
        Frames(ones * np.nan, ones, 44_100, 512, 128)
    with pytest.raises(ValueError, match="both are"):
        Frames(ones, ones[:, :2], 44_100, 512, 128)
    with pytest.raises(ValueError, match="first_phase has shape"):
        Frames(ones, ones, 44_100, 512, 128, np.zeros(3))


def test_frame_0_has_no_frame_before_it_and_reports_the_centers_of_its_bins():
    for hop_size in (128, 64, 256):
        frames = PhaseVocoder(512, hop_size, 30).analyze(sine(1000.0, seconds=0.1))
        np.testing.assert_allclose(frames.frequency[0, 1:], frames.bin_centers[1:], atol=1e-6)
        assert abs(frames.frequency[1, 12] - 1000) < 1


@pytest.mark.parametrize("hop_size", [64, 128, 256, 512])
def test_overlap_and_add_as_written_out_one_frame_after_the_other(hop_size):
    """Edges included, where fewer windows overlap: their sum counts for a tenth of the largest at least."""
    vocoder = PhaseVocoder(512, hop_size, dc=True)
    noise = Sound(np.random.default_rng(0).standard_normal(2_048), 44_100)
    frames = vocoder.analyze(noise)
    out, power = np.zeros(2_048), np.zeros(2_048)
    for t in range(len(frames)):
        place = slice(t * hop_size, t * hop_size + 512)
        out[place] += noise.samples[place] * vocoder.window**2
        power[place] += vocoder.window**2
    most = (vocoder.window.reshape(-1, hop_size) ** 2).sum(axis=0).max()
    expected = out / np.maximum(power, 0.1 * most)
    np.testing.assert_allclose(vocoder.synthesize(frames).samples, expected, atol=1e-9)


@pytest.mark.parametrize("n_samples", [512, 513, 639, 640, 641, 33_407, 33_408, 33_409, 200_000])
@pytest.mark.parametrize("block", [1000, 10**6])
def test_a_sound_that_comes_in_blocks_has_the_frames_of_the_whole(n_samples, block):
    vocoder = PhaseVocoder(512, 128, n_components=20)
    sound = Sound(np.random.default_rng(0).uniform(-1, 1, n_samples), 44_100)
    blocks = [sound.samples[start : start + block] for start in range(0, n_samples, block)]
    whole, pieces = vocoder.analyze(sound), list(vocoder.analyze_blocks(blocks, 44_100, "noise"))
    for name in ("magnitude", "frequency", "times"):
        got = np.concatenate([getattr(piece, name) for piece in pieces])
        np.testing.assert_allclose(got, getattr(whole, name), rtol=1e-9)
    n_before = 0
    for piece in pieces:  # each knows its own phases
        same = whole[n_before : n_before + len(piece)]
        expected, heard = vocoder.synthesize(same).samples, vocoder.synthesize(piece).samples
        np.testing.assert_allclose(heard, expected, atol=1e-9)
        n_before += len(piece)


def test_less_than_a_frame_in_blocks_is_refused_by_name():
    with pytest.raises(ValueError, match=r"noise: .*shorter than one 512-sample"):
        list(PhaseVocoder(512, 128).analyze_blocks([np.zeros(500)], 44_100, "noise"))


def test_of_very_long_frames_only_a_few_are_in_memory_at_a_time():
    vocoder = PhaseVocoder(2**18, 2**12, n_components=2)
    frames = Frames(np.ones((300, 2)), np.ones((300, 2)), 44_100, 2**18, 2**12)
    tracemalloc.start()
    heard = vocoder.synthesize(frames)
    vocoder.analyze(heard)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 300e6  # 256 such frames at once would be 540 MB, and several arrays of them


def test_long_frames_that_come_in_blocks_do_not_pile_up():
    vocoder = PhaseVocoder(2**16, 2**14, n_components=2)
    tracemalloc.start()
    blocks = (np.zeros(65_536) for _ in range(150))
    n_frames = sum(len(piece) for piece in vocoder.analyze_blocks(blocks, 44_100, "silence"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert n_frames == 1 + (150 * 65_536 - 2**16) // 2**14
    assert peak < 150e6
