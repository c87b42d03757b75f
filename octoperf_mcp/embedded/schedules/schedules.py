"""Keeps and fires scheduled jobs.

Any number of replicas may look at the clock: a fire belongs to the one whose transaction moves
the job on to its next moment.
"""

import asyncio
import contextlib
import hashlib
import socket
from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.engine.runs.background import Background
from octoperf_mcp.embedded.failures import Failure, Invalid, NotFound
from octoperf_mcp.embedded.platform import Platform
from octoperf_mcp.embedded.report_templates import named_template
from octoperf_mcp.embedded.schedules import jobs
from octoperf_mcp.embedded.schedules.authority import start_of
from octoperf_mcp.embedded.schedules.fires import Fire, Start
from octoperf_mcp.embedded.schedules.jobs import KIND, MISSED, REFUSED, STARTED, STARTING, Body
from octoperf_mcp.embedded.schedules.tables import job_due
from octoperf_mcp.embedded.schedules.triggers import checked
from octoperf_mcp.embedded.store import rows
from octoperf_mcp.embedded.store.access import require_writer
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.documents import Document, Documents
from octoperf_mcp.embedded.store.schema import document, now_ms

log = structlog.get_logger()

_LOOK_S = 15.0
"""How long another replica's new job may go unnoticed."""
_LONGEST_NAME = 80
_ABANDONED_MS = 10 * 60_000
"""A fire of another process that has been starting for so long has lost that process."""


