"""What each surface answers, made when it is first asked for and kept as bytes.

A view depends on the shape of a surface, not on the ids it is pinned to, and on what the caller's
upstream offers; so there are few, and no more than a bound of them are kept.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from octoperf_mcp.protocol import skills, tasks
from octoperf_mcp.protocol.catalogue import Choose, Tools, Wrap
from octoperf_mcp.protocol.completion import Completions
from octoperf_mcp.protocol.lifecycle import Lifecycle
from octoperf_mcp.protocol.prompts import Prompts
from octoperf_mcp.protocol.resources import Resources
from octoperf_mcp.protocol.skills import Skills
from octoperf_mcp.protocol.surfaces import FULL, PROJECT, WORKSPACE, Surface
from octoperf_mcp.protocol.tools import MakeContext
from octoperf_mcp.registry.assets import PublicAsset
from octoperf_mcp.registry.guide import called_tools
from octoperf_mcp.registry.registry import Registry
from octoperf_mcp.registry.tools import Tool

MAX_VIEWS: Final = 64
_LEADS_OUT: Final = {
    WORKSPACE: frozenset({"list_workspaces"}),
    PROJECT: frozenset({"list_projects_by_workspace", "create_project"}),
}
"""Tools that are of no use where the id is pinned, since what they give may not be used."""

Instruct = Callable[[Registry, Surface], str]
"""What an agent should know before its first call, from what a surface shows."""


@dataclass(frozen=True, slots=True)
class View:
    """The answers of one surface with one upstream."""

    tools: Tools
    prompts: Prompts
    resources: Resources
    guides: Skills
    completions: Completions
    lifecycle: Lifecycle


class Views:
    """All views of a registry.

    Args:
        registry: What is registered.
        make_context: Builds the context of a call.
        info: `serverInfo`.
        instruct: Writes the instructions.
    """

    def __init__(
        self,
        registry: Registry,
        make_context: MakeContext,
        info: Mapping[str, Any],
        instruct: Instruct,
    ) -> None:
        self._registry = registry
        self._make_context = make_context
        self._info = info
        self._instruct = instruct
        self._used_by = {
            path: called_tools(asset.content.decode("utf-8", "replace"))
            for path, asset in registry.public_assets.items()
            if path.startswith("skills/")
        }
        self.full = self._view(FULL, None)
        self._views: OrderedDict[tuple[str, frozenset[str] | None], View] = OrderedDict()

    def of(self, surface: Surface, offered: frozenset[str] | None = None) -> View:
        """The view of a surface.

        Args:
            surface: What the connection shows.
            offered: Endpoints of the optional REST calls that the upstream answers; None for all.
        """
        if offered is None and not surface.shape:
            return self.full
        key = (surface.shape, offered)
        found = self._views.get(key)
        if found is None:
            found = self._views[key] = self._view(surface, offered)
            if len(self._views) > MAX_VIEWS:
                self._views.popitem(last=False)
        else:
            self._views.move_to_end(key)
        return found

    def _view(self, surface: Surface, offered: frozenset[str] | None) -> View:
        shown = self._narrowed(surface, offered)
        tools = self._tools(shown, surface)
        prompts = Prompts(shown, tools, self._make_context, self._info, pinned=surface.pins)
        guides = Skills(shown.public_assets, self._info)
        resources = Resources(shown, self._make_context, self._info, guides)
        completions = Completions(
            resources, prompts, self._make_context, self._info, shown.completions
        )
        lifecycle = Lifecycle(self._info, self._instruct(shown, surface), _extensions(guides))
        return View(tools, prompts, resources, guides, completions, lifecycle)

    def _narrowed(self, surface: Surface, offered: frozenset[str] | None) -> Registry:
        """The registry as it looks on a surface."""
        registry = self._registry
        tools = {
            name: _without(tool, surface.pins)
            for name, tool in registry.tools.items()
            if _works(tool, offered) and not _why_not(tool, registry.owners.get(name, ""), surface)
        }
        if len(tools) == len(registry.tools) and surface is FULL:
            return registry

        def here(name: str) -> bool:
            owner = registry.reading_owners.get(name, "")
            return surface.areas is None or owner in surface.areas

        return replace(
            registry,
            tools=MappingProxyType(tools),
            resources=tuple(item for item in registry.resources if here(item.uri)),
            prompts={
                name: prompt
                for name, prompt in registry.prompts.items()
                if (prompt.tools or here(name)) and tools.keys() >= set(prompt.tools)
            },
            public_assets=self._readable(tools),
        )

    def _readable(self, tools: Mapping[str, Tool]) -> dict[str, PublicAsset]:
        """The public files, without skills whose tools are missing."""
        return {
            path: asset
            for path, asset in self._registry.public_assets.items()
            if self._used_by.get(path, frozenset()) <= tools.keys()
        }

    def _tools(self, shown: Registry, surface: Surface) -> Tools:
        listed: Sequence[Tool] = list(shown.tools.values())
        reached: Sequence[Tool] = ()
        dispatchers: Mapping[str, Choose] = {}
        wrap: Wrap | None = None
        if surface.catalog:
            # only who asks for a catalog pays for its tools
            from octoperf_mcp.protocol.dispatching import catalog, wrapped  # noqa: PLC0415

            reached, wrap = listed, wrapped
            listed, dispatchers = catalog(reached)

        def elsewhere(name: str) -> str:
            if surface.catalog and name in shown.tools:
                return "is not listed here: find_tools says how it is called."
            tool = self._registry.tool(name)
            if tool is None:
                return self._registry.why_off(name)
            return _why_not(tool, self._registry.owners.get(tool.name, ""), surface)

        return Tools(
            listed,
            info=self._info,
            pinned={name: _pinned(self._registry.tools[name], surface.pins) for name in shown.tools}
            if surface.pins
            else None,
            reached=reached,
            dispatchers=dispatchers,
            wrap=wrap,
            elsewhere=elsewhere,
        )


def _works(tool: Tool, offered: frozenset[str] | None) -> bool:
    return offered is None or all(call.endpoint in offered for call in tool.needs)


def _why_not(tool: Tool, area: str, surface: Surface) -> str:
    """Why a tool is not on a surface, empty when it is."""
    if surface.areas is not None and area not in surface.areas:
        return f"is a tool of the area {area}, which this connection leaves out."
    if surface.tools is not None and tool.name not in surface.tools:
        return "is not among the tools that X-MCP-Tools asks for."
    if surface.read_only and not tool.definition["annotations"]["readOnlyHint"]:
        return "changes something, and this connection is read-only."
    changes = not tool.definition["annotations"]["readOnlyHint"]
    if surface.changing is not None and changes and area not in surface.changing:
        return f"changes something in the area {area}, which this token leaves out."
    if any(tool.name in _LEADS_OUT[name] for name in surface.pins):
        return "leads away from what this connection is pinned to."
    return ""


def _pinned(tool: Tool, pins: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Arguments of a tool that are pinned, with all of their spellings."""
    properties = tool.definition["inputSchema"].get("properties", {})
    aliases = tool.parameter_aliases.items()
    return {
        name: (name, *(alias for alias, of in aliases if of == name))
        for name in pins
        if name in properties
    }


def _without(tool: Tool, pins: Mapping[str, str]) -> Tool:
    """The tool whose schema does not show what is filled in."""
    pinned = _pinned(tool, pins)
    if not pinned:
        return tool
    schema = dict(tool.definition["inputSchema"])
    schema["properties"] = {
        name: member for name, member in schema["properties"].items() if name not in pinned
    }
    if "required" in schema:
        schema["required"] = [name for name in schema["required"] if name not in pinned]
        if not schema["required"]:
            del schema["required"]
    definition = {**tool.definition, "inputSchema": schema}
    aliases = {alias: of for alias, of in tool.parameter_aliases.items() if of not in pinned}
    return replace(
        tool,
        definition=MappingProxyType(definition),
        parameter_aliases=MappingProxyType(aliases),
    )


def _extensions(found: Skills) -> dict[str, Any]:
    """What stateless clients get beyond the specification itself."""
    offered: dict[str, Any] = {tasks.EXTENSION: {}}
    return {**offered, skills.EXTENSION: {"directoryRead": True}} if found else offered
