"""A bridge whose REST API and identity provider are elsewhere: down, up, with new keys, refusing."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.end_to_end.conftest import Server
from tests.end_to_end.test_credentials import answered, called


class Elsewhere:
    """An upstream with an issuer: keys, one workspace, and a switch that refuses tokens."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.keys: list[dict[str, Any]] = []
        self.key = self.new_key("first")
        self.accepts = True

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def new_key(self, kid: str) -> RSAKey:
        self.key = RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})
        self.keys.append(self.key.as_dict(private=False))
        return self.key

    def token(self, audience: str) -> str:
        now = int(time.time())
        claims = {
            "iss": self.origin,
            "aud": audience,
            "sub": "u1",
            "client_id": "c1",
            "scope": "octoperf:read octoperf:write",
            "iat": now,
            "exp": now + 600,
        }
        header = {"alg": "RS256", "kid": self.key.kid, "typ": "at+jwt"}
        return jwt.encode(header, claims, self.key)

    async def metadata(self, _request: web.Request) -> web.Response:
        return web.json_response({"issuer": self.origin, "jwks_uri": f"{self.origin}/jwks"})

    async def jwks(self, _request: web.Request) -> web.Response:
        return web.json_response({"keys": self.keys})

    async def workspaces(self, _request: web.Request) -> web.Response:
        if not self.accepts:
            return web.json_response({"status": 401, "message": "Revoked."}, status=401)
        return web.json_response([{"id": "w1", "name": "Remote", "description": ""}])

    @asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_get("/.well-known/oauth-authorization-server", self.metadata)
        app.router.add_get("/jwks", self.jwks)
        app.router.add_get("/workspaces/member-of", self.workspaces)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port, reuse_address=True).start()
        try:
            yield
        finally:
            await runner.cleanup()


@pytest.fixture
def elsewhere(unused_tcp_port: int) -> Elsewhere:
    return Elsewhere(unused_tcp_port)


async def readiness(server: Server) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{server.origin}/readyz") as answer,
    ):
        return answer.status


async def test_a_bridge_waits_for_its_issuer_follows_its_keys_and_passes_its_refusals_on(
    tmp_path: Path, elsewhere: Elsewhere
) -> None:
    server = Server(tmp_path, ("--upstream", elsewhere.origin))
    await asyncio.to_thread(server.start)
    try:
        await follow(server, elsewhere)
    finally:
        await asyncio.to_thread(server.stop)


async def follow(server: Server, elsewhere: Elsewhere) -> None:
    assert await readiness(server) == 503
    first = elsewhere.token(f"{server.origin}/mcp")
    assert (await called(server, first, "list_workspaces"))[0] == 503
    async with elsewhere.up(), asyncio.timeout(60):
        while await readiness(server) != 200:
            pass
        status, answer = await called(server, first, "list_workspaces")
        assert status == 200
        assert answer["result"]["structuredContent"]["workspaces"][0]["name"] == "Remote"

        elsewhere.keys.insert(0, {"kty": "RSA", "kid": "broken", "n": "?", "e": "AQAB"})
        elsewhere.new_key("second")
        second = elsewhere.token(server.origin)
        for token in (second, first):
            assert (await called(server, token, "list_workspaces"))[0] == 200
        for stranger in ("https://elsewhere.example/mcp", f"{server.origin}/other"):
            assert (await called(server, elsewhere.token(stranger), "list_workspaces"))[0] == 401

        elsewhere.accepts = False
        status, challenge, _ = await answered(server, second, "list_workspaces")
        assert status == 401
        assert 'error="invalid_token"' in challenge
        assert "resource_metadata=" in challenge
