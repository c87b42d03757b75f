"""The course of one validation, from PENDING to its final state."""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from octoperf_mcp.embedded.engine.load.engine import StartUpLine
from octoperf_mcp.embedded.engine.processes.order import Order
from octoperf_mcp.embedded.engine.processes.worker_process import WorkerProcess
from octoperf_mcp.embedded.engine.runs import materials as collecting
from octoperf_mcp.embedded.engine.runs.directory import RunDirectory
from octoperf_mcp.embedded.engine.runs.materials import ProjectMaterials
from octoperf_mcp.embedded.engine.runs.records import RunRecords
from octoperf_mcp.embedded.engine.runs.states import ABORTED, ERROR, FINISHED
from octoperf_mcp.embedded.engine.validation.capture_feed import CaptureFeed
from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.store.documents import Document, Documents
from octoperf_mcp.embedded.store.project_files import ProjectFiles
from octoperf_mcp.embedded.store.schema import now_ms

log = structlog.get_logger()

Json = dict[str, Any]

MOST_ITERATIONS = 100
_LONGEST_S = 20 * 60.0
_PUMP_S = 0.2
_END_S = 15.0


@dataclass(frozen=True, slots=True)
class ValidationRequest:
    """What is asked of a validation."""

    project_id: str
    provider_id: str
    location: str
    iterations: int = 1

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> "ValidationRequest":
        """From the body of the call.

        Raises:
            Invalid: a property is missing or impossible.
        """
        for name in ("projectId", "providerId", "location"):
            if not isinstance(body.get(name), str) or not body[name]:
                raise Invalid(f"The validation needs {name!r}.")
        iterations = body.get("iterations", 1)
        if not isinstance(iterations, int) or not 1 <= iterations <= MOST_ITERATIONS:
            raise Invalid(f"'iterations' must be 1 to {MOST_ITERATIONS}, not {iterations!r}.")
        return cls(body["projectId"], body["providerId"], body["location"], iterations)


class ValidationRun:
    """One validation; `play` is its whole life."""

    def __init__(
        self,
        directory: RunDirectory,
        request: ValidationRequest,
        virtual_user: Document,
        found: ProjectMaterials,
        *,
        records: RunRecords,
        documents: Documents,
        files: ProjectFiles,
        browser: Mapping[str, str],
    ) -> None:
        self.directory = directory
        self.virtual_user = virtual_user
        self.task: asyncio.Task[None] | None = None
        self._request = request
        self._found = found
        self._records = records
        self._documents = documents
        self._files = files
        self._browser = browser
        self._feed = CaptureFeed(records.database, directory.run_id, directory.path)
        self._stop_asked = asyncio.Event()
        self._running = asyncio.Event()

    def stop(self, by: str) -> None:
        """Ask it to end; `by` is who wants it, for the run log."""
        if not self._stop_asked.is_set():
            self.directory.log.write(f"{by} aborted the test")
            self._stop_asked.set()

    async def play(self) -> None:
        """Go through all states; never raises."""
        directory = self.directory
        state = ERROR
        try:
            for step in ("PENDING", "SCALING", "PREPARING"):
                await self._records.advance(directory, step)
            await collecting.place_files(self._files, self._found, directory.resources)
            await self._records.advance(directory, "INITIALIZING")
            state = await self._followed(self._order())
        except Exception as error:  # the top of a run: its failure is its final state
            log.exception("validation_failed", run_id=directory.run_id)
            directory.log.write(f"{type(error).__name__}: {error}", level="ERROR")
        directory.remove_resources()
        await self._records.advance(directory, state)

    def _order(self) -> Order:
        profile = {"name": "Validation", "virtualUserId": self.virtual_user.id}
        return Order(
            run_id=self.directory.run_id,
            directory=str(self.directory.path),
            region=self._request.location,
            workers=1,
            profiles=[(0, profile)],
            virtual_users={
                each.id: collecting.slim(each.body, keep_status=True)
                for each in self._found.virtual_users.values()
            },
            servers=collecting.revealed(self._documents, self._found.servers),
            variables=collecting.revealed(self._documents, self._found.variables),
            generator=f"{self._request.location}-1",
            iterations=self._request.iterations,
            browser=dict(self._browser),
            actions=self._found.actions.messages(),
        )

    async def _followed(self, order: Order) -> str:
        """Start the worker and take in what it writes; the final state."""
        directory = self.directory

        def say(level: str, message: str) -> None:
            stamp = int(time.time() * 1000)
            directory.say(StartUpLine(stamp, order.generator, level, message))

        def on_event(event: str, facts: Json) -> None:
            say("INFO", " ".join([event, *(f"{k}={v}" for k, v in facts.items())]))
            if event == "running":
                self._running.set()

        process = await WorkerProcess.start(
            "validation", order, on_event, lambda text: say("WARN", text)
        )
        say("INFO", f"Process {process.pid} started")
        ended = asyncio.create_task(process.wait())
        try:
            async with asyncio.timeout(_LONGEST_S):
                await self._watched(process, ended)
        except TimeoutError:
            directory.log.write("The validation took too long", level="WARN")
            self._stop_asked.set()
        finally:
            await process.end(_END_S)
        await self._feed.finish()
        if await ended != 0:
            return ERROR
        return ABORTED if self._stop_asked.is_set() else FINISHED

    async def _watched(self, process: WorkerProcess, ended: "asyncio.Task[int]") -> None:
        stop = asyncio.create_task(self._stop_asked.wait())
        running = asyncio.create_task(self._running.wait())
        waiting: set[asyncio.Task[Any]] = {ended, stop, running}
        try:
            while not ended.done():
                await asyncio.wait(waiting, timeout=_PUMP_S, return_when=asyncio.FIRST_COMPLETED)
                if running in waiting and running.done():
                    waiting.discard(running)
                    facts = {"startedAt": now_ms()}
                    await self._records.advance(self.directory, "RUNNING", **facts)
                if stop in waiting and stop.done():
                    waiting.discard(stop)
                    process.tell({"stop": True})
                with contextlib.suppress(OSError):
                    await self._feed.pump()
        finally:
            stop.cancel()
            running.cancel()
