from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from octoperf_mcp.auth.fetch import MOST_BYTES, HttpFetch
from octoperf_mcp.errors import KeysUnavailableError


@pytest.fixture
async def fetch() -> AsyncIterator[HttpFetch]:
    fetch = HttpFetch(timeout_s=2)
    yield fetch
    await fetch.close()


@pytest.fixture
async def site(aiohttp_server: Any) -> str:
    async def redirect(_request: web.Request) -> web.Response:
        raise web.HTTPFound("/good")

    async def text(_request: web.Request) -> web.Response:
        return web.Response(text="<html>")

    async def large(_request: web.Request) -> web.Response:
        return web.Response(body=b" " * (MOST_BYTES + 1))

    async def good(_request: web.Request) -> web.Response:
        return web.json_response({"keys": []})

    async def cut(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    app = web.Application()
    for handler in (redirect, text, large, good, cut):
        app.router.add_get(f"/{handler.__name__}", handler)
    server = await aiohttp_server(app)
    return str(server.make_url("")).rstrip("/")


async def test_a_document_is_decoded(fetch: HttpFetch, site: str) -> None:
    assert await fetch(f"{site}/good") == {"keys": []}


@pytest.mark.parametrize("path", ["redirect", "text", "large", "cut", "missing"])
async def test_anything_else_counts_as_unavailable(fetch: HttpFetch, site: str, path: str) -> None:
    """A redirect too: it could lead to keys that somebody else chose."""
    with pytest.raises(KeysUnavailableError):
        await fetch(f"{site}/{path}")


async def test_nobody_listening_counts_as_unavailable(fetch: HttpFetch) -> None:
    with pytest.raises(KeysUnavailableError):
        await fetch("http://127.0.0.1:1/")
