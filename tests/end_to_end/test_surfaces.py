"""Surfaces of a real server, to the official client that signs in at their own addresses."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import mcp
import pytest

from octoperf_mcp.cli.agent import Agent, CallFailedError, connected
from octoperf_mcp.cli.sign_in import FormSignIn

ERAS = ["legacy", "auto"]


@pytest.fixture
def at(server: Any, password: str) -> Any:
    @asynccontextmanager
    async def connect(path: str, mode: str = "auto") -> AsyncIterator[Agent]:
        sign_in = FormSignIn("demo", password)
        async with connected(server.url + path, sign_in, mode=mode) as agent:
            yield agent

    return connect


@pytest.mark.parametrize("mode", ERAS)
async def test_a_client_signs_in_at_a_surface_and_sees_its_tools(at: Any, mode: str) -> None:
    async with at("/x/discovery,analysis/readonly", mode) as agent:
        names = await agent.tool_names()
        assert {"list_workspaces", "get_report_errors"} <= set(names)
        assert not {"create_project", "run_scenario", "get_bench_status"} & set(names)
        assert (await agent.call("list_workspaces"))["workspaces"]
        assert "read-only" in agent.client.instructions
        with pytest.raises(mcp.MCPError, match="the area edit"):
            await agent.call("create_project", {"workspaceId": "w", "name": "n"})


@pytest.mark.parametrize("mode", ERAS)
async def test_the_whole_way_is_open_through_the_catalog(at: Any, mode: str) -> None:
    async with at("/catalog", mode) as agent:
        assert len(await agent.tool_names()) <= 16
        workspace = (await agent.call("list_workspaces"))["workspaces"][0]["id"]
        found = (await agent.call("find_tools", {"query": "make a new project"}))["tools"][0]
        assert (found["name"], found["callWith"]) == ("create_project", "call_write_tool")
        arguments = {"workspaceId": workspace, "name": f"Through the catalog, {mode}"}
        made = await agent.call(found["callWith"], {"name": found["name"], "arguments": arguments})
        listed = await agent.call("list_projects_by_workspace", {"workspaceId": workspace})
        assert made["id"] in [project["id"] for project in listed["projects"]]


@pytest.mark.parametrize("mode", ERAS)
async def test_a_pinned_connection_stays_in_its_project(at: Any, mode: str) -> None:
    async with at("") as agent:
        workspace = (await agent.call("list_workspaces"))["workspaces"][0]["id"]
        mine, other = [
            (await agent.call("create_project", {"workspaceId": workspace, "name": name}))["id"]
            for name in (f"Mine, {mode}", f"Another, {mode}")
        ]
    async with at(f"/w/{workspace}", mode) as agent:
        projects = (await agent.call("list_projects_by_workspace"))["projects"]
        assert {mine, other} <= {project["id"] for project in projects}
    async with at(f"/w/{workspace}/p/{mine}", mode) as agent:
        assert (await agent.call("list_virtual_users"))["total"] == 0
        with pytest.raises(CallFailedError) as caught:
            await agent.call("list_virtual_users", {"projectId": other})
        assert caught.value.answer["field"] == "projectId"
        renamed = await agent.call("update_project", {"name": f"Renamed, {mode}"})
        assert renamed["id"] == mine
