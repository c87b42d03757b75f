"""How every peer runs: on uvloop, `ready` on standard output once it listens, until SIGTERM."""

import asyncio
from collections.abc import Awaitable, Callable

import uvloop


def serve(start: Callable[[], Awaitable[object]]) -> None:
    """Start a server, say so, and run for ever."""

    async def run() -> None:
        await start()
        print("ready", flush=True)
        await asyncio.Event().wait()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())
