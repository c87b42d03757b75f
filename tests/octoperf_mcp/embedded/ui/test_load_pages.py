"""Pages of load: the plan, confirmed targets, scheduled jobs, a run's button and files."""

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.engine.runs.directory import RunDirectory
from octoperf_mcp.embedded.engine.runs.tables import (
    validation_body,
    validation_run,
    validation_sample,
)
from octoperf_mcp.embedded.store.documents import Document
from tests.octoperf_mcp.embedded.ui.test_people import FORM_TEXT, World, world

__all__ = ["world"]

LOAD = "/ui/administration/load"
SUBSCRIPTION = "/ui/account/subscription"


class Shop:
    """A project of the user `demo`."""

    def __init__(self, world: World, workspace_id: str, project_id: str) -> None:
        self.world = world
        self.workspace_id = workspace_id
        self.project_id = project_id
        self.path = f"/ui/workspace/{workspace_id}/project/{project_id}"

    async def made(self, kind: str, **body: Any) -> Document:
        return await self.world.platform.documents.create(
            kind,
            body,
            user_id=self.world.ids["demo"],
            workspace_id=self.workspace_id,
            project_id=self.project_id,
        )


@pytest.fixture
async def shop(world: World) -> Shop:
    documents, user_id = world.platform.documents, world.ids["demo"]
    (workspace,) = await documents.list("workspace", user_id=user_id)
    body = {"name": "Shop", "type": "DESIGN"}
    project = await documents.create("project", body, user_id=user_id, workspace_id=workspace.id)
    return Shop(world, workspace.id, project.id)


async def test_the_plan_shows_the_caps_that_are_enforced(world: World) -> None:
    person = await world.person("demo")
    shown = await person.get(SUBSCRIPTION)
    assert f"{world.platform.runs.gate.caps.users:,}" in shown
    assert "Plan: this machine" in shown


async def test_an_administrator_of_the_workspace_confirms_a_target(
    world: World, shop: Shop
) -> None:
    path = f"/ui/workspace/{shop.workspace_id}/load-target"
    person = await world.person("demo")
    told = await person.send(path, host="Shop.Example.com")
    assert "The host is confirmed." in told
    assert "shop.example.com" in told
    wrong = await person.send(path, host="169.254.169.254")
    assert (person.status, "No load goes to" in wrong) == (400, True)
    told = await person.send(path, host="shop.example.com", action="withdraw")
    assert "No host is confirmed." in told
    eve = await world.person("eve")
    await eve.get(path)
    assert eve.status == 404
    own = FORM_TEXT.search(await eve.get("/ui/account/password"))
    assert own
    await eve.post(path, form=own[1], host="x.test")
    assert eve.status == 404


async def test_a_job_is_paused_and_deleted_on_its_page(world: World, shop: Shop) -> None:
    scenario = await shop.made("scenario", name="Peak", mode="STANDARD", userProfiles=[])
    wish = {
        "scenarioId": scenario.id,
        "name": "Nightly <b>",
        "trigger": {"@type": "UnixCronTrigger", "expression": "0 3 * * *"},
    }
    job = await world.platform.schedules.create(wish, world.ids["demo"])
    person = await world.person("demo")
    page = f"{shop.path}/runtime/scheduled-job"
    shown = await person.get(page)
    for text in ("Nightly &lt;b&gt;", "cron 0 3 * * * (UTC)", "Peak", "next start"):
        assert text in shown
    assert "The job is disabled." in await person.send(f"{page}/{job.id}", page, action="disable")
    assert "The job is enabled." in await person.send(f"{page}/{job.id}", page, action="enable")
    assert "Nothing is scheduled" in await person.send(f"{page}/{job.id}", page, action="delete")


