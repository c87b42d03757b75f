"""The course of one load run, from PENDING to its final state."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from octoperf_mcp.embedded.engine.load.caveats import overloads
from octoperf_mcp.embedded.engine.load.engine import (
    Ending,
    EngineError,
    LoadEngine,
    LoadPlan,
    RunningLoad,
    StartUpLine,
)
from octoperf_mcp.embedded.engine.load.fleet import Fleet, NoFleet
from octoperf_mcp.embedded.engine.load.ramp import duration_ms
from octoperf_mcp.embedded.engine.runs.directory import RunDirectory
from octoperf_mcp.embedded.engine.runs.records import RunRecords
from octoperf_mcp.embedded.engine.runs.spool_feed import SpoolFeed
from octoperf_mcp.embedded.engine.runs.states import ABORTED, ERROR, FINISHED
from octoperf_mcp.embedded.metrics.store import MetricStore
from octoperf_mcp.embedded.store.schema import now_ms

log = structlog.get_logger()

MISSING = "The last samples of {} are missing until its machine joins again"
"""A caveat; it goes when they come home."""
_PUMP_S = 0.5
_STALL_MS = 20 * 60_000
"""A run that has not ended so long after its planned end is aborted."""


@dataclass(frozen=True, slots=True)
class Facilities:
    """What runs need of the platform."""

    records: RunRecords
    metrics: MetricStore
    engine: LoadEngine
    turns: asyncio.Semaphore
    """As many as may run at a time."""
    fleet: Fleet = field(default_factory=NoFleet)
    """Other machines."""


class LoadRun:
    """One run; `play` is its whole life."""

    def __init__(
        self,
        directory: RunDirectory,
        facilities: Facilities,
        make_plan: Callable[[], Awaitable[LoadPlan]],
    ) -> None:
        self._directory = directory
        self._with = facilities
        self._make_plan = make_plan
        self._feed = SpoolFeed(directory.run_id, directory.path, facilities.metrics.ingest)
        self._stop_asked = asyncio.Event()
        self._began = False
        self._cause = ""
        self._caveats: list[str] = []
        self._arrivals: list[dict[str, Any]] = []

    def stop(self, by: str) -> None:
        """Ask the run to end; `by` is who wants it, for the run log."""
        if not self._stop_asked.is_set():
            self._directory.create()
            self._cause = f"{by} aborted the test"
            self._directory.log.write(self._cause)
            self._stop_asked.set()

    async def play(self) -> None:
        """Go through all states; never raises."""
        self._directory.create()
        state = ABORTED
        try:
            await self._advance("PENDING")
            if await self._turn_comes():
                try:
                    state = await self._in_turn()
                finally:
                    self._with.turns.release()
        except EngineError as error:
            self._fail(str(error))
            state = ERROR
        except Exception as error:  # the top of a run: its failure is its final state
            log.exception("run_failed", run_id=self._directory.run_id)
            self._fail(f"{type(error).__name__}: {error}")
            state = ABORTED if self._began else ERROR
        await self._close(state)

    async def _turn_comes(self) -> bool:
        """Wait for a free turn; False when the run was stopped before."""
        turn = asyncio.create_task(self._with.turns.acquire())
        stop = asyncio.create_task(self._stop_asked.wait())
        await asyncio.wait([turn, stop], return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if self._stop_asked.is_set():
            turn.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await turn
                self._with.turns.release()
            return False
        return True

    async def _in_turn(self) -> str:
        await self._advance("SCALING")
        plan = await self._make_plan()
        for region, count in self._with.engine.generators(plan).items():
            self._say("INFO", f"{count} load generators for location {region!r}")
        await self._advance("PREPARING")
        self._say("INFO", f"{len(plan.virtual_users)} virtual users, files in place")
        await self._advance("INITIALIZING")
        load = await self._started(plan)
        if load is None:
            return ABORTED
        start_ms = load.begin()
        self._began = True
        await self._advance("RUNNING", startedAt=start_ms)
        for index, profile in enumerate(plan.profiles):
            name = profile.get("name") or f"User Profile {index + 1}"
            self._directory.log.write(
                f"Profile {name!r}: {profile['load']['@type']}, "
                f"{duration_ms(profile['load']) // 1000} s at {profile['location']}"
            )
        planned_ms = start_ms + max(duration_ms(profile["load"]) for profile in plan.profiles)
        ending = await self._followed(load, planned_ms)
        self._cause = self._cause or ending.message
        self._caveats += ending.caveats
        self._note_arrivals(ending.arrivals)
        self._directory.log.write(ending.message, level="INFO" if ending.planned else "WARN")
        return FINISHED if ending.planned and not self._stop_asked.is_set() else ABORTED

    async def _started(self, plan: LoadPlan) -> RunningLoad | None:
        """The generators, ready; None when the run was stopped before they were."""
        starting = asyncio.create_task(self._with.engine.start(plan, self._directory.say))
        stop = asyncio.create_task(self._stop_asked.wait())
        await asyncio.wait([starting, stop], return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if not self._stop_asked.is_set():
            return await starting
        starting.cancel()
        try:
            load = await starting
        except (asyncio.CancelledError, EngineError):
            return None
        await load.stop()
        await load.wait()
        return None

    async def _followed(self, load: RunningLoad, planned_ms: int) -> Ending:
        """Take in what the generators write, until they are gone."""
        ending = asyncio.create_task(load.wait())
        stop = asyncio.create_task(self._stop_asked.wait())
        waiting = {ending, stop}
        while not ending.done():
            await asyncio.wait(waiting, timeout=_PUMP_S, return_when=asyncio.FIRST_COMPLETED)
            if stop in waiting and stop.done():
                waiting.discard(stop)
                await load.stop()
            if now_ms() > planned_ms + _STALL_MS and not self._stop_asked.is_set():
                text = f"Aborting stall test (expected end time:{planned_ms} is past now)"
                self._directory.log.write(text, level="WARN")
                self._cause = "The test had not ended 20 minutes after its planned end"
                self._stop_asked.set()
            await self._pump()
        stop.cancel()
        return await ending

    async def _pump(self) -> None:
        try:
            await self._feed.pump()
        except Exception:  # the lines stay in the spool; the next round takes them
            log.exception("metrics_not_taken_in", run_id=self._directory.run_id)

    async def _close(self, state: str) -> None:
        """Everything that was recorded is in before the state is final."""
        try:
            await self._feed.finish()
            await self._with.metrics.seal(self._directory.run_id)
        except Exception as error:  # the state must become final whatever happens
            log.exception("run_not_sealed", run_id=self._directory.run_id)
            self._fail(f"The results could not be taken in completely: {error}")
        self._directory.remove_resources()
        self._note_missing()
        text = ". ".join([self._cause, *self._caveats])
        facts: dict[str, Any] = {"arrivals": self._arrivals} if self._arrivals else {}
        facts["caveats"] = [*self._caveats, *await self._overloads()]
        await self._advance(state, cause=text, **facts)

    async def _overloads(self) -> list[str]:
        """Caveats about times that were measured by generators that could not keep up."""
        try:
            return await overloads(self._with.metrics, self._directory.run_id)
        except Exception:  # the state must become final whatever happens
            log.exception("overloads_not_read", run_id=self._directory.run_id)
            return []

    def _note_arrivals(self, arrivals: Sequence[Mapping[str, Any]]) -> None:
        """Keep what became of them, and say where they did not start as they were meant to."""
        for each in arrivals:
            self._arrivals.append(dict(each))
            text = (
                f"Profile {each['profile']!r}: {each['started']} of {each['planned']} arrivals "
                f"started, {each['late']} of them late (95 % by at most {each['lateP95Ms']:g} ms, "
                f"the worst by {each['lateMaxMs']:g} ms), {each['dropped']} never"
            )
            troubled = bool(each["late"] or each["dropped"])
            self._directory.log.write(text, level="WARN" if troubled else "INFO")
            if troubled:
                self._caveats.append(text)

    def _note_missing(self) -> None:
        """Say whose results are not all here; they are taken in when their machine comes back."""
        run_id = self._directory.run_id
        if missing := self._with.fleet.missing(run_id):
            text = MISSING.format(", ".join(missing))
            self._caveats.append(text)
            self._directory.log.write(text, level="ERROR")
        self._with.fleet.forget_run(run_id)

    async def _advance(self, state: str, **facts: Any) -> None:
        await self._with.records.advance(self._directory, state, **facts)

    def _fail(self, message: str) -> None:
        self._cause = message
        self._say("ERROR", message)
        self._directory.log.write(message, level="ERROR")

    def _say(self, level: str, message: str) -> None:
        line = StartUpLine(int(time.time() * 1000), "platform", level, message)
        self._directory.say(line)
