"""What is said of takes beside their recording."""

from types import SimpleNamespace

import numpy as np
import pytest

from rnnsound import Sound, SoundModel, presets, recordings, sine
from rnnsound.dsp.measures import log_mel_distance, restlessness
from rnnsound.dsp.partials import decay, partials
from rnnsound.evaluate import (
    compare_struck,
    fallen,
    held,
    mean,
    report_struck,
    report_sustained,
    without_network,
    worst,
)

RATE = 44_100
C4 = 261.63


def struck(losses=None, seconds=3.0, ends=np.inf, start=0.0):
    """Eight partials that lose known numbers of dB a second until they are let go; a click when struck."""
    at = np.arange(round(seconds * RATE)) / RATE - start
    losses = np.arange(8) * 2 + 6.0 if losses is None else losses
    tones = sum(
        np.cos(2 * np.pi * n * C4 * at) / n * 10 ** (-loss * at / 20) for n, loss in enumerate(losses, 1)
    )
    return Sound(np.where((at >= 0) & (at < ends), 0.1 * tones, 0.0), RATE)


def test_a_recording_is_not_off_itself():
    piano = recordings.load("piano")
    same = compare_struck(piano, piano, C4, 11.0)
    assert list(same) == [
        "distance (dB)",
        "first 2 s (dB)",
        "partials (cents)",
        "decay, worst (%)",
        "decay, median (%)",
        "onset (ms)",
        "centroid (%)",
        "peak (dB)",
    ]
    assert list(same.values()) == pytest.approx([0.0] * 8, abs=1e-9)


def test_a_changed_copy_is_off_by_what_was_changed():
    note = struck(start=0.02)
    late = np.pad(note.samples, (round(0.004 * RATE), 0))
    off = compare_struck(Sound(2 * late, RATE), note, C4, 2.9)
    assert off["onset (ms)"] == pytest.approx(4, abs=0.05)
    assert off["peak (dB)"] == pytest.approx(20 * np.log10(2))
    assert off["distance (dB)"] > 2
    assert off["decay, worst (%)"] < 1
    assert off["partials (cents)"] < 1
    quiet_later = np.where(np.arange(len(note)) < 2 * RATE, 1.0, 0.5) * note.samples
    off = compare_struck(Sound(quiet_later, RATE), note, C4, 1.9)
    assert off["first 2 s (dB)"] < 0.05 < off["distance (dB)"]
    assert off["decay, worst (%)"] < 0.5  # the damper falls before


def test_decays_are_told_by_the_worst_and_by_the_median():
    """One partial in eight dies away twice as fast; then all of them do a tenth faster."""
    losses = np.arange(8) * 2 + 6.0
    off = compare_struck(struck(np.where(np.arange(8) == 3, 2 * losses, losses)), struck(), C4, 2.5)
    assert off["decay, worst (%)"] == pytest.approx(50, abs=2)
    assert off["decay, median (%)"] < 1
    off = compare_struck(struck(1.1 * losses), struck(), C4, 2.5)
    assert off["decay, worst (%)"] == pytest.approx(100 * (1 - 1 / 1.1), abs=1)
    assert off["decay, median (%)"] == pytest.approx(100 * (1 - 1 / 1.1), abs=1)


def test_a_decay_is_compared_only_as_long_as_the_recordings_partial_is_heard():
    """40 dB a second: after 1.5 s there is only noise, whose level says nothing of a decay."""
    note, rng = struck(np.full(8, 40.0), 6.0), np.random.default_rng(0)
    noisy = [Sound(note.samples + rng.normal(0, 1e-5, len(note)), RATE) for _ in range(2)]
    assert compare_struck(*noisy, C4, 5.9)["decay, worst (%)"] < 2
    whole = [decay(sound, partials(sound, C4)[7], 5.9) for sound in noisy]
    assert whole[0] == pytest.approx(1.5, rel=0.02)


def test_what_a_take_does_after_the_recording_fell_silent_is_no_decay_of_it():
    """60 dB are gone after 1.5 s. The take goes on, 58 dB down, to its end."""
    note = struck(np.full(8, 40.0))
    rings_on = note.samples * 10 ** (2 * np.maximum(np.arange(3 * RATE) / RATE - 1.45, 0))
    off = compare_struck(Sound(rings_on, RATE), note, C4, 2.9)
    assert off["decay, worst (%)"] < 2


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_partial_that_does_not_get_weaker_is_no_error_if_the_recordings_does_not_either():
    losses = np.where(np.arange(8) == 5, -1.0, 12.0)
    assert compare_struck(struck(losses), struck(losses), C4, 2.9)["decay, worst (%)"] == 0
    off = compare_struck(struck(losses), struck(np.full(8, 12.0)), C4, 2.9)
    assert off["decay, worst (%)"] == np.inf


class Player:
    """Plays a tone of ten seconds that is off by what its seed says: cents, loudness; at 9, noise."""

    note = SimpleNamespace(tail=0.5)

    def generate(self, seconds, seed):
        if seed == 9:
            return Sound(0.1 * np.random.default_rng(0).standard_normal(round(seconds * RATE)), RATE)
        cents, factor, wander = {0: (0.0, 1.0, 1), 1: (12.0, 1.0, 1), 2: (0.0, 2.0, 1), 3: (0.0, 1.0, 0.5)}[
            seed
        ]
        return played(seconds, cents, factor, wander)

    def resynthesize(self, sound):
        return sound


