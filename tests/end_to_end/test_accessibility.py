"""Every main page in a real browser: open to everybody, by axe and by keyboard; charts that live."""

from __future__ import annotations

import asyncio
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
import pypdf
import pytest

from octoperf_mcp.cli.agent import connected
from octoperf_mcp.cli.sign_in import FormSignIn
from octoperf_mcp.demo.shop import start_shop
from tests.end_to_end.axe import axe_source, violations
from tests.end_to_end.browser import Tab, browser, chromium
from tests.end_to_end.conftest import PASSWORD, Server
from tests.end_to_end.every_tool import _complete, _recorded, _until_finished, _validated

if TYPE_CHECKING:
    from octoperf_mcp.cli.agent import Agent

pytestmark = pytest.mark.skipif(chromium() is None, reason="Chromium is not installed")

CHART = "document.querySelector('.plot.drawn .canvas')"
HOLD_S = 12


@dataclass
class Seen:
    """A project with a validated virtual user and a run, and what was seen while it went on."""

    known: dict[str, Any]
    scenario_id: str
    report_id: str
    run_id: str
    moving: list[str]
    said: str
    reloaded: bool
    pdf: bytes
    items: list[dict[str, Any]]

    @property
    def project(self) -> str:
        return f"/ui/workspace/{self.known['workspaceId']}/project/{self.known['projectId']}"

    @property
    def report(self) -> str:
        return f"{self.project}/analysis/report/{self.report_id}"


@pytest.fixture(scope="module")
def seen(server: Server) -> Seen:
    return asyncio.run(_seen(server))


async def _seen(server: Server) -> Seen:
    shop = await start_shop()
    try:
        async with connected(server.url, FormSignIn("demo", PASSWORD)) as agent, browser() as tab:
            await _sign_in(tab, server)
            known = await _recorded(agent, shop.url)
            await _validated(agent, known)
            scenario = await agent.call(
                "create_scenario_ramp_up",
                {
                    "scenarioName": "Peak",
                    "projectId": known["projectId"],
                    "virtualUserIds": [known["virtualUserId"]],
                    "providerId": known["providerId"],
                    "locations": [known["location"]],
                    "users": 4,
                    "rampUpSec": 2,
                    "holdForSec": HOLD_S,
                },
            )
            run = await agent.call("run_scenario", {"scenarioId": scenario["id"]})
            report_id, (run_id,) = run["benchReportId"], run["benchResultIds"]
            await _complete(agent, report_id, run_id)
            moving, said, reloaded = await _watched(tab, run["url"])
            await _until_finished(agent, "get_bench_result", {"benchResultId": run_id})
            report = await agent.call("get_bench_report", {"reportId": report_id})
            return Seen(
                known,
                scenario["id"],
                report_id,
                run_id,
                moving,
                said,
                reloaded,
                await _pdf(agent, report_id),
                report["items"],
            )
    finally:
        await shop.close()


async def _sign_in(tab: Tab, server: Server) -> None:
    await tab.open(f"{server.origin}/ui/")
    await tab.submit({"username": "demo", "password": PASSWORD})


async def _watched(tab: Tab, address: str) -> tuple[list[str], str, bool]:
    """The hits that the page shows from the start of the run until it says that it is over."""
    await tab.open(address)
    await tab.evaluate("window.mark = 'the same page'")
    hits: list[str] = []
    said = ""
    async with asyncio.timeout(90):
        while not said:
            said = await tab.evaluate("document.getElementById('said').textContent")
            tile = "[...document.querySelectorAll('.tile')].find((t) => /Hits total/.test(t.innerText))"
            shown = await tab.evaluate(f"{tile}?.querySelector('dd').textContent ?? ''")
            if shown and shown not in hits[-1:]:
                hits.append(shown)
            await asyncio.sleep(0.2)  # another process draws
    return hits, said, await tab.evaluate("window.mark") != "the same page"


async def _pdf(agent: Agent, report_id: str) -> bytes:
    which = {"benchReportId": report_id, "orientation": "landscape"}
    task_id = (await agent.call("export_bench_report_pdf", which))["taskId"]
    status = "PENDING"
    while status == "PENDING":
        done = await agent.call("get_task_result", {"taskId": task_id, "waitSec": 25})
        status = done["status"]
    assert status == "SUCCESS", done
    file = {name: done["result"][name] for name in ("benchResultId", "filename")}
    ticket = await agent.call("download_bench_result_file", file)
    async with aiohttp.ClientSession() as session, session.get(ticket["url"]) as answer:
        assert answer.status == 200
        return await answer.read()


async def _light_and_dark(tab: Tab, source: str, address: str) -> list[str]:
    """Violations of a page in both."""
    found = []
    for scheme in ("light", "dark"):
        feature = {"name": "prefers-color-scheme", "value": scheme}
        await tab.command("Emulation.setEmulatedMedia", features=[feature])
        await tab.open(address)
        found += [f"{scheme} {each}" for each in await violations(tab, source)]
    return found


