"""The notes of a corpus, measured once and kept on disk beside it: as many as there are, memory holds one.

Notebook: 10_scaling_up.
"""

import hashlib
import json
import os
import stat
import tempfile
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from tqdm.auto import tqdm

from rnnsound.dsp.corpus_note import to_corpus_note
from rnnsound.dsp.harmonics import analyze_harmonics, follow_pitch, to_hertz, to_midi
from rnnsound.features.corpus import Entry, about, read_corpus, read_note
from rnnsound.features.note_table import N_VALUES, Note, NoteTable, note_values

try:
    import fcntl
except ImportError:  # on Windows a file that is open cannot be changed by another process anyway
    fcntl = None

_FOLDER, _FRAMES, _INDEX, _LOCK = ".rnnsound-cache", "frames.f32", "index.jsonl", "lock"
_HEADER = {"rnnsound": "measured notes", "version": 1}  # another version for another way of measuring
_ROW = 2 * N_VALUES * 4  # bytes of a frame and its means
_LARGEST_VALUE = 1000.0  # logarithms and semitones stay far below
_LARGEST_LINE = 2**16  # bytes of the index
_EXPLAINED = 0.1  # part of a note's energy that must lie in the partials of its pitch
_SYNCED_EVERY = 2**26  # bytes of frames


class _Kept(NamedTuple):
    """What the index says of one note; size and mtime_ns: of its file; crc: of its rows."""

    file: str
    size: int
    mtime_ns: int
    pitch: float
    midi: float
    peak: float
    first: int
    length: int
    crc: int


def measure_corpus(folder: str | os.PathLike, progress: bool = True) -> NoteTable:
    """Measure the notes that a folder's corpus.json lists, those that are new or were changed.

    Frames are kept on disk, in .rnnsound-cache in the folder or, where it cannot be written to, in the
    system's folder for temporary files, which a warning says. What an interrupted call has measured is there
    for the next one. A note that cannot be measured is left out, with a warning.

    Args:
        folder: that holds corpus.json.
        progress: show a progress bar.

    Raises:
        OSError: corpus.json is missing, or the disk is full.
        ValueError: corpus.json is not a list of notes, or none of them can be measured.

    Notebook: 10_scaling_up.
    """
    folder, entries = Path(folder), read_corpus(folder)
    with _opened(folder) as cache:
        kept, left_out = [], []
        for entry in tqdm(entries, "measuring", disable=not progress):
            try:
                kept.append((entry, cache.find(folder, entry) or cache.add(folder, entry)))
            except (OSError, ValueError) as error:
                if isinstance(error, _CacheError):
                    raise
                left_out.append(about(folder / entry.file, error))
    for sentence in left_out:
        warnings.warn(sentence, stacklevel=2)
    if not kept:
        raise ValueError(f"{folder}: none of {len(entries)} listed notes can be measured; see above")
    if left_out:
        warnings.warn(f"{folder}: {len(left_out)} of {len(entries)} notes were left out", stacklevel=2)
    return NoteTable(
        tuple(Note(entry.file, entry.instrument, note.midi) for entry, note in kept),
        np.array([note.first for _, note in kept]),
        np.array([note.length for _, note in kept]),
        cache.frames_path,
        max(note.peak for _, note in kept),
    )


def measure_note(path: Path, pitch: float) -> tuple[np.ndarray, float, float]:
    """Measure one note.

    Args:
        path: of its recording.
        pitch: MIDI number near which its own is looked for.

    Returns:
        its rows as note_values gives them, its pitch as a MIDI number, and its largest sample.

    Raises:
        OSError, ValueError: the file cannot be read, or holds no note of such a pitch.
    """
    hertz = float(to_hertz(pitch))
    note = to_corpus_note(read_note(path)[0], hertz)
    # Where it is silent, a note has the pitch that it is measured around: that is to be its own.
    frames = analyze_harmonics(note, float(np.median(follow_pitch(note, hertz))))
    midi = float(to_midi(np.median(frames.pitch)))
    if np.mean((frames.amplitude**2).sum(axis=1)) / 2 < _EXPLAINED * np.mean(note.samples**2):
        raise ValueError(f"{path}: no note is heard at {hertz:.1f} Hz, as listed; correct corpus.json")
    return note_values(frames, midi), midi, note.peak


class _CacheError(OSError):
    """The cache itself cannot be written."""


