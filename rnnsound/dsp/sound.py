"""Sound: mono samples, their sample rate, and the way in and out of audio files (by libsndfile)."""

import os
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile
import soxr

from rnnsound.dsp.audio_file import AudioFile, native
from rnnsound.dsp.outputs import replacing

_SYSTEM_ERROR = 2  # of libsndfile: the operating system refused
_FARTHEST = 256.0  # times the sample rate, or part of it, that a sound is resampled to
_BLOCK = 65_536  # samples written at a time


@dataclass(frozen=True, eq=False)
class Sound:
    """A mono sound.

    Args:
        samples: float, shape (n_samples,); full scale is -1 to 1, louder values are kept as they are.
        sample_rate: samples per second, a positive whole number.
        label: what a player or a plot calls the sound.
        remark: what was done to it that a listener should know; players show it.

    Raises:
        ValueError: the samples are not one row of finite numbers, or the rate is not a positive whole number.

    Notebook: 00_start_here.
    """

    samples: np.ndarray
    sample_rate: int
    label: str = "sound"
    remark: str = ""

    def __post_init__(self):
        samples = np.asarray(self.samples, dtype=np.float64)
        if samples.ndim != 1:
            raise ValueError(f"samples have shape {samples.shape}; a mono sound is one row of numbers")
        if not np.isfinite(samples).all():
            bad = int(np.count_nonzero(~np.isfinite(samples)))
            raise ValueError(
                f"{self.label}: {bad} of {len(samples)} samples are not finite numbers (NaN or infinity); "
                "use a recording without them"
            )
        if self.sample_rate != int(self.sample_rate) or self.sample_rate <= 0:
            raise ValueError(f"sample_rate={self.sample_rate} is not a positive whole number; 44100 is usual")
        object.__setattr__(self, "samples", samples)
        object.__setattr__(self, "sample_rate", int(self.sample_rate))

    def __len__(self):
        return len(self.samples)

    def __repr__(self):
        return f"Sound({self.label!r}, {self.duration:.3f} s at {self.sample_rate} Hz, peak {self.peak:.3f})"

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.sample_rate

    @property
    def peak(self) -> float:
        """Largest absolute sample; 0 for an empty sound."""
        return float(np.max(np.abs(self.samples), initial=0.0))

    def crop(self, start: float, stop: float) -> "Sound":
        """Return the part from start to stop, both in seconds."""
        first, last = (round(seconds * self.sample_rate) for seconds in (start, stop))
        return replace(self, samples=self.samples[max(first, 0) : max(last, 0)])

    def resample(self, sample_rate: int) -> "Sound":
        """Return the same sound with so many samples per second (by the SoX resampler).

        Raises:
            ValueError: the rate is not a positive whole number, or more than 256 times higher or lower.

        Notebook: 09_your_own_sound.
        """
        if sample_rate == self.sample_rate:
            return self
        changed = Sound(np.zeros(0), sample_rate, self.label, self.remark)  # checks the rate
        ratio = changed.sample_rate / self.sample_rate
        if not 1 / _FARTHEST <= ratio <= _FARTHEST:
            raise ValueError(
                f"{self.label} has {self.sample_rate} samples per second; {sample_rate} are too far from "
                f"that, use at most {_FARTHEST:g} times more or fewer"
            )
        return replace(changed, samples=resampled(self.samples, ratio, round(len(self) * ratio)))

    @classmethod
    def read(cls, path: str | os.PathLike) -> "Sound":
        """Read an audio file: WAV, FLAC, OGG, MP3 and whatever else libsndfile reads.

        Several channels are averaged into one or, where they would cancel each other, the loudest is taken; a
        warning says so. Another warns of samples far beyond full scale. A file that breaks off in the
        middle gives the sound up to there.

        Raises:
            OSError: the file is missing, is not a file, or cannot be read.
            ValueError: it holds no audio, no samples, or samples that are not finite.

        Notebook: 00_start_here.
        """
        file = AudioFile(path)
        for remark in file.remarks:
            warnings.warn(remark, stacklevel=2)
        samples, filled = np.empty(file.n_samples), 0
        for block in file.blocks():
            samples[filled : filled + len(block)] = block
            filled += len(block)
        return cls(samples, file.sample_rate, label=file.path.name)

    def write(self, path: str | os.PathLike) -> None:
        """Write an audio file, its format chosen by the ending: .wav, .flac, .ogg or .mp3.

        WAV keeps 32-bit floating point, so nothing is clipped; FLAC keeps 24 bits. The other formats clip
        what goes beyond full scale, with a warning. An old file is replaced only once the new one is whole.

        Raises:
            OSError: the folder is missing or cannot be written to.
            ValueError: the ending names no format known here.
        """
        path = Path(path)
        formats = {".wav": ("WAV", "FLOAT"), ".flac": ("FLAC", "PCM_24"), ".ogg": ("OGG", "VORBIS"),
                   ".mp3": ("MP3", "MPEG_LAYER_III")}  # fmt: skip
        if path.suffix.lower() not in formats:
            raise ValueError(
                f"{path}: the ending is not that of a known audio format; use {', '.join(formats)}"
            )
        kind, subtype = formats[path.suffix.lower()]
        samples = self.samples
        if self.peak > 1 and kind != "WAV":
            warnings.warn(
                f"{path}: the peak of {self.peak:.2f} was clipped to 1; a .wav file would keep it",
                stacklevel=2,
            )
            samples = np.clip(samples, -1, 1)
        try:
            with replacing(path) as part:
                rate, name = self.sample_rate, native(part)
                with soundfile.SoundFile(name, "w", rate, 1, subtype=subtype, format=kind) as file:
                    for start in range(0, len(samples), _BLOCK):
                        file.write(samples[start : start + _BLOCK])
        except soundfile.LibsndfileError as error:
            if error.code == _SYSTEM_ERROR:
                raise OSError(f"{path}: this file cannot be written; is the disk full?") from error
            raise ValueError(
                f"{path}: {kind} cannot hold {self.sample_rate} samples per second; use a .wav file"
            ) from error


