"""Plain aiohttp: one handler proxies a REST call, one answers constant bytes: `PORT UPSTREAM FILE`.

Neither looks at a token, a message or an argument: they are what the framework costs.
"""

import asyncio
import sys
from pathlib import Path

from aiohttp import ClientSession, DummyCookieJar, TCPConnector, web

from tests.bench.peers.common import serve

TARGETS = {
    "/twelve-rows": "/workspaces/member-of",
    "/one-entity": "/design/virtual-users/description/vu1",
}


async def main(port: int, upstream: str, constant: Path) -> None:
    session = ClientSession(connector=TCPConnector(limit=0), cookie_jar=DummyCookieJar())

    async def proxy(request: web.Request) -> web.Response:
        await request.read()
        async with session.get(
            upstream + TARGETS[request.path],
            headers={"Authorization": request.headers["Authorization"]},
        ) as answer:
            return web.Response(body=await answer.read(), content_type="application/json")

    async def same(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=body, content_type="application/json")

    body = await asyncio.to_thread(constant.read_bytes)
    app = web.Application()
    for path in TARGETS:
        app.router.add_post(path, proxy)
    app.router.add_post("/constant", same)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()


if __name__ == "__main__":
    serve(lambda: main(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])))
