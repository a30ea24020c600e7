"""Sounds made of sounds: shifted in pitch, frozen, and frames read at other times.

Notebooks: 07_piano, 08_transformations.
"""

from dataclasses import replace

import numpy as np

from rnnsound.dsp.envelope import keep_envelope
from rnnsound.dsp.frames import Frames
from rnnsound.dsp.measures import level
from rnnsound.dsp.reading import frame_size, read_at
from rnnsound.dsp.sound import Sound, resampled
from rnnsound.dsp.stretch import stretch

_MOST = 24.0  # semitones
_LONGEST = 600.0  # seconds
_CLOSE = 8  # frames that hold each sample of a frozen sound: with 4, a violin's pitch moves by 2.2 cents


def shift(sound: Sound, semitones: float, keep_formants: bool = False) -> Sound:
    """Change the pitch of a sound; its length and the place of its attacks stay.

    It is stretched by the ratio of the frequencies, and then played faster or slower by the same ratio.

    Args:
        sound: any.
        semitones: up, or down if below 0; -24 to 24. 0 gives the sound itself.
        keep_formants: leave the spectral envelope where it is, as a singer does, instead of moving it along;
            the level stays, too, unless the sound would peak too high: see limited.

    Raises:
        ValueError: semitones is out of range.

    Notebook: 08_transformations.
    """
    if not -_MOST <= semitones <= _MOST:
        raise ValueError(f"semitones={semitones} is out of range; use {-_MOST:g} to {_MOST:g}")
    ratio, rate = 2 ** (semitones / 12), sound.sample_rate
    if semitones == 0 or sound.peak == 0:
        return sound
    label = f"{sound.label}, {semitones:+g} semitones"
    if not keep_formants:
        longer = stretch(sound, ratio)
        return Sound(resampled(longer.samples, 1 / ratio, len(sound)), rate, label)
    longer = stretch(sound, ratio, keep_envelope(sound, ratio))
    shifted = Sound(resampled(longer.samples, 1 / ratio, len(sound)), rate, label)
    # Partials that move under an envelope get louder or softer by its slope: the note should not.
    gain = 10 ** ((level(sound) - level(shifted)) / 20)
    return replace(shifted, samples=limited(gain * shifted.samples, sound.peak))


def limited(samples: np.ndarray, before: float) -> np.ndarray:
    """Turn down what peaks more than 6 dB higher than before, or above 1 if it did not.

    Args:
        samples: of a sound that was made, (n_samples,).
        before: peak of what it was made from.
    """
    most = min(2 * before, max(before, 1.0))
    return samples * min(1.0, most / max(np.abs(samples).max(initial=0.0), 1e-12))


def freeze(sound: Sound, at: float, seconds: float) -> Sound:
    """Hold one moment of a sound.

    Args:
        sound: any.
        at: the moment, in seconds.
        seconds: how long to hold it, up to 600.

    Raises:
        ValueError: the moment is not in the sound, or seconds is out of range.

    Notebook: 08_transformations.
    """
    if not 0 <= at <= sound.duration:
        raise ValueError(f"at={at} is not in {sound.label}; use 0 to {sound.duration:.3f}")
    if not 0 < seconds <= _LONGEST:
        raise ValueError(f"seconds={seconds} is out of range; use more than 0, up to {_LONGEST:g}")
    rate, n = sound.sample_rate, round(seconds * sound.sample_rate)
    size = frame_size(rate)
    places = np.full(n * _CLOSE // size + 2, round(at * rate))
    samples = read_at(sound.samples, places, size, {}, overlap=_CLOSE)[:n]
    return Sound(samples, rate, f"{sound.label}, held at {at:g} s")


def interpolate_frames(frames: Frames, positions: np.ndarray) -> Frames:
    """Read frames at other times than they were measured: more slowly, faster, backwards.

    Between two frames, magnitudes and frequencies go straight from one to the other. The sound lasts as long
    as there are positions, and its pitch stays.

    Args:
        frames: measured or generated.
        positions: of each new frame among the old ones, counted from 0, (n,); 2.5 is halfway between frames 2
            and 3.

    Returns:
        Frames: (n, n_components), with the first phases and the start of the old ones.

    Raises:
        ValueError: there are no positions, or one lies before the first frame or after the last.

    Source: Flanagan and Golden, "Phase Vocoder", 1966. Notebook: 07_piano.
    """
    positions = np.asarray(positions, dtype=np.float64)
    last = len(frames) - 1
    if positions.ndim != 1 or len(positions) == 0 or not ((positions >= 0) & (positions <= last)).all():
        raise ValueError(f"positions must lie within the frames, and there must be some; use 0 to {last}")
    before = np.minimum(positions.astype(int), max(last - 1, 0))
    after, part = np.minimum(before + 1, last), (positions - before)[:, None]
    magnitude, frequency = (
        a[before] * (1 - part) + a[after] * part for a in (frames.magnitude, frames.frequency)
    )
    return replace(frames, magnitude=magnitude, frequency=frequency)
