"""The load engine on Locust: one master and some workers per run and location.

Masters run here, since what joins them has to be trusted; workers run here, or on the machines of
the location.
"""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from octoperf_mcp.embedded.engine.load.engine import (
    Ending,
    EngineError,
    LoadPlan,
    OnLine,
    StartUpLine,
)
from octoperf_mcp.embedded.engine.load.fleet import (
    LEFT,
    LOST,
    Fleet,
    Generator,
    Machine,
    NoFleet,
    OnEvent,
    OnStderr,
)
from octoperf_mcp.embedded.engine.load.locust_nodes import ARRIVED
from octoperf_mcp.embedded.engine.load.ramp import peak_users
from octoperf_mcp.embedded.engine.load.reception import Arrived
from octoperf_mcp.embedded.engine.processes.order import Order, profile_name
from octoperf_mcp.embedded.engine.processes.worker_process import WorkerProcess
from octoperf_mcp.embedded.engine.runs.log import NAME, RunLog

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


Place = tuple[str, str]
"""Provider and location."""
Profiles = list[tuple[int, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class _Post:
    """Where one generator of a site will run; None: here."""

    name: str
    machine: Machine | None


@dataclass(slots=True)
class _Site:
    """The processes of one location of a provider."""

    region: str
    profiles: Profiles
    posts: list[_Post]
    master: WorkerProcess | None = None
    workers: list[Generator] = field(default_factory=list)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0
    reason: str = "lost"
    ending: bool = False
    """Its master has ended, so that generators may end as well."""
    arrived: dict[int, dict[str, Mapping[str, Any]]] = field(default_factory=dict)
    """What each generator last told of the arrivals, by profile."""
    lost: list[str] = field(default_factory=list)
    """What became of generators that were gone before."""

    @property
    def processes(self) -> list[Generator]:
        """All that were started."""
        return [*([self.master] if self.master else []), *self.workers]


class LocustEngine:
    """Starts Locust processes on this machine, and generators on those of a fleet."""

    def __init__(self, fleet: Fleet | None = None) -> None:
        self._fleet = fleet or NoFleet()

    def generators(self, plan: LoadPlan) -> Mapping[str, int]:
        """How many each location gets, see `_posts`."""
        found: Counter[str] = Counter()
        for site in self._sites(plan):
            found[site.region] += len(site.posts)
        return found

    def _sites(self, plan: LoadPlan) -> list[_Site]:
        """Sites of a plan; names of generators count through all sites of the same location."""
        numbers: Counter[str] = Counter()
        found = []
        for place, profiles in _by_place(plan).items():
            site = _Site(place[1], profiles, [])
            for machine in self._posts(plan, place, profiles):
                numbers[place[1]] += 1
                site.posts.append(_Post(f"{place[1]}-{numbers[place[1]]}", machine))
            found.append(site)
        return found

    def _posts(self, plan: LoadPlan, place: Place, profiles: Profiles) -> list[Machine | None]:
        """One generator per core of every machine, but not more than the users need.

        Just one where users meet or share queues: they are kept in the memory of a process.
        """
        machines: list[Machine | None] = list(self._fleet.machines(*place))
        if place not in plan.elsewhere:
            machines.insert(0, None)
        if machines and any(shares_state(tree) for tree in plan.virtual_users.values()):
            return machines[:1]
        users = sum(peak_users(profile["load"]) for _, profile in profiles)
        needed = max(1, -(-users // USERS_PER_WORKER))
        counts = [plan.workers or (machine.cpus if machine else os.cpu_count() or 1)
                  for machine in machines]  # fmt: skip
        if not plan.workers:
            needed = max(needed, len(machines))
            while sum(counts) > needed:
                counts[counts.index(max(counts))] -= 1
        return [machine for machine, count in zip(machines, counts, strict=True)
                for _ in range(count)]  # fmt: skip

    async def start(self, plan: LoadPlan, on_line: OnLine) -> "LocustLoad":
        """Start all processes at once and wait until every worker has joined its master.

        Raises:
            EngineError: a process ended, or they took more than a minute.
        """
        sites = self._sites(plan)
        for site in sites:
            if not site.posts:
                raise EngineError(f"No load generator is connected at location {site.region!r}.")
            for post in site.posts:
                if post.machine is not None:
                    _require_plugins(post.machine, plan)
        load = LocustLoad(plan, on_line, self._fleet)
        try:
            async with asyncio.timeout(_START_S):
                await load.bring_up(sites)
        except TimeoutError as error:
            await load.tear_down()
            raise EngineError(f"The load generators took more than {_START_S:.0f} s.") from error
        except BaseException:
            await load.tear_down()
            raise
        return load


class LocustLoad:
    """The processes of one run."""

    def __init__(self, plan: LoadPlan, on_line: OnLine, fleet: Fleet) -> None:
        self._plan = plan
        self._on_line = on_line
        self._fleet = fleet
        self._log = RunLog(plan.directory / "files" / NAME)
        self._sites: list[_Site] = []

    async def bring_up(self, sites: list[_Site]) -> None:
        """Start the processes and wait until they are ready."""
        for site in sites:
            self._sites.append(site)
            await self._start_site(site)
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

    async def _start_site(self, site: _Site) -> None:
        started = await asyncio.gather(
            self._start_master(site),
            *(self._start_worker(site, index) for index in range(len(site.posts))),
            return_exceptions=True,
        )
        for each in started:
            if isinstance(each, BaseException):
                raise each
        self._introduce(site)

    def _order(self, site: _Site) -> Order:
        """What the master needs to know; nothing of it is secret."""
        plan = self._plan
        return Order(
            run_id=plan.run_id,
            directory=str(plan.directory),
            region=site.region,
            workers=len(site.posts),
            profiles=site.profiles,
            properties=dict(plan.properties),
            grace_ms=plan.grace_ms,
            reach=plan.reach.message() if plan.reach else None,
            browser=dict(plan.browser),
            virtual_users={},
            servers=[],
            variables=[],
        )

    async def _start_master(self, site: _Site) -> None:
        name = f"{site.region}-master"
        site.master = await self._start_here("master", self._order(site), site, name)

    async def _start_worker(self, site: _Site, index: int) -> None:
        plan, post = self._plan, site.posts[index]
        order = replace(
            self._order(site),
            virtual_users=dict(plan.virtual_users),
            servers=list(plan.servers),
            variables=list(plan.variables),
            actions=list(plan.actions),
            generator=post.name,
            index=index,
        )
        worker: Generator
        if post.machine is None:
            worker = await self._start_here("worker", order, site, post.name)
        else:
            # Another machine has its runner and browser in places of its own.
            order = replace(order, browser={})
            worker = await self._fleet.start(post.machine, order, *self._listeners(site, post.name))
            self._say(post.name, "INFO", f"Generator ordered {worker.where}")
        site.workers.append(worker)

    async def _start_here(self, role: str, order: Order, site: _Site, name: str) -> WorkerProcess:
        process = await WorkerProcess.start(role, order, *self._listeners(site, name))
        self._say(name, "INFO", f"Process {process.pid} started")
        return process

    def _listeners(self, site: _Site, name: str) -> tuple[OnEvent, OnStderr]:
        """What takes the events of a process, and its lines on standard error."""
        return (
            lambda event, facts: self._on_event(site, name, event, facts),
            lambda text: self._say(name, "WARN", text),
        )

    def _on_event(self, site: _Site, name: str, event: str, facts: dict[str, Any]) -> None:
        if event == "listening":
            site.port = int(facts["port"])
            self._introduce(site)
        elif event == "ready":
            site.ready.set()
        elif event == "ended":
            site.reason = str(facts["reason"])
        elif event == ARRIVED:
            for profile, told in facts["profiles"].items():
                site.arrived.setdefault(int(profile), {})[name] = told
            return
        self._say(name, "INFO", " ".join([event, *(f"{k}={v}" for k, v in facts.items())]))

    def _introduce(self, site: _Site) -> None:
        """Tell the workers where their master listens, once both are there."""
        if site.port and len(site.workers) == len(site.posts):
            for worker in site.workers:
                worker.connect(site.port)

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
        caveats = tuple(text for site in self._sites for text in site.lost)
        arrivals = tuple(self._arrivals())
        ranked = ("stopped", "lost", "policy", "finished")
        reason = next((each for each in ranked if each in reasons), "planned")
        return replace(_ENDINGS[reason], caveats=caveats, arrivals=arrivals)

    def _arrivals(self) -> Iterator[dict[str, Any]]:
        """What became of the arrivals of each profile that has some."""
        for site in self._sites:
            for index, profile in site.profiles:
                if index in site.arrived:
                    total = Arrived.sum(site.arrived[index].values())
                    yield total.document(profile_name(profile, index))

    async def _wait_site(self, site: _Site) -> str:
        if site.master is None:
            return "lost"
        workers = [asyncio.create_task(self._watch(site, worker)) for worker in site.workers]
        await site.master.wait()
        site.ending = True
        await asyncio.gather(*(worker.end(_END_S) for worker in site.workers))
        await asyncio.gather(*workers)
        return site.reason

    async def _watch(self, site: _Site, worker: Generator) -> None:
        status = await worker.wait()
        if status == 0 or (site.ending and status == LEFT):
            return
        how = {LOST: "its machine is out of reach", LEFT: "its machine left"}
        reason = how.get(status, f"exit status {status}")
        others = len(site.workers) - len(site.lost) - 1
        at = time.strftime("%H:%M:%S", time.gmtime())
        text = f"Load generator {worker.name} is gone since {at} UTC ({worker.where}, {reason})"
        if site.ending:
            text += ", after the last user"
        elif others:
            text += f"; the {others} others of {site.region!r} took its users over"
        else:
            text += f"; none is left at {site.region!r}"
        site.lost.append(text)
        self._log.write(text, level="ERROR")
        self._say(worker.name, "ERROR", text)

    async def tear_down(self) -> None:
        """End every process, whatever it is doing."""
        processes = [process for site in self._sites for process in site.processes]
        await asyncio.gather(*(process.end(_END_S) for process in processes))

    async def _failed_start(self, process: Generator) -> None:
        status = await process.wait()
        raise EngineError(f"Load generator process {process.name} ended with status {status}.")

    def _say(self, name: str, level: str, message: str) -> None:
        self._on_line(StartUpLine(int(time.time() * 1000), name, level, message))


def _by_place(plan: LoadPlan) -> dict[Place, Profiles]:
    found: dict[Place, Profiles] = {}
    for index, profile in enumerate(plan.profiles):
        place = str(profile.get("providerId") or ""), str(profile["location"])
        found.setdefault(place, []).append((index, profile))
    return found


def shares_state(tree: Mapping[str, Any]) -> bool:
    """Whether users of this virtual user wait for each other, or hand values to each other."""
    return any(
        child.get("enabled") and (child.get("@type") in _TOGETHER or shares_state(child))
        for child in tree.get("children") or []
    )


def _require_plugins(machine: Machine, plan: LoadPlan) -> None:
    """Refuse a machine that cannot play an action as it is played here.

    Raises:
        EngineError: names the action, the plugin and the machine.
    """
    if lacks := machine.lacks(plan.actions):
        raise EngineError(lacks)
