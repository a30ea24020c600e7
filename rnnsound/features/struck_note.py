"""A struck note: how its components die away is measured, taken out before learning, and put back.

A piano string is never in the same state twice, and a network that learns what usually comes next learns best
of what stays the same. But most of what changes needs no learning: every partial dies away, fast at first and
slowly later. So a curve is drawn through the level of each component, each is raised by what it has lost, and
the network learns what is left: a note that stands still but for the hammer, the beating of the strings and
noise. On the way back each component falls again, past the end of the recording if the note lasts longer.

Source: Weinreich, "Coupled Piano Strings", 1977, for why the decay is not one straight line, and beats.
Notebook: 07_piano.
"""

from collections.abc import Sequence

import numpy as np

from rnnsound.dsp.frames import Frames
from rnnsound.dsp.measures import onset
from rnnsound.dsp.sound import Sound
from rnnsound.dsp.vocoder import PhaseVocoder
from rnnsound.features.level_curves import LevelCurves, quiet
from rnnsound.features.notes import WholeNote

_SLOWEST = 2.0  # dB per second: nothing rings longer than half a minute
_TO_LEVEL = np.log(10) / 20  # from dB to levels, which are natural logarithms
_HEARD = 1e-7  # of the loudest frame's power: what lies further below may be noise, and says nothing
_OFFSET = 1e-4  # of the peak: a smaller constant offset lies 20 dB below all that is looked at
_FIRST_KNOT = 0.1  # seconds after the loudest frame; each further one twice as late
_BENT = 0.05  # seconds: from about there on, knots are as far apart as time's logarithms
_LAST_PART = 0.6  # of the time that the note rings: as it falls there it goes on falling
_LEFT = 0.5  # a component that is just where its curve is has this level: what is quieter is heard, too
_FEWEST = 8  # frames that a curve is drawn through, and on either side of a damper's fall
_DAMPER = 120.0, 0.5  # dB per second, and seconds until silence, where a recording has no damper
_LARGEST = 1e6  # dB, dB per second, seconds: nothing measured comes near
_LATEST = 3600.0  # seconds: no recording waits longer for its stroke
_SUDDEN = 3.0  # the damper is this many times as fast as the strings, or there is none
_GENTLE = 15.0  # dB per second: strings that fall no faster than that count as falling so fast
_LASTS = 0.1  # seconds: what falls for a shorter time may be a fade at the end, seen through frames
_LEAST = 8.0  # dB that it takes off before nothing is heard: strings that beat may lose less as suddenly


