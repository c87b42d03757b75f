"""The order of checks on stateless requests, in raw HTTP (2026-07-28, basic/transports)."""

import base64
import io
import zlib
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

MODERN = "2026-07-28"
META = "io.modelcontextprotocol/"
GOOD_META = {f"{META}protocolVersion": MODERN, f"{META}clientCapabilities": {}}
GOOD_FIELDS = {"MCP-Protocol-Version": MODERN, "Mcp-Method": "tools/list"}


def body(method: Any = "tools/list", params: Any = None, **members: Any) -> dict[str, Any]:
    """A request that holds, unless `members` spoil it; `...` leaves a member out."""
    made = {
        "jsonrpc": "2.0",
        "id": 7,
        "method": method,
        "params": {"_meta": GOOD_META} if params is None else params,
        **members,
    }
    return {key: value for key, value in made.items() if value is not ...}


def call(name: str, arguments: Any = None, meta: Any = None) -> dict[str, Any]:
    params: dict[str, Any] = {"name": name, "_meta": {**GOOD_META, **(meta or {})}}
    if arguments is not None:
        params["arguments"] = arguments
    return body("tools/call", params)


def fields(**changed: Any) -> dict[str, str]:
    """The routing fields; an underscore stands for a hyphen, `...` leaves one out."""
    named = {key.replace("_", "-"): value for key, value in changed.items()}
    return {k: v for k, v in {**GOOD_FIELDS, **named}.items() if v is not ...}


CALLING = {"Mcp_Method": "tools/call", "Mcp_Name": "echo"}
NO_ID = object()


def rung(
    sent: Any, headers: dict[str, str], status: int, code: int, rpc_id: Any, *, name: str
) -> Any:
    return pytest.param((sent, headers, status, code, rpc_id), id=name)


