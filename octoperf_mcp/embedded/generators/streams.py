"""TCP connections that travel through a wire: a worker's to the master of its run.

The platform alone decides where its end of a stream leads (`Hub`): a generator names the part of
a run that it plays, never an address.
"""

import asyncio
import contextlib

from octoperf_mcp.embedded.generators.frames import CHUNK
from octoperf_mcp.embedded.generators.wire import Wire

_MOST_WAITING = 8 << 20
"""Bytes that one end may lag behind before its stream is cut."""


class Streams:
    """The streams of one wire; on each side their numbers are those that the generator gave."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._writers: dict[int, asyncio.StreamWriter] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def add(
        self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> "asyncio.Task[None]":
        """Carry a connection until either side closes it."""
        self._writers[number] = writer
        task = asyncio.create_task(self._carry(number, reader))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def arrived(self, number: int, payload: bytes) -> None:
        """Bytes from the other side; those for a connection that is gone are dropped."""
        writer = self._writers.get(number)
        if writer is None or writer.is_closing():
            return
        writer.write(payload)
        if writer.transport.get_write_buffer_size() > _MOST_WAITING:
            self.shut(number)

    def shut(self, number: int) -> None:
        """The other side closed it."""
        writer = self._writers.pop(number, None)
        if writer is not None:
            writer.close()

    async def close(self) -> None:
        """Close all."""
        for number in list(self._writers):
            self.shut(number)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _carry(self, number: int, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                await self._wire.send("data", data, stream=number)
        await self._wire.send("shut", stream=number)
        self.shut(number)