async def test_a_scenario_lists_the_jobs_that_start_it(world: World, shop: Shop) -> None:
    wanted, other = [
        await shop.made("scenario", name=name, description="", mode="STANDARD", userProfiles=[])
        for name in ("Peak", "Other")
    ]
    wish = {
        "scenarioId": wanted.id,
        "name": "Nightly",
        "trigger": {"@type": "UnixCronTrigger", "expression": "0 3 * * *"},
    }
    await world.platform.schedules.create(wish, world.ids["demo"])
    person = await world.person("demo")
    shown = await person.get(f"{shop.path}/runtime/scenario/{wanted.id}")
    for text in ("Nightly", "cron 0 3 * * * (UTC)", f"{shop.path}/runtime/scheduled-job"):
        assert text in shown
    assert "Nightly" not in await person.get(f"{shop.path}/runtime/scenario/{other.id}")


async def test_the_reports_of_a_project_list_the_templates_of_its_workspace(
    world: World, shop: Shop
) -> None:
    person = await world.person("demo")
    page = f"{shop.path}/analysis/report"
    assert "No template yet" in await person.get(page)
    made = await world.platform.documents.create(
        "bench_report_template",
        {"name": "Short layout", "items": [], "configs": []},
        user_id=world.ids["demo"],
        workspace_id=shop.path.split("/")[3],
    )
    shown = await person.get(page)
    assert "Short layout" in shown
    assert made.id in shown


async def test_a_scenario_draws_its_arrivals(world: World, shop: Shop) -> None:
    points = [{"timeInMs": at, "arrivalsPerMinute": 60} for at in (0, 60_000)]
    load = {"@type": "UserProfileLoadArrivals", "points": points, "maxVus": 7}
    profile = {"name": "buyers", "virtualUserId": "", "location": "local", "load": load}
    made = await shop.made(
        "scenario", name="Open", description="", mode="STANDARD", userProfiles=[profile]
    )
    person = await world.person("demo")
    shown = await person.get(f"{shop.path}/runtime/scenario/{made.id}")
    for text in ("arrivals · up to 7 users", "60 arrivals over time", "arrivals a minute"):
        assert text in shown


async def test_a_validation_shows_the_matrix_and_what_failed_in_full(
    world: World, shop: Shop
) -> None:
    actions = [
        {"@type": "HttpRequestAction", "id": each, "name": each, "enabled": True}
        | {"recordedResponse": {"status": 200}}
        for each in ("good", "bad", "down")
    ]
    user = await shop.made("virtual_user", name="Buyer", type="JMETER", children=actions)
    run = await shop.made("bench_result", name="V", state="FINISHED", validation=True)
    request = {
        "method": "GET",
        "url": "http://shop.test/<cart>",
        "headers": [{"name": "Cookie", "value": "sid=1"}, {"name": "X-A", "value": "b"}],
    }
    refused = {"status": 403, "statusText": "Forbidden", "headers": [], "body": ""}
    none = {"status": -1, "statusText": "UNKNOWN", "headers": [], "body": ""}
    await captured(
        world,
        run.id,
        user.id,
        [
            sample("good", ok=True, code="200"),
            sample("bad", code="403", message="403 Forbidden, recorded 200")
            | {"request": request, "response": refused},
            sample("down", code="-1", message="Connection refused")
            | {"request": request, "response": none},
        ],
    )
    person = await world.person("demo")
    shown = await person.get(f"{shop.path}/design/virtual-user/{user.id}/validation")
    for text in (
        "1 of 1", "0 of 1", "KO: 403 Forbidden, recorded 200", "bad: what failed",
        "GET http://shop.test/&lt;cart&gt;", "X-A: b", ">403 Forbidden", "Connection refused",
    ):  # fmt: skip
        assert text in shown
    assert "sid=1" not in shown
    assert "good: what failed" not in shown
    eve = await world.person("eve")
    await eve.get(f"{shop.path}/design/virtual-user/{user.id}/validation")
    assert eve.status == 404


