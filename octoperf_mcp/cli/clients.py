"""`octoperf-mcp clients`: the OAuth clients that registered with the embedded platform."""

import argparse
import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from octoperf_mcp.cli.audit import epoch_ms
from octoperf_mcp.cli.local import add_local_arguments, local_settings, opened
from octoperf_mcp.config import Settings
from octoperf_mcp.errors import ConfigError

if TYPE_CHECKING:
    from octoperf_mcp.embedded.idp.clients import ClientUse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="list them with their last use")
    listing.add_argument("--json", action="store_true", help="as JSON")
    delete = actions.add_parser("delete", help="delete one and all its connections")
    delete.add_argument("client_id")
    prune = actions.add_parser("prune", help="delete all that nobody has used since a date")
    prune.add_argument(
        "--unused-since", required=True, metavar="WHEN", help="a date (2026-07-01) in UTC, or 90d"
    )
    for each in (listing, delete, prune):
        add_local_arguments(each)


def run(args: argparse.Namespace) -> int:
    """Do it. What was deleted fails on its next call."""
    settings = local_settings(args)
    if args.action == "list":
        _print(asyncio.run(_all(settings)), as_json=args.json)
    elif args.action == "delete":
        asyncio.run(_delete(settings, args.client_id))
    else:
        gone = asyncio.run(_prune(settings, epoch_ms(args.unused_since)))
        print(f"{gone} deleted.")
    return 0


async def _all(settings: Settings) -> "list[ClientUse]":
    async with opened(settings) as local:
        return await local.identity.clients.uses()


async def _delete(settings: Settings, client_id: str) -> None:
    async with opened(settings) as local:
        if not await local.identity.delete_client(client_id):
            raise ConfigError(f"There is no client {client_id!r}; see `octoperf-mcp clients list`.")
        await local.note("client.delete", client_id)


async def _prune(settings: Settings, since_ms: int) -> int:
    async with opened(settings) as local:
        gone = await local.identity.delete_unused_clients(since_ms)
        await local.note("client.prune")
        return gone


def _print(uses: "list[ClientUse]", *, as_json: bool) -> None:
    if as_json:
        print(orjson.dumps([_shown(use) for use in uses]).decode())
        return
    for use in uses:
        used = _day(use.last_used) if use.last_used is not None else "never used"
        count = f"{use.grants} connection{'' if use.grants == 1 else 's'}"
        print(f"{use.client.name:<30} {use.client.id}  {used:<10}  {count}")


def _shown(use: "ClientUse") -> dict[str, Any]:
    client = use.client
    return {
        "clientId": client.id,
        "clientName": client.name,
        "redirectUris": list(client.redirect_uris),
        "scope": client.scope,
        "created": client.created,
        "lastUsed": use.last_used,
        "connections": use.grants,
    }


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d")
