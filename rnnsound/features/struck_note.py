"""A struck note: how its strings decay is measured, taken out before learning, and put back.

A piano string is never in the same state twice, and a network that learns what usually comes next learns best
of what stays the same. But most of what changes needs no learning: a partial that dies away loses the same
number of decibels every second. So the rates are measured, each component is raised by what it has lost, and
the network learns what is left: a note that stands still but for the hammer, the beating of the strings and
noise. On the way back each component falls again, past the end of the recording if the note lasts longer.
Where a component has fallen into the recording's noise, there is no more to be raised than noise.

Source: Weinreich, "Coupled Piano Strings", 1977, for why the decay is not one straight line, and beats.
Notebook: 07_piano.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rnnsound.dsp.frames import Frames
from rnnsound.dsp.measures import onset
from rnnsound.dsp.sound import Sound
from rnnsound.dsp.vocoder import PhaseVocoder
from rnnsound.features.notes import WholeNote

_SLOWEST = 2.0  # dB per second: nothing rings longer than half a minute
_LAST = 4  # frames at a recording's end, where it is taken to hold nothing but noise
_ABOVE_DB = 10.0  # a component is followed down to so much above that noise
_HEARD = 1e-6  # of the loudest frame's power: what lies further below may be noise, and says nothing
_OFFSET = 1e-4  # of the peak: a smaller constant offset lies 20 dB below all that is looked at
_SILENCE = 1e-8  # of the loudest magnitude: -160 dB; what digital silence is taken for
_RAISED = 10.0  # times a component's loudest: a piano's are raised to 4 times
_ATTACK = 0.05  # seconds after the loudest frame before the decay is measured
_FEWEST = 8  # frames that a straight line is drawn through
_DAMPER = 120.0, 0.5  # dB per second, and seconds until silence, where a recording has no damper
_LARGEST = 1e6  # dB, dB per second, seconds: nothing measured comes near
_LATEST = 3600.0  # seconds: no recording waits longer for its stroke
_SUDDEN = 3.0  # the damper is this many times as fast as the strings, or there is none


class StruckNote(WholeNote):
    """What is measured of a struck note, and what is left of it to learn.

    The network is told how long ago the hammer struck, by ramps of 0.1 to 3 s. Later than that the strings
    only die away.

    After fit:
        decay_rates: how fast each component dies away by itself, in dB per second, (n_components,).
        decay_ranges: by how many dB, until nothing but the recording's noise is left of it, (n_components,).
        damper: how fast all of them fall, on top of that, once the key is released, in dB per second.
        tail: how long it takes from there to the end of the note, in seconds.
        onset: when the hammer strikes, in seconds after the note's beginning; before, all is silent.

    Notebook: 07_piano.
    """

    condition_names = ("since_stroke",)

    def fit(self, sounds: Sequence[Sound], recordings: Sequence[Frames]) -> "StruckNote":
        """Measure decay rates and ranges, damper, tail and onset; of several recordings, their means.

        Args:
            sounds: recordings of one note.
            recordings: their frames, as analyze gives them.

        Raises:
            ValueError: a recording rings for fewer than 8 frames.
        """
        decays, dampers, tails = [], [], []
        for sound, frames in zip(sounds, recordings, strict=True):
            inside = _until(frames, sound.duration)
            release, damper = find_release(inside)
            decays.append(_decays(inside, release))
            dampers.append(damper)
            tails.append(sound.duration - release if release < np.inf else _DAMPER[1])
        self.decay_rates, self.decay_ranges = np.mean(decays, axis=0)
        self.onset = float(np.mean([onset(sound) for sound in sounds]))
        self.damper, self.tail = float(np.mean(dampers)), float(np.mean(tails))
        return self

    def surround(self, sound: Sound, vocoder: PhaseVocoder) -> Sound:
        """Put silence around a recording, as around any whole note, and take out a constant offset.

        An offset would jump at the recording's ends, and leak from bin 0 to those beside it, like a string
        that no damper stops. A vocoder that keeps bin 0 keeps it. It is found as a mean that counts the ends
        least, where a tone may break off within a period.
        """
        offset = np.average(sound.samples, weights=np.hanning(len(sound) + 2)[1:-1]) if len(sound) else 0.0
        if vocoder.dc or abs(offset) < _OFFSET * sound.peak:
            return super().surround(sound, vocoder)
        centered = Sound(sound.samples - offset, sound.sample_rate, sound.label)
        return super().surround(centered, vocoder)

    def remove_decay(self, frames: Frames, seconds: float) -> Frames:
        """Return a recording's frames up to the damper, each component raised by what it has lost."""
        release, _ = find_release(_until(frames, seconds))
        ringing = _until(frames, min(release, seconds))
        raised = _raised(ringing, self._lost(ringing.times))
        # A recording that is struck again and again would be raised without end.
        return replace(
            raised, magnitude=np.minimum(raised.magnitude, _RAISED * ringing.magnitude.max(axis=0))
        )

    def apply_decay(self, frames: Frames, seconds: float) -> Frames:
        """Let frames die away, and let the damper fall so that the note ends after so many seconds.

        However short the note, the damper takes off as many decibels as it did in the recording.
        """
        release = max(seconds - self.tail, 0.0)
        damper = self.damper * self.tail / (seconds - release)
        damped = damper * np.maximum(frames.times - release, 0)[:, None]
        return _raised(frames, -self._lost(frames.times) - damped)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return what fit learned, by name, to be kept in a file."""
        return {
            "decay_rates": self.decay_rates,
            "decay_ranges": self.decay_ranges,
            "damper": np.array([self.damper, self.tail, self.onset]),
        }

    def restore(self, arrays: dict[str, np.ndarray], n_components: int) -> "StruckNote":
        """Take back what arrays gave.

        Raises:
            ValueError: the arrays are not those of a struck note of so many components.
        """
        shapes = {"decay_rates": (n_components,), "decay_ranges": (n_components,), "damper": (3,)}
        if {name: array.shape for name, array in arrays.items()} != shapes:
            raise ValueError("the decay rates have the wrong names or shapes")
        self.decay_rates, self.decay_ranges = arrays["decay_rates"], arrays["decay_ranges"]
        self.damper, self.tail, self.onset = map(float, arrays["damper"])
        positive = np.concatenate([self.decay_rates, [self.damper, self.tail]])
        if not ((positive > 0) & (positive < _LARGEST)).all():
            raise ValueError("a decay rate is not above 0, or too large to be heard")
        if not ((self.decay_ranges >= 0) & (self.decay_ranges < _LARGEST)).all():
            raise ValueError("a decay range is below 0, or too large to be heard")
        if not 0 <= self.onset < _LATEST:
            raise ValueError("the hammer strikes too late")
        return self

    def _lost(self, times: np.ndarray) -> np.ndarray:
        """Decibels that each component has lost by itself, (n_frames, n_components)."""
        after = np.maximum(times, 0.0)[:, None]
        falling = np.minimum(after, self.decay_ranges / self.decay_rates)
        return falling * self.decay_rates + (after - falling) * _SLOWEST


def find_release(frames: Frames) -> tuple[float, float]:
    """Find when the damper fell on the strings, and how fast all of them have fallen since.

    From its loudest frame on, and until it is 60 dB weaker, the level is two straight lines. Of all times
    where they could meet, take the one that leaves the smallest squared error.

    Args:
        frames: of a struck note, their times counted from its beginning.

    Returns:
        Time in seconds and dB per second; if the second line is not much steeper than the first, the strings
        were never damped: infinity, and what is usual.

    Notebook: 07_piano.
    """
    power = (frames.magnitude**2).sum(axis=1)
    loudest = int(power.argmax())
    heard = loudest + np.cumprod(power[loudest:] > _HEARD * power[loudest]).sum()
    level, after = 10 * np.log10(power[loudest:heard]), frames.times[loudest:heard]
    if len(after) <= 2 * _FEWEST:
        return np.inf, _DAMPER[0]
    release = _bend(after, level)
    lines = np.stack([np.ones_like(after), after, np.maximum(after - release, 0)], axis=1)
    _, ring, damper = np.linalg.lstsq(lines, level, rcond=None)[0]
    sudden = damper < _SUDDEN * min(ring, -_SLOWEST)
    return (release, float(-damper)) if sudden else (np.inf, _DAMPER[0])


def _bend(times: np.ndarray, level: np.ndarray) -> float:
    """Return when two straight lines must meet to fit a level best, 8 frames or more from either end.

    One straight line leaves an error. A slope that sets in at a bend lessens the error's square by the square
    of their product over that of the slope, once a straight line is taken off the slope, too. All of these
    are sums over what follows the bend, so running sums give them for every bend at once.

    Args:
        times: in ascending order, more than 16, (n_frames,).
        level: in dB, (n_frames,).
    """
    t = times - times.mean()
    error = level - level.mean() - t * (t @ level) / (t @ t)
    rows = np.stack([np.ones_like(t), t, t**2, error, error * t])
    count, first, second, errors, moments = np.cumsum(rows[:, ::-1], axis=1)[:, ::-1]
    total, along = first - t * count, second - t * first  # sums of the slope from a bend on, and of it by t
    own = second - 2 * t * first + t**2 * count - total**2 / len(t) - along**2 / (t @ t)
    bends = slice(_FEWEST, -_FEWEST)
    lessened = (moments - t * errors)[bends] ** 2 / own[bends]
    return float(times[bends][lessened.argmax()])


def _until(frames: Frames, end: float) -> Frames:
    """Return the frames that end before a time in seconds."""
    return frames[: np.count_nonzero(frames.times <= end - frames.fft_size / frames.sample_rate / 2)]


def _decays(frames: Frames, release: float) -> tuple[np.ndarray, np.ndarray]:
    """Return how fast each component dies away, in dB per second, and by how many dB until it is noise.

    A straight line through its level, from the attack to the release, as far as it can be told from noise.
    """
    times = frames.times
    loudest = times[(frames.magnitude**2).sum(axis=1).argmax()]
    ringing = (times > loudest + _ATTACK) & (times < release)
    if np.count_nonzero(ringing) < _FEWEST:
        raise ValueError(
            f"the note rings for {np.count_nonzero(ringing)} frames, too few to see how it dies away; "
            f"use a recording that rings for {_FEWEST} or more, or a smaller hop size"
        )
    least = max(_SILENCE * frames.magnitude.max(), np.finfo(np.float32).tiny)
    level = 20 * np.log10(np.maximum(frames.magnitude, least))
    noise = level[-_LAST:].max(axis=0)
    rates = np.full(frames.n_components, _SLOWEST)
    for k, of_component in enumerate(level.T):
        heard = ringing & (of_component > noise[k] + _ABOVE_DB)
        if np.count_nonzero(heard) >= _FEWEST:
            rates[k] = max(-np.polyfit(times[heard], of_component[heard], 1)[0], _SLOWEST)
    return rates, np.maximum(level[ringing].max(axis=0) - noise, 0.0)


def _raised(frames: Frames, decibels: np.ndarray) -> Frames:
    return replace(frames, magnitude=frames.magnitude * 10 ** (decibels / 20))
