"""Every kind of result holds before the official models of its revision."""

from typing import Any

import pytest
from mcp_types import methods

SENT: dict[str, dict[str, Any]] = {
    "tools/list": {},
    "tools/call": {"name": "echo", "arguments": {"text": "x"}},
    "prompts/list": {},
    "prompts/get": {"name": "echo", "arguments": {"text": "x"}},
    "resources/list": {},
    "resources/templates/list": {},
    "resources/read": {"uri": "fixture://picture"},
    "completion/complete": {
        "ref": {"type": "ref/resource", "uri": "fixture://things/{thingId}"},
        "argument": {"name": "thingId", "value": ""},
    },
}
FAILING = {"name": "delete_thing", "arguments": {"thingId": "gone"}}
LEGACY = ["2025-03-26", "2025-06-18", "2025-11-25"]


@pytest.mark.parametrize("version", LEGACY)
async def test_legacy_results_hold(server: Any, version: str) -> None:
    params = {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "t"}}
    sent = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
    _, answer, headers = await server.post(sent)
    methods.validate_server_result("initialize", version, answer["result"])
    session = {"Mcp-Session-Id": headers["Mcp-Session-Id"]}
    for method, given in [*SENT.items(), ("tools/call", FAILING), ("ping", {})]:
        sent = {"jsonrpc": "2.0", "id": 1, "method": method, "params": given}
        _, answer, _ = await server.post(sent, session)
        methods.validate_server_result(method, version, answer["result"])


async def test_stateless_results_hold(server: Any) -> None:
    version = "2026-07-28"
    for method, given in [*SENT.items(), ("tools/call", FAILING), ("server/discover", {})]:
        _, answer, _ = await server.modern(method, given)
        methods.validate_server_result(method, version, answer["result"])


async def test_lists_are_the_same_packed_and_plain(server: Any) -> None:
    for method in ("tools/list", "prompts/list", "resources/list"):
        _, plain, fields = await server.modern(method, {}, **{"Accept-Encoding": "identity"})
        assert "Content-Encoding" not in fields
        _, packed, fields = await server.modern(method, {}, **{"Accept-Encoding": "gzip"})
        assert method != "tools/list" or fields["Content-Encoding"] == "gzip"
        assert packed == plain


async def test_a_tool_is_listed_and_called_only_where_its_upstream_can(server: Any) -> None:
    call = {"name": "sometimes"}
    for offered, works in ((frozenset[str](), False), (frozenset(("GET /optional/{id}",)), True)):
        server.world.offered = offered
        _, listed, _ = await server.modern("tools/list")
        _, prompts, _ = await server.modern("prompts/list")
        status, _, _ = await server.modern("tools/call", call)
        assert ("sometimes" in {tool["name"] for tool in listed["result"]["tools"]}) == works
        assert ("sometimes" in {item["name"] for item in prompts["result"]["prompts"]}) == works
        assert status == (200 if works else 400)
