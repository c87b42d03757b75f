"""`enable` and `disable` of the commands `plugins` and `tools`: at all running replicas."""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from octoperf_mcp.cli.local import opened
from octoperf_mcp.cli.settings import (
    add_config_arguments,
    add_data_dir_argument,
    data_dir_of,
    read,
)
from octoperf_mcp.config import Settings
from octoperf_mcp.entities.switches import Kind, Switches, SwitchStore
from octoperf_mcp.errors import ConfigError, PluginError, StoreUnavailableError
from octoperf_mcp.registry.switched import composed, require_dispensable, require_known

ACTIONS = ("enable", "disable")

Note = Callable[..., Awaitable[None]]


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
    on = args.action == "enable"
    require_dispensable(settings.plugins.required, kind, args.name, on=on)
    if kind == "plugin" and on:
        _require_healthy(settings, args.name)
    asyncio.run(_turn(settings, kind, args.name, on=on))
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
    _require_shared(settings, kind, name, on=on)
    async with _store(settings) as (store, note):
        await store.turn(kind, name, on=on)
        await note(f"{kind}.{'enable' if on else 'disable'}", name)


def switches_of(settings: Settings) -> tuple[Switches, list[str]]:
    """What was turned at running servers, and what the operator should know of it.

    Nothing is turned where nothing is kept. What is kept and cannot be read is told.
    """
    bridge = bool(settings.upstream.url)
    kept = settings.shared.redis_url.reveal() if bridge else _is_kept(settings)
    if not kept:
        return Switches(), []
    try:
        state = asyncio.run(_read(settings))
    except Exception as error:  # noqa: BLE001 - of any store; the listing is of use without it
        told = f"The switches of running servers cannot be read ({_reason(error)})."
        return Switches(), [told, "This is what the configuration says."]
    if not state.put_back_at:
        return state, []
    when = datetime.fromtimestamp(state.put_back_at, UTC).isoformat(timespec="seconds")
    return state, [
        f"Redis had lost the switches; a running bridge put them back at {when}.",
        "Let Redis keep what it holds (appendonly yes): with no bridge running nobody could have.",
    ]


def _reason(error: Exception) -> str:
    if isinstance(error, StoreUnavailableError):
        return "Redis does not answer"
    return str(error).partition("\n")[0][:200] or type(error).__name__


def _is_kept(settings: Settings) -> bool:
    """Whether there is a platform here, which a listing must not make."""
    folder = data_dir_of(settings)
    return bool(settings.embedded.database_url) or any(folder.glob("*.db"))


async def _read(settings: Settings) -> Switches:
    async with _store(settings) as (store, _):
        return await store.read()


def _require_shared(settings: Settings, kind: Kind, name: str, *, on: bool) -> None:
    """Refuse to turn what would be forgotten.

    Raises:
        ConfigError: a bridge without a shared store keeps no switches.
    """
    if settings.upstream.url and not settings.shared.redis_url.reveal():
        key = "enable" if on else "disable"
        section = "tools" if kind == "tool" else "plugins"
        raise ConfigError(
            "A bridge keeps switches in the store that its replicas share, and [shared] redis_url "
            f"is empty. Set it, or put {name!r} into [{section}] {key} and restart the bridge."
        )


@asynccontextmanager
async def _store(settings: Settings) -> AsyncIterator[tuple[SwitchStore, Note]]:
    """Where the switches of these settings are kept, and the audit trail beside it."""
    if not settings.upstream.url:
        from octoperf_mcp.embedded.store.switches import SwitchTable

        async with opened(settings) as local:
            yield SwitchTable(local.database), local.note
        return
    from octoperf_mcp.protocol.relay_redis import RedisRelay
    from octoperf_mcp.switching import RelaySwitches

    relay = RedisRelay(settings.shared.redis_url.reveal(), settings.shared.prefix)
    await relay.open()
    try:
        yield RelaySwitches(relay), _unnoted
    finally:
        await relay.close()


async def _unnoted(_action: str, *_entities: str) -> None:
    """A bridge has no audit trail."""
