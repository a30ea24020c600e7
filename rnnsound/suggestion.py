"""Which settings suit a recording, and why: held, struck, or neither, from its level, pitch and length.

Notebook: 09_your_own_sound.
"""

from dataclasses import dataclass

import numpy as np

from rnnsound.config import ModelConfig
from rnnsound.dsp.measures import cents, level_over_time, pitch
from rnnsound.dsp.reading import frame_size
from rnnsound.dsp.sound import Sound, faded_out
from rnnsound.presets import CLARINET, PIANO

_SHORTEST = 0.4  # seconds: fewer are hardly 30 frames, too few to learn a movement from
_LONGEST = 60.0  # seconds that are looked at
_LEARNED = {"held": 20.0, "struck": 60.0, "neither": 20.0}  # seconds: the slowest hand of the clock takes 20
_FADE = 0.3  # seconds, where a recording is cut
_LITTLE_MORE = 1.0  # seconds too long to be worth a cut
_HIGHEST_RATE = 50_000  # samples per second: more hold nothing that is kept
_TOP = 9_900.0  # Hz that are learned, the presets' own
_QUIET = 1e-4  # of full scale: 80 dB below it
_FULL, _CLIPPED = 0.9, 0.003  # peak, and part of the samples that stand at it, of a clipped recording
_WINDOW, _SMOOTH = 0.05, 6  # seconds of one level, and how many are averaged
_EARLY = 0.25, 0.1  # seconds, or part of the note, by which a struck note is loudest
_FALL_DB, _HALF_FALL_DB = 12.0, 6.0  # what it has lost near its end, and half way there
_RISE_DB, _HEARD_DB = 12.0, 40.0  # what beats may bring back, down to so far below the loudest
_DIP_DB = 15.0  # a held note never sinks further below its median level, but at its ends
_SWELL_DB = 15.0  # nor does it swell by more from its softest moment to its loudest
_JUMP_DB = 10.0  # in a tenth of a second, inside the note: something else begins
_PITCHED, _STEADY = 0.6, 0.8  # parts of the frames that have a pitch, and whose pitch is the note's
_HARDLY = 0.3  # of the frames have a pitch: a struck note's may be lost in its end
_NEAR = 150.0  # cents: a wide vibrato, not another note
_WORK = 240_000  # frames times epochs: about 20 s of training on two cores
_STEPS = {"held": 800, "struck": 600, "neither": 1500}  # of training, at least
_PER_STREAM = 70  # frames, at least, that are read one after the other

_PRESET = {
    "held": "The preset is CLARINET: one pitch for all partials, a clock, an ending that is measured.",
    "struck": "The preset is PIANO: the decay is measured and put back, the network learns the rest.",
    "neither": "The preset is CLARINET all the same: told the time, it follows the recording best.",
}
_EXPECT = {
    "held": "A held note of any length, which ends as the recording does.",
    "struck": "A note that rings as long as you ask, and dies away as the recording does.",
    "noise": "Noise of the same color up to 10 kHz, whose level follows the recording. If a note was meant, "
    "the room was louder: go nearer to the instrument, switch off what hums, and record again.",
    "several": "A blurred copy that follows the recording from beginning to end; words or notes are half "
    "understood, and nothing new is said. For a note of any length, record one single note.",
}


@dataclass(frozen=True)
class Suggestion:
    """What suits a recording.

    Args:
        kind: "held", "struck" or "neither".
        sound: what to learn of it: its first 20 s, of a struck note 60 s, at a usual sample rate.
        config: settings to learn it with.
        pitch: of the note, in Hz; NaN if it has none.
        reasons: a sentence for each choice.
        expect: what the result will be like.
    """

    kind: str
    sound: Sound
    config: ModelConfig
    pitch: float
    reasons: tuple[str, ...]
    expect: str


