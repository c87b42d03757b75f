"""A webhook is told of a run that an agent started, by a whole server."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestServer

from octoperf_mcp.cli.agent import connected
from octoperf_mcp.cli.serving import serving
from octoperf_mcp.cli.sign_in import FormSignIn
from octoperf_mcp.config import load_settings
from octoperf_mcp.registry.manager import load_registry
from tests.end_to_end.test_kill_switch import started
from tests.end_to_end.test_killed_notices import keep
from tests.end_to_end.test_killed_run import hits

PASSWORD = "of this test alone"


@pytest.fixture
async def told() -> AsyncIterator[tuple[BaseTestServer, asyncio.Queue[str]]]:
    """A webhook, and what it is told; it refuses the first attempt."""
    texts: asyncio.Queue[str] = asyncio.Queue()
    attempts = iter([503])

    async def hook(request: web.Request) -> web.Response:
        if status := next(attempts, 0):
            return web.Response(status=status)
        await texts.put((await request.json())["text"])
        return web.Response(text="ok")

    app = web.Application()
    app.router.add_post("/services/{secret}", hook)
    async with TestServer(app, host="127.0.0.1") as server:
        yield server, texts


async def test_a_webhook_is_told_of_a_run_that_was_stopped(
    told: tuple[BaseTestServer, asyncio.Queue[str]], tmp_path: Path
) -> None:
    hook, texts = told
    environ = {
        "SERVER_PORT": "0",
        "EMBEDDED_DEMO_PASSWORD": PASSWORD,
        "LIMITS_REQUESTS_PER_S": "0",
        "EMBEDDED_NOTIFY_TO": f"127.0.0.1:{hook.port}",
        "NOTIFICATIONS_WEBHOOK_URL": str(hook.make_url("/services/T0-very-secret")),
    }
    registry = load_registry()
    settings = load_settings(
        environ={f"OCTOPERF_MCP_{name}": value for name, value in environ.items()},
        sections={one.name: one.settings for one in registry.config_sections},
    )
    async with serving(settings, registry, tmp_path) as server:
        person = FormSignIn("demo", PASSWORD)
        async with connected(server.url, person) as agent, asyncio.timeout(120):
            run_id = await started(agent)
            found = await agent.call("get_bench_result", {"benchResultId": run_id})
            while not await hits(agent, found["benchReportId"]):
                pass
            asked = {"scenarioId": found["scenarioId"]}
            (promise,) = (await agent.call("preview_run", asked))["notices"]
            await keep(agent, found["projectId"])
            run = await agent.call("stop_bench_result", {"benchResultId": run_id})
            text = await texts.get()
    assert promise.startswith("A chat is told by webhook of each run that ends FINISHED, ABORTED")
    assert "p95 response time (ms)" in promise
    assert "*<" in text
    assert f"<{run['url']}|A minute>* ABORTED" in text
    assert "\nStopped early: demo aborted the test" in text
    assert "*SLO not kept* (slo.toml): " in text
    assert "\n• Never as busy as that: " in text
    assert " of 60 s, " in text
