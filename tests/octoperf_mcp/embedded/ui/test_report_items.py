"""Every type of report item on the page of its report."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from octoperf_mcp.embedded.metrics.recorder import Recorder
from octoperf_mcp.embedded.metrics.sample import Sample
from octoperf_mcp.embedded.metrics.spool import read_lines
from octoperf_mcp.embedded.metrics.trends import trend_report
from octoperf_mcp.entities.check import check
from octoperf_mcp.entities.extensions import AddedItem, Extensions
from tests.octoperf_mcp.embedded.rest.conftest import platform
from tests.octoperf_mcp.embedded.ui.test_parts import Site, site

__all__ = ["platform", "site"]

START_S = 1_700_000_000


@pytest.fixture
async def show(site: Site, tmp_path: Path) -> Any:
    """Keeps a report over a run of five requests on a busy generator, and shows it."""
    documents = site.platform.documents
    space = await documents.create("workspace", {"name": "w"}, user_id="ada", workspace_id="")
    project = await documents.create("project", {"name": "p"}, user_id="ada", workspace_id=space.id)
    place: dict[str, Any] = {"user_id": "ada", "workspace_id": space.id, "project_id": project.id}

    async def run(name: str) -> str:
        body = {
            "state": "FINISHED",
            "name": name,
            "designProjectId": project.id,
            "userLoad": 7,
            "tags": [],
            "cause": "It ended",
            "caveats": ["Trust no times"],
            "validation": False,
        }
        made = await documents.create("bench_result", body, **place)
        now_ms = START_S * 1000
        spool = tmp_path / f"{made.id}.jsonl"
        writer = Recorder(made.id, "gen1", "eu-west", spool, None, clock=lambda: now_ms)
        for second in range(5):
            now_ms = (START_S + second) * 1000
            writer.gauge({0: 7}, 1.0, 99.0)
            elapsed_us = 100_000 * (second + 1)
            writer.add(
                Sample("a1", "vu1", 0, "Hit", now_ms - elapsed_us // 1000, elapsed_us, 50_000,
                       0, 10, 100, "200", "GET", "text/html", "http://shop.test/", ok=True)
            )  # fmt: skip
        writer.close()
        for line in read_lines(spool):
            await site.platform.metrics.ingest(made.id, line.data)
        return made.id

    async def make(items: Any, added: dict[str, AddedItem] | None = None) -> str:
        """`items` of one run, or None: a trend of two; `added` are types of plugins."""
        site.platform.extensions = Extensions(items=added or {})
        first = await run("First")
        if items is None:
            await run("Second")
            body = (await documents.get("bench_result", first, user_id="ada")).body
            search = {"@type": "TrendReportNameSelector", "search": "Second", "matchType": "EQUALS"}
            report = trend_report(body, {"selectors": [search]})
        else:
            report = {
                "projectId": project.id,
                "name": "R",
                "benchResultIds": [first],
                "configs": [],
                "items": items(first),
            }
            if not added:
                check("bench_report", report)
        kept = await documents.create("bench_report", report, **place)
        site.path = f"/ui/workspace/{space.id}/project/{project.id}/analysis/report/{kept.id}"
        return await site.page("")

    return make


def metric(run: str, name: str) -> dict[str, Any]:
    return {"id": name, "type": "BASIC", "benchResultId": run, "filters": []}


ITEMS = [
    ("InsightsReportItem", (), {}, "Not enough data: 7 users"),
    ("ThresholdAlarmReportItem", (), {}, "CRITICAL"),
    ("TextualMonitorReportItem", (), {}, "eu-west"),
    ("MonitorsTableReportItem", (), {}, "Timer lag"),
    ("LoadGeneratorsTreeReportItem", (), {}, "eu-west"),
    ("SynopsisReportItem", (), {}, "Users"),
    (
        "AreaRangeChartReportItem",
        ("RESPONSE_TIME_AVG", "RESPONSE_TIME_AVG"),
        {"rangeType": "PERCENTAGE"},
        "Distance to the reference: 47.1",
    ),
    ("StackedChartReportItem", ("HTTP_RESPONSE_CODES",), {}, "200 (up to"),
    ("BarChartReportItem", ("HITS_TOTAL",), {}, "Hits total"),
    ("MonitoringAlarmsReportItem", (), {}, "Critical"),
    ("LoadGeneratorsChartReportItem", (), {}, "99 %"),
    ("SummaryReportItem", ("HITS_TOTAL",), {}, "Hits total 5"),
    ("LineChartReportItem", ("USERLOAD", "RESPONSE_TIME_AVG"), {}, "Users (up to 7 users)"),
    ("PercentilesChartReportItem", ("RESPONSE_TIME_AVG",), {}, "Percentile"),
    ("PieChartReportItem", ("HTTP_RESPONSE_CODES",), {}, "200: 5 (100.0 %)"),
    ("StatisticTableReportItem", ("HITS_TOTAL",), {}, "Action Hits total (hits)"),
    ("StatisticTreeReportItem", ("HITS_TOTAL",), {}, "Action Hits total (hits)"),
    ("TopReportItem", ("RESPONSE_TIME_AVG",), {}, "a1 (up to 500 ms)"),
    ("ErrorsReportItem", (), {}, "No request failed."),
    ("TextReportItem", (), {"description": "# Why\n\n**It** is slow"}, "Why It is slow"),
]
"""Type, metrics, own properties, what the page says; all types but that of a trend's runs."""


