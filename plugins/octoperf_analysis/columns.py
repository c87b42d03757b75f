"""Rows of figures: what tables, trees and their texts share."""

from collections.abc import Sequence
from typing import Any

from octoperf_analysis.formats import Cell, as_text
from octoperf_analysis.items import aligned
from octoperf_analysis.payloads import Figure, MetricHead, TableEntry
from octoperf_analysis.units import figure, unit_of


def figures_of(columns: Sequence[MetricHead], values: Sequence[Any]) -> list[Figure]:
    """Figures of one row, each with its unit.

    Raises:
        UnavailableError: there are more or fewer values than columns.
    """
    return [
        Figure(value=figure(value, unit_of(column.metric)), unit=column.unit)
        for column, value in aligned(columns, values)
    ]


def rows_as_text(kind: str, columns: Sequence[MetricHead], entries: Sequence[TableEntry]) -> str:
    """Rows as CSV or Markdown, units in the header."""
    rows: list[list[Cell]] = [
        [
            entry.virtual_user_name,
            entry.action_name,
            entry.action_id,
            *(value.value for value in entry.values),
        ]
        for entry in entries
    ]
    return as_text(kind, ["virtualUser", "action", "actionId", *map(title_of, columns)], rows)


def title_of(metric: MetricHead) -> str:
    """Metric, unit and what it is limited to, as a column's header."""
    more = [*(metric.filters or []), metric.bench_result_id or ""]
    scope = " ".join(part for part in more if part)
    return f"{metric.metric} ({metric.unit}){' ' + scope if scope else ''}"
