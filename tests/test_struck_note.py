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
WIDE = PhaseVocoder(2048, 512, 460)


def in_frames(sound, vocoder=VOCODER):
    """Frames of a recording in silence, all that were measured, their times counted from its beginning."""
    return StruckNote().analyze(sound, vocoder)


def inside(frames, seconds):
    """Those that end before the recording does: a cut is no damper."""
    return frames[: np.count_nonzero(frames.times <= seconds - 1024 / RATE)]


def fitted(sound, vocoder=VOCODER):
    frames = in_frames(sound, vocoder)
    return StruckNote().fit([sound], [frames]), frames


def damped(name, release=2.0, damper=120.0, seconds=0.6):
    """A piano whose key is let go: none of the recordings is damped, so the damper is computed."""
    sound = recordings.load(name).crop(0, release + seconds)
    times = np.arange(len(sound)) / RATE
    return Sound(sound.samples * 10 ** (-damper * np.maximum(times - release, 0) / 20), RATE)


@pytest.mark.parametrize("name", PIANOS)
def test_a_pianos_damper_is_found_when_it_falls(name):
    sound = damped(name)
    release, damper = find_release(inside(in_frames(sound, WIDE), sound.duration))
    assert release == pytest.approx(2.0, abs=0.1)
    assert damper == pytest.approx(120, rel=0.2)  # its strings beat as it falls


@pytest.mark.parametrize(
    ("name", "seconds"),
    [(name, seconds) for name in PIANOS for seconds in (0.4, 0.7, 1.0, 2.0, 5.0, 12.0)],
)
def test_a_piano_that_rings_out_has_no_damper_wherever_its_recording_is_cut(name, seconds):
    note, _ = fitted(recordings.load(name).crop(0, seconds), WIDE)
    assert (note.damper, note.tail) == (120.0, 0.5)


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
    sound = damped(name)
    note, moved = fitted(sound, WIDE)[0], fitted(Sound(sound.samples + offset, RATE), WIDE)[0]
    assert moved.tail == pytest.approx(note.tail, abs=1e-9)
    assert moved.damper == pytest.approx(note.damper, rel=0.05)


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
    """The damper takes 50 dB until the end; the first frame is the loudest, from which on it is looked at."""
    seconds = n_frames / 86
    frames = decaying(loss, seconds, bend * seconds, 50 / ((1 - bend) * seconds))[4:]
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


@pytest.mark.parametrize(("early", "late"), [(12.0, 4.0), (20.0, 3.0), (30.0, 5.0)])
@pytest.mark.parametrize("release", [1.0, 3.0, 6.0])
def test_a_damper_is_found_behind_a_decay_in_two_stages(early, late, release):
    """Each component loses nine tenths fast and the rest slowly, as strings do that are coupled."""
    first, second = (decaying(loss, release + 0.4, release, 120.0) for loss in (early, late))
    frames = replace(first, magnitude=0.9 * first.magnitude + 0.1 * second.magnitude)
    found, steeper = find_release(frames)
    assert found == pytest.approx(release, abs=0.04)
    assert steeper == pytest.approx(120.0, rel=0.1)


@pytest.mark.parametrize("loss", [5.0, 15.0, 40.0])
def test_strings_that_were_never_damped_have_no_release(loss):
    assert find_release(decaying(loss, 3.0, 0.0, 0.0)) == (np.inf, 120.0)
    two_stages = decaying(loss, 3.0, 0.8, -0.6 * loss)  # Weinreich's: first fast, then slow
    assert find_release(two_stages)[0] == np.inf
    steeper = decaying(loss, 3.0, 0.8, 2.5 * loss)  # not enough for a damper, which is far above the strings
    assert find_release(steeper) == (np.inf, 120.0)


