"""A run of some requests with a report of every type of item, over REST."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from octoperf_mcp.embedded.metrics.default_report import default_report
from octoperf_mcp.embedded.metrics.recorder import Recorder
from octoperf_mcp.embedded.metrics.sample import Sample
from octoperf_mcp.embedded.metrics.spool import read_lines
from octoperf_mcp.embedded.platform import Platform
from octoperf_mcp.embedded.printing import task
from tests.octoperf_mcp.embedded.rest.conftest import ada, client, eve, home, platform

__all__ = ["ada", "client", "eve", "home", "platform"]

START_S = 1_700_000_000
LENGTH_S = 40


@pytest.fixture
async def report(platform: Platform, home: Any, tmp_path: Path) -> dict[str, Any]:
    """The default report, and what it lacks; named with signs that HTML and files bear not."""
    task.register(platform)
    where = {"user_id": "ada", "workspace_id": home.workspace_id, "project_id": home.project_id}
    run = await platform.documents.create(
        "bench_result",
        {"state": "FINISHED", "created": START_S * 1000, "designProjectId": home.project_id},
        **where,
    )
    await _measure(platform, run.id, tmp_path / "gen1.jsonl")
    body = default_report(run.body, {"name": "Nightly <b>&</b> slow"})
    body["items"] += _lacking(run.id)
    return (await platform.documents.create("bench_report", body, **where)).body


async def _measure(platform: Platform, run_id: str, spool: Path) -> None:
    clock_ms = START_S * 1000
    writer = Recorder(run_id, "gen1", "local", spool, None, clock=lambda: clock_ms)
    for number in range(LENGTH_S):
        clock_ms = (START_S + number) * 1000
        writer.gauge({0: min(number + 1, 10)}, 1.0, 20.0)
        for action in range(3):
            failed = number % 9 == 8
            elapsed_us = 40_000 * (action + 1) + 3_000 * (number % 7)
            writer.add(
                Sample(f"a{action}", "vu1", 0, "Hit", clock_ms - elapsed_us // 1000, elapsed_us,
                       elapsed_us // 2, 0, 100, 1000, "500" if failed else "200", "GET",
                       "text/html", "http://shop.test/", not failed)
            )  # fmt: skip
    writer.close()
    lines = read_lines(spool)
    await asyncio.gather(*(platform.metrics.ingest(run_id, line.data) for line in lines))


def _lacking(run_id: str) -> list[dict[str, Any]]:
    def metrics(*names: str) -> dict[str, Any]:
        given = {"type": "BASIC", "benchResultId": run_id, "filters": []}
        return {"metrics": [{"id": name, **given} for name in names]}

    items = {
        "TextReportItem": {"description": "Words of a person."},
        "StackedChartReportItem": metrics("HTTP_RESPONSE_CODES"),
        "AreaRangeChartReportItem": metrics("RESPONSE_TIME_AVG", "RESPONSE_TIME_AVG"),
        "TextualMonitorReportItem": {"benchResultId": run_id},
        "MonitorsTableReportItem": {"benchResultId": run_id},
        "BarChartReportItem": metrics("RESPONSE_TIME_MAX"),
        "LoadGeneratorsTreeReportItem": {"benchResultId": run_id},
    }
    return [
        {"@type": kind, "id": kind, "name": f"Own {kind}", **own} for kind, own in items.items()
    ]
