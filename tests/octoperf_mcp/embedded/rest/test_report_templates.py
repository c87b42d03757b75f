"""Report templates over HTTP: the layout of one report for others of its workspace."""

import copy
from typing import Any

import pytest

from octoperf_mcp.embedded.metrics.default_report import default_report
from octoperf_mcp.embedded.platform import Platform
from tests.octoperf_mcp.embedded.rest.conftest import Home, Rest

TEMPLATES = "/analysis/bench-report-templates"
REPORTS = "/analysis/bench-reports"


async def kept(platform: Platform, home: Home, run: str, **changed: Any) -> dict[str, Any]:
    body = default_report({"id": run, "designProjectId": home.project_id}, {"name": "Checkout"})
    made = await platform.documents.create(
        "bench_report",
        {**body, **changed},
        user_id="ada",
        workspace_id=home.workspace_id,
        project_id=home.project_id,
    )
    return made.body


@pytest.fixture
async def report(platform: Platform, home: Home) -> dict[str, Any]:
    return await kept(platform, home, "run1")


async def template(ada: Rest, report: dict[str, Any], **wish: Any) -> dict[str, Any]:
    made: dict[str, Any] = await ada.post(f"{TEMPLATES}/extract/{report['id']}", wish)
    return made


async def test_a_template_is_made_listed_changed_and_deleted(
    ada: Rest, home: Home, report: dict[str, Any]
) -> None:
    made = await template(ada, report, name="Nightly", description="Short")
    assert (made["name"], made["description"]) == ("Nightly", "Short")
    assert made["workspaceId"] == home.workspace_id
    assert "projectId" not in made
    assert len(made["items"]) == len(report["items"])
    assert await ada.get(f"{TEMPLATES}/by-workspace/{home.workspace_id}") == [made]
    path = f"{TEMPLATES}/{made['id']}"
    changed = await ada.put(path, {**made, "items": made["items"][:2], "workspaceId": "other"})
    assert (len(changed["items"]), changed["workspaceId"]) == (2, home.workspace_id)
    broken = {**made, "items": [{"@type": "GaugeReportItem", "id": "i"}]}
    assert (await ada.put(path, broken, status=400))["pointer"] == "/items/0/@type"
    await ada.delete(path)
    await ada.get(path, status=404)


async def test_a_template_names_no_run_and_what_only_one_run_has_is_left_out(
    ada: Rest, platform: Platform, home: Home
) -> None:
    """Source: skill bench-reports of octoperf-claude-plugins (filters on injectorId, region)."""
    body = default_report({"id": "run1", "designProjectId": home.project_id}, {"name": "C"})
    items = copy.deepcopy(body["items"])
    place = {"@type": "SingleTermFilter", "field": "region", "term": "local"}
    single, double = items[1], items[3]
    for metric in single["metrics"]:
        metric["filters"] = [place]
    double["metrics"][0]["filters"] = [{**place, "field": "injectorId"}]
    made = await template(ada, await kept(platform, home, "run1", items=items), name="T")
    assert "run1" not in str(made["items"])
    assert len(made["items"]) == len(items) - 1
    kinds = {each["name"]: each for each in made["items"]}
    assert single["name"] not in kinds
    assert len(kinds[double["name"]]["metrics"]) == len(double["metrics"]) - 1


async def test_a_report_takes_the_items_of_a_template_for_its_own_run(
    ada: Rest, platform: Platform, home: Home, report: dict[str, Any]
) -> None:
    made = await template(ada, report, name="T")
    await ada.put(f"{TEMPLATES}/{made['id']}", {**made, "items": made["items"][:3]})
    other = await kept(platform, home, "run2", items=[], tags=["kept"])
    path = f"{REPORTS}/apply-template/{other['id']}/{made['id']}"
    changed = await ada.post(path, {}, status=200)
    assert (changed["id"], changed["tags"]) == (other["id"], ["kept"])
    runs = [item.get("benchResultId") for item in changed["items"]]
    assert runs == ["run2", None, "run2"]
    assert {each["benchResultId"] for each in changed["items"][1]["metrics"]} == {"run2"}
    assert not {item["id"] for item in changed["items"]} & {item["id"] for item in made["items"]}
    assert await ada.get(f"{REPORTS}/{other['id']}") == changed


async def test_templates_are_for_reports_of_one_run(
    ada: Rest, platform: Platform, home: Home, report: dict[str, Any]
) -> None:
    several = await kept(platform, home, "run1", benchResultIds=["run1", "run2"])
    await ada.post(f"{TEMPLATES}/extract/{several['id']}", {"name": "T"}, status=400)
    made = await template(ada, report, name="T")
    path = f"{REPORTS}/apply-template/{several['id']}/{made['id']}"
    await ada.post(path, {}, status=400)


async def test_a_template_stays_in_its_workspace(
    ada: Rest, eve: Rest, platform: Platform, report: dict[str, Any], home: Home
) -> None:
    made = await template(ada, report, name="T")
    await eve.get(f"{TEMPLATES}/{made['id']}", status=404)
    await eve.get(f"{TEMPLATES}/by-workspace/{home.workspace_id}", status=404)
    await eve.post(f"{TEMPLATES}/extract/{report['id']}", {"name": "T"}, status=404)
    second = await ada.post("/workspaces", {"name": "Second"})
    project = await ada.post("/design/projects", {"name": "P", "workspaceId": second["id"]})
    body = {**report, "projectId": project["id"], "benchResultIds": ["run9"], "items": []}
    other = await platform.documents.create(
        "bench_report", body, user_id="ada", workspace_id=second["id"], project_id=project["id"]
    )
    path = f"{REPORTS}/apply-template/{other.id}/{made['id']}"
    refused = await ada.post(path, {}, status=400)
    assert "another workspace" in refused["message"]
