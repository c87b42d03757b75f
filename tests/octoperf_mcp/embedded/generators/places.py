"""A platform that machines can join, and machines in processes of their own."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from aiohttp import web

from octoperf_mcp.embedded.audit.trail import Trail
from octoperf_mcp.embedded.generators import joining
from octoperf_mcp.embedded.generators.hub import Hub
from octoperf_mcp.embedded.platform import PLATFORM, Platform
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.documents import Document
from tests.octoperf_mcp.embedded.engine.players import Json
from tests.octoperf_mcp.embedded.engine.stage import ADA, Stage


@dataclass
class Box:
    """A machine: `octoperf-mcp load-generator`."""

    name: str
    folder: Path
    process: Process
    said: list[str] = field(default_factory=list)

    async def says(self, text: str) -> str:
        """Wait for a line with `text`."""
        assert self.process.stdout
        async with asyncio.timeout(30):
            while line := await self.process.stdout.readline():
                self.said.append(line.decode())
                if text in self.said[-1]:
                    return self.said[-1]
        raise AssertionError(f"{self.name} never said {text!r}: {self.said}")

    async def ended(self) -> int:
        """Its exit status."""
        assert self.process.stdout
        async with asyncio.timeout(40):
            while line := await self.process.stdout.readline():
                self.said.append(line.decode())
            return await self.process.wait()

    async def kill(self) -> None:
        """End it as a power cut would, its generators with it."""
        for pid in [*children_of(self.process.pid), self.process.pid]:
            os.kill(pid, signal.SIGKILL)
        await self.ended()


def children_of(pid: int) -> list[int]:
    """Processes that a process started."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8")
    return [int(each) for each in listed.split()]


@dataclass
class Places:
    """The platform, and a provider of Ada's workspace with one location, `paris`."""

    stage: Stage
    hub: Hub
    trail: Trail
    folder: Path
    url: str = ""
    provider_id: str = ""
    boxes: list[Box] = field(default_factory=list)

    async def provider(self, *locations: str, workspace_id: str = "") -> Document:
        """A provider of a workspace."""
        body = {"name": "Ours", "type": "PRIVATE", "driver": "ON_PREMISE",
                "regions": {name: {} for name in locations}}  # fmt: skip
        return await self.stage.documents.create(
            "docker_provider",
            body,
            user_id=ADA,
            workspace_id=workspace_id or self.stage.workspace_id,
        )

    async def token(self, provider_id: str = "") -> str:
        """A join token."""
        token, _ = await self.hub.tokens.create(provider_id or self.provider_id, "test", ADA)
        return token

    async def box(self, name: str, token: str, *arguments: str) -> Box:
        """Start a machine; one of the same name goes on with what it has."""
        folder = self.folder / name
        environ = {key: value for key, value in os.environ.items() if "OCTOPERF_MCP_" not in key}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "octoperf_mcp", "load-generator", "--join", self.url,
            "--name", name, "--data-dir", str(folder), *arguments,
            stdout=PIPE, stderr=STDOUT, env={**environ, "OCTOPERF_MCP_JOIN_TOKEN": token},
        )  # fmt: skip
        self.boxes.append(Box(name, folder, process))
        return self.boxes[-1]

    async def joined(self, *names: str) -> list[Box]:
        """Machines that have joined."""
        token = await self.token()
        boxes = [await self.box(name, token) for name in names]
        for box in boxes:
            await box.says("joined Ours at paris")
        return boxes

    def profile(self, virtual_user: Document, load: Json, **more: Any) -> Json:
        """A user profile at `paris`."""
        place = {"providerId": self.provider_id, "location": "paris"}
        return {**self.stage.profile(virtual_user, load), **place, **more}


@asynccontextmanager
async def places_in(folder: Path, *, workers: int = 1) -> AsyncIterator[Places]:
    """Open one; machines that are left are ended."""
    made: list[tuple[Hub, Trail]] = []
    data_dir = folder / "platform"
    data_dir.mkdir()

    def fleet_of(database: Database) -> Hub:
        trail = Trail(database, keep_days=1)
        made.append((Hub(database, trail, data_dir=data_dir, instance="here"), trail))
        return made[0][0]

    stage = await Stage.open(data_dir, workers=workers, fleet_of=fleet_of)
    places = Places(stage, *made[0], folder)
    places.hub.on_delivered = stage.runs.late_results.take_in
    app = web.Application()
    app[PLATFORM] = cast(
        "Platform",
        SimpleNamespace(generators=places.hub, documents=stage.documents, audit=places.trail),
    )
    app.add_routes(joining.routes())
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    places.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield places
    finally:
        for box in places.boxes:
            if box.process.returncode is None:
                await box.kill()
        await stage.runs.close()
        await places.hub.close()
        await runner.cleanup()
        await places.trail.close()
        await stage.database.close()
