"""`octoperf-mcp join-tokens`: what lets load generators join the embedded platform."""

import argparse
import asyncio
from datetime import UTC, datetime
from typing import Any

import orjson

from octoperf_mcp.cli.local import Local, add_local_arguments, local_settings, opened
from octoperf_mcp.config import Settings
from octoperf_mcp.errors import ConfigError

_OF_THE_PLATFORM = "This machine"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    creating = actions.add_parser("create", help="make a token; it is shown once")
    creating.add_argument("--name", required=True, help="what it is for; shown in lists")
    listing = actions.add_parser("list", help="list the tokens of a provider")
    listing.add_argument("--json", action="store_true", help="as JSON")
    revoking = actions.add_parser(
        "revoke", help="end a token: machines that joined with it are shut out within seconds"
    )
    revoking.add_argument("token_id")
    for each in (creating, listing, revoking):
        each.add_argument(
            "--provider",
            default=_OF_THE_PLATFORM,
            metavar="NAME",
            help=f"name or id of the provider (default: {_OF_THE_PLATFORM})",
        )
        add_local_arguments(each)


def run(args: argparse.Namespace) -> int:
    """Print the token and nothing else; or list, or revoke."""
    settings = local_settings(args)
    match args.action:
        case "create":
            print(asyncio.run(_create(settings, args)))
        case "list":
            _print(asyncio.run(_all(settings, args)), as_json=args.json)
        case _:
            asyncio.run(_revoke(settings, args))
    return 0


async def _create(settings: Settings, args: argparse.Namespace) -> str:
    from octoperf_mcp.embedded.generators.join_tokens import JoinTokens

    async with opened(settings) as local:
        provider_id = await _provider(local, args.provider)
        tokens = JoinTokens(local.database)
        token, made = await tokens.create(provider_id, args.name, user_id="")
        await local.note("join-token.create", provider_id, made.id)
        return token


async def _all(settings: Settings, args: argparse.Namespace) -> list[dict[str, Any]]:
    from octoperf_mcp.embedded.generators.join_tokens import JoinTokens

    async with opened(settings) as local:
        provider_id = await _provider(local, args.provider)
        return [
            each.document() for each in await JoinTokens(local.database).of_provider(provider_id)
        ]


async def _revoke(settings: Settings, args: argparse.Namespace) -> None:
    from octoperf_mcp.embedded.generators.join_tokens import JoinTokens

    async with opened(settings) as local:
        provider_id = await _provider(local, args.provider)
        if not await JoinTokens(local.database).revoke(provider_id, args.token_id):
            raise ConfigError(
                f"There is no join token {args.token_id!r}; see `octoperf-mcp join-tokens list`."
            )
        await local.note("join-token.revoke", provider_id, args.token_id)


async def _provider(local: Local, wanted: str) -> str:
    """Id of a provider of any workspace.

    Raises:
        ConfigError: none, or several have that name.
    """
    from octoperf_mcp.embedded.generators.providers import all_providers

    known = await all_providers(local.database)
    found = [each.id for each in known if wanted in {each.id, each.body.get("name")}]
    if len(found) != 1:
        names = ", ".join(f"{each.body.get('name')} ({each.id})" for each in known)
        what = "There is no" if not found else "Several have the name of"
        raise ConfigError(f"{what} provider {wanted!r}; there are: {names or 'none'}.")
    return found[0]


def _print(tokens: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print(orjson.dumps(tokens).decode())
        return
    for token in tokens:
        used = f"last used {_minute(token['lastUsed'])}" if token["lastUsed"] else "never used"
        print(f"{token['id']}  {token['name']:<30} made {_minute(token['created'])}  {used}")


def _minute(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
