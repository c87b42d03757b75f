"""A real PostgreSQL for the tests that ask for one."""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

UNPRIVILEGED = "postgres"


@pytest.fixture
def postgresql_url(postgresql_directory: str) -> str:
    """Address of an empty database on a real server."""
    name = f"test_{uuid.uuid4().hex}"
    _run("createdb", "--host", postgresql_directory, "--username=octoperf", name)
    return f"postgresql://octoperf@/{name}?host={postgresql_directory}"


@pytest.fixture(scope="session")
def postgresql_directory() -> Iterator[str]:
    """Directory with the socket of a server that is started for these tests."""
    for program in ("initdb", "pg_ctl", "createdb"):
        if shutil.which(program, path=_search_path()) is None:
            pytest.skip(f"PostgreSQL's {program} is not installed")
    if importlib.util.find_spec("asyncpg") is None:
        pytest.skip("the package asyncpg is not installed")
    account = _account()
    with tempfile.TemporaryDirectory(prefix="octoperf-pg-") as name:
        if account:
            shutil.chown(name, **account)
        data = Path(name) / "data"
        _run("initdb", "--pgdata", str(data), "--username=octoperf", "--auth=trust", "--no-sync")
        options = f"-k {name} -c listen_addresses='' -c fsync=off"
        log = str(Path(name) / "log")
        _run("pg_ctl", "start", "-w", "-D", str(data), "-l", log, "-o", options)
        try:
            yield name
        finally:
            _run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", str(data))


def _account() -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return {}
    try:
        found = pwd.getpwnam(UNPRIVILEGED)
    except KeyError:
        pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
    return {"user": found.pw_uid, "group": found.pw_gid}


def _search_path() -> str:
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return os.pathsep.join([os.environ.get("PATH", ""), *map(str, installed)])


def _run(program: str, *arguments: str) -> None:
    path = shutil.which(program, path=_search_path())
    assert path is not None
    subprocess.run(
        [path, *arguments], check=True, stdout=subprocess.DEVNULL, cwd="/", timeout=60, **_account()
    )