class StruckNote(WholeNote):
    """What is measured of a struck note, and what is left of it to learn.

    The network is told how long ago the hammer struck, by ramps of 0.1 to 3 s, and the time, by the hands of
    a clock, which stop where the recording leaves off: strings beat, and it can only follow if it knows when.

    After fit:
        decay: LevelCurves of all components, by the logarithm of the time since the loudest frame.
        loudest: when the loudest frame is, in seconds after the note's beginning.
        damper: how fast all components fall, on top of that, once the key is released, in dB per second.
        tail: how long it takes from there to the end of the note, in seconds.
        onset: when the hammer strikes, in seconds after the note's beginning; before, all is silent.

    Notebook: 07_piano.
    """

    condition_names = ("since_stroke", "clock")

    def fit(self, sounds: Sequence[Sound], recordings: Sequence[Frames]) -> "StruckNote":
        """Measure decay, damper, tail and onset; of several recordings, one curve through all, and means.

        Args:
            sounds: recordings of one note.
            recordings: their frames, as analyze gives them.

        Raises:
            ValueError: a recording rings for fewer than 8 frames.
        """
        ringing, since, loudest, dampers, tails = [], [], [], [], []
        for sound, frames in zip(sounds, recordings, strict=True):
            inside = _until(frames, sound.duration)
            release, damper = find_release(inside)
            rings = _ringing(inside, release)
            loudest.append(rings.times[0])
            ringing.append(rings.magnitude)
            since.append(rings.times - rings.times[0])
            dampers.append(damper)
            tails.append(sound.duration - release if release < np.inf else _DAMPER[1])
        at, magnitude = np.concatenate(since), np.concatenate(ringing)
        self.decay = LevelCurves.fit(quiet(magnitude), _bent(_knots(at.max())), _bent(at), magnitude)
        self.loudest = float(np.mean(loudest))
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
        return self.decay.moved(ringing, _LEFT + self._lost(ringing.times))

    def apply_decay(self, frames: Frames, seconds: float) -> Frames:
        """Let frames die away, and let the damper fall so that the note ends after so many seconds.

        However short the note, the damper takes off as many decibels as it did in the recording.
        """
        release = max(seconds - self.tail, 0.0)
        damper = self.damper * self.tail / (seconds - release)
        damped = damper * np.maximum(frames.times - release, 0)[:, None] * _TO_LEVEL
        return self.decay.moved(frames, -_LEFT - self._lost(frames.times) - damped)

    def conditions(self, times: np.ndarray, seconds: float) -> np.ndarray:
        """Return what the network is told of each frame: the time, as long as the recording has an answer."""
        return super().conditions(np.minimum(times, self.loudest + self._measured), seconds)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return what fit learned, by name, to be kept in a file."""
        return self.decay.arrays() | {"seconds": np.array([self.loudest, self.damper, self.tail, self.onset])}

    def restore(self, arrays: dict[str, np.ndarray], n_components: int) -> "StruckNote":
        """Take back what arrays gave.

        Raises:
            ValueError: the arrays are not those of a struck note of so many components.
        """
        arrays = dict(arrays)
        numbers = arrays.pop("seconds", np.zeros(0))
        self.decay = LevelCurves.restore(arrays, n_components)
        if numbers.shape != (4,):
            raise ValueError("what was measured of the stroke and the damper is missing")
        self.loudest, self.damper, self.tail, self.onset = map(float, numbers)
        if not (0 < self.damper < _LARGEST and 0 < self.tail < _LARGEST):
            raise ValueError("the damper is not above 0, or too fast or slow to be heard")
        if not (0 <= self.onset < _LATEST and abs(self.loudest) < _LATEST):
            raise ValueError("the hammer strikes too late")
        if not 0 == self.decay.knots[0] < self.decay.knots[-1] < _bent(_LARGEST):
            raise ValueError("the decay does not begin with the note, or takes too long")
        return self

    def _lost(self, times: np.ndarray) -> np.ndarray:
        """By how much each component's level has fallen by itself, (n_frames, n_components).

        Beyond the recording it goes on as before, straight by the logarithm of time: decays slow down.
        """
        since = np.maximum(times - self.loudest, 0.0)
        levels, end = self.decay.levels, self._measured
        early, late = _bent(np.array([(1 - _LAST_PART) * end, end]))
        slope = (self.decay(np.array([early]))[0] - levels[-1]) / (late - early)
        further = np.maximum(
            slope * (_bent(since) - late).clip(0.0)[:, None],
            _SLOWEST * _TO_LEVEL * (since - end).clip(0.0)[:, None],
        )
        return levels[0] - self.decay(_bent(since)) + further

    @property
    def _measured(self) -> float:
        """Seconds from the loudest frame to the last that was seen to ring."""
        return float(_BENT * np.expm1(self.decay.knots[-1]))


def find_release(frames: Frames) -> tuple[float, float]:
    """Find when the damper fell on the strings, and how fast all of them have fallen since.

    From its loudest frame on, and until it is 70 dB weaker, the level is two straight lines. Of all times
    where they could meet, take the one that leaves the smallest squared error. Strings die away in stages,
    so where the second line is no damper's, look again at what comes after.

    Args:
        frames: of a struck note, their times counted from its beginning.

    Returns:
        Time in seconds and dB per second; if no line is much steeper than the one before it, the strings were
        never damped: infinity, and what is usual.

    Notebook: 07_piano.
    """
    power = (frames.magnitude**2).sum(axis=1)
    loudest = int(power.argmax())
    heard = loudest + np.cumprod(power[loudest:] > _HEARD * power[loudest]).sum()
    level, after = 10 * np.log10(power[loudest:heard]), frames.times[loudest:heard]
    while len(after) > 2 * _FEWEST:
        release = _bend(after, level)
        lines = np.stack([np.ones_like(after), after, np.maximum(after - release, 0)], axis=1)
        _, ring, damper = np.linalg.lstsq(lines, level, rcond=None)[0]
        lasts = after[-1] - release
        if lasts > _LASTS and -damper * lasts > _LEAST and damper < _SUDDEN * min(ring, -_GENTLE):
            return release, float(-damper)
        level, after = level[after >= release], after[after >= release]
    return np.inf, _DAMPER[0]


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


def _ringing(frames: Frames, release: float) -> Frames:
    """Return the frames from the loudest to the release.

    Raises:
        ValueError: they are too few.
    """
    ringing = frames[int((frames.magnitude**2).sum(axis=1).argmax()) :]
    ringing = ringing[: np.count_nonzero(ringing.times < release)]
    if len(ringing) < _FEWEST:
        raise ValueError(
            f"the note rings for {len(ringing)} frames, too few to see how it dies away; "
            f"use a recording that rings for {_FEWEST} or more, or a smaller hop size"
        )
    return ringing


def _knots(last: float) -> np.ndarray:
    """Return when the curves may bend, in seconds: ever more rarely, and where the note leaves off."""
    knots, knot = [0.0], _FIRST_KNOT
    while knot < last / 1.2:
        knots.append(knot)
        knot *= 2
    return np.array([*knots, last])


def _bent(seconds: np.ndarray | float) -> np.ndarray:
    """Return time as the curves measure it: nearly as it is at first, later its logarithm."""
    return np.log1p(seconds / _BENT)