@pytest.mark.parametrize(("seconds", "decibels"), [(0.0, -400.0), (1.0, -400.0), (1.0, -100.0), (2.0, -80.0)])
def test_what_follows_a_note_does_not_move_its_damper(seconds, decibels):
    """Digital silence or faint noise, up to the end of a frame."""
    sound = damped("piano")
    after = np.random.default_rng(0).normal(0, 10 ** (decibels / 20), round(seconds * RATE))
    samples = np.concatenate([sound.samples, after])
    note, *_ = fitted(Sound(samples[: len(samples) // 512 * 512], RATE), WIDE)
    assert len(samples) // 512 * 512 / RATE - note.tail == pytest.approx(2.0, abs=0.1)
    assert note.damper == pytest.approx(fitted(sound, WIDE)[0].damper, rel=0.05)


# What is learned of the decay: curves through what is known.

HALF = 1024 / (86 * 512)  # seconds from a frame's time to its end


def dying(losses, seconds, break_at=None, later=None):
    """Frames, 86 in a second, of components that lose so many dB a second; from a break on, so many."""
    times = np.arange(round(seconds * 86)) / 86
    level = -np.outer(times, losses)
    if break_at is not None:
        level = level + np.outer(np.maximum(times - break_at, 0), np.subtract(losses, later))
    frames = Frames(10 ** (level / 20), np.zeros_like(level), 86 * 512, 2048, 512, start=-1024)
    return frames, Sound(np.r_[1.0, np.zeros(round(seconds * 86 * 512) - 1)], 86 * 512)


def levels_of(note, decibels):
    """Decibels below 1 as the note's curves count them."""
    return np.log1p(10 ** (decibels / 20) / note.decay.floor)


def knots_in_seconds(note):
    return 0.05 * np.expm1(note.decay.knots)


def test_curves_may_bend_ever_more_rarely_and_where_the_note_leaves_off():
    """Doubling, and none at 6.4 s, which would be close to the end."""
    frames, sound = dying([4.0, 9.0], 7.0)
    note = StruckNote().fit([sound], [frames])
    last = frames.times[frames.times <= 7.0 - HALF][-1]
    np.testing.assert_allclose(knots_in_seconds(note), [0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, last])
    assert note.loudest == 0.0


def test_straight_decays_have_the_known_levels_at_the_knots():
    """Half a dB: between two knots a curve is straight over time's logarithm, and a decay is over time.

    30 dB a second are in the last knots at the floor, 80 dB down.
    """
    losses = np.array([0.0, 4.0, 10.0, 30.0])
    frames, sound = dying(losses, 5.0)
    note = StruckNote().fit([sound], [frames])
    known = levels_of(note, -np.outer(knots_in_seconds(note), losses))
    early = knots_in_seconds(note) < 0.5
    decibels = 20 / np.log(10)
    np.testing.assert_allclose(note.decay.levels[early] * decibels, known[early] * decibels, atol=0.5)
    np.testing.assert_allclose(note.decay.levels[:, :3] * decibels, known[:, :3] * decibels, atol=3.0)
    assert (np.diff(note.decay.levels, axis=0) <= 1e-9).all()


def test_a_decay_in_two_stages_is_followed_in_both():
    """Weinreich's: 30 dB a second for 0.8 s, and then 3; a straight line through it all is 6 dB off."""
    frames, sound = dying([30.0, 20.0], 5.0, 0.8, [3.0, 5.0])
    note = StruckNote().fit([sound], [frames])
    for seconds, known in ((0.0, [0, 0]), (0.8, [-24, -16]), (1.6, [-26.4, -20]), (4.9, [-36.3, -36.5])):
        at = np.log1p(np.array([seconds]) / 0.05)
        found = 20 * np.log10(note.decay.floor * np.expm1(note.decay(at)[0]))
        np.testing.assert_allclose(found, known, atol=2.0)


def test_a_component_that_swells_is_not_made_to_rise():
    frames, sound = dying([0.0, 10.0], 3.0)
    swelling = frames.magnitude * np.stack([0.1 + frames.times / 4, np.ones(len(frames))], axis=1)
    note = StruckNote().fit([sound], [replace(frames, magnitude=swelling)])
    assert np.ptp(note.decay.levels[:, 0]) < 1e-9
    raised = note.remove_decay(replace(frames, magnitude=swelling), 3.0)
    assert (np.diff(raised.magnitude[:, 0]) > 0).all()  # left to the network


def test_digital_silence_and_noise_80_db_down_count_as_nothing():
    """The curve goes to the floor and stays; raised, silence is as loud as a note that would still ring."""
    frames, sound = dying([60.0, 5.0], 4.0)
    for bottom in (0.0, 1e-5):
        quiet = np.where(frames.magnitude > 1e-4, frames.magnitude, bottom)
        note = StruckNote().fit([sound], [replace(frames, magnitude=quiet)])
        assert note.decay.levels[-1, 0] < 0.2
        raised = note.remove_decay(replace(frames, magnitude=quiet), 4.0)
        assert raised.magnitude.max() < 4 * frames.magnitude.max()


def test_what_rings_for_eight_frames_is_measured_and_for_seven_is_not():
    frames, _ = dying([10.0], 0.5)
    for count in (8, 7):
        seconds = frames.times[count - 1] + HALF + 1e-6
        sound = Sound(np.r_[1.0, np.zeros(round(seconds * 86 * 512) - 1)], 86 * 512)
        if count == 8:
            StruckNote().fit([sound], [frames])
        else:
            with pytest.raises(ValueError, match="the note rings for 7 frames"):
                StruckNote().fit([sound], [frames])


def test_the_loudest_frame_is_that_of_most_power():
    """Frame 30 has more magnitude in all, since its components are alike; frame 3 has more power."""
    frames, sound = dying(np.full(50, 12.0), 2.0)
    magnitude = np.full_like(frames.magnitude, 1e-4)
    magnitude[:, 0] = frames.magnitude[:, 0] * np.where(np.arange(len(frames)) < 3, 0.1, 1)
    magnitude[30] = 0.1
    note = StruckNote().fit([sound], [replace(frames, magnitude=magnitude)])
    assert note.loudest == pytest.approx(frames.times[3])
    np.testing.assert_allclose(knots_in_seconds(note)[:2], [0, 0.1])


def test_stroke_damper_and_tail_of_a_sound():
    note, frames = fitted(ring({300.0: 5.0, 900.0: 12.0, 1500.0: 25.0}, 2.6, 0.005, 2.0, 120.0))
    assert note.onset == pytest.approx(0.005, abs=0.0015)
    assert note.tail == pytest.approx(0.6, abs=0.05)
    assert note.damper == pytest.approx(120, rel=0.2)
    assert 0.005 < note.loudest < 0.05
    assert note.decay.levels.shape[1] == frames.n_components == 200


def test_of_several_recordings_one_curve_goes_through_all_and_means_are_kept():
    sounds = [ring({300.0: loss}, 2.6, start, 2.0, 120.0) for loss, start in ((10.0, 0.005), (20.0, 0.015))]
    frames = [in_frames(sound) for sound in sounds]
    note = StruckNote().fit(sounds, frames)
    each = [StruckNote().fit([sound], [f]) for sound, f in zip(sounds, frames, strict=True)]
    for name in ("onset", "loudest", "damper", "tail"):
        assert getattr(note, name) == pytest.approx(np.mean([getattr(one, name) for one in each]))
    one_second = np.log1p(np.array([1.0]) / 0.05)
    lost = (note.decay(np.zeros(1)) - note.decay(one_second))[0, 14] * 20 / np.log(10)
    assert lost == pytest.approx(15, abs=1.5)


@pytest.mark.parametrize("key_let_go", [True, False])
@pytest.mark.parametrize("name", PIANOS)
def test_what_is_raised_and_dies_away_again_is_the_recording(name, key_let_go):
    sound = damped(name) if key_let_go else recordings.load(name)
    note, frames = fitted(sound, WIDE)
    steady = note.remove_decay(frames, sound.duration)
    count = len(steady)
    assert frames.times[count - 1] <= sound.duration - note.tail * key_let_go
    assert frames.times[count] > sound.duration - 0.1 - note.tail * key_let_go
    inner = frames.times[:count] < sound.duration - note.tail  # where a damper is put, the note is let go
    back = note.apply_decay(steady, sound.duration)
    np.testing.assert_allclose(back.magnitude[inner], frames.magnitude[:count][inner], rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(back.frequency, frames.frequency[:count])


def test_steady_frames_stand_still_up_to_half_a_frame_before_the_damper():
    sound = ring({300.0: 10.0, 900.0: 30.0}, 2.6, 0.005, 2.0, 120.0)
    note, frames = fitted(sound)
    steady, times = note.remove_decay(frames, 2.6), frames.times
    release, _ = find_release(inside(frames, 2.6))
    assert times[len(steady) - 1] + 1024 / RATE < release <= times[len(steady)] + 1024 / RATE + 1e-9
    held = steady.magnitude[np.flatnonzero(times > 0.1)[0] :, [14, 42]]
    assert (20 * np.log10(held.max(axis=0) / held.min(axis=0)) < 4).all()  # they had lost 19 and 57 dB


def flat(n_components, seconds, hop_size=512, rate=86 * 512):
    """Frames that stand still, as the network may draw them, far above the floor."""
    shape = round(seconds * rate / hop_size), n_components
    return Frames(np.ones(shape), np.zeros(shape), rate, 2048, hop_size, start=-1024)


def test_past_the_recording_a_component_falls_as_in_its_last_part_and_never_stays():
    """Straight on by the logarithm of time, as in the last 60 %, at least 2 dB a second."""
    frames, sound = dying([0.5, 6.0, 14.0], 4.0, 2.0, [0.5, 6.0, 3.0])
    note = StruckNote().fit([sound], [frames])
    end = knots_in_seconds(note)[-1]
    held = flat(3, 20.0)
    levels = np.log1p(note.apply_decay(held, 20.0).magnitude / note.decay.floor) * 20 / np.log(10)
    since = held.times - note.loudest
    early, late, bent = (np.log1p(np.array(t) / 0.05) for t in (0.4 * end, end, np.maximum(since, 0)))
    before, after = note.decay(np.array([early, late])) * 20 / np.log(10)
    beyond = (since > end) & (since < end + 3)
    straight = (before - after) / (late - early) * (bent[beyond] - late)[:, None]
    slowest = 2.0 * (since[beyond] - end)[:, None]
    expected = levels[beyond][0] + np.maximum(straight, slowest)[0] - np.maximum(straight, slowest)
    np.testing.assert_allclose(levels[beyond], expected, atol=1e-6)
    assert (straight > slowest).any()  # both are seen
    assert (straight < slowest).any()
    joint = np.abs(held.times - end) < 0.1
    assert np.abs(np.diff(levels[joint], axis=0)).max() < 0.5  # no step where the recording leaves off


@pytest.mark.parametrize("seconds", [6.0, 0.6, 0.3, 0.1])
def test_the_damper_takes_off_as_much_however_short_the_note(seconds):
    """72 dB in the recording's 0.6 s, beside what the string loses by itself: down to the floor at -80 dB."""
    frames, sound = dying([10.0], 2.6)
    note = StruckNote().fit([sound], [frames])
    note.damper, note.tail = 100.0, 0.6
    held = flat(1, seconds + 0.05, hop_size=43)
    level = np.log1p(note.apply_decay(held, seconds).magnitude[:, 0] / note.decay.floor) * 20 / np.log(10)
    undamped = StruckNote().fit([sound], [frames]).apply_decay(held, seconds + 100)
    alone = np.log1p(undamped.magnitude[:, 0] / note.decay.floor) * 20 / np.log(10)
    ends = np.abs(held.times - seconds).argmin()
    assert alone[ends] - level[ends] == pytest.approx(min(60, alone[ends]), abs=0.5)
    ringing = held.times < seconds - 0.6
    np.testing.assert_allclose(level[ringing], alone[ringing], atol=1e-9)


def test_the_network_is_told_when_the_stroke_was_and_the_time_while_the_recording_has_an_answer():
    frames, sound = dying([5.0, 9.0], 4.0)
    note = StruckNote().fit([sound], [frames])
    times = np.array([-1.0, 0.0, 0.05, 0.1, 0.15, 0.2, 0.7, 1.0, 1.5, 2.0, 2.9, 3.0, 3.9])
    rows = note.conditions(times, 4.0)
    assert rows.dtype == np.float32
    assert rows.shape == (13, note.n_conditions) == (13, 22)
    ramps = [np.interp(times, [0, edge], [5, 0]) for edge in (3.0, 2.0, 1.0, 0.5, 0.2, 0.1)]
    np.testing.assert_allclose(rows[:, :6], np.transpose(ramps), atol=1e-6)
    turns = times[:, None] / (20 / 2.0 ** np.arange(8))
    hands = np.hstack([2 * np.sin(2 * np.pi * turns), 2 * np.cos(2 * np.pi * turns)])
    np.testing.assert_allclose(rows[:, 6:], hands, atol=1e-5)
    np.testing.assert_array_equal(note.conditions(times, 60.0), rows)  # the end is not known
    late = note.conditions(np.array([knots_in_seconds(note)[-1], 5.0, 50.0]), 60.0)
    np.testing.assert_array_equal(late[1:], late[[0, 0]])


def test_a_note_that_was_kept_is_the_same_and_a_damaged_one_is_refused():
    note = fitted(ring({300.0: 10.0}, 2.6, 0.005, 2.0, 120.0))[0]
    kept = note.arrays()
    again = StruckNote().restore(kept, 200)
    held = flat(200, 4.0)
    np.testing.assert_array_equal(
        again.apply_decay(held, 3.0).magnitude, note.apply_decay(held, 3.0).magnitude
    )
    for name in ("loudest", "damper", "tail", "onset"):
        assert getattr(again, name) == getattr(note, name)
    knots, levels = kept["knots"], kept["levels"]
    seconds = np.array([0.03, 100.0, 0.5, 0.1])  # loudest, damper, tail, onset
    for damage in (
        {"more": knots},
        {"knots": knots[:-1]},
        {"knots": knots[::-1]},
        {"knots": knots + 0.1},
        {"knots": np.r_[knots[:-1], 800.0]},
        {"levels": levels[:, :-1]},
        {"levels": levels[::-1]},
        {"levels": levels * np.nan},
        {"floor": -kept["floor"]},
        {"seconds": seconds[:3]},
        {"seconds": seconds[None]},
        *({"seconds": np.where(np.arange(4) == 1, bad, seconds)} for bad in (0.0, np.nan, 1e300)),
        *({"seconds": np.where(np.arange(4) == 2, bad, seconds)} for bad in (0.0, np.nan, 1e300)),
        *({"seconds": np.where(np.arange(4) == 3, bad, seconds)} for bad in (-0.1, np.nan, 3600.0)),
        *({"seconds": np.where(np.arange(4) == 0, bad, seconds)} for bad in (-4e3, np.nan, 3600.0)),
    ):
        with pytest.raises(ValueError, match=r"level curves|stroke|damper|hammer|decay"):
            StruckNote().restore(kept | damage, 200)
    for name in kept:
        with pytest.raises(ValueError, match=r"level curves|missing"):
            StruckNote().restore({n: a for n, a in kept.items() if n != name}, 200)
    late = StruckNote().restore(kept | {"seconds": np.array([0.0, 100.0, 0.5, 3599.0])}, 200)
    assert late.onset == 3599
