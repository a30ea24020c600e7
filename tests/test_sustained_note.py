"""What is measured of a note that is blown or bowed, how it ends, and what the network is told of time."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judges import RATE

from rnnsound import Frames, PhaseVocoder, Sound, recordings
from rnnsound.dsp.phase import lock_phases
from rnnsound.features.sustained_note import SustainedNote

HELD = ("clarinet", "clarinet_high", "clarinet_low", "flute", "violin")
VOCODER = PhaseVocoder(2048, 512, 460)
TO_DB = 20 / np.log(10)


def fitted(sound, vocoder=VOCODER):
    frames = SustainedNote().analyze(sound, vocoder)
    return SustainedNote().fit([sound], [frames]), frames


def let_go(times, held, slopes):
    """Decibels of components that are held so long, and then fall by so many a second."""
    return -np.outer(np.maximum(times - held, 0), slopes)


def released(held=4.0, seconds=5.2, slopes=(40.0, 40.0)):
    """A sine and the frames of components that end in a known way, four hundred frames in a second."""
    times = np.arange(round(seconds * RATE)) / RATE
    gain = 10 ** (let_go(times, held, slopes[:1])[:, 0] / 20)
    sound = Sound(0.1 * gain * np.sin(2 * np.pi * 440 * times), RATE)
    magnitude = np.zeros((round(seconds * 400), len(slopes)))
    frames = Frames(magnitude, np.full_like(magnitude, 440.0), RATE, 2048, RATE // 400, start=-1024)
    magnitude = 10 ** (let_go(frames.times, held, slopes) / 20)
    return sound, replace(frames, magnitude=magnitude)


@pytest.mark.parametrize(
    ("held", "seconds", "slope", "release"),
    [
        (4.0, 5.2, 40.0, 1.45),  # 10 dB down after 0.25 s: 0.95 s are left, and half a second before
        (6.0, 10.0, 20.0, 4.0),  # the first 4 s of an ending are as much as is looked at
        (2.0, 2.1, 400.0, 1.0),  # a hard end: one second all the same
    ],
)
def test_a_release_begins_half_a_second_before_the_note_is_last_held(held, seconds, slope, release):
    sound, frames = released(held, seconds, (slope, slope))
    note = SustainedNote().fit([sound], [frames])
    assert note.release == pytest.approx(release, abs=0.06)  # levels are those of 50 ms
    assert note.duration == pytest.approx(seconds, abs=1e-4)


def test_how_a_tone_ends_is_measured_component_by_component():
    """Within 4 dB: curves bend at seven knots only, and a knot is drawn a little to its neighbors."""
    sound, frames = released(slopes=(40.0, 20.0, 0.0, 60.0))
    frames.magnitude[:, 2] *= 0.1  # hum, weaker than the note
    note = SustainedNote().fit([sound], [frames])
    knots = np.array([-1, -0.5, -0.25, -0.12, -0.06, -0.03, 0])
    np.testing.assert_allclose(note.ending.knots, knots)
    at = note.duration + knots * note.release
    decibels = let_go(at, 4.0, (40.0, 20.0, 0.0, 60.0))
    known = np.log1p(10 ** (decibels / 20) / 1e-4) - np.log1p(1e4)
    np.testing.assert_allclose(note.ending.levels * TO_DB, known * TO_DB, atol=4.0)
    np.testing.assert_allclose((note.ending.levels * TO_DB)[:, 2], 0, atol=1e-3)
    np.testing.assert_array_equal(note.ending.levels[0], 0)  # relative to the held note
    assert (np.diff(note.ending.levels, axis=0) <= 1e-12).all()


def test_of_several_recordings_the_mean_ending_and_the_longest():
    pairs = [released(4.0, 5.2), released(3.0, 5.0)]
    note = SustainedNote().fit(*zip(*pairs, strict=True))
    assert note.duration == pytest.approx(5.2, abs=1e-4)
    each = [SustainedNote().fit([sound], [frames]).release for sound, frames in pairs]
    assert each[0] < each[1] - 0.5
    assert note.release == pytest.approx(np.mean(each))


def test_a_tone_let_go_is_learned_as_if_it_were_held_on():
    sound, frames = released()
    note = SustainedNote().fit([sound], [frames])
    held = note.remove_decay(frames, sound.duration)
    assert held.times[-1] <= sound.duration < held.times[-1] + 0.02
    assert (20 * np.log10(held.magnitude.max(axis=0) / held.magnitude.min(axis=0)) < 8).all()  # it fell by 48


@pytest.mark.parametrize("name", HELD)
def test_what_is_held_on_and_ends_again_is_the_recording(name):
    sound = recordings.load(name)
    note, frames = fitted(sound)
    held = note.remove_decay(frames, sound.duration)
    back = note.apply_decay(held, sound.duration)
    assert frames.times[len(held) - 1] <= sound.duration < frames.times[len(held)]
    np.testing.assert_allclose(back.magnitude, frames.magnitude[: len(held)], rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(back.frequency, frames.frequency[: len(held)])
    before = frames.times[: len(held)] < sound.duration - note.release
    np.testing.assert_allclose(held.magnitude[before], frames.magnitude[: len(held)][before], rtol=1e-9)


def test_while_a_note_begins_no_component_is_louder_than_it_was_by_then():
    sound, frames = released(slopes=(0.0, 0.0))
    rising = replace(frames, magnitude=frames.magnitude * np.clip(frames.times / 0.2, 0.01, 1)[:, None])
    rising.magnitude[10:30, 0] *= 0.5  # what sinks again, as breath does, may be as loud as it had been
    note = SustainedNote().fit([sound], [rising])
    loud = replace(frames, magnitude=2 * frames.magnitude)
    limited = note.apply_decay(loud, 60.0).magnitude
    early = np.count_nonzero(frames.times <= 0.3)
    np.testing.assert_allclose(limited[:early], np.maximum.accumulate(rising.magnitude[:early], axis=0))
    np.testing.assert_allclose(limited[early:], loud.magnitude[early:])
    soft = replace(frames, magnitude=0.001 * frames.magnitude)
    np.testing.assert_allclose(note.apply_decay(soft, 60.0).magnitude, soft.magnitude)


@pytest.mark.parametrize("name", HELD)
def test_a_recording_that_breaks_off_while_it_is_held_is_learned_as_it_is_and_notes_end_all_the_same(name):
    sound = recordings.load(name).crop(0, 4)
    note, frames = fitted(sound)
    held = note.remove_decay(frames, sound.duration)
    np.testing.assert_array_equal(held.magnitude, frames.magnitude[: len(held)])
    assert note.release == 0.3
    ended = note.apply_decay(held, sound.duration)
    early = held.times < sound.duration - 0.3
    np.testing.assert_allclose(ended.magnitude[early], held.magnitude[early])
    assert np.linalg.norm(ended.magnitude[-1]) < 1e-3 * np.linalg.norm(held.magnitude[-1])


def test_a_recording_that_breaks_off_does_not_spoil_the_ending_of_another():
    whole, cut = released(4.0, 5.2), released(4.0, 3.0)
    note = SustainedNote().fit(*zip(whole, cut, strict=True))
    alone = SustainedNote().fit([whole[0]], [whole[1]])
    assert note.release == alone.release
    np.testing.assert_allclose(note.ending.levels, alone.ending.levels, atol=1e-3)
    np.testing.assert_array_equal(
        note.remove_decay(cut[1], 3.0).magnitude, cut[1].magnitude[: len(note.remove_decay(cut[1], 3.0))]
    )


def test_of_several_recordings_the_loudest_attack_counts():
    pairs = [released(4.0, 5.2), released(3.0, 5.0)]
    pairs[0][1].magnitude[:40] *= 0.1
    pairs[1][1].magnitude[:, 1] *= 0.01
    note = SustainedNote().fit(*zip(*pairs, strict=True))
    np.testing.assert_allclose(note.loudest[5], [1.0, 0.1], rtol=1e-6)


@pytest.mark.parametrize("seconds", [0.3, 0.5, 1.0, 1.5, 5.0, 12.0, 20.0])
@pytest.mark.parametrize("name", HELD)
def test_a_note_of_any_length_ends_though_what_is_learned_goes_on(name, seconds):
    """Every frame is the one from the recording's middle, so what ends it is the measured release."""
    sound = recordings.load(name)
    note, frames = fitted(sound)
    at = int(np.abs(frames.times - sound.duration / 2).argmin())
    middle = note.remove_decay(frames, sound.duration)[at : at + 1]
    count = round(seconds * RATE / 512) + 6
    same = replace(
        frames,
        magnitude=np.tile(middle.magnitude, (count, 1)),
        frequency=np.tile(middle.frequency, (count, 1)),
        start=-2048,
    )
    ended = note.apply_decay(same, seconds)
    until = seconds - 1.01 * min(note.release, 0.6 * seconds)
    holds = (ended.times > 0.3) & (ended.times < until)
    np.testing.assert_allclose(ended.magnitude[holds], same.magnitude[holds])
    played = VOCODER.synthesize(lock_phases(ended)).samples[2048:][: round(seconds * RATE)]
    held = max(np.mean(part**2) for part in np.array_split(played, 4))  # a short note may just have spoken
    assert 10 * np.log10(np.mean(played[-882:] ** 2) / held) < -15  # the last 20 ms
    if seconds >= 1:
        assert 10 * np.log10(np.mean(played[-2205:] ** 2) / held) < -20


