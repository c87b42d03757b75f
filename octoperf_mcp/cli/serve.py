"""`octoperf-mcp serve`: runs until SIGTERM, then drains."""

import argparse
import asyncio
import gc
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from octoperf_mcp.cli.serving import Serving, serving, until_signal
from octoperf_mcp.cli.settings import (
    add_config_arguments,
    add_data_dir_argument,
    add_server_arguments,
    data_dir_of,
    read,
)
from octoperf_mcp.config import Settings
from octoperf_mcp.observability.logs import configure_logs
from octoperf_mcp.registry.registry import Registry

_PAUSE_S = 0.005
"""Between two tools, for whoever calls already; one takes as long."""

_COLLECT_AFTER = 20_000
"""Allocations before a collection; a call makes some hundreds, nearly all freed at once."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_server_arguments(parser)
    add_data_dir_argument(parser)
    add_config_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Serve."""
    settings, registry = read(args)
    configure_logs(settings.log)
    run_loop(lambda: _serve(settings, registry, data_dir_of(settings)))
    return 0


def run_loop(main: Callable[[], Any]) -> None:
    """Run a coroutine function on uvloop where it is installed, else on asyncio."""
    if find_spec("uvloop") is None:
        asyncio.run(main())
        return
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


async def _serve(settings: Settings, registry: Registry, data_dir: Path) -> None:
    async with serving(settings, registry, data_dir) as server:
        _announce(server, preset=bool(settings.embedded.demo_password))
        settling = asyncio.create_task(_settle(registry))
        await until_signal(server)
        settling.cancel()


async def _settle(registry: Registry) -> None:
    """Make what each tool's first call would wait for, a little at a time."""
    for tool in registry.tools.values():
        tool.prepare()
        await asyncio.sleep(_PAUSE_S)
    _settle_memory()


def _settle_memory() -> None:
    """What start-up made stays, so the collector need not look at it again, nor look so often."""
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 20, 50)
    gc.enable()


def _announce(server: Serving, *, preset: bool) -> None:
    first = server.first_start
    if first is not None:
        password = "as configured" if preset else f"{first.password} (shown once; keep it)"
        print(f"First start: user {first.username}, password {password}", file=sys.stderr)
    print(f"octoperf-mcp ready {server.url}", flush=True)
