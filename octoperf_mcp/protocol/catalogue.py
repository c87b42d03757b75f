"""What can be called here: the registry's tools, looked up by name and listed as bytes."""

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from octoperf_mcp.errors import InvalidParamsError
from octoperf_mcp.protocol import results
from octoperf_mcp.protocol.header_values import HeaderParam, header_params
from octoperf_mcp.protocol.pagination import PAGE_SIZE, Listing
from octoperf_mcp.registry.manager import Registry
from octoperf_mcp.registry.tools import Tool


@dataclass(frozen=True, slots=True)
class ToolEntry:
    """A tool, and which of its arguments clients repeat in header fields."""

    tool: Tool
    header_params: tuple[HeaderParam, ...]


class Tools:
    """The tools that work with one upstream.

    Args:
        registry: All registered tools.
        offered: Endpoints of the optional REST calls that the upstream answers; None for all.
        info: `serverInfo`.
        page_size: Entries a page of `tools/list`.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        offered: Collection[str] | None,
        info: Mapping[str, Any],
        page_size: int = PAGE_SIZE,
    ) -> None:
        shown = [tool for tool in registry.tools.values() if _works(tool, offered)]
        self._entries: dict[str, ToolEntry] = {}
        for tool in shown:
            entry = ToolEntry(tool, header_params(tool.name, tool.definition["inputSchema"]))
            for name in (tool.name, *tool.aliases):
                self._entries[name] = entry
        self.listed: Sequence[Tool] = tuple(shown)
        self.listing = Listing(
            "tools",
            [orjson.dumps(dict(tool.definition)) for tool in shown],
            modern_tail=results.modern_tail(info, ttl_ms=results.CATALOGUE_TTL_MS),
            page_size=page_size,
        )

    def find(self, name: Any) -> ToolEntry | None:
        """The tool of this name or older name."""
        return self._entries.get(name) if isinstance(name, str) else None

    def unknown(self, name: str) -> InvalidParamsError:
        """The refusal of a name that is none of a tool."""
        names = [tool.name for tool in self.listed]
        return unknown("tool", name, names, {"tool": name})


def unknown(
    kind: str, name: str, names: Sequence[str], data: Mapping[str, Any]
) -> InvalidParamsError:
    """The refusal of a name, with the nearest one that would have been right."""
    near = difflib.get_close_matches(name[:200], names, n=1)
    told = {**data, "didYouMean": near[0]} if near else dict(data)
    hint = f" Did you mean {near[0]}?" if near else ""
    return InvalidParamsError(f"Unknown {kind}: {name[:200]}.{hint}", data=told)


def _works(tool: Tool, offered: Collection[str] | None) -> bool:
    return offered is None or all(call.endpoint in offered for call in tool.needs)
