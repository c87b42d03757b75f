"""Runs of scenarios and validations: the engine's face to the platform."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.config import EmbeddedSettings
from octoperf_mcp.embedded.engine.browsers.tools import browser_order
from octoperf_mcp.embedded.engine.load.engine import LoadEngine, LoadPlan
from octoperf_mcp.embedded.engine.load.fleet import Fleet, NoFleet
from octoperf_mcp.embedded.engine.load.late_results import LateResults
from octoperf_mcp.embedded.engine.load.locust_engine import LocustEngine
from octoperf_mcp.embedded.engine.load.run import Facilities, LoadRun
from octoperf_mcp.embedded.engine.runs.background import Background
from octoperf_mcp.embedded.engine.runs.creation import RunCreation
from octoperf_mcp.embedded.engine.runs.directory import RunDirectory
from octoperf_mcp.embedded.engine.runs.instances import BEAT_S, Instances, instance_of
from octoperf_mcp.embedded.engine.runs.records import OnEnd, RunRecords
from octoperf_mcp.embedded.engine.runs.retention import TIDY_S, remove_old
from octoperf_mcp.embedded.engine.runs.scenario_plans import ScenarioPlan, check_scenario, load_plan
from octoperf_mcp.embedded.engine.runs.spool_feed import SpoolFeed
from octoperf_mcp.embedded.engine.runs.states import ABORTED, progress_of
from octoperf_mcp.embedded.engine.runs.stops import LOOK_S, StopRequests
from octoperf_mcp.embedded.engine.validation.validations import Validations
from octoperf_mcp.embedded.failures import Conflict
from octoperf_mcp.embedded.launch.gate import Gate
from octoperf_mcp.embedded.launch.tokens import Launches, SpentError, Ticket
from octoperf_mcp.embedded.metrics.store import MetricStore
from octoperf_mcp.embedded.report_templates import named_template
from octoperf_mcp.embedded.store import rows
from octoperf_mcp.embedded.store.access import require_writer
from octoperf_mcp.embedded.store.blobs import Blobs
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.documents import Document, Documents
from octoperf_mcp.embedded.store.project_files import ProjectFiles
from octoperf_mcp.embedded.store.schema import now_ms
from octoperf_mcp.entities.action_types import AddedActions
from octoperf_mcp.entities.runs import is_over

log = structlog.get_logger()

Admit = Callable[[int, int], Awaitable[None]]

_MOST_WAITING = 10
"""Runs that may wait for their turn."""
_REMOVED_AFTER_S = 1.0


class Runs:
    """Starts, stops and follows runs; made once, `open` before use and `close` at the end."""

    def __init__(
        self,
        *,
        settings: EmbeddedSettings,
        data_dir: Path,
        database: Database,
        documents: Documents,
        blobs: Blobs,
        metrics: MetricStore,
        engine: LoadEngine | None = None,
        fleet: Fleet | None = None,
        actions: Callable[[], AddedActions] = AddedActions,
    ) -> None:
        self._settings = settings
        self._data_dir = data_dir
        self._documents = documents
        self._files = ProjectFiles(database, blobs)
        self._metrics = metrics
        instance = instance_of(data_dir)
        self._records = RunRecords(database, documents, instance)
        self._instances = Instances(database, instance)
        self._most_running = max(2, os.cpu_count() or 1)
        self._with = Facilities(
            self._records,
            metrics,
            engine or LocustEngine(fleet),
            asyncio.Semaphore(self._most_running),
            fleet or NoFleet(),
        )
        self.late_results = LateResults(data_dir, documents, metrics)
        self.validations = Validations(
            records=self._records,
            data_dir=data_dir,
            documents=documents,
            files=self._files,
            blobs=blobs,
            settings=settings,
            actions=actions,
        )
        self.gate = Gate(database, settings, fleet, actions)
        self.launches = Launches(database)
        self._creation = RunCreation(self._records, self._files, self.launches)
        self.stops = StopRequests(database)
        self._background = Background()
        self._active: dict[str, LoadRun] = {}
        self._open: dict[str, int] = {}
        """Users of the runs under way that may go anywhere."""
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def on_end(self, note: OnEnd) -> None:
        """Have something written with the end of each run here, validations apart."""

        async def unless_validation(writer: AsyncConnection, result: Document) -> None:
            if not result.body.get("validation"):
                await note(writer, result)

        self._records.on_end.append(unless_validation)

    @property
    def active(self) -> int:
        """How many runs this process plays, or lets wait."""
        return len(self._active)

    async def open(self) -> None:
        """Bring runs that an earlier process left to their end, in the background."""
        self._documents.on_delete.append(self._on_delete)
        await self._instances.beat()
        self._bring_to_their_end(await self._records.left_over())
        self._background.start(self._tidy())
        self._background.start(self._stand_in())
        self._background.start(self._heed_stops())

    def stop_all(self, by: str) -> None:
        """Ask all runs and validations of this process to end, at once."""
        for run in self._active.values():
            run.stop(by)
        self.validations.stop_all(by)

    async def end_all(self) -> None:
        """Abort what is under way, and wait until it is written down; machines are still there."""
        self.stop_all("The platform, which is stopping,")
        while self._tasks:
            await asyncio.wait(list(self._tasks.values()))
        await self.validations.settled()

    async def close(self) -> None:
        """Abort what is under way, and wait until it is written down."""
        await self.end_all()
        await self._background.close()

    @property
    def open_users(self) -> int:
        """Users of the runs of this process that nobody's confirmation was needed for."""
        return sum(self._open.values())

    async def start(
        self,
        scenario_id: str,
        user_id: str,
        *,
        name: str = "",
        properties: Mapping[str, str] | None = None,
        template_id: str = "",
        admit: Admit | None = None,
        origin: Mapping[str, Any] | None = None,
        ticket: Ticket | None = None,
    ) -> Document:
        """Start a scenario; answers its bench report, which names the bench result.

        Args:
            scenario_id: What to run.
            user_id: Who asks.
            name: Name of the run and its report; default: the scenario's.
            properties: Put over those of the profiles.
            template_id: The report template that lays its report out; empty: as usual.
            admit: Asked before anything starts, with the most virtual users and the planned
                duration in ms; what it raises refuses the run.
            origin: What started it, kept with the bench result.
            ticket: Of a launch token, which starts at most one run, however often it is sent.

        Raises:
            NotFound: the scenario does not exist for the user.
            Forbidden: his role does not allow runs, or the gate does not.
            Invalid: the scenario cannot run, or its workspace has no such template.
            Conflict: too many runs wait already, or what is played changed since the preview.
        """
        if len(self._active) >= self._most_running + _MOST_WAITING:
            raise Conflict(
                f"{len(self._active)} runs are under way or waiting: wait for one to end."
            )
        scenario = await self._documents.get("scenario", scenario_id, user_id=user_id)
        template = await named_template(self._documents, template_id, scenario, user_id)
        plan = await check_scenario(
            self._documents,
            self._files,
            scenario,
            user_id,
            self.gate.browser_faults(),
            actions=self.gate.actions(),
        )
        if ticket is not None and ticket.fingerprint != plan.fingerprint:
            raise Conflict("What the run plays changed since its preview: preview the run again.")
        reach = await self.gate.require(plan, busy=self.open_users)
        plan = replace(plan, reach=reach, template=template)
        if admit is not None:
            await admit(plan.user_load, plan.duration_ms)
        facts = {**(origin or {}), "name": name or scenario.body["name"]}
        launch = self._launch(
            plan, user_id, facts, properties or {}, ticket.token if ticket else ""
        )
        try:
            return await self._background.uninterrupted(launch)
        except SpentError as spent:
            return await self._documents.get("bench_report", spent.report_id, user_id=user_id)

    async def _launch(
        self,
        plan: ScenarioPlan,
        user_id: str,
        facts: Mapping[str, Any],
        properties: Mapping[str, str],
        token: str,
    ) -> Document:
        result, report = await self._creation.create(plan, user_id, facts, token)
        trees = [each.body for each in plan.materials.virtual_users.values()]
        await self._metrics.describe(result.id, plan.scenario.body, trees)
        directory = RunDirectory(self._data_dir, result.id)

        async def make_plan() -> LoadPlan:
            return await load_plan(
                plan,
                directory,
                properties,
                documents=self._documents,
                files=self._files,
                workers=self._settings.workers,
                browser=browser_order(self._settings),
            )

        run = self._active[result.id] = LoadRun(directory, self._with, make_plan)
        if plan.reach is None:
            self._open[result.id] = plan.user_load
        self._spawn(result.id, run.play())
        return report

    async def stop(self, run_id: str, user_id: str, *, by: str = "") -> Document:
        """Ask a run to end; it is ABORTED when everything is written down.

        Raises:
            NotFound: the run does not exist for the user.
            Forbidden: his role may not change runs.
        """
        await self._require_writer(run_id, user_id)
        result = await self._documents.get("bench_result", run_id, user_id=user_id)
        if is_over(result.body["state"]):
            return result
        who = by or user_id
        run = self._active.get(run_id)
        if run is not None:
            run.stop(who)
        elif not self.validations.stop(run_id, who):
            await self.stops.ask(run_id, who)
        return await self._documents.get("bench_result", run_id, user_id=user_id)

    async def progress(self, run_id: str, user_id: str) -> float:
        """How much of the planned duration is over, 0 to 100.

        Raises:
            NotFound: the run does not exist for the user.
        """
        result = await self._documents.get("bench_result", run_id, user_id=user_id)
        return progress_of(result.body, now_ms())

    async def directory(self, run_id: str, user_id: str) -> RunDirectory:
        """The folder of a run.

        Raises:
            NotFound: the run does not exist for the user.
        """
        await self._documents.get("bench_result", run_id, user_id=user_id)
        return RunDirectory(self._data_dir, run_id)

    async def delete_file(self, run_id: str, user_id: str, name: str) -> None:
        """Delete a run file.

        Raises:
            NotFound: the run does not exist for the user, or has no such file.
            Forbidden: his role may not change runs.
        """
        await self._require_writer(run_id, user_id)
        path = RunDirectory(self._data_dir, run_id).file(name)
        await asyncio.to_thread(path.unlink)

    async def attach(self, run_id: str, user_id: str, name: str, data: bytes) -> None:
        """Put a file to those of a run, over an earlier one of that name.

        Raises:
            NotFound: the run does not exist for the user.
            Forbidden: his role may not change runs.
        """
        await self._require_writer(run_id, user_id)
        await asyncio.to_thread(RunDirectory(self._data_dir, run_id).put, name, data)

    async def _require_writer(self, run_id: str, user_id: str) -> None:
        async with self._records.database.reading() as reader:
            _, role = await rows.seen(reader, "bench_result", run_id, user_id)
        require_writer("bench_result", role)

    async def settled(self, run_id: str) -> None:
        """Wait until a run of this process is over."""
        task = self._tasks.get(run_id)
        if task is not None:
            await asyncio.wait([task])
        await self.validations.settled(run_id)

    async def _recover(self, run_id: str) -> None:
        """A run whose platform was killed: keep what its generators wrote, and end it."""
        directory = RunDirectory(self._data_dir, run_id)
        if await self._documents.peek("bench_result", run_id) is None:
            await self._records.forget(run_id)
            return
        directory.create()
        try:
            await SpoolFeed(run_id, directory.path, self._metrics.ingest).finish()
            await self._metrics.seal(run_id)
        except Exception:  # the state must become final; the spool stays for a later look
            log.exception("run_not_recovered", run_id=run_id)
        cause = "the platform ended unexpectedly while it ran"
        directory.log.write(
            f"Aborting the test: {cause}. Everything that was recorded until then is kept.",
            level="WARN",
        )
        directory.remove_resources()
        await self._records.advance(directory, ABORTED, cause=cause.capitalize())

    def _bring_to_their_end(self, runs: Iterable[tuple[str, bool]]) -> None:
        for run_id, is_validation in runs:
            recover = self.validations.recover if is_validation else self._recover
            self._spawn(run_id, recover(run_id))

    async def _stand_in(self) -> None:
        """Say that this process is there, and end the runs of those that are not any more."""
        while True:
            await asyncio.sleep(BEAT_S)
            try:
                await self._instances.beat()
                self._bring_to_their_end(await self._instances.inherited())
            except Exception:  # the database may be away for a while
                log.exception("instances_not_looked_at")

    def _spawn(self, run_id: str, course: Coroutine[Any, Any, None]) -> None:
        task = self._tasks[run_id] = self._background.start(course)

        def done(_: object) -> None:
            self._tasks.pop(run_id, None)
            self._active.pop(run_id, None)
            self._open.pop(run_id, None)

        task.add_done_callback(done)

    async def _on_delete(self, connection: AsyncConnection, document: Document) -> None:
        """What hangs on a deleted run goes too; its folder once the deletion is certain."""
        await self.validations.on_delete(connection, document)
        if document.kind == "bench_result":
            run = self._active.get(document.id)
            if run is not None:
                run.stop("Its deletion")
            self._background.start(self._remove_folder(document.id))

    async def _remove_folder(self, run_id: str) -> None:
        await asyncio.sleep(_REMOVED_AFTER_S)
        await self.settled(run_id)
        if await self._documents.peek("bench_result", run_id) is None:
            await asyncio.to_thread(RunDirectory(self._data_dir, run_id).remove)

    async def _heed_stops(self) -> None:
        """End the runs that somebody elsewhere wants to end."""
        while True:
            await asyncio.sleep(LOOK_S)
            mine = [*self._active, *self.validations.under_way]
            if not mine:
                continue
            try:
                wanted = await self.stops.of(mine)
            except Exception:  # the database may be away for a while
                log.exception("stop_requests_not_looked_at")
                continue
            for run_id, by in wanted.items():
                if run_id in self._active:
                    self._active[run_id].stop(by)
                self.validations.stop(run_id, by)

    async def _tidy(self) -> None:
        """Remove, now and every hour, folders whose time is over."""
        while True:
            await remove_old(self._data_dir, self._documents, self._settings.run_file_days)
            await asyncio.sleep(TIDY_S)
