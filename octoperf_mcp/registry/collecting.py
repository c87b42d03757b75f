"""Gathering what plugins register: names unique, a broken plugin left out whole."""

import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from octoperf_mcp.config import SECTIONS
from octoperf_mcp.entities.added_checks import check_schema
from octoperf_mcp.entities.added_types import AddedType, AddedTypes, with_added_types
from octoperf_mcp.entities.check import mismatches, own_types
from octoperf_mcp.entities.extensions import (
    PLATFORM_FRAMEWORKS,
    PLATFORM_IMPORTS,
    CorrelationFramework,
)
from octoperf_mcp.errors import PluginError
from octoperf_mcp.registry.assets import Completion, ConfigSection, Prompt, PublicAsset, Resource
from octoperf_mcp.registry.deep_links import DeepLink
from octoperf_mcp.registry.discovering import Found, Parts, parts_of
from octoperf_mcp.registry.extending import Command, Registered
from octoperf_mcp.registry.public_assets import told_by_text
from octoperf_mcp.registry.readable import addresses_of, check_readable
from octoperf_mcp.registry.registry import PluginInfo, Registry, State
from octoperf_mcp.registry.rest_calls import RestCall
from octoperf_mcp.registry.tools import Tool

RESERVED = ("find_tools", "call_read_tool", "call_write_tool", "call_destructive_tool")
"""Tools that the server itself has where its surface is the catalog."""


def added_types(part: Mapping[str, list[Any]], plugin: str) -> list[AddedType]:
    """What a plugin adds to documents."""
    kinds = [*part["register_action_types"], *part["register_report_item_types"]]
    return [kind.added(plugin) for kind in kinds]


class Collected:
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
        self.command_owners: dict[str, str] = {}
        self.asset_owners: dict[str, str] = {}
        self.routes: dict[str, Mapping[str, RestCall]] = {}
        self.assets = {asset.path: asset for asset in assets}
        self.running: dict[str, list[Registered[Any]]] = {}
        self.types: list[AddedType] = []

    def add(self, item: Found, why_off: str, limit_s: float) -> None:
        """Take a plugin, or note why not.

        Raises:
            PluginError: a built-in plugin is broken.
        """
        if why_off:
            self.plugins.append(info_of(item, "disabled", why_off))
            return
        try:
            parts = parts_of(item, limit_s)
            overrides = self._check(parts.by_hook, item)
        except Exception as error:  # a plugin may fail in any way; ours must not be hidden
            name = "" if isinstance(error, PluginError) else f"{type(error).__name__}: "
            reason = f"{name}{error}"
            if item.built_in:
                raise PluginError(f"Plugin {item.name!r} is broken: {reason}") from error
            self.plugins.append(info_of(item, "broken", reason))
        else:
            self._merge(parts.by_hook, item.name)
            self.routes[item.name] = parts.routes
            self.plugins.append(info_of(item, "enabled", "", parts, overrides))

    def _check(self, part: Mapping[str, list[Any]], item: Found) -> tuple[str, ...]:
        """Refuse names that are taken; answers the tools whose place the plugin may take."""
        names = [name for tool in part["register_tools"] for name in (tool.name, *tool.aliases)]
        taken = {name for tool in self.tools.values() for name in (tool.name, *tool.aliases)}
        replaced = self._replaced(names, item)
        self._refuse_tools_of_others(names, replaced, item)
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
        self._check_readable(part, item)
        return replaced

    def _check_readable(self, part: Mapping[str, list[Any]], item: Found) -> None:
        """Refuse what no server could show; tests hold our own to it."""
        assets, resources = part["register_public_assets"], part["register_resources"]
        prompts = part["register_prompts"]
        if item.built_in or not (assets or resources or prompts):
            return
        check_readable(
            assets,
            resources,
            prompts,
            {*addresses_of(self.assets.values()), *self.resources},
        )

    def _refuse_tools_of_others(
        self, names: Sequence[str], replaced: Sequence[str], item: Found
    ) -> None:
        """Refuse names of other plugins' tools, saying whose they are."""
        owners = {plugin.name: plugin for plugin in self.plugins}
        for name in names:
            if name not in self.owners or name in replaced:
                continue
            owner = owners[self.owners[name]]
            cure = f"Its author gives it another name, such as {item.name}_{name}"
            if owner.built_in and not item.built_in:
                cure += f', or you let it take that place: [plugins] override = ["{name}"]'
            raise PluginError(
                f"the tool {name!r} is registered twice: the plugin {owner.name} has it. {cure}"
            )

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
        added = added_types(part, item.name)
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
        self.command_owners |= {command.name: plugin for command in part["register_commands"]}
        self.asset_owners |= {asset.path: plugin for asset in part["register_public_assets"]}
        self.resources.update({resource.uri: resource for resource in part["register_resources"]})
        self.prompts.update({prompt.name: prompt for prompt in part["register_prompts"]})
        for item in (*part["register_resources"], *part["register_prompts"]):
            self.reading_owners[getattr(item, "uri", "") or item.name] = plugin
        self.completions.update({one.argument: one for one in part["register_completions"]})
        self.assets.update({asset.path: asset for asset in part["register_public_assets"]})
        self.types += added_types(part, plugin)
        for hook in _RUNNING:
            mine = [Registered(plugin, item) for item in part[hook]]
            self.running.setdefault(hook, []).extend(mine)

    def registry(self) -> Registry:
        """All that was taken."""
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
            asset_owners=types.MappingProxyType(self.asset_owners),
            command_owners=types.MappingProxyType(self.command_owners),
            section_owners=types.MappingProxyType(self.section_owners),
            added_types=AddedTypes(tuple(self.types)),
            **running,
            routes=types.MappingProxyType(self.routes),
        )

    def _completed(self, asset: PublicAsset) -> PublicAsset:
        """A public schema with the types that plugins add; a text with what listings say of it."""
        if asset.path.endswith(".md") and not (asset.title and asset.description):
            told = told_by_text(asset.content)
            return replace(
                asset,
                title=asset.title or told.get("title", ""),
                description=asset.description or told.get("description", ""),
            )
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


def info_of(
    item: Found,
    state: State,
    reason: str,
    parts: Parts | None = None,
    overrides: tuple[str, ...] = (),
) -> PluginInfo:
    """A plugin for people, with what asking it told."""
    told: dict[str, Any] = {}
    if parts is not None:
        told = {
            "tools": len(parts.by_hook["register_tools"]),
            "api": parts.api,
            "hooks": parts.hooks,
            "silent": parts.silent,
            "load_ms": round(parts.load_s * 1000, 1),
        }
    return PluginInfo(
        item.name, item.distribution, item.version, state, reason, overrides=overrides, **told
    )
