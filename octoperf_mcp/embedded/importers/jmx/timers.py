"""Timers as think times, and as actions where a request cannot hold them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import Any

from octoperf_mcp.embedded.importers.jmx.known import Known
from octoperf_mcp.embedded.importers.jmx.ledger import Ledger
from octoperf_mcp.embedded.importers.jmx.plan import Element
from octoperf_mcp.embedded.importers.nodes import node

Json = dict[str, Any]

_MINUTE_S = 60


@dataclass(slots=True)
class Pauses:
    """What a sampler waits for: constants added up, others each by itself, meetings of users."""

    constant_ms: float = 0
    others: list[Json] = field(default_factory=list)
    meetings: list[Json] = field(default_factory=list)

    def thinktimes(self) -> list[Json]:
        """One value for each pause; the constant one is added to a drawn one where it can be."""
        if not self.others:
            return [constant(self.constant_ms)] if self.constant_ms else []
        first = dict(self.others[0])
        if self.constant_ms and first["@type"] == "ThinktimeRange":
            first["min"] += self.constant_ms
            first["max"] += self.constant_ms
        elif self.constant_ms and first["@type"] == "ThinktimeGaussian":
            first["offset"] += self.constant_ms
        elif self.constant_ms:
            return [*self.others, constant(self.constant_ms)]
        return [first, *self.others[1:]]


def constant(ms: float) -> Json:
    """A think time that is always the same."""
    return {"@type": "ThinktimeConstant", "value": ms}


def pauses_of(timers: Sequence[Element], sharers: dict[Element, int], known: Known) -> Pauses:
    """The pauses before one sampler.

    Args:
        timers: Those in its scope.
        sharers: Number of samplers in the scope of each throughput timer.
        known: Variables of the plan.
    """
    pauses = Pauses()
    for timer in timers:
        if timer.kind == "SyncTimer":
            pauses.meetings.append(_meeting(timer, known))
        elif timer.kind == "ConstantThroughputTimer":
            if not _no_rate(timer, known):
                shared = _rate(timer, known) / max(sharers.get(timer, 1), 1)
                pauses.others.append({"@type": "ThroughputThinktime", "hitsPerSecond": shared})
        elif timer.kind == "ConstantTimer":
            _add_constant(pauses, timer.text("ConstantTimer.delay"), known)
        else:
            _add_drawn(pauses, timer, known)
    return pauses


def account(timers: Sequence[Element], ledger: Ledger, known: Known) -> None:
    """Say what becomes of the timers of a level."""
    for timer in timers:
        reason = _no_rate(timer, known) if timer.kind == "ConstantThroughputTimer" else ""
        if reason:
            ledger.drop(timer, reason)
        else:
            ledger.carry(timer)
            if told := _CHANGED.get(timer.kind):
                ledger.change(timer, told)


def _add_constant(pauses: Pauses, text: str, known: Known) -> None:
    number = _ms(text)
    if number is not None:
        pauses.constant_ms += number
    elif (fixed := _ms(known.resolved(text))) is not None and "${__" not in text:
        pauses.constant_ms += fixed
    elif text.strip():
        pauses.others.append({"@type": "ThinktimeText", "value": text.strip()})


def _add_drawn(pauses: Pauses, timer: Element, known: Known) -> None:
    delay_text = timer.text("ConstantTimer.delay") or "0"
    spread_text = timer.text("RandomTimer.range") or "0"
    delay, spread = _ms(known.resolved(delay_text)), _ms(known.resolved(spread_text))
    if delay is None or spread is None:
        drawn = f"${{__intSum({delay_text},${{__Random(0,{spread_text})}})}}"
        pauses.others.append({"@type": "ThinktimeText", "value": drawn})
    elif timer.kind == "UniformRandomTimer":
        pauses.others.append({"@type": "ThinktimeRange", "min": delay, "max": delay + spread})
    else:
        poisson = timer.kind == "PoissonRandomTimer"
        offset = delay + spread if poisson else delay
        deviation = sqrt(spread) if poisson else spread
        value = {"@type": "ThinktimeGaussian", "offset": offset, "deviation": deviation}
        pauses.others.append(value)


def _ms(text: str) -> float | None:
    try:
        value = float(text.strip())
    except ValueError:
        return None
    if not 0 <= value < 10**12:
        return None
    return int(value) if value == int(value) else value


def _rate(timer: Element, known: Known) -> float:
    """Hits per second of one user."""
    per_minute = _ms(known.resolved(timer.text("throughput") or timer.text("value")))
    return (per_minute or 0) / _MINUTE_S


def _meeting(timer: Element, known: Known) -> Json:
    timeout = known.whole_number(timer.text("timeoutInMs"))
    return node(
        "RendezVousAction",
        timer.name or "Synchronizing timer",
        rendezVousName=timer.name or "Synchronizing timer",
        usersPercent=100,
        timeoutMs=timeout if timeout and timeout > 0 else 30_000,
        scope="GLOBAL",
    )


def _no_rate(timer: Element, known: Known) -> str:
    mode = timer.text("calcMode") or "0"
    if mode.isdigit() and mode != "0":
        return "keeps a rate of all users together: use the pacing or load of a user profile"
    return "" if _rate(timer, known) else "its throughput is no number above 0"


_CHANGED = {
    "PoissonRandomTimer": "drawn from a normal distribution of the same mean and deviation",
    "ConstantThroughputTimer": "its rate is shared evenly among the requests of its level",
    "SyncTimer": "waits for all users of the profile, at most 30 s unless it had a timeout",
}