def suggest(note: Sound) -> Suggestion:
    """Look at a prepared recording and suggest how to learn it.

    Args:
        note: as dsp.prepare gives it.

    Raises:
        ValueError: it is silent, nearly so, or too short; the sentence says how to record a better one.

    Tests: on all bundled recordings and on made ones of every kind. Notebook: 09_your_own_sound.
    """
    _check(note)
    reasons = []
    if note.sample_rate > _HIGHEST_RATE:
        reasons.append(f"It has {note.sample_rate} samples per second, more than is learned: 44100 are kept.")
        note = note.resample(44_100)
    whole = note.duration
    note = _cropped(note, _LONGEST)
    if note.peak > _FULL and np.mean(np.abs(note.samples) > (1 - 1e-6) * note.peak) > _CLIPPED:
        reasons.append("It is clipped, and that is learned too: better record it again at a lower level.")
    kind, frequency, why, expect = _kind(note)
    learned = _cropped(note, _LEARNED[kind])
    if learned.duration < whole:
        reasons.append(
            f"It lasts {whole:.0f} s, of which the first {learned.duration:.0f} s are learned: more would "
            "take long, and after 20 s the clock tells the same times again."
        )
    config, sizes = _settings(learned, kind)
    return Suggestion(kind, learned, config, frequency, (why, _PRESET[kind], *reasons, *sizes), expect)


def _check(note: Sound) -> None:
    if note.peak < _QUIET:
        how = "silent" if note.peak == 0 else f"nearly silent, with a peak of {note.peak:.1g}"
        raise ValueError(
            f"{note.label} is {how}: there is nothing to learn; see that the right microphone is chosen and "
            "its level is up, go nearer, and record again"
        )
    if note.duration < _SHORTEST:
        raise ValueError(
            f"{note.label}: {note.duration:.2f} s of sound are too short to learn how it moves; record at "
            f"least {_SHORTEST:g} s, better 3 to 10 s, and wait until it is quiet before you stop"
        )


def _kind(note: Sound) -> tuple[str, float, str, str]:
    """Return kind, pitch, the reason, and what to expect."""
    times, levels = _smooth_level(note)
    pitched, steady, frequency = _pitch(note)
    fall = _fall(times, levels)
    if fall is not None:
        has_pitch = pitched >= _HARDLY and steady >= _STEADY
        tone = f"a pitch near {frequency:.1f} Hz" if has_pitch else "no one pitch, like a bell or a drum"
        at = times[levels.argmax()]
        why = f"Struck: it is loudest at {at:.2f} s, then falls all the time, {fall:.0f} dB; it has {tone}."
        return "struck", frequency if has_pitch else np.nan, why, _EXPECT["struck"]
    dip, swell, jump = _unrest(note, levels)
    if pitched < _HARDLY / 3:
        why = "Neither held nor struck: no pitch is found in it, so it is noise, or a mixture of tones."
        return "neither", np.nan, why, _EXPECT["noise"]
    if steady < _STEADY:
        why = "Neither held nor struck: its pitch moves from note to note, as in speech or a melody."
        return "neither", np.nan, why, _EXPECT["several"]
    why = "Neither held nor struck: "
    if jump > _JUMP_DB:
        why += f"its level jumps by up to {jump:.0f} dB within a moment, so it begins more than once."
        return "neither", np.nan, why, _EXPECT["several"]
    if dip > _DIP_DB or swell > _SWELL_DB:
        why += (
            f"its level changes by {max(dip, swell):.0f} dB, but does not fall from an early loudest moment."
        )
        return "neither", np.nan, why, _EXPECT["several"]
    if pitched < _PITCHED:
        why += "it has a pitch only now and then."
        return "neither", np.nan, why, _EXPECT["several"]
    why = (
        f"Held: {100 * pitched:.0f} % of the time it has a pitch near {frequency:.1f} Hz, and its level "
        f"never sinks by more than {max(dip, 1):.0f} dB before it ends."
    )
    return "held", frequency, why, _EXPECT["held"]


