"""From a recording to a note of a corpus: its pitch measured, onset first, abridged, at one level.

Notebook: 10_scaling_up.
"""

from dataclasses import replace

import numpy as np

from rnnsound.dsp.harmonics import RATE, follow_pitch
from rnnsound.dsp.measures import onset, pitch
from rnnsound.dsp.prepare import prepare
from rnnsound.dsp.sound import Sound

HEAD, TAIL = 2.5, 1.0
"""Seconds of a held note's beginning and end that are learned; what lies between is more of the same."""

_LOWEST, _HIGHEST = 25.0, 4500.0  # Hz
_ATTACK, _HEARD = 0.5, 2.0  # seconds after the onset between which the pitch is looked for
_SHORTEST = 0.01  # seconds from which a pitch can be told
_LOOKS, _LOOK_FRAMES = 5, 5  # short looks for a pitch, of so many frames each, spread over what is heard
_AGREEING, _ALIKE = 0.4, 2 ** (1 / 12)  # part of the frames that must have one pitch, give or take a semitone
_HEARD_DB = -45.0  # below the loudest window: before and after, there is no note
_WINDOW = 0.01  # seconds
_JOINED = 0.05  # seconds over which head gives way to tail
_SETTLED = 0.6  # seconds after the joint in which the tail comes back to its own level
_STEADY = 0.5, 1.8  # seconds: where the level of a held note is taken
_LEVEL = 0.1  # root mean square that it is brought to
_FADE = 0.01  # seconds


def measure_pitch(sound: Sound) -> float:
    """Return the pitch of a recorded note in Hz, within about a cent.

    A second and a half of it is listened to, soon after the onset.

    Raises:
        ValueError: it has none, or no single one.

    Notebook: 10_scaling_up.
    """
    begin = onset(sound)
    skipped = min(_ATTACK, 0.2 * (sound.duration - begin))
    heard = sound.crop(begin + skipped, begin + _HEARD)
    if heard.sample_rate != RATE and len(heard):
        heard = heard.resample(RATE)
    low = max(_LOWEST, 4.2 / max(heard.duration, _SHORTEST))
    if heard.duration < _SHORTEST or heard.peak == 0:
        raise ValueError(f"{sound.label}: no note was found; use a recording of one note")
    found = _glimpses(heard, low)
    about = float(np.nanmedian(found)) if np.isfinite(found).any() else np.nan
    if not np.mean(np.abs(np.log(found / about)) < np.log(_ALIKE)) >= _AGREEING:
        raise ValueError(f"{sound.label}: no single pitch was found; use a recording of one note")
    return float(np.median(follow_pitch(heard, about)))


def _glimpses(heard: Sound, low: float) -> np.ndarray:
    """Return the pitch in a few short stretches, NaN where there is none; looking everywhere takes longer."""
    length = min(4.0 / low + 0.01 * _LOOK_FRAMES, heard.duration)
    starts = np.linspace(0, heard.duration - length, _LOOKS)
    high = min(_HIGHEST, 0.45 * heard.sample_rate)
    return np.concatenate([pitch(heard.crop(start, start + length), low, high)[1] for start in starts])


def to_corpus_note(sound: Sound, frequency: float) -> Sound:
    """Return a recorded note as a corpus holds it.

    It is brought to RATE, freed of what is not the note, begins with its onset, has HEAD and TAIL joined in
    step if it is longer than both, and is held at a level of 0.1 (root mean square).

    Args:
        sound: the recording.
        frequency: its pitch in Hz.

    Raises:
        ValueError: it is silent, or no longer than a tenth of a second.

    Notebook: 10_scaling_up.
    """
    note = prepare(sound.resample(RATE))[0]
    samples = _from_onset_to_end(note)
    if len(samples) > (HEAD + TAIL + _JOINED) * RATE:
        samples = _abridged(samples, frequency)
    first, last = (round(edge * min(1.0, len(samples) / RATE / 2.5) * RATE) for edge in _STEADY)
    strength = np.sqrt(np.mean(samples[first:last] ** 2))
    if len(samples) < 0.1 * RATE or not strength > 0:
        raise ValueError(f"{sound.label}: too short or too quiet to be a note; use a recording of one note")
    return replace(note, samples=samples * (_LEVEL / strength))


def _from_onset_to_end(note: Sound) -> np.ndarray:
    """Return the samples from the first window that is heard to the last."""
    size = round(_WINDOW * RATE)
    if len(note) < 3 * size:
        return note.samples
    energy = np.convolve(note.samples**2, np.ones(size) / size, "same")[::size]
    heard = np.flatnonzero(energy > energy.max() * 10 ** (_HEARD_DB / 10))
    first, last = max(heard[0] - 1, 0) * size, (heard[-1] + 1) * size
    samples = note.samples[first:last].copy()
    fade = min(round(_FADE * RATE), len(samples))
    samples[-fade:] *= np.linspace(1, 0, fade)
    return samples


def _abridged(samples: np.ndarray, frequency: float) -> np.ndarray:
    """Return head and tail, joined where their waves agree, without a step in level."""
    fade, head_length, tail_length = (round(seconds * RATE) for seconds in (_JOINED, HEAD, TAIL))
    head = samples[:head_length].copy()
    starts = len(samples) - tail_length - fade - np.arange(min(round(2 * RATE / frequency) + 1, 700))
    in_step = max(starts, key=lambda start: head[-fade:] @ samples[start : start + fade])
    tail = samples[in_step : in_step + tail_length + fade]
    gain = np.sqrt(np.mean(head[-4 * fade :] ** 2) / max(np.mean(tail[: 4 * fade] ** 2), 1e-20))
    tail = tail * (gain + (1 - gain) * np.clip(np.arange(len(tail)) / (_SETTLED * RATE), 0, 1))
    ramp = np.linspace(0, 1, fade)
    joint = head[-fade:] * (1 - ramp) + tail[:fade] * ramp
    return np.concatenate([head[:-fade], joint, tail[fade:]])
