"""`octoperf-mcp serve` as users meet it: the official client, both eras, real sign-in."""

from __future__ import annotations

import asyncio
import hashlib
import re
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from octoperf_mcp.cli.agent import CallFailedError, MemoryStorage, connected
from octoperf_mcp.cli.sign_in import FormSignIn

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Server, SignedIn


@pytest.mark.parametrize("mode", ["legacy", "auto", "2026-07-28"])
async def test_the_official_client_works_in_both_eras(
    server: Server, storage: MemoryStorage, password: str, mode: str
) -> None:
    sign_in = FormSignIn("demo", password)
    async with connected(server.url, sign_in, storage=storage, mode=mode) as agent:
        assert "list_workspaces" in await agent.tool_names()
        answer = await agent.call("list_workspaces")
    assert [row["name"] for row in answer["workspaces"]] == ["Default"]
    assert answer["workspaces"][0]["url"].startswith(f"{server.origin}/ui/workspace/")


async def test_resources_and_prompts_are_read_without_a_tool(signed_in: SignedIn) -> None:
    async with signed_in() as agent:
        resources = await agent.client.list_resources()
        assert "octoperf://templates/agents-md" in {str(item.uri) for item in resources.resources}
        prompts = await agent.client.list_prompts()
        assert "list_workspaces" in {prompt.name for prompt in prompts.prompts}


async def test_public_files_need_no_credentials_and_are_the_resources_byte_for_byte(
    server: Server, signed_in: SignedIn
) -> None:
    names = {"vu", "scenario", "bench-report", "variables", "correlation-rules", "injection-rules"}
    addresses = {f"octoperf://schema/{name}": f"schema/{name}.json" for name in names}
    addresses["octoperf://templates/agents-md"] = "AGENTS.md"
    async with signed_in() as agent, aiohttp.ClientSession() as session:
        listed = await _documents(agent)
        for item in listed:
            uri = str(item.uri)
            skill = uri.removeprefix("skill://octoperf-").removesuffix("/SKILL.md")
            plain = uri.removeprefix("octoperf://") if skill == uri else f"skills/{skill}"
            path = addresses.pop(uri, f"{plain}.md")
            async with session.get(f"{server.origin}/mcp/public/{path}") as answer:
                assert answer.status == 200, path
                body = await answer.read()
            resource = await agent.client.read_resource(uri)
            assert getattr(resource.contents[0], "text", "").encode() == body
            assert item.size == len(body)
            assert item.title
            assert item.description
    assert addresses == {}
    assert sum("/skills/" in str(item.uri) for item in listed) >= 5


async def _documents(agent: Any) -> list[Any]:
    """All resources but the apps, which hosts draw: those are in no file."""
    listed = (await agent.client.list_resources()).resources
    return [item for item in listed if not str(item.uri).startswith("ui://")]


async def test_an_agent_host_without_credentials_fetches_everything(
    server: Server, signed_in: SignedIn
) -> None:
    """From the index alone; what the protocol says of skills and resources holds for the bytes."""
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{server.origin}/mcp/public/") as answer:
            paths = re.findall(r'href="(/mcp/public/[^"]+)"', await answer.text())
        bodies = {}
        for path in paths:
            async with session.get(server.origin + path) as answer:
                assert answer.status == 200, path
                bodies[path.removeprefix("/mcp/public/")] = await answer.read()
                assert answer.content_type in {
                    "text/markdown",
                    "text/plain",
                    "application/json",
                }, path
        for path, body in bodies.items():
            for link in re.findall(rf"{server.origin}/mcp/public/([\w./-]+\.\w+)", body.decode()):
                assert link in bodies, (path, link)
    digests = {hashlib.sha256(body).hexdigest() for body in bodies.values()}
    async with signed_in() as agent:
        listed = await _documents(agent)
        for item in listed:
            resource = await agent.client.read_resource(str(item.uri))
            content = getattr(resource.contents[0], "text", "").encode()
            assert hashlib.sha256(content).hexdigest() in digests, item.uri
    without = {"connect.md", "llms.txt"}  # pages for people and crawlers
    resources = {item.uri for item in listed if not str(item.uri).startswith("skill://")}
    assert len(resources) == len(bodies.keys() - without)


async def test_without_a_token_every_method_is_challenged(server: Server) -> None:
    async with aiohttp.ClientSession() as session:
        for method in ("GET", "HEAD", "POST", "DELETE"):
            async with session.request(method, server.url) as answer:
                assert answer.status == 401
                assert "resource_metadata=" in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("path", ["", "/readonly", "/x/discovery"])