PAGES = (
    "/ui/",
    "/ui/workspace/{workspaceId}",
    "/ui/workspace/{workspaceId}/member",
    "/ui/workspace/{workspaceId}/load-target",
    "{project}/design/virtual-user",
    "{project}/design/virtual-user/{virtualUserId}",
    "{project}/design/virtual-user/{virtualUserId}/validation",
    "{project}/design/http-server",
    "{project}/design/variable",
    "{project}/design/project-file",
    "{project}/design/correlation-rule",
    "{project}/runtime/scenario",
    "{project}/runtime/scenario/{scenarioId}",
    "{project}/runtime/scheduled-job",
    "{project}/analysis/report",
    "{project}/analysis/report/{reportId}",
    "{project}/analysis/bench-result/{runId}",
    "/ui/account/profile",
    "/ui/account/profile/connected-apps",
    "/ui/account/profile/ci-tokens",
    "/ui/account/password",
    "/ui/account/activity",
    "/ui/administration/users",
    "/ui/administration/oauth-clients",
    "/ui/administration/load",
    "/ui/administration/notices",
    "/ui/nothing/here",
)


async def test_no_page_shuts_anybody_out(server: Server, seen: Seen) -> None:
    """WCAG 2.2 A and AA, in light and dark; the sign-in page before the rest."""
    source, found = axe_source(), []
    values = {
        **seen.known,
        "project": seen.project,
        "scenarioId": seen.scenario_id,
        "reportId": seen.report_id,
        "runId": seen.run_id,
    }
    async with browser() as tab:
        found += await _light_and_dark(tab, source, f"{server.origin}/ui/")
        assert "Sign in" in await tab.text()
        await _sign_in(tab, server)
        for path in PAGES:
            address = server.origin + path.format(**values)
            found += [f"{path} {each}" for each in await _light_and_dark(tab, source, address)]
            assert "Sign out" in await tab.text(), path
    assert not found, "\n".join(found)


async def test_the_consent_page_shuts_nobody_out(server: Server) -> None:
    source = axe_source()
    found: list[str] = []

    class Looking(FormSignIn):
        """Signs in as usual, once the page was looked at in a browser."""

        async def open(self, address: str) -> None:
            async with browser() as tab:
                await tab.open(address)
                await tab.submit({"username": "demo", "password": PASSWORD})
                assert "to use OctoPerf as you?" in await tab.text()
                found.extend(await violations(tab, source))
            await super().open(address)

    async with connected(server.url, Looking("demo", PASSWORD)) as agent:
        await agent.call("list_workspaces")
    assert not found, "\n".join(found)


async def test_a_page_shows_the_run_as_it_goes_without_reloading(seen: Seen) -> None:
    assert len(seen.moving) > 2
    assert seen.said == "The run is over; these are its final figures."
    assert not seen.reloaded


async def key(tab: Tab, name: str, *, text: str = "") -> None:
    for kind in ("keyDown", "keyUp"):
        more = {"text": text} if text and kind == "keyDown" else {}
        await tab.command("Input.dispatchKeyEvent", type=kind, key=name, **more)


async def test_a_chart_is_read_and_zoomed_with_the_keyboard_alone(
    server: Server, seen: Seen
) -> None:
    async with browser() as tab:
        await _sign_in(tab, server)
        await tab.open(server.origin + seen.report)
        focused = "document.activeElement"
        for _ in range(60):
            await key(tab, "Tab")
            if await tab.evaluate(f"{focused}.getAttribute('role') === 'slider'"):
                break
        assert await tab.evaluate(f"{focused} === {CHART}")
        value = f"{focused}.getAttribute('aria-valuetext')"
        await key(tab, "Home")
        assert (await tab.evaluate(value)).startswith("0s (")
        assert "Users " in await tab.evaluate(value)
        await key(tab, "ArrowRight")
        assert (await tab.evaluate(value)).startswith("1s (")
        charts = "[...document.querySelectorAll('.plot.drawn')]"
        drawn = f"{charts}.map((plot) => plot.querySelector('canvas').toDataURL())"
        before = await tab.evaluate(drawn)
        await key(tab, "+", text="+")
        await tab.evaluate("new Promise(requestAnimationFrame)")
        await asyncio.sleep(0.3)  # the browser draws when it likes
        after = await tab.evaluate(drawn)
        assert sum(old != new for old, new in zip(before, after, strict=True)) > 1  # linked
        await key(tab, "Tab")
        pressed = f"{focused}.getAttribute('aria-pressed')"
        assert await tab.evaluate(pressed) == "true"
        await key(tab, "Enter", text="\r")
        assert await tab.evaluate(pressed) == "false"
        assert tab.problems == []


async def test_without_scripts_the_page_has_still_pictures_and_all_figures(
    server: Server, seen: Seen
) -> None:
    async with browser() as tab:
        await _sign_in(tab, server)
        await tab.command("Emulation.setScriptExecutionDisabled", value=True)
        await tab.open(server.origin + seen.report)
        text = await tab.text()
        for item in seen.items:
            assert item["name"] in text
        shown = (
            "[...document.querySelectorAll('svg.chart')].filter((s) => s.clientWidth > 300).length"
        )
        assert await tab.evaluate(shown) >= 6


def test_the_pdf_of_a_run_shows_every_widget(seen: Seen) -> None:
    pages = pypdf.PdfReader(io.BytesIO(seen.pdf)).pages
    text = re.sub(r"\s+", "", "".join(page.extract_text() for page in pages))
    for item in seen.items:
        assert re.sub(r"\s+", "", item["name"]) in text
    for nothing in ("Nodata", "Nosampleyet", "Nothingwasmeasured", "withoutasample", "nopicture"):
        assert nothing not in text
    assert "Zoomin" not in text
