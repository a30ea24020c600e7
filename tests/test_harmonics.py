"""Harmonic frames against tones and noise whose partials and strengths are known, and SciPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, sosfilt, welch

from rnnsound import Sound
from rnnsound.dsp.corpus_note import measure_pitch, to_corpus_note
from rnnsound.dsp.harmonics import (
    FFT_SIZE,
    HARMONIC,
    HIGHEST,
    HOP,
    N_BANDS,
    N_PARTIALS,
    RATE,
    HarmonicFrames,
    analyze_harmonics,
    band_centers,
    frame_times,
    n_frames_for,
    seconds_of,
    synthesize_harmonics,
    to_hertz,
    to_midi,
)
from rnnsound.dsp.measures import log_mel_distance, restlessness
from rnnsound.dsp.recordings import _DATA

EDGE = 0.06  # seconds at either end in which a frame hears the silence beside the note, too


def tone(pitch, amplitudes, seconds=1.0, ratios=HARMONIC, seed=0):
    """Sines of known amplitudes, each from a phase of its own."""
    at, rng = np.arange(round(seconds * RATE)) / RATE, np.random.default_rng(seed)
    known = zip(amplitudes, ratios, rng.random(len(amplitudes)), strict=False)
    return Sound(sum(a * np.sin(2 * np.pi * (k * pitch * at + phase)) for a, k, phase in known), RATE)


def inside(frames, seconds):
    """Frames that hear nothing but the note."""
    return (frames.times > EDGE) & (frames.times < seconds - EDGE)


def cents(frequency, reference):
    return 1200 * np.log2(frequency / reference)


def white(strength, seconds, seed=0):
    return Sound(strength * np.random.default_rng(seed).standard_normal(round(seconds * RATE)), RATE)


def heard(sound, frequency):
    """Amplitude of a steady sine, from half a second in the middle, turned back and averaged."""
    size = round(0.5 * RATE)
    first = (len(sound) - size) // 2
    at = np.arange(first, first + size) / RATE
    weights = np.hanning(size) / np.hanning(size).sum()
    return 2 * np.abs(
        np.sum(weights * sound.samples[first : first + size] * np.exp(-2j * np.pi * frequency * at))
    )


@given(
    pitch=st.floats(90.0, 4000.0),
    off=st.floats(-1.0, 1.0),
    levels=st.lists(st.floats(-60.0, -20.0), min_size=N_PARTIALS, max_size=N_PARTIALS),
)
@settings(max_examples=12, deadline=None)
def test_partials_and_pitch_of_a_known_tone_are_measured_and_come_back(pitch, off, levels):
    """Amplitudes within 0.3 dB of partials 40 dB apart, pitch within 0.1 cents."""
    amplitudes = 10 ** (np.array(levels) / 20)[: int(0.999 * HIGHEST / pitch)]
    about = pitch + off * min(pitch * (2 ** (0.33 / 12) - 1), 30.0)
    frames = analyze_harmonics(tone(pitch, amplitudes), about)
    middle, n = inside(frames, 1.0), len(amplitudes)
    np.testing.assert_allclose(cents(frames.pitch[middle], pitch), 0, atol=0.1)
    measured = 20 * np.log10(frames.amplitude[middle][:, :n] / amplitudes)
    np.testing.assert_allclose(measured, 0, atol=0.3)
    assert not frames.amplitude[HARMONIC * frames.pitch[:, None] > HIGHEST].any()  # by each frame's pitch
    again = synthesize_harmonics(frames)
    back = [heard(again, k * pitch) for k in range(1, n + 1)]
    np.testing.assert_allclose(20 * np.log10(back / amplitudes), 0, atol=0.5)


@pytest.mark.parametrize("pitch", [60.0, 5000.0, 7900.0, 15_900.0])
def test_the_lowest_and_the_highest_notes_keep_their_partials(pitch):
    """At 60 Hz partials are 2.8 bins apart, and each still leaves something in the next."""
    n = min(N_PARTIALS, int(HIGHEST / pitch))
    frames = analyze_harmonics(tone(pitch, np.full(n, 0.01)), pitch * 1.001)
    middle = inside(frames, 1.0)
    np.testing.assert_allclose(cents(frames.pitch[middle], pitch), 0, atol=2.0 if pitch < 90 else 0.1)
    measured = 20 * np.log10(frames.amplitude[middle][:, :n] / 0.01)
    np.testing.assert_allclose(measured, 0, atol=1.0 if pitch < 90 else 0.01)


def test_stretched_partials_are_measured_where_their_ratios_say():
    k = np.arange(1, N_PARTIALS + 1)
    ratios = k * np.sqrt(1 + 4e-4 * k**2)
    amplitudes = 0.05 / k[:20]
    stretched = tone(220.0, amplitudes, ratios=ratios)
    frames = analyze_harmonics(stretched, 220.0, ratios)
    middle = inside(frames, 1.0)
    np.testing.assert_allclose(frames.amplitude[middle][:, :20] / amplitudes, 1, atol=0.01)
    again = synthesize_harmonics(frames)
    for k_, amplitude in enumerate(amplitudes):
        assert heard(again, 220.0 * ratios[k_]) == pytest.approx(amplitude, rel=0.02)
    harmonic = analyze_harmonics(stretched, 220.0)
    assert harmonic.amplitude[middle][:, 19].mean() < 0.1 * amplitudes[19]  # it is elsewhere


def test_a_gliding_and_swinging_pitch_is_followed_and_played():
    """Half a semitone a second, and a vibrato of 20 cents five times a second: within 1 cent.

    A frame's pitch is that of the hop before it: phases advance between two frames.
    """
    at = np.arange(2 * RATE) / RATE
    true = 440 * 2 ** ((at / 2 + 0.2 * np.sin(2 * np.pi * 5 * at)) / 12)
    turns = np.cumsum(true) / RATE
    swinging = Sound(0.1 * sum(np.sin(2 * np.pi * k * turns) / k for k in range(1, 11)), RATE)
    frames = analyze_harmonics(swinging, 440 * 2 ** (0.5 / 12) * 2 ** (-0.3 / 12))
    again = analyze_harmonics(synthesize_harmonics(frames), 440 * 2 ** (0.5 / 12))
    middle = inside(frames, 2.0)
    expected = np.interp(frames.times[middle] - HOP / RATE / 2, at, true)
    np.testing.assert_allclose(cents(frames.pitch[middle], expected), 0, atol=1.0)
    late = np.interp(frames.times[middle] - HOP / RATE, at, true)
    np.testing.assert_allclose(cents(again.pitch[: len(frames)][middle], late), 0, atol=2.0)


@pytest.mark.parametrize("pitch", [60.0, 200.0, 440.0, 1500.0, 5000.0])
def test_noise_of_known_strength_is_measured_in_every_band(pitch):
    """1 in every band is white noise of deviation 1; ten per cent, for a band may hold but two bins."""
    frames = analyze_harmonics(white(0.01, 4.0), pitch)
    strength = np.sqrt(np.mean(frames.noise[inside(frames, 4.0)] ** 2, axis=0))
    np.testing.assert_allclose(strength / 0.01, 1, atol=0.1)


def test_noise_comes_back_as_strong_and_of_the_same_color():
    """Welch's spectrum of noise above 3 kHz, in bands of 1 kHz away from the edge, within 1 dB."""
    high = Sound(sosfilt(butter(6, 3000, "highpass", fs=RATE, output="sos"), white(0.05, 4.0).samples), RATE)
    frames = analyze_harmonics(high, 500.0)
    below = band_centers() < 1000  # where the filter takes off 57 dB
    middle = inside(frames, 4.0)
    assert frames.noise[middle][:, below].max() < 0.01 * frames.noise[middle][:, ~below].max()
    without = HarmonicFrames(0 * frames.amplitude, frames.noise, frames.pitch, frames.ratios)
    again = synthesize_harmonics(without, seed=1)
    for low in range(5000, 15_000, 1000):
        levels = []
        for sound in (high, again):
            frequency, density = welch(sound.samples, RATE, nperseg=2048)
            levels.append(10 * np.log10(density[(frequency >= low) & (frequency < low + 1000)].mean()))
        assert levels[0] == pytest.approx(levels[1], abs=1.0), low


