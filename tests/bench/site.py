"""A target of one process: answers a few paths as fast as Python can, and counts exactly.

    python -m tests.bench.site PORT

`GET /count` answers how many other requests came.
"""

import asyncio
import sys
from typing import cast

PAGE = b"<html><input name='csrf' value='tok-42'>" + b"<p>some text of a page</p>" * 60 + b"</html>"
_JSON = b'{"items": [{"id": 7, "name": "seven"}], "total": 1}'
_TYPES = {b"/json": (b"application/json", _JSON)}


def _answer(body: bytes, kind: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: " + kind + b"\r\nContent-Length: "
    return head + str(len(body)).encode() + b"\r\n\r\n" + body


_READY = {path: _answer(body, kind) for path, (kind, body) in _TYPES.items()}
_OTHER = _answer(PAGE, b"text/html; charset=utf-8")


class _Peer(asyncio.Protocol):
    """One connection; requests come one at a time, as users wait for their answers."""

    count = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            size = end + 4
            if head.startswith(b"POST"):
                lower = head.lower()
                begin = lower.index(b"content-length:") + 15
                size += int(lower[begin:].split(b"\r\n", 1)[0])
            if len(self._buffer) < size:
                return
            self._buffer = self._buffer[size:]
            path = head.split(b" ", 2)[1].split(b"?", 1)[0]
            self._write(path)

    def _write(self, path: bytes) -> None:
        if path == b"/count":
            self._transport.write(_answer(str(_Peer.count).encode(), b"text/plain"))
            return
        _Peer.count += 1
        self._transport.write(_READY.get(path, _OTHER))


async def serve(port: int) -> None:
    """Until the process is ended."""
    server = await asyncio.get_running_loop().create_server(_Peer, "127.0.0.1", port, backlog=1024)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await server.serve_forever()


def main() -> None:
    """Serve on the loop that is fastest here."""
    try:
        import uvloop

        uvloop.run(serve(int(sys.argv[1])))
    except ImportError:
        asyncio.run(serve(int(sys.argv[1])))


if __name__ == "__main__":
    main()
