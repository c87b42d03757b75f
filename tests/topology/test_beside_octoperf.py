"""Two bridges at `/mcp` of an OctoPerf's own origin, with the sample for nginx and Redis.

The OctoPerf is a stub of its REST API and identity provider; the bridges reach it, as its
documentation wants, by the public address.
"""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp

from octoperf_mcp.cli.agent import connected_with_token
from tests.end_to_end.original import Original
from tests.redis_server import RedisServer, running_redis
from tests.topology.installation import (
    BESIDE,
    Replica,
    free_port,
    replica_environ,
    running_nginx,
)
from tests.topology.load import MODES, Load

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


class Behind(Original):
    """An OctoPerf that calls itself by its public address."""

    public = ""
    last = ""
    """The newest token."""

    @property
    def origin(self) -> str:
        return self.public


@asynccontextmanager
async def overlaid(
    folder: Path, **more: str
) -> AsyncIterator[tuple[str, Load, tuple[Replica, Replica], RedisServer]]:
    """Origin, agents, bridges, Redis; `more` goes into the environment of the bridges."""
    for name in ("nginx", "redis", "first", "second"):
        (folder / name).mkdir()
    listen = free_port()
    Behind.public = public = f"http://127.0.0.1:{listen}"
    backend = Behind(free_port())
    environ = replica_environ(public)
    environ |= {"OCTOPERF_MCP_UPSTREAM_URL": public, **more}
    bridges = (
        Replica(folder / "first", environ=environ),
        Replica(folder / "second", environ=environ),
    )
    ports = (bridges[0].reserve(), bridges[1].reserve())
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(backend.up())
        nginx = running_nginx(folder / "nginx", listen, ports, BESIDE, backend.port)
        redis = stack.enter_context(running_redis(folder / "redis"))
        environ["OCTOPERF_MCP_SHARED_REDIS_URL"] = redis.url
        stack.enter_context(nginx)
        for bridge in bridges:
            stack.callback(bridge.end)
            await bridge.begin_again()
        token = Behind.last = backend.token(f"{public}/mcp")
        agents = [
            await stack.enter_async_context(connected_with_token(f"{public}/mcp", token, mode=mode))
            for mode in MODES
        ]
        yield public, Load(agents, "w1"), bridges, redis


async def test_a_rolling_restart_of_bridges_and_a_killed_redis_fail_no_call(
    tmp_path: Path,
) -> None:
    async with overlaid(tmp_path) as (_, load, bridges, redis):
        async with load.running():
            await load.more(20)
            redis.kill()
            await load.more(40)
            redis.start()
            for bridge in bridges:
                assert await bridge.restart() == 0
                await load.more(20)
        assert load.failed == []


async def test_clients_find_the_identity_provider_of_the_octoperf(tmp_path: Path) -> None:
    async with overlaid(tmp_path) as (public, _, _, _), aiohttp.ClientSession() as session:
        async with session.post(f"{public}/mcp", json={}) as answer:
            assert answer.status == 401
            challenge = answer.headers["WWW-Authenticate"]
        where = f"{public}/.well-known/oauth-protected-resource/mcp"
        assert f'resource_metadata="{where}"' in challenge
        async with session.get(where) as answer:
            document = await answer.json()
        assert document["resource"] == f"{public}/mcp"
        assert document["authorization_servers"] == [public]
        async with session.get(f"{public}/.well-known/oauth-authorization-server") as answer:
            assert (await answer.json())["issuer"] == public
        async with session.get(f"{public}/mcp/public/AGENTS.md") as answer:
            assert answer.status == 200
