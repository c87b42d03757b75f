"""What travels between the platform and a generator: binary WebSocket messages.

A message is the length of its head (4 bytes, big-endian), its head (a JSON object whose `t` says
what it is) and a payload, which most have not.
"""

import json
from typing import Any

PROTOCOL = 1
"""Both sides must speak the same one; the version of the package must be the same, too."""
PATH = "/load-generators/join"
MOST_BYTES = 1 << 20
"""Of one message."""
CHUNK = 1 << 18
"""Bytes of a file or of a tunnel in one message."""
PATIENCE_S = 2.5
"""A generator that lost the platform for so long ends its users: Locust has given them to others by
then."""

SPOOL, JTL, LOG = "spool", "jtl", "log"
"""The files of a generator that come home, each only appended to."""

Head = dict[str, Any]


class FrameError(ValueError):
    """The other side sent what is no message."""


def pack(kind: str, payload: bytes = b"", /, **facts: Any) -> bytes:
    """A message as it travels."""
    head = json.dumps({"t": kind, **facts}, separators=(",", ":")).encode()
    return len(head).to_bytes(4, "big") + head + payload


def unpack(data: bytes) -> tuple[str, Head, bytes]:
    """Kind, facts and payload of a message.

    Raises:
        FrameError: it is none.
    """
    end = 4 + int.from_bytes(data[:4], "big")
    if len(data) < end:
        raise FrameError("a message is shorter than its head")
    try:
        head = json.loads(data[4:end])
        return str(head.pop("t")), head, data[end:]
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise FrameError("a message has no head") from error
