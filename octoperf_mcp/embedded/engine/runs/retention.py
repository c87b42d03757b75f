"""How long the files of runs are kept; the measured values stay."""

import asyncio
from pathlib import Path

import structlog

from octoperf_mcp.embedded.engine.runs.directory import RunDirectory
from octoperf_mcp.embedded.store.documents import Documents
from octoperf_mcp.embedded.store.schema import now_ms
from octoperf_mcp.entities.runs import is_over

log = structlog.get_logger()

TIDY_S = 3600.0
_DAY_MS = 24 * 3600 * 1000


async def remove_old(data_dir: Path, documents: Documents, days: int) -> None:
    """Remove the folders of runs that are gone, and of those that ended so many days ago.

    Args:
        data_dir: Where the folders are.
        documents: Say which runs there are.
        days: How long files are kept after the end; 0 for ever.
    """
    folder = data_dir / "runs"
    names = await asyncio.to_thread(lambda: [p.name for p in folder.glob("*") if p.is_dir()])
    old = now_ms() - days * _DAY_MS
    for run_id in names:
        try:
            found = await documents.peek("bench_result", run_id)
            ended = found.body.get("endedAt") if found and is_over(found.body["state"]) else None
            if found is None or (days and ended is not None and ended < old):
                await asyncio.to_thread(RunDirectory(data_dir, run_id).remove)
        except OSError:  # one folder must not keep the others
            log.exception("run_folder_not_removed", run_id=run_id)
