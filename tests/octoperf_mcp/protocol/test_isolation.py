"""The time that a third-party tool may take, and what of it is not its own."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, cast

import pytest

from octoperf_mcp import ToolContext, form
from octoperf_mcp.protocol.isolation import Unhurried, within

LIMIT_S = 0.01


class Context:
    """Asks a person who answers once `answered` is set."""

    caller = "ada"

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.answered = asyncio.Event()

    async def ask(self, questions: Mapping[str, Any], *, proven: bool) -> Mapping[str, Any]:
        self.asked.set()
        await self.answered.wait()
        return dict.fromkeys(questions, proven)


async def test_work_that_waits_for_a_person_is_not_cut_off() -> None:
    over, looks, began = asyncio.Event(), 0, time.monotonic()

    def waited_s() -> float:
        nonlocal looks
        looks += 1
        if looks == 4:
            over.set()
        return time.monotonic() - began

    assert await within(over.wait(), LIMIT_S, waited_s)
    assert looks == 4


async def test_work_that_waits_for_nobody_is() -> None:
    with pytest.raises(TimeoutError):
        await within(asyncio.Event().wait(), LIMIT_S)


async def test_only_the_time_of_open_questions_counts_as_waited() -> None:
    context = Context()
    unhurried = Unhurried(cast("ToolContext", context))
    assert (unhurried.waited_s, unhurried.caller) == (0.0, "ada")
    questions = {"sure": form("Sure?", {})}
    asking = [asyncio.create_task(unhurried.ask(questions, proven=True)) for _ in range(2)]
    await context.asked.wait()
    first = unhurried.waited_s
    await asyncio.to_thread(lambda: None)
    assert unhurried.waited_s > first
    context.answered.set()
    assert await asyncio.gather(*asking) == [{"sure": True}] * 2
    assert unhurried.waited_s == unhurried.waited_s > 0
