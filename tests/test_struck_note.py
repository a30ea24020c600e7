"""What is measured of a struck note."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from judges import RATE, ring

from rnnsound import Frames, PhaseVocoder, Sound, StruckNote, recordings
from rnnsound.features.struck_note import find_release

PIANOS = ("piano", "piano_low", "piano_high")
VOCODER = PhaseVocoder(2048, 512, 200)


def in_frames(sound, vocoder=VOCODER):
    """Frames of a recording in silence, all that were measured, their times counted from its beginning."""
    return StruckNote().analyze(sound, vocoder)


def fitted(sound, vocoder=VOCODER):
    frames = in_frames(sound, vocoder)
    return StruckNote().fit([sound], [frames]), frames


@pytest.mark.parametrize("name", PIANOS)
def test_the_release_of_a_piano_is_found_where_its_key_was_let_go(name):
    release, damper = find_release(in_frames(recordings.load(name), PhaseVocoder(2048, 512, 460)))
    assert release == pytest.approx(recordings.describe(name)["held"], abs=0.1)
    assert 50 < damper < 150  # data/README.md: from -26, -22 and -38 dB to -60 dB in 0.35, 0.5 and 0.3 s


def decaying(loss, seconds, release, damper, n_components=5):
    """Frames, 86 in a second, whose level is known: straight lines, as an exponential's are."""
    times = np.arange(-4, round(seconds * 86)) / 86
    level = -loss * times - damper * np.maximum(times - release, 0)
    magnitude = np.where(times < 0, 0.0, 10 ** (level / 20))[:, None] * np.linspace(1, 0.1, n_components)
    frames = Frames(magnitude, np.zeros_like(magnitude), 86 * 512, 2048, 512, start=-4 * 512 - 1024)
    np.testing.assert_allclose(frames.times, times)
    return frames


@given(
    loss=st.floats(3.0, 25.0), release=st.floats(0.5, 2.5), damper=st.floats(80.0, 200.0), seed=st.integers(0)
)
@settings(max_examples=20, deadline=None)
def test_a_damper_is_found_when_it_falls_and_as_fast(loss, release, damper, seed):
    """Through noise of 0.1 dB. Frames are 12 ms apart, so a damper may be half of that away.

    Only what lies within 60 dB of the loudest counts: at least 20 dB, or too few frames would make a line. A
    line of n frames that begins half a frame too early or too late is less steep by up to 0.75 / n.
    """
    assume(loss * release < 40)
    frames = decaying(loss, release + 0.5, release, damper)
    wobble = np.random.default_rng(seed).normal(0, 0.1, (len(frames), 1))
    found, steeper = find_release(replace(frames, magnitude=frames.magnitude * 10 ** (wobble / 20)))
    assert found == pytest.approx(release, abs=0.02)
    n_frames = 86 * (60 - loss * release) / (loss + damper)
    assert steeper == pytest.approx(damper, rel=0.01 + 0.75 / n_frames)


@pytest.mark.parametrize("offset", [-0.3, 0.02])
def test_a_constant_offset_is_left_out_unless_the_vocoder_keeps_it(offset):
    """Of a tone that begins and breaks off within a period: its plain mean would be 0.00002."""
    tone, lead = 0.1 * np.sin(2 * np.pi * 440.3 * np.arange(20_000) / RATE), 2048 + 2 * 512
    for vocoder, left in ((VOCODER, 0.0), (PhaseVocoder(2048, 512, 200, dc=True), offset)):
        surrounded = StruckNote().surround(Sound(tone + offset, RATE), vocoder).samples
        np.testing.assert_allclose(surrounded[lead:][: len(tone)], tone + left, atol=1e-7)
        assert not surrounded[:lead].any()
        assert not surrounded[lead + len(tone) :].any()


@pytest.mark.parametrize("n_samples", [0, 1, 2])
def test_hardly_any_sound_is_surrounded_as_well(n_samples):
    surrounded = StruckNote().surround(Sound(np.ones(n_samples), RATE), VOCODER)
    np.testing.assert_allclose(surrounded.samples, np.zeros(2048 + 2 * 512 + n_samples + 2048), atol=1e-15)