RUNGS = [
    rung(b"{", fields(), 400, -32700, NO_ID, name="no JSON"),
    rung(b"", fields(), 400, -32700, NO_ID, name="no body"),
    rung(b'"\xff"', fields(), 400, -32700, NO_ID, name="no UTF-8"),
    rung(b"[" * 5000 + b"]" * 5000, fields(), 400, -32700, NO_ID, name="too deep"),
    rung([body()], fields(), 400, -32600, NO_ID, name="batch"),
    rung("text", fields(), 400, -32600, NO_ID, name="no object"),
    rung(body(method=..., params=..., result={}), fields(), 400, -32600, NO_ID, name="response"),
    rung(body(id=None), fields(), 400, -32600, NO_ID, name="null id"),
    rung(body(id=True), fields(), 400, -32600, NO_ID, name="boolean id"),
    rung(body(id=1.5), fields(), 400, -32600, NO_ID, name="fractional id"),
    rung(body(id={}), fields(), 400, -32600, NO_ID, name="object id"),
    rung(body(jsonrpc="1.0"), fields(), 400, -32600, 7, name="other JSON-RPC"),
    rung(body(jsonrpc=...), fields(), 400, -32600, 7, name="no JSON-RPC"),
    rung(body(method=5), fields(), 400, -32600, 7, name="method is a number"),
    rung(body(params=...), fields(), 400, -32602, 7, name="no params"),
    rung(body(params=[]), fields(), 400, -32602, 7, name="params are an array"),
    rung(body(params={"_meta": 1}), fields(), 400, -32602, 7, name="meta is a number"),
    rung(
        body(params={"_meta": {f"{META}protocolVersion": MODERN}}),
        fields(),
        400,
        -32602,
        7,
        name="no capabilities",
    ),
    rung(
        body(params={"_meta": {**GOOD_META, f"{META}clientCapabilities": 1}}),
        fields(),
        400,
        -32602,
        7,
        name="capabilities are a number",
    ),
    rung(
        body(params={"_meta": {**GOOD_META, f"{META}logLevel": "loud"}}),
        fields(),
        400,
        -32602,
        7,
        name="unknown log level",
    ),
    rung(body(), fields(MCP_Protocol_Version="2099-01-01"), 400, -32020, 7, name="other version"),
    rung(body(), fields(MCP_Protocol_Version=...), 400, -32020, 7, name="version field missing"),
    rung(body(), fields(Mcp_Method=...), 400, -32020, 7, name="method field missing"),
    rung(body(), fields(Mcp_Method="Tools/list"), 400, -32020, 7, name="method in capitals"),
    rung(call("echo"), fields(Mcp_Method="tools/call"), 400, -32020, 7, name="name field missing"),
    rung(
        call("echo"),
        fields(Mcp_Method="tools/call", Mcp_Name="count"),
        400,
        -32020,
        7,
        name="other name",
    ),
    rung(
        call("echo"),
        fields(Mcp_Method="tools/call", Mcp_Name="=?base64?!?="),
        400,
        -32020,
        7,
        name="broken Base64",
    ),
    rung(
        body(params={"_meta": {**GOOD_META, f"{META}protocolVersion": "2099-01-01"}}),
        fields(MCP_Protocol_Version="2099-01-01"),
        400,
        -32022,
        7,
        name="unknown version",
    ),
    *(
        rung(body(method=name), fields(Mcp_Method=name), 404, -32601, 7, name=name)
        for name in (
            "nothing",
            "initialize",
            "ping",
            "logging/setLevel",
            "resources/subscribe",
            "resources/unsubscribe",
            "tasks/list",
        )
    ),
    rung(
        call("route", {"region": "us"}),
        fields(Mcp_Method="tools/call", Mcp_Name="route"),
        400,
        -32020,
        7,
        name="parameter field missing",
    ),
    rung(
        call("route", {}),
        fields(Mcp_Method="tools/call", Mcp_Name="route", Mcp_Param_Region="us"),
        400,
        -32020,
        7,
        name="parameter field without argument",
    ),
    rung(
        call("route", {"region": "us"}),
        fields(Mcp_Method="tools/call", Mcp_Name="route", Mcp_Param_Region="eu"),
        400,
        -32020,
        7,
        name="other parameter field",
    ),
    rung(
        body("tools/call"),
        fields(Mcp_Method="tools/call"),
        400,
        -32602,
        7,
        name="call without name",
    ),
    rung(call("echo", [1]), fields(**CALLING), 400, -32602, 7, name="arguments are an array"),
    rung(
        call("nobody"),
        fields(Mcp_Method="tools/call", Mcp_Name="nobody"),
        400,
        -32602,
        7,
        name="unknown tool",
    ),
    rung(
        body(params={"_meta": GOOD_META, "cursor": "x"}),
        fields(),
        400,
        -32602,
        7,
        name="bad cursor",
    ),
    rung(
        body("completion/complete"),
        fields(Mcp_Method="completion/complete"),
        400,
        -32602,
        7,
        name="completion without reference",
    ),
]


@pytest.mark.parametrize("case", RUNGS)
async def test_each_rung_has_its_status_its_code_and_the_id_where_readable(
    server: Any, case: tuple[Any, dict[str, str], int, int, Any]
) -> None:
    sent, headers, status, code, rpc_id = case
    got_status, answer, _ = await server.post(sent, headers)
    assert (got_status, answer["error"]["code"]) == (status, code)
    if rpc_id is NO_ID:
        assert "id" not in answer
    else:
        assert answer["id"] == rpc_id


async def test_an_unsupported_version_is_told_what_is_supported(server: Any) -> None:
    sent = body(params={"_meta": {**GOOD_META, f"{META}protocolVersion": "2099-01-01"}})
    _, answer, _ = await server.post(sent, fields(MCP_Protocol_Version="2099-01-01"))
    assert answer["error"]["data"] == {"supported": [MODERN], "requested": "2099-01-01"}
    _, found, _ = await server.modern("server/discover")
    assert set(answer["error"]["data"]["supported"]) <= set(found["result"]["supportedVersions"])


