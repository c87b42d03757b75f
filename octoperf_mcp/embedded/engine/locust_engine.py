"""The load engine on Locust: one master and some workers per run and location."""

import asyncio
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from octoperf_mcp.embedded.engine.load_engine import (
    Ending,
    EngineError,
    LoadPlan,
    OnLine,
    StartUpLine,
)
from octoperf_mcp.embedded.engine.order import Order
from octoperf_mcp.embedded.engine.processes import WorkerProcess
from octoperf_mcp.embedded.engine.ramp import peak_users
from octoperf_mcp.embedded.engine.run_log import NAME, RunLog

USERS_PER_WORKER = 50
"""Below this many users a second process brings nothing but its own start."""

_START_S = 60.0
_END_S = 30.0
_LEAD_MS = 200
"""From `begin` to the first user, so that every generator hears of it in time."""

_TOGETHER = {"RendezVousAction", "PutQueueAction", "PollQueueAction"}
_ENDINGS = {
    "planned": Ending(planned=True, message="The planned end is reached"),
    "finished": Ending(planned=True, message="All users have finished"),
    "policy": Ending(planned=True, message="The error policy ended the test"),
    "stopped": Ending(planned=False, message="The test was stopped"),
    "lost": Ending(planned=False, message="All load generators are gone"),
}


@dataclass(slots=True)
class _Site:
    """The processes of one location."""

    region: str
    master: WorkerProcess | None = None
    workers: list[WorkerProcess] = field(default_factory=list)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0
    reason: str = "lost"

    @property
    def processes(self) -> list[WorkerProcess]:
        """All that were started."""
        return [*([self.master] if self.master else []), *self.workers]


class LocustEngine:
    """Starts Locust processes on this machine."""

    def generators(self, plan: LoadPlan) -> Mapping[str, int]:
        """One per core, but not more than the users of the location need.

        Just one where users meet or share queues: they are kept in the memory of a process.
        """
        together = any(_share_state(tree) for tree in plan.virtual_users.values())
        return {
            region: 1 if together else plan.workers or _workers_for(profiles)
            for region, profiles in _by_region(plan).items()
        }

    async def start(self, plan: LoadPlan, on_line: OnLine) -> "LocustLoad":
        """Start all processes at once and wait until every worker has joined its master.

        Raises:
            EngineError: a process ended, or they took more than a minute.
        """
        load = LocustLoad(plan, on_line)
        try:
            async with asyncio.timeout(_START_S):
                await load.bring_up(self.generators(plan))
        except TimeoutError as error:
            await load.tear_down()
            raise EngineError(f"The load generators took more than {_START_S:.0f} s.") from error
        except BaseException:
            await load.tear_down()
            raise
        return load


