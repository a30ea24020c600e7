"""What the network hears in training of a corpus: what frames, mixtures of what notes, how long."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnsound.dsp.harmonics import (
    HARMONIC,
    HIGHEST,
    N_BANDS,
    N_PARTIALS,
    HarmonicFrames,
    frame_times,
    n_frames_for,
    seconds_of,
    to_hertz,
)
from rnnsound.features.harmonic_scaler import HarmonicScaler
from rnnsound.features.note_table import Note, NoteTable
from rnnsound.features.variations import (
    ACROSS,
    BEYOND,
    FARTHEST,
    MIXED,
    Variations,
    follow,
    n_conditions,
    tell,
)

RECORDED = n_frames_for(3.5)
PITCHES = {"low": 50.0, "mid": 54.0, "high": 57.0, "top": 62.0}


def note_of(name, midi, strength, instrument="clarinet", n_frames=RECORDED, swing=0.0):
    """A note that never changes, or swings in pitch by so many semitones; all of it is as strong."""
    pitch = to_hertz(midi + swing * np.sin(2 * np.pi * 5 * frame_times(n_frames)))
    there = HARMONIC * to_hertz(midi) < HIGHEST
    amplitude, noise = (
        np.full((n_frames, N_PARTIALS), strength) * there,
        np.full((n_frames, N_BANDS), strength),
    )
    return Note(name, instrument, midi), HarmonicFrames(amplitude, noise, pitch, HARMONIC)


def varied(notes, batch_size=32, seed=0):
    table = NoteTable.of(notes, 1.0)
    scaler = HarmonicScaler().fit(table)
    return Variations(table, scaler, table.instruments, batch_size, seed), scaler


def rows_of(variations, n_epochs):
    """All rows of some epochs, one by one: vectors, the MIDI number that is told, the mask."""
    for epoch in range(n_epochs):
        for rows in variations.epoch(epoch):
            midi = 72 + 24 * rows.conditions[:, 0, 0]
            yield from zip(rows.vectors, midi, rows.mask, strict=True)


def strengths(vector, scaler):
    """Logarithms of the first partial and of the first band of noise, frame by frame."""
    values = vector * scaler.std + scaler.mean
    return values[:, 0], values[:, N_PARTIALS]


def times_followed(seconds, n_recorded=RECORDED):
    """Times of a note's frames, and of the recording's frames that they follow."""
    return frame_times(n_frames_for(seconds)), frame_times(n_recorded)[follow(seconds, n_recorded)]


def test_a_note_of_the_recordings_length_is_the_recording():
    np.testing.assert_array_equal(follow(seconds_of(RECORDED), RECORDED), np.arange(RECORDED))


@given(seconds=st.floats(0.25, 20.0), recorded=st.floats(0.3, 8.0))
@settings(max_examples=200, deadline=None)
def test_a_note_of_any_length_begins_and_ends_as_recorded_and_walks_in_between(seconds, recorded):
    n_recorded = n_frames_for(recorded)
    times, heard = times_followed(seconds, n_recorded)
    frame = 512 / 44_100
    assert heard.min() >= frame_times(n_recorded)[0]
    assert len(heard) == n_frames_for(seconds)
    begins = times <= min(0.3 * recorded, 0.8, recorded / 2, seconds / 2) - frame
    np.testing.assert_allclose(heard[begins], times[begins], atol=frame)
    assert heard[-1] >= recorded - frame
    own, its = min(1.0, seconds / 2), min(1.0, recorded / 2)
    ending = (times >= seconds - own) & (times <= seconds)
    left = (seconds - times[ending]) * its / own
    np.testing.assert_allclose(recorded - heard[ending], left, atol=1.5 * frame)
    held = times < seconds - own
    assert np.abs(np.diff(heard[held])).max(initial=0) < 2.1 * frame  # no jump: back and forth


def test_a_long_note_hears_the_held_part_over_and_over_and_nothing_else():
    times, heard = times_followed(20.0)
    held = heard[(times > 1) & (times < 19)]
    assert held.min() > 0.75
    assert held.max() < 2.55
    turns = np.count_nonzero(np.diff(np.sign(np.diff(held[np.diff(held, prepend=-1) != 0]))))
    assert turns == pytest.approx(18 / 1.7, abs=1.5)  # one for each 1.7 s


def test_lengths_are_from_one_to_seven_seconds_and_many_are_the_recordings():
    variations, _ = varied([note_of("low", 50.0, 0.01)])
    lengths = np.array([rows.vectors.shape[1] for e in range(600) for rows in variations.epoch(e)])
    assert len(lengths) == 600
    assert lengths.min() >= n_frames_for(1.0)
    assert lengths.max() <= n_frames_for(7.0)
    assert np.mean(lengths == n_frames_for(3.5)) == pytest.approx(0.4, abs=0.06)
    assert np.mean(lengths < n_frames_for(1.5)) == pytest.approx(0.3, abs=0.06)


def test_notes_are_moved_towards_a_neighbor_as_far_as_the_network_is_told():
    """Where logarithms of strength rise evenly with pitch, every mixture lies on the same line."""
    variations, scaler = varied([note_of(n, m, 1e-3 * 10 ** ((m - 50) / 20)) for n, m in PITCHES.items()])
    ends_of = np.array([1e-3, 1e-3 * 10 ** (12 / 20)])
    line = np.log1p(ends_of / 1e-5), np.log1p(ends_of / 2e-6)
    moved = []
    for vector, midi, _ in rows_of(variations, 100):
        for heard, ends in zip(strengths(vector, scaler), line, strict=True):
            np.testing.assert_allclose(heard, np.interp(midi, [50, 62], ends), atol=0.02)
        moved.append(np.abs(midi - np.array(list(PITCHES.values()))).min() > 1e-3)
    assert np.mean(moved) == pytest.approx(MIXED * 3 / 4, abs=0.06)  # a note at an end has one neighbor only


def test_halfway_the_notes_beyond_have_their_share_and_at_the_notes_none():
    """Only the lowest of four notes is loud: what lies between the two in the middle hears a part of it."""
    strength = {"low": 1e-1, "mid": 1e-3, "high": 1e-3, "top": 1e-3}
    variations, scaler = varied([note_of(n, m, strength[n]) for n, m in PITCHES.items()])
    low, rest = np.log1p(1e-1 / 1e-5), np.log1p(1e-3 / 1e-5)
    for vector, midi, _ in rows_of(variations, 200):
        heard = (strengths(vector, scaler)[0].mean() - rest) / (low - rest)
        if midi < 54:
            part = (54 - midi) / 4
            beyond = BEYOND * 4 * part * (1 - part)
            share = (1 - beyond) * part + beyond * (57 - midi) / 7
        elif midi < 57:
            part = (midi - 54) / 3
            share = BEYOND * 4 * part * (1 - part) * (62 - midi) / 12
        else:
            part = (midi - 57) / 5
            share = 0.0
        assert heard == pytest.approx(share, abs=0.005), midi


def test_between_unlike_notes_partials_are_together_as_strong_as_the_notes():
    """One has its odd partials, the other its even ones: means of logarithms would lose 30 dB halfway."""
    notes = [note_of("low", 50.0, 1e-1), note_of("high", 54.0, 1e-1)]
    for (_, frames), weak in zip(notes, (1, 0), strict=True):
        frames.amplitude[:, weak::2] *= 1e-3
    variations, scaler = varied(notes)
    ends = [frames.amplitude[0] for _, frames in notes]
    low, high = (10 * np.log10(np.sum(amplitude**2)) for amplitude in ends)
    for vector, midi, mask in rows_of(variations, 60):
        values = (vector * scaler.std + scaler.mean)[:, :N_PARTIALS] * mask[0, :N_PARTIALS]
        heard = 10 * np.log10(np.sum((1e-5 * np.expm1(values)) ** 2, axis=1))
        np.testing.assert_allclose(heard, np.interp(midi, [50, 54], [low, high]), atol=0.1)


def test_a_player_s_vibrato_survives_the_mixing():
    variations, scaler = varied(
        [note_of("low", 50.0, 0.01, swing=0.3), note_of("high", 54.0, 0.01, swing=0.3)]
    )
    for rows in (rows for epoch in range(40) for rows in variations.epoch(epoch)):
        n_frames = rows.vectors.shape[1]
        if n_frames != RECORDED:
            continue
        swing = (rows.vectors[:, :, -1] * scaler.std[-1] + scaler.mean[-1])[:, 100:180]
        expected = 0.3 * np.sin(2 * np.pi * 5 * frame_times(n_frames))[100:180]
        np.testing.assert_allclose(swing, np.broadcast_to(expected, swing.shape), atol=0.02)


def test_notes_are_moved_to_another_instrument_as_far_as_the_network_is_told():
    """The flute's one note is loud, the clarinet's two are not: strength says how far a note was moved."""
    notes = [note_of("low", 50.0, 1e-3), note_of("high", 54.0, 1e-3), note_of("loud", 52.0, 1e-1, "flute")]
    variations, scaler = varied(notes)
    ends, shares = np.log1p(np.array([1e-3, 1e-1]) / 1e-5), []
    for rows in (rows for epoch in range(100) for rows in variations.epoch(epoch)):
        for vector, told in zip(rows.vectors, rows.conditions, strict=True):
            clarinet, flute = told[0, 7:9]
            assert clarinet + flute == pytest.approx(1)
            np.testing.assert_allclose(strengths(vector, scaler)[0], ends @ [clarinet, flute], atol=2e-3)
            midi = 72 + 24 * told[0, 0]
            assert abs(midi - 52) <= 2 * clarinet + 1e-4
            shares.append(flute)
    between = np.mean([0 < share < 1 for share in shares])
    assert between == pytest.approx(MIXED * ACROSS, abs=0.05)


def test_takes_of_one_pitch_are_no_neighbors_and_every_number_is_finite():
    """Each pitch twice: what is mixed lies between pitches, and nothing is divided by no distance."""
    notes = [note_of(f"{midi} {take}", midi, 1e-3 * take) for midi in (50.0, 54.0, 57.0) for take in (1, 2)]
    variations, _ = varied(notes)
    midi = np.array([note.midi for note in variations.table.notes])
    np.testing.assert_array_equal(midi[variations.neighbors[:, 0]], [50, 50, 50, 50, 54, 54])
    np.testing.assert_array_equal(midi[variations.neighbors[:, 1]], [54, 54, 57, 57, 57, 57])
    for rows in (rows for epoch in range(30) for rows in variations.epoch(epoch)):
        assert np.isfinite(rows.vectors).all()


def test_the_nearest_note_of_another_instrument_is_found_as_by_looking_at_every_pair():
    rng = np.random.default_rng(0)
    names = [("reed", "flute", "string")[kind] for kind in rng.integers(0, 3, 40)]
    table = [note_of(f"n{i}", 50 + 30 * place, 1e-3, names[i]) for i, place in enumerate(rng.random(40))]
    variations, _ = varied(table)
    midi = variations.midi
    away = np.abs(midi[:, None] - midi)
    away[np.equal.outer(names, names)] = np.inf
    nearest = np.where(away.min(axis=1) <= FARTHEST, away.argmin(axis=1), np.arange(40))
    np.testing.assert_array_equal(variations.across, nearest)


def test_a_note_alone_stays_what_it_is():
    """Its neighbors are another instrument's, and too far away."""
    variations, scaler = varied([note_of("low", 50.0, 1e-3), note_of("alone", 54.1, 1e-1, "flute")])
    for vector, midi, _ in rows_of(variations, 40):
        expected = np.log1p((1e-1 if midi > 52 else 1e-3) / 1e-5)
        np.testing.assert_allclose(strengths(vector, scaler)[0], expected, atol=1e-3)


