"""A machine that joined, and a platform that is killed while it plays."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from octoperf_mcp.cli.agent import MemoryStorage, connected
from octoperf_mcp.cli.sign_in import FormSignIn
from tests.end_to_end.conftest import PASSWORD, Server
from tests.octoperf_mcp.embedded.engine.target import Target

if TYPE_CHECKING:
    from pathlib import Path

    from octoperf_mcp.cli.agent import Agent


def administered(server: Server, *arguments: str) -> str:
    command = [sys.executable, "-m", "octoperf_mcp", "join-tokens", *arguments]
    environ = {key: value for key, value in os.environ.items() if "OCTOPERF_MCP_" not in key}
    done = subprocess.run(
        [*command, "--data-dir", str(server.folder / "data")],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
        timeout=60,
        env=environ,
    )
    return done.stdout.strip()


async def test_what_a_machine_measured_outlives_its_platform(tmp_path: Path) -> None:
    """Kill -9 of the platform while a joined machine plays: its samples are in the report."""
    server, site = Server(tmp_path), Target()
    server.start()
    token = administered(server, "create", "--name", "box")
    assert "box" in administered(server, "list")
    environ = {key: value for key, value in os.environ.items() if "OCTOPERF_MCP_" not in key}
    box = subprocess.Popen(  # noqa: ASYNC220 - it starts at once
        [sys.executable, "-m", "octoperf_mcp", "load-generator", "--join", server.origin,
         "--data-dir", str(tmp_path / "box"), "--name", "box", "--drain", "0"],
        env={**environ, "OCTOPERF_MCP_JOIN_TOKEN": token},
        stdout=subprocess.PIPE, text=True, encoding="utf-8",
    )  # fmt: skip
    try:
        assert box.stdout
        assert box.stdout.readline() == "load-generator joined This machine at local as box\n"
        storage = MemoryStorage()
        async with connected(server.url, FormSignIn("demo", PASSWORD), storage=storage) as agent:
            run_id = await started(agent, site.port)
            async with asyncio.timeout(60):
                while site.count < 100:  # noqa: ASYNC110 - the target counts in a thread
                    await asyncio.sleep(0.05)
        port = int(re.findall(r"\d+", server.origin)[-1])
        server.kill()
        server.start(port)
        async with connected(server.url, FormSignIn("demo", PASSWORD), storage=storage) as agent:
            which = {"benchResultId": run_id}
            async with asyncio.timeout(60):
                while "All results are here" not in str(  # noqa: ASYNC110 - another process
                    (found := await agent.call("get_bench_result", which)).get("cause")
                ):
                    await asyncio.sleep(0.1)
            assert found["state"] == "ABORTED"
            generators = (await agent.call("list_bench_load_generators", which))["loadGenerators"]
            assert len(generators) >= 2
    finally:
        box.terminate()
        box.wait(timeout=60)
        assert box.stdout
        box.stdout.close()
        if server.process is not None:
            server.stop()
        site.close()


async def started(agent: Agent, port: int) -> str:
    """A run of a minute on this machine and the one that joined."""
    (workspace,) = (await agent.call("list_workspaces"))["workspaces"]
    place = {"workspaceId": workspace["id"]}
    (provider,) = (await agent.call("list_docker_providers_by_workspace", place))["dockerProviders"]
    project = await agent.call("create_project", {**place, "name": "Far"})
    user = await agent.call(
        "import_urls_virtual_user",
        {"projectId": project["id"], "urls": [f"http://127.0.0.1:{port}/"], "name": "Caller"},
    )
    load: dict[str, Any] = {"users": 4, "rampUpSec": 0, "holdForSec": 60}
    scenario = await agent.call(
        "create_scenario_ramp_up",
        {
            "projectId": project["id"],
            "scenarioName": "Far",
            "virtualUserIds": [user["id"]],
            "providerId": provider["id"],
            "locations": ["local"],
            **load,
        },
    )
    report = await agent.call("run_scenario", {"scenarioId": scenario["id"]})
    found: str = report["benchResultIds"][0]
    return found