class LocustLoad:
    """The processes of one run."""

    def __init__(self, plan: LoadPlan, on_line: OnLine) -> None:
        self._plan = plan
        self._on_line = on_line
        self._log = RunLog(plan.directory / "files" / NAME)
        self._sites: list[_Site] = []

    async def bring_up(self, generators: Mapping[str, int]) -> None:
        """Start the processes and wait until they are ready."""
        profiles = _by_region(self._plan)
        for region, count in generators.items():
            self._sites.append(_Site(region))
            await self._start_site(self._sites[-1], profiles[region], count)
        ready = [asyncio.create_task(site.ready.wait()) for site in self._sites]
        gone = [
            asyncio.create_task(self._failed_start(process))
            for site in self._sites
            for process in site.processes
        ]
        try:
            waiting = set(ready)
            while waiting:
                done, _ = await asyncio.wait([*waiting, *gone], return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
                waiting -= done
        finally:
            for task in (*ready, *gone):
                task.cancel()

    async def _start_site(
        self, site: _Site, profiles: list[tuple[int, dict[str, Any]]], count: int
    ) -> None:
        common = self._order(site.region, profiles, count)
        names = [""] + [f"{site.region}-{number}" for number in range(1, count + 1)]
        orders = [common(name, index - 1) for index, name in enumerate(names)]
        site.master, *site.workers = await asyncio.gather(
            *(self._start_process(site, order) for order in orders)
        )
        self._introduce(site)

    def _order(self, region: str, profiles: list[tuple[int, dict[str, Any]]], count: int) -> Any:
        plan = self._plan

        def order(generator: str, index: int) -> Order:
            mine = {
                "virtual_users": dict(plan.virtual_users),
                "servers": list(plan.servers),
                "variables": list(plan.variables),
            }
            nothing: dict[str, Any] = {"virtual_users": {}, "servers": [], "variables": []}
            return Order(
                run_id=plan.run_id,
                directory=str(plan.directory),
                region=region,
                workers=count,
                profiles=profiles,
                properties=dict(plan.properties),
                generator=generator,
                index=max(0, index),
                grace_ms=plan.grace_ms,
                reach=plan.reach.message() if plan.reach else None,
                **(mine if generator else nothing),
            )

        return order

    async def _start_process(self, site: _Site, order: Order) -> WorkerProcess:
        name = order.generator or f"{site.region}-master"

        def on_event(event: str, facts: dict[str, Any]) -> None:
            self._on_event(site, name, event, facts)

        process = await WorkerProcess.start(
            "worker" if order.generator else "master",
            order,
            on_event,
            lambda text: self._say(name, "WARN", text),
        )
        self._say(name, "INFO", f"Process {process.pid} started")
        return process

    def _on_event(self, site: _Site, name: str, event: str, facts: dict[str, Any]) -> None:
        if event == "listening":
            site.port = int(facts["port"])
            self._introduce(site)
        elif event == "ready":
            site.ready.set()
        elif event == "ended":
            site.reason = str(facts["reason"])
        self._say(name, "INFO", " ".join([event, *(f"{k}={v}" for k, v in facts.items())]))

    def _introduce(self, site: _Site) -> None:
        """Tell the workers where their master listens, once both are there."""
        if site.port and site.workers:
            for worker in site.workers:
                worker.tell({"port": site.port})

    def begin(self) -> int:
        """Give all masters the same first instant."""
        start_ms = int(time.time() * 1000) + _LEAD_MS
        for site in self._sites:
            if site.master is not None:
                site.master.tell({"go_ms": start_ms})
        return start_ms

    async def stop(self) -> None:
        """Let the masters end the run now."""
        for site in self._sites:
            if site.master is not None:
                site.master.tell({"stop": True})

    async def wait(self) -> Ending:
        """Until every process is gone."""
        reasons = await asyncio.gather(*(self._wait_site(site) for site in self._sites))
        for reason in ("stopped", "lost", "policy", "finished"):
            if reason in reasons:
                return _ENDINGS[reason]
        return _ENDINGS["planned"]

    async def _wait_site(self, site: _Site) -> str:
        if site.master is None:
            return "lost"
        workers = [asyncio.create_task(self._watch(worker)) for worker in site.workers]
        await site.master.wait()
        await asyncio.gather(*(worker.end(_END_S) for worker in site.workers))
        await asyncio.gather(*workers)
        return site.reason

    async def _watch(self, worker: WorkerProcess) -> None:
        status = await worker.wait()
        if status != 0:
            text = f"Load generator {worker.name} is gone (exit status {status})"
            self._log.write(text, level="ERROR")
            self._say(worker.name, "ERROR", text)

    async def tear_down(self) -> None:
        """End every process, whatever it is doing."""
        processes = [process for site in self._sites for process in site.processes]
        await asyncio.gather(*(process.end(_END_S) for process in processes))

    async def _failed_start(self, process: WorkerProcess) -> None:
        status = await process.wait()
        raise EngineError(f"Load generator process {process.name} ended with status {status}.")

    def _say(self, name: str, level: str, message: str) -> None:
        self._on_line(StartUpLine(int(time.time() * 1000), name, level, message))


def _by_region(plan: LoadPlan) -> dict[str, list[tuple[int, dict[str, Any]]]]:
    found: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for index, profile in enumerate(plan.profiles):
        found.setdefault(str(profile["location"]), []).append((index, profile))
    return found


def _share_state(tree: Mapping[str, Any]) -> bool:
    """Whether users of this virtual user wait for each other, or hand values to each other."""
    return any(
        child.get("enabled") and (child.get("@type") in _TOGETHER or _share_state(child))
        for child in tree.get("children") or []
    )


def _workers_for(profiles: list[tuple[int, dict[str, Any]]]) -> int:
    users = sum(peak_users(profile["load"]) for _, profile in profiles)
    return max(1, min(os.cpu_count() or 1, -(-users // USERS_PER_WORKER)))