def sine(frequency: float, seconds: float, amplitude: float = 0.125, sample_rate: int = 44_100) -> Sound:
    """Make a sine tone, amplitude * sin(2 pi frequency n / sample_rate) for n = 0, 1, 2 ...

    Args:
        frequency: in Hz, between 0 and half the sample rate.
        seconds: duration.
        amplitude: peak value; the default is a comfortable -18 dB below full scale.
        sample_rate: samples per second.

    Raises:
        ValueError: the frequency is beyond half the sample rate, where tones cannot be told apart.

    Notebook: 01_sine_and_phase_vocoder.
    """
    if not 0 <= frequency <= sample_rate / 2:
        raise ValueError(
            f"frequency={frequency} Hz cannot be sampled {sample_rate} times a second; "
            f"use 0 to {sample_rate / 2:g} Hz"
        )
    n = np.arange(round(seconds * sample_rate))
    samples = amplitude * np.sin(2 * np.pi * frequency * n / sample_rate)
    return Sound(samples, sample_rate, label=f"{frequency:g} Hz sine")


def faded_out(sound: Sound, seconds: float) -> Sound:
    """Return a sound whose last seconds go straight down to silence."""
    n = min(round(seconds * sound.sample_rate), len(sound))
    gain = np.ones(len(sound))
    gain[len(sound) - n :] = np.linspace(1, 0, n)
    return replace(sound, samples=sound.samples * gain)


LOUDER = 2.0
"""What a network makes may peak this many times as high as what it learned: 6 dB."""


def turned_down(sound: Sound, peak: float, learned: str) -> Sound:
    """Return a sound that a network made, turned down if it peaks more than 6 dB above what was learned.

    Args:
        sound: that was made.
        peak: largest sample of what was learned.
        learned: what that was, for the remark that says so: "its recording".
    """
    if sound.peak <= LOUDER * peak:
        return sound
    gain = LOUDER * peak / sound.peak
    remark = f"turned down by {-20 * np.log10(gain):.1f} dB: the network went far beyond {learned}"
    return replace(sound, samples=gain * sound.samples, remark=remark)


def resampled(samples: np.ndarray, ratio: float, n: int) -> np.ndarray:
    """Return n samples of the same sound, ratio times as many for each second.

    Args:
        samples: (n_samples,).
        ratio: new samples per old sample.
        n: how many; silence follows if there are not as many.

    Tests: against tones synthesized at the new rate.
    """
    new = soxr.resample(samples, 1.0, ratio, quality="VHQ")[:n] if len(samples) else samples
    return np.pad(new, (0, n - len(new)))
