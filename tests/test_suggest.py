"""What is suggested for a recording is what it is: told from notes whose kind is known."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from judges import RATE

from rnnsound import Sound, SoundModel, measures, prepare, presets, recordings, shift, sine, suggest

HELD = ("sine440", "clarinet", "clarinet_high", "clarinet_low", "flute", "violin")
STRUCK = ("piano", "piano_low", "piano_high")


def bell(seconds=4.0, rate=RATE):
    t = np.arange(round(seconds * rate)) / rate
    tone = np.zeros_like(t)
    for n, ratio in enumerate((0.5, 1, 1.2, 1.5, 2, 2.67, 3.98, 5.43)):
        tone += 0.8**n * np.exp(-t * (2 + n)) * np.sin(2 * np.pi * 440 * ratio * t)
        other = 2 * np.pi * (440 * ratio + 0.7 + 0.2 * n) * t
        tone += 0.3 * 0.8**n * np.exp(-t * (0.4 + 0.1 * n)) * np.sin(other)
    return Sound(0.4 * tone / np.abs(tone).max(), rate, "bell")


def pluck(frequency=196.0, seconds=4.0, rate=RATE):
    """A string by Karplus and Strong's delay line."""
    period = int(rate / frequency - 0.5)
    samples = list(np.random.default_rng(3).uniform(-1, 1, period + 1))
    for n in range(period + 1, round(seconds * rate)):
        samples.append(0.498 * (samples[n - period] + samples[n - period - 1]))
    return Sound(0.4 * np.array(samples), rate, "pluck")


def vibrato(seconds=4.0, rate=48_000):
    t = np.arange(round(seconds * rate)) / rate
    phase = 2 * np.pi * 440 * (t - 0.012 / (2 * np.pi * 5.5) * np.cos(2 * np.pi * 5.5 * t))
    tone = sum(np.sin(k * phase) / k for k in range(1, 16)) / 1.8
    noise = 0.004 * np.random.default_rng(1).standard_normal(len(t))
    level = np.minimum(1, t / 0.08) * np.minimum(1, (seconds - t) / 0.15)
    return Sound(0.25 * level * (tone + noise), rate, "vibrato")


def vowel(rng, rate):
    """A tenth or two of a second of partials under three formants, its pitch on the move."""
    n = round(rng.uniform(0.12, 0.3) * rate)
    hertz = rng.uniform(95, 150) * 2 ** np.linspace(rng.uniform(-0.2, 0.2), rng.uniform(-0.3, 0.1), n)
    phase, formants = 2 * np.pi * np.cumsum(hertz) / rate, rng.permutation([[700, 1200], [300, 2300]])[0]
    sound = np.zeros(n)
    for k in range(1, 35):
        loud = sum(1 / (1 + ((k * hertz.mean() - f) / 90) ** 2) / (1 + i) for i, f in enumerate(formants))
        sound += (loud + 0.01) * np.sin(k * phase)
    return sound / np.abs(sound).max() * np.sqrt(np.hanning(n))


def speech(seconds=4.0, rate=RATE):
    """Vowels with formants, bursts of noise between some of them, and pauses."""
    rng, parts = np.random.default_rng(5), []
    while sum(map(len, parts)) < seconds * rate:
        parts.append(vowel(rng, rate))
        if rng.uniform() < 0.6:
            n = round(rng.uniform(0.05, 0.12) * rate)
            parts.append(0.15 * np.diff(rng.standard_normal(n + 1)) * np.hanning(n))
        parts.append(np.zeros(round(rng.choice([0.02, 0.15]) * rate)))
    return Sound(0.4 * np.concatenate(parts), rate, "speech")


def noise(seconds=3.0):
    return Sound(0.1 * np.random.default_rng(2).standard_normal(round(seconds * RATE)), RATE, "noise")


def long(seconds=60.0):
    """The violin's middle, again and again, each crossfaded with the next."""
    core, n = recordings.load("violin").crop(1, 11).samples.copy(), RATE // 2
    ramp = np.sqrt(np.linspace(0, 1, n))
    core[:n] *= ramp
    core[-n:] *= ramp[::-1]
    samples = np.zeros(round(seconds * RATE) + len(core))
    for start in range(0, round(seconds * RATE), len(core) - n):
        samples[start : start + len(core)] += core
    return Sound(samples[: round(seconds * RATE)], RATE, "long")


def melody():
    parts = [shift(recordings.load("clarinet").crop(1, 2), steps).samples for steps in (0, 2, 4, 5)]
    return Sound(np.concatenate(parts), RATE, "melody")


def struck_again():
    return Sound(np.tile(recordings.load("piano").crop(0, 2).samples, 3), RATE, "three strokes")


def swelling():
    return replace(recordings.load("piano"), samples=recordings.load("piano").samples[::-1])


