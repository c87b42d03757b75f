"""`octoperf-mcp token`: a short access token of a local user, for scripts and curl."""

import argparse
import asyncio
from pathlib import Path

from octoperf_mcp.auth.scopes import OPERATION_SCOPES, READ
from octoperf_mcp.cli.settings import add_data_dir_argument, data_dir_of
from octoperf_mcp.config import ServerSettings, Settings, load_settings
from octoperf_mcp.errors import ConfigError

_MOST_MINUTES = 60


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("--user", default="demo", help="whose token (default: demo)")
    parser.add_argument("--read-only", action="store_true", help="grant reading only")
    parser.add_argument(
        "--minutes", type=int, default=15, help=f"life, at most {_MOST_MINUTES} (default: 15)"
    )
    parser.add_argument("--url", help="origin of the server (default: as `serve` would have it)")
    parser.add_argument("--config", type=Path, help="TOML file (default: octoperf-mcp.toml)")
    add_data_dir_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Print the token and nothing else."""
    if not 1 <= args.minutes <= _MOST_MINUTES:
        raise ConfigError(f"--minutes must be 1 to {_MOST_MINUTES}.")
    settings = load_settings(
        flags={"embedded": {"data_dir": args.data_dir}}, file=args.config, lenient=True
    )
    scopes = (READ,) if args.read_only else OPERATION_SCOPES
    origin = (args.url or origin_of(settings.server)).rstrip("/")
    print(asyncio.run(_mint(settings, origin, args.user, scopes, args.minutes * 60)))
    return 0


def origin_of(server: ServerSettings) -> str:
    """The origin that `serve` takes with these settings."""
    return server.public_url or f"http://{server.host}:{server.port}"


async def _mint(
    settings: Settings, origin: str, username: str, scopes: tuple[str, ...], life_s: int
) -> str:
    from octoperf_mcp.embedded.app import database_url
    from octoperf_mcp.embedded.idp.provider import IdentityProvider
    from octoperf_mcp.embedded.store.database import Database

    data_dir = data_dir_of(settings)
    if not settings.embedded.database_url and not data_dir.is_dir():
        raise ConfigError(
            f"{data_dir} holds no platform yet: run `octoperf-mcp serve` once, or name --data-dir."
        )
    database = await Database.open(database_url(settings.embedded, data_dir))
    try:
        identity = await IdentityProvider.open(database, origin=origin)
        try:
            user = await identity.users.find(username)
            if user is None:
                known = ", ".join(found["username"] for found in await identity.users.all())
                raise ConfigError(f"There is no user {username!r}; known are: {known or 'none'}.")
            return await identity.mint_token(user["id"], scopes, life_s)
        finally:
            await identity.close()
    finally:
        await database.close()
