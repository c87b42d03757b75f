"""Backups of a data directory: one file that holds the database, the sealing key and run files.

The database is copied by SQLite's backup interface, in one consistent state while servers write to
it. The file holds keys in the clear (the one that seals secret values, and those that sign tokens),
so that it is made readable for its owner alone. PostgreSQL has backups of its own.
"""

import contextlib
import hashlib
import io
import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

import orjson

from octoperf_mcp import __version__
from octoperf_mcp.embedded.store.database import SCHEMA_VERSION
from octoperf_mcp.errors import OctoPerfMcpError

DATABASE: Final = "octoperf.db"
MANIFEST: Final = "manifest.json"
FORMAT: Final = 1
_RUNS: Final = "runs"
_LEFT_OUT: Final = frozenset({"resources"})
"""Of a run's folder: copies of project files, which the database has."""

_CHUNK: Final = 1024 * 1024
_MAX_MANIFEST_BYTES: Final = 64 * 1024 * 1024


class BackupError(OctoPerfMcpError):
    """A backup cannot be made or restored; the message says why."""

    code = "backup_error"


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup is of: versions, UTC time in ISO 8601, and the files with size and SHA-256."""

    version: str
    schema: int
    created: str
    files: dict[str, dict[str, Any]]


def make_backup(data_dir: Path, target: Path, *, run_files: bool = True) -> Backup:
    """Write a backup; servers may be running on the directory.

    Args:
        data_dir: The data directory.
        target: The file, which must not exist.
        run_files: Whether to include logs and raw samples of runs.

    Raises:
        BackupError: there is no database, it is broken, or the file exists.
    """
    source = data_dir / DATABASE
    if not source.is_file():
        raise BackupError(f"{source} does not exist: there is nothing to back up.")
    files: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as folder:
        copied = Path(folder) / DATABASE
        schema = _copy(source, copied)
        with _new(target) as raw, tarfile.open(fileobj=raw, mode="w:gz", compresslevel=3) as tar:
            _add(tar, files, DATABASE, copied)
            for name, path in _beside(data_dir, run_files=run_files):
                _add(tar, files, name, path)
            backup = Backup(__version__, schema, datetime.now(UTC).isoformat(), files)
            told = orjson.dumps({"format": FORMAT, **asdict(backup)})
            _write(tar, MANIFEST, io.BytesIO(told), len(told))
    return backup


def unpack(file: Path, folder: Path) -> Backup:
    """Unpack a backup into an empty folder and verify every byte.

    Raises:
        BackupError: it is no backup, damaged, or of a later version.
    """
    try:
        with tarfile.open(file, mode="r:gz") as tar:
            found = _extract(tar, folder)
    except (OSError, EOFError, tarfile.TarError) as error:
        raise BackupError(f"{file} is no backup, or damaged: {error}") from error
    backup = _manifest(folder / MANIFEST, file)
    (folder / MANIFEST).unlink()
    _verify(backup, found, file)
    schema = _checked(folder / DATABASE)
    if schema > SCHEMA_VERSION:
        raise BackupError(
            f"{file} was made by version {backup.version} (schema {schema}); this is version "
            f"{__version__} (schema {SCHEMA_VERSION}). Install that version to restore it."
        )
    return backup


def in_use(data_dir: Path) -> bool:
    """Whether some process has the database of a directory open."""
    try:
        with contextlib.closing(sqlite3.connect(data_dir / DATABASE, timeout=0)) as connection:
            # leaving WAL needs to be alone
            (mode,) = connection.execute("PRAGMA journal_mode=DELETE").fetchone()
    except sqlite3.OperationalError:
        return True
    return str(mode) != "delete"


def _copy(source: Path, target: Path) -> int:
    """Copy a database in one consistent state; answers the version of its schema."""
    target.touch(mode=0o600)
    try:
        with (
            contextlib.closing(
                sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)
            ) as old,
            contextlib.closing(sqlite3.connect(target)) as new,
        ):
            old.backup(new)
            new.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        raise BackupError(f"{source} cannot be copied: {error}") from error
    return _checked(target)


def _checked(database: Path) -> int:
    """The version of a database's schema, after a check of all its pages."""
    try:
        with contextlib.closing(sqlite3.connect(database)) as connection:
            (state,) = connection.execute("PRAGMA integrity_check").fetchone()
            (schema,) = connection.execute("SELECT version FROM schema_version").fetchone()
    except (sqlite3.Error, TypeError) as error:
        raise BackupError(f"The database in it is broken: {error}.") from error
    if state != "ok":
        raise BackupError(f"The database is broken: {state}.")
    return int(schema)


def _beside(data_dir: Path, *, run_files: bool) -> Iterator[tuple[str, Path]]:
    """Files of a data directory besides the database, by name in the backup."""
    for path in sorted(data_dir.iterdir()):
        if path.is_file() and not path.is_symlink() and not path.name.startswith(DATABASE):
            yield path.name, path
    for path in sorted((data_dir / _RUNS).rglob("*")) if run_files else ():
        inside = path.relative_to(data_dir)
        kept = inside.parts[2:3] and inside.parts[2] not in _LEFT_OUT
        if kept and path.is_file() and not path.is_symlink():
            yield inside.as_posix(), path


def _new(target: Path) -> IO[bytes]:
    try:
        return os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    except OSError as error:
        raise BackupError(f"{target} cannot be written: {error.strerror}.") from error


def _add(tar: tarfile.TarFile, files: dict[str, dict[str, Any]], name: str, path: Path) -> None:
    """Add a file as long as it is now; a run may go on writing to it, or remove it."""
    try:
        opened = path.open("rb")
    except FileNotFoundError:
        return
    with opened:
        size = os.fstat(opened.fileno()).st_size
        reader = _Measured(opened)
        _write(tar, name, reader, size)
        files[name] = {"size": size, "sha256": reader.digest.hexdigest()}


class _Measured(io.RawIOBase):
    """Reads a file and computes its digest on the way."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        return data


def _write(tar: tarfile.TarFile, name: str, reader: Any, size: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    tar.addfile(entry, reader)


def _extract(tar: tarfile.TarFile, folder: Path) -> dict[str, tuple[int, str]]:
    """Write the plain files of an archive below a folder; answers size and digest by name."""
    found: dict[str, tuple[int, str]] = {}
    for entry in tar:
        name = PurePosixPath(entry.name)
        if not entry.isreg() or name.is_absolute() or ".." in name.parts or entry.name in found:
            raise BackupError(f"The backup holds {entry.name!r}, which no backup holds.")
        path = folder.joinpath(*name.parts)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        reader = tar.extractfile(entry)
        digest = hashlib.sha256()
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            while reader is not None and (data := reader.read(_CHUNK)):
                digest.update(data)
                file.write(data)
        found[entry.name] = (entry.size, digest.hexdigest())
    return found


def _manifest(path: Path, file: Path) -> Backup:
    try:
        if path.stat().st_size > _MAX_MANIFEST_BYTES:
            raise BackupError(f"{file} is no backup: its manifest is too large.")
        told = orjson.loads(path.read_bytes())
        if told.pop("format") != FORMAT:
            raise BackupError(f"{file} has a format that this version does not know.")
        return Backup(**told)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupError(f"{file} is no backup: it has no manifest.") from error


def _verify(backup: Backup, found: dict[str, tuple[int, str]], file: Path) -> None:
    told = {name: (each["size"], each["sha256"]) for name, each in backup.files.items()}
    for name in sorted({*told, *found} - {MANIFEST}):
        if told.get(name) != found.get(name):
            raise BackupError(f"{file} is damaged: {name} is not what was backed up.")
