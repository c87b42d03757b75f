"""A recorded WebSocket as the actions that play it, where the platform has a plugin for them.

Chrome, Edge and Playwright write `_webSocketMessages` beside the handshake: a list of
`{type: send | receive, time, opcode, data}`, binary data (opcode 2) in Base64.
"""

import base64
import binascii
from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

from octoperf_mcp.embedded.importers.har_entries import Recorded
from octoperf_mcp.embedded.importers.nodes import container, node
from octoperf_mcp.embedded.importers.values import mapping, pairs, text

Json = dict[str, Any]

OPEN: Final = "WebSocketOpenAction"
"""Of the plugin `websocket`; where documents may hold it, they may hold the others."""
MOST_MESSAGES: Final = 500
_MOST_BYTES: Final = 256 * 1024
_BINARY: Final = 2
_KEPT_HEADERS: Final = frozenset({"origin", "user-agent", "authorization"})


def conversation(recorded: Recorded, server_id: str) -> tuple[Json, str]:
    """A container that opens the socket, plays its messages and closes it; and what changed.

    An answer that was recorded behind a message is waited for; what the server sent unasked is
    read if it comes.
    """
    path = recorded.url.path or "/"
    target = f"{path}?{recorded.url.query}" if recorded.url.query else path
    sent = list(pairs(recorded.request.get("headers")))
    protocols = [value for name, value in sent if name.lower() == "sec-websocket-protocol"]
    opened = node(
        OPEN,
        f"Open {path}",
        serverId=server_id,
        path=target,
        headers=[
            {"name": name, "value": value} for name, value in sent if _is_kept(name.lower(), value)
        ],
        subprotocols=[one.strip() for value in protocols for one in value.split(",")],
        children=[],
    )
    listed = [mapping(one) for one in recorded.messages or ()]
    usable = [one for one in listed if len(text(one.get("data"))) <= _MOST_BYTES]
    played = usable[:MOST_MESSAGES]
    closed = node("WebSocketCloseAction", "Close", children=[])
    note = f"a WebSocket with {len(played)} messages, played one after the other when it opens"
    if left := len(listed) - len(played):
        note += f"; {left} more are left out"
    return container(f"WebSocket {path}", [opened, *_actions(played), closed], sample=True), note


def _actions(messages: list[Json]) -> Iterator[Json]:
    """A message with the answer behind it is one action."""
    pending: Json | None = None
    for sends, group in groupby(messages, lambda one: text(one.get("type")) == "send"):
        for one in group:
            if sends:
                if pending is not None:
                    yield _written("WebSocketWriteAction", pending)
                pending = one
            elif pending is not None:
                yield _written("WebSocketRequestResponseAction", pending)
                pending = None
            else:
                yield node("WebSocketReadAction", "Read", optional=True, children=[])
    if pending is not None:
        yield _written("WebSocketWriteAction", pending)


def _written(kind: str, message: Json) -> Json:
    data = text(message.get("data"))
    if message.get("opcode") != _BINARY:
        return node(kind, f"Send {data[:60]}", message=data, children=[])
    try:
        raw = base64.b64decode(data, validate=True)
    except binascii.Error:
        raw = data.encode()
    name = f"Send {len(raw)} bytes"
    return node(kind, name, message=raw.hex(), payloadType="BINARY", children=[])


def _is_kept(name: str, value: str) -> bool:
    """What a handshake says beyond what the engine says itself."""
    kept = name in _KEPT_HEADERS or name.startswith("x-")
    return kept and not any(letter in value for letter in "\r\n\0")
