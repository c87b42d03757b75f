"""The spool file of one generator: one JSON line per second, appended and never changed.

A line carries the sequence number of its generator, so that it can be read twice and counts once.
A last line without its newline was torn by the death of its writer; readers leave it alone and
the next writer cuts it off.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VERSION = 1
"""Of the shape of a line; other versions are refused by the reader."""


@dataclass(frozen=True, slots=True)
class SpoolLine:
    """A complete line and where the next one starts."""

    data: bytes
    next_offset: int


def read_lines(path: Path, offset: int = 0) -> Iterator[SpoolLine]:
    """The complete lines from `offset` on; nothing when the file does not exist yet."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        file.seek(offset)
        for line in file:
            if not line.endswith(b"\n"):
                return
            offset += len(line)
            yield SpoolLine(line[:-1], offset)


@dataclass(frozen=True, slots=True)
class SpoolEnd:
    """Where an existing spool file ends, so that another recorder can go on."""

    next_seq: int
    next_second: int
    size: int
    """Bytes up to the last complete line."""


def end_of(path: Path) -> SpoolEnd:
    """Look for the last complete line."""
    last: SpoolLine | None = None
    for last in read_lines(path):  # noqa: B007 - only the last one matters
        pass
    if last is None:
        return SpoolEnd(0, 0, 0)
    line: dict[str, Any] = json.loads(last.data)
    return SpoolEnd(line["seq"] + 1, line["second"] + 1, last.next_offset)
