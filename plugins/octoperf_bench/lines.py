"""Ranges of lines out of a log file as it is stored, gzip or not, in bounded memory."""

import zlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from octoperf_mcp import plain_text

MAX_LINES = 1000
MAX_CHARS = 60_000
MAX_LINE_CHARS = 2000
MAX_SCANNED_BYTES = 512 * 1024 * 1024
"""How far a file is unpacked; against archives that unpack without end."""

_GZIP = b"\x1f\x8b"
_GZIP_FORMAT = 31
_SNIFFED_BYTES = 8192
_PIECE_BYTES = 1 << 16


class NotTextError(ValueError):
    """The file holds no text."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines `first` to before `first + len(texts)`; `total` is None when it is not known."""

    first: int
    texts: list[str]
    total: int | None
    more: bool


def read_lines(data: bytes, first: int, stop: int) -> Lines:
    """A range of lines, at most MAX_LINES and MAX_CHARS of them.

    Args:
        data: The file; gzip is unpacked, and a truncated one is read as far as it goes.
        first: First line, from 0; negative counts from the end (-100: the last 100).
        stop: Line to stop before.

    Raises:
        NotTextError: the file is binary.
    """
    kept: deque[bytes] = deque(maxlen=-first if first < 0 else None)
    count = 0
    complete = True
    for line in _lines(data):
        if line is None:
            complete = False
            break
        if first < 0 or first <= count < min(stop, first + MAX_LINES + 1):
            kept.append(line)
        count += 1
    start = max(count - len(kept), 0) if first < 0 else first
    wanted = list(kept)[: max(min(stop - start, MAX_LINES), 0)]
    texts = _fitting([plain_text(_text(line), MAX_LINE_CHARS) for line in wanted])
    more = start + len(texts) < count
    return Lines(start, texts, count if complete else None, more)


def _fitting(texts: list[str]) -> list[str]:
    size = 0
    for position, text in enumerate(texts):
        size += len(text) + 1
        if size > MAX_CHARS:
            return texts[: max(position, 1)]
    return texts


def _text(line: bytes) -> str:
    return line.removesuffix(b"\r").decode("utf-8", "replace")


def _lines(data: bytes) -> Iterator[bytes | None]:
    """Each line without its end; None at last when the end of the file was not reached."""
    scanned = 0
    pending = b""
    try:
        for chunk in _unpacked(data) if data.startswith(_GZIP) else _slices(data):
            if not scanned and b"\0" in chunk[:_SNIFFED_BYTES]:
                raise NotTextError
            scanned += len(chunk)
            *whole, pending = (pending + chunk).split(b"\n")
            yield from whole
            pending = pending[:_PIECE_BYTES]
            if scanned > MAX_SCANNED_BYTES:
                yield None
                return
    except (EOFError, zlib.error):  # still being written, or damaged
        yield None
        return
    if pending:
        yield pending


def _unpacked(data: bytes) -> Iterator[bytes]:
    """Content of a gzip file of one or several members.

    Raises:
        EOFError: the last member is not complete.
        zlib.error: the file is damaged.
    """
    unpacker = zlib.decompressobj(_GZIP_FORMAT)
    started = False
    for piece in _slices(data):
        packed = piece
        while packed:
            yield unpacker.decompress(packed, _PIECE_BYTES)
            packed = unpacker.unconsumed_tail
            if unpacker.eof:
                packed = unpacker.unused_data
                unpacker = zlib.decompressobj(_GZIP_FORMAT)
                started = bool(packed)
            else:
                started = True
    if started:
        raise EOFError


def _slices(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), _PIECE_BYTES):
        yield data[start : start + _PIECE_BYTES]
