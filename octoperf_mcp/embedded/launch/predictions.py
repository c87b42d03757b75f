"""How much a run will send, before it is one: an estimate from its trees and load curves."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any, Self

from octoperf_mcp.embedded.engine.load.arrivals import Curve
from octoperf_mcp.embedded.engine.load.ramp import peak_users, users_at
from octoperf_mcp.embedded.engine.processes.order import profile_name
from octoperf_mcp.embedded.engine.runs.scenario_plans import ScenarioPlan
from octoperf_mcp.entities.action_types import played_name

REQUEST_MS = 100
"""What a request is taken to last, for want of a measurement."""
_SAMPLES = 500
_FOREVER_TURNS = 1000
_MINUTE_MS = 60_000
_UNITS_MS = {"MILLISECONDS": 1, "SECONDS": 1000, "MINUTES": 60_000}

Json = dict[str, Any]
Node = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Play:
    """What playing an action once comes to, on average."""

    requests: float = 0.0
    bytes: float = 0.0
    """Of answers."""
    lasts_ms: float = 0.0
    pages: float = 0.0
    """Requests that have what their answers embed loaded, too."""

    def times(self, turns: float) -> "_Play":
        return _Play(
            self.requests * turns, self.bytes * turns, self.lasts_ms * turns, self.pages * turns
        )

    @classmethod
    def sum(cls, plays: Iterable[Self]) -> Self:
        """One after the other."""
        listed = list(plays)
        return cls(
            sum(play.requests for play in listed),
            sum(play.bytes for play in listed),
            sum(play.lasts_ms for play in listed),
            sum(play.pages for play in listed),
        )


def predicted(plan: ScenarioPlan) -> tuple[int, int]:
    """Requests and bytes of answers, from the actions, their think times and recorded sizes.

    Every condition is taken to hold, every request to last 100 ms. Set-ups and tear-downs count as
    on one generator; resources of pages are not counted, since recordings do not name them.
    """
    trees = {each.id: each.body for each in plan.materials.virtual_users.values()}
    counted = plan.materials.actions.sampled
    total = _Play()
    for profile in plan.profiles:
        settings = _settings(profile)
        one = _played(profile, trees, counted)
        iterations = _iterations(profile, one.lasts_ms, plan.duration_ms)
        if settings.get("iterations"):
            most = int(settings["iterations"]) * peak_users(profile["load"])
            iterations = min(iterations, most)
        tree = _tree(profile, trees, counted)
        around = [
            tree.played(str(wanted.get("virtualUserId"))).times(_turns_of(wanted, profile["load"]))
            for wanted in (settings.get("setUp"), settings.get("tearDown"))
            if wanted
        ]
        total = _Play.sum((total, one.times(iterations), *around))
    return round(total.requests), round(total.bytes)


def crowding(plan: ScenarioPlan) -> list[str]:
    """What is to be expected of the arrivals of each profile that has some, a sentence each."""
    trees = {each.id: each.body for each in plan.materials.virtual_users.values()}
    counted = plan.materials.actions.sampled
    found = []
    for index, profile in enumerate(plan.profiles):
        curve = Curve.of(profile["load"])
        if curve is None:
            continue
        lasts_ms = max(_played(profile, trees, counted).lasts_ms, 1)
        most = peak_users(profile["load"])
        needed = ceil(curve.peak_per_minute * lasts_ms / _MINUTE_MS)
        text = (
            f"Profile {profile_name(profile, index)!r}: {curve.total} arrivals for up to {most} "
            f"users; an iteration is taken to last {lasts_ms:.0f} ms, so that about {needed} play "
            "at the peak"
        )
        late = ". Arrivals will wait and start late: raise maxVus." if needed > most else "."
        found.append(text + late)
    return found


def uncounted(plan: ScenarioPlan) -> list[str]:
    """What the prediction leaves out, a sentence each."""
    trees = {each.id: each.body for each in plan.materials.virtual_users.values()}
    counted = plan.materials.actions.sampled
    return [
        f"Profile {profile_name(profile, index)!r}: what its pages embed is downloaded, too, and "
        "not predicted: only the pages tell how much that is."
        for index, profile in enumerate(plan.profiles)
        if _downloads(profile, _played(profile, trees, counted))
    ]


def _downloads(profile: Json, play: _Play) -> bool:
    """Whether a profile loads what pages embed: as its browser says, else as its requests do."""
    browser = (profile.get("engine") or {}).get("browser") or {}
    wanted = browser.get("downloadResources")
    return bool(play.pages if wanted is None else wanted and play.requests)


def _settings(profile: Json) -> Json:
    found: Json = (profile.get("engine") or {}).get("settings") or {}
    return found


def _played(profile: Json, trees: Mapping[str, Json], counted: Collection[str]) -> _Play:
    """One iteration of a profile; `counted` are the actions of plugins that make a row each."""
    return _tree(profile, trees, counted).played(str(profile["virtualUserId"]))


def _tree(profile: Json, trees: Mapping[str, Json], counted: Collection[str]) -> "_Tree":
    think = _settings(profile).get("thinkTime") or {}
    return _Tree(trees, think.get("thinktime"), counted)


def _iterations(profile: Json, lasts_ms: float, duration_ms: int) -> float:
    load = profile["load"]
    curve = Curve.of(load)
    if curve is not None:
        return min(curve.total, curve.end_ms * peak_users(load) / max(lasts_ms, 1))
    lasts_ms = max(lasts_ms, _pacing_ms(_settings(profile).get("thinkTime") or {}), 1)
    return _user_ms(load, duration_ms) / lasts_ms


def _turns_of(wanted: Node, load: Json) -> float:
    """How often a set-up or tear-down plays its virtual user; one without an end counts once."""
    users = _number(wanted.get("numberOfThreads") or 1, default=1)
    loops = _number(wanted.get("loopCount"), default=1)
    return (peak_users(load) if users < 0 else users) * (1 if loops < 0 else loops)


class _Tree:
    """The virtual users of a plan, as one profile plays them."""

    def __init__(
        self, trees: Mapping[str, Json], override: Node | None, counted: Collection[str]
    ) -> None:
        self._counted = counted
        self._trees = trees
        self._override = override

    def played(self, virtual_user_id: str, chain: tuple[str, ...] = ()) -> _Play:
        """One iteration; a link to one on the way here plays nothing."""
        if virtual_user_id in chain or virtual_user_id not in self._trees:
            return _Play()
        chain = (*chain, virtual_user_id)
        return _Play.sum(self._children(self._trees[virtual_user_id], chain))

    def _children(self, node: Node, chain: tuple[str, ...]) -> list[_Play]:
        children = node.get("children") or []
        return [
            self._one(child, chain)
            for child in children
            if isinstance(child, dict) and child.get("enabled")
        ]

    def _one(self, node: Node, chain: tuple[str, ...]) -> _Play:
        kind = node.get("@type")
        if kind in {"LinkAction", "FragmentAction"}:
            return self.played(str(node.get("virtualUserId") or ""), chain)
        if kind == "HttpRequestAction":
            lasts_ms = REQUEST_MS + self._think_ms(node.get("thinktime"))
            own = _Play(1, _size(node), lasts_ms, pages=bool(node.get("downloadResources")))
            return _Play.sum((own, *self._children(node, chain)))
        if kind in {"ThinktimeAction", "DelayAction"}:
            return _Play(lasts_ms=self._think_ms(node.get("thinktime") or node.get("value")))
        children = self._children(node, chain)
        if played_name(node) in self._counted:
            return _Play.sum((_Play(1, 0, REQUEST_MS), *children))
        if kind == "RandomContainerAction":
            return _Play.sum(children).times(1 / max(1, len(children)))
        return _Play.sum(children).times(_turns(node))

    def _think_ms(self, value: Any) -> float:
        if not value:
            return 0.0
        if not isinstance(value, dict):
            value = {"@type": "ThinktimeConstant", "value": value}
        return _mean_ms(self._override or value)


def _turns(node: Node) -> float:
    """How often a container plays its children."""
    kind = node.get("@type")
    if kind == "LoopContainerAction":
        turns = _number(node.get("countExpression") or node.get("count") or 1, default=1)
        return _FOREVER_TURNS if turns < 0 else turns
    if kind in {"FlowControlContainerAction", "ThroughputContainerAction"}:
        percent = str(node.get("mode") or "PERCENT") == "PERCENT"
        return _number(node.get("value"), default=0) / 100 if percent else 1
    if kind == "ForEachContainerAction" and node.get("endIndex") is not None:
        return max(0.0, _number(node["endIndex"], default=1) - _number(node.get("startIndex")))
    return 1


def _mean_ms(value: Node) -> float:
    kind = value.get("@type")
    if kind == "ThinktimeRange":
        return (_number(value.get("min")) + _number(value.get("max"))) / 2
    if kind == "ThroughputThinktime":
        rate = _number(value.get("hitsPerSecond"))
        return max(0.0, 1000 / rate - REQUEST_MS) if rate > 0 else 0.0
    return _number(value.get("offset") if kind == "ThinktimeGaussian" else value.get("value"))


def _pacing_ms(think: Node) -> float:
    """Least duration of an iteration; a throughput switches pacing off."""
    pacing = think.get("pacing")
    if not pacing or (think.get("thinktime") or {}).get("@type") == "ThroughputThinktime":
        return 0.0
    unit = _UNITS_MS.get(str(pacing.get("unit") or "SECONDS"), 1000)
    return (_number(pacing.get("min")) + _number(pacing.get("max"))) / 2 * unit


def _size(node: Node) -> float:
    response = node.get("recordedResponse") or {}
    body = response.get("body")
    return len(body) if isinstance(body, str) else _number(response.get("bodySize"))


def _number(value: Any, *, default: float = 0.0) -> float:
    """A number, also as a text; a variable is not known yet."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return default


def _user_ms(load: Json, duration_ms: int) -> float:
    """The area under a load curve."""
    step = max(duration_ms / _SAMPLES, 1)
    moments = int(duration_ms / step)
    return step * sum(users_at(load, int(index * step)) for index in range(moments))
