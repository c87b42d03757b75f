"""Waiting on the server's side for something whose state has to be asked for."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from pydantic import Field

from octoperf_mcp.errors import AuthError, RateLimitedError, UnavailableError
from octoperf_mcp.registry.context import ToolContext

MAX_WAIT_SEC = 25
"""Below the time after which clients and proxies give up a silent call."""

WaitSec = Annotated[int, Field(ge=0, le=MAX_WAIT_SEC)]
"""Type of the `wait_sec` parameter of a tool that reads a state; the default is 0: do not wait."""

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 4.0
RENEWAL_S = 3600.0
"""How long a task waits for a new token of a client that does not ask for it."""

_GROWTH = 1.5
_MAX_FAILURES = 5

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Watch(Generic[_T]):
    """What is waited for.

    `read` asks the platform; `state` is what counts as a change; `over` tells whether nothing more
    will change; `describe` tells the user where it stands.
    """

    read: Callable[[], Awaitable[_T]]
    state: Callable[[_T], Hashable]
    over: Callable[[_T], bool]
    describe: Callable[[_T], str]


async def wait_for_change(ctx: ToolContext, watch: Watch[_T], wait_sec: float) -> _T:
    """Read at once and again with growing pauses: until the state changes, at most `wait_sec`.

    Between two reads the client is told how long the call has waited, of how long at most, and
    how it stands. Answers what was read last; what is over is not waited for.
    """
    started = _clock()
    found = await watch.read()
    first = watch.state(found)
    gaps = pauses()
    while watch.state(found) == first and not watch.over(found):
        waited = _clock() - started
        left = wait_sec - waited
        if left < FIRST_PAUSE_S:
            break
        await ctx.progress(waited, wait_sec, watch.describe(found))
        await sleep(min(next(gaps), left))
        found = await watch.read()
    return found


async def follow(ctx: ToolContext, watch: Watch[_T]) -> _T:
    """Read until it is over, however long it takes: for a call that has become a task.

    Outlives a short failure of the platform, and the caller's token: whoever asks for the task
    brings a new one.

    Raises:
        AuthError: nobody asked for the task for an hour after its token had run out.
        ToolError: the platform failed several times in a row, or refused.
    """
    started = _clock()
    gaps = pauses()
    failures = 0
    while True:
        try:
            found = await watch.read()
        except AuthError:
            await _renewed(ctx)
            continue
        except (RateLimitedError, UnavailableError):
            failures += 1
            if failures > _MAX_FAILURES:
                raise
        else:
            failures = 0
            await ctx.progress(_clock() - started, message=watch.describe(found))
            if watch.over(found):
                return found
        await sleep(next(gaps))


async def _renewed(ctx: ToolContext) -> None:
    """Wait until the caller has another token than the one that was just refused.

    Raises:
        AuthError: none came.
    """
    refused = ctx.caller.token
    started = _clock()
    while ctx.caller.token == refused:
        if _clock() - started > RENEWAL_S:
            raise AuthError("The token of this task has run out.")
        await sleep(LONGEST_PAUSE_S)


def pauses() -> Iterator[float]:
    """Seconds between two reads: short at first, since much is over soon; without end."""
    pause = FIRST_PAUSE_S
    while True:
        yield pause
        pause = min(pause * _GROWTH, LONGEST_PAUSE_S)


async def sleep(seconds: float) -> None:
    """One pause."""
    await asyncio.sleep(seconds)


def _clock() -> float:
    return asyncio.get_running_loop().time()
