"""What all enabled plugins register, checked, sorted, names unique; broken ones isolated."""

import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from functools import cache, partial
from importlib.metadata import entry_points
from typing import Any, Literal

from octoperf_mcp import hookspecs
from octoperf_mcp.config import SECTIONS
from octoperf_mcp.entities.action_types import ActionType
from octoperf_mcp.entities.added_checks import check_schema
from octoperf_mcp.entities.added_types import (
    NO_ADDED_TYPES,
    AddedType,
    AddedTypes,
    with_added_types,
)
from octoperf_mcp.entities.check import mismatches, own_types
from octoperf_mcp.entities.extensions import (
    PLATFORM_FRAMEWORKS,
    PLATFORM_IMPORTS,
    CorrelationFramework,
    Importer,
)
from octoperf_mcp.errors import PluginError
from octoperf_mcp.registry.assets import Completion, ConfigSection, Prompt, PublicAsset, Resource
from octoperf_mcp.registry.deep_links import DeepLink
from octoperf_mcp.registry.discovering import (
    DISTRIBUTION,
    Found,
    Parts,
    found_at,
    found_object,
    parts_of,
)
from octoperf_mcp.registry.extending import (
    AfterToolCall,
    BeforeToolCall,
    Command,
    Drain,
    HealthCheck,
    Lifespan,
    Notifier,
    Registered,
    ReportItemType,
)
from octoperf_mcp.registry.public_assets import shipped_assets
from octoperf_mcp.registry.rest_calls import RestCall
from octoperf_mcp.registry.tools import Tool

OFF_BY_DEFAULT = frozenset({"conformance", "curl", "policy"})
RESERVED = ("find_tools", "call_read_tool", "call_write_tool", "call_destructive_tool")
"""Tools that the server itself has where its surface is the catalog."""

LOAD_LIMIT_S = 10.0

State = Literal["enabled", "disabled", "broken"]


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """A plugin that was found; `reason` says why it is not enabled.

    `api` is the range of API versions that it declares, empty without one and while it is off;
    `hooks` are those that it uses; `load_ms` is what importing and asking it took; `overrides` are
    tools of others whose place it takes.
    """

    name: str
    distribution: str
    version: str
    state: State
    reason: str = ""
    tools: int = 0
    api: str = ""
    hooks: tuple[str, ...] = ()
    load_ms: float = 0.0
    overrides: tuple[str, ...] = ()

    @property
    def built_in(self) -> bool:
        """Whether it ships with this distribution."""
        return self.distribution == DISTRIBUTION