@pytest.mark.parametrize("size", [2, 3, 5])
def test_the_shares_of_several_processes_add_up_to_the_whole_batch(size):
    """Also where there are fewer notes left than processes: one of them then has no row."""
    variations, _ = varied([note_of(name, midi, 1e-3 * midi) for name, midi in PITCHES.items()], batch_size=3)
    for whole, *parts in zip(
        *(variations.epoch(7, *who) for who in [(0, 1), *((r, size) for r in range(size))]), strict=True
    ):
        assert sum(part.share.weight for part in parts) == pytest.approx(1)
        vectors = np.empty_like(whole.vectors)
        conditions = np.empty_like(whole.conditions)
        for part in parts:
            vectors[part.share.rows], conditions[part.share.rows] = part.vectors, part.conditions
        np.testing.assert_array_equal(vectors, whole.vectors)
        np.testing.assert_array_equal(conditions, whole.conditions)


def test_an_epoch_is_the_same_again_and_another_one_another():
    notes = [note_of(name, midi, 1e-3 * midi) for name, midi in PITCHES.items()]
    first, again, other = (next(iter(varied(notes)[0].epoch(number))) for number in (3, 3, 4))
    np.testing.assert_array_equal(first.vectors, again.vectors)
    assert first.vectors.shape != other.vectors.shape or not np.array_equal(first.vectors, other.vectors)
    seeded = next(iter(varied(notes, seed=1)[0].epoch(3)))
    assert first.vectors.shape != seeded.vectors.shape or not np.array_equal(first.vectors, seeded.vectors)


