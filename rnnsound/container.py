"""The container of model files: a line that names the format, a checksum, tensors, and a description.

Tensors are in the safetensors format, which can hold nothing that runs; the description is JSON. Pickle,
which PyTorch's own files are made of, runs what the file says. Notebook: 04_sine_model.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import safetensors.numpy

from rnnsound.dsp.outputs import replacing

LARGEST_NUMBER = 1e9
"""No weight, frequency or magnitude comes near; products of two such are still finite."""

_MAGIC = b"rnnsound model 3\n"  # the number is the format's version
_DIGEST = hashlib.sha256().digest_size
_LARGEST_FILE = 2**30  # bytes; the article's largest model has 1.5 million
_LARGEST_HEADER = 2**20  # of the tensors; a model's takes some thousand bytes, and so does its description
# What malformed content raises on its way to becoming tensors, settings and a model.
_MALFORMED = (
    safetensors.SafetensorError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    RuntimeError,
    TypeError,
    ValueError,
)
Groups = dict[str, dict[str, np.ndarray]]
"""Tensors by name, in groups by name."""


def write_container(path: str | os.PathLike, description: dict, groups: Groups) -> None:
    """Write a description and groups of tensors to a file; an old file stays until the new one is whole.

    Raises:
        OSError: the folder is missing or cannot be written to.
    """
    tensors = {
        f"{group}.{name}": np.array(array, order="C")
        for group, arrays in groups.items()
        for name, array in arrays.items()
    }
    text = np.frombuffer(json.dumps(description).encode(), dtype=np.uint8)
    content = safetensors.numpy.save({"description": text, **tensors})
    with replacing(Path(path)) as part:
        part.write_bytes(_MAGIC + hashlib.sha256(content).digest() + content)


@contextmanager
def reading_container(path: str | os.PathLike, groups: tuple[str, ...]) -> Iterator[tuple[dict, Groups]]:
    """Read what write_container wrote, and build a model of it, believing nothing.

    Whatever goes wrong inside the with-block is told as a file that holds no usable model.

    Args:
        path: of the file.
        groups: the groups of tensors that may be there.

    Raises:
        OSError: the file is missing or cannot be read.
        ValueError: it is not a model file, or a damaged one.
    """
    content = _content(Path(path))
    try:
        with np.errstate(all="ignore"):
            tensors = safetensors.numpy.load(content)
            description = tensors.pop("description")
            if description.nbytes > _LARGEST_HEADER:
                raise ValueError("the description is too long")
            yield json.loads(description.tobytes()), _grouped(tensors, groups)
    except _MALFORMED as error:  # what the file says is not repeated
        raise ValueError(f"{path}: this file holds no usable model; train and save one") from error


def read_kind(path: str | os.PathLike) -> str:
    """Return what kind of model a file says that it holds; "" is that of one recording, or of several.

    Raises:
        OSError, ValueError: as for reading_container.
    """
    content = _content(Path(path))
    try:
        kind = json.loads(safetensors.numpy.load(content)["description"].tobytes()).get("kind", "")
    except _MALFORMED:  # whoever reads the file will say so
        return ""
    return kind if isinstance(kind, str) else ""


def _content(path: Path) -> bytes:
    """Read a file that has the right first line and checksum."""
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no such file; check the name and the folder")
    if not path.is_file():
        raise OSError(f"{path}: this is not a file; name one model file")
    if path.stat().st_size > _LARGEST_FILE:
        raise ValueError(f"{path}: a file of {path.stat().st_size:,} bytes is not a model made by rnnsound")
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            raise ValueError(f"{path}: this is not a model of this version of rnnsound; train and save one")
        expected, checksum = file.read(_DIGEST), hashlib.sha256()
        content = file.tell()
        while block := file.read(2**20):
            checksum.update(block)
        if checksum.digest() != expected:
            raise ValueError(f"{path}: this model is damaged or cut short; copy it again or train anew")
        file.seek(content)
        if int.from_bytes(file.read(8), "little") > _LARGEST_HEADER:
            raise ValueError(f"{path}: this file holds no usable model; train and save one")
        file.seek(content)
        return file.read()


def _grouped(tensors: dict[str, np.ndarray], known: tuple[str, ...]) -> Groups:
    """Return tensors by group, once every number is known to be of the right kind and size."""
    groups = {group: {} for group in known}
    for name, array in tensors.items():
        kind = "u" if name == "history.generator" else "f"
        largest = np.finfo(float).max if name.startswith("history.") else LARGEST_NUMBER
        # As Python's numbers: a bound too large for an array's own kind would be infinity there.
        inside = not array.size or (-largest <= float(array.min()) and float(array.max()) <= largest)
        if array.dtype.kind != kind or not inside:
            raise ValueError("a number is too large, or is none")
        group, _, rest = name.partition(".")
        groups[group][rest] = array
    return groups