async def test_a_page_without_a_token_can_read_the_challenge(server: Server, path: str) -> None:
    """As a client in a browser must, to begin its sign-in."""
    headers = {"Origin": "http://localhost:6274"}
    async with aiohttp.ClientSession(headers=headers) as session:
        for method in ("GET", "HEAD", "POST", "DELETE"):
            async with session.request(method, server.url + path) as answer:
                assert answer.status == 401
                assert answer.headers["Access-Control-Allow-Origin"] == headers["Origin"]
                exposed = answer.headers["Access-Control-Expose-Headers"].lower().split(",")
                assert {"www-authenticate", "mcp-session-id"} <= set(exposed)


@pytest.mark.parametrize(
    ("tool", "arguments", "code"),
    [
        ("list_projects_by_workspace", {"workspaceId": "nope"}, "not_found"),
        ("list_projects_by_workspace", {}, "invalid_argument"),
        ("list_projects_by_workspace", {"workspace": "x"}, "invalid_argument"),
        ("get_virtual_user", {"virtualUserId": "nope"}, "not_found"),
        ("get_bench_report", {"reportId": "nope"}, "not_found"),
        ("run_scenario", {"scenarioId": "nope"}, "not_found"),
        ("get_task_result", {"taskId": "nope"}, "not_found"),
    ],
)
async def test_a_wrong_call_says_what_to_do_next(
    signed_in: SignedIn, tool: str, arguments: dict[str, str], code: str
) -> None:
    async with signed_in() as agent:
        with pytest.raises(CallFailedError) as caught:
            await agent.call(tool, arguments)
        assert caught.value.answer["code"] == code
        assert caught.value.answer["hint"]
        assert isinstance(caught.value.answer["next"], list)
        assert caught.value.answer["requestId"]


async def test_a_wrong_password_does_not_sign_in(server: Server) -> None:
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - the client wraps it in groups
        async with connected(server.url, FormSignIn("demo", "wrong")) as agent:
            await agent.tool_names()
    assert "SignInError" in repr(caught.value)


async def test_what_was_acknowledged_survives_a_kill(fresh_server: Server, password: str) -> None:
    server = fresh_server
    server.start()
    port = int(server.origin.rpartition(":")[2])
    storage = MemoryStorage()
    sign_in = FormSignIn("demo", password)
    async with connected(server.url, sign_in, storage=storage) as agent:
        workspace = (await agent.call("list_workspaces"))["workspaces"][0]["id"]
        made = await agent.call("create_project", {"workspaceId": workspace, "name": "Kept"})
        server.kill()
    server.start(port)
    async with connected(server.url, sign_in, storage=storage) as agent:
        found = await agent.call("list_projects_by_workspace", {"workspaceId": workspace})
    assert made["id"] in {row["id"] for row in found["projects"]}
    assert server.stop() == 0


async def test_a_call_with_a_key_is_done_once_also_across_a_kill(
    fresh_server: Server, password: str
) -> None:
    server = fresh_server
    server.start()
    port = int(server.origin.rpartition(":")[2])
    storage = MemoryStorage()
    sign_in = FormSignIn("demo", password)
    async with connected(server.url, sign_in, storage=storage) as agent:
        workspace = (await agent.call("list_workspaces"))["workspaces"][0]["id"]
        call = {"workspaceId": workspace, "name": "Once", "idempotencyKey": "a key of mine"}
        answers = await asyncio.gather(*(agent.call("create_project", call) for _ in range(3)))
        server.kill()
    server.start(port)
    async with connected(server.url, sign_in, storage=storage) as agent:
        answers.append(await agent.call("create_project", call))
        with pytest.raises(CallFailedError) as caught:
            await agent.call("create_project", {**call, "name": "Another"})
        found = await agent.call("list_projects_by_workspace", {"workspaceId": workspace})
    assert caught.value.answer["field"] == "idempotencyKey"
    assert len({answer["id"] for answer in answers}) == 1
    assert sum(answer.get("replayed", False) for answer in answers) == 3
    assert [row["name"] for row in found["projects"]].count("Once") == 1
    assert server.stop() == 0


async def test_no_credential_reaches_the_log(
    server: Server, storage: MemoryStorage, password: str
) -> None:
    sign_in = FormSignIn("demo", password)
    async with connected(server.url, sign_in, storage=storage) as agent:
        workspace = (await agent.call("list_workspaces"))["workspaces"][0]["id"]
        project = await agent.call("create_project", {"workspaceId": workspace, "name": "Logs"})
        ticket = await agent.call("import_har_virtual_user", {"projectId": project["id"]})
    async with aiohttp.ClientSession() as session:
        await session.post(ticket["url"], data=b"")
    tokens = await storage.get_tokens()
    assert tokens is not None
    log = server.log.read_text("utf-8")
    assert "tools/call" in log
    secrets = [
        tokens.access_token,
        tokens.refresh_token,
        password,
        ticket["url"].rpartition("/")[2],
    ]
    assert [secret for secret in secrets if secret and secret in log] == []
