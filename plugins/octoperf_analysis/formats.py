"""Tables of figures as compact text."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Literal

Format = Literal["json", "csv", "markdown"]

Cell = str | float | None


def as_text(kind: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """The table as CSV (RFC 4180, with line feeds) or as a Markdown table."""
    return _csv(header, rows) if kind == "csv" else _markdown(header, rows)


def cell(value: Cell) -> str:
    """A figure without a needless `.0`; nothing for a missing one."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _csv(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([cell(value) for value in row] for row in rows)
    return out.getvalue()


def _markdown(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    lines = [header, ["---"] * len(header)]
    lines += [[_escaped(cell(value)) for value in row] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")
