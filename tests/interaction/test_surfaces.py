"""Surfaces: what one connection shows, by path and by header fields, in both eras."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from octoperf_mcp import (
    Prompt,
    PromptArgument,
    PublicAsset,
    Tool,
    ToolContext,
    form,
    hookimpl,
    payload,
    tool,
)
from octoperf_mcp.transport.limits import Limits

URL = "https://octoperf.test/ui"
META = "io.modelcontextprotocol/"
ECHO = {"name": "echo", "arguments": {"text": "x"}}


@payload
class Said:
    text: str
    url: str


@tool(title="List places", read_only=True, aliases=("places_of",))
async def list_places(ctx: ToolContext, workspace_id: str, limit: int = 10) -> Said:
    """List the places of a workspace.

    Args:
        workspace_id: Where.
        limit: How many.
    """
    return Said(text=workspace_id, url=URL)


@tool(title="Move", parameter_aliases={"project": "projectId"})
async def move_thing(ctx: ToolContext, project_id: str, to: str) -> Said:
    """Move something to a place.

    Args:
        project_id: What.
        to: Where to.
    """
    return Said(text=f"{project_id} to {to}", url=URL)


class PlacesPlugin:
    """A second area, whose tools take the ids that can be pinned."""

    __name__ = "places"

    @hookimpl
    def register_tools(self) -> Iterable[Tool]:
        return (list_places, move_thing)

    @hookimpl
    def register_prompts(self) -> Iterable[Prompt]:
        arguments = (
            PromptArgument("projectId", "What.", required=True),
            PromptArgument("to", "Where to.", required=True),
        )
        return (
            Prompt(
                name="go",
                title="Go",
                description="Go somewhere.",
                arguments=arguments,
                render=lambda values: f"Move {values['projectId']} to {values['to']}.",
                tools=("move_thing",),
            ),
        )

    @hookimpl
    def register_public_assets(self) -> Iterable[PublicAsset]:
        text = (
            b"---\nname: moving\ndescription: How to move.\n---\n# Moving\nCall `move_thing(1)`.\n"
        )
        uri = "octoperf://skills/moving"
        return (PublicAsset("skills/moving.md", "text/markdown", text, uri, "Moving", "How."),)


@pytest.fixture
async def server(start: Any) -> Any:
    return await start([PlacesPlugin()])


class At:
    """Requests to one surface, in one era."""

    def __init__(self, server: Any, era: str, path: str, fields: dict[str, str]) -> None:
        self.server, self.era, self.fields = replace(server, url=server.url + path), era, fields
        self.session: dict[str, str] = {}

    async def send(self, method: str, params: Any = None, **fields: str) -> tuple[int, Any, Any]:
        """Status, body and fields of an answer."""
        if self.era == "modern":
            return await self.server.modern(method, params, **self.fields, **fields)  # type: ignore[no-any-return]
        self.session = self.session or await self.server.initialize(**self.fields)
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}
        return await self.server.post(body, {**self.session, **fields})  # type: ignore[no-any-return]

    async def ask(self, method: str, params: Any = None) -> Any:
        """Result or error of a request."""
        _, answer, _ = await self.send(method, params)
        return answer["result"] if "result" in answer else answer["error"]

    async def names(self, kind: str) -> set[str]:
        """What a listing shows."""
        listed = (await self.ask(f"{kind}/list"))[kind]
        return {entry.get("uri" if kind == "resources" else "name") for entry in listed}

    async def call(self, tool_name: str, /, **arguments: Any) -> Any:
        """Structured content of a call, or its protocol error."""
        answer = await self.ask("tools/call", {"name": tool_name, "arguments": arguments})
        return answer.get("structuredContent", answer)


@pytest.fixture(params=["legacy", "modern"])
def at(request: Any, server: Any) -> Any:
    return lambda path="", **fields: At(
        server, request.param, path, {k.replace("_", "-"): v for k, v in fields.items()}
    )


PLACES = {"list_places", "move_thing"}


@pytest.mark.parametrize(
    ("path", "fields", "tools"),
    [
        ("/x/places", {}, PLACES),
        ("", {"X_MCP_Toolsets": "places"}, PLACES),
        ("/x/places,fixture", {"X_MCP_Toolsets": " places "}, PLACES),
        ("/x/places/readonly", {}, {"list_places"}),
        ("/readonly/x/places", {}, {"list_places"}),
        ("/x/places", {"X_MCP_Readonly": "true"}, {"list_places"}),
        ("/x/places/readonly", {"X_MCP_Readonly": "false"}, {"list_places"}),
        ("", {"X_MCP_Tools": "places_of, echo"}, {"list_places", "echo"}),
        ("/x/places", {"X_MCP_Tools": "list_places,echo"}, {"list_places"}),
        ("/readonly", {"X_MCP_Tools": "move_thing"}, set()),
        ("/w/w1/x/places/", {}, PLACES),
    ],
)
async def test_path_and_fields_choose_and_the_strictest_wins(
    at: Any, path: str, fields: dict[str, str], tools: set[str]
) -> None:
    there = at(path, **fields)
    assert await there.names("tools") == tools
    assert {"echo", "move_thing", "delete_thing"} <= await at().names("tools")


async def test_a_tool_that_is_not_there_is_refused_and_says_why(at: Any) -> None:
    readonly = await at("/readonly").call("delete_thing", thingId="1")
    assert readonly["code"] == -32602
    assert "read-only" in readonly["message"]
    elsewhere = await at("/x/places").call("echo", text="x")
    assert "the area fixture" in elsewhere["message"]
    assert (await at("/readonly").call("echo", text="x"))["text"] == "x"


async def test_prompts_resources_and_instructions_follow(at: Any) -> None:
    there, all_there = at("/x/places/readonly"), at()
    assert await there.names("prompts") == {"list_places"}
    assert {"go", "greet", "move_thing"} <= await all_there.names("prompts")
    assert "fixture://picture" not in await there.names("resources")
    assert "octoperf://skills/moving" not in await there.names("resources")
    assert {"fixture://picture", "octoperf://skills/moving"} <= await all_there.names("resources")
    assert (await there.ask("resources/templates/list"))["resourceTemplates"] == []
    assert (await there.ask("resources/read", {"uri": "fixture://things/1"}))["code"] == -32602


@pytest.mark.parametrize("path", ["/readonly", "/w/w1", "/w/w1/p/p1/x/places", "/catalog"])
async def test_instructions_tell_what_a_connection_leaves_out(server: Any, path: str) -> None:
    found = At(server, "modern", path, {})
    told = (await found.ask("server/discover"))["instructions"]
    params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
    assert (await found.server.post(body))[1]["result"]["instructions"] == told
    marks = {"readonly": "read-only", "/w/w1": "one workspace", "/p/": "one project"}
    expected = [text for mark, text in {**marks, "catalog": "find_tools"}.items() if mark in path]
    assert expected[-1] in told
    assert "w1" not in told


async def test_a_pinned_id_leaves_the_schemas_and_is_filled_in(at: Any) -> None:
    there = at("/w/w1/p/p1")
    schemas = {
        entry["name"]: entry["inputSchema"] for entry in (await there.ask("tools/list"))["tools"]
    }
    assert set(schemas["list_places"]["properties"]) == {"limit"}
    assert "required" not in schemas["list_places"]
    assert schemas["move_thing"]["required"] == ["to"]
    assert (await there.call("list_places"))["text"] == "w1"
    assert (await there.call("places_of", workspaceId="w1"))["text"] == "w1"
    assert (await there.call("move_thing", to="x", project="p1"))["text"] == "p1 to x"


async def test_a_call_that_names_another_id_is_refused(at: Any) -> None:
    there = at("/w/w1/p/p1")
    refused = await there.call("move_thing", to="x", project="p2")
    assert refused["code"] == "invalid_argument"
    assert (refused["field"], refused["got"], refused["allowed"]) == ("project", "p2", ["p1"])
    assert "filled in" in refused["hint"]
    assert refused["next"] == [{"tool": "move_thing", "arguments": {"to": "x"}}]
    assert (await there.call("list_places", workspaceId="w2"))["code"] == "invalid_argument"


async def test_one_listing_serves_all_workspaces(at: Any) -> None:
    one, other = at("/w/w1"), at("/w/w2")
    assert await one.ask("tools/list") == await other.ask("tools/list")
    assert (await one.call("list_places"))["text"] == "w1"
    assert (await other.call("list_places"))["text"] == "w2"


async def test_prompts_are_given_the_pinned_ids(at: Any) -> None:
    there = at("/w/w1/p/p1")
    listed = {entry["name"]: entry for entry in (await there.ask("prompts/list"))["prompts"]}
    assert [item["name"] for item in listed["go"]["arguments"]] == ["to"]
    got = await there.ask("prompts/get", {"name": "go", "arguments": {"to": "x"}})
    assert got["messages"][0]["content"]["text"] == "Move p1 to x."
    other = await there.ask("prompts/get", {"name": "go", "arguments": {"projectId": "p2"}})
    assert other["code"] == -32602


async def test_a_session_is_good_on_its_own_surface_only(server: Any) -> None:
    full, readonly = At(server, "legacy", "", {}), At(server, "legacy", "/readonly", {})
    await full.ask("ping")
    await readonly.ask("tools/list")
    named = At(server, "legacy", "", {"X-MCP-Tools": "echo"})
    await named.ask("ping")
    for there in (full, readonly, named):
        for other in (full, readonly, named):
            sent = {key: there.session[key] for key in ("Mcp-Session-Id",)}
            body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
            status, _, _ = await other.server.post(body, {**sent, **other.fields})
            assert status == (200 if there is other else 404)


@pytest.mark.parametrize(
    ("path", "fields", "status", "told"),
    [
        ("/x/place", {}, 404, "Did you mean places? Known are: fixture, places"),
        ("/x/", {}, 404, "addresses are"),
        ("/elsewhere", {}, 404, "/x/{area}"),
        ("/catalog/x/places", {}, 404, "/x/{area}"),
        ("/w/a%2Fb", {}, 404, "/w/{workspaceId}"),
        ("/w/w1/p", {}, 404, "/w/{workspaceId}"),
        ("", {"X-MCP-Toolsets": "place"}, 400, "Did you mean places?"),
        ("", {"X-MCP-Tools": "echos"}, 400, "Did you mean echo?"),
        ("", {"X-MCP-Readonly": "perhaps"}, 400, "true or false"),
    ],
)
async def test_what_is_unknown_is_named_with_what_is_known(
    server: Any, path: str, fields: dict[str, str], status: int, told: str
) -> None:
    got, answer, _ = await At(server, "modern", path, fields).send("tools/list")
    assert got == status
    assert told in answer["error"]["message"]


async def test_a_surface_challenges_and_lets_pages_in_like_the_whole(server: Any) -> None:
    server.world.auth_required = True
    for method in ("GET", "HEAD", "POST", "DELETE"):
        async with server.http.request(method, server.url + "/x/places/readonly") as answer:
            assert answer.status == 401
    asked = {
        "Origin": "http://localhost:6274",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-mcp-toolsets,x-mcp-readonly,x-mcp-tools,mcp-method",
    }
    for path in ("/readonly", "/w/w1/x/places", "/catalog", ""):
        async with server.http.options(server.url + path, headers=asked) as answer:
            assert answer.status == 200
            assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:6274"
            assert "x-mcp-tools" in answer.headers["Access-Control-Allow-Headers"].lower()
        async with server.http.options(
            server.url + path, headers={**asked, "Origin": "https://evil.example"}
        ) as answer:
            assert answer.status == 403


async def test_public_files_stay_where_they_are(server: Any) -> None:
    async with server.http.get(server.url + "/public/AGENTS.md") as answer:
        assert answer.status == 200


async def test_many_surfaces_are_answered_while_few_are_kept(server: Any) -> None:
    names = sorted(await At(server, "modern", "", {}).names("tools"))
    for number in range(1, 130):
        chosen = {name for bit, name in enumerate(names) if number >> bit & 1}
        there = At(server, "modern", "", {"X-MCP-Tools": ",".join(chosen)})
        assert await there.names("tools") == chosen


# The catalog.


async def test_the_catalog_finds_a_tool_and_calls_it_by_its_class(at: Any) -> None:
    there = at("/catalog")
    listed = [entry["name"] for entry in (await there.ask("tools/list"))["tools"]]
    assert listed == ["find_tools", "call_read_tool", "call_write_tool", "call_destructive_tool"]
    found = (await there.call("find_tools", query="move a thing", limit=1))["tools"][0]
    assert (found["name"], found["class"]) == ("move_thing", "write")
    assert found["callWith"] == "call_write_tool"
    assert found["inputSchema"]["required"] == ["projectId", "to"]
    called = await there.call(
        "call_write_tool", name="move_thing", arguments={"projectId": "p1", "to": "x"}
    )
    assert called["text"] == "p1 to x"
    as_text = await there.call("call_read_tool", name="echo", arguments='{"text": "y"}')
    assert as_text["text"] == "y"


@pytest.mark.parametrize(
    ("dispatcher", "name", "right"),
    [
        ("call_read_tool", "move_thing", "call_write_tool"),
        ("call_read_tool", "delete_thing", "call_destructive_tool"),
        ("call_write_tool", "delete_thing", "call_destructive_tool"),
        ("call_write_tool", "echo", "call_read_tool"),
        ("call_destructive_tool", "echo", "call_read_tool"),
    ],
)
async def test_a_dispatcher_refuses_a_tool_of_another_class(
    at: Any, dispatcher: str, name: str, right: str
) -> None:
    refused = await at("/catalog").call(dispatcher, name=name, arguments={})
    assert refused["code"] == "invalid_argument"
    arguments = {"name": name, "arguments": {}}
    assert refused["next"][0] == {"tool": right, "arguments": arguments}


async def test_what_is_dispatched_is_checked_as_usual(at: Any) -> None:
    there = at("/catalog")
    wrong = await there.call("call_read_tool", name="echo", arguments={"txt": "x"})
    assert wrong["code"] == "invalid_argument"
    assert wrong["next"] == [
        {"tool": "call_read_tool", "arguments": {"name": "echo", "arguments": {"text": "x"}}}
    ]
    unknown = await there.call("call_read_tool", name="ecko", arguments={})
    assert unknown["didYouMean"] == "echo"
    assert "find_tools" in unknown["hint"]
    for arguments in ({"name": "find_tools"}, {"name": "call_read_tool"}, {"name": 1}, {}):
        assert (await there.call("call_read_tool", **arguments))["code"] == "invalid_argument"
    beside = await there.call("call_read_tool", name="echo", text="x")
    assert (beside["field"], beside["allowed"]) == ("text", ["name", "arguments"])
    listed = await there.call("call_read_tool", name="echo", arguments=[1])
    assert listed["field"] == "arguments"
    direct = await there.call("echo", text="x")
    assert "find_tools" in direct["message"]


async def test_a_dispatched_tool_needs_its_own_scope(server: Any) -> None:
    there = At(server, "modern", "/catalog", {"Authorization": "Bearer read:ann"})
    params = {"name": "call_write_tool", "arguments": {"name": "move_thing", "arguments": {}}}
    assert (await there.send("tools/call", params))[0] == 403


async def test_the_catalog_combines_with_pins_areas_and_read_only(at: Any) -> None:
    there = at("/w/w1/catalog/readonly", X_MCP_Toolsets="places")
    assert await there.names("tools") == {"find_tools", "call_read_tool"}
    found = await there.call("find_tools", query="places move echo")
    assert [row["name"] for row in found["tools"]] == ["list_places"]
    assert found["total"] == 1
    called = await there.call("call_read_tool", name="list_places", arguments={})
    assert called["text"] == "w1"
    wrong = {"name": "list_places", "arguments": {"workspaceId": "w2"}}
    assert (await there.call("call_read_tool", **wrong))["field"] == "workspaceId"


# Limits.


async def test_who_asks_too_often_is_told_when_to_come_back(start: Any) -> None:
    server = await start(limits=Limits(requests_per_s=0.5, burst=2))
    ann, bob = ({"Authorization": f"Bearer read:{name}"} for name in ("ann", "bob"))
    for _ in range(2):
        assert (await server.modern("tools/list", {}, **ann))[0] == 200
    status, answer, headers = await server.modern("tools/list", {}, **ann)
    assert status == 429
    assert headers["Retry-After"] == "2"
    assert "too many requests" in answer["error"]["message"]
    assert (await server.modern("tools/list", {}, **bob))[0] == 200


async def test_open_streams_are_counted_by_user_and_given_back(start: Any) -> None:
    server = await start(limits=Limits(streams=1))
    ann, bob = ({"Authorization": f"Bearer read:{name}"} for name in ("ann", "bob"))
    hers, his = await server.initialize(**ann), await server.initialize(**bob)
    more = await server.initialize(**ann)
    wanted = {"Accept": "text/event-stream"}
    async with server.http.get(server.url, headers={**hers, **wanted}) as first:
        assert first.status == 200
        await first.content.readany()
        async with server.http.get(server.url, headers={**more, **wanted}) as second:
            assert second.status == 429
            assert second.headers["Retry-After"] == "30"
        async with server.http.get(server.url, headers={**his, **wanted}) as third:
            assert third.status == 200


async def test_an_answer_to_a_question_counts_on_its_own_surface_only(start: Any) -> None:
    """Sealed state says where it was made: `/mcp/w/w1` cannot be answered at `/mcp/w/w2`."""
    server = await start([PlacesPlugin(), AskingPlugin()])
    envelope = {
        f"{META}protocolVersion": "2026-07-28",
        f"{META}clientCapabilities": {"elicitation": {}},
    }
    fields = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": "sure"}
    params: dict[str, Any] = {"name": "sure", "arguments": {}, "_meta": envelope}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    pinned = replace(server, url=server.url + "/w/w1")
    asked = (await pinned.post(body, fields))[1]["result"]
    assert asked["resultType"] == "input_required"
    params["requestState"] = asked["requestState"]
    params["inputResponses"] = {"sure": {"action": "accept", "content": {"yes": True}}}
    for path, accepted in (("/w/w2", False), ("", False), ("/w/w1", True)):
        _, answer, _ = await replace(server, url=server.url + path).post(body, fields)
        assert ("result" in answer) is accepted, path


@tool(title="Confirm", destructive=True)
async def sure(ctx: ToolContext) -> Said:
    """Ask before anything is done."""
    await ctx.ask({"sure": form("Sure?", {"yes": {"type": "boolean"}})}, proven=True)
    return Said(text="done", url=URL)


class AskingPlugin:
    """A tool that asks."""

    __name__ = "asking"

    @hookimpl
    def register_tools(self) -> Iterable[Tool]:
        return (sure,)
