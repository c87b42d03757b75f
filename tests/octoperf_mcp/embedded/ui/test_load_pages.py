"""Pages of load: the plan, confirmed targets, scheduled jobs, a run's button and files."""

from typing import Any

import pytest

from octoperf_mcp.embedded.engine.run_directory import RunDirectory
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