@pytest.mark.parametrize("name", PIANOS)
def test_nothing_is_taken_out_of_a_recording_without_an_offset(name):
    sound = recordings.load(name)
    surrounded = StruckNote().surround(sound, VOCODER).samples
    np.testing.assert_array_equal(surrounded[2048 + 2 * 512 :][: len(sound)], sound.samples)


@pytest.mark.parametrize("offset", [-0.1, 0.02, 0.0005, 0.00003])
@pytest.mark.parametrize("name", PIANOS)
def test_a_constant_offset_does_not_hide_the_damper(name, offset):
    sound = recordings.load(name)
    moved = in_frames(Sound(sound.samples + offset, RATE), PhaseVocoder(2048, 512, 460))
    expected = find_release(in_frames(sound, PhaseVocoder(2048, 512, 460)))
    assert find_release(moved)[0] == pytest.approx(expected[0], abs=1e-9)
    assert find_release(moved)[1] == pytest.approx(expected[1], rel=0.05)


def test_a_damper_is_found_at_the_end_of_four_minutes():
    """20,000 frames, of which the last 40 fall: 0.1 dB per second, and then 100 more."""
    release = 19_960 / 86
    found, steeper = find_release(decaying(0.1, 20_000 / 86, release, 100.0))
    assert found == pytest.approx(release, abs=1e-6)
    assert steeper == pytest.approx(100.0, rel=1e-6)


def exhaustive(frames):
    """The bend that leaves least error, of all that there are, each with lines of its own."""
    level, times = 20 * np.log10(np.linalg.norm(frames.magnitude, axis=1)), frames.times
    errors = [
        np.linalg.lstsq(
            np.stack([np.ones_like(times), times, np.maximum(times - bend, 0)], axis=1), level, rcond=None
        )[1][0]
        for bend in times[8:-8]
    ]
    return times[8:-8][np.argmin(errors)]


@given(
    n_frames=st.integers(40, 120),
    loss=st.floats(2.0, 5.0),
    bend=st.floats(0.3, 0.7),
    noise=st.floats(0.05, 0.3),
    seed=st.integers(0),
)
@settings(max_examples=30, deadline=None)
def test_no_other_time_leaves_a_smaller_error(n_frames, loss, bend, noise, seed):
    """The damper takes 30 dB until the end; the first frame is the loudest, from which on it is looked at."""
    seconds = n_frames / 86
    frames = decaying(loss, seconds, bend * seconds, 30 / ((1 - bend) * seconds))[4:]
    wobble = np.random.default_rng(seed).normal(0, noise, (len(frames), 1))
    wobble[0] = 3.0
    frames = replace(frames, magnitude=frames.magnitude * 10 ** (wobble / 20))
    assert find_release(frames)[0] == pytest.approx(exhaustive(frames), abs=1e-9)


def test_a_damper_is_found_in_a_sound_as_well():
    """Frames of 46 ms blur its beginning and the end of the sound, where half of them hear silence."""
    sound = ring({300: 12.0, 610: 20.0, 905: 15.0}, 3.0, 0.005, 2.2, 100.0)
    found, steeper = find_release(in_frames(Sound(sound.samples, RATE)))
    assert found == pytest.approx(2.2, abs=0.05)
    assert steeper == pytest.approx(100, rel=0.25)


@pytest.mark.parametrize("loss", [5.0, 15.0, 40.0])
def test_strings_that_were_never_damped_have_no_release(loss):
    assert find_release(decaying(loss, 3.0, 0.0, 0.0)) == (np.inf, 120.0)
    two_stages = decaying(loss, 3.0, 0.8, -0.6 * loss)  # Weinreich's: first fast, then slow
    assert find_release(two_stages)[0] == np.inf


