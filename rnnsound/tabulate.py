"""The command `analyze`: a recording of any length as text, one piece in memory at a time."""

import csv
import sys
import warnings
from collections.abc import Iterable

import numpy as np

from rnnsound import terminal
from rnnsound.dsp import recordings
from rnnsound.dsp.audio_file import AudioFile
from rnnsound.dsp.frames import Frames
from rnnsound.dsp.measures import level
from rnnsound.dsp.vocoder import PhaseVocoder


class FrameOutOfRange(ValueError):
    """A frame was asked for that the recording does not have."""


def tabulate(name: str, vocoder: PhaseVocoder, frame: int | None, as_csv: bool) -> None:
    """Print frames of a recording.

    Args:
        name: a bundled recording or an audio file.
        vocoder: how to measure it.
        frame: which one, counted from 0. None: for a table the loudest, for values all.
        as_csv: comma-separated values instead of a table.

    Raises:
        FrameOutOfRange: there is no such frame.
        OSError, ValueError: as for AudioFile and PhaseVocoder.analyze.
    """
    label, rate, blocks, how_loud = _open(name)
    pieces = vocoder.analyze_blocks(blocks, rate, label)
    if as_csv and frame is None:
        _write_csv(pieces)
        return
    shown, number, n_frames = _choose(pieces, frame)
    if shown is None:
        raise FrameOutOfRange(f"--frame {frame}: {name} has {n_frames} frames; use 0 to {n_frames - 1}")
    if as_csv:
        _write_csv([shown], counted=False)
        return
    terminal.say(f"{label}: {how_loud}", sys.stdout)
    sizes = f"{vocoder.fft_size} samples in each, one every {vocoder.hop_size}"
    print(f"{n_frames} frames of {vocoder.n_components} components, {sizes}")
    _print_table(shown, number)


def _open(name: str) -> tuple[str, int, Iterable[np.ndarray], str]:
    """Return a recording's label, sample rate, samples in blocks, and how long and loud it is, in words."""
    if name in recordings.NAMES:
        sound = recordings.load(name)
        label, rate, n_samples, blocks = sound.label, sound.sample_rate, len(sound), [sound.samples]
        loudness = level(sound)
    else:
        file = AudioFile(recordings.existing(name))
        for remark in file.remarks:
            warnings.warn(remark, stacklevel=3)
        label, rate, n_samples, blocks = file.path.name, file.sample_rate, file.n_samples, file.blocks()
        loudness = file.level
    return label, rate, blocks, f"{n_samples / rate:.3f} s at {rate} Hz, level {loudness:.1f} dB"


def _choose(pieces: Iterable[Frames], wanted: int | None) -> tuple[Frames | None, int, int]:
    """Return the frame that is wanted, or the loudest, its number, and how many there are."""
    chosen, number, n_frames, loudest = None, 0, 0, -1.0
    for piece in pieces:
        power = np.sum(piece.magnitude**2, axis=1)
        inside = int(power.argmax()) if wanted is None else wanted - n_frames
        if 0 <= inside < len(piece) and (wanted is not None or power[inside] > loudest):
            chosen, number, loudest = piece[inside : inside + 1], n_frames + inside, power[inside]
        n_frames += len(piece)
    return chosen, number, n_frames


def _write_csv(pieces: Iterable[Frames], counted: bool = True) -> None:
    """Write frames, with a column that counts them if asked."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    columns = ["component", "magnitude", "frequency"]
    writer.writerow(["frame", *columns] if counted else columns)
    n_before = 0
    for piece in pieces:
        for t in range(len(piece)):
            for k in range(piece.n_components):
                row = [k, f"{piece.magnitude[t, k]:.6f}", f"{piece.frequency[t, k]:.6f}"]
                writer.writerow([n_before + t, *row] if counted else row)
        n_before += len(piece)


def _print_table(frame: Frames, number: int) -> None:
    print(f"frame {number}, {frame.times[0]:.3f} s")
    print(f"{'component':>9}  {'center (Hz)':>12}  {'magnitude':>12}  {'frequency (Hz)':>14}")
    for k, center in enumerate(frame.bin_centers):
        values = frame.magnitude[0, k], frame.frequency[0, k]
        print(f"{k:9d}  {center:12.2f}  {values[0]:12.4f}  {values[1]:14.4f}")
