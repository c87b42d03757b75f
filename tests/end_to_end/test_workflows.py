"""Workflows of the guide that no skill's test walks through, at the MCP endpoint.

1 (from a recording to a run) is the demo, 2 and 3 (correlation, triage) are in test_skills; here
stand 4 (data from a CSV file) and a start that is previewed and repeated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from octoperf_mcp.cli.agent import Agent
    from tests.end_to_end.conftest import SignedIn

CSV = b"user,colour\nada,red\ngrace,blue\n"


class Shop:
    """A site that remembers who came with which colour."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.seen.append((request.query.get("user", ""), request.query.get("colour", "")))
        return web.Response(text="ok")


@pytest.fixture
async def site() -> AsyncIterator[tuple[Shop, BaseTestServer]]:
    shop, app = Shop(), web.Application()
    app.router.add_get("/buy", shop.answer)
    async with TestServer(app) as server:
        yield shop, server


async def prepared(agent: Agent, server: BaseTestServer) -> dict[str, Any]:
    """Ids of a project with one virtual user that sends fixed values."""
    (workspace,) = (await agent.call("list_workspaces"))["workspaces"]
    place = {"workspaceId": workspace["id"]}
    listed = await agent.call("list_docker_providers_by_workspace", place)
    provider = listed["dockerProviders"][0]
    project = await agent.call("create_project", {**place, "name": "Workflows"})
    address = str(server.make_url("/buy?user=fixed&colour=grey"))
    user = await agent.call(
        "import_urls_virtual_user",
        {"projectId": project["id"], "urls": [address], "name": "Buyer"},
    )
    return {
        "project": {"projectId": project["id"]},
        "user": {"virtualUserId": user["id"]},
        "place": {"providerId": provider["id"], "location": provider["locations"][0]},
    }


async def test_requests_take_their_data_from_a_csv_file(
    signed_in: SignedIn, site: tuple[Shop, BaseTestServer]
) -> None:
    shop, server = site
    async with signed_in() as agent:
        ids = await prepared(agent, server)
        ticket = await agent.call(
            "upload_project_file", {**ids["project"], "filename": "buyers.csv"}
        )
        form = aiohttp.FormData()
        form.add_field("file", CSV, filename="buyers.csv", content_type="text/csv")
        async with aiohttp.ClientSession() as http, http.post(ticket["url"], data=form) as answer:
            assert answer.status in {200, 201}, await answer.text()
        variable = await agent.call(
            "create_csv_variable",
            {
                **ids["project"],
                "name": "buyers",
                "filename": "buyers.csv",
                "names": ["user", "colour"],
                "ignoreFirstLine": True,
            },
        )
        assert variable["url"]
        found = await agent.call("get_virtual_user", ids["user"])
        pointers = list(placed(found["virtualUser"]))
        patch = [
            {"op": "replace", "path": pointer, "value": f"${{{name}}}"}
            for pointer, name in pointers
        ]
        assert {name for _, name in pointers} == {"user", "colour"}
        await agent.call("patch_virtual_user", {**ids["user"], "patch": patch})
        sane = await agent.call("sanity_check_virtual_user", ids["user"])
        assert sane["canValidate"], sane
        which = {**ids["project"], **ids["user"]}
        await agent.call("validate_virtual_user", {**which, **ids["place"], "iterations": 2})
        while not (
            state := await agent.call("get_virtual_user_validation", {**which, "waitSec": 25})
        )["finished"]:
            pass
        assert state["state"] == "FINISHED"
    assert shop.seen == [("ada", "red"), ("grace", "blue")]


def placed(node: Any, pointer: str = "") -> Any:
    """Pointers of the values of query parameters, with their names."""
    if isinstance(node, list):
        for index, inner in enumerate(node):
            yield from placed(inner, f"{pointer}/{index}")
    elif isinstance(node, dict):
        if node.get("name") in {"user", "colour"} and "value" in node:
            yield f"{pointer}/value", node["name"]
        for key, inner in node.items():
            yield from placed(inner, f"{pointer}/{key}")


async def test_a_previewed_run_is_started_once_and_its_report_is_read(
    signed_in: SignedIn, site: tuple[Shop, BaseTestServer]
) -> None:
    shop, server = site
    async with signed_in() as agent:
        ids = await prepared(agent, server)
        scenario = await agent.call(
            "create_scenario_ramp_up",
            {
                **ids["project"],
                "scenarioName": "Peak",
                "virtualUserIds": [ids["user"]["virtualUserId"]],
                "providerId": ids["place"]["providerId"],
                "locations": [ids["place"]["location"]],
                "users": 2,
                "rampUpSec": 0,
                "holdForSec": 1,
            },
        )
        which = {"scenarioId": scenario["id"]}
        plans = await agent.call("get_scenario_matching_plans", which)
        assert (plans["launchable"], plans["plans"][0]["allocatedUsers"]) == (True, 2)
        preview = await agent.call("preview_run", which)
        assert preview["targets"][0]["confirmedBy"] == "loopback"
        assert preview["predictedRequests"] > 0
        assert shop.seen == []
        start = {**which, "launchToken": preview["launchToken"]}
        first = await agent.call("run_scenario", start)
        again = await agent.call("run_scenario", start)
        assert first["benchResultIds"] == again["benchResultIds"]
        run = {"benchResultId": first["benchResultIds"][0]}
        while not (ended := await agent.call("get_bench_result", {**run, "waitSec": 25}))[
            "finished"
        ]:
            pass
        assert ended["state"] == "FINISHED"
        runs = await agent.call("list_bench_results_by_project", ids["project"])
        assert runs["total"] == 1
        report = await agent.call("get_bench_report", {"reportId": first["benchReportId"]})
        summary = next(
            row["itemId"] for row in report["readWith"] if row["type"] == "SummaryReportItem"
        )
        values = await agent.call(
            "get_report_summary_values",
            {"reportId": first["benchReportId"], "itemId": summary},
        )
        hits = next(row["value"] for row in values["values"] if row["metric"] == "HITS_TOTAL")
        assert hits == len(shop.seen) > 0
        changed = await agent.call("preview_run", which)
        assert changed["changes"] == []
