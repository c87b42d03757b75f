"""`octoperf-mcp token`: short access tokens for curl, and CI tokens with limits."""

import argparse
import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from octoperf_mcp.auth.scopes import OPERATION_SCOPES, READ
from octoperf_mcp.cli.local import Local, add_local_arguments, local_settings, opened
from octoperf_mcp.config import ServerSettings, Settings
from octoperf_mcp.errors import ConfigError

if TYPE_CHECKING:
    from octoperf_mcp.embedded.idp.grants import Grant

_MOST_MINUTES = 60
_ACTIONS = {
    "create": "make a CI token; it is shown once",
    "list": "list a user's CI tokens",
    "revoke": "end a CI token from its next call on",
}
_AREAS = ("import", "edit", "validation", "bench", "analysis")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument(
        "--minutes", type=int, default=15, help=f"life, at most {_MOST_MINUTES} (default: 15)"
    )
    _add_common(parser)
    parser.add_argument("--read-only", action="store_true", help="grant reading only")
    actions = parser.add_subparsers(dest="action", metavar="[ACTION]")
    # Given before the action, these hold too; defaults of the action's own would undo that.
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    _add_common(common)
    parts = {
        name: actions.add_parser(name, help=text, parents=[common])
        for name, text in _ACTIONS.items()
    }
    _add_create(parts["create"])
    listing, revoking = parts["list"], parts["revoke"]
    listing.add_argument("--json", action="store_true", help="as JSON")
    revoking.add_argument("token_id")
    parser.set_defaults(user="demo")


def _add_create(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--name", required=True, help="what it is for; shown in lists")
    parser.add_argument("--days", type=int, required=True, help="life, at most 366")
    parser.add_argument(
        "--area",
        action="append",
        choices=_AREAS,
        metavar="AREA",
        help=f"where it may change or start things: {', '.join(_AREAS)}; several are fine "
        "(default: everywhere)",
    )
    parser.add_argument("--workspace", default="", metavar="ID", help="the only workspace it sees")
    parser.add_argument("--max-users", type=int, default=0, help="most virtual users of a run")
    parser.add_argument("--max-minutes", type=int, default=0, help="longest planned run")
    parser.add_argument("--runs-per-day", type=int, default=0, help="most runs within 24 hours")
    parser.add_argument(
        "--read-only",
        action="store_true",
        default=argparse.SUPPRESS,
        help="grant reading only",
    )


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--user", help="whose token (default: demo)")
    parser.add_argument("--url", help="origin of the server (default: as `serve` would have it)")
    add_local_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Print the token and nothing else; or list, or revoke."""
    settings = local_settings(args)
    origin = (args.url or origin_of(settings.server)).rstrip("/")
    match args.action:
        case "create":
            print(asyncio.run(_create(settings, origin, args)))
        case "list":
            _print(asyncio.run(_all(settings, origin, args.user)), as_json=args.json)
        case "revoke":
            asyncio.run(_revoke(settings, origin, args))
        case _:
            if not 1 <= args.minutes <= _MOST_MINUTES:
                raise ConfigError(f"--minutes must be 1 to {_MOST_MINUTES}.")
            print(asyncio.run(_mint(settings, origin, args)))
    return 0


def origin_of(server: ServerSettings) -> str:
    """The origin that `serve` takes with these settings."""
    return server.public_url or f"http://{server.host}:{server.port}"


async def _mint(settings: Settings, origin: str, args: argparse.Namespace) -> str:
    scopes = (READ,) if args.read_only else OPERATION_SCOPES
    async with opened(settings, origin) as local:
        user_id = await _user_id(local, args.user)
        return await local.identity.mint_token(user_id, scopes, args.minutes * 60)


async def _create(settings: Settings, origin: str, args: argparse.Namespace) -> str:
    async with opened(settings, origin) as local:
        from octoperf_mcp.embedded.idp.ci_tokens import WantedToken
        from octoperf_mcp.embedded.limits import Limits

        user_id = await _user_id(local, args.user)
        if args.workspace:
            await local.documents.get("workspace", args.workspace, user_id=user_id)
        limits = Limits(
            areas=tuple(args.area or ()),
            workspace_id=args.workspace,
            most_users=args.max_users,
            most_minutes=args.max_minutes,
            runs_per_day=args.runs_per_day,
        )
        wanted = WantedToken(args.name, args.days, args.read_only, limits)
        token, grant = await local.identity.ci_tokens.create(user_id, wanted)
        await local.note("ci-token.create", grant.id)
        return token


async def _all(settings: Settings, origin: str, username: str) -> list[dict[str, Any]]:
    async with opened(settings, origin) as local:
        user_id = await _user_id(local, username)
        grants = await local.identity.ci_tokens.of_user(user_id)
        return [
            _shown(grant, (await local.identity.ci_tokens.limits(grant.id)).in_words())
            for grant in grants
        ]


def _shown(grant: "Grant", limits: Sequence[str]) -> dict[str, Any]:
    return {
        "id": grant.id,
        "name": grant.client_name,
        "scope": grant.scope,
        "limits": list(limits),
        "created": grant.created,
        "lastUsed": grant.last_used,
        "expires": grant.expires,
    }


async def _revoke(settings: Settings, origin: str, args: argparse.Namespace) -> None:
    async with opened(settings, origin) as local:
        user_id = await _user_id(local, args.user)
        if not await local.identity.revoke_grant(args.token_id, user_id=user_id):
            raise ConfigError(
                f"{args.user} has no token {args.token_id!r}; see `octoperf-mcp token list`."
            )
        await local.note("ci-token.revoke", args.token_id)


async def _user_id(local: Local, username: str) -> str:
    user = await local.identity.find_user(username)
    if user is None:
        known = ", ".join(each["username"] for each in await local.identity.users.all())
        raise ConfigError(f"There is no user {username!r}; known are: {known or 'none'}.")
    return str(user["id"])


def _print(tokens: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print(orjson.dumps(tokens).decode())
        return
    for token in tokens:
        until = datetime.fromtimestamp(token["expires"] / 1000, UTC).strftime("%Y-%m-%d")
        limits = "; ".join(token["limits"]) or "no limits"
        print(f"{token['id']}  {token['name']:<30} until {until}  {token['scope']}  ({limits})")
