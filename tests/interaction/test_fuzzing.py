"""Whatever is sent, the answer comes, is well-formed and is never a 500."""

import asyncio
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MODERN = "2026-07-28"
META = "io.modelcontextprotocol/"
METHODS = (
    "initialize",
    "ping",
    "server/discover",
    "tools/list",
    "tools/call",
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "prompts/list",
    "prompts/get",
    "completion/complete",
    "logging/setLevel",
    "notifications/cancelled",
    "notifications/initialized",
)
WORDS = ("echo", "count", "route", "delete_thing", "greet", "fixture://things/1", "x", "")

leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
metas = st.fixed_dictionaries(
    {},
    optional={
        f"{META}protocolVersion": st.sampled_from((MODERN, "2025-11-25")) | values,
        f"{META}clientCapabilities": st.just({}) | values,
        f"{META}logLevel": st.just("info") | values,
        "progressToken": st.just(1) | values,
    },
)
named = st.sampled_from(WORDS)
params = st.fixed_dictionaries(
    {},
    optional={
        "_meta": metas | values,
        "name": named | values,
        "uri": named | values,
        "arguments": st.dictionaries(st.sampled_from(("text", "upTo", "region")), values) | values,
        "cursor": values,
        "ref": st.fixed_dictionaries({"type": st.just("ref/prompt"), "name": named}) | values,
        "argument": st.fixed_dictionaries({"name": named, "value": st.text()}) | values,
        "context": values,
        "level": values,
        "requestId": values,
        "protocolVersion": st.just("2025-11-25") | values,
        "capabilities": values,
        "clientInfo": values,
    },
)
messages = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.just("2.0") | values,
        "id": st.just(1) | values,
        "method": st.sampled_from(METHODS) | values,
        "params": params | values,
        "result": values,
    },
)


def dumped(value: Any) -> bytes:
    """As JSON; integers beyond 64 bits and lone surrogates come from the standard writer."""
    import json

    return json.dumps(value).encode()


bodies = messages.map(dumped) | values.map(dumped) | st.binary(max_size=60)
field_texts = st.text(st.characters(min_codepoint=0x20, exclude_characters="\x7f"), max_size=30)
fields = st.fixed_dictionaries(
    {},
    optional={
        "MCP-Protocol-Version": st.sampled_from((MODERN, "2025-11-25")) | field_texts,
        "Mcp-Method": st.sampled_from(METHODS) | field_texts,
        "Mcp-Name": named | st.just("=?base64?ZWNobw==?=") | field_texts,
        "Mcp-Param-Region": field_texts,
        "Mcp-Session-Id": field_texts,
        "Accept": field_texts | st.just("*/*"),
        "Accept-Encoding": field_texts | st.just("gzip"),
        "Content-Type": field_texts | st.just("application/json"),
        "Origin": field_texts,
        "Last-Event-ID": field_texts,
    },
)
relaxed = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


async def check(server: Any, body: bytes, headers: dict[str, str]) -> None:
    sent = {"Content-Type": "application/json", "Accept": "*/*", **headers}
    async with (
        asyncio.timeout(5),
        server.http.post(server.url, data=body, headers=sent) as answer,
    ):
        content = await answer.read()
        kind = answer.content_type
        status = answer.status
    assert status < 500
    if status == 202:
        assert content == b""
        return
    if kind == "text/event-stream":
        content = content.rstrip().rpartition(b"data: ")[2]
    else:
        assert kind == "application/json"
    told = orjson.loads(content)
    assert told["jsonrpc"] == "2.0"
    assert ("result" in told) != ("error" in told)
    assert told.get("id", 0) is not None
    if "error" in told:
        assert isinstance(told["error"]["code"], int)
        assert told["error"]["code"] != -32603


@relaxed
@given(body=bodies, headers=fields)
async def test_anything_in_bodies_and_fields(
    server: Any, body: bytes, headers: dict[str, str]
) -> None:
    await check(server, body, headers)


@relaxed
@given(message=messages)
async def test_anything_within_a_session(server: Any, message: dict[str, Any]) -> None:
    if "session" not in vars(server):
        server.session = await server.initialize()
    await check(server, dumped(message), server.session)


@relaxed
@given(method=st.sampled_from(METHODS), name=named, rest=params, rpc_id=st.integers() | st.text())
async def test_anything_in_a_stateless_envelope(
    server: Any, method: str, name: str, rest: dict[str, Any], rpc_id: Any
) -> None:
    envelope = {f"{META}protocolVersion": MODERN, f"{META}clientCapabilities": {}}
    given_params = {**rest, "name": name, "uri": name, "_meta": envelope}
    sent = {"jsonrpc": "2.0", "id": rpc_id, "method": method, "params": given_params}
    headers = {"MCP-Protocol-Version": MODERN, "Mcp-Method": method, "Mcp-Name": name}
    await check(server, dumped(sent), headers)


@pytest.mark.parametrize(
    "raw",
    [
        b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nMCP-Protocol-Version: \xff\xfe\r\n",
        b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nMcp-Session-Id: \xff\xfe\r\n",
        b"POST /mcp HTTP/1.1\r\nHost: \xff\r\n",
        b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: \xff\r\n",
        b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nMcp-Method: \xff\r\n",
        b"POST /mcp HTTP/1.1\r\n",
        b"POST /mcp HTTP/1.0\r\n",
    ],
)
async def test_bytes_that_are_no_text_in_fields(server: Any, raw: bytes) -> None:
    body = dumped({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}})
    host, port = server.url.removeprefix("http://").removesuffix("/mcp").split(":")
    head = b"Content-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
    async with asyncio.timeout(5):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(raw + head % len(body) + body)
        await writer.drain()
        answer = await reader.read()
        writer.close()
    assert b" 4" in answer.partition(b"\r\n")[0]