def test_noise_beside_partials_is_told_apart_from_them():
    amplitudes = np.full(20, 0.02)
    mixed = Sound(tone(440.0, amplitudes, 3.0).samples + white(0.003, 3.0).samples, RATE)
    frames = analyze_harmonics(mixed, 440.0)
    middle = inside(frames, 3.0)
    np.testing.assert_allclose(frames.amplitude[middle][:, :20].mean(axis=0) / 0.02, 1, atol=0.02)
    np.testing.assert_allclose(np.sqrt(np.mean(frames.noise[middle] ** 2, axis=0)) / 0.003, 1, atol=0.15)


def test_noise_of_another_seed_is_another_noise_and_of_the_same_the_same():
    frames = analyze_harmonics(white(0.01, 0.5), 440.0)
    first, again, other = (synthesize_harmonics(frames, seed).samples for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert abs(np.corrcoef(first, other)[0, 1]) < 0.3


@pytest.mark.parametrize(("instrument", "name"), [("clarinet", "D4"), ("flute", "C5")])
def test_a_note_made_of_its_frames_is_nearer_than_the_note_a_moment_later(instrument, name):
    """No other take of the same player could be nearer than the note itself 30 ms later."""
    recording = Sound.read(_DATA / "corpus" / instrument / f"{name}.mp3")
    pitch = measure_pitch(recording)
    note = to_corpus_note(recording, pitch)
    again = synthesize_harmonics(analyze_harmonics(note, pitch))
    assert log_mel_distance(again, note) < restlessness(note)


def test_silence_is_no_partial_and_no_noise_and_keeps_the_pitch_it_was_given():
    frames = analyze_harmonics(Sound(np.zeros(RATE), RATE), 440.0)
    assert not frames.amplitude.any()
    assert not frames.noise.any()
    np.testing.assert_allclose(frames.pitch, 440.0)
    assert synthesize_harmonics(frames).peak < 1e-15


@pytest.mark.parametrize("n_samples", [1, 100, 2000])
def test_a_very_short_note_is_measured_and_made_all_the_same(n_samples):
    short = Sound(0.1 * np.sin(2 * np.pi * 440 * np.arange(n_samples) / RATE + 1), RATE)
    frames = analyze_harmonics(short, 440.0)
    assert len(frames) == n_frames_for(short.duration)
    again = synthesize_harmonics(frames)
    assert len(again) >= n_samples
    assert np.isfinite(again.samples).all()
    assert again.peak < 0.2


def test_frame_times_and_lengths_agree():
    """A click is loudest in the frame whose middle is nearest."""
    click = np.zeros(RATE)
    click[round(0.5 * RATE)] = 1.0
    frames = analyze_harmonics(Sound(click, RATE), 440.0)
    loudest = frames.times[frames.amplitude.sum(axis=1).argmax()]
    assert loudest == pytest.approx(0.5, abs=HOP / RATE)
    assert frames.times[0] == pytest.approx(-(FFT_SIZE / 2 + HOP) / RATE)
    for n in (1, 5, 9, 100, 304):
        assert n_frames_for(seconds_of(n)) == n or seconds_of(n) < 0
        np.testing.assert_allclose(np.diff(frame_times(n)), HOP / RATE)
    for seconds in (0.1, 0.3, 3.5, 20.0):
        assert 0 <= seconds_of(n_frames_for(seconds)) - seconds < HOP / RATE


def test_a_note_begins_where_its_frames_say_and_not_before():
    frames = analyze_harmonics(tone(440.0, [0.1], 0.5), 440.0)
    level = np.abs(synthesize_harmonics(frames).samples)
    assert level[: round(0.002 * RATE)].max() > 0.02  # at once
    assert level[round(0.56 * RATE) :].max() < 1e-3


def test_a_long_note_has_no_seam_where_blocks_of_frames_meet():
    """Of a steady tone all samples are known: sin and cos of one phase explain them, away from the ends."""
    n = 2300
    amplitude = np.zeros((n, N_PARTIALS))
    amplitude[:, 0] = 0.1
    frames = HarmonicFrames(amplitude, np.zeros((n, N_BANDS)), np.full(n, 441.3), HARMONIC)
    samples = synthesize_harmonics(frames).samples[4096:-8192]
    angle = 2 * np.pi * 441.3 * np.arange(len(samples)) / RATE
    basis = np.stack([np.sin(angle), np.cos(angle)], axis=1)
    weights, *_ = np.linalg.lstsq(basis, samples, rcond=None)
    assert np.hypot(*weights) == pytest.approx(0.1, rel=0.01)
    np.testing.assert_allclose(samples, basis @ weights, atol=0.002)


def test_midi_numbers_are_those_of_the_keys():
    keys, hertz = np.array([21, 60, 69, 108]), np.array([27.5, 261.6256, 440.0, 4186.009])
    np.testing.assert_allclose(to_midi(hertz), keys, atol=1e-5)
    np.testing.assert_allclose(to_hertz(keys), hertz, rtol=1e-6)
    assert to_midi(440 * 2 ** (0.5 / 12)) == pytest.approx(69.5)


def test_what_cannot_be_measured_or_made_is_refused():
    short = tone(440.0, [0.1], 0.1)
    with pytest.raises(ValueError, match=r"48000 samples per second; resample it to 44100"):
        analyze_harmonics(Sound(short.samples, 48_000), 440.0)
    for pitch in (0.0, -440.0, np.nan, 20_000.0):
        with pytest.raises(ValueError, match="is no pitch; use one between 0 and 16000 Hz"):
            analyze_harmonics(short, pitch)
    good = analyze_harmonics(short, 440.0)
    parts = {name: getattr(good, name) for name in ("amplitude", "noise", "pitch", "ratios")}
    for name, values in parts.items():
        bad = values.copy()
        bad.flat[0] = np.nan
        for wrong in (bad, values[:-1]):
            with pytest.raises(ValueError, match="has shape"):
                HarmonicFrames(**(parts | {name: wrong}))
    for name in ("pitch", "ratios"):
        with pytest.raises(ValueError, match="not above 0"):
            HarmonicFrames(**(parts | {name: 0 * parts[name]}))
