"""Bench reports over HTTP."""

from typing import Any

import pytest

from octoperf_mcp.embedded.metrics.default_report import default_report
from octoperf_mcp.embedded.platform import Platform

REPORTS = "/analysis/bench-reports"


@pytest.fixture
async def report(platform: Platform, home: Any) -> dict[str, Any]:
    """As the platform makes it when a run starts."""
    body = default_report({"id": "run1", "designProjectId": home.project_id}, {"name": "Checkout"})
    made = await platform.documents.create(
        "bench_report",
        body,
        user_id="ada",
        workspace_id=home.workspace_id,
        project_id=home.project_id,
    )
    return made.body


async def test_a_report_is_read_listed_changed_and_deleted(
    ada: Any, home: Any, report: dict[str, Any]
) -> None:
    path = f"{REPORTS}/{report['id']}"
    assert await ada.get(path) == report
    assert await ada.get(f"{REPORTS}/by-project/{home.project_id}") == [report]
    changed = await ada.put(path, {**report, "name": "Nightly", "fromTheFuture": [1]})
    assert (changed["name"], changed["fromTheFuture"]) == ("Nightly", [1])
    assert changed["items"] == report["items"]
    assert await ada.get(path) == changed
    await ada.delete(path)
    await ada.get(path, status=404)


async def test_an_earlier_version_is_kept_and_a_stale_write_refused(
    ada: Any, report: dict[str, Any]
) -> None:
    path = f"{REPORTS}/{report['id']}"
    await ada.put(path, {**report, "name": "Second"})
    third = {**report, "name": "Third"}
    refusal = await ada.put(path, third, status=412, headers={"If-Match": '"1"'})
    assert refusal["version"] == 2
    kept = await ada.get(f"{REPORTS}/revisions/{report['id']}")
    assert [each["version"] for each in kept] == [2, 1]
    assert await ada.get(f"{REPORTS}/revisions/{report['id']}/1") == report


async def test_a_report_with_an_unknown_item_is_refused_and_the_old_one_kept(
    ada: Any, report: dict[str, Any]
) -> None:
    path = f"{REPORTS}/{report['id']}"
    broken = {**report, "items": [{"@type": "GaugeReportItem", "id": "i"}]}
    refusal = await ada.put(path, broken, status=400)
    assert refusal["pointer"] == "/items/0/@type"
    assert refusal["schema"] == "octoperf://schema/bench-report"
    assert await ada.get(path) == report


async def test_what_a_client_leaves_out_of_a_report_is_filled_in(
    ada: Any, report: dict[str, Any]
) -> None:
    """Mappers of clients omit nulls and empty lists."""
    kept = {key: report[key] for key in ("id", "projectId", "name", "benchResultIds", "items")}
    changed = await ada.put(f"{REPORTS}/{report['id']}", kept)
    assert (changed["description"], changed["configs"], changed["tags"]) == ("", [], [])


async def test_reports_of_another_workspace_do_not_exist(
    ada: Any, eve: Any, home: Any, report: dict[str, Any]
) -> None:
    path = f"{REPORTS}/{report['id']}"
    await eve.get(path, status=404)
    await eve.put(path, report, status=404)
    await eve.json("DELETE", path, status=404)
    await eve.get(f"{REPORTS}/by-project/{home.project_id}", status=404)
    assert await ada.get(path) == report
