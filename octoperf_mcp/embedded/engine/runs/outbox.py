"""The notices of ended runs, as rows: they outlive the process that owes them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.engine.runs.tables import notice, run_headline
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.documents import Document
from octoperf_mcp.embedded.store.schema import now_ms

PENDING: Final = "PENDING"
SENT: Final = "SENT"
FAILED: Final = "FAILED"

_DAY_MS: Final = 86_400_000
_REASON_CHARS: Final = 300


@dataclass(frozen=True, slots=True)
class Notice:
    """What one listener is owed for one run.

    Args:
        run_id: Of the bench result.
        plugin: Of the listener.
        notifier: Name of the listener.
        attempts: How many there were, one under way included.
        created: When the run ended, epoch ms.
        state: PENDING, SENT or FAILED.
        next_at: Not before, epoch ms.
        reason: What the last attempt ended with; empty when there was none or it went well.
        ended: When it was sent or given up, epoch ms; None before.
    """

    run_id: str
    plugin: str
    notifier: str
    attempts: int
    created: int
    state: str
    next_at: int
    reason: str
    ended: int | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Of all notices: how many wait, were given up within a day, and how long the oldest waits."""

    pending: int = 0
    failed: int = 0
    oldest_s: float = 0.0


_FIELDS: Final = [
    notice.c[name]
    for name in (
        "run_id",
        "plugin",
        "notifier",
        "attempts",
        "created",
        "state",
        "next_at",
        "reason",
        "ended",
    )
]


