"""An HTTP proxy that tunnels and forwards, keeps what it was asked, and may want credentials."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class HttpProxy:
    """`answer` is what it says instead of opening a tunnel."""

    credentials: str = ""
    answer: bytes = b""
    heads: list[str] = field(default_factory=list)
    address: str = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.heads.append(head)
            if self.answer or not self._may(head):
                writer.write(
                    self.answer or b"HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic\r\n\r\n"
                )
                return
            method, target, _ = head.split(" ", 2)
            where = urlsplit(f"//{target}" if method == "CONNECT" else target)
            there = await asyncio.open_connection(where.hostname, where.port)
            if method == "CONNECT":
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                there[1].write(head.replace(target, where.path, 1).encode("latin-1"))
            await asyncio.gather(_pipe(reader, there[1]), _pipe(there[0], writer))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def _may(self, head: str) -> bool:
        wanted = base64.b64encode(self.credentials.encode()).decode()
        return not self.credentials or f"Proxy-Authorization: Basic {wanted}\r\n" in head


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def piped(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int
) -> None:
    """Pass bytes on in both directions until either side ends."""
    there = await asyncio.open_connection(host, port)
    try:
        await asyncio.gather(_pipe(reader, there[1]), _pipe(there[0], writer))
    finally:
        there[1].close()
        writer.close()


@asynccontextmanager
async def http_proxy(credentials: str = "", answer: bytes = b"") -> AsyncIterator[HttpProxy]:
    """A proxy on loopback."""
    proxy = HttpProxy(credentials, answer)
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(proxy.handle(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    proxy.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
