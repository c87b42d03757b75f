"""`octoperf-mcp keys`: what signs the tokens of the embedded platform."""

import argparse
import asyncio
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import orjson

from octoperf_mcp.cli.local import add_local_arguments, local_settings, opened
from octoperf_mcp.config import Settings

if TYPE_CHECKING:
    from octoperf_mcp.embedded.idp.rotation import KeyState


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="list the keys")
    listing.add_argument("--json", action="store_true", help="as JSON")
    rotating = actions.add_parser(
        "rotate",
        help="publish a new key, which signs in 10 minutes",
        epilog="Servers that run on the same data follow by themselves. Old keys verify until the "
        "last token that they signed is over.",
    )
    rotating.add_argument(
        "--at-once",
        action="store_true",
        help="drop the old keys: for one that leaked. Clients renew their tokens by themselves; "
        "CI tokens and session tokens must be made anew",
    )
    for each in (listing, rotating):
        add_local_arguments(each)


def run(args: argparse.Namespace) -> int:
    """Do it."""
    settings = local_settings(args)
    if args.action == "rotate":
        print(asyncio.run(_rotate(settings, at_once=args.at_once)))
    else:
        _print(asyncio.run(_all(settings)), as_json=args.json)
    return 0


async def _rotate(settings: Settings, *, at_once: bool) -> str:
    async with opened(settings) as local:
        kid = await local.identity.rotate_keys(at_once=at_once)
        await local.note("keys.rotate", kid)
        return kid


async def _all(settings: Settings) -> "list[KeyState]":
    async with opened(settings) as local:
        return await local.identity.key_states()


def _print(keys: "list[KeyState]", *, as_json: bool) -> None:
    if as_json:
        print(orjson.dumps([asdict(key) for key in keys]).decode())
        return
    for key in keys:
        until = f"until {_minute(key.retires)}" if key.state == "signs" and key.retires else ""
        print(f"{key.kid:<20} {key.state:<9} made {_minute(key.created)} {until}".rstrip())


def _minute(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