class Schedules:
    """The jobs of the platform.

    Args:
        database: Where they are.
        documents: The same, as documents.
        start: See `Start`.
        instance: Name of this process among those that share the database.
        clock: Epoch milliseconds.
    """

    def __init__(
        self,
        database: Database,
        documents: Documents,
        start: Start,
        *,
        instance: str,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self._database = database
        self._documents = documents
        self._start = start
        self._instance = instance
        self._clock = clock
        self._background = Background()
        self._changed = asyncio.Event()
        self._firing: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Say what became of fires that a crash interrupted, then begin to look at the clock."""
        self._documents.on_delete.append(self._on_delete)
        await self._settle_interrupted()
        self._background.start(self._keep_time())

    async def close(self) -> None:
        """Stop looking at the clock."""
        await self._background.close()

    async def create(
        self, wish: Mapping[str, Any], user_id: str, *, grant_id: str = ""
    ) -> Document:
        """Keep a new job of a user.

        Args:
            wish: `{scenarioId, name, trigger, templateId?, enabled?, description?}`.
            user_id: Who asks, and whose authority the job starts with.
            grant_id: The CI token that he asks with, whose limits hold for every start.

        Raises:
            NotFound: the scenario does not exist for the user.
            Forbidden: his role does not allow it.
            Invalid: name, trigger or template cannot be.
        """
        name = wish.get("name")
        if not isinstance(name, str) or not 0 < len(name.strip()) <= _LONGEST_NAME:
            raise Invalid(f"A job has a 'name' of 1 to {_LONGEST_NAME} characters.")
        now = self._clock()
        trigger = checked(wish.get("trigger"), now)
        scenario_id = str(wish.get("scenarioId") or "")
        scenario = await self._documents.get("scenario", scenario_id, user_id=user_id)
        template_id = str(wish.get("templateId") or "")
        await named_template(self._documents, template_id, scenario, user_id)
        body = jobs.new_job(trigger, {**wish, "scenarioId": scenario.id}, now, grant_id=grant_id)

        async def work(writer: AsyncConnection) -> Document:
            made = await self._documents.create(
                KIND,
                body,
                user_id=user_id,
                workspace_id=scenario.workspace_id,
                project_id=scenario.project_id,
                connection=writer,
            )
            await jobs.keep_due(self._database, writer, made)
            return made

        made = await self._database.write(work)
        self._changed.set()
        return made

    async def switch(self, job_id: str, user_id: str, *, on: bool) -> Document:
        """Enable or disable a job.

        Raises:
            NotFound: it does not exist for the user.
            Forbidden: his role does not allow it.
            Conflict: its one moment is over.
        """
        now = self._clock()

        async def work(writer: AsyncConnection) -> Document:
            current, role = await rows.seen(writer, KIND, job_id, user_id, lock=True)
            require_writer(KIND, role)
            changed = await rows.update(writer, current, jobs.switched(current.body, now, on=on))
            await jobs.keep_due(self._database, writer, changed)
            return changed

        changed = await self._database.write(work)
        self._changed.set()
        return changed

    async def delete(self, job_id: str, user_id: str) -> None:
        """Delete a job; what it started stays.

        Raises:
            NotFound: it does not exist for the user.
            Forbidden: his role does not allow it.
        """
        await self._documents.delete(KIND, job_id, user_id=user_id)

    async def tick(self) -> int | None:
        """Fire what is due; answers when the next one is, in epoch milliseconds."""
        now = self._clock()
        query = sa.select(job_due.c.job_id).where(job_due.c.due <= now).order_by(job_due.c.due)
        async with self._database.reading() as reader:
            due = list(await reader.scalars(query))
        for job_id in due:
            fire = await self._claim(job_id, now)
            if fire is not None:
                firing = self._background.start(self._fire(fire))
                self._firing.add(firing)
                firing.add_done_callback(self._firing.discard)
        async with self._database.reading() as reader:
            following: int | None = await reader.scalar(sa.select(sa.func.min(job_due.c.due)))
        return following

    async def settled(self) -> None:
        """Wait until what is being fired has started or was refused."""
        if self._firing:
            await asyncio.wait(set(self._firing))

    async def _keep_time(self) -> None:
        while True:
            wait_s = _LOOK_S
            self._changed.clear()
            try:
                following = await self.tick()
                if following is not None:
                    wait_s = min(max((following - self._clock()) / 1000, 0.05), _LOOK_S)
            except Exception:  # the clock goes on; the next look may succeed
                log.exception("jobs_not_looked_at")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._changed.wait()

    async def _claim(self, job_id: str, now: int) -> Fire | None:
        """Take a fire, if nobody else has; None too when it is so late that it was missed."""

        async def work(writer: AsyncConnection) -> Document | None:
            current = await rows.current(writer, KIND, job_id, lock=True)
            if current is None:
                await jobs.forget(writer, job_id)
                return None
            body = jobs.claimed(current.body, now, self._instance)
            if body is None:
                return None
            changed = await rows.update(writer, current, body)
            await jobs.keep_due(self._database, writer, changed)
            return changed

        job = await self._database.write(work)
        if job is None:
            return None
        entry = job.body["runs"][0]
        log.info("job_due", job_id=job_id, outcome=entry["outcome"])
        return Fire(job, entry["due"]) if entry["outcome"] == STARTING else None

    async def _fire(self, fire: Fire) -> None:
        try:
            report = await self._start(fire)
        except Failure as failure:
            facts: Body = {"outcome": REFUSED, "message": failure.message}
        except Exception:  # the top of a fire: its failure is its record
            log.exception("job_failed", job_id=fire.job.id)
            facts = {"outcome": REFUSED, "message": "The platform failed; its log says why."}
        else:
            facts = _started(report)
        await self._record(fire.job.id, fire.due, facts)

    async def _record(self, job_id: str, due: int, facts: Mapping[str, Any]) -> None:
        with contextlib.suppress(NotFound):  # the job was deleted meanwhile
            await self._documents.change(KIND, job_id, lambda body: jobs.fired(body, due, **facts))

    async def _settle_interrupted(self) -> None:
        """A fire of a process that is gone: it started, or it was missed."""
        old = self._clock() - _ABANDONED_MS
        query = sa.select(document).where(document.c.kind == KIND)
        async with self._database.reading() as reader:
            found = [rows.from_row(row) for row in await reader.execute(query)]
        for job in found:
            for run in job.body["runs"]:
                if run["outcome"] != STARTING:
                    continue
                if run["instance"] == self._instance or run["at"] < old:
                    facts = await self._outcome_of(job, run["due"])
                    await self._record(job.id, run["due"], facts)

    async def _outcome_of(self, job: Document, due: int) -> Body:
        query = sa.select(document.c.body).where(
            document.c.kind == "bench_result", document.c.project_id == job.project_id
        )
        async with self._database.reading() as reader:
            for body in await reader.scalars(query):
                if (body.get("scheduledJobId"), body.get("scheduledFor")) == (job.id, due):
                    return {
                        "outcome": STARTED,
                        "benchReportId": body.get("benchReportId"),
                        "benchResultId": body["id"],
                    }
        message = "The platform ended before the run could start."
        return {"outcome": MISSED, "missed": 1, "message": message}

    async def _on_delete(self, connection: AsyncConnection, gone: Document) -> None:
        """A job goes with its scenario, and its row with the job."""
        if gone.kind == KIND:
            await connection.execute(job_due.delete().where(job_due.c.job_id == gone.id))
        if gone.kind == "scenario":
            query = sa.select(job_due.c.job_id).where(job_due.c.scenario_id == gone.id)
            for job_id in list(await connection.scalars(query)):
                await jobs.forget(connection, job_id)


def _started(report: Document) -> Body:
    run_ids = report.body.get("benchResultIds") or [""]
    return {"outcome": STARTED, "benchReportId": report.id, "benchResultId": run_ids[0]}


def schedules_of(platform: Platform) -> Schedules:
    """The jobs of a platform."""
    place = f"{socket.gethostname()}:{platform.data_dir.resolve()}"
    return Schedules(
        platform.database,
        platform.documents,
        start_of(platform),
        instance=hashlib.sha256(place.encode()).hexdigest()[:16],
    )