@dataclass(frozen=True, slots=True)
class Registry:
    """What all enabled plugins register, sorted, names unique."""

    plugins: tuple[PluginInfo, ...]
    config_sections: tuple[ConfigSection, ...]
    rest_calls: frozenset[RestCall]
    deep_links: frozenset[DeepLink]
    tools: Mapping[str, Tool]
    resources: tuple[Resource, ...]
    prompts: Mapping[str, Prompt]
    public_assets: Mapping[str, PublicAsset]
    lifespans: tuple[Registered[Lifespan], ...]
    owners: Mapping[str, str] = field(default_factory=dict)
    """Plugin of each tool."""
    reading_owners: Mapping[str, str] = field(default_factory=dict)
    """Plugin of each resource, by address, and of each prompt, by name."""
    completions: Mapping[str, Completion] = field(default_factory=dict)
    """By name of the prompt argument."""
    commands: Mapping[str, Command] = field(default_factory=dict)
    """Of plugins, by name."""
    section_owners: Mapping[str, str] = field(default_factory=dict)
    """Configuration section of each plugin that has one."""
    before_calls: tuple[Registered[BeforeToolCall], ...] = ()
    after_calls: tuple[Registered[AfterToolCall], ...] = ()
    health_checks: tuple[Registered[HealthCheck], ...] = ()
    drains: tuple[Registered[Drain], ...] = ()
    notifiers: tuple[Registered[Notifier], ...] = ()
    frameworks: tuple[Registered[CorrelationFramework], ...] = ()
    importers: tuple[Registered[Importer], ...] = ()
    action_types: tuple[Registered[ActionType], ...] = ()
    report_items: tuple[Registered[ReportItemType], ...] = ()
    added_types: AddedTypes = NO_ADDED_TYPES
    """What documents may hold beside what the platform has itself."""
    routes: Mapping[str, Mapping[str, RestCall]] = field(default_factory=dict)
    """REST calls by plugin and name."""
    tools_off: Mapping[str, Tool] = field(default_factory=dict)
    """Tools that the operator turned off, of plugins that are on."""
    names_off: Callable[[], Mapping[str, str]] = dict
    """The tools of built-in plugins that are off, each with its plugin."""
    additions_off: Callable[[], Mapping[tuple[str, str], str]] = dict
    """See `Extensions.off`, of built-in plugins."""

    @property
    def off(self) -> frozenset[str]:
        """Names that would be those of tools, had the operator not turned them off."""
        older = (alias for tool in self.tools_off.values() for alias in tool.aliases)
        return frozenset((*self.tools_off, *older, *self.names_off())) - self.tools.keys()

    def why_off(self, name: str) -> str:
        """Why a tool that exists is not here, empty for a name that is none."""
        if name in self.tools_off:
            return "was disabled by the operator of this server."
        plugin = self.names_off().get(name)
        if plugin is None:
            return ""
        return f"is a tool of the area {plugin}, which the operator of this server disabled."

    def tool(self, name: str) -> Tool | None:
        """The tool of this name or of this older name."""
        found = self.tools.get(name)
        if found is None:
            found = next((tool for tool in self.tools.values() if name in tool.aliases), None)
        return found

    @property
    def third_party(self) -> frozenset[str]:
        """Names of the enabled plugins that do not ship with this server."""
        return frozenset(
            plugin.name
            for plugin in self.plugins
            if plugin.state == "enabled" and not plugin.built_in
        )


def load_registry(
    *,
    enable: Sequence[str] = (),
    disable: Sequence[str] = (),
    allow: Sequence[str] = (),
    override: Sequence[str] = (),
    extra: Iterable[object] = (),
    installed: bool = True,
    load_limit_s: float = LOAD_LIMIT_S,
) -> Registry:
    """Find, check and collect plugins.

    Args:
        enable: Built-in plugins that are off by default, and third-party ones, to switch on.
        disable: Plugins to leave out.
        allow: Third-party plugins to switch on; the same as `enable`, read from configuration.
        override: Built-in tools whose place a third-party plugin may take.
        extra: Plugin objects beyond the installed ones; they count as built in.
        installed: Whether to look for entry points.
        load_limit_s: Longest that a third-party plugin may take to load.

    Raises:
        PluginError: a built-in plugin is broken, or a name to enable or disable is unknown.
    """
    found = found_at(entry_points(group=hookspecs.PROJECT)) if installed else []
    found += [found_object(plugin) for plugin in extra]
    _refuse_unknown([*enable, *disable, *allow], [item.name for item in found])
    wanted = {*enable, *allow}
    collected = _Collected(shipped_assets() if installed else (), frozenset(override))
    seen: dict[str, str] = {}
    for item in sorted(found, key=lambda item: (not item.built_in, item.name, item.distribution)):
        taken = seen.setdefault(item.name, item.distribution)
        if taken != item.distribution:
            reason = f"its name is that of a plugin of {taken or 'another package'}"
            collected.plugins.append(_info(item, "broken", reason))
            continue
        collected.add(item, _why_off(item, wanted, disable), load_limit_s)
    off = [item for item in found if item.built_in and item.name in disable]
    enabled = {plugin.name for plugin in collected.plugins if plugin.state == "enabled"}
    idle = [item for item in found if item.built_in and item.name not in enabled]
    approved = [item for item in found if item.name in wanted and item.name in disable]
    made = collected.registry()
    types_off = cache(partial(_types_off, [*idle, *approved]))
    return replace(
        made,
        names_off=cache(partial(_names_of, off)),
        additions_off=cache(partial(_additions_of, idle)),
        added_types=replace(made.added_types, off=types_off),
    )