@pytest.mark.parametrize("field", ["MCP-Protocol-Version", "Mcp-Method", "Mcp-Name"])
async def test_a_repeated_routing_field_is_refused(server: Any, field: str) -> None:
    headers = {**fields(**CALLING), "Content-Type": "application/json", "Accept": "*/*"}
    pairs = [*headers.items(), (field, headers[field])]
    async with server.http.post(server.url, json=call("echo"), headers=pairs) as answer:
        assert answer.status == 400
        assert (await answer.json())["error"]["code"] == -32020


@pytest.mark.parametrize(
    "headers",
    [
        fields(MCP_Protocol_Version=f"  {MODERN}\t", Mcp_Method=" tools/call ", Mcp_Name=" echo "),
        fields(Mcp_Method="tools/call", Mcp_Name="=?base64?ZWNobw==?="),
    ],
    ids=["padded", "Base64"],
)
async def test_padded_and_encoded_fields_are_understood(
    server: Any, headers: dict[str, str]
) -> None:
    status, answer, _ = await server.post(call("echo", {"text": "x"}), headers)
    assert (status, answer["result"]["structuredContent"]["text"]) == (200, "x")


@pytest.mark.parametrize(
    ("arguments", "params"),
    [
        ({"region": "us"}, {"Mcp_Param_Region": "us"}),
        ({"region": "zürich"}, {"Mcp_Param_Region": "=?base64?esO8cmljaA==?="}),
        ({"size": 42}, {"mcp_param_size": "42"}),
        ({"size": 42}, {"Mcp_Param_Size": "42.0"}),
        ({}, {}),
        ({"region": None}, {}),
    ],
)
async def test_parameter_fields_that_agree_pass_to_the_tool(
    server: Any, arguments: dict[str, Any], params: dict[str, str]
) -> None:
    headers = fields(Mcp_Method="tools/call", Mcp_Name="route", **params)
    status, answer, _ = await server.post(call("route", arguments), headers)
    assert (status, "result" in answer) == (200, True)


async def test_wrong_arguments_of_a_tool_are_a_result(server: Any) -> None:
    status, answer, _ = await server.modern("tools/call", {"name": "echo", "arguments": {"a": 1}})
    assert status == 200
    assert answer["result"]["isError"] is True
    assert answer["result"]["resultType"] == "complete"


async def test_every_result_names_the_server_and_lists_carry_caching_members(server: Any) -> None:
    calls = {
        "server/discover": {},
        "tools/list": {},
        "prompts/list": {},
        "resources/list": {},
        "resources/templates/list": {},
        "resources/read": {"uri": "octoperf://templates/agents-md"},
    }
    for method, params in calls.items():
        status, answer, headers = await server.modern(method, params)
        result = answer["result"]
        assert status == 200
        assert result["resultType"] == "complete"
        assert result["_meta"][f"{META}serverInfo"]["name"] == "octoperf-mcp"
        assert (result["ttlMs"], result["cacheScope"]) == (300_000, "public")
        assert "Mcp-Session-Id" not in headers


async def test_account_data_is_private_and_uncached(server: Any) -> None:
    _, answer, _ = await server.modern("resources/read", {"uri": "fixture://things/1"})
    assert (answer["result"]["ttlMs"], answer["result"]["cacheScope"]) == (0, "private")


async def test_calls_and_prompts_have_no_caching_members(server: Any) -> None:
    for method, params in {
        "tools/call": {"name": "echo", "arguments": {"text": "x"}},
        "prompts/get": {"name": "greet", "arguments": {"who": "Ann"}},
        "completion/complete": {
            "ref": {"type": "ref/prompt", "name": "echo"},
            "argument": {"name": "text", "value": ""},
        },
    }.items():
        _, answer, _ = await server.modern(method, params)
        assert answer["result"]["resultType"] == "complete", method
        assert "ttlMs" not in answer["result"]


