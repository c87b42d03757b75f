"""The chart of a run in the chat: an MCP App, a picture, or a compact table."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from octoperf_analysis import rest
from octoperf_analysis.app import URI, shows_apps
from octoperf_analysis.curves import Drawn, drawn
from octoperf_analysis.formats import Cell, as_text
from octoperf_analysis.items import page_of_run
from octoperf_analysis.payloads import MetricHead, Number
from octoperf_analysis.pictures import png_of
from octoperf_analysis.units import unit_of
from octoperf_mcp import Illustrated, ToolContext, image_block, known_id, payload, tool
from octoperf_mcp.entities.runs import is_over

_MOST_POINTS: Final = 240
_HIT: Final = {"@type": "SingleTermFilter", "field": "subSampleType", "term": "Hit"}
_CURVES: Final = {
    "RESPONSE_TIME_AVG": "Response time avg",
    "RESPONSE_TIME_PERCENTILE_95": "Response time p95",
    "HITS_RATE": "Hits",
    "USERLOAD": "Users",
    "ERRORS_RATE": "Errors",
}
_POLL_S: Final = 5
_SECOND_MS: Final = 1000


@payload
class CurveHead:
    """One curve and its extremes; `at` is in seconds since the start."""

    name: str
    unit: str
    least: Number | None = None
    greatest: Number | None = None
    greatest_at_sec: Number | None = None
    last: Number | None = None


@payload
class ChartSeries:
    """One curve as the app draws it; `times` in epoch ms."""

    name: str
    unit: str
    times: list[Number]
    values: list[Number]


@payload
class RunChart:
    """Curves over the whole run; `table` has one row a stretch, in seconds since its start."""

    bench_result_id: str
    name: str
    state: str
    finished: bool
    curves: list[CurveHead]
    table: str
    chart: list[ChartSeries] | None = None
    next_poll_sec: int | None = None
    url: str


@tool(title="Show the chart of a run", read_only=True, app=URI)
async def show_run_chart(
    ctx: ToolContext,
    bench_result_id: str,
    format_: Literal["auto", "png"] = "auto",
    max_rows: Annotated[int, Field(ge=4, le=100)] = 16,
) -> Illustrated[RunChart]:
    """Show response times, hits, users and errors of a run over time, also while it goes on.

    auto: a host that declares MCP Apps draws a live chart; others get a compact table. png adds a
    picture: ask for it where images are shown, which no client declares.

    Args:
        bench_result_id: Run, from run_scenario or list_bench_results_by_project.
        format_: auto goes by what the client declared; png adds an image.
        max_rows: Rows of the table.
    """
    listed_by = "list_bench_results_by_project"
    with known_id("benchResultId", bench_result_id, listed_by=listed_by):
        run = await ctx.rest(rest.GET_BENCH_RESULT, id=bench_result_id)
    found = await ctx.rest(rest.LINE, body=_item(bench_result_id))
    curves = [
        drawn(points, _head(metric, bench_result_id), _MOST_POINTS, name)
        for (metric, name), points in zip(_CURVES.items(), found, strict=True)
    ]
    units = [unit_of(metric).name for metric in _CURVES]
    data = _data(curves, units)
    finished = is_over(run["state"])
    chart = RunChart(
        bench_result_id=bench_result_id,
        name=str(run.get("name") or "Run"),
        state=run["state"],
        finished=finished,
        curves=[_curve(each, unit) for each, unit in zip(curves, units, strict=True)],
        table=_table(curves, units, max_rows),
        chart=data if shows_apps(ctx) else None,
        next_poll_sec=None if finished else _POLL_S,
        url=await page_of_run(ctx, run),
    )
    if format_ != "png":
        return Illustrated(chart)
    png = await png_of(_drawing(chart, data))
    return Illustrated(chart, (image_block(png, "image/png"),))


def _item(run_id: str) -> dict[str, Any]:
    metrics = [
        {
            "id": metric,
            "type": "LOAD" if metric == "USERLOAD" else "BASIC",
            "benchResultId": run_id,
            "filters": [] if metric == "USERLOAD" else [_HIT],
            "configs": [],
        }
        for metric in _CURVES
    ]
    return {"@type": "LineChartReportItem", "id": "run", "name": "Run", "metrics": metrics}


def _head(metric: str, run_id: str) -> MetricHead:
    return MetricHead(metric=metric, unit=unit_of(metric).name, bench_result_id=run_id)


def _data(curves: Sequence[Drawn], units: Sequence[str]) -> list[ChartSeries]:
    return [
        ChartSeries(
            name=each.title,
            unit=unit,
            times=[x for x, _ in each.shown],
            values=[y for _, y in each.shown],
        )
        for each, unit in zip(curves, units, strict=True)
    ]


def _curve(each: Drawn, unit: str) -> CurveHead:
    if not each.points:
        return CurveHead(name=each.title, unit=unit)
    greatest = max(each.points, key=lambda point: point[1])
    return CurveHead(
        name=each.title,
        unit=unit,
        least=min(y for _, y in each.points),
        greatest=greatest[1],
        greatest_at_sec=(greatest[0] - each.points[0][0]) / _SECOND_MS,
        last=each.points[-1][1],
    )


def _table(curves: Sequence[Drawn], units: Sequence[str], rows: int) -> str:
    """The greatest value of each curve in each stretch: no peak is lost."""
    times = sorted({x for each in curves for x, _ in each.points})
    stretches = [
        times[number * len(times) // rows : (number + 1) * len(times) // rows]
        for number in range(rows)
    ]
    known = [dict(each.points) for each in curves]
    lines: list[list[Cell]] = [
        [
            round((stretch[0] - times[0]) / _SECOND_MS, 1),
            *(max((values[x] for x in stretch if x in values), default=None) for values in known),
        ]
        for stretch in stretches
        if stretch
    ]
    heads = [f"{each.title} ({unit})" for each, unit in zip(curves, units, strict=True)]
    return as_text("markdown", ["from s", *heads], lines)


def _drawing(chart: RunChart, data: Sequence[ChartSeries]) -> dict[str, Any]:
    times = sorted({x for each in data for x in each.times})
    known = [dict(zip(each.times, each.values, strict=True)) for each in data]
    return {
        "title": chart.name,
        "subtitle": chart.state,
        "x": [time / _SECOND_MS for time in times],
        "series": [
            {"name": each.name, "unit": each.unit, "values": [values.get(x) for x in times]}
            for each, values in zip(data, known, strict=True)
        ],
    }