def _fall(times: np.ndarray, levels: np.ndarray) -> float | None:
    """Return by how many dB levels fall, if they do so all the time from an early loudest moment."""
    top = int(levels.argmax())
    after = levels[top:]
    late, half = after[len(after) * 9 // 10], after[len(after) // 2]
    heard = after > after[0] - _HEARD_DB
    rise = (after - np.minimum.accumulate(after))[heard].max()
    early = times[top] <= max(_EARLY[0], _EARLY[1] * times[-1])
    falls = after[0] - late >= _FALL_DB and after[0] - half >= _HALF_FALL_DB
    return float(after[0] - late) if early and falls and rise < _RISE_DB else None


def _smooth_level(note: Sound) -> tuple[np.ndarray, np.ndarray]:
    """Return times and levels, averaged over 0.3 s, or over a tenth of a short note."""
    times, levels = level_over_time(note, _WINDOW if note.duration > 1 else _WINDOW / 4)
    n = max(1, min(_SMOOTH, len(levels) // 10))
    power = np.convolve(10 ** (levels / 10), np.full(n, 1 / n), mode="valid")
    return times[: len(power)], 10 * np.log10(np.maximum(power, 1e-20))


def _unrest(note: Sound, levels: np.ndarray) -> tuple[float, float, float]:
    """Return how far the level sinks below its median inside a note, its range, its largest sudden rise.

    In dB.
    """
    inner = _inside(levels)
    fine = _inside(level_over_time(note, _WINDOW)[1])
    jump = (fine[2:] - fine[:-2]).max(initial=0.0)
    return float(np.median(inner) - inner.min()), float(np.ptp(inner)), float(jump)


def _inside(values: np.ndarray) -> np.ndarray:
    """Return what is not near either end."""
    return values[len(values) * 15 // 100 : max(len(values) * 85 // 100, 1)]


def _pitch(note: Sound) -> tuple[float, float, float]:
    """Return which part of the frames has a pitch, which of those is near the median, and that, in Hz."""
    found = pitch(note)[1]
    known = found[np.isfinite(found)]
    if len(known) == 0:
        return 0.0, 0.0, np.nan
    median = float(np.median(known))
    return len(known) / len(found), float(np.mean(np.abs(cents(known, median)) < _NEAR)), median


def _settings(note: Sound, kind: str) -> tuple[ModelConfig, list[str]]:
    """Return a config for a kind of recording, and the reasons for its sizes."""
    preset = PIANO if kind == "struck" else CLARINET
    rate, size = note.sample_rate, frame_size(note.sample_rate)
    count = min(size // 2 + 1, round(_TOP * size / rate))
    changes: dict[str, int] = {}
    reasons = []
    if size != preset.vocoder.fft_size or abs(count - preset.vocoder.n_components) > 1:
        changes = {"fft_size": size, "hop_size": size // 4, "n_components": count}
        reasons.append(
            f"At {rate} samples per second, frames of {size} samples last {1000 * size / rate:.0f} ms, and "
            f"{count} components reach {(count - 1) * rate / size / 1000:.1f} kHz."
        )
    n_frames, usual = max(len(note) // (size // 4), 1), preset.train
    batch = max(min(usual.batch_size, n_frames // _PER_STREAM), 1)
    per_epoch = -(-n_frames // (batch * usual.sequence_length))
    epochs = min(max(usual.epochs, -(-_STEPS[kind] // per_epoch)), max(_WORK // n_frames, 1))
    if epochs != usual.epochs:
        why = "each has only a few training steps" if epochs > usual.epochs else "each has many"
        reasons.append(
            f"It lasts {note.duration:.1f} s: {epochs} epochs instead of {usual.epochs}, as {why}; training "
            "is to take less than half a minute."
        )
    changes |= {"epochs": epochs, "batch_size": batch}
    return preset.replace(**changes), reasons


def _cropped(note: Sound, seconds: float) -> Sound:
    """Return the first seconds of a recording that is longer, faded out."""
    if note.duration <= seconds + _LITTLE_MORE:
        return note
    return faded_out(note.crop(0, seconds), _FADE)
