"""nginx, two replicas, PostgreSQL and Redis, all processes of this machine."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from tests.redis_server import RedisServer, running_redis
from tests.topology.installation import Replica, free_port, replica_environ, running_nginx

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

POSTGRES = "OCTOPERF_MCP_TESTS_POSTGRES"


@dataclass
class Installation:
    """What an operator runs; `url` is what agents are given."""

    url: str
    replicas: tuple[Replica, Replica]
    redis: RedisServer


def _replica(folder: Path, environ: dict[str, str]) -> Replica:
    return Replica(folder, arguments=("--enable", "conformance"), environ=environ)


@pytest.fixture
async def installation(tmp_path: Path) -> AsyncIterator[Installation]:
    address = os.environ.get(POSTGRES)
    if not address:
        pytest.skip(f"{POSTGRES} names no PostgreSQL server")
    asyncpg = pytest.importorskip("asyncpg")
    name = f"octoperf_test_{secrets.token_hex(8)}"
    admin = await asyncpg.connect(address)
    await admin.execute(f"CREATE SCHEMA {name}")
    database = sa.make_url(address).update_query_dict({"search_path": name})
    folders = [tmp_path / each for each in ("nginx", "redis", "first", "second")]
    for folder in folders:
        folder.mkdir()
    listen = free_port()
    environ = replica_environ(f"http://127.0.0.1:{listen}")
    replicas = (_replica(folders[2], environ), _replica(folders[3], environ))
    with running_redis(folders[1]) as redis:
        environ["OCTOPERF_MCP_SHARED_REDIS_URL"] = redis.url
        environ["OCTOPERF_MCP_EMBEDDED_DATABASE_URL"] = database.render_as_string(
            hide_password=False
        )
        try:
            for replica in replicas:
                replica.begin()
            ports = (replicas[0].port, replicas[1].port)
            with running_nginx(folders[0], listen, ports):
                yield Installation(f"http://127.0.0.1:{listen}/mcp", replicas, redis)
        finally:
            for replica in replicas:
                replica.end()
            await admin.execute(f"DROP SCHEMA {name} CASCADE")
            await admin.close()
