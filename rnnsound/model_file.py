"""The file that a model is kept in: a description, tensors, a checksum; nothing in it is ever executed.

Notebook: 04_sine_model.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import safetensors.numpy

from rnnsound.files import replacing

_MAGIC = b"rnnsound model 1\n"  # the number is the format's version
_DIGEST = hashlib.sha256().digest_size
_LARGEST = 2**30  # bytes; the article's largest model is 1.4 MB


def write(path: Path, described: dict, tensors: dict[str, np.ndarray]) -> None:
    """Write description and tensors. An old file stays until the new one is whole.

    Raises:
        OSError: the folder is missing or cannot be written to.
    """
    tensors = {"description": np.frombuffer(json.dumps(described).encode(), dtype=np.uint8), **tensors}
    content = safetensors.numpy.save({name: np.ascontiguousarray(a) for name, a in tensors.items()})
    with replacing(path) as part:
        part.write_bytes(_MAGIC + hashlib.sha256(content).digest() + content)


def read(path: Path) -> bytes:
    """Read what is in the file, once its checksum is found to be right.

    Raises:
        OSError: the file is missing or cannot be read.
        ValueError: it is not a model file, or a damaged one.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no such file; check the name and the folder")
    if not path.is_file():
        raise OSError(f"{path}: this is not a file; name one model file")
    if path.stat().st_size > _LARGEST:
        raise ValueError(f"{path}: {path.stat().st_size:,} bytes are too many for a model made by rnnsound")
    data = path.read_bytes()
    if not data.startswith(_MAGIC):
        raise ValueError(f"{path}: this is not a model of this version of rnnsound; train and save one")
    digest, content = data[len(_MAGIC) :][:_DIGEST], data[len(_MAGIC) + _DIGEST :]
    if hashlib.sha256(content).digest() != digest:
        raise ValueError(f"{path}: the file is damaged or cut short; copy it again or train anew")
    return content


def unpack(content: bytes) -> tuple[dict, dict[str, np.ndarray]]:
    """Take description and tensors apart. Whoever made them, they may be anything."""
    tensors = safetensors.numpy.load(content)
    return json.loads(tensors.pop("description").tobytes()), tensors
