"""Tells listeners of runs that ended, behind the back of the runs."""

import asyncio
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import structlog

from octoperf_mcp.embedded.engine.background import Background
from octoperf_mcp.embedded.metrics.store import MetricStore
from octoperf_mcp.embedded.outbound.delivery import deliver
from octoperf_mcp.embedded.store.documents import Document
from octoperf_mcp.entities.extensions import Deliver, EndedRun, Listener
from octoperf_mcp.errors import OctoPerfMcpError

log = structlog.get_logger(__name__)

GRACE_S: Final = 5.0
"""How long the end of the platform waits for notices under way."""


class Notices:
    """Who is told of ended runs, each once, by the process that played the run.

    Failures are logged without what they say, which may hold a secret address, unless they are our
    own. What is under way when the process is killed is lost.

    Args:
        listeners: Who is told now.
        metrics: Has the counts of runs.
        origin: Of the pages, without a slash at its end.
        allowed: Where `deliver` sends: `public`, and hosts that may be inside.
        grace_s: How long `close` waits for notices under way.
    """

    def __init__(
        self,
        listeners: Callable[[], tuple[Listener, ...]],
        metrics: MetricStore,
        *,
        origin: str,
        allowed: tuple[str, ...],
        grace_s: float = GRACE_S,
    ) -> None:
        self._listeners = listeners
        self._metrics = metrics
        self._origin = origin
        self._deliver: Deliver = partial(deliver, allowed=allowed)
        self._grace_s = grace_s
        self._background = Background()

    def begin(self, result: Document) -> None:
        """Tell all listeners of a bench result in a final state; returns at once."""
        for listener in self._listeners():
            self._background.start(self._tell(listener, result))

    async def close(self) -> None:
        """Wait a little for notices under way, then give them up."""
        if given_up := await self._background.settled(self._grace_s):
            log.warning("notices_given_up", count=given_up)
        await self._background.close()

    async def _tell(self, listener: Listener, result: Document) -> None:
        told = {"plugin": listener.plugin, "notifier": listener.name, "run_id": result.id}
        try:
            run = await self._run_of(result)
            async with asyncio.timeout(listener.timeout_s):
                await listener.tell(run, self._deliver)
        except asyncio.CancelledError:
            raise
        except OctoPerfMcpError as error:
            log.warning("notice_failed", reason=error.message, **told)
        except BaseException as error:  # noqa: BLE001 - SystemExit of others is no reason to leave
            frames = traceback.extract_tb(error.__traceback__)
            at = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
            log.warning("notice_failed", reason=type(error).__name__, at=at, **told)
        else:
            log.info("notice_sent", **told)

    async def _run_of(self, result: Document) -> EndedRun:
        body, counted = result.body, await self._counted(result.id)
        report_id, project_id = body.get("benchReportId"), str(body.get("designProjectId") or "")
        page = (
            f"/ui/workspace/{result.workspace_id}/project/{project_id}/analysis/report/{report_id}"
        )
        return EndedRun(
            run_id=result.id,
            name=str(body.get("name") or ""),
            state=str(body["state"]),
            cause=str(body.get("cause") or ""),
            workspace_id=result.workspace_id,
            project_id=project_id,
            scenario_id=str(body.get("scenarioId") or ""),
            started_at=int(body.get("startedAt") or 0),
            ended_at=int(body.get("endedAt") or 0),
            user_load=int(body.get("userLoad") or 0),
            hits=counted.get("hits"),
            errors=counted.get("errors"),
            report_url=f"{self._origin}{page}" if report_id else "",
        )

    async def _counted(self, run_id: str) -> dict[str, Any]:
        try:
            return await self._metrics.totals(run_id)
        except Exception:  # that a run ended is worth telling without its counts
            log.exception("counts_not_read", run_id=run_id)
            return {}
