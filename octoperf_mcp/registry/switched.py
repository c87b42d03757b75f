"""The registry as the configuration and the switches of the operator leave it."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from octoperf_mcp.config import PluginsSettings, ToolsSettings
from octoperf_mcp.entities.switches import Kind, PluginRow, Switches, ToolRow
from octoperf_mcp.errors import ConfigError
from octoperf_mcp.registry.manager import installed_names, load_registry
from octoperf_mcp.registry.registry import Registry

NO_SWITCHES = Switches()
_TURNED_OFF = "turned off by an operator, here or at another server"
_LISTED: Final[Mapping[Kind, str]] = {
    "plugin": "`octoperf-mcp plugins list` shows those that are installed beside it.",
    "tool": "`octoperf-mcp tools` lists them.",
}


def composed(
    plugins: PluginsSettings, tools: ToolsSettings, switches: Switches = NO_SWITCHES
) -> Registry:
    """Load what is on; what the operator turned goes over what is configured.

    Raises:
        PluginError: a built-in plugin is broken, or the configuration names an unknown one.
    """
    known = installed_names()
    on, off = switches.plugins_on & known, switches.plugins_off & known
    registry = load_registry(
        enable=[*(name for name in plugins.enable if name not in off), *on],
        disable=[*(name for name in plugins.disable if name not in on), *off],
        allow=[name for name in plugins.enable if name in off],  # so that what it had can be told
        override=plugins.override,
        load_limit_s=plugins.load_timeout_s,
    )
    told = tuple(
        replace(plugin, reason=_TURNED_OFF) if plugin.name in off else plugin
        for plugin in registry.plugins
    )
    registry = replace(registry, plugins=told)
    registry.names_off()  # loads what is off for its names: here, and not while others wait
    return without_tools(registry, {*tools.disable} - switches.tools_on | switches.tools_off)


def without_tools(registry: Registry, off: Iterable[str]) -> Registry:
    """The registry without these tools; names that it does not have are left alone."""
    gone = {tool.name: tool for name in off if (tool := registry.tool(name)) is not None}
    if not gone:
        return registry
    kept = {name: tool for name, tool in registry.tools.items() if name not in gone}
    return replace(
        registry,
        tools=MappingProxyType(kept),
        tools_off=MappingProxyType({**registry.tools_off, **gone}),
    )


def require_known(registry: Registry, kind: Kind, name: str) -> None:
    """Refuse the name of something that is not there.

    Raises:
        ConfigError: nothing has this name; the nearest one is told.
    """
    known = (
        [plugin.name for plugin in registry.plugins]
        if kind == "plugin"
        else [*registry.tools, *registry.tools_off]
    )
    if name in known:
        return
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {near[0]}?" if near else "."
    raise ConfigError(f"There is no {kind} {name!r}{hint} {_LISTED[kind]}")


def require_dispensable(required: Sequence[str], kind: Kind, name: str, *, on: bool) -> None:
    """Refuse to turn off a plugin without which the server would not be ready.

    Args:
        required: Plugins that the configuration requires.
        kind: What is turned.
        name: Its name.
        on: Whether it is turned on, which is never refused.

    Raises:
        ConfigError: the configuration requires the plugin.
    """
    if kind == "plugin" and not on and name in required:
        raise ConfigError(
            f"The plugin {name!r} cannot be disabled: [plugins] required names it, and the server "
            "would not be ready without it. Take it out of that setting first, and restart."
        )


def plugin_rows(registry: Registry) -> list[PluginRow]:
    """The plugins, for people."""
    return [
        PluginRow(
            plugin.name,
            "" if plugin.built_in else f"{plugin.distribution} {plugin.version}",
            plugin.state,
            plugin.reason,
            plugin.tools,
            plugin.api,
        )
        for plugin in registry.plugins
    ]


def tool_rows(registry: Registry) -> list[ToolRow]:
    """The tools that are on, and those that were turned off one by one."""
    tools = {**registry.tools, **registry.tools_off}
    return [
        ToolRow(name, tools[name].title, registry.owners.get(name, ""), name in registry.tools)
        for name in sorted(tools)
    ]
