"""The REST API that all peers call, and the issuer of the tokens: `PORT KEYS_FILE`.

A bare asyncio protocol, so that it costs little of the core that it shares with the load.
"""

import asyncio
import sys
from pathlib import Path

import orjson

from tests.bench.peers.common import serve

ROWS = [
    {
        "id": f"ws{number:018d}",
        "name": f"Workspace {number}",
        "description": "Load tests of one team",
        "created": 1767225600000,
        "lastModified": 1767225600000,
        "userId": "u1",
    }
    for number in range(12)
]
ENTITY = {
    "@type": "VirtualUserDescription",
    "id": "vu1",
    "userId": "u1",
    "projectId": "p1",
    "name": "Checkout",
    "description": "From the home page to the order, as recorded in the shop. " * 25,
    "type": "JMETER",
    "tags": ["smoke"],
    "created": 1767225600000,
    "lastModified": 1767225600000,
}


def answers(origin: str, keys: bytes) -> dict[bytes, bytes]:
    """Complete answers by path."""
    bodies = {
        b"/workspaces/member-of": orjson.dumps(ROWS),
        b"/design/virtual-users/description/vu1": orjson.dumps(ENTITY),
        b"/design/projects/p1": orjson.dumps({"id": "p1", "workspaceId": "w1"}),
        b"/.well-known/oauth-authorization-server": orjson.dumps(
            {"issuer": origin, "jwks_uri": origin + "/jwks"}
        ),
        b"/jwks": keys,
    }
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nServer: stub\r\n"
    return {
        path: head + b"Content-Length: %d\r\n\r\n" % len(body) + body
        for path, body in bodies.items()
    }


class Stub(asyncio.Protocol):
    """Answers each head with what its path says."""

    def __init__(self, found: dict[bytes, bytes]) -> None:
        self._found = found
        self._transport: asyncio.Transport | None = None
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        assert self._transport
        *heads, self._rest = (self._rest + data).split(b"\r\n\r\n")
        for head in heads:
            path = head.split(b" ", 2)[1].partition(b"?")[0]
            missing = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
            self._transport.write(self._found.get(path, missing))


async def main(port: int, keys: bytes) -> None:
    found = answers(f"http://127.0.0.1:{port}", keys)
    await asyncio.get_running_loop().create_server(lambda: Stub(found), "127.0.0.1", port)


if __name__ == "__main__":
    serve(lambda: main(int(sys.argv[1]), Path(sys.argv[2]).read_bytes()))
