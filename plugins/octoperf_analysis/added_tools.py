"""The tool that reads items of types that plugins of the platform add."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from pydantic import Field

from octoperf_analysis import items, rest
from octoperf_analysis.formats import Cell, Format, as_text
from octoperf_analysis.items import choose, page_of, values_of, window
from octoperf_analysis.payloads import AddedItemValues
from octoperf_mcp import ToolContext, tool

_SECOND_MS: Final = 1000
_SLOTS = "from s"


@tool(title="Read an item of a plugin", read_only=True, needs=(rest.ITEM_VALUES,))
async def get_report_item_values(
    ctx: ToolContext,
    *,
    report_id: str,
    item_id: str = "",
    from_: int | None = None,
    to: int | None = None,
    max_slots: Annotated[int, Field(ge=1, le=200)] = 24,
    max_rows: Annotated[int, Field(ge=1, le=59)] = 12,
    format_: Format = "json",
) -> AddedItemValues:
    """Read an item of a type that a plugin adds, such as HeatMapReportItem, as one table.

    form GRID is a heat map: a row for each slot of time, a column for each band of durations that
    has anything, cells in unit. Zoom in with from and to.

    Args:
        report_id: Report, from list_bench_reports_by_project or run_scenario.
        item_id: Item, from readWith of get_bench_report; absent: the first of its kind.
        from_: Start of a time window in epoch ms; absent is the start of the run.
        to: End of the window in epoch ms; absent is the end of the run.
        max_slots: Most slots of time.
        max_rows: Most bands, or rows.
        format_: json answers rows, csv and markdown text.
    """
    query = window(from_, to)
    chosen = await choose(ctx, report_id, item_id, items.ADDED)
    head, found = await values_of(
        ctx, chosen, rest.ITEM_VALUES, max_slots=max_slots, max_rows=max_rows, **query
    )
    found = found or {}
    start_ms, columns, exact = _table(found)
    rows = [[_compact(each) for each in row] for row in exact]
    text = None if format_ == "json" else as_text(format_, columns, rows)
    return AddedItemValues(
        item=head,
        form=str(found.get("form") or "TABLE"),
        unit=_unit(found),
        start_ms=start_ms,
        columns=columns,
        rows=None if text else rows,
        text=text,
        note=found.get("note") or None,
        url=await page_of(ctx, chosen.report),
    )


def _unit(found: Mapping[str, Any]) -> str | None:
    """Of all cells of a grid; elsewhere a column has its own."""
    units = {head.get("unit") for head in found.get("columns", ())[1:]}
    return units.pop() if found.get("form") == "GRID" and len(units) == 1 else None


def _table(found: Mapping[str, Any]) -> tuple[int | None, list[str], list[list[Cell]]]:
    """Epoch milliseconds of the first row over time, heads, and rows; no band that is empty."""
    heads: Sequence[Mapping[str, Any]] = found.get("columns") or []
    rows: Sequence[Sequence[Cell]] = found.get("rows") or []
    form = found.get("form")
    if form not in {"GRID", "LINES"}:
        return None, [_head(each) for each in heads], [list(row) for row in rows]
    kept = [0, *(n for n in range(1, len(heads)) if form == "LINES" or any(r[n] for r in rows))]
    names = [heads[n]["name"] if form == "GRID" else _head(heads[n]) for n in kept[1:]]
    start = float(rows[0][0] or 0) if rows else 0.0
    table = [
        [(float(row[0] or 0) - start) / _SECOND_MS, *(row[n] for n in kept[1:])] for row in rows
    ]
    return (int(start) if rows else None), [_SLOTS, *names], table


def _head(head: Mapping[str, Any]) -> str:
    return f"{head['name']} ({head['unit']})" if head.get("unit") else str(head["name"])


def _compact(value: Cell) -> Cell:
    """A figure with the three digits of other tools, more below 1, and no needless `.0`."""
    if not isinstance(value, float):
        return value
    short = round(value, 3) if abs(value) >= 1 else float(f"{value:.4g}")
    return int(short) if short.is_integer() else short
