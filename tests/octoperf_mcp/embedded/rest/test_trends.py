"""Trend reports over HTTP: their runs are found whenever they are read."""

from pathlib import Path
from typing import Any

import pytest

from octoperf_mcp.embedded.metrics.recorder import Recorder
from octoperf_mcp.embedded.metrics.sample import Sample
from octoperf_mcp.embedded.metrics.spool import read_lines
from octoperf_mcp.embedded.platform import Platform

REPORTS = "/analysis/bench-reports"
START_S = 1_700_000_000


@pytest.fixture
def run_of(platform: Platform, home: Any, tmp_path: Path) -> Any:
    """Maker of runs that are over, one request of so many milliseconds for each action."""

    async def make(name: str, times_ms: dict[str, int], **changed: Any) -> str:
        body = {"state": "FINISHED", "name": name, "tags": [], "designProjectId": home.project_id}
        run = await platform.documents.create(
            "bench_result",
            body | changed,
            user_id="ada",
            workspace_id=home.workspace_id,
            project_id=home.project_id,
        )
        spool = tmp_path / f"{run.id}.jsonl"
        writer = Recorder(run.id, "gen1", "local", spool, None, clock=lambda: START_S * 1000)
        for action, elapsed_ms in times_ms.items():
            writer.add(
                Sample(action, "vu1", 0, "Hit", START_S * 1000, elapsed_ms * 1000, 1000, 0, 10,
                       100, "200", "GET", "text/html", "http://shop.test/", ok=True)
            )  # fmt: skip
        writer.close()
        for line in read_lines(spool):
            await platform.metrics.ingest(run.id, line.data)
        return run.id

    return make


def by_tags(*tags: str, **config: Any) -> dict[str, Any]:
    return {"selectors": [{"@type": "TrendReportTagsSelector", "tags": list(tags)}], **config}


def by_name(search: str, how: str) -> dict[str, Any]:
    selector = {"@type": "TrendReportNameSelector", "search": search, "matchType": how}
    return {"selectors": [selector]}


def item_of(report: dict[str, Any], item_type: str, compute_type: str | None = None) -> Any:
    return next(
        item
        for item in report["items"]
        if item["@type"] == item_type and item.get("computeType") == compute_type
    )


def shown(report: dict[str, Any]) -> list[str]:
    """Runs of the bars, in their order."""
    metrics = item_of(report, "BarChartReportItem")["metrics"]
    return list(dict.fromkeys(metric["benchResultId"] for metric in metrics))


async def test_a_run_that_matches_later_joins_by_itself(ada: Any, home: Any, run_of: Any) -> None:
    reference = await run_of("First", {"a1": 100}, tags=["nightly"])
    other = await run_of("Second", {"a1": 150}, tags=["nightly", "eu"])
    await run_of("Third", {"a1": 150}, tags=["eu"])
    made = await ada.post(f"{REPORTS}/create/trend/{reference}", by_tags("nightly"))
    assert (made["type"], made["benchResultIds"]) == ("TREND", [reference])
    assert made["configs"][0]["shownResults"] == 20
    assert shown(made) == [reference, other]
    newer = await run_of("Fourth", {"a1": 90}, tags=["nightly"])
    read = await ada.get(f"{REPORTS}/{made['id']}")
    assert shown(read) == [reference, other, newer]
    assert await ada.get(f"{REPORTS}/by-project/{home.project_id}") == [read]


async def test_a_table_of_differences_subtracts_the_reference(ada: Any, run_of: Any) -> None:
    """Negative is better; a row without samples in one of the two has no difference."""
    reference = await run_of("First", {"a1": 100, "a2": 100}, tags=["t"])
    other = await run_of("Second", {"a1": 150, "a3": 10}, tags=["t"])
    made = await ada.post(f"{REPORTS}/create/trend/{reference}", by_tags("t"))
    item = item_of(made, "StatisticTableReportItem", "DELTA")
    assert {metric["benchResultId"] for metric in item["metrics"]} == {other}
    rows = await ada.post("/analysis/metrics/table", item, status=200)
    averages = {row["actionId"]: row["values"][0]["value"] for row in rows}
    assert averages == {"a1": pytest.approx(0.05), "a3": None}
    plain = item_of(made, "StatisticTableReportItem", "NORMAL")
    rows = await ada.post("/analysis/metrics/table", plain, status=200)
    assert [row["actionId"] for row in rows] == ["a1", "a2"]


async def test_a_trend_that_nothing_matches_shows_its_reference(ada: Any, run_of: Any) -> None:
    reference = await run_of("Alone", {"a1": 100})
    made = await ada.post(f"{REPORTS}/create/trend/{reference}", by_tags("none"))
    assert shown(made) == [reference]
    item = item_of(made, "StatisticTableReportItem", "DELTA")
    (row,) = await ada.post("/analysis/metrics/table", item, status=200)
    assert row["values"][0]["value"] == 0.0