def test_an_epoch_has_as_many_rows_as_there_are_notes_in_batches_of_one_length():
    variations, _ = varied([note_of(name, midi, 1e-3 * midi) for name, midi in PITCHES.items()], batch_size=3)
    for epoch in range(20):
        assert [len(rows.vectors) for rows in variations.epoch(epoch)] == [3, 1]


def test_partials_above_the_highest_frequency_are_0_and_masked():
    variations, _ = varied(
        [note_of("low", 84.0, 0.01), note_of("mid", 85.0, 0.001), note_of("high", 89.0, 0.01)]
    )
    for vector, midi, mask in rows_of(variations, 20):
        there = np.append(HARMONIC * to_hertz(midi) < HIGHEST * (1 + 1e-6), np.ones(N_BANDS + 1, dtype=bool))
        np.testing.assert_array_equal(mask[0] > 0, there)
        assert not vector[:, ~there].any()


def test_the_network_is_told_pitch_instrument_beginning_and_end():
    seconds, n_frames = 2.0, n_frames_for(2.0)
    told = tell(np.array([72.0, 84.0]), np.array([[1.0, 0.0], [0.3, 0.7]]), n_frames, seconds)
    assert told.shape == (2, n_frames, n_conditions(2))
    np.testing.assert_allclose(told[:, :, 0], np.repeat([[0.0], [0.5]], n_frames, axis=1))
    np.testing.assert_allclose(told[1, :, 7:9], np.broadcast_to([0.3, 0.7], (n_frames, 2)), rtol=1e-6)
    onset, end = told[0, :, 9:11], told[0, :, 11:13]
    times = frame_times(n_frames)
    np.testing.assert_allclose(onset[:, 0], 5 * np.clip(1 - times, 0, 1), atol=1e-6)
    np.testing.assert_allclose(onset[:, 1], 5 * np.clip(1 - times / 0.2, 0, 1), atol=1e-6)
    np.testing.assert_allclose(end[:, 0], 5 * np.clip(1 - (seconds - times), 0, 1), atol=1e-6)
    np.testing.assert_allclose(end[:, 1], 5 * np.clip(1 - (seconds - times) / 0.25, 0, 1), atol=1e-6)
