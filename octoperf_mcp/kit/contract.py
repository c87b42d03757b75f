"""What `octoperf-mcp plugins check` and the fixture `tool_contract` hold a plugin to."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from octoperf_mcp.cli.tools import NoTokenizerError, token_counts
from octoperf_mcp.kit.additions import added_by, of_additions
from octoperf_mcp.registry.registry import PluginInfo, Registry
from octoperf_mcp.registry.rest_calls import RestCall
from octoperf_mcp.registry.tools import Tool

MAX_TOKENS: Final = 700
MAX_DESCRIPTION: Final = 600


@dataclass(frozen=True, slots=True)
class ToolReport:
    """One tool; `tokens` is None where no tokenizer is installed."""

    name: str
    tokens: int | None
    effect: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Report:
    """One plugin; it keeps the contract when there are no `problems`."""

    plugin: str
    state: str
    api: str
    hooks: tuple[str, ...]
    tools: list[ToolReport] = field(default_factory=list)
    adds: list[str] = field(default_factory=list)
    rest_calls: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def report(registry: Registry, plugin: str) -> Report:
    """Look at one plugin of a registry.

    Raises:
        LookupError: it was not found.
    """
    found = next((one for one in registry.plugins if one.name == plugin), None)
    if found is None:
        listed = ", ".join(one.name for one in registry.plugins if not one.built_in) or "none"
        raise LookupError(
            f"There is no plugin {plugin!r}: its package has to be installed here (`pip install -e "
            f".`) with an entry point of that name. Third parties that are: {listed}."
        )
    tools = [tool for name, tool in registry.tools.items() if registry.owners[name] == plugin]
    calls = sorted(_told(call) for call in registry.routes.get(plugin, {}).values())
    return Report(
        plugin,
        found.state,
        found.api,
        found.hooks,
        _tools(tools),
        added_by(registry, plugin),
        calls,
        [
            *_of_plugin(found),
            *_of_tools(tools, found),
            *_of_calls(registry, plugin),
            *of_additions(registry, plugin),
        ],
    )


def _told(call: RestCall) -> str:
    if call.base is None:
        return call.endpoint
    return f"{call.endpoint} at {call.base.url or f'the address in {call.base.setting}'}"


def _tools(tools: list[Tool]) -> list[ToolReport]:
    try:
        counts: list[int] | list[None] = token_counts(tool.definition for tool in tools)
    except NoTokenizerError:
        counts = [None] * len(tools)
    return [
        ToolReport(tool.name, count, _effect(tool), len(orjson.dumps(dict(tool.definition))))
        for tool, count in zip(tools, counts, strict=True)
    ]


def _effect(tool: Tool) -> str:
    hints = tool.definition["annotations"]
    if hints["destructiveHint"]:
        return "destroys"
    return "reads" if hints["readOnlyHint"] else "writes"


def _of_plugin(plugin: PluginInfo) -> Iterator[str]:
    if plugin.state != "enabled":
        yield f"it is {plugin.state}: {plugin.reason}"
    elif not plugin.api:
        yield 'it declares no API range: octoperf_mcp_api = ">=1.0,<2"'
    for hook in plugin.silent:
        yield f"{hook}: it returns nothing; is a `return` missing?"


def _of_tools(tools: list[Tool], plugin: PluginInfo) -> Iterator[str]:
    for tool, told in zip(tools, _tools(tools), strict=True):
        hints: dict[str, Any] = tool.definition["annotations"]
        if not plugin.built_in and not tool.name.startswith(f"{plugin.name}_"):
            yield f"{tool.name}: the name of a third party's tool begins with {plugin.name}_"
        if hints["readOnlyHint"] and hints["destructiveHint"]:
            yield f"{tool.name}: it cannot both only read and destroy"
        if len(tool.description) > MAX_DESCRIPTION:
            yield f"{tool.name}: its description has more than {MAX_DESCRIPTION} characters"
        if told.tokens is not None and told.tokens > MAX_TOKENS:
            yield f"{tool.name}: its definition has {told.tokens} tokens, more than {MAX_TOKENS}"
        answered = tool.definition.get("outputSchema", {}).get("properties", {})
        if answered and not {"url", "pageUrl"} & set(answered):
            yield f"{tool.name}: its answer has no `url`, the page of what it is about"


def _of_calls(registry: Registry, plugin: str) -> Iterator[str]:
    """A third party's calls are built-in ones, optional with a tool that needs them, or go out."""
    built_in = {one.name for one in registry.plugins if one.built_in}
    if plugin in built_in:
        return
    known = {
        call.endpoint
        for owner, calls in registry.routes.items()
        if owner in built_in
        for call in calls.values()
    }
    made = registry.routes.get(plugin, {}).values()
    owned = [tool for name, tool in registry.tools.items() if registry.owners[name] == plugin]
    needed = {call.endpoint for tool in owned for call in tool.needs}
    for call in made:
        if call.base is not None or call.endpoint in known:
            continue
        if not call.optional:
            yield (
                f"{call.endpoint}: no built-in plugin makes this call, so an upstream may lack it: "
                "declare it `optional` and let its tools name it in `needs`"
            )
        elif call.endpoint not in needed:
            yield f"{call.endpoint}: it is optional, and no tool names it in `needs`"
    for endpoint in sorted(needed - {call.endpoint for call in made}):
        yield f"{endpoint}: a tool needs this call, which the plugin does not register"
