"""Clients that probe for the stateless era go back to the handshake unless a proper error says no.

2026-07-28, basic/transports: only a JSON-RPC error keeps such a client where it is.
"""

from typing import Any

import mcp
import orjson
import pytest
from mcp.client import _probe

MODERN = "2026-07-28"
PROBE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "server/discover",
    "params": {
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientCapabilities": {},
        }
    },
}
FIELDS = {
    "Content-Type": "application/json",
    "Accept": "application/json, text/event-stream",
    "MCP-Protocol-Version": MODERN,
    "Mcp-Method": "server/discover",
}


async def test_a_client_of_a_later_revision_meets_the_server_in_the_newest_it_speaks(
    server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_probe, "LATEST_MODERN_VERSION", "2027-05-05")
    async with mcp.Client(server.url, mode="auto") as client:
        assert client.protocol_version == MODERN
        assert (await client.list_tools()).tools


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"MCP-Protocol-Version": "2027-05-05"}, 400),
        ({"Mcp-Method": "tools/list"}, 400),
        ({"Content-Type": "text/plain"}, 415),
        ({"Accept": "text/html"}, 406),
        ({"Host": "rebound.example"}, 421),
        ({"Origin": "https://elsewhere.example"}, 403),
        ({"X-MCP-Toolsets": "nonsense"}, 400),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else str(value),
)
async def test_each_refusal_of_a_probe_is_a_json_rpc_error(
    server: Any, changed: dict[str, str], status: int
) -> None:
    async with server.http.post(
        server.url, data=orjson.dumps(PROBE), headers=FIELDS | changed
    ) as answer:
        assert answer.status == status
        assert answer.content_type == "application/json"
        told = await answer.json()
    assert told["jsonrpc"] == "2.0"
    assert isinstance(told["error"]["code"], int)
    assert told["error"]["message"]
    assert "id" not in told or told["id"] == 1


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_a_probe_by_another_method_is_refused_in_the_same_way(
    server: Any, method: str
) -> None:
    async with server.http.request(method, server.url, headers=FIELDS) as answer:
        assert answer.status == 405
        assert (await answer.json())["error"]["message"]
