"""What notices tell of a run that ended: how it went, computed once and kept with it."""

import asyncio
from dataclasses import asdict, dataclass
from typing import Any, Final

import sqlalchemy as sa
import structlog

from octoperf_mcp.embedded.engine.load.caveats import untold
from octoperf_mcp.embedded.engine.runs.states import ABORTED
from octoperf_mcp.embedded.engine.runs.tables import run_headline
from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.metrics.items import Asked
from octoperf_mcp.embedded.metrics.metric_ids import TIME_UNIT, USERLOAD, unit_of
from octoperf_mcp.embedded.metrics.reading import Limits, RunView
from octoperf_mcp.embedded.metrics.selection import Selection
from octoperf_mcp.embedded.metrics.store import MetricStore
from octoperf_mcp.embedded.metrics.values import figures, single
from octoperf_mcp.embedded.statistics.slo import MAX_BYTES, Thresholds, checks_of, thresholds_of
from octoperf_mcp.embedded.statistics.slo_reports import row_of, verdict_of
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.documents import Document
from octoperf_mcp.embedded.store.project_files import ProjectFiles
from octoperf_mcp.entities.extensions import BrokenThreshold, EndedRun, SloVerdict

log = structlog.get_logger(__name__)

LIMIT_S: Final = 30.0
"""Longest that a notice waits for its figures."""
SLO_FILES: Final = ("slo.toml", "slo.json")
"""Files of thresholds that are looked for, in this order."""
MISSING: Final = "The figures of the run could not be computed for this notice; its report has them"

_FIGURES: Final = {
    "hits": "HITS_TOTAL",
    "errors": "ERRORS_TOTAL",
    "error_percent": "ERRORS_PERCENT",
    "average_ms": "RESPONSE_TIME_AVG",
    "p95_ms": "RESPONSE_TIME_PERCENTILE_95",
    "requests_per_sec": "HITS_RATE",
}
_COUNTS: Final = ("hits", "errors")
_MOST_BROKEN: Final = 20
_Json = dict[str, Any]


class EndedRuns:
    """Makes of bench results what listeners are told.

    Args:
        database: Keeps what was computed, so that all attempts and listeners are told the same.
        metrics: Has the figures.
        files: Have the thresholds.
        origin: Of the pages, without a slash at its end.
        limit_s: Longest that computing may take.
    """

    def __init__(
        self,
        database: Database,
        metrics: MetricStore,
        files: ProjectFiles,
        *,
        origin: str,
        limit_s: float = LIMIT_S,
    ) -> None:
        self._database = database
        self._metrics = metrics
        self._files = files
        self._origin = origin
        self._limit_s = limit_s
        self._one = asyncio.Lock()  # readers of the database are few

    async def of(self, result: Document) -> EndedRun:
        """A run with its figures; where these cannot be had, it says so instead."""
        body, figured = result.body, await self._figured(result)
        report_id, project_id = body.get("benchReportId"), str(body.get("designProjectId") or "")
        page = (
            f"/ui/workspace/{result.workspace_id}/project/{project_id}/analysis/report/{report_id}"
        )
        began, ended = int(body.get("startedAt") or 0), int(body.get("endedAt") or 0)
        planned_ms = body.get("durationMs")
        return EndedRun(
            run_id=result.id,
            name=str(body.get("name") or ""),
            state=str(body["state"]),
            cause=str(body.get("cause") or ""),
            workspace_id=result.workspace_id,
            project_id=project_id,
            scenario_id=str(body.get("scenarioId") or ""),
            started_at=began,
            ended_at=ended,
            user_load=int(body.get("userLoad") or 0),
            report_url=f"{self._origin}{page}" if report_id else "",
            stopped_early=body["state"] == ABORTED,
            caveats=tuple(untold(body)),
            duration_sec=(ended - began) / 1000 if began else None,
            planned_sec=planned_ms / 1000 if planned_ms else None,
            **figured,
        )

    async def _figured(self, result: Document) -> _Json:
        """What was kept of it, or is from now on; with `missing` where it failed."""
        try:
            async with asyncio.timeout(self._limit_s), self._one:
                kept = await self._kept(result.id)
                if kept is None:
                    await self._keep(result.id, await self._computed(result))
                    kept = await self._kept(result.id) or {}
        except Exception as error:  # that a run ended is worth telling without its figures
            log.exception("headline_not_computed", run_id=result.id)
            missing = f"{MISSING} ({type(error).__name__})."
            return {"hits": None, "errors": None, "missing": missing}
        slo = kept["slo"]
        if slo is not None:
            broken = tuple(BrokenThreshold(**each) for each in slo["broken"])
            slo = SloVerdict(**{**slo, "broken": broken})
        return {**kept, "slo": slo}

    async def _kept(self, run_id: str) -> _Json | None:
        query = sa.select(run_headline.c.body).where(run_headline.c.run_id == run_id)
        async with self._database.reading() as reader:
            found: _Json | None = await reader.scalar(query)
        return found

    async def _keep(self, run_id: str, body: _Json) -> None:
        """What another replica computed meanwhile stays."""
        row = self._database.insert(run_headline).values(run_id=run_id, body=body)
        await self._database.write(lambda writer: writer.execute(row.on_conflict_do_nothing()))

    async def _computed(self, result: Document) -> _Json:
        slo = await self._slo(result.project_id or "")
        async with self._metrics.views([result.id]) as views:
            view = views[result.id]
            asked = [Asked(name, view.run_id, Selection(), None) for name in _FIGURES.values()]
            found = await figures(view, asked, Limits())
            told: _Json = {
                name: _told(metric, each.get((None, None)))
                for (name, metric), each in zip(_FIGURES.items(), found, strict=True)
            }
            told |= {name: int(told[name] or 0) for name in _COUNTS}
            users = await single(view, Asked(USERLOAD, view.run_id, Selection(), None), Limits())
            if isinstance(slo, _Slo):
                slo = await slo.verdict(view, result.body["state"])
        seen = None if told["hits"] and not users else int(users)
        return {**told, "peak_users": seen, "slo": slo and asdict(slo)}

    async def _slo(self, project_id: str) -> "_Slo | SloVerdict | None":
        """Thresholds of a project; a file that is none is a verdict already."""
        files = {file.name: file for file in await self._files.of_project(project_id)}
        file = next((files[name] for name in SLO_FILES if name in files), None)
        if file is None:
            return None
        try:
            if file.size > MAX_BYTES:
                raise Invalid(f"{file.name} has more than {MAX_BYTES} bytes.")
            data = b"".join([part async for part in self._files.parts(file)])
            return _Slo(file.name, await asyncio.to_thread(thresholds_of, data, file.name))
        except Invalid as error:
            return SloVerdict(file.name, "not_evaluated", error.message)


@dataclass(frozen=True, slots=True)
class _Slo:
    """A file of thresholds."""

    file: str
    thresholds: Thresholds

    async def verdict(self, view: RunView, state: str) -> SloVerdict:
        """As `GET /analysis/metrics/slo/{benchResultId}` judges."""
        checks = await checks_of(view, self.thresholds)
        broken = [check for check in checks if check.verdict != "pass"]
        broken.sort(key=lambda check: check.verdict != "fail")
        told = tuple(BrokenThreshold(**row_of(check)) for check in broken[:_MOST_BROKEN])
        return SloVerdict(self.file, *verdict_of(checks, state), told)


def _told(metric: str, value: float | None) -> float | None:
    """In the unit of tools: milliseconds, where the wire has seconds."""
    if value is None:
        return None
    return round(value * 1000 if unit_of(metric) == TIME_UNIT else value, 3)
