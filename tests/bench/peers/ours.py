"""This server with 100 tools and one that tells all open streams of a change: `PORT UPSTREAM`.

What `octoperf-mcp serve --upstream` runs, but for the registry.
"""

import dataclasses
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import MappingProxyType
from typing import Any

from octoperf_mcp import Change, Tool, ToolContext, hookimpl, tool
from octoperf_mcp.cli.serve import _serve, run_loop
from octoperf_mcp.config import load_settings
from octoperf_mcp.observability.logs import configure_logs
from octoperf_mcp.registry.manager import load_registry
from octoperf_mcp.registry.payloads import payload

TOOLS = 100


@payload
class Announced:
    """How often."""

    times: int


@tool(title="Announce")
async def bench_announce(ctx: ToolContext, times: int) -> Announced:
    """Tell all open streams that the list of tools changed.

    Args:
        times: How often.
    """
    for _ in range(times):
        await ctx.announce(Change("tools"))
    return Announced(times=times)


def renamed(found: Tool, number: int) -> Tool:
    """The same tool under another name."""
    name = f"{found.name}_{number}"
    definition = MappingProxyType({**found.definition, "name": name})
    return dataclasses.replace(found, name=name, definition=definition, aliases=())


class Filler:
    """Tools up to their number."""

    def __init__(self, installed: list[Tool]) -> None:
        self._installed = installed

    @hookimpl
    def register_tools(self) -> Iterable[Tool]:
        wanted = TOOLS - 1 - len(self._installed)
        plain = [found for found in self._installed if type(found) is Tool and not found.needs]
        more = [renamed(plain[n % len(plain)], n) for n in range(max(wanted, 0))]
        return [bench_announce, *more]


def main() -> None:
    port, upstream = sys.argv[1:]
    # without optional calls, of which the stub has none
    installed = [found for found in load_registry().tools.values() if not found.needs]
    registry = load_registry(extra=[Filler(installed)])
    flags: dict[str, dict[str, Any]] = {
        "server": {"port": int(port)},
        "upstream": {"url": upstream},
        "log": {"level": "info", "format": "json"},
        # all load is one user's
        "limits": {"requests_per_s": 0, "streams": 0},
    }
    settings = load_settings(flags=flags, environ={}, file=None)
    configure_logs(settings.log)
    with tempfile.TemporaryDirectory() as folder:
        run_loop(lambda: _serve(settings, registry, Path(folder)))


if __name__ == "__main__":
    main()
