"""Options of a HAR import, as they travel in the query and in the part `containerTimeline`."""

import bisect
from collections.abc import Mapping
from dataclasses import dataclass

from octoperf_mcp.embedded.importers.failures import ImportFailed
from octoperf_mcp.embedded.importers.values import mapping, number, parse, text

MAX_NAME = 80
_MAX_STEPS = 1_000
_EXAMPLE = (
    'Send {"entries": [{"type": "ENABLED", "name": "Home", "startTimestamp": 1767225600000}]},'
    " times in epoch milliseconds, the first one before the first request."
)


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of a container timeline: a container from `start_ms` to the next entry."""

    name: str
    start_ms: float
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class HarOptions:
    """What to make of a recording.

    Args:
        name: Name of the virtual user; empty: taken from the first page.
        block_ads: Leave out requests to well-known ad and analytics hosts.
        keep_resources: Make each image, style sheet and script a request of its own; otherwise
            they are left out and the pages that showed them fetch them at run time.
        delays: Put recorded pauses between containers instead of on each request.
        max_thinktime_ms: Longest pause; None: as recorded.
        timeline: Named containers by time, in order; empty: by page or by pause.
        sockets: Whether WebSockets can be played, by a plugin; who imports cannot choose it.
    """

    name: str = ""
    block_ads: bool = True
    keep_resources: bool = False
    delays: bool = False
    max_thinktime_ms: int | None = None
    timeline: tuple[Step, ...] = ()
    sockets: bool = False

    @classmethod
    def from_wire(
        cls, query: Mapping[str, str], *, timeline: bytes | None = None, name: str = ""
    ) -> "HarOptions":
        """The options of a request to `/imports/har`; an absent or empty one has its default.

        Raises:
            ImportFailed: an option or the timeline has a value that means nothing.
        """
        return cls(
            name=name.strip()[:MAX_NAME],
            block_ads=_choice(query, "adBlocking", "ENABLED", "DISABLED") == "ENABLED",
            keep_resources=_choice(query, "resources", "REMOVE", "KEEP_ALL") == "KEEP_ALL",
            delays=_choice(query, "thinktime", "THINKTIMES", "DELAYS") == "DELAYS",
            max_thinktime_ms=_limit(query),
            timeline=_timeline(timeline),
        )

    def step_at(self, time_ms: float) -> int:
        """Index of the timeline's entry that a moment belongs to, -1 before the first."""
        return bisect.bisect_right([step.start_ms for step in self.timeline], time_ms) - 1


def _choice(query: Mapping[str, str], name: str, *allowed: str) -> str:
    given = query.get(name, "") or allowed[0]
    if given not in allowed:
        raise ImportFailed(
            f"The option {name} cannot be {given[:40]!r}.", f"Use {' or '.join(allowed)}."
        )
    return given


def _limit(query: Mapping[str, str]) -> int | None:
    given = query.get("maxThinktimeMs", "")
    if not given:
        return None
    if not (given.isascii() and given.isdecimal()) or len(given) > len("999999999"):
        raise ImportFailed(
            f"The option maxThinktimeMs cannot be {given[:40]!r}.",
            "Give whole milliseconds, 0 or more.",
        )
    return int(given)


def _timeline(data: bytes | None) -> tuple[Step, ...]:
    if data is None or not data.strip():
        return ()
    entries = mapping(parse(data, "The containerTimeline")).get("entries")
    if not isinstance(entries, list) or not 0 < len(entries) <= _MAX_STEPS:
        raise ImportFailed(
            f"The containerTimeline needs `entries`, a list of 1 to {_MAX_STEPS}.", _EXAMPLE
        )
    return tuple(
        sorted(
            (_step(index, entry) for index, entry in enumerate(entries)),
            key=lambda step: step.start_ms,
        )
    )


def _step(index: int, entry: object) -> Step:
    fields = mapping(entry)
    where = f"Entry {index} of the containerTimeline"
    kind = fields.get("type")
    name = text(fields.get("name")).strip()
    start = number(fields.get("startTimestamp"))
    if kind not in ("ENABLED", "DISABLED"):
        raise ImportFailed(f"{where} has no type ENABLED or DISABLED.", _EXAMPLE)
    if not 0 < len(name) <= MAX_NAME:
        raise ImportFailed(f"{where} has no name of 1 to {MAX_NAME} characters.", _EXAMPLE)
    if start is None:
        raise ImportFailed(f"{where} has no startTimestamp.", _EXAMPLE)
    return Step(name, start, enabled=kind == "ENABLED")
