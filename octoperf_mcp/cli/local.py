"""The embedded platform's own database, for commands that work beside a running server."""

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from octoperf_mcp.cli.settings import add_data_dir_argument, data_dir_of
from octoperf_mcp.config import Settings, load_settings
from octoperf_mcp.errors import ConfigError

if TYPE_CHECKING:
    from octoperf_mcp.embedded.audit.trail import Trail
    from octoperf_mcp.embedded.idp.provider import IdentityProvider
    from octoperf_mcp.embedded.store.database import Database
    from octoperf_mcp.embedded.store.documents import Documents

OPERATOR = "command line"


@dataclass(frozen=True, slots=True)
class Local:
    """What local administration works with."""

    identity: "IdentityProvider"
    documents: "Documents"
    audit: "Trail"
    database: "Database"

    async def note(self, action: str, *entities: str) -> None:
        """Append to the audit trail what the operator of this machine did."""
        from octoperf_mcp.embedded.audit.trail import Entry

        entry = Entry(
            user_id="", username=OPERATOR, client=OPERATOR, action=action, entities=entities
        )
        await self.audit.record(entry)


def add_local_arguments(parser: argparse.ArgumentParser) -> None:
    """`--config` and `--data-dir`."""
    parser.add_argument("--config", type=Path, help="TOML file (default: octoperf-mcp.toml)")
    add_data_dir_argument(parser)


def local_settings(args: argparse.Namespace) -> Settings:
    """Configuration as those flags, the environment and the file say."""
    flags = {"embedded": {"data_dir": args.data_dir}}
    return load_settings(flags=flags, file=args.config, lenient=True)


@asynccontextmanager
async def opened(settings: Settings, origin: str = "") -> AsyncIterator[Local]:
    """Open the platform's database; a server may be running on it.

    Args:
        settings: Say where it is.
        origin: Issuer of tokens that are made; default: the configured one.

    Raises:
        ConfigError: there is none, or this installation lacks the embedded platform.
    """
    try:
        from octoperf_mcp.embedded.app import database_url
        from octoperf_mcp.embedded.audit.trail import Trail
        from octoperf_mcp.embedded.idp.provider import IdentityProvider
        from octoperf_mcp.embedded.store.database import Database
        from octoperf_mcp.embedded.store.documents import Documents
    except ImportError as error:
        raise ConfigError(
            f"This needs the extra `embedded` ({error.name} is missing): "
            "pip install 'octoperf-mcp[embedded]'."
        ) from error
    data_dir = data_dir_of(settings)
    if not settings.embedded.database_url and not data_dir.is_dir():
        raise ConfigError(
            f"{data_dir} holds no platform yet: run `octoperf-mcp serve` once, or name --data-dir."
        )
    server = settings.server
    origin = origin or server.public_url.rstrip("/") or "http://127.0.0.1"
    database = await Database.open(database_url(settings.embedded, data_dir))
    try:
        identity = await IdentityProvider.open(database, origin=origin)
        trail = Trail(database, keep_days=settings.embedded.audit_days)
        try:
            yield Local(identity, Documents(database), trail, database)
        finally:
            await trail.close()
            await identity.close()
    finally:
        await database.close()
