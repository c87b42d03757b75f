"""Jobs as documents: what is kept of each, and the row that says when it is due.

`runs` are its latest fires, the newest first: `{due, at, outcome, missed, benchReportId,
benchResultId, message, instance}` with the outcome STARTING, STARTED, REFUSED or MISSED.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.failures import Conflict
from octoperf_mcp.embedded.schedules.tables import job_due
from octoperf_mcp.embedded.schedules.triggers import ONCE, fires_between, next_fire
from octoperf_mcp.embedded.store import rows
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.documents import Document

KIND = "scheduled_job"
STARTING = "STARTING"
STARTED = "STARTED"
REFUSED = "REFUSED"
MISSED = "MISSED"

GRACE_MS = 5 * 60_000
"""A job that is later than this is not started but reported as missed."""
_KEPT_RUNS = 20

Body = dict[str, Any]


def new_job(
    trigger: Mapping[str, Any], wish: Mapping[str, Any], now_ms: int, *, grant_id: str
) -> Body:
    """The body of a new job; `grant_id` is the CI token whose limits hold for its starts."""
    enabled = wish.get("enabled") is not False
    return {
        "scenarioId": wish["scenarioId"],
        "templateId": wish.get("templateId") or None,
        "name": wish["name"],
        "description": wish.get("description") or "",
        "tags": [],
        "trigger": dict(trigger),
        "enabled": enabled,
        "nextRun": next_fire(trigger, now_ms) if enabled else None,
        "runs": [],
        "grantId": grant_id,
    }


def switched(body: Body, now_ms: int, *, on: bool) -> Body:
    """The job enabled or disabled.

    Raises:
        Conflict: it was for one moment, which is over.
    """
    moment = next_fire(body["trigger"], now_ms) if on else None
    if on and moment is None:
        raise Conflict("The moment of this job is over: schedule a new one.")
    return {**body, "enabled": on, "nextRun": moment}


def claimed(body: Body, now_ms: int, instance: str) -> Body | None:
    """The job as somebody who is about to fire it leaves it; None when it is not due.

    The next moment is set before anything starts, so that a fire belongs to one process and a
    crash in between costs a run instead of doubling it.
    """
    due = body["nextRun"]
    if not body["enabled"] or due is None or due > now_ms:
        return None
    late = now_ms - due > GRACE_MS
    entry: Body = {"due": due, "at": now_ms, "outcome": STARTING, "instance": instance}
    if late:
        count = fires_between(body["trigger"], due, now_ms)
        entry |= {"outcome": MISSED, "missed": count, "message": _missed(count)}
    following = next_fire(body["trigger"], now_ms)
    return {
        **body,
        "runs": [entry, *body["runs"]][:_KEPT_RUNS],
        "nextRun": following,
        "enabled": body["trigger"]["@type"] != ONCE,
    }


def fired(body: Body, due: int, **facts: Any) -> Body:
    """The job with what became of one of its fires."""
    runs = [{**run, **facts} if run["due"] == due else run for run in body["runs"]]
    return {**body, "runs": runs}


def _missed(count: int) -> str:
    times = "1 start was" if count == 1 else f"{count} starts were"
    return f"The platform was not running: {times} missed."


async def keep_due(database: Database, writer: AsyncConnection, job: Document) -> None:
    """Write down when a job is due."""
    due = job.body["nextRun"] if job.body["enabled"] else None
    values = {"job_id": job.id, "scenario_id": job.body["scenarioId"], "due": due}
    await writer.execute(
        database.insert(job_due)
        .values(values)
        .on_conflict_do_update(index_elements=["job_id"], set_={"due": due})
    )


async def forget(writer: AsyncConnection, job_id: str) -> None:
    """Delete a job and its row."""
    found = await rows.current(writer, KIND, job_id, lock=True)
    if found is not None:
        await rows.remove(writer, found)
    await writer.execute(job_due.delete().where(job_due.c.job_id == job_id))
