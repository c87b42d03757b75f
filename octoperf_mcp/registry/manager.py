"""The typed face over pluggy: finds plugins, isolates the broken, sorts what they register."""

import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal

import pluggy

from octoperf_mcp import hookspecs
from octoperf_mcp.errors import PluginError
from octoperf_mcp.registry.assets import Completion, ConfigSection, Prompt, PublicAsset, Resource
from octoperf_mcp.registry.deep_links import DeepLink
from octoperf_mcp.registry.public_assets import shipped_assets
from octoperf_mcp.registry.rest_calls import RestCall
from octoperf_mcp.registry.tools import Tool

DISTRIBUTION = "octoperf_mcp"
OFF_BY_DEFAULT = frozenset({"conformance"})
RESERVED = ("find_tools", "call_read_tool", "call_write_tool", "call_destructive_tool")
"""Tools that the server itself has where its surface is the catalog."""

State = Literal["enabled", "disabled", "broken"]


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """A plugin that was found; `reason` says why it is not enabled."""

    name: str
    distribution: str
    version: str
    state: State
    reason: str = ""
    tools: int = 0

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
    lifespans: tuple[hookspecs.Lifespan, ...]
    owners: Mapping[str, str] = field(default_factory=dict)
    """Plugin of each tool."""
    reading_owners: Mapping[str, str] = field(default_factory=dict)
    """Plugin of each resource, by address, and of each prompt, by name."""
    completions: Mapping[str, Completion] = field(default_factory=dict)
    """By name of the prompt argument."""

    def tool(self, name: str) -> Tool | None:
        """The tool of this name or of this older name."""
        found = self.tools.get(name)
        if found is None:
            found = next((tool for tool in self.tools.values() if name in tool.aliases), None)
        return found


@dataclass(frozen=True, slots=True)
class _Found:
    name: str
    distribution: str
    version: str
    load: Callable[[], object]


def load_registry(
    *,
    enable: Sequence[str] = (),
    disable: Sequence[str] = (),
    allow: Sequence[str] = (),
    extra: Iterable[object] = (),
    installed: bool = True,
) -> Registry:
    """Find, check and collect plugins.

    Args:
        enable: Built-in plugins that are off by default, and third-party ones, to switch on.
        disable: Plugins to leave out.
        allow: Third-party plugins to switch on; the same as `enable`, read from configuration.
        extra: Plugin objects beyond the installed ones; they count as built in.
        installed: Whether to look for entry points.

    Raises:
        PluginError: a built-in plugin is broken, or a name to enable or disable is unknown.
    """
    found = _installed() if installed else []
    found += [
        _Found(_name_of(plugin), DISTRIBUTION, "", lambda plugin=plugin: plugin)  # type: ignore[misc]
        for plugin in extra
    ]
    _refuse_unknown([*enable, *disable, *allow], [item.name for item in found])
    wanted = {*enable, *allow}
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    collected = _Collected(shipped_assets() if installed else ())
    for item in sorted(found, key=lambda item: (item.distribution != DISTRIBUTION, item.name)):
        collected.add(manager, item, _why_off(item, wanted, disable))
    return collected.registry()


def _installed() -> list[_Found]:
    return [
        _Found(point.name, *_origin(point), point.load)
        for point in entry_points(group=hookspecs.PROJECT)
    ]


def _origin(point: EntryPoint) -> tuple[str, str]:
    if point.dist is None:
        return "", ""
    return point.dist.name.replace("-", "_"), point.dist.version


def _name_of(plugin: object) -> str:
    name = getattr(plugin, "__name__", type(plugin).__name__)
    return str(name).removeprefix("octoperf_")