@pytest.mark.parametrize("name", HELD + STRUCK)
def test_bundled_recordings_are_what_they_are(name):
    found, known = suggest(recordings.load(name)), recordings.describe(name)["frequency"]
    assert found.kind == ("struck" if name in STRUCK else "held")
    assert abs(measures.cents(found.pitch, known)) < 10
    preset = presets.PIANO if name in STRUCK else presets.CLARINET
    assert found.config.replace(epochs=1) == preset.replace(epochs=1)
    assert len(found.reasons) >= 2
    assert not any("clipped" in reason for reason in found.reasons)


@pytest.mark.parametrize(
    ("make", "kind", "said"),
    [
        (bell, "struck", "falls all the time"),
        (lambda: bell(6.0, 22_050), "struck", "no one pitch, like a bell"),
        (pluck, "struck", "a pitch near 19"),
        (vibrato, "held", "a pitch near 440"),
        (long, "held", "It lasts 60 s, of which the first 20 s are learned"),
        (speech, "neither", "pitch"),
        (noise, "neither", "no pitch is found"),
        (melody, "neither", "moves from note to note"),
        (struck_again, "neither", "begins more than once"),
        (swelling, "neither", "does not fall from an early loudest moment"),
    ],
)
def test_made_ones_are_told_apart_and_the_reason_is_said(make, kind, said):
    found = suggest(prepare(make())[0])
    assert found.kind == kind
    assert said in " ".join(found.reasons)
    assert found.expect
    assert found.config.features.note == ("struck" if kind == "struck" else "sustained")
    work = len(found.sound) / found.config.vocoder.hop_size * found.config.train.epochs
    assert work < 250_000  # about 20 s of training on two cores


def test_a_noisy_stereo_mp3_of_half_the_rate_is_learned_with_frames_as_long_as_ever(tmp_path):
    note, rate = recordings.load("clarinet_high").resample(22_050), 22_050
    around = np.pad(note.samples, rate) + 0.004 * np.random.default_rng(4).standard_normal(
        len(note) + 2 * rate
    )
    path = tmp_path / "noisy.mp3"
    soundfile.write(path, np.stack([around, 0.8 * around], axis=1), rate, format="MP3")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two channels became one
        found = suggest(prepare(Sound.read(path))[0])
    assert found.kind == "held"
    assert abs(found.sound.duration - note.duration) < 0.2
    assert found.pitch == pytest.approx(349.2, rel=0.003)
    sizes = found.config.vocoder
    assert (sizes.fft_size, sizes.hop_size) == (1024, 256)
    assert sizes.n_components * rate / 1024 == pytest.approx(9900, rel=0.01)


@pytest.mark.parametrize(
    ("sound", "said"),
    [
        (Sound(np.zeros(RATE), RATE, "quiet"), "quiet is silent: .*record again"),
        (Sound(np.zeros(0), RATE, "empty"), "empty is silent"),
        (sine(440.0, 2.0, amplitude=1e-5), "nearly silent"),
        (sine(440.0, 0.2), "0.20 s of sound are too short .* record at least 0.4 s"),
        (Sound(0.1 * np.ones(5), RATE, "click"), "too short"),
    ],
)
def test_what_cannot_be_learned_is_turned_away_in_a_sentence_that_says_what_to_do(sound, said):
    with pytest.raises(ValueError, match=said) as caught:
        suggest(sound)
    assert "\n" not in str(caught.value)


def test_far_more_than_is_learned_and_far_more_samples_than_usual_are_cut_down_and_it_is_said():
    found = suggest(long(90.0))
    assert found.sound.duration == pytest.approx(20)
    assert any("It lasts 90 s, of which the first 20 s are learned" in reason for reason in found.reasons)
    assert found.sound.crop(19.99, 20).peak < 0.1 * found.sound.peak
    found = suggest(vibrato(rate=96_000))
    assert found.sound.sample_rate == 44_100
    assert any("96000 samples per second" in reason for reason in found.reasons)


def test_clipping_is_noticed():
    loud = recordings.load("violin")
    clipped = replace(loud, samples=np.clip(4 * loud.samples, -1, 1))
    assert any("It is clipped" in reason for reason in suggest(clipped).reasons)


@pytest.mark.parametrize("seconds", [0.4, 0.5, 1.0, 2.5])
@pytest.mark.parametrize("name", ["violin", "piano"])
@pytest.mark.parametrize("rate", [8000, 44_100])
def test_short_notes_make_batches_that_can_be_trained(seconds, name, rate):
    start = 0.0 if name == "piano" else 2.0
    found = suggest(recordings.load(name).resample(rate).crop(start, start + seconds))
    model = SoundModel.fit(found.sound, found.config.replace(epochs=1), progress=False)
    assert model.generate(0.5, seed=0).peak > 0


def test_a_short_note_gets_more_steps_than_its_preset_has_epochs():
    found = suggest(recordings.load("flute").crop(3, 3.5))
    assert found.config.train.epochs > presets.CLARINET.train.epochs
    assert "a few training steps" in found.reasons[-1]
