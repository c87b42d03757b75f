"""Tells listeners of runs that ended, behind the back of the runs, from rows that outlive it."""

import asyncio
import contextlib
import hashlib
import random
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.engine.runs import ended_runs
from octoperf_mcp.embedded.engine.runs.background import Background
from octoperf_mcp.embedded.engine.runs.ended_runs import EndedRuns
from octoperf_mcp.embedded.engine.runs.outbox import Notice, Outbox, Standing
from octoperf_mcp.embedded.outbound.delivery import UndeliveredError, deliver
from octoperf_mcp.embedded.store.documents import Document, Documents
from octoperf_mcp.entities.extensions import Json, Listener
from octoperf_mcp.errors import OctoPerfMcpError

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long it is tried, and how often.

    Args:
        attempts: At most so many.
        age_s: And none when a notice is older; seconds.
        first_s: Before the second attempt; then three times as long each time.
        longest_s: At most so long between two, also where `Retry-After` asks for more.
        look_s: How often due notices are looked for that nobody here knows of.
        at_once: Notices of a listener told at a time.
        failures: Of a listener, in a row, after which it is left alone for `pause_s`; then one
            attempt finds out whether it is back.
        pause_s: See there.
        grace_s: How long `close` waits for notices under way.
    """

    attempts: int = 12
    age_s: float = 86_400.0
    first_s: float = 2.0
    longest_s: float = 3_600.0
    look_s: float = 10.0
    at_once: int = 2
    failures: int = 5
    pause_s: float = 60.0
    grace_s: float = 5.0


PACE: Final = Pace()
NOBODY: Final = "Nobody is told when a run ends: an operator of this server can set that up."
_FACTOR: Final = 3.0
_HELD_LONGER_S: Final = 30.0 + ended_runs.LIMIT_S
"""Than a listener may take: the run is summed up before and its end written down behind, and
clocks of replicas differ."""

_Key = tuple[str, str]


class Notices:
    """Who is told of ended runs, each at least once, by one process at a time.

    Failures are logged without what they say, which may hold a secret address, unless they are our
    own.

    Args:
        outbox: What is owed.
        listeners: Who is told now.
        documents: Have the runs.
        runs: Have what is told of them.
        allowed: Where `deliver` sends: `public`, and hosts that may be inside.
        pace: How long and how often.
    """

    def __init__(
        self,
        outbox: Outbox,
        listeners: Callable[[], tuple[Listener, ...]],
        documents: Documents,
        runs: EndedRuns,
        *,
        allowed: tuple[str, ...],
        pace: Pace = PACE,
    ) -> None:
        self.outbox = outbox
        self._listeners = listeners
        self._documents = documents
        self._runs = runs
        self._allowed = allowed
        self._pace = pace
        self._background = Background()
        self._loop: asyncio.Task[None] | None = None
        self._closing = False
        self._wake = asyncio.Event()
        self._under_way: Counter[_Key] = Counter()
        self._failures: Counter[_Key] = Counter()
        self._off_until: dict[_Key, int] = {}
        self.standing = Standing()
        """How it stood when it was looked at last."""

    async def open(self) -> None:
        """Begin with what is owed, also by an earlier process of this instance."""
        await self.outbox.let_go()
        self._loop = asyncio.create_task(self._go_on())

    async def owe(self, writer: AsyncConnection, result: Document) -> None:
        """Write down, in the transaction of its end, that a bench result is to be told."""
        await self.outbox.owe(writer, result.id, [_key(one) for one in self._listeners()])
        self._wake.set()  # what is looked for then waits for the end of this transaction

    def look(self) -> None:
        """Look for due notices now."""
        self._wake.set()

    async def close(self) -> None:
        """Tell what is due, for a little while; the rest is told after the next start."""
        self._closing = True
        self._wake.set()
        if self._loop is not None:
            await self._loop
        if left := await self._background.settled(self._pace.grace_s):
            log.warning("notices_left_for_later", count=left)
        await self._background.close()
        await self.outbox.let_go()

    async def _go_on(self) -> None:
        while not self._closing:
            wait_s = self._pace.look_s
            self._wake.clear()
            try:
                await self._round()
                await self._give_up_old()
                self.standing = await self.outbox.standing()
                if (due_ms := await self.outbox.next_in_ms()) is not None:
                    wait_s = min(wait_s, due_ms / 1000)
            except Exception:  # the database may be away for a while
                log.exception("notices_not_looked_at")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()
        try:
            await self._round()
        except Exception:  # what is owed stays owed
            log.exception("notices_not_looked_at")

    async def _round(self) -> None:
        """Begin with everything that is due and has room."""
        for listener in self._listeners():
            key = _key(listener)
            hold_ms = round((listener.timeout_s + _HELD_LONGER_S) * 1000)
            if room := self._room(key):
                for told in await self.outbox.hold(key, room, hold_ms):
                    self._under_way[key] += 1
                    self._background.start(self._tell(listener, told))

    def _room(self, key: _Key) -> int:
        """How many notices of a listener may be begun with now."""
        if self._failures[key] < self._pace.failures:
            return self._pace.at_once - self._under_way[key]
        if self.outbox.now() < self._off_until[key] or self._under_way[key]:
            return 0
        return 1

    async def _tell(self, listener: Listener, told: Notice) -> None:
        key = _key(listener)
        try:
            reason, again, after_s = await self._attempt(listener, told)
            if not reason:
                self._failures.pop(key, None)
            elif again and told.attempts < self._pace.attempts:
                self._count_failure(key)
                wait_s = min(max(self._pause_s(told.attempts), after_s), self._pace.longest_s)
                await self.outbox.later(told, reason, round(wait_s * 1000))
            else:
                self._count_failure(key)
                await self.outbox.failed(told, reason)
                log.error("notice_given_up", reason=reason, **_names(told))
        except Exception:  # the database is away: the row is due again when it is held no more
            log.exception("notice_not_noted", **_names(told))
        finally:
            self._under_way[key] -= 1
            self._wake.set()

    async def _attempt(self, listener: Listener, told: Notice) -> tuple[str, bool, float]:
        """Why it failed, empty where it did not; whether another one may help, and when."""
        posted = 0

        async def post(address: str, body: Json) -> None:
            nonlocal posted
            posted += 1
            await deliver(address, body, allowed=self._allowed, key=_token(told, posted))

        names = {**_names(told), "attempt": told.attempts}
        try:
            result = await self._documents.peek("bench_result", told.run_id)
            if result is None or not listener.promise():
                await self.outbox.forget(told)
                return "", False, 0.0
            run = await self._runs.of(result)
            async with asyncio.timeout(listener.timeout_s):
                await listener.tell(run, post)
        except asyncio.CancelledError:
            raise
        except UndeliveredError as error:
            log.warning("notice_failed", reason=error.message, **names)
            return error.message, error.again, error.after_s
        except OctoPerfMcpError as error:
            log.warning("notice_failed", reason=error.message, **names)
            return error.message, False, 0.0
        except BaseException as error:  # noqa: BLE001 - SystemExit of others is no reason to leave
            frames = traceback.extract_tb(error.__traceback__)
            at = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
            log.warning("notice_failed", reason=type(error).__name__, at=at, **names)
            return type(error).__name__, True, 0.0
        if posted:
            await self.outbox.sent(told)
            log.info("notice_sent", **names)
        else:
            await self.outbox.forget(told)
        return "", False, 0.0

    def _count_failure(self, key: _Key) -> None:
        self._failures[key] += 1
        if self._failures[key] >= self._pace.failures:
            self._off_until[key] = self.outbox.now() + round(self._pace.pause_s * 1000)
            log.warning(
                "notifier_left_alone", plugin=key[0], notifier=key[1], for_s=self._pace.pause_s
            )

    def _pause_s(self, attempts: int) -> float:
        jitter = 1 + random.random() / 2  # noqa: S311 - spreads attempts, hides nothing
        return min(self._pace.first_s * _FACTOR ** (attempts - 1), self._pace.longest_s) * jitter

    async def _give_up_old(self) -> None:
        reason = "Its notifier is not there."
        for told in await self.outbox.expired(round(self._pace.age_s * 1000), reason):
            log.error("notice_given_up", reason=told.reason or reason, **_names(told))


def promises(listeners: Iterable[Listener]) -> list[str]:
    """Who is told when a run ends, a sentence each; one also where that is nobody."""
    told = [sentence for sentence in (each.promise() for each in listeners) if sentence]
    return told or [NOBODY]


def _key(listener: Listener) -> _Key:
    return listener.plugin, listener.name


def _names(told: Notice) -> dict[str, str]:
    return {"plugin": told.plugin, "notifier": told.notifier, "run_id": told.run_id}


def _token(told: Notice, number: int) -> str:
    """The same for each attempt at the same thing."""
    text = "\n".join([told.run_id, told.plugin, told.notifier, str(number)])
    return hashlib.sha256(text.encode()).hexdigest()[:32]
