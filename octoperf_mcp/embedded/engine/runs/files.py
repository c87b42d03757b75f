"""Lines of run files, unpacked as they are read."""

import gzip
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

from octoperf_mcp.embedded.failures import Invalid

MAX_LINES = 10_000
_LONGEST_LINE = 64 * 1024
_MOST_BYTES = 1024 * 1024 * 1024
"""Unpacked bytes that are looked at."""
_GZIP = b"\x1f\x8b"


def read_lines(path: Path, offset: int, count: int) -> str:
    """Lines of a text file.

    Args:
        path: The file; gzip is unpacked.
        offset: First line, from 0; below 0 it counts from the end.
        count: Most lines.

    Raises:
        Invalid: the file holds no text.
    """
    with path.open("rb") as raw:
        packed = raw.read(2) == _GZIP
        raw.seek(0)
        file = cast("BinaryIO", gzip.GzipFile(fileobj=raw)) if packed else raw
        if offset >= 0:
            chosen = list(islice(_lines(file), offset, offset + count))
        else:
            chosen = list(islice(deque(_lines(file), maxlen=-offset), count))
    return "".join(chosen)


def _lines(file: BinaryIO) -> Iterator[str]:
    """Line by line, each cut at 64 KiB; a file that ends within a gzip member just ends."""
    seen = 0
    try:
        while line := file.readline(_LONGEST_LINE):
            if not seen and b"\0" in line:
                raise Invalid("The file holds no text: download it.")
            seen += len(line)
            yield line.decode("utf-8", "replace")
            if seen > _MOST_BYTES:
                return
    except (EOFError, gzip.BadGzipFile):
        return
