"""A sustained note: how it ends is measured, taken out before learning, and put back wherever it is to end.

A player breathes and bows: pitch and level move slowly through the whole note, in a way that is this take's
own. The network is told the time by the hands of a clock, and follows. How the note ends is too rare an event
to be learned, one in a recording, and must not fail; so it is measured instead. So is how loud it may be
while it begins: in the few frames before a note speaks, a network would blow a puff of noise. Notebook:
06_clarinet.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rnnsound.dsp.frames import Frames
from rnnsound.dsp.measures import level_over_time
from rnnsound.dsp.sound import Sound
from rnnsound.features.level_curves import LevelCurves, hats, quiet
from rnnsound.features.notes import WholeNote

_KNOTS = np.array([-1.0, -0.5, -0.25, -0.12, -0.06, -0.03, 0.0])  # releases before the end
_HELD_DB = 10.0  # below the median level: the note is no longer held
_BEFORE = 0.5  # seconds before that in which it may already be let go
_RELEASE = 1.0, 4.0  # seconds: the shortest and the longest
_LAST = 0.1, 0.03  # seconds before a recording's end, in which a note that breaks off is still held
_FADE = 0.3  # seconds that a note takes to end if its recording breaks off
_SILENT = -9.0  # levels, -78 dB: what such an ending takes off
_MOST = 0.6  # of a note, that its release may take: of a short one it is the last part
_STEEPER = 4.0  # times at most, as what is left of the release is made to fall
_LITTLE = 1e-6  # nothing, in levels
_ATTACK = 0.3  # seconds, by which a note speaks
_SPEAKS = 0.4  # of a note, by which it must speak: in a short one the attack is shorter, too
_TURN = 0.3  # of the recording, where a note that outlasts it turns to go on again
_MARGIN = 0.25  # seconds before the release, where it turns back
_LONGEST = 1e6  # seconds; no recording lasts longer


class SustainedNote(WholeNote):
    """What is measured of a note that is blown or bowed, and what is left of it to learn.

    The network is told the time by eight hands of a clock that take from 20 s to 0.16 s for a turn: sines and
    cosines. Training leads it back to that time from up to 20 frames away, so that a vibrato stays in step
    with the recording's. A note that is longer than the recording goes back and forth through its held part.

    After fit:
        release: how long the note takes to end, in seconds; 0.3 if every recording breaks off before it does.
        ending: LevelCurves by time before the end in releases, relative to the held note.
        duration: of the recording, in seconds; of several, the longest.
        speaking: when frames of the attack are, in seconds after the note's beginning, (n_frames,).
        loudest: how large each magnitude has been by then, (n_frames, n_components).

    Notebook: 06_clarinet.
    """

    condition_names = ("clock",)
    led_back = 0.5

    def fit(self, sounds: Sequence[Sound], recordings: Sequence[Frames]) -> "SustainedNote":
        """Measure attack, release and ending.

        Args:
            sounds: recordings of one note.
            recordings: their frames, as analyze gives them.
        """
        self.duration = max(sound.duration for sound in sounds)
        pairs = list(zip(sounds, recordings, strict=True))
        whole = [(sound, frames) for sound, frames in pairs if not _breaks_off(frames, sound.duration)]
        floor = quiet(np.concatenate([frames.magnitude for frames in recordings]))
        if whole:
            self.release = float(np.mean([_release(sound) for sound, _ in whole]))
            at = np.concatenate([frames.times - sound.duration for sound, frames in whole]) / self.release
            magnitude = np.concatenate([frames.magnitude for _, frames in whole])
            ends = (at > 1.3 * _KNOTS[0]) & (at <= 0)
            levels = LevelCurves.fit(floor, _KNOTS, at[ends], magnitude[ends]).levels
        else:
            self.release = _FADE
            levels = np.outer(_SILENT * (1 + _KNOTS), np.ones(recordings[0].n_components))
        self.ending = LevelCurves(floor, _KNOTS, levels - levels[0])
        attacks = [frames[: np.count_nonzero(frames.times <= _ATTACK)] for frames in recordings]
        self.speaking = min((frames.times for frames in attacks), key=len)
        loudest = np.max([frames.magnitude[: len(self.speaking)] for frames in attacks], axis=0)
        self.loudest = np.maximum.accumulate(loudest, axis=0)
        return self

    def remove_decay(self, frames: Frames, seconds: float) -> Frames:
        """Return a recording's frames up to its end, as if it were held on."""
        inside = frames[: np.count_nonzero(frames.times <= seconds)]
        if _breaks_off(frames, seconds):
            return inside
        return self.ending.moved(inside, -self._ending(inside.times, seconds))

    def apply_decay(self, frames: Frames, seconds: float) -> Frames:
        """Let frames begin and end, so many seconds after the beginning, as the recording does.

        While the note begins, no component is louder than it was in the recording by then.
        """
        ended = self.ending.moved(frames, self._ending(frames.times, seconds))
        at = frames.times * max(1.0, _ATTACK / (_SPEAKS * seconds))
        most = hats(at, self.speaking) @ self.loudest
        most[at > self.speaking[-1]] = np.inf
        return replace(ended, magnitude=np.minimum(ended.magnitude, most))

    def conditions(self, times: np.ndarray, seconds: float) -> np.ndarray:
        """Return what the network is told of each frame: the time in the recording that it is to follow."""
        return super().conditions(self._walk(times, seconds), seconds)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return what fit learned, by name, to be kept in a file."""
        attack = {"speaking": self.speaking, "loudest": self.loudest}
        return self.ending.arrays() | attack | {"seconds": np.array([self.duration, self.release])}

    def restore(self, arrays: dict[str, np.ndarray], n_components: int) -> "SustainedNote":
        """Take back what arrays gave.

        Raises:
            ValueError: the arrays are not those of a sustained note of so many components.
        """
        arrays = dict(arrays)
        seconds = arrays.pop("seconds", np.zeros(0))
        self.speaking = arrays.pop("speaking", np.zeros(0))
        self.loudest = arrays.pop("loudest", np.zeros(0))
        self.ending = LevelCurves.restore(arrays, n_components)
        if seconds.shape != (2,) or not ((seconds > 0) & (seconds <= _LONGEST)).all():
            raise ValueError("the note's length or its release is missing or out of range")
        self.duration, self.release = map(float, seconds)
        _check_attack(self.speaking, self.loudest, n_components)
        return self

    def _ending(self, times: np.ndarray, seconds: float) -> np.ndarray:
        """What the release adds to each level, (n_frames, n_components).

        However short the note, each component falls as far as it did in the recording, or nearly so.
        """
        reach = min(1.0, _MOST * seconds / self.release)
        at = np.maximum((times - seconds) / self.release, -reach)
        begun, end = self.ending(np.array([-reach, 0.0]))
        steeper = np.clip(end / np.minimum(end - begun, -_LITTLE), 1.0, _STEEPER)
        return steeper * (self.ending(at) - begun)

    def _walk(self, times: np.ndarray, seconds: float) -> np.ndarray:
        """Return times in the recording for the times in a note of another length."""
        first, last = _TURN * self.duration, self.duration - self.release - _MARGIN
        if seconds <= self.duration or last <= first:
            return np.clip(times, 0.0, self.duration)
        beyond = (times - last) % (2 * (last - first))
        walked = np.abs(beyond - (last - first)) + first  # back from last to first, and on again
        return np.where(times > last, walked, np.maximum(times, 0.0))


def _check_attack(speaking: np.ndarray, loudest: np.ndarray, n_components: int) -> None:
    """Raise a ValueError for what cannot have been measured of an attack."""
    if np.ndim(speaking) != 1 or len(speaking) == 0 or loudest.shape != (len(speaking), n_components):
        raise ValueError("what was measured of the attack is missing or of another shape")
    known = (np.abs(speaking) <= _LONGEST).all() and ((loudest >= 0) & (loudest < np.inf)).all()
    if not known or (np.diff(speaking) <= 0).any() or (np.diff(loudest, axis=0) < 0).any():
        raise ValueError("the attack's frames are out of order, or its magnitudes out of range")


def _breaks_off(frames: Frames, seconds: float) -> bool:
    """Say whether a recording that lasts so long stops while the note is still held."""
    power = (frames.magnitude**2).sum(axis=1)
    inside = power[(frames.times > 0) & (frames.times < seconds)]
    last = power[(frames.times > seconds - _LAST[0]) & (frames.times < seconds - _LAST[1])]
    if len(last) == 0:
        return False
    held = np.median(inside[len(inside) // 4 : -(len(inside) // 4) or None])
    return bool(np.median(last) > 10 ** (-_HELD_DB / 10) * held > 0)


def _release(sound: Sound) -> float:
    """Return how long a recording takes to end: from half a second before it is last held."""
    times, levels = level_over_time(sound, min(0.05, sound.duration))
    held = np.median(levels[len(levels) // 4 : -(len(levels) // 4) or None])
    last = times[np.flatnonzero(levels > held - _HELD_DB)[-1]]
    return float(np.clip(sound.duration - last + _BEFORE, *_RELEASE))
