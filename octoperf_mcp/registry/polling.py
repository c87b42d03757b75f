"""Waiting on the server's side for something that is read again and again."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from pydantic import Field

from octoperf_mcp.registry.context import ToolContext

MAX_WAIT_SEC = 50
"""Most clients give a call 60 s."""

WaitSec = Annotated[int, Field(ge=0, le=MAX_WAIT_SEC)]
"""Type of the `wait_sec` parameter of a tool that reads a state; the default is 0: do not wait."""

_T = TypeVar("_T")


async def poll_until(
    ctx: ToolContext,
    read: Callable[[], Awaitable[_T]],
    done: Callable[[_T], bool],
    *,
    wait_sec: float,
    every_sec: float,
    describe: Callable[[_T], str],
) -> _T:
    """Read at once, then every `every_sec`, until `done` or until `wait_sec` would be exceeded.

    Between two reads the client is told how long the call has waited, of how long at most, and
    what `describe` says about the last value. Answers that value, done or not.
    """
    clock = asyncio.get_running_loop().time
    started = clock()
    while True:
        found = await read()
        waited = clock() - started
        if done(found) or waited + every_sec > wait_sec:
            return found
        await ctx.progress(waited, wait_sec, describe(found))
        await asyncio.sleep(every_sec)
