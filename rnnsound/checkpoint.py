"""The file that a model is kept in: a line that names the format, a checksum, tensors and a description.

Tensors are in the safetensors format, which can hold nothing that runs; the description is JSON. Pickle,
which PyTorch's own files are made of, runs what the file says.
"""

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import safetensors.numpy

from rnnsound.dsp.files import replacing

_MAGIC = b"rnnsound model 1\n"  # the number is the format's version
_DIGEST = hashlib.sha256().digest_size
_LARGEST_FILE = 2**30  # bytes; the article's largest model has 1.5 million
# What malformed content raises on its way to becoming tensors, settings and a model.
MALFORMED = (
    safetensors.SafetensorError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    RuntimeError,
    TypeError,
    ValueError,
)
_LARGEST_NUMBER = 1e9  # no weight, frequency or magnitude comes near; products of two such are still finite


def write_model(path: str | os.PathLike, description: dict, tensors: dict[str, np.ndarray]) -> None:
    """Write a description and tensors; an old file stays until the new one is whole.

    Raises:
        OSError: the folder is missing or cannot be written to.
    """
    tensors = {name: np.array(array, order="C") for name, array in tensors.items()}
    text = np.frombuffer(json.dumps(description).encode(), dtype=np.uint8)
    content = safetensors.numpy.save({"description": text, **tensors})
    with replacing(Path(path)) as part:
        part.write_bytes(_MAGIC + hashlib.sha256(content).digest() + content)


def read_model(path: str | os.PathLike) -> tuple[dict, dict[str, np.ndarray]]:
    """Read what write_model wrote. Nothing in the file is executed, whoever made it.

    Returns:
        The description and the tensors, which hold reasonable numbers; whether they make a model is for the
        caller to find out.

    Raises:
        OSError: the file is missing or cannot be read.
        ValueError: it is not a model file, or a damaged one.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no such file; check the name and the folder")
    if not path.is_file():
        raise OSError(f"{path}: this is not a file; name one model file")
    if path.stat().st_size > _LARGEST_FILE:
        raise ValueError(f"{path}: a file of {path.stat().st_size:,} bytes is no model made by rnnsound")
    data = path.read_bytes()
    if not data.startswith(_MAGIC):
        raise ValueError(f"{path}: this is not a model of this version of rnnsound; train and save one")
    digest, content = data[len(_MAGIC) :][:_DIGEST], data[len(_MAGIC) + _DIGEST :]
    if hashlib.sha256(content).digest() != digest:
        raise ValueError(f"{path}: this model is damaged or cut short; copy it again or train anew")
    try:
        tensors = safetensors.numpy.load(content)
        description = json.loads(tensors.pop("description").tobytes())
    except MALFORMED as error:
        raise unusable(path) from error
    for array in tensors.values():
        if array.dtype.kind != "f" or not (np.abs(array) <= _LARGEST_NUMBER).all():
            raise unusable(path)
    return description, tensors


def unusable(path: str | os.PathLike) -> ValueError:
    """Return the error for a file that is whole and no model; it repeats nothing of what the file says."""
    return ValueError(f"{path}: this file holds no usable model; train and save one")
