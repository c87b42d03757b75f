"""What a plugin adds beside tools, and what of it cannot work."""

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any, Final

from octoperf_mcp.registry.extending import Command, Registered
from octoperf_mcp.registry.guide import called_tools
from octoperf_mcp.registry.readable import is_skill
from octoperf_mcp.registry.registry import Registry

_COMMAND: Final = ("add_arguments", "run")


def added_by(registry: Registry, plugin: str) -> list[str]:
    """What it is, with its name."""
    section = registry.section_owners.get(plugin)
    commands = _commands_of(registry, plugin)
    running: dict[str, tuple[Iterable[Registered[Any]], str]] = {
        "notifier": (registry.notifiers, "name"),
        "health check": (registry.health_checks, "name"),
        "import": (registry.importers, "kind"),
        "correlation framework": (registry.frameworks, "id"),
        "action": (registry.action_types, "name"),
        "report item": (registry.report_items, "type"),
    }
    return [
        *([f"section [{section}]"] if section else ()),
        *(f"command {name}" for name in commands),
        *(
            f"{'resource' if '://' in name else 'prompt'} {name}"
            for name, owner in sorted(registry.reading_owners.items())
            if owner == plugin
        ),
        *(
            f"public file {path}"
            for path, owner in registry.asset_owners.items()
            if owner == plugin
        ),
        *(
            f"{what} {getattr(one.value, member)}"
            for what, (listed, member) in running.items()
            for one in listed
            if one.plugin == plugin
        ),
    ]


def of_additions(registry: Registry, plugin: str) -> Iterator[str]:
    """Problems: functions that are not where they are said to be, and skills that are left out."""
    for action in registry.action_types:
        if action.plugin == plugin:
            yield from _of_place(f"action {action.value.name}", action.value.play)
    for importer in registry.importers:
        if importer.plugin == plugin:
            yield from _of_place(f"import {importer.value.kind}", importer.value.read)
    for name, command in _commands_of(registry, plugin).items():
        for function in _COMMAND:
            yield from _of_place(f"command {name}", f"{command.import_path}:{function}")
    for path, owner in registry.asset_owners.items():
        if owner == plugin and is_skill(path):
            content = registry.public_assets[path].content.decode("utf-8", "replace")
            for tool in sorted(called_tools(content) - registry.tools.keys()):
                yield f"{path}: it is left out, since it calls {tool}(…), which is no tool"


def _commands_of(registry: Registry, plugin: str) -> dict[str, Command]:
    return {
        name: command
        for name, command in registry.commands.items()
        if registry.command_owners.get(name) == plugin
    }


def _of_place(what: str, place: str) -> Iterator[str]:
    """`module:function` has to be there, in the processes that import it later as well as here."""
    module, _, function = place.partition(":")
    try:
        found = getattr(import_module(module), function)
    except Exception as error:  # noqa: BLE001 - a module of others may fail in any way
        yield f"{what}: {place} cannot be used: {type(error).__name__}: {error}"[:500]
        return
    if not callable(found):
        yield f"{what}: {place} is no function"
