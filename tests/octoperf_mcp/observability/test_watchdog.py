"""A loop that stands still is told of with the function that keeps it."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog

from octoperf_mcp.observability import watchdog
from octoperf_mcp.observability.watchdog import Watchdog


@asynccontextmanager
async def watched(others: dict[str, str]) -> AsyncIterator[list[Any]]:
    with structlog.testing.capture_logs() as logs:
        turns = Watchdog(others, look_s=0.02, looks=3).run()
        await anext(turns)
        yield logs
        with pytest.raises(StopAsyncIteration):
            await anext(turns)


def keep_the_loop(logs: list[Any], event: str) -> None:
    """Block until this was logged, as the watchdog's thread does."""
    never = threading.Event()
    for _ in range(3_000):
        if any(one["event"] == event for one in logs):
            return
        never.wait(0.01)


async def told(logs: list[Any], event: str) -> dict[str, Any]:
    async with asyncio.timeout(30):
        while not (  # noqa: ASYNC110 - a list of log lines wakes nobody
            found := [one for one in logs if one["event"] == event]
        ):
            await asyncio.sleep(0.01)
    (one,) = found
    return dict(one)


async def test_who_keeps_the_loop_is_named_once_and_its_end_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    package = __name__.partition(".")[0]
    monkeypatch.setattr(watchdog, "packages_distributions", lambda: {package: ["acme-tools"]})
    async with watched({"acme-tools": "acme"}) as logs:
        await asyncio.sleep(0.1)
        assert logs == []
        keep_the_loop(logs, "event_loop_stands_still")
        still = await told(logs, "event_loop_stands_still")
        assert still["plugin"] == "acme"
        assert any(".keep_the_loop:" in frame for frame in still["stack"])
        await told(logs, "event_loop_goes_on")


async def test_code_of_nobody_else_is_told_by_its_stack() -> None:
    async with watched({}) as logs:
        keep_the_loop(logs, "event_loop_stands_still")
        still = await told(logs, "event_loop_stands_still")
    assert still["plugin"] == ""
    assert still["log_level"] == "error"
