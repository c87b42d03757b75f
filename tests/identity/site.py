"""Keycloak, an OctoPerf that asks it about each token, and the bridge."""

from pathlib import Path

import aiohttp
from aiohttp import web
from aiohttp.test_utils import unused_port

from tests.end_to_end.conftest import Server
from tests.end_to_end.original import Original
from tests.identity.keycloak import Keycloak

LEEWAY_S = 2


class Platform(Original):
    """An OctoPerf that asks Keycloak about each token; `tokens` are those it was shown.

    Keycloak answers clients that a token names as an audience: this one is called by its address.
    """

    keycloak: Keycloak
    secret: str

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.tokens: list[str] = []

    async def rest(self, request: web.Request) -> web.StreamResponse:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        self.tokens.append(token)
        if not await self.keycloak.active(token, self.origin, self.secret):
            return web.json_response({"status": 401, "message": "Sign in."}, status=401)
        return await super().rest(request)


class Counting:
    """The key set of the issuer, at an address that counts who asks."""

    def __init__(self) -> None:
        self.port = unused_port()
        self.asked = 0
        self.source = ""

    async def up(self) -> web.AppRunner:
        async def pass_on(_request: web.Request) -> web.Response:
            self.asked += 1
            async with aiohttp.ClientSession() as session, session.get(self.source) as answer:
                return web.Response(body=await answer.read(), content_type="application/json")

        app = web.Application()
        app.router.add_get("/keys", pass_on)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port).start()
        return runner


class Site:
    """Keycloak, platform and bridge, and the bridge's counted way to the keys."""

    def __init__(self, folder: Path) -> None:
        self.port = unused_port()
        self.platform = Platform(unused_port())
        self.keycloak = Keycloak(
            folder, unused_port(), f"http://127.0.0.1:{self.port}/mcp", self.platform.origin
        )
        self.keys = Counting()
        self.server = Server(
            folder,
            ("--upstream", self.platform.origin, "--issuer", self.keycloak.issuer),
            {
                "OCTOPERF_MCP_AUTH_JWKS_URL": f"http://127.0.0.1:{self.keys.port}/keys",
                "OCTOPERF_MCP_AUTH_LEEWAY_S": str(LEEWAY_S),
            },
        )