@pytest.mark.parametrize(
    ("item_type", "metrics", "own", "says"), ITEMS, ids=[each[0] for each in ITEMS]
)
async def test_an_item_is_drawn(
    show: Any, item_type: str, metrics: Any, own: dict[str, Any], says: str
) -> None:
    def items(run: str) -> list[dict[str, Any]]:
        drawn: dict[str, Any] = {"@type": item_type, "id": "i1", "name": "Here", **own}
        if metrics:
            return [{**drawn, "metrics": [metric(run, name) for name in metrics]}]
        return [{**drawn, "benchResultId": run}]

    page = await show(items)
    assert " Here " in page
    assert says in page


def test_no_type_of_the_schema_is_left_out() -> None:
    types = {each.split("/")[-1] for each in _types()}
    assert types == {each[0] for each in ITEMS} | {"TrendConfigReportItem"}


def _types() -> list[str]:
    text = files("octoperf_public_assets").joinpath("schema/bench-report.json").read_text("utf-8")
    return [each["$ref"] for each in json.loads(text)["$defs"]["BenchReportItem"]["oneOf"]]


async def test_an_item_without_data_says_why(show: Any) -> None:
    def items(run: str) -> list[dict[str, Any]]:
        other = [{"@type": "SingleTermFilter", "field": "responseCode", "term": "404"}]
        curve = {**metric(run, "RESPONSE_TIME_AVG"), "filters": other}
        return [{"@type": "LineChartReportItem", "id": "i1", "name": "Here", "metrics": [curve]}]

    assert "Nothing that was measured passes the filters of this item." in await show(items)


async def test_markup_in_a_text_stays_text(show: Any) -> None:
    def items(_: str) -> list[dict[str, Any]]:
        text = "<img src=x onerror=alert(1)> [here](javascript:alert(1)) ![x](http://evil.test/x)"
        return [{"@type": "TextReportItem", "id": "i1", "name": "Here", "description": text}]

    page = await show(items)
    assert "<img src=x onerror=alert(1)>" in page  # what is a tag is not in the text of a page
    assert "[here](javascript:alert(1))" in page


async def test_a_trend_shows_its_runs_and_their_differences(show: Any) -> None:
    page = await show(None)
    assert "Reference First" in page
    assert "Run 1 Second" in page
    assert "Response time avg, run 1" in page


async def test_a_page_says_why_times_are_not_to_be_trusted(show: Any) -> None:
    page = await show(lambda _: [])
    assert "It ended." in page
    assert "Trust no times." in page
