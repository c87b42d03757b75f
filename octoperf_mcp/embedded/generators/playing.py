"""Everything that a machine plays or still holds results of, across connections."""

import asyncio
import contextlib
import json
import shutil
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from octoperf_mcp.embedded.engine.processes.order import Order
from octoperf_mcp.embedded.generators.held_parts import HeldPart
from octoperf_mcp.embedded.generators.streams import Streams
from octoperf_mcp.embedded.generators.wire import Wire

_LOOK_S = 0.2
"""How often files are looked at for something new."""

Part = tuple[str, str]


class Playing:
    """The parts, and the wire that they share.

    Args:
        runs: Folder of the runs; parts that are in it already are delivered first.
    """

    def __init__(self, runs: Path) -> None:
        self._runs = runs
        self.parts: dict[Part, HeldPart] = {part.key: part for part in HeldPart.left_in(runs)}
        self._orders: dict[Part, bytearray] = {}
        self._wire: Wire | None = None
        self._streams: Streams | None = None
        self._next_stream = 0
        self._senders: dict[Part, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._patience: asyncio.TimerHandle | None = None
        self._changed = asyncio.Event()

    async def take_up(self) -> None:
        """Complete what an earlier process left behind, in the background."""
        held = {key[0] for key in self.parts}
        for folder in self._runs.glob("*"):
            if folder.name not in held:
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        for part in self.parts.values():
            self._background(part.finish())

    def held(self) -> list[dict[str, str]]:
        """What the platform is told of at each connection."""
        return [part.facts() for part in self.parts.values()]

    def connected(self, wire: Wire) -> None:
        """The platform took this machine in."""
        if self._patience is not None:
            self._patience.cancel()
        self._wire, self._streams = wire, Streams(wire)

    def disconnected(self, patience_s: float) -> None:
        """The wire broke; without another one in time, users here must not go on."""
        streams, self._wire, self._streams = self._streams, None, None
        if streams is None:
            return
        self._background(streams.close())
        for sender in self._senders.values():
            sender.cancel()
        self._senders.clear()
        loop = asyncio.get_running_loop()
        self._patience = loop.call_later(patience_s, self.release_all)

    def release_all(self) -> None:
        """End all users here; what they did is kept."""
        for part in self.parts.values():
            part.release(leaving=True)

    def post(self, kind: str, **facts: Any) -> None:
        """Send a message, if there is a wire."""
        if self._wire is not None:
            self._wire.post(kind, **facts)

    async def idle(self) -> None:
        """Until no process plays."""
        await self._until(lambda: not any(part.plays for part in self.parts.values()))

    async def all_home(self) -> None:
        """Until nothing is held any more."""
        await self._until(lambda: not self.parts)

    async def close(self) -> None:
        """End processes and tasks; folders stay."""
        if self._patience is not None:
            self._patience.cancel()
        self.release_all()
        await asyncio.gather(*(part.settled() for part in self.parts.values()))
        tasks = [*self._senders.values(), *self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._streams is not None:
            await self._streams.close()

    async def take(self, kind: str, facts: dict[str, Any], payload: bytes) -> None:
        """A message of the platform."""
        if kind == "put":
            await asyncio.to_thread(self._put, facts, payload)
        elif kind in {"data", "shut"} and self._streams is not None:
            if kind == "data":
                self._streams.arrived(int(facts["stream"]), payload)
            else:
                self._streams.shut(int(facts["stream"]))
        elif kind == "order":
            self._order(facts, payload)
        else:
            part = self.parts.get((str(facts.get("run")), str(facts.get("generator"))))
            if part is not None:
                await self._take_of_part(part, kind, facts)

    async def _take_of_part(self, part: HeldPart, kind: str, facts: dict[str, Any]) -> None:
        if kind == "have":
            part.arrived[str(facts["file"])] = int(facts["size"])
            part.receipts += 1
            part.news.set()
        elif kind == "resume":
            part.arrived = {str(name): int(size) for name, size in facts["sizes"].items()}
            if facts["over"]:
                part.release(leaving=True)
            self._send_home(part)
        elif kind == "listen":
            await part.listen(lambda reader, writer: self._open(part, reader, writer))
        elif kind == "release":
            part.release()
        elif kind == "kill":
            self._background(part.kill())
        elif kind == "forget":
            self.parts.pop(part.key, None)
            self._background(self._forget(part))

    def _put(self, facts: dict[str, Any], payload: bytes) -> None:
        """A piece of a project file."""
        folder = self._folder(str(facts["run"])) / "resources"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        offset = int(facts["offset"])
        with (folder / Path(str(facts["name"])).name).open("ab" if offset else "wb") as file:
            file.write(payload)

    def _order(self, facts: dict[str, Any], payload: bytes) -> None:
        key = str(facts["run"]), str(facts["generator"])
        self._orders.setdefault(key, bytearray()).extend(payload)
        if not facts["last"]:
            return
        order = Order.of(json.loads(self._orders.pop(key)))
        folder = self._folder(order.run_id)
        part = HeldPart(folder / Path(order.generator).name, *key)
        self.parts[key] = part
        self._background(self._play(part, order, folder / "resources"))

    async def _play(self, part: HeldPart, order: Order, resources: Path) -> None:
        await part.play(order, resources, self._said)
        self._send_home(part)

    def _folder(self, run_id: str) -> Path:
        return self._runs / Path(run_id).name

    def _said(self, part: HeldPart, event: str, facts: dict[str, Any]) -> None:
        if event == "stderr":
            self.post("stderr", **part.facts(), text=facts["text"])
        else:
            self.post("event", **part.facts(), event=event, facts=facts)

    async def _open(
        self, part: HeldPart, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """The process wants to reach its master."""
        wire, streams = self._wire, self._streams
        if wire is None or streams is None:
            writer.close()
            return
        self._next_stream += 1
        number = self._next_stream
        await wire.send("open", **part.facts(), stream=number)
        streams.add(number, reader, writer)

    def _send_home(self, part: HeldPart) -> None:
        if self._wire is None or part.key in self._senders:
            return
        task = asyncio.create_task(self._ship(part, self._wire))
        self._senders[part.key] = task

    async def _ship(self, part: HeldPart, wire: Wire) -> None:
        """Send whatever is new until everything is there; each piece waits for its receipt."""
        while True:
            over = part.status is not None
            part.news.clear()
            chunk = await asyncio.to_thread(part.next_chunk)
            if chunk is not None:
                file, offset, data = chunk
                receipts = part.receipts
                await wire.send("chunk", data, **part.facts(), file=file, offset=offset)
                while part.receipts == receipts:
                    part.news.clear()
                    await part.news.wait()
            elif over:
                await wire.send("delivered", **part.facts(), status=part.status)
                return
            else:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_S):
                        await part.news.wait()
                self._changed.set()

    async def _forget(self, part: HeldPart) -> None:
        sender = self._senders.pop(part.key, None)
        if sender is not None:
            sender.cancel()
        part.release()
        await part.settled()
        await asyncio.to_thread(part.remove)
        self._changed.set()

    async def _until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self._changed.wait()

    def _background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
