"""Empty databases: an SQLite file, or a schema of the PostgreSQL that the environment names."""

import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

POSTGRES = "OCTOPERF_MCP_TESTS_POSTGRES"
"""Address of a PostgreSQL database in which tests may create schemas."""

KINDS = ("sqlite", "postgresql")
on_both = pytest.mark.parametrize("database_kind", KINDS, indirect=True)
"""For tests in a room that otherwise runs on SQLite alone."""
on_sqlite = pytest.mark.parametrize("database_kind", KINDS[:1], indirect=True)
"""For tests of files and PRAGMAs in a room that otherwise runs on both."""


@pytest.fixture(scope="session")
def postgresql_server() -> str:
    address = os.environ.get(POSTGRES)
    if not address:
        pytest.skip(f"{POSTGRES} names no PostgreSQL server")
    return address


@pytest.fixture
async def postgresql_url(postgresql_server: str) -> AsyncIterator[str]:
    """Address of an empty schema, gone after the test."""
    asyncpg = pytest.importorskip("asyncpg")
    name = f"octoperf_test_{secrets.token_hex(8)}"
    admin = await asyncpg.connect(postgresql_server)
    await admin.execute(f"CREATE SCHEMA {name}")
    url = sa.make_url(postgresql_server).update_query_dict({"search_path": name})
    yield url.render_as_string(hide_password=False)
    await admin.execute(f"DROP SCHEMA {name} CASCADE")
    await admin.close()


@pytest.fixture
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(getattr(request, "param", KINDS[0]))


@pytest.fixture
def database_url(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """Address of an empty database of the kind that the test or its room asks for."""
    if database_kind == "sqlite":
        return f"sqlite:///{tmp_path}/octoperf.db"
    return str(request.getfixturevalue("postgresql_url"))
