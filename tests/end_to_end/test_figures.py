"""Figures of a real run, computed once more by pandas from the raw samples that it left.

Counts, bytes and sums are equal; least and greatest times are equal as far as the raw samples tell,
which have whole milliseconds; percentiles are within 1 % besides.
"""

from __future__ import annotations

import asyncio
import io
import math
from dataclasses import dataclass
from typing import Any

import aiohttp
import pandas as pd
import pytest

from octoperf_mcp.cli.agent import connected
from octoperf_mcp.cli.sign_in import FormSignIn
from octoperf_mcp.demo.shop import start_shop
from tests.end_to_end.conftest import PASSWORD, Server
from tests.end_to_end.every_tool import _recorded, _until_finished

COLUMNS = (
    "HITS_TOTAL",
    "HITS_SUCCESSFUL_TOTAL",
    "ERRORS_TOTAL",
    "ERRORS_PERCENT",
    "THROUGHPUT_TOTAL",
    "SENT_BYTES_TOTAL",
    "SENT_BYTES_MIN",
    "SENT_BYTES_MAX",
    "RESPONSE_TIME_MIN",
    "RESPONSE_TIME_MAX",
    "RESPONSE_TIME_AVG",
    "LATENCY_MIN",
    "LATENCY_MAX",
    "LATENCY_AVG",
    "CONNECT_TIME_MAX",
    "RESPONSE_TIME_MEDIAN",
    "RESPONSE_TIME_PERCENTILE_90",
    "RESPONSE_TIME_PERCENTILE_95",
    "RESPONSE_TIME_PERCENTILE_99",
)
EXACT = COLUMNS[:8]
HALF_MS = 0.501
"""The raw samples are rounded to milliseconds, figures to a thousandth of one."""


@dataclass
class Played:
    """What the tools answer about a run, by item, and its raw samples without containers."""

    summary: dict[str, float]
    table: dict[str, dict[str, float]]
    codes: dict[str, float]
    slowest: list[str]
    hits_by_second: float
    errors: list[dict[str, Any]]
    samples: pd.DataFrame


def expected(samples: pd.DataFrame) -> dict[str, float]:
    times = samples["elapsed"].sort_values()
    failed = int((samples["success"] == "false").sum())

    def ranked(percent: float) -> float:
        return float(times.iloc[math.ceil(percent / 100 * len(times)) - 1])

    return {
        "HITS_TOTAL": len(samples),
        "HITS_SUCCESSFUL_TOTAL": len(samples) - failed,
        "ERRORS_TOTAL": failed,
        "ERRORS_PERCENT": round(100 * failed / len(samples), 3),
        "THROUGHPUT_TOTAL": int(samples["bytes"].sum()),
        "SENT_BYTES_TOTAL": int(samples["sentBytes"].sum()),
        "SENT_BYTES_MIN": int(samples["sentBytes"].min()),
        "SENT_BYTES_MAX": int(samples["sentBytes"].max()),
        "RESPONSE_TIME_MIN": float(times.min()),
        "RESPONSE_TIME_MAX": float(times.max()),
        "RESPONSE_TIME_AVG": float(times.mean()),
        "LATENCY_MIN": float(samples["Latency"].min()),
        "LATENCY_MAX": float(samples["Latency"].max()),
        "LATENCY_AVG": float(samples["Latency"].mean()),
        "CONNECT_TIME_MAX": float(samples["Connect"].max()),
        "RESPONSE_TIME_MEDIAN": ranked(50),
        "RESPONSE_TIME_PERCENTILE_90": ranked(90),
        "RESPONSE_TIME_PERCENTILE_95": ranked(95),
        "RESPONSE_TIME_PERCENTILE_99": ranked(99),
    }


def assert_equal(found: dict[str, float], samples: pd.DataFrame) -> None:
    for name, value in expected(samples).items():
        if name in EXACT:
            assert found[name] == value, name
        else:
            share = 0.01 if "MEDIAN" in name or "PERCENTILE" in name else 0
            assert abs(found[name] - value) <= HALF_MS + share * value, name


@pytest.fixture(scope="module")
def played(server: Server) -> Played:
    return asyncio.run(_played(server))


async def _played(server: Server) -> Played:
    shop = await start_shop()
    try:
        async with connected(server.url, FormSignIn("demo", PASSWORD)) as agent:
            known = await _recorded(agent, shop.url)
            scenario = await agent.call(
                "create_scenario_ramp_up",
                {
                    "scenarioName": "Figures",
                    "projectId": known["projectId"],
                    "virtualUserIds": [known["virtualUserId"]],
                    "providerId": known["providerId"],
                    "locations": [known["location"]],
                    "users": 8,
                    "rampUpSec": 1,
                    "holdForSec": 5,
                },
            )
            run = await agent.call("run_scenario", {"scenarioId": scenario["id"]})
            (run_id,) = run["benchResultIds"]
            await _until_finished(agent, "get_bench_result", {"benchResultId": run_id})
            return await _read(agent, run["benchReportId"], run_id)
    finally:
        await shop.close()


