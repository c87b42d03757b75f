"""Agents that call without a pause, and what became of their calls."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Self

from octoperf_mcp.cli.agent import Agent, MemoryStorage, connected
from octoperf_mcp.cli.sign_in import FormSignIn
from tests.end_to_end.conftest import PASSWORD

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MODES = ("legacy", "auto", "legacy", "auto")
"""Eras of the agents: with the handshake, and without."""


class Load:
    """Each agent lists and creates projects, one call after the other.

    `done` counts the calls that were answered, `made` holds the projects whose creation was
    acknowledged, `failed` what the others raised.
    """

    def __init__(self, agents: list[Agent], workspace: str) -> None:
        self.agents = agents
        self.workspace = workspace
        self.done = 0
        self.made: set[str] = set()
        self.failed: list[BaseException] = []
        self._stopping = False
        self._news = asyncio.Event()

    async def _play(self, agent: Agent) -> None:
        which = {"workspaceId": self.workspace}
        while not self._stopping:
            try:
                await agent.call("list_projects_by_workspace", which)
                arguments = {**which, "name": f"Under load {self.done}"}
                self.made.add((await agent.call("create_project", arguments))["id"])
            except Exception as error:  # noqa: BLE001 - told by the test
                self.failed.append(error)
            else:
                self.done += 2
                self._news.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        """Play while the context is open; its last calls are waited for."""
        async with asyncio.TaskGroup() as tasks:
            for agent in self.agents:
                tasks.create_task(self._play(agent))
            try:
                yield self
            finally:
                self._stopping = True

    async def more(self, calls: int) -> None:
        """Wait until so many more calls were answered."""
        goal = self.done + calls
        async with asyncio.timeout(30):
            while self.done < goal:
                self._news.clear()
                await self._news.wait()

    async def kept(self) -> set[str]:
        """Those of the projects made that are still there."""
        found: set[str] = set()
        cursor: dict[str, str] = {}
        while True:
            page = await self.agents[0].call(
                "list_projects_by_workspace", {"workspaceId": self.workspace, **cursor}
            )
            found |= {project["id"] for project in page["projects"]}
            if not page.get("nextCursor"):
                return found & self.made
            cursor = {"cursor": page["nextCursor"]}


@asynccontextmanager
async def agents_at(url: str) -> AsyncIterator[Load]:
    """The official client, four times, signed in once."""
    storage = MemoryStorage()
    async with AsyncExitStack() as stack:
        agents = [
            await stack.enter_async_context(
                connected(url, FormSignIn("demo", PASSWORD), storage=storage, mode=mode)
            )
            for mode in MODES
        ]
        found = await agents[0].call("list_workspaces")
        yield Load(agents, found["workspaces"][0]["id"])