@pytest.mark.parametrize(
    ("search", "how", "found"),
    [
        ("Checkout", "EQUALS", ["Checkout"]),
        ("CHECKOUT", "EQUALS_IGNORECASE", ["Checkout"]),
        ("Check", "STARTS_WITH", ["Checkout", "Check in"]),
        ("out", "ENDS_WITH", ["Checkout"]),
        ("eck", "CONTAINS", ["Checkout", "Check in"]),
        ("ECK", "CONTAINS", []),
    ],
)
async def test_names_are_compared_in_each_way(
    ada: Any, run_of: Any, search: str, how: str, found: list[str]
) -> None:
    ids = {name: await run_of(name, {"a1": 1}) for name in ("Reference", "Checkout", "Check in")}
    reference = ids["Reference"]
    made = await ada.post(f"{REPORTS}/create/trend/{reference}", by_name(search, how))
    assert set(shown(made)) == {reference, *(ids[name] for name in found)}


async def test_runs_are_found_by_their_creation(ada: Any, platform: Any, run_of: Any) -> None:
    first, second = await run_of("A", {"a1": 1}), await run_of("B", {"a1": 1})
    created = (await platform.documents.get("bench_result", second, user_id="ada")).body["created"]
    selector = {"@type": "TrendReportCreationDateSelector", "from": created, "to": None}
    made = await ada.post(f"{REPORTS}/create/trend/{first}", {"selectors": [selector]})
    assert shown(made) == [first, second]
    selector = {"@type": "TrendReportCreationDateSelector", "from": None, "to": 5}
    made = await ada.post(f"{REPORTS}/create/trend/{first}", {"selectors": [selector]})
    assert shown(made) == [first]


async def test_runs_without_figures_to_compare_are_left_out(ada: Any, run_of: Any) -> None:
    reference = await run_of("A", {"a1": 1})
    for changed in ({"state": "ERROR"}, {"state": "RUNNING"}, {"validation": True}):
        await run_of("A", {"a1": 1}, **changed)
    aborted = await run_of("A", {"a1": 1}, state="ABORTED")
    made = await ada.post(f"{REPORTS}/create/trend/{reference}", by_name("A", "EQUALS"))
    assert shown(made) == [reference, aborted]


async def test_a_trend_is_edited_like_any_report_and_goes_on_following(
    ada: Any, run_of: Any
) -> None:
    """What was spread over the runs of one reading is written back, and spread anew."""
    reference = await run_of("A", {"a1": 1})
    made = await ada.post(f"{REPORTS}/create/trend/{reference}", by_name("A", "EQUALS"))
    changed = await ada.put(f"{REPORTS}/{made['id']}", {**made, "name": "Nightly"})
    assert (changed["name"], shown(changed)) == ("Nightly", [reference])
    others = [await run_of("A", {"a1": 1}) for _ in range(3)]
    read = await ada.get(f"{REPORTS}/{made['id']}")
    assert shown(read) == [reference, *others]
    config = {**read["configs"][0], "shownResults": 2}
    changed = await ada.put(f"{REPORTS}/{made['id']}", {**read, "configs": [config]})
    assert shown(changed) == [reference, *others[-2:]]


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({}, "selectors"),
        (by_name("A", "LIKE"), "STARTS_WITH"),
        ({"selectors": [{"@type": "TrendReportColourSelector"}]}, "@type"),
        (by_tags("a", shownResults=26), "25"),
    ],
)
async def test_a_trend_that_cannot_be_is_refused(
    ada: Any, run_of: Any, config: dict[str, Any], says: str
) -> None:
    reference = await run_of("A", {"a1": 1})
    refusal = await ada.post(f"{REPORTS}/create/trend/{reference}", config, status=400)
    assert says in refusal["message"]


async def test_a_validation_and_a_strangers_run_are_no_references(
    ada: Any, eve: Any, run_of: Any
) -> None:
    validation = await run_of("A", {"a1": 1}, validation=True)
    refusal = await ada.post(f"{REPORTS}/create/trend/{validation}", by_tags("a"), status=400)
    assert "validation" in refusal["message"]
    run = await run_of("A", {"a1": 1})
    await eve.post(f"{REPORTS}/create/trend/{run}", by_tags("a"), status=404)


async def test_a_report_is_limited_to_a_part_of_a_run_that_is_over(
    ada: Any, home: Any, platform: Platform, run_of: Any
) -> None:
    going = await run_of("A", {"a1": 1}, state="RUNNING")
    body = {"projectId": home.project_id, "name": "R", "benchResultIds": [going], "items": []}
    made = await platform.documents.create(
        "bench_report",
        body,
        user_id="ada",
        workspace_id=home.workspace_id,
        project_id=home.project_id,
    )
    limited = {**made.body, "timeRange": {"from": 1, "to": 2}}
    refusal = await ada.put(f"{REPORTS}/{made.id}", limited, status=400)
    assert "over" in refusal["message"]
    done = await run_of("A", {"a1": 1})
    changed = await ada.put(f"{REPORTS}/{made.id}", {**limited, "benchResultIds": [done]})
    assert changed["timeRange"] == {"from": 1, "to": 2}
