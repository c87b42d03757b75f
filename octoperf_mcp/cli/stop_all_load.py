"""`octoperf-mcp stop-all-load`: ends every run, whichever process plays it."""

import argparse
import asyncio
import time

from octoperf_mcp.cli.local import OPERATOR, add_local_arguments, local_settings, opened
from octoperf_mcp.config import Settings
from octoperf_mcp.errors import OctoPerfMcpError

_LOOK_S = 0.2


class StillRunningError(OctoPerfMcpError):
    """Runs have not ended in time: the process that plays them may be gone or stuck."""

    code = "still_running"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument(
        "--wait", type=float, default=20.0, help="seconds to wait for their end (default: 20)"
    )
    add_local_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Do it."""
    count = asyncio.run(_stop(local_settings(args), args.wait))
    print(f"stopped {count} run{'' if count == 1 else 's'}")
    return 0


async def _stop(settings: Settings, wait_s: float) -> int:
    from octoperf_mcp.embedded.engine.runs.stops import StopRequests

    async with opened(settings) as local:
        stops = StopRequests(local.database)
        asked = set(await stops.ask_all(f"The {OPERATOR}"))
        await local.note("load.stop-all", *sorted(asked))
        until = time.monotonic() + wait_s
        while left := asked.intersection(await stops.under_way()):
            if time.monotonic() > until:
                raise StillRunningError(f"{len(left)} of {len(asked)} runs have not ended yet.")
            await asyncio.sleep(_LOOK_S)
        return len(asked)
