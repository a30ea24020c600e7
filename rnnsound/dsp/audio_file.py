"""Audio files: read block by block, as mono samples, up to where they break off (by libsndfile)."""

import math
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from rnnsound.dsp.damaged import mended

_BLOCK = 65_536  # numbers at a time: a header that promises too much costs no memory
_CANCELED = 0.01  # of the power that channels without likeness would leave, -20 dB: a mix must hold more
_FAR_TOO_LOUD = 16.0  # 24 dB above full scale


class AudioFile:
    """An audio file that was listened to once: how long it is, and how its channels are made one.

    Args:
        path: WAV, FLAC, OGG, MP3 or whatever else libsndfile reads.

    Attributes:
        sample_rate: samples per second.
        n_samples: that the file really holds, whatever it says.
        level: root mean square of all samples, in dB below full scale; minus infinity for silence.
        remarks: what was noticed of it, sentences that name the file.

    Raises:
        OSError: the file is missing, is not a file, or cannot be read.
        ValueError: it holds no audio, no samples, or samples that are not finite.

    Notebook: 00_start_here, where Sound.read uses it.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        _check_path(self.path)
        self.sample_rate, self.n_samples, self.remarks, self._channel = 0, 0, [], None
        powers = mean_power = peaks = not_finite = 0
        for block in self._blocks():
            mean = block.mean(axis=1)
            self.n_samples += len(block)
            with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused below
                powers, mean_power = powers + np.sum(block**2, axis=0), mean_power + np.sum(mean**2)
            not_finite += np.count_nonzero(~np.isfinite(mean))
            peaks = np.maximum(peaks, np.abs(np.column_stack([block, mean])).max(axis=0))
        if self.n_samples == 0:
            raise ValueError(f"{path}: the file holds no samples; use a recording with some sound in it")
        if not_finite:
            raise ValueError(
                f"{path}: {not_finite} of {self.n_samples} samples are not finite numbers (NaN or infinity); "
                "use a recording without them"
            )
        self._choose_channel(powers, mean_power)
        if self._breaks_off:
            self._remark(
                f"it breaks off after {self.n_samples / self.sample_rate:.3f} s, and was taken up to there"
            )
        taken = -1 if self._channel is None else self._channel  # the mix stands behind the channels
        peak, energy = peaks[taken], np.append(powers, mean_power)[taken]
        self.level = 10 * math.log10(energy / self.n_samples) if energy else -math.inf
        if peak > _FAR_TOO_LOUD:
            self._remark(
                f"samples reach {peak:.6g}, where full scale is 1: whole numbers saved as fractions? "
                "Divide them by their full scale, 32768 for 16 bits"
            )

    def blocks(self) -> Iterator[np.ndarray]:
        """Go through the samples, mono, float, in blocks of shape (n,) of any length."""
        for block in self._blocks():
            yield block.mean(axis=1) if self._channel is None else block[:, self._channel]

    def _choose_channel(self, powers: np.ndarray, mean_power: float) -> None:
        """Average the channels; where one, wired the wrong way round, cancels another, take the loudest."""
        if len(powers) == 1:
            self._channel = 0
        elif mean_power < _CANCELED * powers.sum() / len(powers) ** 2:
            self._channel = int(powers.argmax())
            self._remark(f"its channels cancel each other: channel {self._channel + 1} alone was taken")
        else:
            self._remark(f"{len(powers)} channels were mixed down to one")

    def _remark(self, sentence: str) -> None:
        self.remarks.append(f"{self.path}: {sentence}")

    def _blocks(self) -> Iterator[np.ndarray]:
        """Go through the samples of all channels, (n, n_channels), up to where the file breaks off."""
        found, self._breaks_off = None, False
        for content in mended(self.path):
            try:
                source = native(content) if isinstance(content, Path) else content
                with soundfile.SoundFile(source) as file:
                    if found not in (None, (file.samplerate, file.channels)):
                        raise ValueError(
                            f"{self.path}: its parts have different sample rates or numbers of channels; "
                            "use one file for each"
                        )
                    found = self.sample_rate, _ = file.samplerate, file.channels
                    yield from self._to_the_end(file)
                if self._breaks_off:
                    return
            except soundfile.LibsndfileError as error:
                if found:  # of a chain, only its last link is torn
                    self._breaks_off = True
                    return
                reason = error.error_string.strip().rstrip(".")
                raise ValueError(
                    f"{self.path}: this is not audio that can be read ({reason}); use WAV, FLAC, OGG or MP3"
                ) from error

    def _to_the_end(self, file: soundfile.SoundFile) -> Iterator[np.ndarray]:
        """Read an open file in blocks, to its end or to where its decoder gives up."""
        size = max(_BLOCK // file.channels, 1)
        n_read = size
        while n_read == size and not self._breaks_off:
            block = np.full((size, file.channels), np.nan)
            try:
                n_read = len(file.read(out=block))
            except soundfile.LibsndfileError:  # only after FLAC that breaks off was decoded up to there
                n_read = size - int(np.isnan(block[::-1, 0]).cumprod().sum())
                self._breaks_off = True
            if n_read:
                yield block[:n_read]


def native(path: Path) -> str | bytes:
    """Return a path as libsndfile takes it, also one that is no text in the system's encoding."""
    return str(path) if os.name == "nt" else os.fsencode(path)


def _check_path(path: Path) -> None:
    """Refuse what is no file that could be audio."""
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no such file; check the name and the folder")
    if not path.is_file():
        raise OSError(f"{path}: this is not a file; name one audio file")
    if path.stat().st_size == 0:
        raise ValueError(f"{path}: the file is empty; use an audio file such as WAV, FLAC, OGG or MP3")
    if path.suffix.lower() == ".raw":
        raise ValueError(f"{path}: raw samples do not say what format they are in; use WAV, FLAC, OGG or MP3")
