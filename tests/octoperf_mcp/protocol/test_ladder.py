"""The same verdict as the official SDK on the same random requests (its ladder is the oracle)."""

from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from mcp.shared import inbound
from multidict import CIMultiDict

from octoperf_mcp.errors import ProtocolError
from octoperf_mcp.protocol import ladder
from octoperf_mcp.protocol.jsonrpc import Request

MODERN = "2026-07-28"
META = "io.modelcontextprotocol/"

versions = st.sampled_from((MODERN, "2025-11-25", "2099-01-01", "", "x"))
methods = st.sampled_from(("tools/call", "resources/read", "prompts/get", "tools/list", "nothing"))
names = st.sampled_from(("echo", "Echo", "zürich", "", "=?base64?eA==?=", " echo"))
encoded = st.sampled_from(
    ("echo", "=?base64?ZWNobw==?=", "=?base64?esO8cmljaA==?=", "=?base64?!?=", "=?BASE64?eA==?=")
)
odd: st.SearchStrategy[Any] = st.none() | st.integers(0, 2) | st.just([])
metas: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        f"{META}protocolVersion": versions | odd,
        f"{META}clientCapabilities": st.just({}),
        f"{META}clientInfo": st.just({}),
    },
)
good_metas = st.builds(
    lambda version: {f"{META}protocolVersion": version, f"{META}clientCapabilities": {}}, versions
)
params = st.fixed_dictionaries(
    {}, optional={"_meta": good_metas | metas | odd, "name": names | odd, "uri": names}
)
fields = st.fixed_dictionaries(
    {},
    optional={
        "mcp-protocol-version": versions,
        "mcp-method": methods,
        "mcp-name": names.filter(lambda name: name.isascii() and name == name.strip()) | encoded,
    },
)


@st.composite
def agreeing(draw: st.DrawFn) -> tuple[str, Any, dict[str, str]]:
    """Requests whose fields mostly repeat the body, so that the later rungs are reached."""
    method, sent = draw(methods), draw(params)
    headers = draw(fields)
    meta = sent.get("_meta")
    if draw(st.booleans()) and isinstance(meta, dict):
        headers["mcp-method"] = method
        version = meta.get(f"{META}protocolVersion")
        if isinstance(version, str):
            headers["mcp-protocol-version"] = version
    name = sent.get(ladder.NAMED_BY.get(method, ""))
    if draw(st.booleans()) and isinstance(name, str):
        headers["mcp-name"] = inbound.encode_header_value(name)
    return method, sent, headers


def ours(method: str, sent: Any, headers: Mapping[str, str]) -> ProtocolError | None:
    return ladder.check(Request(1, b"1", method, sent), CIMultiDict(headers))


@given(agreeing() | st.tuples(methods, params | odd, fields))
def test_our_ladder_stops_on_the_same_rung_as_the_official_one(
    case: tuple[str, Any, dict[str, str]],
) -> None:
    method, sent, headers = case
    verdict = inbound.classify_inbound_request(
        {"jsonrpc": "2.0", "id": 1, "method": method, "params": sent}, headers=headers
    )
    refusal = ours(method, sent, headers)
    if isinstance(verdict, inbound.InboundModernRoute):
        assert refusal is None
        return
    assert refusal is not None
    assert refusal.rpc_code == verdict.code
    assert refusal.data == verdict.data


def test_a_task_id_is_repeated_in_the_name_field() -> None:
    """tasks.md of ext-tasks; the official table lacks these methods."""
    meta = {f"{META}protocolVersion": MODERN, f"{META}clientCapabilities": {}}
    headers = {"MCP-Protocol-Version": MODERN, "Mcp-Method": "tasks/get", "Mcp-Name": "other"}
    refusal = ours("tasks/get", {"taskId": "t", "_meta": meta}, headers)
    assert refusal is not None
    assert refusal.rpc_code == -32020
