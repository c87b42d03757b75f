"""`octoperf-mcp restore`: a backup becomes a data directory, brought to this version's schema."""

import argparse
import asyncio
import os
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from octoperf_mcp.cli.backup import require_sqlite
from octoperf_mcp.cli.local import add_local_arguments, local_settings
from octoperf_mcp.cli.settings import data_dir_of
from octoperf_mcp.errors import ConfigError

if TYPE_CHECKING:
    from octoperf_mcp.embedded.store.backups import Backup


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("file", type=Path, help="what `octoperf-mcp backup` wrote")
    parser.add_argument(
        "--replace", action="store_true", help="put data that is there aside, under another name"
    )
    parser.add_argument(
        "--check", action="store_true", help="verify the backup only, and change nothing"
    )
    parser.add_argument("--json", action="store_true", help="as JSON")
    add_local_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Do it."""
    settings = local_settings(args)
    require_sqlite(settings, "pg_restore octoperf.dump")
    data_dir = data_dir_of(settings)
    if not args.check:
        _require_free(data_dir, replace=args.replace)
    data_dir.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(dir=data_dir.parent, prefix=f".{data_dir.name}-restore-"))
    try:
        backup = _prepared(args.file, staging)
        aside = None if args.check else _put_in_place(staging, data_dir)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    _tell(args, backup, data_dir, aside)
    return 0


def _require_free(data_dir: Path, *, replace: bool) -> None:
    from octoperf_mcp.embedded.store.backups import DATABASE, in_use

    if not data_dir.is_dir() or not any(data_dir.iterdir()):
        return
    if not replace:
        raise ConfigError(
            f"{data_dir} is not empty: name another --data-dir, or --replace to put it aside."
        )
    if (data_dir / DATABASE).is_file() and in_use(data_dir):
        raise ConfigError(f"A server is running on {data_dir}: stop it first.")


def _prepared(file: Path, staging: Path) -> "Backup":
    """Unpack, verify, and bring the database to this version's schema."""
    from octoperf_mcp.embedded.app import database_url  # knows all tables
    from octoperf_mcp.embedded.store.backups import unpack
    from octoperf_mcp.embedded.store.database import Database

    async def migrate() -> None:
        database = await Database.open(database_url(settings, staging))
        await database.close()

    from octoperf_mcp.config import EmbeddedSettings

    settings = EmbeddedSettings()
    backup = unpack(file, staging)
    asyncio.run(migrate())
    return backup


def _put_in_place(staging: Path, data_dir: Path) -> Path | None:
    """Give the folder its name; answers where the data that was there is now."""
    aside = None
    if data_dir.is_dir():
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        aside = data_dir.with_name(f"{data_dir.name}.before-{stamp}")
        data_dir.rename(aside)
    staging.rename(data_dir)
    folder = os.open(data_dir.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return aside


def _tell(args: argparse.Namespace, backup: "Backup", data_dir: Path, aside: Path | None) -> None:
    if args.json:
        told = {"version": backup.version, "schema": backup.schema, "created": backup.created}
        places = {"dataDir": None if args.check else str(data_dir), "aside": aside and str(aside)}
        print(orjson.dumps({**told, "files": len(backup.files), **places}).decode())
        return
    print(f"{args.file}: made {backup.created} by version {backup.version}; all of it is whole.")
    if not args.check:
        print(f"Restored to {data_dir}.")
    if aside is not None:
        print(f"What was there is in {aside}.")
