"""What a report item of a plugin shows: figures in one of four forms, never markup.

A table, curves, bars, or a grid of cells over time. The page, the live page, the PDF and the tool
each draw a form their own way. On the wire all forms are a table that says how it is drawn.
"""

import math
import numbers
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, Final

Cell = str | float | None
Json = dict[str, Any]

MOST_COLUMNS: Final = 60
MOST_ROWS: Final = 1000
MOST_CELLS: Final = 20_000
LONGEST_TEXT: Final = 200
"""A longer name, unit or cell is cut."""
LONGEST_NOTE: Final = 600
_GREATEST: Final = 1e15


class UndrawableError(ValueError):
    """What a plugin answered cannot be shown, and why."""


@dataclass(frozen=True, slots=True)
class Column:
    """Head of a column of a table, with the unit of its figures."""

    name: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts and figures; `note` is a sentence below."""

    form: ClassVar = "TABLE"
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    note: str = ""

    def cleaned(self) -> "Table":
        """The same of plain values.

        Raises:
            UndrawableError: what is wrong with it.
        """
        columns = tuple(
            Column(_text(each.name), _text(each.unit))
            for each in _few(self.columns, MOST_COLUMNS, "columns")
        )
        rows = _few(self.rows, MOST_ROWS, "rows")
        _require_few_cells(len(columns) * len(rows))
        return Table(columns, tuple(_row(row, len(columns)) for row in rows), _note(self.note))

    def wire(self) -> Json:
        """As the REST API answers it."""
        heads = [{"name": each.name, "unit": each.unit} for each in self.columns]
        return _wire(self.form, heads, [list(row) for row in self.rows], self.note)


@dataclass(frozen=True, slots=True)
class Curve:
    """Points `(x, y)` in the order of x."""

    name: str
    unit: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Lines:
    """Curves over time: x in epoch milliseconds."""

    form: ClassVar = "LINES"
    curves: Sequence[Curve]
    note: str = ""

    def cleaned(self) -> "Lines":
        """The same of plain values.

        Raises:
            UndrawableError: what is wrong with it.
        """
        curves = []
        for each in _few(self.curves, MOST_COLUMNS, "curves"):
            points = [
                (_number(x), _number(y)) for x, y in _few(each.points, MOST_ROWS, "points a curve")
            ]
            _require_ascending([x for x, _ in points])
            curves.append(Curve(_text(each.name), _text(each.unit), tuple(points)))
        made = Lines(tuple(curves), _note(self.note))
        _require_few_cells(len(made.places()) * len(curves))
        return made

    def places(self) -> list[float]:
        """Every x that a curve has, in order."""
        return sorted({x for each in self.curves for x, _ in each.points})

    def wire(self) -> Json:
        """As the REST API answers it: a row for each x, null where a curve has no point."""
        heads = [_TIME, *({"name": each.name, "unit": each.unit} for each in self.curves)]
        known = [dict(each.points) for each in self.curves]
        rows = [[x, *(points.get(x) for points in known)] for x in self.places()]
        return _wire(self.form, heads, rows, self.note)


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar; None where there is no value."""

    name: str
    value: float | None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars below each other; those of one unit share a scale."""

    form: ClassVar = "BARS"
    bars: Sequence[Bar]
    note: str = ""

    def cleaned(self) -> "Bars":
        """The same of plain values.

        Raises:
            UndrawableError: what is wrong with it.
        """
        bars = tuple(
            Bar(
                _text(each.name),
                None if each.value is None else _number(each.value),
                _text(each.unit),
            )
            for each in _few(self.bars, MOST_COLUMNS, "bars")
        )
        return Bars(bars, _note(self.note))

    def wire(self) -> Json:
        """As the REST API answers it: a row for each bar."""
        heads = [{"name": name, "unit": ""} for name in ("Name", "Value", "Unit")]
        rows = [[each.name, each.value, each.unit] for each in self.bars]
        return _wire(self.form, heads, rows, self.note)


@dataclass(frozen=True, slots=True)
class Band:
    """A range of values that a row of a grid stands for: from `low` up to but without `high`."""

    name: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Grid:
    """A heat map: slots of time from left to right, bands of values from bottom to top.

    Args:
        starts: When each slot begins, epoch milliseconds, in order and `slot_ms` apart or more.
        slot_ms: Length of a slot.
        bands: The lowest first.
        values: Of each slot, one for each band; never negative. The darker the more.
        name: Of what the cells count.
        unit: Of the values.
        band_unit: Of the edges of the bands.
        note: A sentence below.
    """

    form: ClassVar = "GRID"
    starts: Sequence[int]
    slot_ms: int
    bands: Sequence[Band]
    values: Sequence[Sequence[float]]
    name: str
    unit: str
    band_unit: str = ""
    note: str = ""

    def cleaned(self) -> "Grid":
        """The same of plain values.

        Raises:
            UndrawableError: what is wrong with it.
        """
        starts = tuple(int(_number(each)) for each in _few(self.starts, MOST_ROWS, "slots"))
        _require_ascending(starts)
        bands = tuple(
            Band(_text(each.name), _number(each.low), _number(each.high))
            for each in _few(self.bands, MOST_COLUMNS, "bands")
        )
        _require_few_cells(len(starts) * len(bands))
        values = tuple(
            tuple(map(_number, _few(row, MOST_COLUMNS, "bands of a slot")))
            for row in _few(self.values, MOST_ROWS, "slots")
        )
        if len(values) != len(starts) or any(len(row) != len(bands) for row in values):
            raise UndrawableError("a grid needs a value for each band of each slot")
        if any(value < 0 for row in values for value in row):
            raise UndrawableError("a value of a grid is negative")
        slot_ms = int(_number(self.slot_ms))
        if slot_ms <= 0:
            raise UndrawableError("the slots of a grid have no length")
        names = _text(self.name), _text(self.unit), _text(self.band_unit), _note(self.note)
        return Grid(starts, slot_ms, bands, values, *names)

    def wire(self) -> Json:
        """As the REST API answers it: a row for each slot, a column for each band."""
        heads = [
            {"name": each.name, "unit": self.unit, "low": each.low, "high": each.high}
            for each in self.bands
        ]
        rows = [[start, *row] for start, row in zip(self.starts, self.values, strict=True)]
        made = _wire(self.form, [_TIME, *heads], rows, self.note)
        return {**made, "name": self.name, "slotMs": self.slot_ms, "bandUnit": self.band_unit}


Drawing = Table | Lines | Bars | Grid

_TIME: Final = {"name": "Time", "unit": "epoch ms"}


def cleaned(drawing: Any) -> Drawing:
    """A drawing of plain finite values within the bounds of this module.

    Raises:
        UndrawableError: it is no drawing, or what is wrong with it.
    """
    if type(drawing) not in (Table, Lines, Bars, Grid):
        raise UndrawableError(
            f"it answered a {type(drawing).__name__}, not Table, Lines, Bars or Grid"
        )
    try:
        return drawing.cleaned()  # type: ignore[no-any-return]
    except (TypeError, AttributeError) as error:
        raise UndrawableError(f"its {drawing.form} is malformed ({error})") from error


def _wire(form: str, columns: Sequence[Json], rows: Sequence[Sequence[Cell]], note: str) -> Json:
    return {"form": form, "columns": list(columns), "rows": list(rows), "note": note}


def _few(given: Sequence[Any], most: int, what: str) -> list[Any]:
    if not isinstance(given, list | tuple):
        raise UndrawableError(f"its {what} are no list")
    if len(given) > most:
        raise UndrawableError(f"it has {len(given)} {what}, at most {most} can be shown")
    return list(given)


def _require_few_cells(count: int) -> None:
    if count > MOST_CELLS:
        raise UndrawableError(f"it has {count} cells, at most {MOST_CELLS} can be shown")


def _require_ascending(places: Sequence[float]) -> None:
    if any(later <= earlier for earlier, later in pairwise(places)):
        raise UndrawableError("its times are not in order")


def _row(row: Sequence[Any], width: int) -> tuple[Cell, ...]:
    cells = _few(row, MOST_COLUMNS, "cells of a row")
    if len(cells) != width:
        raise UndrawableError(f"a row has {len(cells)} cells, its table {width} columns")
    return tuple(_cell(each) for each in cells)


def _cell(value: Any) -> Cell:
    if value is None:
        return None
    return _text(value) if isinstance(value, str) else _number(value)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise UndrawableError(f"a {type(value).__name__} stands where a number belongs")
    plain = int(value) if isinstance(value, numbers.Integral) else float(value)
    if abs(plain) > _GREATEST or not math.isfinite(plain):
        kind = (
            "not finite" if isinstance(plain, float) and not math.isfinite(plain) else "too great"
        )
        raise UndrawableError(f"a number is {kind}")
    return plain


def _text(value: Any) -> str:
    return _cut(value, LONGEST_TEXT)


def _note(value: Any) -> str:
    return _cut(value, LONGEST_NOTE)


def _cut(value: Any, longest: int) -> str:
    if not isinstance(value, str):
        raise UndrawableError(f"a {type(value).__name__} stands where a text belongs")
    plain = "".join(sign if sign.isprintable() else " " for sign in value[: longest + 1])
    return plain if len(plain) <= longest else f"{plain[: longest - 1]}…"
