"""What is marked as secret among the arguments of a tool comes back nowhere: answers, log, trail."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from octoperf_mcp.cli.agent import CallFailedError

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Server, SignedIn

SECRET = "canary-value-of-a-variable"
WRONG: dict[str, dict[str, Any]] = {
    "an unknown project": {"projectId": "nope", "name": "key", "value": SECRET},
    "an unknown argument": {"projectId": "nope", "name": "key", "value": SECRET, "nam": "x"},
    "a bad name": {"projectId": "nope", "name": "no good\n", "value": SECRET},
    "no project": {"name": "key", "value": SECRET},
    "too long": {"projectId": "nope", "name": "key", "value": SECRET * 1000},
    "no text": {"projectId": "nope", "name": "key", "value": {"value": SECRET}},
    "a list": {"projectId": "nope", "name": "key", "value": [SECRET]},
    "the wrong case": {"projectId": "nope", "name": "key", "Value": SECRET},
    "another word": {"projectId": "nope", "name": "key", "secret": SECRET},
    "an unknown scope": {"projectId": "nope", "name": "k", "value": SECRET, "scope": SECRET},
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_no_error_repeats_a_secret_argument(
    server: Server, signed_in: SignedIn, wrong: str
) -> None:
    async with signed_in() as agent:
        with pytest.raises(CallFailedError) as refused:
            await agent.call("create_secret_variable", WRONG[wrong])
    assert refused.value.answer["code"]
    assert SECRET not in json.dumps(refused.value.answer)
    assert SECRET not in server.log.read_text("utf-8")


async def test_neither_answer_nor_log_nor_trail_repeats_a_secret(
    server: Server, signed_in: SignedIn
) -> None:
    async with signed_in() as agent:
        workspace = (await agent.call("list_workspaces"))["workspaces"][0]["id"]
        project = await agent.call("create_project", {"workspaceId": workspace, "name": "Secret"})
        arguments = {"projectId": project["id"], "name": "key", "value": SECRET}
        told = [await agent.call("create_secret_variable", arguments) for _ in range(2)]
        told.append(await agent.call("list_variables", {"projectId": project["id"]}))
    assert SECRET not in json.dumps(told)
    assert SECRET not in server.log.read_text("utf-8")
    for path in (server.folder / "data").glob("octoperf.db*"):
        assert SECRET.encode() not in path.read_bytes()


async def test_a_call_refused_before_any_rest_call_is_in_the_log(
    server: Server, signed_in: SignedIn
) -> None:
    async with signed_in() as agent:
        with pytest.raises(CallFailedError):
            await agent.call("create_project", {"workspaceId": "w", "nam": "x"})
    log = server.log.read_text("utf-8").splitlines()
    lines = [json.loads(line) for line in log if line.startswith("{")]
    refused = [line["tool"] for line in lines if line.get("error_code") == "invalid_argument"]
    assert refused[-1:] == ["create_project"]