@pytest.mark.parametrize(
    ("version", "status"), [(MODERN, 202), ("2099-01-01", 400)], ids=["known", "unknown"]
)
async def test_a_notification_is_accepted_where_its_version_is(
    server: Any, version: str, status: int
) -> None:
    sent = {"jsonrpc": "2.0", "method": "notifications/anything"}
    got, answer, _ = await server.post(sent, {"MCP-Protocol-Version": version})
    assert got == status
    assert answer is None if status == 202 else answer["error"]["code"] == -32022


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "PATCH"])
async def test_only_post_is_served(server: Any, method: str) -> None:
    headers = {"MCP-Protocol-Version": MODERN}
    async with server.http.request(method, server.url, headers=headers) as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/json; charset=utf-8"}, 200),
        ({"Accept": "text/html"}, 406),
        ({"Accept": "text/event-stream"}, 406),
        ({"Accept": "application/json"}, 200),
        ({"Accept": "*/*"}, 200),
        ({"Accept": "application/*;q=0.9, text/*"}, 200),
    ],
)
async def test_media_types_are_negotiated(
    server: Any, headers: dict[str, str], status: int
) -> None:
    got, answer, _ = await server.post(body(), {**fields(), **headers})
    assert got == status
    assert answer["jsonrpc"] == "2.0"


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_over_four_mebibytes_is_refused(server: Any, chunked: bool) -> None:
    sent = orjson.dumps(call("echo", {"text": "x" * (4 * 1024 * 1024)}))

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(sent), 65536):
            yield sent[start : start + 65536]

    headers = {**fields(**CALLING), "Content-Type": "application/json"}
    data = pieces() if chunked else io.BytesIO(sent)
    async with server.http.post(server.url, data=data, headers=headers) as answer:
        assert answer.status == 413
        assert (await answer.json())["error"]["code"] == -32600


async def test_a_small_body_that_unpacks_to_more_is_refused(server: Any) -> None:
    packed = zlib.compress(b" " * (5 * 1024 * 1024))
    status, answer, _ = await server.post(packed, {**fields(), "Content-Encoding": "deflate"})
    assert (status, answer["error"]["code"]) == (413, -32600)


async def test_a_body_with_broken_compression_is_refused(server: Any) -> None:
    status, answer, _ = await server.post(b"no gzip", {**fields(), "Content-Encoding": "gzip"})
    assert (status, answer["error"]["code"]) == (400, -32600)


async def test_strings_as_ids_come_back_as_they_were(server: Any) -> None:
    for rpc_id in ("a", "", 'q"\n', 0, -5, 2**53, "é" * 100):
        status, answer, _ = await server.post(body(id=rpc_id), fields())
        assert (status, answer["id"]) == (200, rpc_id)


async def test_fields_of_32_kib_are_read(server: Any) -> None:
    name = "fixture://things/" + "a" * 20_000
    encoded = f"=?base64?{base64.b64encode(name.encode()).decode()}?="
    sent = body("resources/read", {"uri": name, "_meta": GOOD_META})
    status, answer, _ = await server.post(
        sent, fields(Mcp_Method="resources/read", Mcp_Name=encoded)
    )
    assert (status, answer["result"]["contents"][0]["uri"]) == (200, name)


async def test_the_answer_is_one_compact_json_object(server: Any) -> None:
    async with server.http.post(
        server.url,
        json=call("echo", {"text": "hé"}),
        headers={**fields(**CALLING), "Accept": "application/json, text/event-stream"},
    ) as answer:
        raw = await answer.read()
    assert raw.startswith(
        b'{"jsonrpc":"2.0","id":7,"result":{"content":[{"type":"text","text":"{\\"text\\":'
    )
    result = orjson.loads(raw)["result"]
    assert orjson.loads(result["content"][0]["text"]) == result["structuredContent"]
