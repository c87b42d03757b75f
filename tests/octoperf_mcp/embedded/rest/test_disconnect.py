"""A client that goes away leaves no half write, on a server that cancels handlers."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest
from aiohttp import ClientSession, web

from octoperf_mcp.embedded.platform import PLATFORM, Platform
from octoperf_mcp.embedded.rest.middleware import rest_middleware
from octoperf_mcp.embedded.rest.routes import rest_routes

BASE = "/design/http-servers"


async def test_a_delete_of_many_documents_is_whole_though_its_client_left(
    ada: Any, example: Any, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decision 23: write transactions run in tasks of their own."""
    server = await ada.post(BASE, example("http_server"))
    users = []
    for _ in range(3):
        document = example("virtual_user")
        document["children"][0]["children"][0]["serverId"] = server["id"]
        users.append(await ada.post("/design/virtual-users", document))
    waiting, cancelled = asyncio.Event(), asyncio.Event()
    transact = platform.database._transact

    async def told(work: Any) -> Any:
        waiting.set()
        return await transact(work)

    monkeypatch.setattr(platform.database, "_transact", told)

    @web.middleware
    async def watch(request: web.Request, handler: Any) -> web.StreamResponse:
        try:
            answer: web.StreamResponse = await handler(request)
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return answer

    async with AsyncExitStack() as stack, asyncio.timeout(10):
        url = await stack.enter_async_context(Served(platform, watch))
        async with platform.database.writing():
            session = ClientSession(headers={"Authorization": "Bearer ada-token"})
            call = asyncio.create_task(session.delete(f"{url}{BASE}/{server['id']}"))
            await waiting.wait()
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
            await session.close()
            await cancelled.wait()
        await asyncio.gather(*platform.database._tasks)
    await ada.get(f"{BASE}/{server['id']}", status=404)
    for user in users:
        changed = await ada.get(f"/design/virtual-users/{user['id']}")
        assert len(changed["children"][0]["children"]) == 1


class Served:
    """The REST API behind a real runner, as `serve` sets it up."""

    def __init__(self, platform: Platform, watch: Any) -> None:
        app = web.Application(middlewares=[watch, rest_middleware])
        app[PLATFORM] = platform
        app.add_routes(rest_routes())
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None)

    async def __aenter__(self) -> str:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
