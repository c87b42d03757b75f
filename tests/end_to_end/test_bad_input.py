"""Bad input: a clear error that says what to do next, and nothing stored half."""

from __future__ import annotations

import asyncio
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from octoperf_mcp.cli.agent import Agent, CallFailedError, MemoryStorage, connected
from octoperf_mcp.cli.sign_in import FormSignIn

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Server, SignedIn

RECORDING = files("octoperf_mcp.demo").joinpath("shop.har").read_bytes()


async def new_project(agent: Agent, name: str) -> str:
    workspace = (await agent.call("list_workspaces"))["workspaces"][0]["id"]
    made = await agent.call("create_project", {"workspaceId": workspace, "name": name})
    return str(made["id"])


async def ticket(agent: Agent, project: str) -> str:
    made = await agent.call("import_har_virtual_user", {"projectId": project})
    return str(made["url"])


async def upload(url: str, content: bytes) -> tuple[int, dict[str, Any]]:
    form = aiohttp.FormData()
    form.add_field("file", content, filename="x.har", content_type="application/json")
    async with aiohttp.ClientSession() as session, session.post(url, data=form) as answer:
        return answer.status, await answer.json()


@pytest.mark.parametrize(
    "content",
    [b"", b"not json", b"{}", RECORDING[: len(RECORDING) // 2], b"PK\x03\x04", b"[" * 100_000],
    ids=["empty", "no JSON", "no HAR", "truncated", "a zip", "too deep"],
)
async def test_a_file_that_is_no_recording_is_refused_and_leaves_nothing(
    signed_in: SignedIn, content: bytes
) -> None:
    async with signed_in() as agent:
        project = await new_project(agent, "Bad recordings")
        status, answer = await upload(await ticket(agent, project), content)
        assert status in {400, 413}
        assert answer["message"]
        assert "Traceback" not in str(answer)
        users = await agent.call("list_virtual_users", {"projectId": project})
        servers = await agent.call("list_http_servers_by_project", {"projectId": project})
        assert (users["total"], servers["total"]) == (0, 0)


async def test_a_presigned_address_works_once(signed_in: SignedIn) -> None:
    async with signed_in() as agent:
        project = await new_project(agent, "Once")
        url = await ticket(agent, project)
        first, _ = await upload(url, RECORDING)
        second, answer = await upload(url, RECORDING)
        assert (first, second) == (200, 410)
        assert answer["message"]
        users = await agent.call("list_virtual_users", {"projectId": project})
        assert users["total"] == 1


async def test_limits_of_size_and_time_of_an_upload(fresh_server: Server, password: str) -> None:
    server = fresh_server
    server.environ = {"OCTOPERF_MCP_EMBEDDED_MAX_UPLOAD_BYTES": "1000"}
    server.start()
    async with connected(server.url, FormSignIn("demo", password)) as agent:
        project = await new_project(agent, "Large")
        status, answer = await upload(await ticket(agent, project), RECORDING)
        assert status == 413
        assert "1000" in answer["message"] or "1,000" in answer["message"]
        users = await agent.call("list_virtual_users", {"projectId": project})
        assert users["total"] == 0


async def test_an_expired_address_is_gone(fresh_server: Server, password: str) -> None:
    server = fresh_server
    server.environ = {"OCTOPERF_MCP_EMBEDDED_PRESIGNED_LIFE_S": "1"}
    server.start()
    async with connected(server.url, FormSignIn("demo", password)) as agent:
        project = await new_project(agent, "Late")
        late = await ticket(agent, project)
        await asyncio.sleep(1.1)
        status, answer = await upload(late, RECORDING)
    assert status == 410
    assert answer["message"]


async def test_a_target_that_is_down_fails_each_action_with_the_reason(
    server: Server, storage: MemoryStorage, password: str
) -> None:
    async with connected(server.url, FormSignIn("demo", password), storage=storage) as agent:
        project = await new_project(agent, "Down")
        _, entity = await upload(await ticket(agent, project), RECORDING)
        which = {"projectId": project, "virtualUserId": entity["id"]}
        servers = await agent.call("list_http_servers_by_project", {"projectId": project})
        target = {"httpServerId": servers["httpServers"][0]["id"], "baseUrl": "http://127.0.0.1:1"}
        await agent.call("update_http_server", target)
        workspace = (await agent.call("list_workspaces"))["workspaces"][0]["id"]
        places = await agent.call("list_docker_providers_by_workspace", {"workspaceId": workspace})
        place = places["dockerProviders"][0]
        where = {"providerId": place["id"], "location": place["locations"][0]}
        await agent.call("validate_virtual_user", {**which, **where})
        waiting = {**which, "waitSec": 25}
        while not (await agent.call("get_virtual_user_validation", waiting))["finished"]:
            pass
        index = await agent.call(
            "get_virtual_user_validation_index", {"virtualUserId": entity["id"]}
        )
        assert index["failed"] == index["total"] > 0
        detail = await agent.call(
            "get_validation_failure_detail",
            {"virtualUserId": entity["id"], "actionId": index["actions"][0]["actionId"]},
        )
    assert "Connection refused" in str(detail)


async def test_a_scenario_for_nobody_is_refused_with_the_right_places(signed_in: SignedIn) -> None:
    async with signed_in() as agent:
        project = await new_project(agent, "No place")
        _, entity = await upload(await ticket(agent, project), RECORDING)
        with pytest.raises(CallFailedError) as caught:
            await agent.call(
                "create_scenario_ramp_up",
                {
                    "scenarioName": "x",
                    "projectId": project,
                    "virtualUserIds": [entity["id"]],
                    "providerId": "nope",
                    "locations": ["moon"],
                    "users": 1,
                    "rampUpSec": 0,
                    "holdForSec": 1,
                },
            )
        assert "This machine" in str(caught.value.answer) or "local" in str(caught.value.answer)
