"""The rows of a CSV variable, read once per worker."""

import csv
import io
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EOF = "<EOF>"
_TAB = "\\t"


@dataclass(slots=True)
class Rows:
    """Column names and the rows that this generator may use."""

    names: list[str]
    rows: list[list[str]]


class Reader:
    """Goes through rows; one per user when the variable is private, else one per generator."""

    def __init__(self, rows: Rows, *, recycle: bool) -> None:
        self._rows = rows
        self._recycle = recycle
        self._next = 0

    def next(self) -> dict[str, str] | None:
        """The next row by column name; None at the end."""
        rows = self._rows.rows
        if self._next >= len(rows):
            if not self._recycle or not rows:
                return None
            self._next = 0
        row = rows[self._next]
        self._next += 1
        names = self._rows.names
        return {name: row[i] if i < len(row) else "" for i, name in enumerate(names)}

    def ended(self) -> dict[str, str]:
        """What the columns hold after the end."""
        return dict.fromkeys(self._rows.names, EOF)


def load_rows(variable: dict[str, Any], resources: Path, share: tuple[int, int], seed: str) -> Rows:
    """Read the file of a CSVVariable.

    Args:
        variable: The variable itself, not its wrapper.
        resources: Folder of the project files.
        share: Index of this generator and how many there are: a shared file is split between them.
        seed: Makes every generator shuffle alike.

    Raises:
        OSError: the file is missing.
        LookupError: its encoding is unknown.
    """
    path = resources / Path(str(variable["filename"])).name
    encoding = str(variable.get("encoding") or "utf-8-sig")
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        rows = list(_records(file.read().removeprefix("\ufeff"), variable))
    names = [str(name) for name in variable.get("names") or []]
    if not names and rows:
        names = [name.strip() for name in rows.pop(0)]
    elif variable.get("ignoreFirstLine"):
        rows = rows[1:]
    rows = rows[abs(int(variable.get("offset") or 0)) :]
    if variable.get("shuffle"):
        random.Random(seed).shuffle(rows)  # noqa: S311 - an order, not a secret
    index, count = share
    if variable.get("scope") != "PRIVATE" and rows:
        rows = rows[index::count] or [rows[index % len(rows)]]
    return Rows(names, rows)


def header_of(text: str, variable: Mapping[str, Any]) -> list[str]:
    """Column names in the first line of a file, for a CSVVariable that names none itself."""
    first = next(_records(text.removeprefix("\ufeff"), variable), [])
    return [name.strip() for name in first]


def _records(text: str, variable: Mapping[str, Any]) -> Iterator[list[str]]:
    delimiter = str(variable.get("delimiter") or ",").replace(_TAB, "\t")
    if variable.get("allowQuotedData") and len(delimiter) == 1:
        quoted = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        yield from (row for row in quoted if row)
        return
    for line in io.StringIO(text, newline=None):
        if line.strip():
            yield line.rstrip("\n").split(delimiter)
