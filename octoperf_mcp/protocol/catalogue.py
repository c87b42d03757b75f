"""What can be called on a surface: tools, looked up by name and listed as bytes."""

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import orjson

from octoperf_mcp.errors import InvalidArgumentError, InvalidParamsError
from octoperf_mcp.protocol import results
from octoperf_mcp.protocol.header_values import HeaderParam, header_params
from octoperf_mcp.protocol.pagination import PAGE_SIZE, Listing
from octoperf_mcp.registry.tools import Tool


@dataclass(frozen=True, slots=True)
class ToolEntry:
    """A tool, which of its arguments clients repeat in header fields, and which are given.

    `pinned` are the arguments that the surface fills in, each with all of its spellings.
    """

    tool: Tool
    header_params: tuple[HeaderParam, ...]
    pinned: Mapping[str, Sequence[str]] = field(default_factory=dict)


Choose = Callable[["Tools", Mapping[str, Any]], tuple[ToolEntry, Mapping[str, Any]]]
"""The tool that a dispatcher is asked for, and its arguments."""

Wrap = Callable[[Tool, Mapping[str, Any]], tuple[str, Mapping[str, Any]]]
"""The listed tool and its arguments through which another is called."""


class Tools:
    """The tools of one surface.

    Args:
        shown: What is listed.
        info: `serverInfo`.
        pinned: Arguments of each tool that the surface fills in.
        reached: What can be called besides, through a dispatcher.
        dispatchers: By name of the listed tool.
        wrap: How what is not listed is called.
        elsewhere: Why a registered tool is not here, for the refusal of its name.
        page_size: Entries a page of `tools/list`.
    """

    def __init__(
        self,
        shown: Sequence[Tool],
        *,
        info: Mapping[str, Any],
        pinned: Mapping[str, Mapping[str, Sequence[str]]] | None = None,
        reached: Iterable[Tool] = (),
        dispatchers: Mapping[str, Choose] | None = None,
        wrap: Wrap | None = None,
        elsewhere: Callable[[str], str] = lambda _: "",
        page_size: int = PAGE_SIZE,
    ) -> None:
        self._pinned = pinned or {}
        self._dispatchers = dispatchers or {}
        self._wrap = wrap
        self._elsewhere = elsewhere
        self._entries = self._by_name(shown)
        self._reached = {**self._by_name(reached), **self._entries}
        self.listed: Sequence[Tool] = tuple(shown)
        self.names = frozenset(self._reached) - frozenset(self._dispatchers)
        """Of all that can be called, older names included."""
        self._tail = results.modern_tail(info, ttl_ms=results.CATALOGUE_TTL_MS)
        self._page_size = page_size

    @cached_property
    def listing(self) -> Listing:
        """The answers of `tools/list`."""
        items = [orjson.dumps(dict(tool.definition)) for tool in self.listed]
        return Listing("tools", items, modern_tail=self._tail, page_size=self._page_size)

    def find(self, name: Any) -> ToolEntry | None:
        """The listed tool of this name or older name."""
        return self._entries.get(name) if isinstance(name, str) else None

    def reach(self, name: Any) -> ToolEntry | None:
        """The same among all that can be called."""
        return self._reached.get(name) if isinstance(name, str) else None

    def settle(
        self, entry: ToolEntry, arguments: Mapping[str, Any], pins: Mapping[str, str]
    ) -> tuple[ToolEntry, Mapping[str, Any]]:
        """What a call stands for: the dispatched tool, and its arguments with the pinned ones.

        Raises:
            InvalidArgumentError: there is no such tool, or an argument contradicts a pin.
        """
        choose = self._dispatchers.get(entry.tool.name)
        if choose is not None:
            entry, arguments = choose(self, arguments)
        if entry.pinned:
            arguments = _filled(entry, arguments, pins)
        return entry, arguments

    def filled(
        self, tool: Tool, arguments: Mapping[str, Any], pins: Mapping[str, str]
    ) -> Mapping[str, Any]:
        """Arguments of a tool with the pinned ones."""
        entry = self._reached[tool.name]
        return _filled(entry, arguments, pins) if entry.pinned else arguments

    def as_listed(self, call: Mapping[str, Any]) -> Mapping[str, Any]:
        """A `{tool, arguments}` as the client can make it, who knows what is listed."""
        name = call["tool"]
        if self._wrap is None or name in self._entries:
            return call
        listed, arguments = self._wrap(self._reached[name].tool, call["arguments"])
        return {"tool": listed, "arguments": arguments}

    def unknown(self, name: str) -> InvalidParamsError:
        """The refusal of a name that is none of a tool."""
        why = self._elsewhere(name)
        if why:
            return InvalidParamsError(f"{name} {why}", data={"tool": name})
        names = [tool.name for tool in self.listed]
        return unknown("tool", name, names, {"tool": name})

    def _by_name(self, tools: Iterable[Tool]) -> dict[str, ToolEntry]:
        entries: dict[str, ToolEntry] = {}
        for tool in tools:
            params = header_params(tool.name, tool.definition["inputSchema"])
            entry = ToolEntry(tool, params, self._pinned.get(tool.name, {}))
            entries |= dict.fromkeys((tool.name, *tool.aliases), entry)
        return entries


def _filled(
    entry: ToolEntry, arguments: Mapping[str, Any], pins: Mapping[str, str]
) -> Mapping[str, Any]:
    filled = dict(arguments)
    for name, spellings in entry.pinned.items():
        for given in spellings:
            if filled.get(given, pins[name]) != pins[name]:
                raise InvalidArgumentError(
                    f"This connection is pinned to one {name.removesuffix('Id')}; "
                    "it cannot be used for another.",
                    field=given,
                    got=filled[given],
                    allowed=[pins[name]],
                    next_step=f"Leave {given} out: it is filled in.",
                )
            filled.pop(given, None)
        filled[name] = pins[name]
    return filled


def unknown(
    kind: str, name: str, names: Sequence[str], data: Mapping[str, Any]
) -> InvalidParamsError:
    """The refusal of a name, with the nearest one that would have been right."""
    near = difflib.get_close_matches(name[:200], names, n=1)
    told = {**data, "didYouMean": near[0]} if near else dict(data)
    hint = f" Did you mean {near[0]}?" if near else ""
    return InvalidParamsError(f"Unknown {kind}: {name[:200]}.{hint}", data=told)
