"""The order of checks on a request of the stateless era (2026-07-28, basic/transports).

Each rung that fails names what is wrong; what the tool's own arguments lack is no matter of the
ladder but a tool result.
"""

from collections.abc import Mapping
from typing import Any, Final

from multidict import istr

from octoperf_mcp.errors import (
    HeaderMismatchError,
    InvalidParamsError,
    ProtocolError,
    UnsupportedVersionError,
)
from octoperf_mcp.protocol import header_values, versions
from octoperf_mcp.protocol.header_values import Headers
from octoperf_mcp.protocol.jsonrpc import Request

VERSION_FIELD: Final = istr("MCP-Protocol-Version")
METHOD_FIELD: Final = istr("Mcp-Method")
NAME_FIELD: Final = istr("Mcp-Name")

NAMED_BY: Final = {
    "tools/call": "name",
    "prompts/get": "name",
    "resources/read": "uri",
    "tasks/get": "taskId",
    "tasks/update": "taskId",
    "tasks/cancel": "taskId",
}
"""Parameter that `Mcp-Name` repeats."""

_NEEDED: Final = {versions.META_VERSION, versions.META_CAPABILITIES}


def speaks_modern(params: Any) -> bool:
    """Whether the parameters carry the metadata that only a modern client writes."""
    meta = params.get("_meta") if isinstance(params, dict) else None
    return isinstance(meta, dict) and versions.META_VERSION in meta


def unsupported(requested: str) -> UnsupportedVersionError | None:
    """The refusal of a revision that is not spoken here."""
    if requested in versions.MODERN_VERSIONS:
        return None
    readable = requested.encode("utf-8", "replace").decode("utf-8")
    return UnsupportedVersionError(
        "Unsupported protocol version",
        data={"supported": list(versions.MODERN_VERSIONS), "requested": readable},
    )


def check(request: Request, headers: Headers) -> ProtocolError | None:
    """The envelope against the routing fields: rungs 10 to 13; None when all hold."""
    version = headers.getall(VERSION_FIELD, ())
    method = headers.getall(METHOD_FIELD, ())
    name = headers.getall(NAME_FIELD, ())
    if len(version) > 1 or len(method) > 1 or len(name) > 1:
        return HeaderMismatchError(
            f"{VERSION_FIELD}, {METHOD_FIELD} and {NAME_FIELD} may appear once each."
        )
    params = request.params
    meta = params.get("_meta") if isinstance(params, dict) else None
    if not isinstance(meta, dict):
        return InvalidParamsError("params._meta must be an object.")
    if not meta.keys() >= _NEEDED:
        missing = sorted(_NEEDED - meta.keys(), reverse=True)
        return InvalidParamsError(f"params._meta lacks {', '.join(missing)}.")
    requested = meta[versions.META_VERSION]
    if not version or version[0].strip(" \t") != requested:
        return HeaderMismatchError(f"{VERSION_FIELD} differs from params._meta.")
    if not method or method[0].strip(" \t") != request.method:
        return HeaderMismatchError(f"{METHOD_FIELD} differs from the method of the body.")
    wanted = _named(request.method, params)
    if wanted is not None and (not name or header_values.decode(name[0]) != wanted):
        return HeaderMismatchError(
            f"{NAME_FIELD} differs from params.{NAMED_BY[request.method]} of the body."
        )
    refused = unsupported(requested)
    if refused is None and not isinstance(meta[versions.META_CAPABILITIES], dict):
        return InvalidParamsError(f"{versions.META_CAPABILITIES} must be an object.")
    return refused


def _named(method: str, params: Mapping[str, Any]) -> Any:
    key = NAMED_BY.get(method)
    return None if key is None else params.get(key)
