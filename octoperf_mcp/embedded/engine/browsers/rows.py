"""From the runner's events to the rows of the product: one per step, and the script itself.

    GROUP       Actions, Network; and each `test.step` by its title
    HOOK        Before Hooks, After Hooks
    ACTION      one command, `page.goto('/')`
    EXPECT      one assertion
    NETWORK     all requests to one host: as many hits as requests
    NAVIGATION  domcontentloaded, load: from the navigation's first request to the event

The row without a type is the wall-clock of an iteration, start of the browser excluded. Rows
overlap, as a browser does several things at a time.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from octoperf_mcp.embedded.engine.play.session import Check
from octoperf_mcp.embedded.engine.wire.http_failures import ENGINE_FAILURE
from octoperf_mcp.embedded.metrics.sample import HIT, STEP, Sample
from octoperf_mcp.entities.steps import split_step, step_id

Json = Mapping[str, Any]
Verdict = tuple[Sample, tuple[Check, ...], str]
"""A row that counts as a hit, the checks that failed, and why it is KO."""

NO_TESTS = "no tests in this file"
_NET = "net::ERR_"
_OK = "200"
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_CATEGORIES = {"pw:api": "ACTION", "expect": "EXPECT"}
_HOOKS = ("Before Hooks", "After Hooks")
_LONGEST = 2000
_BAD_REQUEST = 400
_US = 1000


@dataclass(frozen=True, slots=True)
class Owner:
    """The action that rows belong to."""

    action_id: str
    virtual_user_id: str
    profile: int


@dataclass(slots=True)
class Iteration:
    """Collects one iteration of one script; steps of an unfinished one count as they ended."""

    owner: Owner
    started_ms: int = 0
    elapsed_ms: float = 0.0
    tests: int = 0
    ran: int = 0
    actions_ms: float = 0.0
    network_ms: float = 0.0
    sent: int = 0
    received: int = 0
    failures: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    """What the runner itself complained about."""
    refused: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    """A readable line per row, for the answer of a validation."""

    def take(self, event: Json) -> list[Sample]:
        """The rows that an event makes."""
        match event["event"]:
            case "step":
                return self._step(event)
            case "network":
                return [self._network(event)]
            case "navigation":
                return [self._row("NAVIGATION", str(event["label"]), event)]
            case "begin":
                self.tests = int(event["tests"])
            case "tested":
                self._tested(event)
            case "error" | "words":
                self.told.append(plain(str(event.get("message") or event.get("text") or "")))
            case "refused":
                self.refused[str(event["place"])] = str(event["reason"])
        return []

    def _step(self, event: Json) -> list[Sample]:
        category = str(event["category"])
        if category == "hook":
            shown = event["title"] in _HOOKS
            return [self._row("HOOK", str(event["title"]), event)] if shown else []
        if category == "test.step":
            return [self._row("GROUP", str(event["title"]), event)]
        kind = _CATEGORIES.get(category)
        if kind is None or event["nested"] or not event["written"]:
            return []
        if kind == "ACTION":
            self.actions_ms += event["ms"]
        return [self._row(kind, str(event["label"]), event)]

    def _network(self, event: Json) -> Sample:
        failure, status = str(event["failure"]), int(event.get("status") or 0)
        made = self._row("NETWORK", str(event["host"]), event)
        made.ok = not failure and status < _BAD_REQUEST
        made.code = str(status) if status else ENGINE_FAILURE
        made.url, made.method = str(event["url"]), str(event["method"])
        made.media_type = str(event.get("type") or "").partition(";")[0]
        made.latency_us = _us(event["first"])
        made.connect_us = _us(event["connect"])
        made.sent_bytes = max(0, int(event.get("sent") or 0))
        made.received_bytes = max(0, int(event.get("received") or 0))
        self.network_ms += event["ms"]
        self.sent += made.sent_bytes
        self.received += made.received_bytes
        return made

    def _row(self, kind: str, label: str, event: Json) -> Sample:
        error = str(event.get("error") or "")
        self.lines.append(f"{kind:<10} {event['ms']:>9.0f} ms  {'KO  ' if error else ''}{label}")
        made = self.sample(int(event["started"]), float(event["ms"]), ok=not error)
        made.action_id, made.kind = step_id(self.owner.action_id, kind, label), STEP
        return made

    def _tested(self, event: Json) -> None:
        self.started_ms = self.started_ms or int(event["started"])
        self.elapsed_ms += max(0.0, float(event["ms"]))
        status = str(event["status"])
        self.ran += status != "skipped"
        if status not in {event["expected"], "skipped"}:
            errors = [plain(str(error)) for error in event["errors"]] or [status]
            self.failures.append(f"{event['title']}: {errors[0]}")

    def groups(self) -> list[Sample]:
        """The sums of a finished iteration."""
        sums = {"Actions": self.actions_ms, "Network": self.network_ms}
        started = {"started": self.started_ms}
        return [
            self._row("GROUP", label, {**started, "ms": total}) for label, total in sums.items()
        ]

    def script(self, now_ms: int) -> list[Verdict]:
        """The row of the script, the checks that failed, and why it is KO."""
        message = self._message()
        made = self.sample(self.started_ms or now_ms, self.elapsed_ms, ok=not message)
        made.sent_bytes, made.received_bytes = self.sent, self.received
        if not self.failures:
            return [(made, (), message)]
        return [self._verdict(made, self.failures[0].partition(":")[0], message)]

    def _verdict(self, made: Sample, name: str, message: str) -> Verdict:
        """A failed test or step is a failed check, unless the browser got no answer at all."""
        if not message or _NET in message:
            return made, (), message
        made.code, made.assertions_failed = _OK, 1
        return made, (Check(name, failure=True, message=message),), message

    def _message(self) -> str:
        if self.failures:
            found = "; ".join(self.failures)
        elif not self.tests or any("No tests found" in line for line in self.told):
            found = "; ".join(line for line in self.told if "No tests found" not in line)
            found = found or NO_TESTS
        elif not self.ran:
            return ""
        elif self.told:
            found = "; ".join(self.told)
        else:
            return ""
        return self._caused(found)[:_LONGEST]

    def _caused(self, message: str) -> str:
        """With what the way to the network says, where the browser only says that it has none."""
        if _NET not in message:
            return message
        causes = [
            f"{place}: {reason}"
            for place, reason in self.refused.items()
            if place.rpartition(":")[0] in message
        ]
        return f"{message} ({'; '.join(causes)})" if causes else message

    def sample(self, started_ms: int, elapsed_ms: float, *, ok: bool) -> Sample:
        """A sample of the script."""
        return Sample(
            action_id=self.owner.action_id,
            virtual_user_id=self.owner.virtual_user_id,
            profile=self.owner.profile,
            kind=HIT,
            started_ms=started_ms,
            elapsed_us=_us(elapsed_ms),
            latency_us=0,
            connect_us=0,
            sent_bytes=0,
            received_bytes=0,
            code=_OK if ok else ENGINE_FAILURE,
            method="",
            media_type="",
            url="",
            ok=ok,
        )


@dataclass(slots=True)
class ListedIteration(Iteration):
    """One iteration of a list of steps, each of which has a row of its own."""

    owners: Mapping[str, Owner] = field(default_factory=dict)
    """By the title of the step."""
    ended: list[Verdict] = field(default_factory=list)
    requests: list[Sample] = field(default_factory=list)
    """Those of the step that is being played: what it sent is known when it ends."""

    def take(self, event: Json) -> list[Sample]:
        """The rows that an event makes; requests wait for the step that they belong to."""
        if event["event"] == "step":
            titles = [*event["steps"], event["title"]]
            self.owner = self.owners.get(str(titles[0]), self.owner)
            if event["category"] == "test.step" and not event["steps"]:
                return self._end_step(event)
            if not event["steps"] and not event["hooked"] and event["category"] in _CATEGORIES:
                return []
        rows = Iteration.take(self, event)
        if event["event"] == "network":
            self.requests += rows
            return []
        return rows

    def _end_step(self, event: Json) -> list[Sample]:
        error = plain(str(event["error"]))
        made = self.sample(int(event["started"]), float(event["ms"]), ok=not error)
        rows, self.requests = self.requests, []
        for row in rows:
            _, label, kind = split_step(row.action_id)
            row.action_id = step_id(self.owner.action_id, str(kind), str(label))
            made.sent_bytes += row.sent_bytes
            made.received_bytes += row.received_bytes
        message = self._caused(error) if error else ""
        self.ended.append(self._verdict(made, str(event["title"]), message[:_LONGEST]))
        return rows

    def groups(self) -> list[Sample]:
        """Nothing: sums over several actions belong to none of them."""
        rows, self.requests = self.requests, []
        return rows

    def script(self, now_ms: int) -> list[Verdict]:
        """The rows of the steps; when none was played, the first tells why."""
        if self.ended:
            return self.ended
        self.owner = next(iter(self.owners.values()))
        return Iteration.script(self, now_ms)


def plain(text: str) -> str:
    """Without the colours of a terminal."""
    return _COLOURS.sub("", text).strip()


def _us(ms: float) -> int:
    return round(max(0.0, float(ms)) * _US)