async def test_a_browser_validation_shows_its_rows_and_links_its_trace(
    world: World, shop: Shop
) -> None:
    script = {"@type": "PlaywrightSpecAction", "id": "s", "name": "buy.spec.ts", "enabled": True}
    user = await shop.made("virtual_user", name="Probe", type="PLAYWRIGHT", children=[script])
    run = await shop.made("bench_result", name="V", state="FINISHED", validation=True)
    told = {"status": 200, "statusText": "OK", "headers": [], "bodyRef": "k"}
    await captured(world, run.id, user.id, [sample("s", ok=True, code="200") | {"response": told}])

    async def body(writer: AsyncConnection) -> None:
        row = {"run_id": run.id, "key": "k", "data": b"ACTION  51 ms  page.goto('<shop>')"}
        await writer.execute(validation_body.insert().values(row))

    await world.platform.database.write(body)
    directory = await world.platform.runs.directory(run.id, world.ids["demo"])
    directory.put("s-1-buy-chromium.trace.zip", b"PK")
    person = await world.person("demo")
    shown = await person.get(f"{shop.path}/design/virtual-user/{user.id}/validation")
    for text in (
        "buy.spec.ts: what the browser did",
        "page.goto(&#39;&lt;shop&gt;&#39;)",
        f"{shop.path}/analysis/bench-result/{run.id}/file/s-1-buy-chromium.trace.zip",
    ):
        assert text in shown
    assert "what failed" not in shown


def sample(action_id: str, *, ok: bool = False, code: str, message: str = "") -> dict[str, Any]:
    facts = {"timestamp": 1, "iteration": 1, "method": "GET", "url": "", "name": action_id}
    return {"actionId": action_id, "ok": ok, "code": code, "message": message, **facts} | {
        "assertions": [],
        "extracted": {},
    }


async def captured(
    world: World, run_id: str, virtual_user_id: str, entries: list[dict[str, Any]]
) -> None:
    async def work(writer: AsyncConnection) -> None:
        facts = {"run_id": run_id, "virtual_user_id": virtual_user_id, "started": 1}
        facts["project_id"] = "p"
        await writer.execute(validation_run.insert().values(facts))
        for number, entry in enumerate(entries):
            row = {"run_id": run_id, "seq": number, "action_id": entry["actionId"]}
            row |= {"timestamp": 1, "ok": entry["ok"], "entry": entry}
            await writer.execute(validation_sample.insert().values(row))

    await world.platform.database.write(work)


async def test_a_run_page_tells_cause_start_and_files(world: World, shop: Shop) -> None:
    run = await shop.made(
        "bench_result",
        name="First",
        state="ABORTED",
        cause="demo aborted the test",
        designProjectId=shop.project_id,
        scenarioId="s",
        endedAt=1,
    )
    directory = RunDirectory(world.platform.data_dir, run.id)
    directory.create()
    (directory.files / "jmeter.log").write_text("<b>a line", encoding="utf-8")
    person = await world.person("demo")
    page = f"{shop.path}/analysis/bench-result/{run.id}"
    shown = await person.get(page)
    assert "demo aborted the test." in shown
    assert f'href="{page}/file/jmeter.log"' in shown
    assert "Stop the run" not in shown
    assert await person.get(f"{page}/file/jmeter.log") == "<b>a line"
    assert person.headers["Content-Disposition"].startswith("attachment")
    eve = await world.person("eve")
    for path in (page, f"{page}/file/jmeter.log"):
        await eve.get(path)
        assert eve.status == 404


async def test_a_run_under_way_has_a_button_and_an_administrator_one_for_all(
    world: World, shop: Shop
) -> None:
    run = await shop.made(
        "bench_result",
        name="Going on",
        state="RUNNING",
        designProjectId=shop.project_id,
        scenarioId="s",
    )
    person = await world.person("demo")
    page = f"{shop.path}/analysis/bench-result/{run.id}"
    assert "Stop the run" in await person.get(page)
    assert "The run was asked to end." in await person.send(f"{page}/stop", page)
    assert "Nothing is under way." in await person.get(LOAD)
    eve = await world.person("eve")
    await eve.get(LOAD)
    assert eve.status == 404
