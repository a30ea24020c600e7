"""Audio files that break off, or whose headers were never finished: mended so that libsndfile reads them.

A recorder that lost its power leaves a WAV file whose data has the length 0; a copy that was cut short leaves
a CAF file that promises more than it holds, or an OGG file whose last page is torn; radio streams chain
several OGG files into one, of which only the first would be heard. The sound in them is mended here, in
memory, by correcting what the container says of it. A sound file that needs none of this is left alone.
"""

import io
import struct
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import BinaryIO

_PAGE = struct.Struct("<4sBBqIIIB")  # of OGG: its header up to the number of segments
_FIRST, _LAST = 2, 4  # flags of an OGG page
_WHOLE_SEGMENT = 255  # a packet ends with a segment that is shorter


def mended(path: Path) -> list[Path | BinaryIO]:
    """Return what libsndfile is to read of a file, one after the other: usually the file itself.

    Args:
        path: an audio file, or any other.
    """
    with path.open("rb") as file:
        kind = file.read(4)
        if kind == b"OggS":
            file.seek(0)
            content = file.read()
            links = _ogg_links(content)
            return [path] if links == [content] else [_Content(link) for link in links]
        length = _caf_length(file) if kind == b"caff" else _wav_length(file) if kind == b"RIFF" else None
        if length is None:
            return [path]
        position, size = length
        file.seek(0)
        content = bytearray(file.read())
    content[position : position + len(size)] = size
    return [_Content(content)]


class _Content(io.BytesIO):
    """A file in memory, in which libsndfile may look for what lies before its beginning, as in any file."""

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = (0, self.tell(), self.getbuffer().nbytes)[whence]
        return super().seek(max(start + offset, 0))


def _chunks(file: BinaryIO, start: int, header: struct.Struct) -> Iterator[tuple[bytes, int, int]]:
    """Go through a file's chunks: name, position of the content, and size that its header gives."""
    position, end = start, file.seek(0, io.SEEK_END)
    while position + header.size <= end:
        file.seek(position)
        found = file.read(header.size)
        name, size = header.unpack(found)
        position += header.size
        yield name, position, size
        position += max(size, 0)
        if header.size == 8:  # chunks of RIFF begin at even positions
            position += size % 2


def _caf_length(file: BinaryIO) -> tuple[int, bytes] | None:
    """Return where a CAF file states the length of its data, and what is true, where it promises too much."""
    end = file.seek(0, io.SEEK_END)
    for name, position, size in _chunks(file, 8, struct.Struct(">4sq")):
        if name == b"data" and (size < 0 or position + size > end):
            return position - 8, struct.pack(">q", end - position)
    return None


def _wav_length(file: BinaryIO) -> tuple[int, bytes] | None:
    """The same for a WAV file that states a length of 0 and holds more."""
    end = file.seek(0, io.SEEK_END)
    empty = after = None  # position of the empty data, and where the chunks that follow it end
    for name, position, size in _chunks(file, 12, struct.Struct("<4sI")):
        if empty is not None:
            if not (name.isascii() and name.decode().isprintable()):
                break  # sound, not a chunk
            after = position + size
        elif name == b"data":
            if size or position >= end:
                return None
            empty = position
    if empty is None or (after is not None and after <= end <= after + 1):
        return None  # other chunks follow, as they should: it is empty indeed
    return empty - 4, struct.pack("<I", min(end - empty, 2**32 - 1))


def _ogg_links(content: bytes) -> list[bytes]:
    """Split chained OGG files, and mend the last page where it is torn."""
    links, was_first = [], False
    for flags, page in _ogg_pages(content):
        is_first = bool(flags & _FIRST)
        if is_first and not was_first:  # several streams side by side begin with one such page each
            links.append(bytearray())
        if links:
            links[-1] += page
        was_first = is_first
    return [bytes(link) for link in links] or [content]


def _ogg_pages(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Go through an OGG file's pages: flags and bytes."""
    position = before = 0
    while (position := content.find(b"OggS", position)) >= 0 and position + _PAGE.size <= len(content):
        _, _, flags, samples, *_, count = _PAGE.unpack_from(content, position)
        body = position + _PAGE.size + count
        sizes = content[position + _PAGE.size : body]
        end = body + sum(sizes)
        if end > len(content):
            if torn := _mended_page(content[position:], sizes, before):
                yield flags, torn
            return
        yield flags, content[position:end]
        position, before = end, max(samples, 0)


def _mended_page(page: bytes, sizes: bytes, before: int) -> bytes:
    """Return a torn page with the packets that are whole, or nothing; before it were so many samples."""
    left, whole = len(page) - _PAGE.size - len(sizes), 0
    for count, size in enumerate(sizes, 1):
        left -= size
        if left < 0:
            break
        if size < _WHOLE_SEGMENT:
            whole = count
    if not whole:
        return b""
    name, version, flags, samples, serial, number, _, count = _PAGE.unpack_from(page)
    samples = before + (samples - before) * whole // count  # about as many as are left
    kept = sizes[:whole]
    body = page[_PAGE.size + count :][: sum(kept)]

    def with_checksum(checksum: int) -> bytes:
        header = _PAGE.pack(name, version, flags | _LAST, samples, serial, number, checksum, whole)
        return header + kept + body

    return with_checksum(_checksum(with_checksum(0)))


def _checksum(page: bytes) -> int:
    """Return the CRC that OGG uses: polynomial 0x04C11DB7, from 0, neither reflected nor inverted."""
    value = 0
    for byte in page:
        value = (value << 8 & 0xFFFFFFFF) ^ _crc_table()[value >> 24 ^ byte]
    return value


@cache
def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)
        table.append(value & 0xFFFFFFFF)
    return table