def measured(duration=10.2, release=1.5):
    note, _ = fitted(Sound(np.sin(np.arange(RATE)), RATE), PhaseVocoder(2048, 512, 5))
    note.duration, note.release = duration, release
    return note


def clock(times):
    """Eight hands, written out."""
    periods = 20 / 2.0 ** np.arange(8)
    hands = [[2 * f(2 * np.pi * t / p) for f in (np.sin, np.cos) for p in periods] for t in times]
    return np.array(hands)


def told(rows):
    """The time that the longest hand points to, in seconds."""
    return np.arctan2(rows[:, 0], rows[:, 8]) / (2 * np.pi) * 20 % 20


def test_a_note_no_longer_than_the_recording_is_told_the_time_since_it_began():
    note, times = measured(), np.linspace(0, 10.2, 300)
    for seconds in (10.2, 3.0):
        rows = note.conditions(times[times <= seconds], seconds)
        assert rows.dtype == np.float32
        assert rows.shape[1] == note.n_conditions == 16
        np.testing.assert_allclose(rows, clock(times[times <= seconds]), atol=1e-4)
    around = note.conditions(np.array([-0.5, -0.1, 10.3, 11.0]), 10.2)  # silence, of which there is no time
    np.testing.assert_allclose(around, clock([0, 0, 10.2, 10.2]), atol=1e-4)