async def _read(agent: Any, report_id: str, run_id: str) -> Played:
    hit = {"@type": "SingleTermFilter", "field": "subSampleType", "term": "Hit"}
    given = {"type": "BASIC", "benchResultId": run_id, "filters": [hit]}
    metrics = [{"id": name, **given} for name in COLUMNS]
    own = [
        {"@type": "SummaryReportItem", "id": "summary", "name": "All", "metrics": metrics},
        {"@type": "StatisticTableReportItem", "id": "table", "name": "All", "metrics": metrics},
        {
            "@type": "LineChartReportItem",
            "id": "line",
            "name": "Hits",
            "metrics": [{"id": "HITS_TOTAL", **given}],
        },
    ]
    patch = [{"op": "add", "path": "/items/-", "value": each} for each in own]
    await agent.call("patch_bench_report", {"reportId": report_id, "patch": patch})
    report = await agent.call("get_bench_report", {"reportId": report_id})
    ids = {row["type"]: row["itemId"] for row in reversed(report["readWith"])}

    async def values(tool: str, item: str, **more: Any) -> Any:
        return await agent.call(tool, {"reportId": report_id, "itemId": item, **more})

    summary = await values("get_report_summary_values", "summary")
    table = await values("get_report_table_values", "table")
    pie = await values("get_report_pie_values", ids["PieChartReportItem"])
    top = await values("get_report_top_values", ids["TopReportItem"])
    line = await values("get_report_line_chart_values", "line", maxPoints=5000)
    errors = await values("get_report_errors", ids["ErrorsReportItem"], limit=500)
    assert not summary["item"]["partial"]
    return Played(
        {row["metric"]: row.get("value") for row in summary["values"]},
        {
            entry["actionId"]: {
                head["metric"]: cell.get("value")
                for head, cell in zip(table["columns"], entry["values"], strict=True)
            }
            for entry in table["entries"]
        },
        {each["label"]: each["value"] for each in pie["pies"][0]["slices"]},
        [each["actionId"] for each in top["actions"]],
        sum(point["y"] for point in line["series"][0]["points"]),
        errors["errors"],
        await _samples(agent, run_id),
    )


async def _samples(agent: Any, run_id: str) -> pd.DataFrame:
    listed = await agent.call("list_bench_result_files", {"benchResultId": run_id})
    names = [row["filename"] for row in listed["files"] if ".jtl" in row["filename"]]
    frames = []
    async with aiohttp.ClientSession() as http:
        for name in names:
            which = {"benchResultId": run_id, "filename": name}
            ticket = await agent.call("download_bench_result_file", which)
            async with http.get(ticket["url"]) as answer:
                raw = io.BytesIO(await answer.read())
            texts = {"success": str, "responseCode": str}
            frames.append(pd.read_csv(raw, compression="gzip", keep_default_na=False, dtype=texts))
    samples = pd.concat(frames, ignore_index=True)
    return samples[samples["URL"] != "null"]


async def test_there_is_something_to_compare(played: Played) -> None:
    assert len(played.samples) > 100
    assert played.samples["label"].nunique() > 3


async def test_the_summary_equals_the_raw_samples(played: Played) -> None:
    assert_equal(played.summary, played.samples)


async def test_each_row_of_the_table_equals_the_raw_samples_of_its_action(
    played: Played,
) -> None:
    by_action = dict(iter(played.samples.groupby("label")))
    assert set(played.table) == set(by_action)
    for action, row in played.table.items():
        assert_equal(row, by_action[action])


async def test_the_slices_of_a_pie_equal_the_raw_samples(played: Played) -> None:
    assert played.codes == played.samples["responseCode"].value_counts().to_dict()


async def test_a_curve_of_hits_adds_up_to_the_raw_samples(played: Played) -> None:
    assert played.hits_by_second == len(played.samples)


async def test_the_top_list_begins_with_the_slowest_action(played: Played) -> None:
    averages = played.samples.groupby("label")["elapsed"].mean()
    first = averages[played.slowest[0]]
    assert first >= averages.max() - 2 * HALF_MS
    assert len(played.slowest) == min(10, len(averages))


async def test_each_error_is_a_failed_raw_sample(played: Played) -> None:
    failed = played.samples[played.samples["success"] == "false"]
    known = set(zip(failed["label"], failed["timeStamp"], failed["responseCode"], strict=True))
    rows = {(row["actionId"], row["timestamp"], row["responseCode"]) for row in played.errors}
    assert rows <= known
    assert bool(rows) == bool(known)