def _refuse_unknown(names: Iterable[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            listed = ", ".join(sorted(known)) or "none"
            raise PluginError(f"There is no plugin {name!r}; installed are: {listed}.")


def _why_off(item: _Found, wanted: set[str], disable: Sequence[str]) -> str:
    if item.name in disable:
        return "disabled by configuration"
    if item.name in wanted:
        return ""
    if item.name in OFF_BY_DEFAULT:
        return f"off by default; enable it with --enable {item.name}"
    if item.distribution != DISTRIBUTION:
        return f"third-party plugins are off until allowed by name: --enable {item.name}"
    return ""


class _Collected:
    """Gathers what plugins register; a plugin is taken whole or not at all."""

    def __init__(self, assets: Iterable[PublicAsset]) -> None:
        self.plugins: list[PluginInfo] = []
        self.sections: dict[str, ConfigSection] = {}
        self.rest_calls: set[RestCall] = set()
        self.deep_links: set[DeepLink] = set()
        self.tools: dict[str, Tool] = {}
        self.owners: dict[str, str] = {}
        self.reading_owners: dict[str, str] = {}
        self.resources: dict[str, Resource] = {}
        self.prompts: dict[str, Prompt] = {}
        self.completions: dict[str, Completion] = {}
        self.assets = {asset.path: asset for asset in assets}
        self.lifespans: list[hookspecs.Lifespan] = []

    def add(self, manager: pluggy.PluginManager, item: _Found, why_off: str) -> None:
        if why_off:
            self.plugins.append(_info(item, "disabled", why_off))
            return
        try:
            count = self._take(manager, item)
        except Exception as error:  # a plugin may fail in any way; ours must not be hidden
            reason = f"{type(error).__name__}: {error}"
            if item.distribution == DISTRIBUTION:
                raise PluginError(f"Plugin {item.name!r} is broken: {reason}") from error
            self.plugins.append(_info(item, "broken", reason))
        else:
            self.plugins.append(_info(item, "enabled", "", count))

    def _take(self, manager: pluggy.PluginManager, item: _Found) -> int:
        plugin = item.load()
        manager.register(plugin, item.name)
        try:
            manager.check_pending()
            part = {
                hook: _call(manager, plugin, hook)
                for hook in dir(hookspecs)
                if hook.startswith("register_")
            }
            self._check(part)
        except BaseException:
            manager.unregister(plugin)
            raise
        self._merge(part, item.name)
        return len(part["register_tools"])

    def _check(self, part: Mapping[str, list[Any]]) -> None:
        names = [name for tool in part["register_tools"] for name in (tool.name, *tool.aliases)]
        taken = {name for tool in self.tools.values() for name in (tool.name, *tool.aliases)}
        _refuse_repeats("tool", names, {*RESERVED, *taken})
        _refuse_repeats("prompt", [p.name for p in part["register_prompts"]], self.prompts)
        _refuse_repeats("resource", [r.uri for r in part["register_resources"]], self.resources)
        arguments = [completion.argument for completion in part["register_completions"]]
        _refuse_repeats("completion", arguments, self.completions)
        assets = [asset.path for asset in part["register_public_assets"]]
        _refuse_repeats("public file", assets, self.assets)
        sections = [section.name for section in part["register_config"]]
        _refuse_repeats("configuration section", sections, self.sections)

    def _merge(self, part: Mapping[str, list[Any]], plugin: str) -> None:
        self.rest_calls.update(part["register_rest_calls"])
        self.deep_links.update(part["register_deep_links"])
        for tool in part["register_tools"]:
            self.tools[tool.name] = tool
            self.owners[tool.name] = plugin
        self.sections.update({section.name: section for section in part["register_config"]})
        self.resources.update({resource.uri: resource for resource in part["register_resources"]})
        self.prompts.update({prompt.name: prompt for prompt in part["register_prompts"]})
        for item in (*part["register_resources"], *part["register_prompts"]):
            self.reading_owners[getattr(item, "uri", "") or item.name] = plugin
        self.completions.update({one.argument: one for one in part["register_completions"]})
        self.assets.update({asset.path: asset for asset in part["register_public_assets"]})
        self.lifespans.extend(part["register_lifespan"])

    def registry(self) -> Registry:
        return Registry(
            plugins=tuple(self.plugins),
            config_sections=tuple(self.sections.values()),
            rest_calls=frozenset(self.rest_calls),
            deep_links=frozenset(self.deep_links),
            tools=types.MappingProxyType(dict(sorted(self.tools.items()))),
            resources=tuple(self.resources[uri] for uri in sorted(self.resources)),
            prompts=types.MappingProxyType(dict(sorted(self.prompts.items()))),
            public_assets=types.MappingProxyType(dict(sorted(self.assets.items()))),
            lifespans=tuple(self.lifespans),
            owners=types.MappingProxyType(self.owners),
            reading_owners=types.MappingProxyType(self.reading_owners),
            completions=types.MappingProxyType(self.completions),
        )


def _call(manager: pluggy.PluginManager, plugin: object, hook: str) -> list[Any]:
    others = [known for known in manager.get_plugins() if known is not plugin]
    caller = manager.subset_hook_caller(hook, others)
    return [item for items in caller() for item in items]


def _refuse_repeats(kind: str, names: Sequence[str], taken: Iterable[str]) -> None:
    seen = set(taken)
    for name in names:
        if name in seen:
            raise PluginError(f"the {kind} {name!r} is registered twice")
        seen.add(name)


def _info(item: _Found, state: State, reason: str, tools: int = 0) -> PluginInfo:
    return PluginInfo(item.name, item.distribution, item.version, state, reason, tools)
