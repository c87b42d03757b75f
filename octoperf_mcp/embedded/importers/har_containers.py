"""Which container a recorded request belongs to, and how long the user paused before it.

Three rules (product documentation of the HAR import): a timeline that the client gives; one
container for each page of the HAR, as browsers of the Chromium family write them; else a new
container after a pause of more than 3 s, for Firefox, Fiddler and Charles, whose page references
are not reliable.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from octoperf_mcp.embedded.importers.har_entries import Recorded
from octoperf_mcp.embedded.importers.har_options import MAX_NAME, HarOptions
from octoperf_mcp.embedded.importers.values import items, mapping, text

Json = dict[str, Any]

SPLIT_MS = 3_000
_BROWSER_MS = 10
"""A shorter gap is the browser at work (a redirect, a script), not a user who thinks."""
BEFORE_TIMELINE = "started before the first entry of the containerTimeline"
_BY_PAUSE = ("firefox", "fiddler", "charles")


@dataclass(frozen=True, slots=True)
class Placed:
    """A request and the pause before it, in whole milliseconds."""

    recorded: Recorded
    pause_ms: int


@dataclass(slots=True)
class Group:
    """The requests of one container, in the order of their start."""

    name: str
    enabled: bool = True
    requests: list[Placed] = field(default_factory=list)


def in_order(recorded: Iterable[Recorded]) -> list[Recorded]:
    """By start; a request without a readable start stays behind the one written before it."""
    keyed = []
    latest = float("-inf")
    for one in recorded:
        if one.started_ms is not None:
            latest = one.started_ms
        keyed.append((latest, one))
    return [one for _, one in sorted(keyed, key=lambda pair: (pair[0], pair[1].index))]


def with_pauses(kept: set[int], activity: Sequence[Recorded], limit_ms: int | None) -> list[Placed]:
    """The kept requests with the pause before each: from the end of all activity before it.

    Args:
        kept: Indexes of the requests that become actions.
        activity: All requests that the user waited for, in order.
        limit_ms: Longest pause, None: as recorded.
    """
    placed = []
    busy_until: float | None = None
    for one in activity:
        started = one.started_ms
        gap = 0.0
        if started is not None:
            gap = max(started - busy_until, 0.0) if busy_until is not None else 0.0
            busy_until = max(busy_until or started, started + one.elapsed_ms)
        if one.index in kept:
            pause = round(gap) if gap >= _BROWSER_MS else 0
            placed.append(Placed(one, pause if limit_ms is None else min(pause, limit_ms)))
    return placed


def groups(placed: list[Placed], log: Json, options: HarOptions) -> list[Group]:
    """The containers, none of them empty. With a timeline every request must be within it."""
    if options.timeline:
        return _by_timeline(placed, options)
    if _pages_are_reliable(log):
        return _distinct(_by_page(placed, log))
    return _distinct(_by_pause(placed))


def _pages_are_reliable(log: Json) -> bool:
    makers = " ".join(text(mapping(log.get(key)).get("name")) for key in ("creator", "browser"))
    return bool(items(log.get("pages"))) and not any(maker in makers.lower() for maker in _BY_PAUSE)


def _by_timeline(placed: list[Placed], options: HarOptions) -> list[Group]:
    made = [Group(step.name, step.enabled) for step in options.timeline]
    current = 0
    for one in placed:
        if one.recorded.started_ms is not None:
            current = options.step_at(one.recorded.started_ms)
        made[current].requests.append(one)
    return [group for group in made if group.requests]


def _by_page(placed: list[Placed], log: Json) -> list[Group]:
    titles: dict[str, str] = {}
    for page in map(mapping, items(log.get("pages"))):
        titles.setdefault(text(page.get("id")), text(page.get("title")))
    made: dict[str, Group] = {}
    current = ""
    for one in placed:
        if one.recorded.page in titles:
            current = one.recorded.page
        if current not in made:
            made[current] = Group(_title(titles.get(current, ""), one))
        made[current].requests.append(one)
    return list(made.values())


def _by_pause(placed: list[Placed]) -> list[Group]:
    made: list[Group] = []
    for one in placed:
        if not made or one.pause_ms > SPLIT_MS:
            made.append(Group(_title("", one)))
        made[-1].requests.append(one)
    return made


def _title(title: str, first: Placed) -> str:
    """The title of the page; its path when that is an address or empty."""
    title = " ".join(title.split())
    if not title or title.startswith(("http://", "https://")):
        try:
            title = urlsplit(title).path
        except ValueError:
            title = ""
        title = title or first.recorded.url.path or "/"
    return title[:MAX_NAME]


def _distinct(made: list[Group]) -> list[Group]:
    """Number the containers whose names would be alike in a report."""
    seen: dict[str, int] = {}
    for group in made:
        name = group.name
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            number = f" ({seen[name]})"
            group.name = name[: MAX_NAME - len(number)] + number
    return made