class Outbox:
    """Rows of notices; a row is told by one process at a time, which holds it for a while.

    Args:
        database: Shared by all replicas.
        instance: Name of this process's share of it.
        now: Epoch ms.
    """

    def __init__(self, database: Database, instance: str, now: Callable[[], int] = now_ms) -> None:
        self._database = database
        self._instance = instance
        self.now = now

    async def owe(
        self, writer: AsyncConnection, run_id: str, listeners: Iterable[tuple[str, str]]
    ) -> None:
        """Write down, with the end of a run, who is to be told: plugins and names."""
        at = self.now()
        rows = [
            {
                "run_id": run_id,
                "plugin": plugin,
                "notifier": name,
                "state": PENDING,
                "attempts": 0,
                "created": at,
                "next_at": at,
                "holder": "",
                "held_until": 0,
                "reason": "",
            }
            for plugin, name in listeners
        ]
        if rows:
            await writer.execute(
                self._database.insert(notice).values(rows).on_conflict_do_nothing()
            )

    async def let_go(self) -> None:
        """Give back what this instance holds: it begins, or ends."""
        held = notice.update().where(notice.c.holder == self._instance)
        await self._database.write(
            lambda writer: writer.execute(held.values(holder="", held_until=0))
        )

    async def hold(self, listener: tuple[str, str], most: int, hold_ms: int) -> list[Notice]:
        """Take notices of a listener that are due, oldest first; nobody else gets them for so long.

        Args:
            listener: Plugin and name.
            most: How many.
            hold_ms: Longer than an attempt takes.
        """

        async def work(writer: AsyncConnection) -> list[Notice]:
            at = self.now()
            due = (
                (notice.c.plugin == listener[0])
                & (notice.c.notifier == listener[1])
                & (notice.c.state == PENDING)
                & (notice.c.next_at <= at)
                & (notice.c.held_until <= at)
            )
            query = sa.select(*_FIELDS).where(due).order_by(notice.c.created).limit(most)
            held = []
            for row in (await writer.execute(query)).all():
                taken = await writer.execute(  # another replica may have been faster
                    notice.update()
                    .where(due, notice.c.run_id == row.run_id)
                    .values(
                        holder=self._instance,
                        held_until=at + hold_ms,
                        attempts=notice.c.attempts + 1,
                    )
                )
                if taken.rowcount:
                    found = Notice(*row)
                    held.append(replace(found, attempts=found.attempts + 1))
            return held

        return await self._database.write(work)

    async def sent(self, told: Notice) -> None:
        """It was told."""
        await self._set(told, state=SENT, reason="", ended=self.now())

    async def forget(self, told: Notice) -> None:
        """There was nothing to tell."""
        statement = notice.delete().where(_is(told))
        await self._database.write(lambda writer: writer.execute(statement))

    async def later(self, told: Notice, reason: str, wait_ms: int) -> None:
        """It failed and is tried again."""
        await self._set(told, reason=reason[:_REASON_CHARS], next_at=self.now() + wait_ms)

    async def failed(self, told: Notice, reason: str) -> None:
        """It is given up."""
        await self._set(told, state=FAILED, reason=reason[:_REASON_CHARS], ended=self.now())

    async def expired(self, age_ms: int, reason: str) -> list[Notice]:
        """Give up what has waited for so long and nobody holds; what it was."""
        old = (
            (notice.c.state == PENDING)
            & (notice.c.created < self.now() - age_ms)
            & (notice.c.held_until <= self.now())
        )

        async def work(writer: AsyncConnection) -> list[Notice]:
            found = [Notice(*row) for row in await writer.execute(sa.select(*_FIELDS).where(old))]
            if found:
                why = sa.case((notice.c.reason == "", reason), else_=notice.c.reason)
                await writer.execute(
                    notice.update().where(old).values(state=FAILED, reason=why, ended=self.now())
                )
            return found

        return await self._database.write(work)

    async def again(self) -> int:
        """Try all over again what was given up; how many there are."""
        at = self.now()
        statement = (
            notice.update()
            .where(notice.c.state == FAILED)
            .values(state=PENDING, attempts=0, created=at, next_at=at, ended=None)
        )

        async def work(writer: AsyncConnection) -> int:
            return (await writer.execute(statement)).rowcount

        return await self._database.write(work)

    async def next_in_ms(self) -> int | None:
        """When the next one is due that is not now; None when there is none."""
        query = sa.select(sa.func.min(notice.c.next_at)).where(
            notice.c.state == PENDING, notice.c.next_at > self.now()
        )
        async with self._database.reading() as reader:
            found: int | None = await reader.scalar(query)
        return None if found is None else max(0, found - self.now())

    async def standing(self) -> Standing:
        """Of all replicas."""
        at, pending = self.now(), notice.c.state == PENDING
        given_up = (notice.c.state == FAILED) & (notice.c.ended > at - _DAY_MS)
        query = sa.select(
            sa.func.count().filter(pending),
            sa.func.count().filter(given_up),
            sa.func.min(notice.c.created).filter(pending),
        ).where(notice.c.state != SENT)
        async with self._database.reading() as reader:
            waiting, failed, oldest = (await reader.execute(query)).one()
        return Standing(waiting, failed, max(0.0, (at - oldest) / 1000) if oldest else 0.0)

    async def of_runs(self, run_ids: Sequence[str]) -> list[Notice]:
        """All notices of some runs."""
        return await self._read(notice.c.run_id.in_(run_ids), 100)

    async def open(self, limit: int) -> list[Notice]:
        """What is pending or was given up, newest first."""
        return await self._read(notice.c.state != SENT, limit)

    async def on_delete(self, writer: AsyncConnection, document: Document) -> None:
        """Nobody is told of a run that is gone."""
        if document.kind == "bench_result":
            for table in (notice, run_headline):
                await writer.execute(table.delete().where(table.c.run_id == document.id))

    async def _read(self, which: "sa.ColumnElement[bool]", limit: int) -> list[Notice]:
        query = sa.select(*_FIELDS).where(which).order_by(notice.c.created.desc()).limit(limit)
        async with self._database.reading() as reader:
            return [Notice(*row) for row in await reader.execute(query)]

    async def _set(self, told: Notice, **values: Any) -> None:
        """Change what this instance holds, and let go of it."""
        mine = _is(told) & (notice.c.holder == self._instance)
        statement = notice.update().where(mine).values(holder="", held_until=0, **values)
        await self._database.write(lambda writer: writer.execute(statement))


def _is(told: Notice) -> "sa.ColumnElement[bool]":
    return (
        (notice.c.run_id == told.run_id)
        & (notice.c.plugin == told.plugin)
        & (notice.c.notifier == told.notifier)
    )
