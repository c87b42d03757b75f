"""`octoperf-mcp backup`: the data of the embedded platform in one file, while it runs."""

import argparse
from datetime import UTC, datetime
from pathlib import Path

import orjson

from octoperf_mcp.cli.local import add_local_arguments, local_settings
from octoperf_mcp.cli.settings import data_dir_of
from octoperf_mcp.config import Settings, shown
from octoperf_mcp.errors import ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument(
        "file", nargs="?", type=Path, help="where to (default: octoperf-mcp-TIME.tar.gz)"
    )
    parser.add_argument(
        "--without-run-files", action="store_true", help="leave logs and raw samples of runs out"
    )
    parser.add_argument("--json", action="store_true", help="as JSON")
    add_local_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Do it."""
    settings = local_settings(args)
    require_sqlite(settings, "pg_dump --format=custom --file=octoperf.dump")
    from octoperf_mcp.embedded.store.backups import make_backup

    data_dir = data_dir_of(settings)
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    target: Path = args.file or Path(f"octoperf-mcp-{stamp}.tar.gz")
    backup = make_backup(data_dir, target, run_files=not args.without_run_files)
    size = target.stat().st_size
    if args.json:
        told = {"file": str(target), "sizeBytes": size, "schema": backup.schema}
        print(orjson.dumps({**told, "files": len(backup.files)}).decode())
    else:
        print(f"{target}: {len(backup.files)} files of {data_dir}, {size:,} bytes.")
        print("It holds the keys of the platform in the clear: keep it as you keep passwords.")
    return 0


def require_sqlite(settings: Settings, command: str) -> None:
    """Refuse a platform on PostgreSQL, with what to do instead.

    Raises:
        ConfigError: it is on PostgreSQL.
    """
    url = settings.embedded.database_url
    if url and not url.startswith("sqlite"):
        raise ConfigError(
            "The platform keeps its data in PostgreSQL, which has backups of its own: "
            f"{command} --dbname='{shown(url)}', and keep secrets.key of the data directory "
            "(or [embedded] secrets_key) and its folder runs with it."
        )
    if url:
        raise ConfigError("[embedded] database_url must be unset: a backup is of a data directory.")
