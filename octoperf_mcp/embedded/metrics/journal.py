"""The samples of the seconds that are not in the spool file yet, so that kill -9 loses none.

One file per open second beside the spool file, one JSON line per sample, handed to the operating
system as each sample arrives; the file goes when its second stands in the spool file.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

from octoperf_mcp.embedded.metrics.sample import ErrorDetail, Sample

_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
_FIGURES = tuple(field.name for field in fields(Sample) if field.name != "error")


class SecondJournal:
    """The journal file of one second, open for appending."""

    __slots__ = ("_fd", "_path")

    def __init__(self, spool: Path, second: int) -> None:
        self._path = spool.with_name(f"{spool.name}.{second}.journal")
        self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)

    def add(self, sample: Sample) -> None:
        """Hand the sample to the operating system."""
        entry: list[Any] = [getattr(sample, name) for name in _FIGURES]
        if sample.error is not None:
            entry.append(astuple(sample.error))
        os.write(self._fd, _encode(entry).encode() + b"\n")

    def left(self) -> Iterator[Sample]:
        """The samples that a killed writer left in it; its torn last line, if any, is cut off."""
        with os.fdopen(os.dup(self._fd), "rb") as file:
            file.seek(0)
            whole = 0
            for line in file:
                if not line.endswith(b"\n"):
                    os.ftruncate(self._fd, whole)
                    return
                whole += len(line)
                yield _decoded(line)

    def remove(self) -> None:
        """The second stands in the spool file."""
        os.close(self._fd)
        self._path.unlink(missing_ok=True)


def left_over(spool: Path) -> list[int]:
    """The seconds whose journal files a killed writer left."""
    found = spool.parent.glob(f"{spool.name}.*.journal")
    return sorted(int(path.name.split(".")[-2]) for path in found)


def _decoded(line: bytes) -> Sample:
    entry = json.loads(line)
    sample = Sample(*entry[: len(_FIGURES)])
    for error in entry[len(_FIGURES) :]:
        sample.error = ErrorDetail(*error)
    return sample
