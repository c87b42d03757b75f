"""Whoever stops says so under each answer, whatever way it is written."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from octoperf_mcp.transport.answers import JsonResponse
from octoperf_mcp.transport.leaving import add_leaving, leaving_middleware

if TYPE_CHECKING:
    from pytest_aiohttp import AiohttpClient


async def quick(_request: web.Request) -> web.StreamResponse:
    return JsonResponse(b"{", b"}", status=200)


async def plain(_request: web.Request) -> web.StreamResponse:
    return web.json_response({})


async def stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"{}")
    return response


@pytest.mark.parametrize(
    ("path", "body"),
    [("/quick", "{}"), ("/plain", "{}"), ("/stream", "{}"), ("/none", "404: Not Found")],
)
async def test_connections_are_kept_until_the_server_leaves(
    aiohttp_client: AiohttpClient, path: str, body: str
) -> None:
    leaving = asyncio.Event()
    app = web.Application(middlewares=[leaving_middleware(leaving)])
    add_leaving(app, leaving)
    for handler in (quick, plain, stream):
        app.router.add_get(f"/{handler.__name__}", handler)
    client = await aiohttp_client(app)
    before = await client.get(path)
    assert await before.text() == body
    leaving.set()
    after = await client.get(path)
    assert await after.text() == body
    told = [answer.headers.get("Connection", "") for answer in (before, after)]
    assert told == ["", "close"]
