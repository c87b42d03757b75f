"""`octoperf-mcp backup` and `restore`."""

import contextlib
import io
import json
import sqlite3
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from octoperf_mcp.cli.main import run
from octoperf_mcp.embedded.store.database import SCHEMA_VERSION, Database


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse battery\n"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with a user, a sealing key and the files of a run."""
    folder = tmp_path / "data"
    (folder / "runs/r1/files").mkdir(parents=True)
    (folder / "runs/r1/files/jmeter.log").write_text("line\n", "utf-8")
    (folder / "runs/r1/resources").mkdir()
    (folder / "runs/r1/resources/users.csv").write_text("a,b\n", "utf-8")
    (folder / "secrets.key").write_text("a key\n", "utf-8")
    assert run(["users", "add", "ada", "--data-dir", str(folder)]) == 0
    return folder


@pytest.fixture
def backup(data: Path, tmp_path: Path) -> Path:
    file = tmp_path / "backup.tar.gz"
    assert run(["backup", str(file), "--data-dir", str(data)]) == 0
    return file


def users(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    capsys.readouterr()
    assert run(["users", "list", "--json", "--data-dir", str(data_dir)]) == 0
    return [user["username"] for user in json.loads(capsys.readouterr().out)]


def test_what_was_backed_up_is_there_after_a_restore(
    backup: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert backup.stat().st_mode & 0o077 == 0
    there = tmp_path / "there"
    assert run(["restore", str(backup), "--data-dir", str(there)]) == 0
    assert users(there, capsys) == ["ada"]
    assert (there / "secrets.key").read_text("utf-8") == "a key\n"
    assert (there / "secrets.key").stat().st_mode & 0o077 == 0
    assert there.stat().st_mode & 0o077 == 0
    assert (there / "runs/r1/files/jmeter.log").read_text("utf-8") == "line\n"
    assert not (there / "runs/r1/resources").exists()


def test_a_backup_is_one_state_although_a_server_writes(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two rows of one transaction are both in the backup, or neither is."""
    database = data / "octoperf.db"
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE pair (a INTEGER, b BLOB)")
    stop, begun = threading.Event(), threading.Event()

    def write() -> None:
        with contextlib.closing(sqlite3.connect(database, timeout=30)) as connection:
            number = 0
            while not stop.is_set():
                number += 1
                with connection:
                    connection.execute("INSERT INTO pair VALUES (?, zeroblob(3000))", (number,))
                    connection.execute("INSERT INTO pair VALUES (?, zeroblob(3000))", (-number,))
                if number == 20:
                    begun.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert begun.wait(20)
        for number in range(3):
            assert run(["backup", f"{number}.tar.gz", "--data-dir", str(data)]) == 0
    finally:
        stop.set()
        writer.join()
    counts = []
    for number in range(3):
        there = tmp_path / f"there{number}"
        assert run(["restore", f"{number}.tar.gz", "--data-dir", str(there)]) == 0
        with contextlib.closing(sqlite3.connect(there / "octoperf.db")) as connection:
            found = connection.execute("SELECT COUNT(*), SUM(a) FROM pair").fetchone()
        assert found[1] == 0
        counts.append(found[0])
    assert counts[0] >= 40
    assert counts == sorted(counts)


def test_data_that_is_there_is_never_overwritten(
    backup: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["restore", str(backup), "--data-dir", str(data)]) == 2
    assert "--replace" in capsys.readouterr().err
    assert run(["restore", str(backup), "--data-dir", str(data), "--replace", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["dataDir"] == str(data)
    assert (Path(told["aside"]) / "octoperf.db").is_file()
    assert not list(data.parent.glob(".data-restore-*"))


async def test_a_server_that_runs_is_not_pulled_from_under(
    backup: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from octoperf_mcp.embedded.store.backups import in_use

    assert not in_use(data)
    database = await Database.open(f"sqlite:///{data / 'octoperf.db'}")
    try:
        async with database.reading() as connection:
            await connection.exec_driver_sql("SELECT 1 FROM schema_version")
        assert run(["restore", str(backup), "--data-dir", str(data), "--replace"]) == 2
    finally:
        await database.close()
    assert "stop it first" in capsys.readouterr().err


def test_a_backup_of_an_older_schema_is_migrated(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with contextlib.closing(sqlite3.connect(data / "octoperf.db")) as connection, connection:
        connection.execute("UPDATE schema_version SET version = ?", (SCHEMA_VERSION - 1,))
    assert run(["backup", "old.tar.gz", "--data-dir", str(data)]) == 0
    done: list[int] = []

    async def migrate(_connection: object) -> None:
        done.append(SCHEMA_VERSION)

    monkeypatch.setattr(
        "octoperf_mcp.embedded.store.database.MIGRATIONS", {SCHEMA_VERSION: migrate}
    )
    there = tmp_path / "there"
    assert run(["restore", "old.tar.gz", "--data-dir", str(there)]) == 0
    assert done == [SCHEMA_VERSION]
    with contextlib.closing(sqlite3.connect(there / "octoperf.db")) as connection:
        assert connection.execute("SELECT version FROM schema_version").fetchone() == (
            SCHEMA_VERSION,
        )


def test_a_backup_of_a_later_version_is_refused(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with contextlib.closing(sqlite3.connect(data / "octoperf.db")) as connection, connection:
        connection.execute("UPDATE schema_version SET version = ?", (SCHEMA_VERSION + 1,))
    assert run(["backup", "later.tar.gz", "--data-dir", str(data)]) == 0
    assert run(["restore", "later.tar.gz", "--data-dir", str(tmp_path / "there")]) == 1
    assert "Install that version" in capsys.readouterr().err
    assert not (tmp_path / "there").exists()


def changed(backup: Path, name: str, change: bytes | None, link: str = "") -> Iterator[Path]:
    """The backup with one member changed, removed or added."""
    target = backup.with_name("changed.tar.gz")
    with tarfile.open(backup) as old, tarfile.open(target, "w:gz") as new:
        for entry in old:
            if entry.name != name:
                new.addfile(entry, old.extractfile(entry))
        if change is not None:
            entry = tarfile.TarInfo(name)
            entry.size = len(change)
            if link:
                entry.type, entry.linkname, entry.size = tarfile.SYMTYPE, link, 0
            new.addfile(entry, io.BytesIO(change))
    yield target


@pytest.mark.parametrize(
    ("name", "change", "link", "said"),
    [
        ("secrets.key", b"another", "", "secrets.key is not what was backed up"),
        ("secrets.key", None, "", "secrets.key is not what was backed up"),
        ("runs/r1/files/more", b"x", "", "more is not what was backed up"),
        ("../outside", b"x", "", "which no backup holds"),
        ("/tmp/outside", b"x", "", "which no backup holds"),
        ("runs/link", b"", "/etc/passwd", "which no backup holds"),
        ("manifest.json", None, "", "has no manifest"),
        ("manifest.json", b"[]", "", "has no manifest"),
        ("manifest.json", orjson.dumps({"format": 9}), "", "format that this version"),
    ],
)
def test_a_backup_that_was_tampered_with_is_refused(  # noqa: PLR0917 - two fixtures and a row
    backup: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    change: bytes | None,
    link: str,
    said: str,
) -> None:
    (target,) = changed(backup, name, change, link)
    assert run(["restore", str(target), "--data-dir", str(tmp_path / "there")]) == 1
    assert said in capsys.readouterr().err
    assert not (tmp_path / "there").exists()
    assert not (tmp_path / "outside").exists()


def test_half_a_file_and_another_file_are_refused(
    backup: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = backup.read_bytes()
    for content in (whole[: len(whole) // 2], b"something else", b""):
        backup.write_bytes(content)
        assert run(["restore", str(backup), "--check", "--data-dir", str(tmp_path / "x")]) == 1
        assert "no backup" in capsys.readouterr().err


def test_a_check_changes_nothing(
    backup: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(data.parent.iterdir())
    assert run(["restore", str(backup), "--check", "--data-dir", str(data)]) == 0
    assert "all of it is whole" in capsys.readouterr().out
    assert sorted(data.parent.iterdir()) == before


def test_a_backup_never_overwrites_a_file_and_needs_data(
    backup: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["backup", str(backup), "--data-dir", str(data)]) == 1
    assert "cannot be written" in capsys.readouterr().err
    assert run(["backup", "x.tar.gz", "--data-dir", str(tmp_path / "none")]) == 1
    assert "nothing to back up" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["backup"], ["restore", "x"]])
def test_postgresql_has_its_own_and_the_command_is_told_without_its_password(
    command: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCTOPERF_MCP_EMBEDDED_DATABASE_URL", "postgresql://me:pa55word@db/octo")
    assert run(command) == 2
    said = capsys.readouterr().err
    assert "pg_dump" in said or "pg_restore" in said
    assert "pa55word" not in said
