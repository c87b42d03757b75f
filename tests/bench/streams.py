"""Open streams: memory of each, and how fast one change reaches them all.

A raw epoll reader on the core that the server does not use. Two kinds: `session` is initialize and
GET, `listen` is POST subscriptions/listen. The next change is announced once all streams have the
one before, so that no two of them travel in one write.
"""

import select
import socket
import time
from dataclasses import dataclass

from tests.bench.load import LEGACY, Message, Process, ask, cpu_ns, raw, resident_kib, session

_MARK = b"tools/list_changed"
_PATIENCE_S = 60.0
_BURST = 50


@dataclass
class Streams:
    """What was measured."""

    kib_each: float
    events_per_s: float
    cpu_us: float


class Reader:
    """Counts the events that come in on all streams."""

    def __init__(self) -> None:
        self._poll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._heads: set[int] = set()
        self.opened = 0
        self.events = 0

    def add(self, port: int, request: bytes) -> None:
        """Open one more stream."""
        opened = socket.create_connection(("127.0.0.1", port))
        opened.sendall(request)
        opened.setblocking(False)
        self._sockets[opened.fileno()] = opened
        self._poll.register(opened.fileno(), select.EPOLLIN)

    def until(self, *, opened: int = 0, events: int = 0) -> None:
        """Read until so many have come."""
        ends = time.perf_counter() + _PATIENCE_S
        while self.opened < opened or self.events < events:
            if time.perf_counter() > ends:
                raise SystemExit(f"streams: {self.opened} opened, {self.events} events came")
            for number, _ in self._poll.poll(0.1, 1024):
                data = self._sockets[number].recv(65536)
                if not data:
                    raise SystemExit("streams: one was closed")
                if number not in self._heads:
                    if not data.startswith(b"HTTP/1.1 200"):
                        raise SystemExit(f"streams: {data[:200]!r}")
                    self._heads.add(number)
                    self.opened += 1
                self.events += data.count(_MARK)

    def close(self) -> None:
        """Close all streams."""
        for opened in self._sockets.values():
            opened.close()


def measure(
    process: Process, fields: dict[str, str], *, kind: str, count: int, rounds: int
) -> Streams:
    """Open so many streams, then announce so many changes."""
    announce = Message(
        "tools/call", {"name": "bench_announce", "arguments": {"times": 1}}, modern=True
    )
    ask(process, announce, fields)
    requests = [_request(process, fields, kind, number) for number in range(count)]
    before = resident_kib(process.pid)
    reader = Reader()
    try:
        for number, request in enumerate(requests, 1):
            reader.add(process.port, request)
            if number % _BURST == 0 or number == count:
                reader.until(opened=number)
        each = (resident_kib(process.pid) - before) / count
        reader.events = 0
        spent, started = cpu_ns(process.pid), time.perf_counter()
        for turn in range(1, rounds + 1):
            ask(process, announce, fields)
            reader.until(events=turn * count)
        took = time.perf_counter() - started
        spent = cpu_ns(process.pid) - spent
    finally:
        reader.close()
    return Streams(each, rounds * count / took, spent / 1e3 / rounds / count)


def _request(process: Process, fields: dict[str, str], kind: str, number: int) -> bytes:
    if kind == "listen":
        params = {"notifications": {"toolsListChanged": True}}
        message = Message("subscriptions/listen", params, modern=True)
        return raw(process, message, number, fields)
    own = {
        **fields,
        "Host": f"127.0.0.1:{process.port}",
        "Accept": "text/event-stream",
        "MCP-Protocol-Version": LEGACY,
        "Mcp-Session-Id": session(process, fields),
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in own.items())
    return f"GET {process.path} HTTP/1.1\r\n{lines}\r\n".encode()
