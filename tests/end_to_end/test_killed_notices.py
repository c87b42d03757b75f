"""A power cut between the end of a run and its notice: it is told after the restart."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from octoperf_mcp.cli.agent import connected
from octoperf_mcp.cli.sign_in import FormSignIn
from tests.end_to_end.test_killed_run import site, started
from tests.octoperf_mcp.embedded.engine.target import Target, wait_for

if TYPE_CHECKING:
    from octoperf_mcp.cli.agent import Agent
    from tests.end_to_end.conftest import Server

__all__ = ["site"]

PATIENCE_S = 60
SLO = """
[[thresholds]]
metric = "RESPONSE_TIME_PERCENTILE_95"
max = 60000
[[thresholds]]
name = "Never as busy as that"
metric = "HITS_TOTAL"
min = 1000000000
"""


async def test_a_notice_that_a_power_cut_interrupts_is_told_after_the_restart(
    fresh_server: Server, site: Target, password: str
) -> None:
    keys: list[str] = []
    told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

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
            which = {"benchResultId": run["benchResultIds"][0]}
            await keep(agent, (await agent.call("get_bench_result", which))["projectId"])
            await agent.call("stop_bench_result", which)
            first = await told.get()
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
        anew = {"reportUrl": ""}  # its port is another one now
        assert {**await told.get(), **anew} == {**first, **anew}
        assert first["runId"] == run["benchResultIds"][0]
        assert keys[0] == keys[1]
        await asyncio.to_thread(server.stop)
    assert len(keys) == 2
    assert (first["state"], first["stoppedEarly"], first["missing"]) == ("ABORTED", True, "")
    assert 0 <= site.count - first["hits"] <= 2, "each of the two users may have one cut off"
    assert (first["userLoad"], first["errorPercent"]) == (2, 0.0)
    assert first["peakUsers"] in {None, 2}, "a very short run is not measured"
    assert 0 < first["averageMs"] <= first["p95Ms"] * 1.02
    slo = first["slo"]
    assert (slo["file"], slo["verdict"]) == ("slo.toml", "fail")
    assert [each["name"] for each in slo["broken"]] == ["Never as busy as that"]


async def keep(agent: Agent, project_id: str) -> None:
    """Put thresholds into the project, one of which no run keeps."""
    asked = {"projectId": project_id, "filename": "slo.toml"}
    ticket = await agent.call("upload_project_file", asked)
    form = aiohttp.FormData(default_to_multipart=True)
    form.add_field("file", SLO.encode(), filename="slo.toml")
    async with aiohttp.ClientSession() as session, session.post(ticket["url"], data=form) as answer:
        assert answer.status < 300, await answer.text()
