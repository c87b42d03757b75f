"""Finding plugins and asking them what they register; broken ones are isolated."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache, partial
from importlib.metadata import entry_points

from octoperf_mcp import hookspecs
from octoperf_mcp.errors import PluginError
from octoperf_mcp.registry.collecting import Collected, added_types, info_of
from octoperf_mcp.registry.discovering import Found, found_at, found_object, parts_of
from octoperf_mcp.registry.public_assets import shipped_assets
from octoperf_mcp.registry.registry import Registry

OFF_BY_DEFAULT = frozenset({"conformance", "curl", "policy"})
LOAD_LIMIT_S = 10.0


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
        allow: Third-party plugins that the configuration approves of: the same as `enable`, unless
            they are disabled; then they are loaded where their types and kinds are asked for.
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
    collected = Collected(shipped_assets() if installed else (), frozenset(override))
    seen: dict[str, str] = {}
    for item in sorted(found, key=lambda item: (not item.built_in, item.name, item.distribution)):
        taken = seen.setdefault(item.name, item.distribution)
        if taken != item.distribution:
            reason = f"its name is that of a plugin of {taken or 'another package'}"
            collected.plugins.append(info_of(item, "broken", reason))
            continue
        collected.add(item, _why_off(item, wanted, disable), load_limit_s)
    approved = [item for item in found if item.name in wanted and item.name in disable]
    off = [item for item in found if item.built_in and item.name in disable]
    enabled = {plugin.name for plugin in collected.plugins if plugin.state == "enabled"}
    idle = [item for item in found if item.built_in and item.name not in enabled]
    made = collected.registry()
    types_off = cache(partial(_types_off, [*idle, *approved]))
    return replace(
        made,
        names_off=cache(partial(_names_of, [*off, *approved])),
        additions_off=cache(partial(_additions_of, [*idle, *approved])),
        added_types=replace(made.added_types, off=types_off),
    )


def installed_names() -> frozenset[str]:
    """Names of all plugins that are installed."""
    return frozenset(point.name for point in entry_points(group=hookspecs.PROJECT))


def _names_of(plugins: Iterable[Found]) -> Mapping[str, str]:
    """Each tool of these plugins, older names included, with its plugin."""
    names: dict[str, str] = {}
    for item in plugins:
        with suppress(Exception):  # of a broken one, nothing is known
            tools = parts_of(item, LOAD_LIMIT_S).by_hook["register_tools"]
            names |= {name: item.name for tool in tools for name in (tool.name, *tool.aliases)}
    return names


def _additions_of(plugins: Iterable[Found]) -> Mapping[tuple[str, str], str]:
    """What these plugins would add to the embedded platform, each with its plugin."""
    added: dict[tuple[str, str], str] = {}
    for item in plugins:
        with suppress(Exception):  # of a broken one, nothing is known
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
            added = added_types(parts_of(item, LOAD_LIMIT_S).by_hook, item.name)
            found |= {one.name: item.name for one in added}
    return found


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
