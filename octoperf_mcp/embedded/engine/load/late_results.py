"""Results that come home after their run has ended, from machines that were out of reach."""

from pathlib import Path
from typing import Any

import structlog

from octoperf_mcp.embedded.engine.load.caveats import is_overload
from octoperf_mcp.embedded.engine.load.run import MISSING
from octoperf_mcp.embedded.engine.runs.directory import RunDirectory
from octoperf_mcp.embedded.engine.runs.spool_feed import SpoolFeed
from octoperf_mcp.embedded.failures import NotFound
from octoperf_mcp.embedded.metrics.store import MetricStore
from octoperf_mcp.embedded.store.documents import Documents

log = structlog.get_logger()

_HOME = "All results are here now, the last ones came after the end"


class LateResults:
    """Takes them into the figures of the run, and takes its caveat back."""

    def __init__(self, data_dir: Path, documents: Documents, metrics: MetricStore) -> None:
        self._data_dir = data_dir
        self._documents = documents
        self._metrics = metrics

    async def take_in(self, run_id: str, missing: list[str]) -> None:
        """All of one generator has come home.

        Args:
            run_id: Of a run that is over.
            missing: Its generators that still hold something.
        """
        directory = RunDirectory(self._data_dir, run_id)
        try:
            await SpoolFeed(run_id, directory.path, self._metrics.ingest).pump()
            await self._metrics.seal(run_id)
            await self._documents.change(
                "bench_result", run_id, lambda body: _amended(body, missing)
            )
        except NotFound:
            return
        directory.log.write("Results of a load generator came home after the end of the run.")
        log.info("late_results_taken_in", run_id=run_id)


def _amended(body: dict[str, Any], missing: list[str]) -> dict[str, Any]:
    """The bench result with a caveat that says what is missing now."""
    start = MISSING.partition("{")[0]
    before = list(body.get("caveats") or [])
    overloaded = [text for text in before if is_overload(text)]
    before = [text for text in before if text not in overloaded]
    kept = [text for text in before if not text.startswith(start)]
    now = [*kept, MISSING.format(", ".join(missing)) if missing else _HOME]
    cause = str(body.get("cause") or "").removesuffix(". ".join(["", *before]))
    return {**body, "caveats": [*now, *overloaded], "cause": ". ".join([cause, *now])}
