"""A corpus: a folder of recorded notes, and corpus.json, which says of each its pitch and its instrument.

Notebook: 10_scaling_up.
"""

import json
import math
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import NamedTuple

import numpy as np
from tqdm.auto import tqdm

from rnnsound.dsp.audio_file import AudioFile
from rnnsound.dsp.corpus_note import measure_pitch
from rnnsound.dsp.harmonics import to_hertz, to_midi
from rnnsound.dsp.note_names import midi_in_file_name, note_name
from rnnsound.dsp.outputs import check_output, replacing
from rnnsound.dsp.sound import Sound

LISTING = "corpus.json"
"""Name of the file that lists a folder's notes."""
LONGEST_NAME, MOST_INSTRUMENTS = 100, 1000

_ENDINGS = (".aif", ".aiff", ".flac", ".mp3", ".oga", ".ogg", ".opus", ".wav")
_LARGEST_LISTING = 2**28  # bytes: a million notes take 100 million
_LARGEST_FILE = 2**28  # bytes of one recording
_LONGEST = 300.0  # seconds of one recording
_LONGEST_PATH = 4096  # letters
_HIGHEST = 127.0  # MIDI numbers begin at 0
_HALF_A_SEMITONE = 0.5


class Entry(NamedTuple):
    """What corpus.json says of one note.

    Args:
        file: its path below the folder, with / between names.
        pitch: MIDI number, fractions allowed.
        instrument: its name.
    """

    file: str
    pitch: float
    instrument: str


class Listing(NamedTuple):
    """What was found in a folder.

    Args:
        entries: the notes.
        remarks: what was noticed: names that disagree with what was measured, channels mixed down.
        left_out: a sentence for each recording that is not a note.
    """

    entries: list[Entry]
    remarks: list[str]
    left_out: list[str]


def list_corpus(folder: str | os.PathLike, progress: bool = True) -> Listing:
    """Measure the pitch of every recording in a folder and in those below it.

    The instrument is the path of the folder that a recording is in; of those right in the folder, the
    folder's own name. A note in a file's name, such as F4, Fs6 or Bb3, is compared with what is measured.

    Args:
        folder: that holds WAV, FLAC, OGG, MP3, AIFF or Opus files; what is hidden is passed over.
        progress: show a progress bar.

    Raises:
        OSError: the folder is missing.
        ValueError: there is no note in it.

    Notebook: 10_scaling_up.
    """
    folder = existing_folder(folder)
    entries, remarks, left_out = [], _Remarks(), []
    for path in tqdm(list(audio_files(folder)), "listening", disable=not progress):
        file = path.relative_to(folder).as_posix()
        try:
            sound, said = read_note(path)
            pitch = round(float(to_midi(measure_pitch(sound))), 2)
        except (OSError, ValueError) as error:
            left_out.append(about(path, error))
            continue
        remarks.add(path, said)
        named = midi_in_file_name(PurePosixPath(file).stem)
        if named is not None and abs(named - pitch) > _HALF_A_SEMITONE:
            heard = f"{note_name(pitch)} ({to_hertz(pitch):.1f} Hz)"
            remarks.add(path, [f"its name says {note_name(named)}, but it sounds {heard}, which is listed"])
        parent = PurePosixPath(file).parent
        instrument = str(parent) if parent.name else folder.resolve().name or "notes"
        entries.append(Entry(file, pitch, instrument[:LONGEST_NAME]))
    if not entries:
        if left_out:
            raise ValueError(f"{folder}: none of {len(left_out)} recordings is a note; {left_out[0]}")
        raise ValueError(f"{folder}: there is no recording in it; put notes as WAV, FLAC, OGG or MP3 there")
    return Listing(entries, remarks.lines(), left_out)


def write_corpus(folder: str | os.PathLike, entries: list[Entry]) -> None:
    """Write corpus.json, one note a line; an old one stays until the new one is whole.

    Raises:
        OSError: the folder is missing or cannot be written to.
    """
    lines = ",\n".join(json.dumps(entry._asdict()) for entry in entries)
    with replacing(Path(folder) / LISTING) as part:
        part.write_text(f"[\n{lines}\n]\n", encoding="ascii")


