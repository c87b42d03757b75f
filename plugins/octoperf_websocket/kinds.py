"""What the actions are, and which elements of JMeter each plays.

The elements are those of the WebSocket Samplers by Peter Doornbosch, whose property names are
`server`, `port`, `path`, `TLS`, `connectTimeout`, `readTimeout`, `createNewConnection`,
`payloadType` (older plans: `binaryPayload`), `requestData`, `dataType`, `optional`, `statusCode`,
`loadDataFromFile` and `dataFile`.
"""

from typing import Any, Final

from octoperf_mcp import ActionType

_LUMINIS: Final = "eu.luminis.jmeter.wssampler."
_ADDRESS: Final = ("server:port",)
"""Of kept elements; the actions name an HTTP server of the project."""

_TIMEOUT: Final = {
    "type": "integer",
    "minimum": 0,
    "description": "Longest wait in milliseconds; 0 or none: 6000.",
}
_SAME: Final = {
    "connection": {
        "type": "string",
        "description": "Name of the connection where a user has several; none: the only one.",
    },
}
_WAITS: Final = {**_SAME, "readTimeoutMs": _TIMEOUT}
_MESSAGE: Final = {
    "message": {
        "type": "string",
        "description": "Text, or bytes in hexadecimal; with ${variables}.",
    },
    "payloadType": {"enum": ["TEXT", "BINARY"], "description": "None: TEXT."},
}
_HEADER: Final = {
    "type": "object",
    "required": ["name", "value"],
    "properties": {"name": {"type": "string", "minLength": 1}, "value": {"type": "string"}},
}


def _kind(
    name: str,
    sampler: str,
    description: str,
    properties: dict[str, Any],
    required: tuple[str, ...] = (),
) -> ActionType:
    return ActionType(
        f"WebSocket{name}Action",
        description,
        f"octoperf_websocket.playing:{_FUNCTIONS[name]}",
        properties,
        required,
        classes=(f"{_LUMINIS}{sampler}",),
        reaches=_ADDRESS,
    )


_FUNCTIONS: Final = {
    "Open": "open_connection",
    "RequestResponse": "request_response",
    "Write": "write",
    "Read": "read",
    "Ping": "ping",
    "Close": "close",
}

KINDS: Final = (
    _kind(
        "Open",
        "OpenWebSocketSampler",
        "Opens a WebSocket to an HTTP server of the project (wss where that is HTTPS); the user "
        "keeps it until it is closed, opened anew, or the user leaves. Embedded platform only.",
        {
            "serverId": {"type": "string"},
            "path": {"type": "string", "description": "With its query; with ${variables}."},
            "headers": {"type": "array", "items": _HEADER},
            "subprotocols": {"type": "array", "items": {"type": "string"}},
            "connectTimeoutMs": _TIMEOUT,
            **_WAITS,
        },
        ("serverId", "path"),
    ),
    _kind(
        "RequestResponse",
        "RequestResponseWebSocketSampler",
        "Sends a message and waits for the next one that comes, which extractors and assertions "
        "below it read. Embedded platform only.",
        {**_MESSAGE, **_WAITS},
        ("message",),
    ),
    _kind(
        "Write",
        "SingleWriteWebSocketSampler",
        "Sends a message and waits for nothing. Embedded platform only.",
        {**_MESSAGE, **_SAME},
        ("message",),
    ),
    _kind(
        "Read",
        "SingleReadWebSocketSampler",
        "Waits for the next message, which extractors and assertions below it read. Embedded "
        "platform only.",
        {
            "payloadType": {"enum": ["TEXT", "BINARY", "ANY"], "description": "None: ANY."},
            "optional": {"type": "boolean", "description": "No message in time is no failure."},
            **_WAITS,
        },
    ),
    _kind(
        "Ping",
        "PingPongSampler",
        "Sends a ping and waits for its pong. Embedded platform only.",
        _WAITS,
    ),
    _kind(
        "Close",
        "CloseWebSocketSampler",
        "Closes the WebSocket and waits until the server agrees. Embedded platform only.",
        {"statusCode": {"type": "integer", "minimum": 1000, "maximum": 4999}, **_WAITS},
    ),
)
