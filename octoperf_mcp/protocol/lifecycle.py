"""`initialize`, `server/discover`, `ping`, and what the server says it can do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from octoperf_mcp.errors import InvalidParamsError
from octoperf_mcp.protocol import jsonrpc, results, versions
from octoperf_mcp.protocol.exchange import Exchange, Reply
from octoperf_mcp.protocol.prepared import Prepared

CAPABILITIES: Mapping[str, Any] = {
    "tools": {"listChanged": True},
    "resources": {"subscribe": True, "listChanged": True},
    "prompts": {"listChanged": True},
    "completions": {},
    "logging": {},
}
"""Exactly what is handled in both eras."""

_MOST_NAME = 100


@dataclass(frozen=True, slots=True)
class Handshake:
    """An `initialize` that was accepted: what the session must remember."""

    reply: Reply
    version: str
    capabilities: Mapping[str, Any]
    client: str


def named(info: Any) -> str:
    """A client's name and version in one text, from what it says of itself."""
    if not isinstance(info, dict):
        return ""
    name, version = info.get("name"), info.get("version")
    if not isinstance(name, str):
        name = ""
    if isinstance(version, str):
        name = f"{name} {version}"
    return name[:_MOST_NAME].strip()


class Lifecycle:
    """Answers from the server's identity."""

    def __init__(
        self, info: Mapping[str, Any], instructions: str, extensions: Mapping[str, Any]
    ) -> None:
        self._members: dict[str, Any] = {
            "capabilities": CAPABILITIES,
            "serverInfo": dict(info),
        }
        if instructions:
            self._members["instructions"] = instructions
        discovered: dict[str, Any] = {
            "supportedVersions": list(versions.MODERN_VERSIONS),
            "capabilities": {**CAPABILITIES, "extensions": extensions},
        }
        if instructions:
            discovered["instructions"] = instructions
        tail = results.modern_tail(info, ttl_ms=results.CATALOGUE_TTL_MS)
        self._discovery = Prepared(orjson.dumps(discovered)[:-1] + tail + b"}")

    def initialize(self, request: jsonrpc.Request) -> Handshake:
        """Settle the revision of a legacy session.

        Raises:
            InvalidParamsError: the parameters have the wrong shape.
        """
        params = request.params
        if not isinstance(params, dict):
            raise InvalidParamsError("params must be an object.")
        requested = results.text_param(params, "protocolVersion")
        capabilities = results.object_param(params, "capabilities")
        client = named(results.object_param(params, "clientInfo"))
        version = versions.negotiate(requested)
        body = orjson.dumps({"protocolVersion": version, **self._members})
        reply = Reply(jsonrpc.result(request.id_json, body))
        return Handshake(reply, version, capabilities, client)

    def discover(self, exchange: Exchange) -> Reply:
        """What a stateless client asks first."""
        return self._discovery.reply(exchange)

    def ping(self, exchange: Exchange) -> Reply:
        """Both sides may ask whether the other is alive."""
        return Reply(jsonrpc.result(exchange.request.id_json, b"{}"))
