"""All load ends at once: by a command, by a signal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from octoperf_mcp.cli.agent import Agent
    from tests.end_to_end.conftest import Server, SignedIn


def by_command(server: Server) -> None:
    command = [sys.executable, "-m", "octoperf_mcp", "stop-all-load"]
    environ = {key: value for key, value in os.environ.items() if "OCTOPERF_MCP_" not in key}
    done = subprocess.run(
        [*command, "--data-dir", str(server.folder / "data")],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=60,
        env=environ,
    )
    assert (done.returncode, done.stdout) == (0, "stopped 1 run\n"), done.stderr


def by_signal(server: Server) -> None:
    assert server.process
    server.process.send_signal(signal.SIGUSR1)


@pytest.mark.parametrize(
    ("switch", "who"), [(by_command, "The command line"), (by_signal, "The signal USR1")]
)
async def test_a_switch_ends_all_load(
    server: Server, signed_in: SignedIn, switch: Callable[[Server], None], who: str
) -> None:
    async with signed_in() as agent:
        run_id = await started(agent)
        switch(server)
        which = {"benchResultId": run_id}
        while not (found := await agent.call("get_bench_result", {**which, "waitSec": 25}))[
            "finished"
        ]:
            pass
        assert (found["state"], found["cause"]) == ("ABORTED", f"{who} aborted the test")


async def started(agent: Agent) -> str:
    """A run of a minute."""
    (workspace,) = (await agent.call("list_workspaces"))["workspaces"]
    place = {"workspaceId": workspace["id"]}
    (provider,) = (await agent.call("list_docker_providers_by_workspace", place))["dockerProviders"]
    project = await agent.call("create_project", {**place, "name": "Switch"})
    user = await agent.call(
        "import_urls_virtual_user",
        {"projectId": project["id"], "urls": ["http://127.0.0.1:1/a"], "name": "Caller"},
    )
    load: dict[str, Any] = {"users": 1, "rampUpSec": 0, "holdForSec": 60}
    scenario = await agent.call(
        "create_scenario_ramp_up",
        {
            "scenarioName": "A minute",
            "projectId": project["id"],
            "virtualUserIds": [user["id"]],
            "providerId": provider["id"],
            "locations": [provider["locations"][0]],
            **load,
        },
    )
    run = await agent.call("run_scenario", {"scenarioId": scenario["id"]})
    return str(run["benchResultIds"][0])
