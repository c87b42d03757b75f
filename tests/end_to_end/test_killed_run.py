"""A power cut in the middle of a run: after the restart its report has all that was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from octoperf_mcp.cli.agent import Agent, connected
from octoperf_mcp.cli.sign_in import FormSignIn
from tests.octoperf_mcp.embedded.engine.target import Target, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.end_to_end.conftest import Server


@pytest.fixture
def site() -> Iterator[Target]:
    made = Target()
    yield made
    made.close()


async def test_a_run_that_was_killed_is_closed_and_its_report_reads(
    fresh_server: Server, site: Target, password: str
) -> None:
    server = fresh_server
    server.start()
    async with connected(server.url, FormSignIn("demo", password)) as agent:
        run = await started(agent, f"http://127.0.0.1:{site.port}/")
    wait_for(lambda: site.count > 100)
    server.kill()

    server.start()
    which = {"benchResultId": run["benchResultIds"][0]}
    async with connected(server.url, FormSignIn("demo", password)) as agent:
        while not (found := await agent.call("get_bench_result", {**which, "waitSec": 25}))[
            "finished"
        ]:
            pass
        assert (found["state"], found["cause"]) == (
            "ABORTED",
            "The platform ended unexpectedly while it ran",
        )
        in_flight = site.count - await hits(agent, run["benchReportId"])
        assert 0 <= in_flight <= 2, "each of the two users has at most one request cut off"
        tail = await agent.call(
            "read_bench_result_file_lines",
            {**which, "filename": "jmeter.log", "fromLine": -5},
        )
        assert "RUNNING => ABORTED" in str(tail)


async def started(agent: Agent, url: str) -> dict[str, Any]:
    """A run of two users for a minute."""
    place = {"workspaceId": (await agent.call("list_workspaces"))["workspaces"][0]["id"]}
    (provider,) = (await agent.call("list_docker_providers_by_workspace", place))["dockerProviders"]
    project = (await agent.call("create_project", {**place, "name": "Power cut"}))["id"]
    user = await agent.call(
        "import_urls_virtual_user", {"projectId": project, "urls": [url], "name": "Caller"}
    )
    scenario = await agent.call(
        "create_scenario_ramp_up",
        {
            "scenarioName": "A minute",
            "projectId": project,
            "virtualUserIds": [user["id"]],
            "providerId": provider["id"],
            "locations": [provider["locations"][0]],
            "users": 2,
            "rampUpSec": 0,
            "holdForSec": 60,
        },
    )
    made: dict[str, Any] = await agent.call("run_scenario", {"scenarioId": scenario["id"]})
    return made


async def hits(agent: Agent, report_id: str) -> float:
    """What the summary of a report counts."""
    report = await agent.call("get_bench_report", {"reportId": report_id})
    summary = next(
        row["itemId"] for row in report["readWith"] if row["type"] == "SummaryReportItem"
    )
    values = await agent.call(
        "get_report_summary_values", {"reportId": report_id, "itemId": summary}
    )
    return float(next(row["value"] for row in values["values"] if row["metric"] == "HITS_TOTAL"))
