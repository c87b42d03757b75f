"""`enable` and `disable` of the commands `plugins` and `tools`: at all running replicas."""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from octoperf_mcp.cli.local import opened
from octoperf_mcp.cli.settings import add_config_arguments, add_data_dir_argument, read
from octoperf_mcp.config import Settings
from octoperf_mcp.entities.switches import Kind, Switches, SwitchStore
from octoperf_mcp.errors import ConfigError, PluginError
from octoperf_mcp.registry.switched import composed, require_known

ACTIONS = ("enable", "disable")


def add_switch_arguments(actions: Any, kind: Kind) -> None:
    """The two actions."""
    for action in ACTIONS:
        parser: argparse.ArgumentParser = actions.add_parser(
            action, help=f"{action} a {kind} at all running servers, and from now on"
        )
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--upstream", help=argparse.SUPPRESS)
        add_data_dir_argument(parser)
        add_config_arguments(parser)


def turn(args: argparse.Namespace, kind: Kind) -> int:
    """Turn one."""
    settings, registry = read(args)
    require_known(registry, kind, args.name)
    if kind == "plugin" and args.action == "enable":
        _require_healthy(settings, args.name)
    asyncio.run(_turn(settings, kind, args.name, on=args.action == "enable"))
    sys.stdout.write(
        f"{args.name} is {args.action}d; running servers follow within a second or two.\n"
    )
    return 0


def _require_healthy(settings: Settings, name: str) -> None:
    """Refuse to enable a plugin that does not load here.

    Raises:
        PluginError: it is broken, with the reason.
    """
    state = Switches().turned("plugin", name, on=True)
    registry = composed(settings.plugins, settings.tools, state)
    found = [plugin for plugin in registry.plugins if plugin.name == name]
    if not any(plugin.state == "enabled" for plugin in found):
        raise PluginError(f"The plugin {name!r} is broken: {found[0].reason}")


async def _turn(settings: Settings, kind: Kind, name: str, *, on: bool) -> None:
    async with _store(settings, kind, name, on=on) as store:
        await store.turn(kind, name, on=on)


@asynccontextmanager
async def _store(
    settings: Settings, kind: Kind, name: str, *, on: bool
) -> AsyncIterator[SwitchStore]:
    """Where the switches of these settings are kept.

    Raises:
        ConfigError: a bridge without a shared store keeps none.
    """
    if not settings.upstream.url:
        from octoperf_mcp.embedded.store.switches import SwitchTable

        async with opened(settings) as local:
            yield SwitchTable(local.database)
            await local.note(f"{kind}.{'enable' if on else 'disable'}", name)
        return
    url = settings.shared.redis_url.reveal()
    if not url:
        key = "enable" if on else "disable"
        section = "tools" if kind == "tool" else "plugins"
        raise ConfigError(
            "A bridge keeps switches in the store that its replicas share, and [shared] redis_url "
            f"is empty. Set it, or put {name!r} into [{section}] {key} and restart the bridge."
        )
    from octoperf_mcp.protocol.relay_redis import RedisRelay
    from octoperf_mcp.switching import RelaySwitches

    relay = RedisRelay(url, settings.shared.prefix)
    await relay.open()
    try:
        yield RelaySwitches(relay)
    finally:
        await relay.close()
