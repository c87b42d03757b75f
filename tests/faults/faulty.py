"""A way to a platform that goes wrong: a TCP proxy that delays, cuts, drips or lies."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

_END = b"\r\n\r\n"


@dataclass(frozen=True)
class Fault:
    """What happens to each answer.

    `answer` is sent instead of the platform's; of any answer `keep` bytes are let through and then
    comes `then`: the connection is reset, closed, or left open in silence. `drip_s` is the pause
    before each byte.
    """

    answer: bytes | None = None
    keep: int | None = None
    then: Literal["reset", "close", "silence", "go on"] = "go on"
    before: Literal["", "reset", "close", "silence"] = ""
    drip_s: float = 0


def http(
    status: str, body: bytes = b"", content_type: str = "application/json", *fields: str
) -> bytes:
    """A whole answer."""
    head = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", f"Content-Length: {len(body)}"]
    return "\r\n".join([*head, *fields, "", ""]).encode() + body


@dataclass
class Faulty:
    """Listens on loopback; `faults` are used up one a request, then all goes well."""

    host: str
    port: int
    faults: list[Fault] = field(default_factory=list)
    always: Fault | None = None
    asked: int = 0
    open: int = 0
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    address: str = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._count(1)
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()
            await self._count(-1)

    async def settled(self, ready: Callable[[], bool]) -> None:
        """Wait until the number of open connections makes this true."""
        async with asyncio.timeout(5), self.changed:
            await self.changed.wait_for(ready)

    async def _count(self, more: int) -> None:
        async with self.changed:
            self.open += more
            self.changed.notify_all()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        request = await _message(reader)
        self.asked += 1
        fault = self.faults.pop(0) if self.faults else self.always or Fault()
        if fault.before:
            return await self._end(fault.before, reader, writer)
        answer = fault.answer if fault.answer is not None else await self._passed_on(request)
        kept = answer if fault.keep is None else answer[: fault.keep]
        if fault.drip_s:
            await _drip(kept, writer, fault.drip_s)
        else:
            writer.write(kept)
            await writer.drain()
        return fault.then == "go on" or await self._end(fault.then, reader, writer)

    async def _passed_on(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            writer.write(request)
            return await _message(reader)
        finally:
            writer.close()

    async def _end(
        self, how: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        if how == "silence":
            await reader.read()  # until the other side has had enough
        elif how == "close":
            writer.close()
            await writer.wait_closed()
        return False


async def _drip(answer: bytes, writer: asyncio.StreamWriter, pause_s: float) -> None:
    for at in range(len(answer)):
        writer.write(answer[at : at + 1])
        await writer.drain()
        await asyncio.sleep(pause_s)


async def _message(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(_END)
    length = next(
        (
            int(line.partition(b":")[2])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        ),
        0,
    )
    return head + await reader.readexactly(length)


@asynccontextmanager
async def faulty_way(host: str, port: int) -> AsyncIterator[Faulty]:
    """The way to a platform, to begin with a good one."""
    way = Faulty(host, port)
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(way.handle(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    way.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield way
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
