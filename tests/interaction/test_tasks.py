"""Calls that become tasks (extension io.modelcontextprotocol/tasks)."""

import asyncio
from typing import Any

import pytest

import octoperf_conformance

META = "io.modelcontextprotocol/"
TASKS: dict[str, Any] = {"extensions": {f"{META}tasks": {}}, "elicitation": {}}


@pytest.fixture
async def server(start: Any) -> Any:
    return await start(plugins=[octoperf_conformance])


async def ask(
    server: Any, method: str, params: Any, *, capabilities: Any = None, token: str = ""
) -> tuple[int, Any]:
    meta = {
        f"{META}protocolVersion": "2026-07-28",
        f"{META}clientCapabilities": TASKS if capabilities is None else capabilities,
    }
    body = {"jsonrpc": "2.0", "id": 7, "method": method, "params": {**params, "_meta": meta}}
    name = params.get("taskId", params.get("name"))
    headers = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method, "Mcp-Name": name}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    status, answer, _ = await server.post(body, headers)
    return status, answer


async def begun(server: Any, name: str, token: str = "", **arguments: Any) -> Any:
    params = {"name": name, "arguments": arguments}
    return (await ask(server, "tools/call", params, token=token))[1]["result"]


async def got(server: Any, task_id: str, token: str = "") -> Any:
    return (await ask(server, "tasks/get", {"taskId": task_id}, token=token))[1]["result"]


async def until(server: Any, task_id: str, status: str) -> Any:
    async with asyncio.timeout(5):
        while (task := await got(server, task_id))["status"] != status:  # noqa: ASYNC110 - clients poll
            await asyncio.sleep(0.01)
    return task


async def test_a_long_call_is_answered_a_task_that_ends_with_its_result(server: Any) -> None:
    created = await begun(server, "slow_compute", seconds=0.05, label="it")
    assert created["resultType"] == "task"
    assert created["status"] == "working"
    assert created["statusMessage"] == "Computing it"
    assert created.keys().isdisjoint({"result", "content", "requestState"})
    task = await until(server, created["taskId"], "completed")
    assert task["resultType"] == "complete"
    assert task["result"]["content"][0]["text"] == "Computed it in 0.05 s."


@pytest.mark.parametrize("capabilities", [{}, {"extensions": []}, {"extensions": {"x/y": {}}}])
async def test_without_the_extension_a_call_stays_a_call(server: Any, capabilities: Any) -> None:
    params = {"name": "slow_compute", "arguments": {"seconds": 0.01}}
    _, answer = await ask(server, "tools/call", params, capabilities=capabilities)
    assert answer["result"]["resultType"] == "complete"
    params = {"name": "failing_job", "arguments": {}}
    status, refused = await ask(server, "tools/call", params, capabilities=capabilities)
    assert (status, refused["error"]["code"]) == (400, -32021)
    needed: dict[str, Any] = {"extensions": {f"{META}tasks": {}}}
    assert refused["error"]["data"] == {"requiredCapabilities": needed}


async def test_a_session_never_gets_a_task(server: Any) -> None:
    session = await server.initialize()
    params = {"name": "slow_compute", "arguments": {"seconds": 0.01}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    assert "content" in (await server.post(body, session))[1]["result"]


async def test_anothers_task_is_as_unknown_as_one_that_is_none(server: Any) -> None:
    created = await begun(server, "slow_compute", token="read:ann", seconds=60)
    for method in ("tasks/get", "tasks/update", "tasks/cancel"):
        refusals = []
        for task_id, token in ((created["taskId"], "read:bob"), ("none", "read:ann")):
            status, answer = await ask(server, method, {"taskId": task_id}, token=token)
            refusals.append((status, answer["error"]["code"], answer["error"]["message"]))
        assert refusals[0] == refusals[1] == (400, -32602, "There is no such task.")
    assert (await got(server, created["taskId"], "read:ann"))["status"] == "working"
    await ask(server, "tasks/cancel", {"taskId": created["taskId"]}, token="read:ann")


async def test_a_cancelled_task_stops_and_may_be_cancelled_again(server: Any) -> None:
    created = await begun(server, "slow_compute", seconds=60)
    for _ in range(2):
        _, answer = await ask(server, "tasks/cancel", {"taskId": created["taskId"]})
        assert answer["result"] == {"resultType": "complete"}
    assert (await got(server, created["taskId"]))["status"] == "cancelled"
    async with asyncio.timeout(5):
        assert await server.endpoint.drain(5) == 0


async def test_questions_of_a_task_are_answered_one_by_one(server: Any) -> None:
    created = await begun(server, "multi_input")
    task = await until(server, created["taskId"], "input_required")
    first, second = task["inputRequests"]

    async def answer(key: str, value: Any) -> Any:
        params = {"taskId": created["taskId"], "inputResponses": {key: value, "unknown": {}}}
        return (await ask(server, "tasks/update", params))[1]

    assert (await answer(first, {"action": "maybe"}))["error"]["code"] == -32602
    given = {"action": "accept", "content": {"name": "Ann"}}
    assert (await answer(first, given))["result"] == {"resultType": "complete"}
    assert list((await got(server, created["taskId"]))["inputRequests"]) == [second]
    await answer(second, {"action": "accept", "content": {"name": "Bob"}})
    task = await until(server, created["taskId"], "completed")
    assert task["result"]["content"][0]["text"] == "Ann and Bob"


async def test_what_breaks_in_a_task_is_its_error(server: Any) -> None:
    created = await begun(server, "protocol_error_job")
    task = await until(server, created["taskId"], "failed")
    assert task["error"] == {"code": -32603, "message": "The job broke."}
    assert "result" not in task
