"""One connection between the platform and a generator, the same on both sides."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import ClientWebSocketResponse, WSMsgType, web

from octoperf_mcp.embedded.generators.frames import FrameError, Head, pack, unpack

Socket = ClientWebSocketResponse | web.WebSocketResponse


class Wire:
    """Sends and receives messages; what is sent over a broken wire is lost, and nothing raises."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue()
        self._writer = asyncio.create_task(self._write())

    @property
    def is_open(self) -> bool:
        """Whether messages can still travel."""
        return not self._socket.closed

    def post(self, kind: str, /, **facts: Any) -> None:
        """Send a message soon, after those that were posted before."""
        self._waiting.put_nowait(pack(kind, **facts))

    async def send(self, kind: str, payload: bytes = b"", /, **facts: Any) -> None:
        """Send a message, and wait while the other side is slow to take it."""
        with contextlib.suppress(ConnectionError, RuntimeError):
            await self._socket.send_bytes(pack(kind, payload, **facts))

    async def messages(self) -> AsyncIterator[tuple[str, Head, bytes]]:
        """What the other side sends, until it is gone or sends what is no message."""
        async for message in self._socket:
            if message.type is not WSMsgType.BINARY:
                return
            try:
                yield unpack(message.data)
            except FrameError:
                return

    async def close(self) -> None:
        """End it."""
        self._writer.cancel()
        with contextlib.suppress(ConnectionError, RuntimeError, TimeoutError):
            async with asyncio.timeout(1):
                await self._socket.close()

    async def _write(self) -> None:
        while True:
            data = await self._waiting.get()
            with contextlib.suppress(ConnectionError, RuntimeError):
                await self._socket.send_bytes(data)
