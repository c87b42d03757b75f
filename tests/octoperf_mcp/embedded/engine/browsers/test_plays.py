"""Browser virtual users with the real runner and a real Chromium."""

import json
import socket
import zipfile
from pathlib import Path
from typing import Any

import pytest

from octoperf_mcp.embedded.failures import Forbidden, Invalid
from octoperf_mcp.entities.engines import engine_for
from octoperf_mcp.entities.steps import split_step
from tests.octoperf_mcp.embedded.engine.players import Json, node, request
from tests.octoperf_mcp.embedded.engine.stage import ADA, Stage, ramp, think
from tests.octoperf_mcp.embedded.engine.target import Answer, Target

PAGE = '<title>Shop</title><h1>Books</h1><a href="/cart">Cart</a><input id="name">'


def spec(content: str, filename: str = "shop.spec.ts", **more: Any) -> Json:
    head = "import { test, expect } from '@playwright/test';\n"
    return node(
        "PlaywrightSpecAction",
        id=more.pop("id", "spec0001"),
        filename=filename,
        content=head + content,
        **more,
    )


def shop(target: Target) -> str:
    for path in ("/", "/cart"):
        target.answers[path] = Answer(PAGE, headers=[("Content-Type", "text/html")])
    target.answers["/favicon.ico"] = Answer(b"")
    return f"http://127.0.0.1:{target.port}"


def closed_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port


async def body_of(stage: Stage, virtual_user: Any, action_id: str) -> str:
    found = await stage.runs.validations.body(
        virtual_user.id, action_id, ADA, kind="VALIDATION_RESPONSE", timestamp=None
    )
    return found.decode()


def files_of(stage: Stage, run_id: str) -> list[str]:
    folder = stage.data_dir / "runs" / run_id / "files"
    return sorted(path.name for path in folder.iterdir())


async def test_a_spec_is_validated_in_a_real_browser_and_leaves_trace_har_and_screenshot(
    stage: Stage, target: Target
) -> None:
    origin = shop(target)
    secret = {"@type": "SecretVariable", "value": {"type": "PLAIN", "value": "s3cret-word"}}
    await stage.create("variable", {"name": "word", "variable": secret})
    virtual_user = await stage.virtual_user(
        spec(
            f"""test('looks at the cart', async ({{ page }}) => {{
  await page.goto('{origin}/');
  await test.step('choose', async () => {{
    await page.getByRole('link', {{ name: 'Cart' }}).click();
  }});
  await page.locator('#name').fill(process.env.word!);
  console.log('typed', process.env.word);
  await expect(page.locator('h1')).toHaveText('Books');
}});
"""
        ),
        type="PLAYWRIGHT",
    )
    result = await stage.validated(virtual_user, iterations=2)
    log = stage.log(result["id"])
    index = await stage.index(virtual_user)
    assert (result["state"], index["spec0001"]["success"]) == ("FINISHED", 2), log
    body = await body_of(stage, virtual_user, "spec0001")
    for row in (
        f"page.goto('{origin}/')",
        "page.getByRole('link', { name: 'Cart' }).click()",
        "page.locator('#name').fill(process.env.word!)",
        "expect(page.locator('h1')).toHaveText('Books')",
        "Before Hooks",
        "After Hooks",
        "domcontentloaded",
        "choose",
        "127.0.0.1",
        "Actions",
        "Network",
    ):
        assert row in body, body
    kept = files_of(stage, result["id"])
    assert sum(name.endswith("-chromium.trace.zip") for name in kept) == 2
    assert sum(name.endswith(".har") for name in kept) == 2
    assert sum(name.endswith(".png") for name in kept) == 2
    assert all(name.startswith("spec0001-") for name in kept if name != "jmeter.log")
    folder = stage.data_dir / "runs" / result["id"]
    [har, _] = [name for name in kept if name.endswith(".har")]
    entries = json.loads((folder / "files" / har).read_text("utf-8"))["log"]["entries"]
    assert {entry["request"]["url"] for entry in entries} >= {f"{origin}/", f"{origin}/cart"}
    assert "s3cret-word" not in log + body
    assert "typed ******" in log
    for name in kept:
        data = (folder / "files" / name).read_bytes()
        assert b"s3cret-word" not in data
        if name.endswith(".zip"):
            with zipfile.ZipFile(folder / "files" / name) as archive:
                assert all(b"s3cret-word" not in archive.read(one) for one in archive.namelist())


