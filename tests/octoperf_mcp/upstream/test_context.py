"""A call's context: what the connection forbids is refused where REST calls are made."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from octoperf_mcp import BaseAddress, RestCall
from octoperf_mcp.errors import ForbiddenError
from octoperf_mcp.protocol.surfaces import Surface, Surfaces
from octoperf_mcp.registry.context import Caller
from octoperf_mcp.registry.manager import load_registry
from octoperf_mcp.upstream.context import CallContext, WorkspaceCache

CALLER = Caller("ann", "c", frozenset(), "t", 9e9)
READ = RestCall("GET", "/things/{id}", answer="Thing")
QUERY = RestCall("POST", "/values", body="json", answer="number[]", reads=True)
WRITE = RestCall("POST", "/things", body="json", answer="Thing")
IN_PROJECT = RestCall("GET", "/things/by-project/{projectId}", answer="Thing[]")
SURFACES = Surfaces(load_registry(installed=False))


class Client:
    """Keeps the calls that were made; answers what the test says."""

    def __init__(self, answer: Any = None) -> None:
        self.made: list[RestCall] = []
        self.answer = answer

    async def call(
        self, call: RestCall, _caller: Caller, _values: Mapping[str, Any], *_: Any, **__: Any
    ) -> Any:
        self.made.append(call)
        return self.answer


def context(surface: Surface, client: Client) -> CallContext:
    scope: Any = SimpleNamespace(caller=CALLER, guard=surface.guard)
    made: Any = client
    return CallContext(scope, made, "https://octoperf.test", WorkspaceCache())


async def test_a_read_only_connection_lets_reading_calls_pass_only() -> None:
    client = Client([])
    made = context(SURFACES.of_path("/readonly"), client)
    await made.rest(READ, id="1")
    await made.rest(QUERY, body={})
    with pytest.raises(ForbiddenError, match="read-only") as caught:
        await made.rest(WRITE, body={})
    assert "POST /things" in caught.value.message
    assert client.made == [READ, QUERY]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_whatever_changes_something_is_not_even_sent(method: str) -> None:
    client = Client()
    with pytest.raises(ForbiddenError):
        await context(SURFACES.of_path("/readonly"), client).rest(RestCall(method, "/x"))
    assert not client.made


async def test_a_pinned_connection_does_not_leave_its_project() -> None:
    client = Client({"id": "vu1", "projectId": "p1"})
    made = context(SURFACES.of_path("/w/w1/p/p1"), client)
    await made.rest(IN_PROJECT, project_id="p1")
    await made.rest(WRITE, body={"projectId": "p1", "workspaceId": "w1"})
    for values, body in (({"project_id": "p2"}, None), ({}, {"workspaceId": "w2"})):
        with pytest.raises(ForbiddenError, match="pinned"):
            await made.rest(IN_PROJECT, body=body, **values)
    assert client.made == [IN_PROJECT, WRITE]


async def test_what_belongs_elsewhere_is_not_given_to_a_tool() -> None:
    """So a tool that reads before it writes does not write."""
    made = context(SURFACES.of_path("/w/w1/p/p1"), Client({"id": "vu2", "projectId": "p2"}))
    with pytest.raises(ForbiddenError) as caught:
        await made.rest(READ, id="vu2")
    assert caught.value.details["allowed"] == ["p1"]


async def test_a_project_of_another_workspace_is_out_of_reach() -> None:
    made = context(SURFACES.of_path("/w/w1"), Client({"id": "p9", "workspaceId": "w2"}))
    for _ in range(2):
        with pytest.raises(ForbiddenError):
            await made.workspace_of("p9")


async def test_the_whole_surface_forbids_nothing() -> None:
    client = Client({"projectId": "p2"})
    made = context(SURFACES.of_path(""), client)
    await made.rest(WRITE, body={"projectId": "p3"})
    assert client.made == [WRITE]


async def test_a_call_to_a_service_of_a_plugin_never_gets_to_the_client_that_has_the_token() -> (
    None
):
    client, sent = Client(), []

    class Outside:
        async def call(self, *given: Any) -> str:
            sent.append(given)
            return "ok"

    outward = RestCall("POST", "/say", body="json", base=BaseAddress("chat", setting="url"))
    outside: Any = Outside()
    for surface in (SURFACES.of_path(""), SURFACES.of_path("/readonly")):
        scope: Any = SimpleNamespace(caller=CALLER, guard=surface.guard)
        made: Any = client
        context = CallContext(scope, made, "https://o.test", WorkspaceCache(), outside=outside)
        if surface.read_only:
            with pytest.raises(ForbiddenError, match="read-only"):
                await context.rest(outward, body={})
        else:
            assert await context.rest(outward, body={}) == "ok"
    assert sent == [(outward, {}, {})]
    assert not client.made
