"""JSON-RPC 2.0 as MCP narrows it: reading one message, writing answers as joined bytes.

2026-07-28, basic/index: ids are strings or integers, never null; parameters are objects; batches
exist in no revision that clients still use. An error whose request id could not be read has no
`id` member at all: the schemas of 2025-11-25 and 2026-07-28 make it optional, and `null` is a
violation of the latter.
"""

from dataclasses import dataclass
from typing import Any, Final

import orjson

from octoperf_mcp.errors import InvalidRequestError, ParseError, ProtocolError

CANCELLED: Final = -32800
"""Code of the answer to a legacy request that `notifications/cancelled` ended."""
MAX_DEPTH: Final = 100
"""Arrays and objects within each other; what is read must fit into an answer, too, where orjson
bears 254."""


@dataclass(slots=True)
class Request:
    """A call that is owed an answer."""

    id: str | int
    id_json: bytes
    method: str
    params: Any


@dataclass(slots=True)
class Notification:
    """A message that is owed nothing."""

    method: str
    params: Any


@dataclass(slots=True)
class Response:
    """A client's answer to a request of ours: a result, or an error object."""

    id: str | int
    result: Any
    error: Any = None


@dataclass(slots=True)
class Rejected:
    """What is wrong with a message, and its id where that could be read."""

    error: ProtocolError
    id_json: bytes | None = None


Message = Request | Notification | Response


def read_message(body: bytes) -> Message | Rejected:
    """Take one message out of a request body."""
    try:
        decoded = orjson.loads(body)
    except orjson.JSONDecodeError:
        return Rejected(ParseError("The body is not JSON."))
    if not isinstance(decoded, dict):
        what = "one JSON-RPC message, no batch" if isinstance(decoded, list) else "a JSON object"
        return Rejected(InvalidRequestError(f"The body must be {what}."))
    if body.count(b"{") + body.count(b"[") > MAX_DEPTH and _is_deep(decoded):
        told = InvalidRequestError(f"The body may be {MAX_DEPTH} levels deep at most.")
        message = _message({**decoded, "params": None})
        return Rejected(told, message.id_json if isinstance(message, Request) else None)
    return _message(decoded)


def _is_deep(decoded: dict[str, Any]) -> bool:
    level: list[Any] = [decoded]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def _message(decoded: dict[str, Any]) -> Message | Rejected:
    method = decoded.get("method")
    if "id" not in decoded:
        if decoded.get("jsonrpc") == "2.0" and isinstance(method, str):
            return Notification(method, decoded.get("params"))
        return Rejected(InvalidRequestError('A notification has "jsonrpc": "2.0" and a method.'))
    rpc_id = decoded["id"]
    if type(rpc_id) is not int and type(rpc_id) is not str:
        return Rejected(InvalidRequestError("The id must be a string or an integer."))
    id_json = orjson.dumps(rpc_id)
    if decoded.get("jsonrpc") != "2.0":
        return Rejected(InvalidRequestError('The member "jsonrpc" must be "2.0".'), id_json)
    if isinstance(method, str):
        return Request(rpc_id, id_json, method, decoded.get("params"))
    if method is None and ("result" in decoded or "error" in decoded):
        return Response(rpc_id, decoded.get("result"), decoded.get("error"))
    return Rejected(InvalidRequestError("The method must be a string."), id_json)


def result(id_json: bytes, result_json: bytes) -> bytes:
    """A successful answer."""
    return b"".join((b'{"jsonrpc":"2.0","id":', id_json, b',"result":', result_json, b"}"))


def error(id_json: bytes | None, code: int, message: str, data: Any = None) -> bytes:
    """A failed answer; without a readable id it has none."""
    body: dict[str, Any] = {"code": code, "message": message}
    if data is not None:
        body["data"] = data
    member = b"" if id_json is None else b'"id":' + id_json + b","
    dumped = orjson.dumps(body, default=str, option=orjson.OPT_NON_STR_KEYS)
    return b'{"jsonrpc":"2.0",' + member + b'"error":' + dumped + b"}"


def refusal(id_json: bytes | None, failure: ProtocolError) -> bytes:
    """The answer for one of our protocol errors."""
    return error(id_json, failure.rpc_code, failure.message, failure.data)


def request(rpc_id: str, method: str, params: dict[str, Any]) -> bytes:
    """A message from us that expects an answer."""
    return orjson.dumps({"jsonrpc": "2.0", "id": rpc_id, "method": method, "params": params})


def notification(method: str, params: dict[str, Any]) -> bytes:
    """A message from us that expects no answer."""
    return orjson.dumps({"jsonrpc": "2.0", "method": method, "params": params})