async def test_a_failed_step_is_ko_with_its_cause_and_an_address_out_of_bounds_is_refused(
    stage: Stage, target: Target
) -> None:
    origin = shop(target)
    virtual_user = await stage.virtual_user(
        spec(
            f"""test('reads', async ({{ page }}) => {{
  await page.goto('{origin}/');
  await expect(page.locator('h1')).toHaveText('Films', {{ timeout: 200 }});
}});
""",
            "one.spec.ts",
            id="wrong",
        ),
        spec(
            """test('asks', async ({ page }) => {
  await page.goto('http://169.254.169.254/latest/meta-data');
});
""",
            "two.spec.ts",
            id="metadata",
        ),
        spec("export const nothing = 1;\n", "playwright.config.ts", id="config"),
        spec("export const page = 1;\n", "pages/page.ts", id="module"),
        spec(
            "import { page } from './pages/page';\n"
            "test('uses', async () => { expect(page).toBe(1); });\n",
            "three.spec.ts",
            id="uses",
        ),
        type="PLAYWRIGHT",
    )
    result = await stage.validated(virtual_user)
    index = await stage.index(virtual_user)
    assert index.keys() == {"wrong", "metadata", "config", "uses"}
    assert index["uses"]["success"] == 1, stage.log(result["id"])
    assert index["wrong"]["errorCategory"] == "ASSERTION"
    assert "toHaveText" in index["wrong"]["lastMessage"]
    assert "\x1b" not in index["wrong"]["lastMessage"]
    assert index["metadata"]["lastCode"] == "-1"
    assert "Refused to connect to 169.254.169.254" in index["metadata"]["lastMessage"]
    assert index["config"]["lastMessage"] == "no tests in this file"


async def test_webdriver_steps_have_a_row_each_and_play_on_after_a_failure(
    stage: Stage, target: Target
) -> None:
    origin = shop(target)
    virtual_user = await stage.virtual_user(
        node("WebDriverAction", id="open", url=f"{origin}/"),
        node("WebDriverAction", id="click", command="click", target="linkText=Cart"),
        node("WebDriverAction", id="closed", url=f"http://127.0.0.1:{closed_port()}/"),
        node("WebDriverAction", id="again", command="open", target=f"{origin}/cart"),
        node("WebDriverAction", id="text", command="assertText", target="css=h1", value="Books"),
        type="WEB_DRIVER",
    )
    result = await stage.validated(virtual_user)
    index = await stage.index(virtual_user)
    won = {action_id: entry["success"] for action_id, entry in index.items()}
    assert won == {"open": 1, "click": 1, "closed": 0, "again": 1, "text": 1}, stage.log(
        result["id"]
    )
    assert "Connection refused" in index["closed"]["lastMessage"]
    assert any(name.endswith(".trace.zip") for name in files_of(stage, result["id"]))


async def test_load_and_a_browser_probe_run_in_one_scenario(stage: Stage, target: Target) -> None:
    origin = shop(target)
    loading = await stage.virtual_user(request("/", id="get", thinktime=think(500)))
    probe = await stage.virtual_user(
        spec(f"test('sees', async ({{ page }}) => {{ await page.goto('{origin}/'); }});\n"),
        type="PLAYWRIGHT",
    )
    scenario = await stage.scenario(
        stage.profile(loading, ramp(3, 0, 20_000)),
        stage.profile(probe, ramp(1, 0, 20_000), name="probe", engine=engine_for("PLAYWRIGHT")),
    )
    result = await stage.played(scenario)
    assert result["state"] == "FINISHED", stage.log(result["id"])
    rows = await stage.rows(result["id"])
    steps = {split_step(row)[2] for row in rows if split_step(row)[1]}
    assert steps == {"HOOK", "ACTION", "NETWORK", "NAVIGATION", "GROUP"}
    assert rows["spec0001"] >= 1
    assert rows["get"] > 10
    assert any(name.endswith(".trace.zip") for name in files_of(stage, result["id"]))


async def test_more_browsers_than_the_plan_allows_are_refused(stage: Stage) -> None:
    load = ramp(1, 0, 1000)
    probe = await stage.virtual_user(spec("test('x', () => {});\n"), type="PLAYWRIGHT")
    most = stage.runs.gate.caps.browsers
    assert most >= 1
    many = [stage.profile(probe, load, engine=engine_for("PLAYWRIGHT"))] * (most + 1)
    with pytest.raises(Forbidden, match="real-browser users"):
        await stage.played(await stage.scenario(*many))


async def test_without_the_runner_the_sanity_check_says_how_to_get_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    probe = await stage.virtual_user(spec("test('x', () => {});\n"), type="PLAYWRIGHT")
    with pytest.raises(Invalid, match="octoperf-mcp browsers install"):
        await stage.validated(probe)
    assert stage.runs.gate.caps.browsers == 0
