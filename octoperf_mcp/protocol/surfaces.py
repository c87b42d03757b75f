"""Surfaces: what one connection shows, by its address and its header fields.

    /mcp[/w/{workspaceId}[/p/{projectId}]][/x/{area}[,{area}…] | /catalog][/readonly]

`X-MCP-Toolsets`, `X-MCP-Readonly` and `X-MCP-Tools` narrow it further; the strictest wins. A
client that wants less pays less of its model's context, and can be trusted with less.
"""

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final

from octoperf_mcp.errors import ForbiddenError, SurfaceError
from octoperf_mcp.registry.context import Guard
from octoperf_mcp.registry.paths import to_snake
from octoperf_mcp.registry.registry import Registry
from octoperf_mcp.registry.rest_calls import RestCall

WORKSPACE: Final = "workspaceId"
PROJECT: Final = "projectId"
_REMEMBERED: Final = 1024
_ID: Final = r"(?!\.)[\w.~-]{1,64}"
_PATH: Final = re.compile(
    rf"(?P<first>/readonly)?(?:/w/(?P<workspace>{_ID})(?:/p/(?P<project>{_ID}))?)?"
    r"(?:/x/(?P<areas>[^/]+)|/(?P<catalog>catalog))?(?P<readonly>/readonly)?/?",
    re.ASCII,
)
_GRAMMAR: Final = "/mcp[/w/{workspaceId}[/p/{projectId}]][/x/{area}[,{area}] | /catalog][/readonly]"
_YES: Final = frozenset(("1", "true", "yes", "on"))
_NO: Final = frozenset(("", "0", "false", "no", "off"))


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """What one connection shows.

    Args:
        areas: Plugins whose tools are there; None for all.
        tools: Tools that are there; None for all.
        read_only: Whether only calls that change nothing may be made.
        catalog: Whether most tools are found and called through a few.
        pins: Ids by wire name, which every call is given.
        changing: Plugins whose tools may change something, as the token has it; None for all.
    """

    areas: frozenset[str] | None = None
    tools: frozenset[str] | None = None
    read_only: bool = False
    catalog: bool = False
    pins: Mapping[str, str] = field(default_factory=dict)
    changing: frozenset[str] | None = None
    name: str = field(init=False)
    """The same text for the same surface; empty for `/mcp` as it is."""
    shape: str = field(init=False)
    """Likewise without the values of the pins, on which no listing depends."""
    guard: Guard | None = field(init=False, repr=False)
    """What it forbids its REST calls; None for nothing."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self._named(self.pins))
        object.__setattr__(self, "shape", self._named(dict.fromkeys(self.pins, "*")))
        guarded = self.read_only or self.pins
        object.__setattr__(self, "guard", SurfaceGuard(self) if guarded else None)

    @property
    def address(self) -> str:
        """Path of the endpoint that shows it, as far as a path can say it."""
        return "/mcp" + self.name.partition(" ")[0]

    def _named(self, pins: Mapping[str, str]) -> str:
        parts = [f"/{key[0]}/{value}" for key, value in pins.items()]
        if self.areas is not None:
            parts.append("/x/" + ",".join(sorted(self.areas)))
        if self.catalog:
            parts.append("/catalog")
        if self.read_only:
            parts.append("/readonly")
        if self.tools is not None:
            parts.append(" tools=" + ",".join(sorted(self.tools)))
        if self.changing is not None:
            parts.append(" changing=" + ",".join(sorted(self.changing)))
        return "".join(parts)


class SurfaceGuard:
    """Refuses REST calls that leave a surface, whichever tool makes them."""

    def __init__(self, surface: Surface) -> None:
        self._read_only = surface.read_only
        self._address = surface.address
        self._pins = [(wire, to_snake(wire), value) for wire, value in surface.pins.items()]

    def check_call(self, call: RestCall, values: Mapping[str, Any], body: Any) -> None:
        """See `Guard.check_call`."""
        if self._read_only and not call.safe:
            raise ForbiddenError(
                f"This connection is read-only ({self._address}): {call.endpoint} was not called.",
                next_step="Tell the user; changes need a connection without /readonly.",
            )
        for wire, name, pinned in self._pins:
            self._check(wire, values.get(name), pinned)
            if isinstance(body, Mapping):
                self._check(wire, body.get(wire), pinned)

    def check_answer(self, answer: Any) -> None:
        """See `Guard.check_answer`."""
        if isinstance(answer, Mapping):
            for wire, _, pinned in self._pins:
                self._check(wire, answer.get(wire), pinned)

    def _check(self, wire: str, value: Any, pinned: str) -> None:
        if value is not None and value != pinned:
            raise ForbiddenError(
                f"This belongs to another {wire.removesuffix('Id')} than the one this connection "
                f"is pinned to ({self._address}).",
                details={"field": wire, "got": value, "allowed": [pinned]},
                next_step="Use ids that the listings of this connection give.",
            )


FULL: Final = Surface()
"""All that is enabled: `/mcp`."""


class Surfaces:
    """Reads addresses and header fields against what is registered."""

    def __init__(self, registry: Registry) -> None:
        self._areas = sorted(set(registry.owners.values()))
        self._tools = {
            name: tool.name
            for tool in registry.tools.values()
            for name in (tool.name, *tool.aliases)
        }
        self._parsed = lru_cache(_REMEMBERED)(self._parse)
        self._narrowed = lru_cache(_REMEMBERED)(self._narrow)
        self._limited = lru_cache(_REMEMBERED)(self._limit)

    def of_path(self, tail: str) -> Surface:
        """The surface of a path, without its `/mcp`.

        Raises:
            SurfaceError: nothing is there, or one of the areas does not exist.
        """
        return self._parsed(tail) if tail else FULL

    def has(self, tail: str) -> bool:
        """Whether a path, without its `/mcp`, is one of a surface."""
        try:
            self.of_path(tail)
        except SurfaceError:
            return False
        return True

    def narrowed(self, tail: str, *, toolsets: str, tools: str, readonly: str) -> Surface:
        """The surface of a path and of header fields, empty where there are none.

        Raises:
            SurfaceError: an area or tool does not exist, or a value is not understood.
        """
        return self._narrowed(tail, toolsets, tools, readonly)

    def limited(self, surface: Surface, areas: frozenset[str] | None) -> Surface:
        """The surface for a token that may change something in these areas only; None for any."""
        return surface if areas is None else self._limited(surface, areas.intersection(self._areas))

    def _limit(self, surface: Surface, areas: frozenset[str]) -> Surface:
        return replace(surface, changing=areas)

    def _parse(self, tail: str) -> Surface:
        found = _PATH.fullmatch(tail)
        if found is None:
            raise SurfaceError(f"There is no /mcp{tail[:200]}; addresses are {_GRAMMAR}.")
        pins = {WORKSPACE: found["workspace"], PROJECT: found["project"]}
        surface = Surface(
            areas=None if found["areas"] is None else self._known_areas(found["areas"]),
            read_only=bool(found["readonly"] or found["first"]),
            catalog=found["catalog"] is not None,
            pins={key: value for key, value in pins.items() if value is not None},
        )
        return surface if surface.name else FULL

    def _narrow(self, tail: str, toolsets: str, tools: str, readonly: str) -> Surface:
        surface = self.of_path(tail)
        flag = readonly.strip().lower()
        if flag not in _YES | _NO:
            raise SurfaceError(f"X-MCP-Readonly must be true or false, not {readonly[:50]!r}.")
        areas, names = surface.areas, surface.tools
        if toolsets.strip():
            wanted = self._known_areas(toolsets)
            areas = wanted if areas is None else areas & wanted
        if tools.strip():
            names = frozenset(self._tools[name] for name in _known("tool", tools, self._tools))
        read_only = surface.read_only or flag in _YES
        return replace(surface, areas=areas, tools=names, read_only=read_only)

    def _known_areas(self, text: str) -> frozenset[str]:
        return frozenset(_known("area", text, self._areas))


def _known(kind: str, text: str, known: Collection[str]) -> Iterable[str]:
    names = [part.strip() for part in text.split(",") if part.strip()]
    for name in names or [text.strip()]:
        if name not in known:
            near = difflib.get_close_matches(name[:100], known, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            listed = ", ".join(sorted(known))
            raise SurfaceError(f"There is no {kind} {name[:100]!r}.{hint} Known are: {listed}.")
    return names
