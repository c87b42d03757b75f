"""Rows of notices, on each database: one holder at a time, also of replicas that ask at once."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.engine.runs.outbox import FAILED, SENT, Outbox
from octoperf_mcp.embedded.store.database import Database
from tests.octoperf_mcp.embedded.conftest import on_both

OPS = ("acme", "ops")


@on_both
async def test_two_replicas_never_hold_the_same_notice(database_url: str) -> None:
    first, second = await Database.open(database_url), await Database.open(database_url)
    try:
        boxes = [Outbox(first, "first"), Outbox(second, "second")]

        async def owe(writer: AsyncConnection) -> None:
            for number in range(20):
                await boxes[0].owe(writer, f"run-{number}", [OPS])

        await first.write(owe)
        rounds, held = [], list[str]()
        while len(held) < 20:  # whoever was too late gets none of a round
            rounds.append(await asyncio.gather(*(box.hold(OPS, 3, 60_000) for box in boxes)))
            held += [one.run_id for found in rounds[-1] for one in found]
        assert len(held) == len(set(held)) == 20
        for box, found in zip(boxes, rounds[0], strict=True):
            for one in found:
                await box.sent(one)
        await boxes[0].let_go()
        standing = await boxes[1].standing()
        assert standing.pending == 20 - sum(len(found) for found in rounds[0])
        assert standing.failed == 0
    finally:
        await first.close()
        await second.close()


@on_both
async def test_what_is_old_is_given_up_and_begun_anew(database_url: str) -> None:
    database = await Database.open(database_url)
    now = 1_000_000
    box = Outbox(database, "here", lambda: now)
    try:
        await database.write(lambda writer: box.owe(writer, "run", [OPS]))
        (told,) = await box.hold(OPS, 1, 1_000)
        await box.later(told, "it is away", 500)
        assert await box.next_in_ms() == 500
        now += 10_000
        assert [one.run_id for one in await box.expired(5_000, "nobody is there")] == ["run"]
        (found,) = await box.open(5)
        assert (found.state, found.reason) == (FAILED, "it is away")
        assert (await box.standing()).failed == 1
        assert await box.again() == 1
        (told,) = await box.hold(OPS, 1, 1_000)
        assert told.attempts == 1
        await box.sent(told)
        assert [one.state for one in await box.of_runs(["run"])] == [SENT]
    finally:
        await database.close()
