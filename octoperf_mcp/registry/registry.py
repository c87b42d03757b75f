"""All that enabled plugins register, as one value."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from octoperf_mcp.entities.action_types import ActionType
from octoperf_mcp.entities.added_types import NO_ADDED_TYPES, AddedTypes
from octoperf_mcp.entities.extensions import CorrelationFramework, Importer
from octoperf_mcp.registry.assets import Completion, ConfigSection, Prompt, PublicAsset, Resource
from octoperf_mcp.registry.deep_links import DeepLink
from octoperf_mcp.registry.discovering import DISTRIBUTION
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
from octoperf_mcp.registry.rest_calls import RestCall
from octoperf_mcp.registry.tools import Tool

State = Literal["enabled", "disabled", "broken"]


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """A plugin that was found; `reason` says why it is not enabled.

    `api` is the range of API versions that it declares, empty without one and while it is off;
    `hooks` are those that it uses; `load_ms` is what importing and asking it took; `overrides` are
    tools of others whose place it takes; `silent` are hooks that it has and that answer None.
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
    silent: tuple[str, ...] = ()

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
    asset_owners: Mapping[str, str] = field(default_factory=dict)
    """Plugin of each public file that a plugin brings, by path."""
    command_owners: Mapping[str, str] = field(default_factory=dict)
    """Plugin of each of these commands."""
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
    """The tools of plugins that are off, each with its plugin: built-in and approved ones."""
    additions_off: Callable[[], Mapping[tuple[str, str], str]] = dict
    """See `Extensions.off`."""

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