def test_a_longer_note_goes_back_and_forth_through_what_was_held():
    """Of 10.2 s with a release of 1.5 s: to 8.45 s, back to 3.06 s, and on again."""
    note, turns = measured(), np.array([0, 8.45, 8.45 + 5.39, 8.45 + 2 * 5.39, 8.45 + 3 * 5.39])
    times = np.linspace(0, 24, 2000)
    walked = np.interp(times, turns, [0, 8.45, 3.06, 8.45, 3.06])
    np.testing.assert_allclose(note.conditions(times, 24.0), clock(walked), atol=1e-4)


@given(
    duration=st.floats(0.2, 19.5),
    release=st.floats(1.0, 4.0),
    seconds=st.floats(0.1, 60.0),
)
@settings(max_examples=100, deadline=None)
def test_time_never_jumps_and_never_leaves_the_recording(duration, release, seconds):
    """From one hop to the next it moves by a hop or less, and so does every hand, by its share of that."""
    note = measured(duration, release)
    times = np.arange(-0.05, seconds + 0.05, 512 / RATE)
    rows = note.conditions(times, seconds)
    hop = 512 / RATE
    moved = (np.diff(told(rows)) + 10) % 20 - 10  # the hand goes round
    assert np.abs(moved).max(initial=0) <= hop + 1e-3
    fastest = 2 * 2 * np.pi / (20 / 2**7) * hop
    assert np.abs(np.diff(rows, axis=0)).max(initial=0) <= fastest + 1e-4
    at = told(rows)
    assert ((at <= duration + 0.01) | (at > 19.99)).all()
    if seconds > duration and 0.7 * duration > release + 0.25:
        assert ((at <= duration - release - 0.25 + 0.01) | (at > 19.99)).all()  # it is held, and no end of it


def test_a_note_that_was_kept_is_the_same_and_a_damaged_one_is_refused():
    sound, frames = released()
    note = SustainedNote().fit([sound], [frames])
    kept = note.arrays()
    again = SustainedNote().restore(kept, 2)
    assert (again.duration, again.release) == (note.duration, note.release)
    for seconds in (0.5, 5.2, 12.0):
        np.testing.assert_array_equal(
            again.apply_decay(frames, seconds).magnitude, note.apply_decay(frames, seconds).magnitude
        )
        np.testing.assert_array_equal(
            again.conditions(frames.times, seconds), note.conditions(frames.times, seconds)
        )
    for damage in (
        {"more": kept["knots"]},
        {"knots": kept["knots"][::-1]},
        {"levels": kept["levels"][:, :1]},
        {"levels": kept["levels"][::-1]},
        {"levels": kept["levels"] * np.nan},
        {"floor": np.array([0.0])},
        {"seconds": np.array([5.2])},
        {"seconds": np.array([[5.2, 1.0]])},
        {"speaking": kept["speaking"][:-1]},
        {"speaking": kept["speaking"][:, None]},
        {"speaking": kept["speaking"][::-1]},
        {"speaking": kept["speaking"] + np.inf},
        {"loudest": kept["loudest"][:, :1]},
        {"loudest": -1 - kept["loudest"]},
        {"loudest": kept["loudest"][::-1] + np.arange(len(kept["loudest"]))[::-1, None]},
        {"loudest": kept["loudest"] + np.inf},
        {"speaking": np.zeros(0), "loudest": np.zeros((0, 2))},
        *({"seconds": np.array([bad, 1.0])} for bad in (0.0, -1.0, np.nan, np.inf, 1e7)),
        *({"seconds": np.array([5.2, bad])} for bad in (0.0, -1.0, np.nan, np.inf, 1e7)),
    ):
        with pytest.raises(ValueError, match=r"level curves|length or its release|attack"):
            SustainedNote().restore(kept | damage, 2)
    for name in kept:
        with pytest.raises(ValueError, match=r"level curves|length or its release|attack"):
            SustainedNote().restore({n: a for n, a in kept.items() if n != name}, 2)
