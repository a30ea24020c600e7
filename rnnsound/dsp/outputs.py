"""Outputs: a file is there whole or not at all, and what was there before survives whatever goes wrong.

One rule for every file that is written: a link is followed, a file's permissions stay, and neither a folder,
a device or a pipe nor a read-only file is replaced. What a killed process left beside an output is swept.
"""

import hashlib
import os
import platform
import re
import stat
import sys
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX, _SUFFIX = ".rnnsound-", ".part"
_DAY = 86_400.0  # seconds


def check_output(path: str | os.PathLike, keep: Iterable[str | os.PathLike] = ()) -> None:
    """Check, before any work is done, that a file can be written, and that none is lost that should stay.

    Args:
        path: where the output is to go.
        keep: files that must not be replaced, such as the inputs; those that do not exist do not count.

    Raises:
        OSError: the folder is missing or cannot be written to, or what is there must not be replaced.
        ValueError: it is one of the files to keep.
    """
    path = Path(path)
    for other in keep:
        if path.exists() and os.path.exists(other) and os.path.samefile(path, other):
            raise ValueError(f"{path}: this would replace the recording or model {other}; name another file")
    part, _ = _part(path)
    part.unlink()


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Offer a temporary file beside path; it takes path's place only when the block ends without an error.

    Raises:
        OSError: the folder is missing or cannot be written to, what is there must not be replaced, or the
            disk is full; the message names path, not the temporary file.
    """
    part, target = _part(path)
    try:
        yield part
        old = _permissions(target)
        part.chmod(0o666 & ~_umask() if old is None else stat.S_IMODE(old))
        with part.open("rb+") as file:  # closed again before the replacing, which Windows insists on
            os.fsync(file.fileno())
        os.replace(part, target)
    except OSError as error:
        raise _named(path, error) from error
    finally:
        part.unlink(missing_ok=True)


def _part(path: Path) -> tuple[Path, Path]:
    """Make the temporary file for a path; return it, and the file that it will replace."""
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{path}: the folder {path.parent} does not exist; make it first")
    try:
        found = _permissions(target)
        if found is not None and not stat.S_ISREG(found):
            raise OSError(f"{path}: this is a folder, a device or a pipe, not a file; name a file")
        if found is not None and not found & 0o222:
            raise PermissionError(f"{path}: this file is read-only; name another, or allow writing to it")
        handle, name = tempfile.mkstemp(_SUFFIX, f"{_PREFIX}{_realm()}-{os.getpid()}-", target.parent)
    except OSError as error:
        raise _named(path, error) from error
    os.close(handle)
    _sweep(Path(name))
    return Path(name), target


def _realm() -> str:
    """Return a word for where a process's number means it: this start of this computer, this container.

    A folder may be shared with other computers and containers, whose processes cannot be seen from here.
    """
    try:
        realm = Path("/proc/sys/kernel/random/boot_id").read_text() + os.readlink("/proc/self/ns/pid")
    except OSError:  # not Linux; elsewhere than on macOS, a word that no other file has: only age counts
        realm = f"{platform.node()} {uuid.getnode()}" if sys.platform == "darwin" else uuid.uuid4().hex
    return hashlib.sha256(realm.encode()).hexdigest()[:12]


def _sweep(own: Path) -> None:
    """Remove temporary files whose process is known to be gone, or that nobody touched for a day."""
    now = own.stat().st_mtime  # by the clock of the disk, which may be another computer's
    for part in own.parent.glob(f"{_PREFIX}*{_SUFFIX}"):
        with suppress(OSError):  # it is another user's, or was swept by another process meanwhile
            if _is_orphan(part.name) or now - part.stat().st_mtime > _DAY:
                part.unlink()


def _is_orphan(name: str) -> bool:
    number = re.match(re.escape(f"{_PREFIX}{_realm()}-") + r"(\d{1,9})-", name)
    if number is None:
        return False
    try:
        os.kill(int(number[1]), 0)  # only asks; Windows, where it would end the process, has no such realm
    except ProcessLookupError:
        return True
    return False


def _permissions(target: Path) -> int | None:
    """Return the kind and permissions of what is there, or None; a name too long for the disk is an error."""
    try:
        return target.stat().st_mode
    except FileNotFoundError:
        return None


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask


def _named(path: Path, error: OSError) -> OSError:
    """Return an error of the same kind that names the output; one that has a sentence already stays."""
    if error.errno is None:
        return error
    return type(error)(
        f"{path}: this file cannot be written ({error.strerror}); choose another place or make room"
    )
