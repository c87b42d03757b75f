"""Long work as tasks, for a client that declares the extension and for one that does not."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import aiohttp

from octoperf_mcp.cli.agent import Agent, MemoryStorage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.end_to_end.conftest import Server, SignedIn

RECORDING = files("octoperf_mcp.demo").joinpath("shop.har").read_bytes()
META = "io.modelcontextprotocol/"
TASKS: dict[str, Any] = {"extensions": {f"{META}tasks": {}}}
LIMIT_S = 60


@dataclass
class Stateless:
    """A client of the stateless revision that declares the tasks extension, or nothing."""

    http: aiohttp.ClientSession
    url: str
    capabilities: dict[str, Any]

    async def ask(self, method: str, about: str, /, **params: Any) -> Any:
        async with self.asking(method, about, **params) as answer:
            return (await answer.json())["result"]

    def asking(self, method: str, about: str, /, **params: Any) -> Any:
        meta = {
            f"{META}protocolVersion": "2026-07-28",
            f"{META}clientCapabilities": self.capabilities,
            "progressToken": "p",
        }
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": meta}}
        headers = {
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": "2026-07-28",
            "Mcp-Method": method,
            "Mcp-Name": about,
        }
        return self.http.post(self.url, json=body, headers=headers)

    async def call(self, tool: str, **arguments: Any) -> Any:
        return await self.ask("tools/call", tool, name=tool, arguments=arguments)

    async def about(self, method: str, task_id: str) -> Any:
        return await self.ask(method, task_id, taskId=task_id)

    async def end_of(self, created: Any) -> Any:
        """What a task comes to: the content of its result."""
        assert created["resultType"] == "task"
        async with asyncio.timeout(LIMIT_S):
            while True:
                task = await self.about("tasks/get", created["taskId"])
                if task["status"] != "working":
                    break
                await asyncio.sleep(task["pollIntervalMs"] / 10_000)
        assert task["status"] == "completed", task
        assert "isError" not in task["result"], task
        return task["result"]["structuredContent"]


@dataclass
class Script:
    """A virtual user whose target refuses connections, and where to play it."""

    agent: Agent
    project: str
    virtual_user: str
    place: dict[str, str]

    @property
    def which(self) -> dict[str, str]:
        return {"projectId": self.project, "virtualUserId": self.virtual_user}

    async def scenario(self, seconds: int) -> str:
        made = await self.agent.call(
            "create_scenario_ramp_up",
            {
                "scenarioName": f"{seconds} s",
                "projectId": self.project,
                "virtualUserIds": [self.virtual_user],
                "providerId": self.place["providerId"],
                "locations": [self.place["location"]],
                "users": 1,
                "rampUpSec": 0,
                "holdForSec": seconds,
            },
        )
        return str(made["id"])


@asynccontextmanager
async def prepared(signed_in: SignedIn) -> AsyncIterator[Script]:
    """A project with an imported script; the official client made it."""
    async with signed_in() as agent:
        workspace = (await agent.call("list_workspaces"))["workspaces"][0]["id"]
        made = await agent.call("create_project", {"workspaceId": workspace, "name": "Long work"})
        project = made["id"]
        ticket = await agent.call("import_har_virtual_user", {"projectId": project})
        form = aiohttp.FormData()
        form.add_field("file", RECORDING, filename="shop.har", content_type="application/json")
        async with aiohttp.ClientSession() as http, http.post(ticket["url"], data=form) as answer:
            virtual_user = (await answer.json())["id"]
        servers = await agent.call("list_http_servers_by_project", {"projectId": project})
        nowhere = {"httpServerId": servers["httpServers"][0]["id"], "baseUrl": "http://127.0.0.1:1"}
        await agent.call("update_http_server", nowhere)
        found = await agent.call("list_docker_providers_by_workspace", {"workspaceId": workspace})
        provider = found["dockerProviders"][0]
        place = {"providerId": provider["id"], "location": provider["locations"][0]}
        yield Script(agent, project, virtual_user, place)


@asynccontextmanager
async def speaking(
    server: Server, storage: MemoryStorage, capabilities: dict[str, Any]
) -> AsyncIterator[Stateless]:
    """A client with the token that the official one has signed in for."""
    tokens = await storage.get_tokens()
    assert tokens is not None
    headers = {"Authorization": f"Bearer {tokens.access_token}"}
    async with aiohttp.ClientSession(headers=headers) as http:
        yield Stateless(http, server.url, capabilities)


async def test_a_client_that_declares_tasks_is_answered_their_ends(
    server: Server, signed_in: SignedIn, storage: MemoryStorage
) -> None:
    async with prepared(signed_in) as script, speaking(server, storage, TASKS) as client:
        applied = await client.end_of(
            await client.call("apply_correlations_to_virtual_user", **script.which)
        )
        assert applied["status"] == "SUCCESS"
        validated = await client.end_of(
            await client.call("validate_virtual_user", **script.which, **script.place)
        )
        assert (validated["state"], validated["finished"]) == ("FINISHED", True)
        run = await client.end_of(
            await client.call("run_scenario", scenarioId=await script.scenario(seconds=1))
        )
        assert run["states"] == ["FINISHED"]
        report = await script.agent.call("get_bench_report", {"reportId": run["benchReportId"]})
        assert report["benchResultIds"] == run["benchResultIds"]


async def test_without_the_extension_the_same_calls_answer_at_once(
    server: Server, signed_in: SignedIn, storage: MemoryStorage
) -> None:
    async with prepared(signed_in) as script, speaking(server, storage, {}) as client:
        answer = await client.call("apply_correlations_to_virtual_user", **script.which)
        assert answer["resultType"] == "complete"
        assert answer["structuredContent"]["status"] == "PENDING"
        answer = await client.call("validate_virtual_user", **script.which, **script.place)
        assert answer["resultType"] == "complete"
        assert answer["structuredContent"]["nextPollSec"]
        started = await client.call("run_scenario", scenarioId=await script.scenario(seconds=1))
        assert started["resultType"] == "complete"
        assert "states" not in started["structuredContent"]
        (run,) = started["structuredContent"]["benchResultIds"]
        await _until_over(script.agent, run)


async def test_cancelling_the_task_of_a_run_stops_the_run(
    server: Server, signed_in: SignedIn, storage: MemoryStorage
) -> None:
    async with prepared(signed_in) as script, speaking(server, storage, TASKS) as client:
        created = await client.call("run_scenario", scenarioId=await script.scenario(seconds=600))
        assert "/analysis/report/" in created["statusMessage"]
        report = created["statusMessage"].rpartition("/")[2]
        found = await script.agent.call("get_bench_report", {"reportId": report})
        (run,) = found["benchResultIds"]
        await client.about("tasks/cancel", created["taskId"])
        assert (await client.about("tasks/get", created["taskId"]))["status"] == "cancelled"
        assert (await _until_over(script.agent, run))["state"] == "ABORTED"


async def test_a_call_that_waits_says_how_it_stands_on_a_stream_that_no_proxy_holds_back(
    server: Server, signed_in: SignedIn, storage: MemoryStorage
) -> None:
    async with prepared(signed_in) as script, speaking(server, storage, {}) as client:
        started = await client.call("run_scenario", scenarioId=await script.scenario(seconds=600))
        (run,) = started["structuredContent"]["benchResultIds"]
        waiting = {"benchResultId": run, "waitSec": 1}
        tool = "get_bench_status"
        async with client.asking("tools/call", tool, name=tool, arguments=waiting) as answer:
            assert answer.headers["Content-Type"] == "text/event-stream"
            assert answer.headers["X-Accel-Buffering"] == "no"
            said = await answer.text()
        await script.agent.call("stop_bench_result", {"benchResultId": run})
        assert (await _until_over(script.agent, run))["state"] == "ABORTED"
    assert '"method":"notifications/progress"' in said
    assert '"finished":false' in said.splitlines()[-2]


async def _until_over(agent: Agent, run: str) -> Any:
    """The run at its end, the server waiting for each of its states."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            found = await agent.call("get_bench_result", {"benchResultId": run, "waitSec": 25})
            if found["finished"]:
                return found
