"""The heat map of a run as an agent and a person meet it: live, by keyboard, and switched off."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from octoperf_mcp.cli.agent import CallFailedError, connected
from octoperf_mcp.cli.serving import serving
from octoperf_mcp.cli.sign_in import FormSignIn
from octoperf_mcp.config import load_settings
from octoperf_mcp.demo.shop import start_shop
from octoperf_mcp.registry.switched import composed
from tests.end_to_end.browser import browser, chromium
from tests.end_to_end.every_tool import _recorded, _until_finished
from tests.end_to_end.test_accessibility import key
from tests.end_to_end.test_switches import command

if TYPE_CHECKING:
    from pathlib import Path

    from octoperf_mcp.cli.agent import Agent
    from tests.end_to_end.browser import Tab

PASSWORD = "of this test alone"
HOLD_S = 15
ITEM = {"@type": "HeatMapReportItem", "id": "heat", "name": "Response times"}
AREA = "document.querySelector('.heat .area')"
SAID = "document.querySelector('.heat .said')?.textContent ?? ''"

pytestmark = pytest.mark.skipif(chromium() is None, reason="Chromium is not installed")


async def test_a_heat_map_lives_with_its_run_and_goes_with_its_plugin(tmp_path: Path) -> None:
    given = {
        "SERVER_PORT": "0",
        "EMBEDDED_DEMO_PASSWORD": PASSWORD,
        "LIMITS_REQUESTS_PER_S": "0",  # it asks without a pause until the switch is followed
    }
    settings = load_settings(
        environ={f"OCTOPERF_MCP_{name}": value for name, value in given.items()}
    )
    registry = composed(settings.plugins, settings.tools)
    async with (
        serving(settings, registry, tmp_path) as server,
        connected(server.url, FormSignIn("demo", PASSWORD)) as agent,
        browser() as tab,
        asyncio.timeout(150),
    ):
        shop = await start_shop()
        try:
            run = await _started(agent, shop.url)
            report = {"reportId": run["benchReportId"]}
            await _add(agent, report, {**ITEM, "benchResultId": run["benchResultIds"][0]})
            await tab.open(f"{server.origin}/ui/")
            await tab.submit({"username": "demo", "password": PASSWORD})
            await tab.open(run["url"])
            await _grows(tab)
            live = await agent.call("get_report_item_values", report)
            assert live["item"]["partial"]
            await _until_finished(agent, "get_bench_result", {"benchResultId": live_run(live)})
        finally:
            await shop.close()
        sealed = await agent.call("get_report_item_values", {**report, "format": "markdown"})
        assert not sealed["item"]["partial"]
        assert sealed["text"].startswith("| from s | ")
        await _read_by_keyboard(tab)
        await _goes_and_comes(agent, tab, report, str(tmp_path))


def live_run(found: dict[str, Any]) -> str:
    (run,) = found["item"]["runs"]
    return str(run["benchResultId"])


async def _started(agent: Agent, shop_url: str) -> dict[str, Any]:
    known = await _recorded(agent, shop_url)
    scenario = await agent.call(
        "create_scenario_ramp_up",
        {
            "scenarioName": "Heat",
            "projectId": known["projectId"],
            "virtualUserIds": [known["virtualUserId"]],
            "providerId": known["providerId"],
            "locations": [known["location"]],
            "users": 4,
            "rampUpSec": 0,
            "holdForSec": HOLD_S,
        },
    )
    return await agent.call("run_scenario", {"scenarioId": scenario["id"]})


async def _add(agent: Agent, report: dict[str, Any], item: dict[str, Any]) -> None:
    patch = [{"op": "add", "path": "/items/0", "value": item}]
    await agent.call("patch_bench_report", {**report, "patch": patch})


async def _grows(tab: Tab) -> None:
    """The page draws it, and then more of it, without being opened again."""
    await tab.evaluate("window.mark = 'the same page'")
    drawn = "document.querySelector('script.cells')?.textContent ?? null"
    first = await _until(tab, drawn)
    await _until(tab, f"(text => text === {json.dumps(first)} ? null : text)({drawn})")
    assert await tab.evaluate("window.mark") == "the same page"


async def _until(tab: Tab, expression: str) -> Any:
    """What an expression comes to, once it is something."""
    while True:
        if (found := await tab.evaluate(expression)) is not None:
            return found
        await asyncio.sleep(0.2)  # another process draws


async def _read_by_keyboard(tab: Tab) -> None:
    over = "document.getElementById('said').textContent.includes('over') || null"
    await _until(tab, over)
    assert (await tab.evaluate(SAID)).startswith("Most: ")
    await tab.evaluate(f"{AREA}.focus()")
    value = f"{AREA}.getAttribute('aria-valuetext')"
    await key(tab, "Home")
    first = await tab.evaluate(value)
    assert first.startswith("0s, ")
    assert " ms: " in first
    assert first.endswith(" hits")
    await key(tab, "ArrowRight")
    assert (await tab.evaluate(value)).startswith("1s, ")
    bands = set()
    for _ in range(3):
        await key(tab, "ArrowUp")
        bands.add(await tab.evaluate(value))
    assert bands
    assert await tab.evaluate(SAID) in bands
    await tab.evaluate(f"{AREA}.blur()")
    assert (await tab.evaluate(value)).startswith("Most: ")
    assert tab.problems == []


async def _goes_and_comes(agent: Agent, tab: Tab, report: dict[str, Any], data: str) -> None:
    assert await command("plugins", "disable", "heatmap", "--data-dir", data) == 0
    off = "HeatMapReportItem is a type of the plugin heatmap, which is off."
    with pytest.raises(CallFailedError) as refused:
        await _again_and_again(agent, report)
    assert off in refused.value.answer["message"]
    await tab.evaluate("location.reload()")
    await _until(tab, f"document.body?.innerText.includes({off!r}) || null")
    assert "Hits total" in await tab.text()
    with pytest.raises(CallFailedError) as refused_item:
        await _add(agent, report, {**ITEM, "id": "another"})
    assert "the plugin heatmap, which has this one, is off" in str(refused_item.value.answer)
    renamed = await agent.call("update_bench_report", {**report, "name": "Still edited"})
    assert renamed["name"] == "Still edited"
    assert await command("plugins", "enable", "heatmap", "--data-dir", data) == 0
    while True:
        try:
            found = await agent.call("get_report_item_values", report)
        except CallFailedError:
            continue
        assert found["form"] == "GRID"
        break


async def _again_and_again(agent: Agent, report: dict[str, Any]) -> None:
    while True:
        await agent.call("get_report_item_values", report)