def installed_names() -> frozenset[str]:
    """Names of all plugins that are installed."""
    return frozenset(point.name for point in entry_points(group=hookspecs.PROJECT))


def _names_of(plugins: Iterable[Found]) -> Mapping[str, str]:
    """Each tool of these plugins, older names included, with its plugin."""
    return {
        name: item.name
        for item in plugins
        for tool in parts_of(item, LOAD_LIMIT_S).by_hook["register_tools"]
        for name in (tool.name, *tool.aliases)
    }


def _additions_of(plugins: Iterable[Found]) -> Mapping[tuple[str, str], str]:
    """What these plugins would add to the embedded platform, each with its plugin."""
    added: dict[tuple[str, str], str] = {}
    for item in plugins:
        hooks = parts_of(item, LOAD_LIMIT_S).by_hook
        added |= {("import", one.kind): item.name for one in hooks["register_importers"]}
        presets = hooks["register_correlation_frameworks"]
        added |= {("framework", one.id): item.name for one in presets}
    return added


def _types_off(plugins: Iterable[Found]) -> Mapping[str, str]:
    """Each type that these plugins would add to documents, with its plugin."""
    found: dict[str, str] = {}
    for item in plugins:
        with suppress(Exception):  # of a broken one, nothing is known
            added = _added_types(parts_of(item, LOAD_LIMIT_S).by_hook, item.name)
            found |= {one.name: item.name for one in added}
    return found


def _added_types(part: Mapping[str, list[Any]], plugin: str) -> list[AddedType]:
    """What a plugin adds to documents."""
    kinds = [*part["register_action_types"], *part["register_report_item_types"]]
    return [kind.added(plugin) for kind in kinds]


