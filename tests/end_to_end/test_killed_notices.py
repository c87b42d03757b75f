"""A power cut between the end of a run and its notice: it is told after the restart."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.test_utils import TestServer

from octoperf_mcp.cli.agent import connected
from octoperf_mcp.cli.sign_in import FormSignIn
from tests.end_to_end.test_killed_run import site, started
from tests.octoperf_mcp.embedded.engine.target import Target, wait_for

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Server

__all__ = ["site"]

PATIENCE_S = 60


async def test_a_notice_that_a_power_cut_interrupts_is_told_after_the_restart(
    fresh_server: Server, site: Target, password: str
) -> None:
    keys: list[str] = []
    told: asyncio.Queue[dict[str, object]] = asyncio.Queue()

    async def take(request: web.Request) -> web.Response:
        keys.append(request.headers["Idempotency-Key"])
        await told.put(await request.json())
        if len(keys) == 1:
            await asyncio.Event().wait()  # it is taken, and never acknowledged
        return web.Response()

    app = web.Application()
    app.router.add_post("/hook", take)
    server = fresh_server
    async with TestServer(app, host="127.0.0.1") as hook, asyncio.timeout(PATIENCE_S):
        server.environ |= {
            "OCTOPERF_MCP_NOTIFICATIONS_WEBHOOK_URL": str(hook.make_url("/hook")),
            "OCTOPERF_MCP_NOTIFICATIONS_WEBHOOK_BODY": "json",
            "OCTOPERF_MCP_EMBEDDED_NOTIFY_TO": "127.0.0.1",
        }
        await asyncio.to_thread(server.start)
        async with connected(server.url, FormSignIn("demo", password)) as agent:
            run = await started(agent, f"http://127.0.0.1:{site.port}/")
            await asyncio.to_thread(wait_for, lambda: site.count > 0)
            await agent.call("stop_bench_result", {"benchResultId": run["benchResultIds"][0]})
            first = await told.get()
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
        anew = {"reportUrl": ""}  # its port is another one now
        assert {**await told.get(), **anew} == {**first, **anew}
        assert first["runId"] == run["benchResultIds"][0]
        assert keys[0] == keys[1]
        await asyncio.to_thread(server.stop)
    assert len(keys) == 2