class _Cache:
    """Frames of notes in one file, each note's in a row, and an index: a line for each note.

    Both only grow, a note's frames before its line: whatever interrupts it, what the index lists is there.
    """

    def __init__(self, folder: Path):
        self.frames_path, self.index_path = folder / _FRAMES, folder / _INDEX
        self.frames: BinaryIO = self.frames_path.open("ab+")
        self.index: BinaryIO = self.index_path.open("ab+")
        self.kept = self._read_index()
        self.unsynced = 0

    def close(self) -> None:
        self.frames.close()
        self.index.close()

    def find(self, folder: Path, entry: Entry) -> _Kept | None:
        """Return what is kept of a note whose file has not changed."""
        kept, found = self.kept.get(entry.file), _found(folder / entry.file)
        if kept is None or (kept.size, kept.mtime_ns) != (found.st_size, found.st_mtime_ns):
            return None
        return kept if kept.pitch == entry.pitch and self._is_whole(kept) else None

    def add(self, folder: Path, entry: Entry) -> _Kept:
        """Measure a note and keep it."""
        found = _found(folder / entry.file)
        values, midi, peak = measure_note(folder / entry.file, entry.pitch)
        try:
            content = values.tobytes()
            first, crc = self.frames.seek(0, os.SEEK_END) // _ROW, zlib.crc32(content)
            numbers = found.st_size, found.st_mtime_ns, entry.pitch, midi, peak, first, len(values), crc
            kept = _Kept(entry.file, *numbers)
            self.frames.write(content)
            self.frames.flush()
            self.unsynced += len(content)
            if self.unsynced > _SYNCED_EVERY:
                os.fsync(self.frames.fileno())
                self.unsynced = 0
            self._write_line(kept._asdict())
        except OSError as error:
            reason = error.strerror
            raise _CacheError(
                f"{self.frames_path}: this file cannot be written ({reason}); make room"
            ) from error
        self.kept[entry.file] = kept
        return kept

    def _is_whole(self, kept: _Kept) -> bool:
        """Say whether a note's rows are those that were written; a crash of the computer may lose some."""
        self.frames.seek(kept.first * _ROW)
        content = self.frames.read(kept.length * _ROW)
        if len(content) != kept.length * _ROW or zlib.crc32(content) != kept.crc:
            return False
        return bool(np.abs(np.frombuffer(content, np.float32)).max() < _LARGEST_VALUE)  # neither NaN

    def _write_line(self, content: dict) -> None:
        self.index.write(json.dumps(content).encode() + b"\n")
        self.index.flush()

    def _read_index(self) -> dict[str, _Kept]:
        """Return what is kept, by file; begin anew if most of it is of no use any more."""
        n_rows = self.frames.seek(0, os.SEEK_END) // _ROW
        self.index.seek(0)
        lines, kept = _whole_lines(self.index), {}
        if next(lines, None) == _HEADER:
            for line in lines:
                if (note := _checked(line, n_rows)) is not None:
                    kept[note.file] = note
        in_use = sum(note.length for note in kept.values())
        if 2 * in_use < n_rows or not kept:
            kept, n_rows = {}, 0
            self.index.truncate(0)
            self._write_line(_HEADER)
        else:  # a line that was cut off ends here
            self.index.seek(0, os.SEEK_END)
            self.index.write(b"\n")
        self.frames.truncate(n_rows * _ROW)
        return kept


def _found(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: there is no such file, though corpus.json lists it") from None


def _whole_lines(file: BinaryIO) -> Iterator[object]:
    """Go through a file's lines of JSON; what is none is passed over."""
    while line := file.readline(_LARGEST_LINE):
        with suppress(ValueError, RecursionError):
            yield json.loads(line)


def _checked(line: object, n_rows: int) -> _Kept | None:
    """Return what a line of the index says, if it can be true."""
    if not isinstance(line, dict) or line.keys() != set(_Kept._fields):
        return None
    kept = _Kept(**line)
    if any(type(line[field]) is not kind for field, kind in _Kept.__annotations__.items()):
        return None
    inside = kept.first >= 0 and kept.length > 0 and kept.first + kept.length <= n_rows
    return kept if inside and 0 <= kept.midi <= 200 and 0 < kept.peak < _LARGEST_VALUE else None


@contextmanager
def _opened(folder: Path) -> Iterator[_Cache]:
    """Open a corpus's cache; one process at a time writes to it."""
    try:
        place = folder / _FOLDER
        place.mkdir(exist_ok=True)
        lock = (place / _LOCK).open("ab")
    except OSError:
        place = _temporary(folder)
        warnings.warn(
            f"{folder}: this folder cannot be written to; what is measured is kept in {place}", stacklevel=4
        )
        lock = (place / _LOCK).open("ab")
    with lock:
        if fcntl is not None:
            _lock(lock)
        cache = _Cache(place)
        try:
            yield cache
        finally:
            cache.close()


def _lock(file: BinaryIO) -> None:
    """Wait until no other process measures the same corpus."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        warnings.warn("another process is measuring this corpus, which is waited for", stacklevel=5)
        fcntl.flock(file, fcntl.LOCK_EX)
    except OSError:  # some network disks know no locks
        pass


def _temporary(folder: Path) -> Path:
    """Return a folder of one's own among the system's temporary ones, the same for the same corpus."""
    user = os.getuid() if hasattr(os, "getuid") else "user"
    name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    place = Path(tempfile.gettempdir(), f"rnnsound-{user}-{name}")
    place.mkdir(mode=0o700, exist_ok=True)
    found = place.lstat()
    if not stat.S_ISDIR(found.st_mode) or (hasattr(os, "getuid") and found.st_uid != user):
        raise PermissionError(f"{place}: this belongs to somebody else; set TMPDIR to a folder of your own")
    return place