def played(seconds, cents=0.0, factor=1.0, wander=1.0):
    """A tone whose level and pitch wander by 2 dB and 6 cents, every 4 s, and that is let go at the end."""
    at = np.arange(round(seconds * RATE)) / RATE
    turn = np.sin(2 * np.pi * at / 4)
    phase = 2 * np.pi * np.cumsum(440 * 2 ** ((cents + 6 * wander * turn) / 1200)) / RATE
    gain = 10 ** (wander * 2 * turn / 20) * 10 ** (-6 * np.clip(at - seconds + 0.5, 0, 0.5))
    return Sound(factor * 0.1 * gain * (np.sin(phase) + 0.5 * np.sin(2 * phase)), RATE)


def test_a_sustained_report_says_what_a_take_is_off_by():
    recording = played(10.0)
    same, sharp, loud, flat, noise = report_sustained(Player(), recording, (0, 1, 2, 3, 9))
    assert same["distance (dB)"] == same["restlessness (times)"] == 0
    assert same["pitch (cents)"] == pytest.approx(0, abs=1e-6)
    assert same["level wanders (times)"] == same["pitch wanders (times)"] == pytest.approx(1)
    assert same["peak ratio"] == pytest.approx(1)
    assert sharp["pitch (cents)"] == pytest.approx(
        12, abs=1.2
    )  # the percentiles of what wanders, not its middle
    assert loud["peak ratio"] == pytest.approx(2)
    assert loud["distance (dB)"] > 1
    assert flat["level wanders (times)"] == pytest.approx(0.5, abs=0.03)
    assert flat["pitch wanders (times)"] == pytest.approx(0.5, abs=0.03)
    assert (
        noise["pitch (cents)"] == noise["level wanders (times)"] == noise["pitch wanders (times)"] == np.inf
    )
    assert same["ends (dB)"] > 20 > 1 > abs(noise["ends (dB)"])
    later = Sound(recording.samples[1323:], RATE), Sound(recording.samples[:-1323], RATE)
    assert loud["restlessness (times)"] == pytest.approx(loud["distance (dB)"] / log_mel_distance(*later))


def test_what_is_held_lies_between_the_attack_and_the_release():
    note = sine(440.0, seconds=10.0)
    np.testing.assert_array_equal(held(note).samples, note.samples[RATE // 2 : 9 * RATE])
    short = sine(440.0, seconds=1.0)  # half of it, from its middle
    np.testing.assert_array_equal(held(short).samples, short.samples[RATE // 4 : 3 * RATE // 4])


@pytest.mark.parametrize("decibels", [0.0, 20.0, 60.0])
def test_how_far_a_note_has_fallen_is_told_by_its_last_50_ms(decibels):
    gain = np.where(np.arange(4 * RATE) < 3.95 * RATE, 1.0, 10 ** (-decibels / 20))
    gain[: RATE // 2] = 10.0  # an attack that is much louder than the held note
    assert fallen(Sound(sine(440.0, 4.0).samples * gain, RATE)) == pytest.approx(decibels, abs=0.01)


def test_a_struck_report_compares_each_take_as_long_as_the_recording_until_it_is_let_go():
    note = struck()

    class Echo:
        note = SimpleNamespace(tail=1.0)

        def generate(self, seconds, seed):
            assert seconds == 3.0
            damped = np.where(np.arange(3 * RATE) < 2 * RATE, 1.0, 0.01)
            return Sound(struck().samples * (seed + 1) * damped, RATE)

    once, twice = report_struck(Echo(), note, C4, (0, 1))
    assert once == compare_struck(Echo().generate(3.0, 0), note, C4, 2.0)
    assert once["decay, worst (%)"] < 5  # 40 dB are lost at once when it is let go
    assert twice["peak (dB)"] == pytest.approx(20 * np.log10(2), abs=1e-6)


def test_means_and_worst_of_several_takes():
    rows = [{"a": 1.0, "b": -4.0}, {"a": 2.0, "b": 2.0}]
    assert mean(rows) == {"a": 1.5, "b": -1.0}
    assert worst(rows) == {"a": 2.0, "b": 4.0}


def test_without_a_network_a_note_is_as_restless_as_the_recording_and_ends():
    """The noise is what is left of the held note; with the attack in it, it would be a sixth too restless."""
    recording = recordings.load("clarinet")
    model = SoundModel.fit(recording, presets.CLARINET.replace(epochs=1), progress=False)
    rival, still = (without_network(model, recording, clock=clock) for clock in (True, False))
    own = restlessness(held(model.resynthesize(recording)))
    assert restlessness(held(rival)) == pytest.approx(own, rel=0.1)
    best = model.resynthesize(recording)
    assert log_mel_distance(rival, best) < log_mel_distance(still, best)
    assert len(rival) == len(recording)
    assert fallen(rival) > 20
    assert (without_network(model, recording, seed=1).samples != rival.samples).any()
