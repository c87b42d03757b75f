"""The chart of a run as an MCP App, in a host of its own: handshake, figures, a run that goes on.

The host is a page in Chromium that does what MCP Apps 2026-01-26 asks of one, under the policy
that the specification gives to an app that names no domains.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from octoperf_analysis import app
from tests.end_to_end.axe import axe_source, violations
from tests.end_to_end.browser import Tab, browser, chromium

pytestmark = pytest.mark.skipif(chromium() is None, reason="Chromium is not installed")

POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; media-src 'self' data:; connect-src 'none'"
)
HOST = """<!doctype html><html lang="en"><title>Host</title>
<iframe src="/app" title="App" sandbox="allow-scripts allow-same-origin" width="480" height="600">
</iframe><script>
const said = [], result = RESULT;
const frame = document.querySelector("iframe").contentWindow;
const send = (message) => frame.postMessage({ jsonrpc: "2.0", ...message }, "*");
addEventListener("message", ({ data }) => {
  said.push(data);
  if (data.method === "ui/initialize")
    send({ id: data.id, result: {
      protocolVersion: "2026-01-26", hostInfo: { name: "host", version: "1" },
      hostCapabilities: { serverTools: {}, openLinks: {} },
      hostContext: { theme: "dark", styles: { variables: { "--color-text-primary": "#fafafa" } } } } });
  if (data.method === "ui/notifications/initialized") {
    send({ method: "ui/notifications/tool-input", params: { arguments: { benchResultId: "res1" } } });
    send({ method: "ui/notifications/tool-result", params: { structuredContent: result } });
  }
  if (data.method === "tools/call") {
    result.finished = true;
    result.state = "FINISHED";
    result.chart[0].times.push(1700000004000);
    result.chart[0].values.push(50);
    send({ id: data.id, result: { structuredContent: result } });
  }
  if (data.method === "ui/open-link") send({ id: data.id, result: {} });
});
</script></html>"""
START_MS = 1_700_000_000_000
RESULT = {
    "benchResultId": "res1",
    "name": "Peak <b>",
    "state": "RUNNING",
    "finished": False,
    "nextPollSec": 0.2,
    "url": "https://octoperf.test/report",
    "chart": [
        {
            "name": "Response time",
            "unit": "ms",
            "times": [START_MS + 1000 * n for n in range(4)],
            "values": [10, 20, 90, 10],
        },
        {
            "name": "Users",
            "unit": "users",
            "times": [START_MS + 1000 * n for n in (0, 1, 3)],
            "values": [1, 2, 4],
        },
    ],
}


@asynccontextmanager
async def host() -> AsyncIterator[Tab]:
    """A browser in which the host shows the app."""

    async def outside(_: web.Request) -> web.Response:
        page = HOST.replace("RESULT", json.dumps(RESULT).replace("<", "\\u003c"))
        return web.Response(text=page, content_type="text/html")

    async def inside(_: web.Request) -> web.Response:
        policy = {"Content-Security-Policy": POLICY}
        return web.Response(text=app.page(), content_type="text/html", headers=policy)

    site = web.Application()
    site.add_routes([web.get("/", outside), web.get("/app", inside)])
    runner = web.AppRunner(site)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        async with browser() as tab:
            await tab.open(f"http://127.0.0.1:{runner.addresses[0][1]}/")
            yield tab
    finally:
        await runner.cleanup()


async def until(tab: Tab, expression: str) -> Any:
    async with asyncio.timeout(15):
        while not (found := await tab.evaluate(expression)):  # noqa: ASYNC110 - another process draws
            await asyncio.sleep(0.05)
    return found


def inner(expression: str) -> str:
    """In the app."""
    return f"frames[0].document.{expression}"


async def test_an_app_draws_what_the_host_hands_it_and_renews_it_until_the_end() -> None:
    async with host() as tab:
        await until(tab, inner("querySelector('canvas')?.width"))
        started = json.loads(await tab.evaluate("JSON.stringify(said[0])"))
        assert started["method"] == "ui/initialize"
        assert started["params"]["protocolVersion"] == "2026-01-26"
        assert await tab.evaluate(inner("documentElement.dataset.theme")) == "dark"
        assert await tab.evaluate(inner("querySelector('#name').textContent")) == "Peak <b>"
        await until(tab, inner("querySelector('#state').textContent === 'FINISHED'"))
        called = json.loads(
            await tab.evaluate("JSON.stringify(said.find((m) => m.method === 'tools/call').params)")
        )
        assert called == {
            "name": "show_run_chart",
            "arguments": {"benchResultId": "res1", "format": "auto"},
        }
        read = await tab.evaluate(inner("querySelector('[role=slider]').ariaValueText"))
        assert "Response time 50 ms" in read
        assert await until(tab, "said.some((m) => m.method === 'ui/notifications/size-changed')")
        await tab.evaluate(inner("querySelector('#open').click()"))
        link = "said.find((m) => m.method === 'ui/open-link')?.params.url"
        assert await until(tab, link) == "https://octoperf.test/report"
        assert await tab.evaluate("document.querySelector('iframe').scrollWidth") <= 484
        assert "Content Security Policy" not in " ".join(tab.problems)


async def test_an_app_shuts_nobody_out() -> None:
    source = axe_source()
    async with host() as tab:
        await until(tab, inner("querySelector('canvas')?.width"))
        await tab.evaluate(f"frames[0].eval({json.dumps(source)}); undefined")
        assert await violations(tab, source) == []


def test_an_app_loads_nothing() -> None:
    page = app.page()
    assert "/*library" not in page
    assert "/*charts*/" not in page
    assert 'src="' not in page.replace("data:", "")
    assert len(page) < 120_000
