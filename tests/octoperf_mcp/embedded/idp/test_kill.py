"""kill -9 at any moment: what was acknowledged is there after the restart."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.octoperf_mcp.embedded.idp.conftest import (
    CALLBACK,
    PASSWORD,
    Browser,
    Challenge,
    bound_socket,
)

SERVER = """
import asyncio, sys
from aiohttp import web
from octoperf_mcp.embedded.idp.provider import IdentityProvider
from octoperf_mcp.embedded.store.database import Database

async def main(path, port):
    database = await Database.open(f"sqlite:///{path}")
    provider = await IdentityProvider.open(database, origin=f"http://127.0.0.1:{port}")
    app = web.Application()
    app.router.add_routes(provider.routes())
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, reuse_address=True).start()
    print("ready", flush=True)
    await asyncio.Event().wait()

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


@asynccontextmanager
async def server(path: Path, port: int) -> AsyncIterator[None]:
    """A process that ends by kill -9 when the block does."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVER, str(path), str(port), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            assert await process.stdout.readline() == b"ready\n"
        yield
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()


@pytest.fixture
def port() -> int:
    listener = bound_socket()
    number: int = listener.getsockname()[1]
    listener.close()
    return number


async def test_codes_tokens_and_sessions_outlive_a_kill(database_path: Path, port: int) -> None:
    origin = f"http://127.0.0.1:{port}"
    challenge, browser = Challenge(), Browser(origin)
    async with server(database_path, port), aiohttp.ClientSession() as http:
        async with http.post(
            f"{origin}/auth/connect/register", json={"redirect_uris": [CALLBACK]}
        ) as answer:
            client_id = (await answer.json())["client_id"]
        path = (
            f"/auth/oauth2/authorize?response_type=code&client_id={client_id}"
            f"&code_challenge={challenge.text}&code_challenge_method=S256"
        )
        await browser.get(path)
        await browser.sign_in("demo", PASSWORD)
        await browser.submit(decision="allow")
        code = browser.answer["code"]
    form = {
        "grant_type": "authorization_code",
        "client_id": client_id,
        "code": code,
        "code_verifier": challenge.verifier,
    }
    token_url = f"{origin}/auth/oauth2/token"
    async with server(database_path, port), aiohttp.ClientSession() as http:
        async with http.post(token_url, data=form) as answer:
            tokens = await answer.json()
            assert answer.status == 200, tokens
        await browser.get(path)
        assert "demo" in browser.page  # still signed in: the consent page
    await browser.session.close()
    async with server(database_path, port), aiohttp.ClientSession() as http:
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        async with http.get(f"{origin}/auth/userinfo", headers=headers) as answer:
            assert answer.status == 200
        refresh = {
            "grant_type": "refresh_token",
            "client_id": client_id,
            "refresh_token": tokens["refresh_token"],
        }
        async with http.post(token_url, data=refresh) as answer:
            assert answer.status == 200
        async with http.post(token_url, data=form) as answer:  # the code is still known as used
            assert answer.status == 400
        async with http.get(f"{origin}/auth/userinfo", headers=headers) as answer:
            assert answer.status == 401