def read_corpus(folder: str | os.PathLike) -> list[Entry]:
    """Read a folder's corpus.json, believing nothing. Whether the files are there is not looked at.

    Raises:
        OSError: the folder or the file is missing or cannot be read.
        ValueError: it is not such a list; the message names the entry, what is wrong and what would do.

    Notebook: 10_scaling_up.
    """
    path = existing_folder(folder) / LISTING
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such file; 'rnnsound corpus {folder}' makes it")
    if path.stat().st_size > _LARGEST_LISTING:
        raise ValueError(f"{path}: a file of {path.stat().st_size:,} bytes is no list of notes; make it anew")
    try:
        items = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: this is not JSON; 'rnnsound corpus {folder}' makes it anew") from error
    if not isinstance(items, list) or not items:
        raise ValueError(
            f'{path}: this is not a list of notes; write [{{"file": "F4.wav", "pitch": 65, "instrument": '
            f"\"flute\"}}, ...], or let 'rnnsound corpus {folder}' make it"
        )
    entries = [_entry(f"{path}: entry {number}", item) for number, item in enumerate(items, 1)]
    (file, count), *_ = Counter(os.path.normpath(entry.file) for entry in entries).most_common(1)
    if count > 1:
        raise ValueError(f"{path}: {file!r} is listed {count} times; list each file once")
    if len({entry.instrument for entry in entries}) > MOST_INSTRUMENTS:
        raise ValueError(f"{path}: there are more than {MOST_INSTRUMENTS} instruments; use fewer")
    return entries


def existing_folder(folder: str | os.PathLike) -> Path:
    """Return a folder's path.

    Raises:
        OSError: it is not there, or not a folder.
    """
    folder = Path(folder)
    if not folder.exists():
        raise FileNotFoundError(f"{folder}: there is no such folder; check the name")
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder}: this is not a folder; name one that holds recordings of notes")
    return folder


def audio_files(folder: Path) -> Iterator[Path]:
    """Go through the recordings in a folder, and below it, in the order of their names."""
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.lower().endswith(_ENDINGS) and not name.startswith("."):
                yield Path(parent) / name


def can_be_listed(folder: str | os.PathLike) -> None:
    """Check, before any work is done, that a folder's corpus.json can be written.

    Raises:
        OSError: it cannot.
    """
    check_output(existing_folder(folder) / LISTING)


def read_note(path: Path) -> tuple[Sound, list[str]]:
    """Read a recording of one note; return it, and what was noticed of its file.

    Raises:
        OSError: the file is missing or cannot be read.
        ValueError: it holds no audio, or far more than a note.
    """
    if path.is_file() and path.stat().st_size > _LARGEST_FILE:
        raise ValueError(f"{path}: {path.stat().st_size:,} bytes are too many for one note; cut one out")
    file = AudioFile(path)
    if file.n_samples > _LONGEST * file.sample_rate:
        seconds = file.n_samples / file.sample_rate
        raise ValueError(f"{path}: {seconds:.0f} s are too long for one note; use at most {_LONGEST:.0f} s")
    return Sound(np.concatenate(list(file.blocks())), file.sample_rate, str(path)), file.remarks


def about(path: Path, error: Exception) -> str:
    """Return an error's sentence, which names the file it is about."""
    if isinstance(error, OSError) and error.strerror:
        return f"{path}: this file cannot be read ({error.strerror})"
    return str(error) if str(error).startswith(str(path)) else f"{path}: {error}"


class _Remarks:
    """Remarks on files; one that is made of several is said once."""

    def __init__(self):
        self.found: dict[str, list[Path]] = {}

    def add(self, path: Path, sentences: list[str]) -> None:
        for sentence in sentences:
            self.found.setdefault(sentence.removeprefix(f"{path}: "), []).append(path)

    def lines(self) -> list[str]:
        counts = {sentence: (files[0], len(files) - 1) for sentence, files in self.found.items()}
        others = {0: "", 1: " and another file"}
        return [
            f"{first}{others.get(more, f' and {more} other files')}: {sentence}"
            for sentence, (first, more) in counts.items()
        ]


def _entry(where: str, item: object) -> Entry:
    """Return what one item of the list says, once it is known to make sense."""
    if not isinstance(item, dict) or not item.keys() >= {"file", "pitch", "instrument"}:
        raise ValueError(f'{where} is not an object with "file", "pitch" and "instrument"; give it all three')
    file, pitch, instrument = (item[name] for name in Entry._fields)
    if not isinstance(file, str) or not 0 < len(file) <= _LONGEST_PATH or "\0" in file:
        raise ValueError(f"{where}: file is not the path of a file; write for instance flute/F4.wav")
    parts = {*PurePosixPath(file).parts, *PureWindowsPath(file).parts}
    if ".." in parts or PurePosixPath(file).is_absolute() or PureWindowsPath(file).anchor:
        raise ValueError(f"{where}: {file!r} leads out of the folder; use paths that stay inside it")
    if type(pitch) not in (int, float) or not 0 <= pitch <= _HIGHEST or not math.isfinite(pitch):
        raise ValueError(f"{where}: pitch is not a MIDI number; use 0 to {_HIGHEST:.0f}, such as 69 for A4")
    if not isinstance(instrument, str) or not 0 < len(instrument) <= LONGEST_NAME:
        raise ValueError(f"{where}: instrument is not a name; use 1 to {LONGEST_NAME} letters, such as flute")
    return Entry(file, float(pitch), instrument)
