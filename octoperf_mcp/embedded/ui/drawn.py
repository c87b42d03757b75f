"""What an item of a report looks like on a page, and how its figures are written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from octoperf_mcp.embedded.metrics.items import Asked, Item
from octoperf_mcp.embedded.metrics.metric_ids import (
    CATEGORIES,
    GAUGES,
    METRICS,
    TIME_UNIT,
    USERLOAD,
)
from octoperf_mcp.embedded.metrics.reading import Limits, RunView
from octoperf_mcp.embedded.ui.cells import Cells
from octoperf_mcp.embedded.ui.chart_data import Curves
from octoperf_mcp.embedded.ui.rendering import figure, when
from octoperf_mcp.embedded.ui.svg import Series, short
from octoperf_mcp.entities.steps import split_step
from octoperf_mcp.entities.trees import RESOURCES

_MS = 1000.0
_NAVIGATIONS = {"domcontentloaded": "page readable", "load": "page loaded"}
"""Events of a browser, as people say them."""

Views = Mapping[str, RunView]


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure of a summary."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture; `curves` where a script can draw it live, `split` where the legend is beside.

    `cells` where it is a heat map, which a script reads out.
    """

    picture: Markup
    legend: Sequence[str] = ()
    split: bool = False
    curves: Curves | None = None
    cells: Cells | None = None


@dataclass(slots=True)
class Drawn:
    """One item, ready for the template; what is empty is not shown."""

    id: str
    title: str
    half: bool = False
    tiles: list[Tile] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)
    columns: Sequence[str] = ()
    rows: list[list[str]] = field(default_factory=list)
    depths: Sequence[int] = ()
    """How far each row is set in; none where rows are no tree."""
    words: bool = False
    empty: str = ""
    text: str = ""
    words_of_people: Markup | None = None
    """Rendered Markdown."""


@dataclass(frozen=True, slots=True)
class Source:
    """What an item is drawn from: its runs, the part of them that the report shows, most rows."""

    views: Views
    item: Item
    limits: Limits
    most: int

    @property
    def view(self) -> RunView:
        """The run of an item that is about a single one."""
        return self.views[self.item.bench_result_id]


def tabulate(
    drawn: Drawn,
    columns: Sequence[str],
    rows: Sequence[list[str]],
    *,
    most: int,
    empty: str,
    words: bool = True,
) -> None:
    """Put a table into an item, and say when it is cut.

    Args:
        drawn: The item.
        columns: Heads.
        rows: All rows.
        most: How many are shown.
        empty: What is said where there is none.
        words: Whether the columns after the first hold words, not figures.
    """
    drawn.words = words
    drawn.columns, drawn.empty = columns, empty
    drawn.rows = list(rows[:most])
    if len(rows) > most:
        drawn.text = f"The first {most} of {len(rows)} rows."


def why_empty(source: Source) -> str:
    """What is said where an item has nothing to draw."""
    limits, view = source.limits, source.view
    if not view.series:
        return "The run ended without a sample." if view.sealed else "No sample yet."
    if limits.from_ms is not None or limits.to_ms is not None:
        start, end = when(limits.from_ms) or "the start", when(limits.to_ms) or "the end"
        return f"Nothing was measured from {start} to {end}, the time range of this report."
    if any(each.selection.terms for each in source.item.metrics):
        return "Nothing that was measured passes the filters of this item."
    return "Nothing was measured for this item."


def legend_of(curve: Series) -> str:
    """Name of a curve and the most it reaches."""
    if not curve.points:
        return f"{curve.name} (nothing measured)"
    highest = max(value for _, value in curve.points)
    return f"{curve.name} (up to {figure(highest, curve.unit)})"


def name_of(asked: Asked) -> str:
    """`RESPONSE_TIME_PERCENTILE_95` → `Response time p95`."""
    if asked.metric_id == USERLOAD:
        return "Users"
    text = asked.metric_id.replace("_PERCENTILE_", " p").replace("_", " ")
    return text.capitalize()


def shown(asked: Asked, value: float | None) -> str:
    """A value of a metric with its unit; times in milliseconds; a dash where there is none."""
    if value is None:
        return "–"  # noqa: RUF001 - a dash, as in print
    factor, unit = scale(asked)
    return figure(value * factor, unit)


def plain(asked: Asked, value: float | None) -> str:
    """The same without the unit, for a table whose head has it."""
    return shown(asked, value) if value is None else short(value * scale(asked)[0])


def with_unit(name: str, asked: Asked) -> str:
    """Head of a column, with the unit of its figures."""
    unit = scale(asked)[1]
    return f"{name} ({unit})" if unit else name


def scale(asked: Asked) -> tuple[float, str]:
    """What a metric's values are multiplied by to be shown, and the unit they then have."""
    unit = _unit(asked.metric_id)
    return (_MS, "ms") if unit == TIME_UNIT else (1.0, unit)


def _unit(metric_id: str) -> str:
    if metric_id in METRICS:
        return METRICS[metric_id].unit
    return CATEGORIES[metric_id].unit if metric_id in CATEGORIES else GAUGES[metric_id]


def action_of(row: Mapping[str, Any]) -> str:
    """What people read as the name of a row: its action, what a page loaded, a step of a script."""
    action_id = str(row.get("actionId") or "")
    name = str(row.get("actionName") or "")
    if action_id.endswith(RESOURCES):
        return f"Resources of {(name or action_id).removesuffix(RESOURCES)}"
    owner, label, kind = split_step(action_id)
    if label is None:
        return name or action_id
    named = name.removesuffix(f" / {label}") or owner
    said = _NAVIGATIONS.get(label, label) if kind == "NAVIGATION" else label
    return f"{named} / {f'requests to {said}' if kind == 'NETWORK' else said}"