@pytest.mark.parametrize(("seconds", "decibels"), [(0.0, -400.0), (1.0, -400.0), (1.0, -100.0), (2.0, -80.0)])
def test_what_follows_a_note_does_not_move_its_damper(seconds, decibels):
    """Digital silence or faint noise, up to the end of a frame."""
    sound = recordings.load("piano")
    after = np.random.default_rng(0).normal(0, 10 ** (decibels / 20), round(seconds * RATE))
    samples = np.concatenate([sound.samples, after])
    note, *_ = fitted(Sound(samples[: len(samples) // 512 * 512], RATE), PhaseVocoder(2048, 512, 460))
    release = len(samples) / RATE - note.tail
    assert release == pytest.approx(recordings.describe("piano")["held"], abs=0.1)
    assert note.damper == pytest.approx(fitted(sound, PhaseVocoder(2048, 512, 460))[0].damper, rel=0.05)


@pytest.mark.parametrize("seconds", [0.4, 1.0, 2.0])
def test_the_end_of_a_recording_that_still_rings_is_no_damper(seconds):
    note, *_ = fitted(recordings.load("piano").crop(0, seconds), PhaseVocoder(2048, 512, 460))
    assert (note.damper, note.tail) == (120.0, 0.5)
    assert (
        np.median(note.decay_rates) < 60
    )  # from whole frames: the cut itself would be hundreds of dB per second


def test_rates_are_those_of_the_strings():
    losses = {300.0: 5.0, 900.0: 12.0, 1500.0: 25.0, 2500.0: 40.0}
    note, frames = fitted(ring(losses, 2.6, 0.005, 2.0, 120.0))
    for frequency, loss in losses.items():
        around = round(frequency * 2048 / RATE) + np.arange(-1, 2)
        np.testing.assert_allclose(note.decay_rates[around], loss, rtol=0.02)
    assert frames.n_components == len(note.decay_rates)
    assert note.onset == pytest.approx(0.005, abs=0.0015)
    assert note.tail == pytest.approx(0.6, abs=0.05)


def test_a_component_is_followed_into_the_noise_and_no_further():
    """20 dB per second, down to noise 60 dB below, then seven seconds of nothing else."""
    tone = ring({300.0: 20.0}, 10.0, 0.005)
    noise = np.random.default_rng(0).normal(0, 1e-5, len(tone))
    note, frames = fitted(Sound(tone.samples + noise, RATE))
    assert note.decay_rates[14] == pytest.approx(20, rel=0.02)
    loudest = 20 * np.log10(frames.magnitude[:, 14].max())
    assert note.decay_ranges[14] == pytest.approx(
        loudest - 20 * np.log10(frames.magnitude[-9:-5, 14].max()), abs=6
    )
    steady = note.remove_decay(frames, 10.0).magnitude[:, 14]
    assert 20 * np.log10(steady.max()) < loudest + 20  # and not 140 dB above, as the line would have it


def test_no_string_rings_longer_than_half_a_minute():
    note = fitted(ring({300.0: -1.0, 900.0: 0.5, 1500.0: 12.0}, 2.6, 0.005, 2.0, 120.0))[0]
    assert note.decay_rates[[14, 42]].tolist() == [2.0, 2.0]  # 60 dB in 30 s
    assert note.decay_rates[70] == pytest.approx(12, rel=0.02)


def test_of_several_recordings_the_means_are_kept():
    sounds = [ring({300.0: loss}, 2.6, start, 2.0, 120.0) for loss, start in ((10.0, 0.005), (20.0, 0.015))]
    note = StruckNote().fit(sounds, [in_frames(sound) for sound in sounds])
    assert note.decay_rates[14] == pytest.approx(15, rel=0.02)
    assert note.onset == pytest.approx(0.010, abs=0.0015)


@pytest.mark.parametrize("name", PIANOS)
def test_what_is_raised_and_dies_away_again_is_the_recording(name):
    sound = recordings.load(name)
    note, frames = fitted(sound, PhaseVocoder(2048, 512, 460))
    steady = note.remove_decay(frames, sound.duration)
    count = len(steady)
    assert frames.times[count] < recordings.describe(name)["held"] + 0.1
    back = note.apply_decay(steady, sound.duration)
    np.testing.assert_allclose(back.magnitude, frames.magnitude[:count], rtol=1e-9)
    np.testing.assert_array_equal(back.frequency, frames.frequency[:count])


def test_steady_frames_stand_still_up_to_half_a_frame_before_the_damper():
    note, frames = fitted(ring({300.0: 10.0, 900.0: 30.0}, 2.6, 0.005, 2.0, 120.0))
    steady, times = note.remove_decay(frames, 2.6), frames.times
    release, _ = find_release(frames)
    assert times[len(steady) - 1] + 1024 / RATE < release <= times[len(steady)] + 1024 / RATE + 1e-9
    held = steady.magnitude[np.flatnonzero(times > 0.1)[0] :, [14, 42]]
    assert (20 * np.log10(held.max(axis=0) / held.min(axis=0)) < 1.5).all()  # they had lost 19 and 57 dB


def test_a_note_rings_past_its_recording_and_the_damper_ends_it():
    note, _ = fitted(ring({300.0: 10.0}, 2.6, 0.005, 2.0, 120.0))
    times = np.arange(0, 6, 0.01)
    flat = Frames(np.ones((600, 200)), np.zeros((600, 200)), RATE, 2048, 441, start=-1024)
    level = 20 * np.log10(note.apply_decay(flat, 6.0).magnitude[:, 14])
    np.testing.assert_allclose(level[times < 5.3], -10 * times[times < 5.3], rtol=0.03, atol=1e-9)
    damped = times > 5.5
    assert np.polyfit(times[damped], level[damped], 1)[0] == pytest.approx(-130, rel=0.15)


@pytest.mark.parametrize("seconds", [0.1, 0.3, 0.6])
def test_a_note_shorter_than_its_tail_ends_all_the_same(seconds):
    note, _ = fitted(ring({300.0: 10.0}, 2.6, 0.005, 2.0, 120.0))
    hop_size = round(seconds * RATE / 49)  # the last of 50 frames is centered at the end
    flat = Frames(np.ones((50, 200)), np.zeros((50, 200)), RATE, 2048, hop_size, start=-1024)
    level = 20 * np.log10(note.apply_decay(flat, seconds).magnitude[:, 14])
    assert level[0] == pytest.approx(0, abs=1e-9)
    assert level[-1] < -20
    assert level[-1] == pytest.approx(-72 - 10 * seconds, rel=0.15)  # 0.6 s at 120 dB/s, and its own


def test_conditions_are_six_hands_that_reach_0_one_after_the_other():
    times = np.array([-1.0, 0.0, 0.05, 0.1, 0.15, 0.2, 0.7, 1.0, 1.5, 2.0, 2.9, 3.0, 50.0])
    places = StruckNote().conditions(times, 4.0)
    assert places.dtype == np.float32
    expected = [np.interp(times, [0, edge], [5, 0]) for edge in (3.0, 2.0, 1.0, 0.5, 0.2, 0.1)]
    np.testing.assert_allclose(places, np.transpose(expected), atol=1e-6)
    np.testing.assert_array_equal(StruckNote().conditions(times, 60.0), places)  # the end is not known


def test_a_note_that_was_kept_is_the_same_and_a_damaged_one_is_refused():
    note = fitted(ring({300.0: 10.0}, 2.6, 0.005, 2.0, 120.0))[0]
    kept = note.arrays()
    again = StruckNote().restore(kept, 200)
    np.testing.assert_array_equal(
        [again.decay_rates, again.decay_ranges], [note.decay_rates, note.decay_ranges]
    )
    assert (again.damper, again.tail, again.onset) == (note.damper, note.tail, note.onset)
    for arrays in (
        {},
        {"decay_rates": kept["decay_rates"]},
        kept | {"more": kept["decay_rates"]},
        kept | {"decay_rates": kept["decay_rates"][:-1]},
        kept | {"damper": kept["damper"][:2]},
        kept | {"decay_rates": kept["decay_rates"][None]},
    ):
        with pytest.raises(ValueError, match="wrong names or shapes"):
            StruckNote().restore(arrays, 200)
    none = kept["decay_rates"].copy()
    none[7] = 0.0
    for arrays in (
        {"decay_rates": none},
        {"decay_rates": none * np.nan},
        {"damper": np.array([0.0, 0.5, 0.1])},
        {"damper": np.array([100.0, 0.0, 0.1])},
        {"damper": np.array([np.nan, 0.5, 0.1])},
        {"damper": np.array([1e300, 1e300, 0.1])},
        {"decay_ranges": none - 1e3},
        {"decay_ranges": none + np.inf},
    ):
        with pytest.raises(ValueError, match="too large to be heard"):
            StruckNote().restore(kept | arrays, 200)
    late = StruckNote().restore(kept | {"damper": np.array([100.0, 0.5, 3599.0])}, 200)
    assert late.onset == 3599
    for strike in (-0.1, 3600.0, np.nan):
        with pytest.raises(ValueError, match="the hammer strikes too late"):
            StruckNote().restore(kept | {"damper": np.array([100.0, 0.5, strike])}, 200)


def decaying_partials(seconds, rates, noise_db=-90.0, loudness=1.0):
    """Frames of components that lose known numbers of dB a second, down to a steady noise; no damper."""
    times = np.arange(round(seconds * 86)) / 86
    level = -np.outer(times, rates)
    magnitude = loudness * np.maximum(10 ** (level / 20), 10 ** (noise_db / 20))
    return Frames(magnitude, np.zeros_like(magnitude), 86 * 512, 2048, 512, start=-1024)


def silent_sound(seconds):
    """A sound whose onset is at once, as long as the frames."""
    return Sound(np.r_[1.0, np.zeros(round(seconds * 86 * 512) - 1)], 86 * 512)


def test_decay_rates_and_ranges_of_known_components():
    rates = np.array([4.0, 10.0, 30.0, 60.0])
    frames = decaying_partials(3.0, rates)
    note = StruckNote().fit([silent_sound(3.0)], [frames])
    np.testing.assert_allclose(note.decay_rates, rates, rtol=0.01)
    # from 0.05 s after the loudest frame down to the noise, or to where the frames end
    ringing = frames.times > 0.05
    levels = 20 * np.log10(frames.magnitude)
    noise = levels[frames.times <= 3.0 - 2048 / 2 / (86 * 512)][-4:].max(axis=0)
    np.testing.assert_allclose(note.decay_ranges, levels[ringing].max(axis=0) - noise)
    assert (note.damper, note.tail) == (120.0, 0.5)


def test_what_rings_for_eight_frames_is_measured_and_for_seven_is_not():
    """A frame ends half its length after its time; 0.05 s after the loudest frame, the decay begins."""
    rates, half = np.array([10.0]), 1024 / (86 * 512)
    for count, enough in ((8, True), (7, False)):
        frames = decaying_partials(0.5, rates)
        last = 5 + count - 1  # the first frame later than 0.05 s is number 5
        seconds = frames.times[last] + half + 1e-6
        if enough:
            StruckNote().fit([silent_sound(seconds)], [frames])
        else:
            with pytest.raises(ValueError, match="the note rings for 7 frames"):
                StruckNote().fit([silent_sound(seconds)], [frames])


def test_the_loudest_frame_is_that_of_most_power():
    """Frame 30 has more magnitude in all, since its components are alike; frame 0 has more power."""
    frames = decaying_partials(2.0, np.full(50, 12.0))
    magnitude, times = frames.magnitude.copy(), frames.times
    magnitude[:, 1:] = 1e-4
    magnitude[:, 0] = 10 ** (-(12 * times + 24 * np.minimum(times, 0.3)) / 20)  # faster at first
    magnitude[30] = 0.1
    note = StruckNote().fit([silent_sound(2.0)], [replace(frames, magnitude=magnitude)])
    level = 20 * np.log10(magnitude[:, 0])
    inside = (times > 0.05) & (times <= 2.0 - 1024 / (86 * 512))
    heard = inside & (level > level[inside][-4:].max() + 10)
    assert note.decay_rates[0] == pytest.approx(-np.polyfit(times[heard], level[heard], 1)[0], rel=1e-6)
    assert note.decay_rates[0] > 13


def test_digital_silence_is_no_decay():
    """The first half second of a piano, four times, each followed by a quarter second of zeros."""
    sound = recordings.load("piano").crop(0, 0.5)
    again = np.tile(np.r_[sound.samples, np.zeros(RATE // 4)], 4)
    note = StruckNote()
    frames = note.analyze(Sound(again, RATE), PhaseVocoder(2048, 512, 460))
    note.fit([Sound(again, RATE)], [frames])
    raised = note.remove_decay(frames, 3.0)
    assert (raised.magnitude <= 10 * frames.magnitude.max(axis=0) + 1e-9).all()  # and not 1e8 times
    assert raised.magnitude.max() > frames.magnitude.max()