def _refuse_unknown(names: Iterable[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            listed = ", ".join(sorted(known)) or "none"
            raise PluginError(f"There is no plugin {name!r}; installed are: {listed}.")


def _why_off(item: Found, wanted: set[str], disable: Sequence[str]) -> str:
    if item.name in disable:
        return "disabled by configuration"
    if item.name in wanted:
        return ""
    if item.name in OFF_BY_DEFAULT:
        return f"off by default; enable it with --enable {item.name}"
    if not item.built_in:
        return f"third-party plugins are off until allowed by name: --enable {item.name}"
    return ""


class _Collected:
    """Gathers what plugins register; a plugin is taken whole or not at all."""

    def __init__(self, assets: Iterable[PublicAsset], override: frozenset[str]) -> None:
        self._override = override
        self.plugins: list[PluginInfo] = []
        self.sections: dict[str, ConfigSection] = {}
        self.section_owners: dict[str, str] = {}
        self.rest_calls: set[RestCall] = set()
        self.deep_links: set[DeepLink] = set()
        self.tools: dict[str, Tool] = {}
        self.owners: dict[str, str] = {}
        self.reading_owners: dict[str, str] = {}
        self.resources: dict[str, Resource] = {}
        self.prompts: dict[str, Prompt] = {}
        self.completions: dict[str, Completion] = {}
        self.commands: dict[str, Command] = {}
        self.routes: dict[str, Mapping[str, RestCall]] = {}
        self.assets = {asset.path: asset for asset in assets}
        self.running: dict[str, list[Registered[Any]]] = {}
        self.types: list[AddedType] = []

    def add(self, item: Found, why_off: str, limit_s: float) -> None:
        if why_off:
            self.plugins.append(_info(item, "disabled", why_off))
            return
        try:
            parts = parts_of(item, limit_s)
            overrides = self._check(parts.by_hook, item)
        except Exception as error:  # a plugin may fail in any way; ours must not be hidden
            name = "" if isinstance(error, PluginError) else f"{type(error).__name__}: "
            reason = f"{name}{error}"
            if item.built_in:
                raise PluginError(f"Plugin {item.name!r} is broken: {reason}") from error
            self.plugins.append(_info(item, "broken", reason))
        else:
            self._merge(parts.by_hook, item.name)
            self.routes[item.name] = parts.routes
            self.plugins.append(_info(item, "enabled", "", parts, overrides))

    def _check(self, part: Mapping[str, list[Any]], item: Found) -> tuple[str, ...]:
        """Refuse names that are taken; answers the tools whose place the plugin may take."""
        names = [name for tool in part["register_tools"] for name in (tool.name, *tool.aliases)]
        taken = {name for tool in self.tools.values() for name in (tool.name, *tool.aliases)}
        replaced = self._replaced(names, item)
        _refuse_repeats("tool", names, {*RESERVED, *taken} - set(replaced))
        _refuse_repeats("prompt", [p.name for p in part["register_prompts"]], self.prompts)
        _refuse_repeats("resource", [r.uri for r in part["register_resources"]], self.resources)
        arguments = [completion.argument for completion in part["register_completions"]]
        _refuse_repeats("completion", arguments, self.completions)
        assets = [asset.path for asset in part["register_public_assets"]]
        _refuse_repeats("public file", assets, self.assets)
        sections = [section.name for section in part["register_config"]]
        _refuse_repeats("configuration section", sections, {*self.sections, *SECTIONS})
        _refuse_unread(part)
        commands = [command.name for command in part["register_commands"]]
        _refuse_repeats("command", commands, self.commands)
        if not all(commands):
            raise PluginError("a command of a plugin needs a name")
        kinds = [importer.kind for importer in part["register_importers"]]
        known = {one.value.kind for one in self.running.get("register_importers", ())}
        _refuse_repeats("kind of import", kinds, {*PLATFORM_IMPORTS, *known})
        self._check_frameworks(part["register_correlation_frameworks"], item)
        self._check_types(part, item)
        return replaced

    def _check_frameworks(self, added: Sequence[CorrelationFramework], item: Found) -> None:
        """Refuse ids that are taken, and rules of others that no project could keep."""
        theirs = self.running.get("register_correlation_frameworks", ())
        taken = {*PLATFORM_FRAMEWORKS, *(one.value.id for one in theirs)}
        _refuse_repeats("correlation framework", [one.id for one in added], taken)
        if item.built_in:  # their tests hold them to it, and no start waits for it
            return
        for framework in added:
            for rule in framework.rules:
                for wrong in mismatches("correlation_rule", {**rule, "projectId": "p"}):
                    raise PluginError(f"a rule of the framework {framework.id!r}: {wrong.message}")

    def _check_types(self, part: Mapping[str, list[Any]], item: Found) -> None:
        """Refuse types of documents that are taken, or whose schemas are none."""
        added = _added_types(part, item.name)
        taken = {one.name for one in self.types}
        if added and not item.built_in:  # tests hold ours to it, and no start waits for it
            taken |= own_types()
            for one in added:
                check_schema(one)
        _refuse_repeats("type", [one.name for one in added], taken)
        theirs = self.running.get("register_action_types", ())
        played = [name for one in part["register_action_types"] for name in one.classes]
        _refuse_repeats(
            "JMeter class", played, (name for one in theirs for name in one.value.classes)
        )

    def _replaced(self, names: Sequence[str], item: Found) -> tuple[str, ...]:
        if item.built_in:
            return ()
        theirs = {plugin.name for plugin in self.plugins if plugin.built_in}
        return tuple(
            name for name in names if name in self._override and self.owners.get(name, "") in theirs
        )

    def _merge(self, part: Mapping[str, list[Any]], plugin: str) -> None:
        self.rest_calls.update(part["register_rest_calls"])
        self.deep_links.update(part["register_deep_links"])
        for tool in part["register_tools"]:
            self.tools[tool.name] = tool
            self.owners[tool.name] = plugin
        self.sections.update({section.name: section for section in part["register_config"]})
        for section in part["register_config"]:
            self.section_owners.setdefault(plugin, section.name)
        self.commands.update({command.name: command for command in part["register_commands"]})
        self.resources.update({resource.uri: resource for resource in part["register_resources"]})
        self.prompts.update({prompt.name: prompt for prompt in part["register_prompts"]})
        for item in (*part["register_resources"], *part["register_prompts"]):
            self.reading_owners[getattr(item, "uri", "") or item.name] = plugin
        self.completions.update({one.argument: one for one in part["register_completions"]})
        self.assets.update({asset.path: asset for asset in part["register_public_assets"]})
        self.types += _added_types(part, plugin)
        for hook in _RUNNING:
            mine = [Registered(plugin, item) for item in part[hook]]
            self.running.setdefault(hook, []).extend(mine)

    def registry(self) -> Registry:
        running: dict[str, Any] = {
            member: tuple(self.running.get(hook, ())) for hook, member in _RUNNING.items()
        }
        return Registry(
            plugins=tuple(self.plugins),
            config_sections=tuple(self.sections.values()),
            rest_calls=frozenset(self.rest_calls),
            deep_links=frozenset(self.deep_links),
            tools=types.MappingProxyType(dict(sorted(self.tools.items()))),
            resources=tuple(self.resources[uri] for uri in sorted(self.resources)),
            prompts=types.MappingProxyType(dict(sorted(self.prompts.items()))),
            public_assets=types.MappingProxyType(
                {path: self._completed(asset) for path, asset in sorted(self.assets.items())}
            ),
            owners=types.MappingProxyType(self.owners),
            reading_owners=types.MappingProxyType(self.reading_owners),
            completions=types.MappingProxyType(self.completions),
            commands=types.MappingProxyType(self.commands),
            section_owners=types.MappingProxyType(self.section_owners),
            added_types=AddedTypes(tuple(self.types)),
            **running,
            routes=types.MappingProxyType(self.routes),
        )

    def _completed(self, asset: PublicAsset) -> PublicAsset:
        """A public schema with the types that plugins add."""
        if not asset.path.startswith("schema/"):
            return asset
        return replace(asset, content=with_added_types(asset.content, self.types))


def _refuse_unread(part: Mapping[str, list[Any]]) -> None:
    """Refuse base addresses that stand in settings which the plugin does not have."""
    kinds = [section.settings for section in part["register_config"][:1]]
    known = {item.name for kind in kinds for item in fields(kind)}
    for call in part["register_rest_calls"]:
        for key in call.base.settings if call.base is not None else ():
            if key not in known:
                raise PluginError(
                    f"the base address {call.base.name!r} stands in {key!r}, which its "
                    "configuration section does not have"
                )


_RUNNING = {
    "register_lifespan": "lifespans",
    "register_before_tool_call": "before_calls",
    "register_after_tool_call": "after_calls",
    "register_health_checks": "health_checks",
    "register_drain": "drains",
    "register_notifiers": "notifiers",
    "register_correlation_frameworks": "frameworks",
    "register_importers": "importers",
    "register_action_types": "action_types",
    "register_report_item_types": "report_items",
}
"""Hooks whose objects run in the server, and the member of the registry that has them."""


def _refuse_repeats(kind: str, names: Sequence[str], taken: Iterable[str]) -> None:
    seen = set(taken)
    for name in names:
        if name in seen:
            raise PluginError(f"the {kind} {name!r} is registered twice")
        seen.add(name)


def _info(
    item: Found,
    state: State,
    reason: str,
    parts: Parts | None = None,
    overrides: tuple[str, ...] = (),
) -> PluginInfo:
    told: dict[str, Any] = {}
    if parts is not None:
        told = {
            "tools": len(parts.by_hook["register_tools"]),
            "api": parts.api,
            "hooks": parts.hooks,
            "load_ms": round(parts.load_s * 1000, 1),
        }
    return PluginInfo(
        item.name, item.distribution, item.version, state, reason, overrides=overrides, **told
    )
