"""One connected machine, as the platform sees it."""

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from octoperf_mcp.embedded.engine.load.fleet import Machine
from octoperf_mcp.embedded.engine.processes.order import Order
from octoperf_mcp.embedded.generators.frames import CHUNK
from octoperf_mcp.embedded.generators.machines import Joined
from octoperf_mcp.embedded.generators.remote_process import RemoteProcess
from octoperf_mcp.embedded.generators.streams import Streams
from octoperf_mcp.embedded.generators.wire import Wire
from octoperf_mcp.embedded.store.schema import now_ms

Part = tuple[str, str]


@dataclass(slots=True, eq=False)
class Link:
    """A machine on its wire."""

    wire: Wire
    machine: Machine
    provider_id: str
    token_id: str
    locations: list[str]
    facts: dict[str, Any]
    """What the machine says of itself."""
    instance: str
    streams: Streams = field(init=False)
    parts: dict[Part, RemoteProcess | None] = field(default_factory=dict)
    """What it plays, or only holds results of (None)."""
    _placed: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.streams = Streams(self.wire)

    @property
    def takes_work(self) -> bool:
        """Whether it is neither gone nor on its way out."""
        return self.wire.is_open and not self.facts.get("draining")

    def joined(self) -> Joined:
        """Its row in the database."""
        return Joined(
            id=self.machine.id,
            provider_id=self.provider_id,
            token_id=self.token_id,
            locations=self.locations,
            facts=self.facts,
            instance=self.instance,
            connected=True,
            last_seen=now_ms(),
        )

    def play(self, part: Part, process: RemoteProcess) -> None:
        """The machine plays a part from now on."""
        self.parts[part] = process
        process.attach(self.wire)

    async def send_order(self, order: Order) -> None:
        """Send what a generator needs: the project files of its run, once, then its order.

        The order holds secrets in the clear; the machine keeps it in memory only.
        """
        files = self._placed.get(order.run_id)
        if files is None:
            files = asyncio.create_task(self._send_files(order.run_id, order.resources))
            self._placed[order.run_id] = files
        await files
        data = json.dumps(order.message()).encode()
        part = {"run": order.run_id, "generator": order.generator}
        for offset in range(0, len(data), CHUNK):
            piece = data[offset : offset + CHUNK]
            last = offset + CHUNK >= len(data)
            await self.wire.send("order", piece, last=last, **part)

    async def _send_files(self, run_id: str, folder: Path) -> None:
        for path in await asyncio.to_thread(_files_in, folder):
            offset = 0
            with path.open("rb") as file:
                while data := await asyncio.to_thread(file.read, CHUNK):
                    await self.wire.send("put", data, run=run_id, name=path.name, offset=offset)
                    offset += len(data)
            if not offset:
                await self.wire.send("put", run=run_id, name=path.name, offset=0)

    async def refuse(self, code: str, message: str) -> None:
        """Tell the machine why it is not wanted, and close."""
        await self.wire.send("refused", code=code, message=message)
        await self.close()

    async def close(self) -> None:
        """End the connection."""
        await self.streams.close()
        await self.wire.close()


def _files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
