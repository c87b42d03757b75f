"""The sequences of the skills, done through the tools that they name, on the embedded platform.

Each test keeps the order of its skill's code blocks; `Reader` fails when a call that the skill
teaches is left out, so that a skill cannot teach what nobody tried.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import aiohttp
import pytest
from jsonschema import Draft202012Validator
from mcp.types import PromptReference

from octoperf_mcp.cli.agent import MemoryStorage, connected
from octoperf_mcp.cli.sign_in import FormSignIn
from octoperf_mcp.demo.job import CSRF_PATTERN
from octoperf_mcp.demo.shop import RunningShop, start_shop
from octoperf_mcp.entities.schemas import schema
from octoperf_mcp.entities.steps import STEP_TYPES
from octoperf_mcp.registry.guide import called_tools
from tests.browser_runner import runner_for_tests
from tests.end_to_end.browser import chromium
from tests.end_to_end.conftest import PASSWORD, Server

if TYPE_CHECKING:
    from octoperf_mcp.cli.agent import Agent
    from tests.end_to_end.conftest import SignedIn

LIMIT_S = 120


class Reader:
    """An agent that follows a skill and remembers which of its calls it has made."""

    def __init__(self, agent: Agent, skill: str) -> None:
        text = (files("octoperf_public_assets") / "skills" / f"{skill}.md").read_text("utf-8")
        blocks = re.findall(r"```\n(.*?)```", text, re.DOTALL)
        self.taught = called_tools("".join(f"```{block}```" for block in blocks))
        self._agent = agent
        self._made: set[str] = set()

    @property
    def left_out(self) -> set[str]:
        return set(self.taught - self._made)

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        self._made.add(tool)
        return await self._agent.call(tool, arguments)

    async def until(self, tool: str, member: str, ends: set[Any], **arguments: Any) -> Any:
        """Let the server wait, call again while it is not over."""
        async with asyncio.timeout(LIMIT_S):
            while True:
                answer = await self.call(tool, waitSec=5, **arguments)
                if answer[member] in ends:
                    return answer


@pytest.fixture
async def shop() -> AsyncIterator[RunningShop]:
    running = await start_shop()
    yield running
    await running.close()


class Imported:
    """The shop's recording in a project of its own, pointed at the running shop."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self.project = ""
        self.virtual_user = ""
        self.place: dict[str, str] = {}

    @property
    def both(self) -> dict[str, str]:
        return {"projectId": self.project, "virtualUserId": self.virtual_user}

    async def upload(self, shop: RunningShop) -> None:
        call = self._agent.call
        workspace = {"workspaceId": (await call("list_workspaces"))["workspaces"][0]["id"]}
        listed = await call("list_docker_providers_by_workspace", workspace)
        provider = listed["dockerProviders"][0]
        self.place = {"providerId": provider["id"], "location": provider["locations"][0]}
        self.project = (await call("create_project", {**workspace, "name": "Skills"}))["id"]
        ticket = await call("import_har_virtual_user", {"projectId": self.project})
        form = aiohttp.FormData()
        recording = files("octoperf_mcp.demo").joinpath("shop.har").read_bytes()
        form.add_field("file", recording, filename="shop.har", content_type="application/json")
        async with (
            aiohttp.ClientSession() as session,
            session.post(ticket["url"], data=form) as answer,
        ):
            self.virtual_user = (await answer.json())["id"]
        servers = await call("list_http_servers_by_project", {"projectId": self.project})
        for server in servers["httpServers"]:
            await call("update_http_server", {"httpServerId": server["id"], "baseUrl": shop.url})


@asynccontextmanager
async def following(
    signed_in: SignedIn, shop: RunningShop
) -> AsyncIterator[tuple[Agent, Imported]]:
    async with signed_in() as agent:
        imported = Imported(agent)
        await imported.upload(shop)
        yield agent, imported


async def validate(reader: Reader, imported: Imported, iterations: int = 1) -> list[dict[str, Any]]:
    await reader.call(
        "validate_virtual_user", **imported.both, **imported.place, iterations=iterations
    )
    ended = await reader.until("get_virtual_user_validation", "finished", {True}, **imported.both)
    assert ended["state"] == "FINISHED"
    index = await reader.call(
        "get_virtual_user_validation_index", virtualUserId=imported.virtual_user
    )
    return list(index["actions"])


def fits(name: str, document: Any) -> None:
    """What the platform stores is what the published schema says."""
    Draft202012Validator(schema(name)).validate(document)


async def test_what_the_platform_stores_fits_the_published_schemas(
    signed_in: SignedIn, shop: RunningShop
) -> None:
    async with following(signed_in, shop) as (agent, imported):
        of_project = {"projectId": imported.project}
        read = await agent.call(
            "get_virtual_user", {"virtualUserId": imported.virtual_user, "view": "full"}
        )
        fits("vu", read["virtualUser"])
        rule = {"name": "csrf", "regex": CSRF_PATTERN, "injectionTargets": ["PATH", "HEADER"]}
        made = await agent.call("create_correlation_rule", {**of_project, **rule})
        fits("correlation-rules", {**made, **of_project})
        for injection in made["injectionRules"]:
            fits("injection-rules", injection)
        load = {"users": 1, "rampUpSec": 1, "holdForSec": 1}
        place = {"providerId": imported.place["providerId"]}
        scenario = await agent.call(
            "create_scenario_ramp_up",
            {
                **of_project,
                **load,
                **place,
                "locations": [imported.place["location"]],
                "scenarioName": "Short",
                "virtualUserIds": [imported.virtual_user],
            },
        )
        fits("scenario", await agent.call("get_scenario", {"scenarioId": scenario["id"]}))
        run = await agent.call("run_scenario", {"scenarioId": scenario["id"]})
        report = await agent.call(
            "get_bench_report", {"reportId": run["benchReportId"], "view": "full"}
        )
        fits("bench-report", report)
        for benchmark in run["benchResultIds"]:
            await agent.call("stop_bench_result", {"benchResultId": benchmark})


async def test_auto_correlation_makes_the_validation_green(
    signed_in: SignedIn, shop: RunningShop
) -> None:
    async with following(signed_in, shop) as (agent, imported):
        reader = Reader(agent, "auto-correlation")
        virtual_user = {"virtualUserId": imported.virtual_user}
        actions = await validate(reader, imported)
        failing = [row for row in actions if row["failedTimestamps"]]
        assert failing[0]["errorCategory"] in {"AUTH", "MISSING_DEPENDENCY"}

        copy = await reader.call("backup_virtual_user", **virtual_user, label="pre-correlation")
        assert "pre-correlation" in copy["tags"]

        where = {"actionId": failing[0]["actionId"], "timestamp": failing[0]["failedTimestamps"][0]}
        detail = await reader.call("get_validation_failure_detail", **virtual_user, **where)
        assert detail["validationResponse"]["status"] == 403

        before = actions[actions.index(failing[0]) - 1]
        page = await reader.call(
            "fetch_validation_http_body",
            **imported.both,
            actionId=before["actionId"],
            timestamp=before["successTimestamps"][0],
            kind="RECORDED_RESPONSE",
        )
        assert len(re.findall(CSRF_PATTERN, page["text"])) >= 1

        assert (await reader.call("list_correlation_rules", projectId=imported.project))[
            "total"
        ] == 0
        await reader.call(
            "create_correlation_rule",
            projectId=imported.project,
            name="csrf",
            regex=CSRF_PATTERN,
            injectionTargets=["POST_PARAM", "HEADER"],
        )

        started = await reader.call("apply_correlations_to_virtual_user", **imported.both)
        ended = await reader.until(
            "get_task_result", "status", {"SUCCESS", "FAILED"}, taskId=started["taskId"]
        )
        assert ended["status"] == "SUCCESS"
        assert {change["change"] for change in ended["result"]["changes"]} == {"EXTRACT", "INJECT"}
        assert ended["result"]["notes"] == []

        assert (await reader.call("sanity_check_virtual_user", **virtual_user))["canValidate"]
        again = await validate(reader, imported, iterations=2)
        assert again
        assert [row for row in again if row["failedTimestamps"]] == []
        assert {row["total"] for row in again} == {2}
        assert reader.left_out == set()


async def test_validation_triage_leads_from_the_index_to_a_probe(
    signed_in: SignedIn, shop: RunningShop
) -> None:
    async with following(signed_in, shop) as (agent, imported):
        reader = Reader(agent, "validation-triage")
        virtual_user = {"virtualUserId": imported.virtual_user}
        assert (await reader.call("sanity_check_virtual_user", **virtual_user))["canValidate"]
        actions = await validate(reader, imported)
        groups = {row["errorCategory"] for row in actions if row["failedTimestamps"]}
        assert "AUTH" in groups
        failing = next(row for row in actions if row["failedTimestamps"])
        where = {"actionId": failing["actionId"], "timestamp": failing["failedTimestamps"][0]}
        await reader.call("get_validation_failure_detail", **virtual_user, **where)
        body = await reader.call(
            "fetch_validation_http_body", **imported.both, **where, kind="VALIDATION_RESPONSE"
        )
        assert body["text"]

        outline = await reader.call("get_virtual_user", **virtual_user, view="outline")
        assert outline["outline"][0]["pointer"] == "/children/0"
        probe = {"@type": "DebugAction", "id": "probe", "enabled": True, "variablesDisplayed": True}
        operation = {"op": "add", "path": "/children/0/children/0", "value": probe}
        await reader.call("patch_virtual_user", **virtual_user, patch=[operation])
        probed = {row["actionId"]: row for row in await validate(reader, imported)}["probe"]
        dump = await reader.call(
            "fetch_validation_http_body",
            **imported.both,
            actionId="probe",
            timestamp=probed["successTimestamps"][0],
            kind="VALIDATION_RESPONSE",
        )
        assert "JMeterVariables:" in dump["text"]

        state = await agent.call("get_virtual_user_validation", imported.both)
        run = {"benchResultId": state["benchResultId"]}
        listed = await reader.call("list_bench_result_files", **run)
        assert "jmeter.log" in {file["filename"] for file in listed["files"]}
        lines = await reader.call(
            "read_bench_result_file_lines", **run, filename="jmeter.log", fromLine=-100
        )
        assert lines["lines"]
        await reader.call("list_bench_docker_logs", **run)
        assert reader.left_out == set()


async def test_polling_diagnosis_and_report_of_a_run_that_fails(
    signed_in: SignedIn, shop: RunningShop
) -> None:
    """The recording is not correlated, so the run has errors to read."""
    async with following(signed_in, shop) as (agent, imported):
        polling = Reader(agent, "async-polling")
        diagnosis = Reader(agent, "scenario-diagnosis")
        reports = Reader(agent, "bench-reports")
        await validate(polling, imported)

        scenario = await diagnosis.call(
            "create_scenario_ramp_up",
            scenarioName="Smoke",
            projectId=imported.project,
            virtualUserIds=[imported.virtual_user],
            providerId=imported.place["providerId"],
            locations=[imported.place["location"]],
            users=1,
            rampUpSec=0,
            holdForSec=8,
        )
        shop.mark("load")
        run = await polling.call("run_scenario", scenarioId=scenario["id"])
        which = {"benchResultId": run["benchResultIds"][0]}
        ended = await polling.until("get_bench_status", "finished", {True}, **which)
        assert ended["state"] == "FINISHED"
        counted = shop.total("load")
        await polling.call("get_bench_result", **which)
        polling.taught -= {"get_task_result"}  # tried with correlations
        assert polling.left_out == set()

        for reader in (diagnosis, reports):
            listed = await reader.call("list_bench_reports_by_project", projectId=imported.project)
            assert listed["benchReports"][0]["benchResultIds"] == [which["benchResultId"]]
        report = {"reportId": listed["benchReports"][0]["id"]}
        assert (await diagnosis.call("get_bench_result", **which))["state"] == "FINISHED"
        await diagnosis.call("list_bench_docker_logs", **which)
        await diagnosis.call("list_bench_result_files", **which)
        await diagnosis.call(
            "read_bench_result_file_lines", **which, filename="jmeter.log", toLine=50
        )
        await diagnosis.call(
            "get_virtual_user_validation_index", virtualUserId=imported.virtual_user
        )
        assert (await diagnosis.call("list_bench_load_generators", **which))["total"] == 1

        assert (await reports.call("show_run_chart", **which))["finished"]
        read = await reports.call("get_bench_report", **report)
        await diagnosis.call("get_bench_report", **report)
        answers = {}
        for item in read["readWith"]:
            if item.get("tool") is None:
                continue
            own = which if item["tool"] == "list_bench_load_generators" else None
            arguments = own or {**report, "itemId": item["itemId"]}
            for reader in (diagnosis, reports):
                answers[item["type"]] = await reader.call(item["tool"], **arguments)
        figures = {row["metric"]: row["value"] for row in answers["SummaryReportItem"]["values"]}
        assert figures["HITS_TOTAL"] == counted
        assert figures["ERRORS_PERCENT"] > 5
        error = answers["ErrorsReportItem"]["errors"][0]
        place = {key: error[key] for key in ("benchResultId", "actionId", "timestamp")}
        for reader in (diagnosis, reports):
            exchange = await reader.call("fetch_bench_error_http", **place)
        assert exchange["response"]["status"] == 403
        assert diagnosis.left_out == set()
        assert reports.left_out == set()


async def smoke(agent: Agent, imported: Imported, name: str) -> str:
    """Id of a scenario of one user for a few seconds."""
    made = await agent.call(
        "create_scenario_ramp_up",
        {
            "scenarioName": name,
            "projectId": imported.project,
            "virtualUserIds": [imported.virtual_user],
            "providerId": imported.place["providerId"],
            "locations": [imported.place["location"]],
            "users": 1,
            "rampUpSec": 0,
            "holdForSec": 3,
        },
    )
    return str(made["id"])


async def test_a_scheduled_job_is_checked_made_fires_and_is_managed(
    signed_in: SignedIn, shop: RunningShop
) -> None:
    async with following(signed_in, shop) as (agent, imported):
        reader = Reader(agent, "scheduling")
        scenario = {"scenarioId": await smoke(agent, imported, "Nightly")}
        project = {"projectId": imported.project}
        await reader.call("get_scenario", **scenario)
        assert (await reader.call("get_scenario_matching_plans", **scenario))["launchable"]
        assert (await reader.call("list_active_subscriptions"))["total"] >= 1
        assert (await reader.call("list_scheduled_jobs_by_project", **project))["total"] == 0

        soon = datetime.now(ZoneInfo("Europe/Paris")) + timedelta(seconds=2)
        once = await reader.call(
            "schedule_scenario_once", **scenario, runAt=soon.isoformat(), name="Soon"
        )
        assert once["nextRun"] == round(soon.timestamp() * 1000)
        weekdays = await reader.call(
            "schedule_scenario_cron", **scenario, expression="30 6 * * 1-5", name="Weekdays"
        )
        next_run = datetime.fromtimestamp(weekdays["nextRun"] / 1000, UTC)
        assert (next_run.hour, next_run.minute) == (6, 30)
        assert next_run.weekday() < 5

        cron = {"jobId": weekdays["id"]}
        assert not (await reader.call("disable_scheduled_job", **cron))["enabled"]
        assert (await reader.call("enable_scheduled_job", **cron))["nextRun"]
        await reader.call("delete_scheduled_job", **cron)

        async with asyncio.timeout(LIMIT_S):
            fired = None
            while fired is None or fired["outcome"] == "STARTING":
                listed = await reader.call("list_scheduled_jobs_by_project", **project)
                (job,) = listed["scheduledJobs"]
                fired = job.get("lastRun")
        assert (fired["outcome"], job["enabled"]) == ("STARTED", False)
        runs = await reader.call("list_bench_results_by_project", **project)
        assert runs["benchResults"][0]["id"] == fired["benchResultId"]
        await reader.call("list_bench_docker_logs", benchResultId=fired["benchResultId"])
        assert reader.left_out == set()
        await agent.call("stop_bench_result", {"benchResultId": fired["benchResultId"]})


@pytest.mark.skipif(chromium() is None, reason="Chromium is not installed")
async def test_a_report_is_printed_found_and_fetched(
    signed_in: SignedIn, shop: RunningShop
) -> None:
    async with following(signed_in, shop) as (agent, imported):
        reader = Reader(agent, "export-bench-report-pdf")
        scenario = await smoke(agent, imported, "Nightly, 3 users")
        which = await agent.call("run_scenario", {"scenarioId": scenario})
        run = {"benchResultId": which["benchResultIds"][0]}
        polling = Reader(agent, "async-polling")
        await polling.until("get_bench_status", "finished", {True}, **run)

        listed = await reader.call("list_bench_reports_by_project", projectId=imported.project)
        report = {"benchReportId": listed["benchReports"][0]["id"]}
        read = await reader.call("get_bench_report", reportId=report["benchReportId"])
        assert read["benchResultIds"] == [run["benchResultId"]]
        assert (await reader.call("get_bench_result", **run))["state"] == "FINISHED"

        started = await reader.call(
            "export_bench_report_pdf",
            **report,
            orientation="landscape",
            coverPage="# $REPORT_NAME$",
        )
        assert started["benchResultId"] == run["benchResultId"]
        ended = await reader.until(
            "get_task_result", "status", {"SUCCESS", "FAILED"}, taskId=started["taskId"]
        )
        assert ended["status"] == "SUCCESS", ended.get("message")

        files = (await reader.call("list_bench_result_files", **run))["files"]
        (name,) = [each["filename"] for each in files if each["filename"].endswith(".pdf")]
        assert name == ended["result"]["filename"] == re.sub(r"\W+", "_", read["name"]) + ".pdf"
        ticket = await reader.call("download_bench_result_file", **run, filename=name)
        async with aiohttp.ClientSession() as session:
            async with session.get(ticket["url"]) as answer:
                assert (await answer.read()).startswith(b"%PDF-")
            async with session.get(ticket["url"]) as answer:
                assert answer.status >= 400, "an address is for one use"
        assert reader.left_out == set()


async def test_prompts_complete_ids_of_the_live_account(
    signed_in: SignedIn, shop: RunningShop
) -> None:
    async with following(signed_in, shop) as (agent, imported):
        reference = PromptReference(type="ref/prompt", name="auto_correlate")
        project = await agent.client.complete(reference, {"name": "projectId", "value": "skil"})
        assert project.completion.values[0] == imported.project
        known = {"projectId": imported.project}
        found = await agent.client.complete(
            reference, {"name": "virtualUserId", "value": ""}, context_arguments=known
        )
        assert found.completion.values == [imported.virtual_user]
        for name, argument in (
            ("list_projects_by_workspace", "workspaceId"),
            ("run_scenario", "scenarioId"),
            ("get_bench_report", "reportId"),
        ):
            reference = PromptReference(type="ref/prompt", name=name)
            answer = await agent.client.complete(reference, {"name": argument, "value": ""})
            assert isinstance(answer.completion.values, list)
        wrong = await agent.client.complete(
            reference, {"name": "reportId", "value": ""}, context_arguments={"projectId": "nope"}
        )
        assert wrong.completion.values == []


PROBE = """import {{ test, expect }} from '@playwright/test';

test('signs in', async ({{ page }}) => {{
  await page.goto('{url}/');
  await test.step('look', async () => {{
    await expect(page.locator('body')).toBeVisible();
  }});
}});
"""


async def test_a_probe_in_a_real_browser_is_validated_and_runs_beside_the_load(
    tmp_path_factory: pytest.TempPathFactory, shop: RunningShop
) -> None:
    environ = {"XDG_DATA_HOME": str(runner_for_tests())}
    server = Server(tmp_path_factory.mktemp("browsers"), environ=environ)
    server.start()
    try:
        storage = MemoryStorage()
        sign_in = FormSignIn("demo", PASSWORD)
        async with following(lambda: connected(server.url, sign_in, storage=storage), shop) as (
            agent,
            imported,
        ):
            await follow_the_probe(Reader(agent, "real-browser-probe"), imported, shop)
    finally:
        server.stop()


async def follow_the_probe(reader: Reader, imported: Imported, shop: RunningShop) -> None:
    project = {"projectId": imported.project}
    await reader.call("describe_virtual_user", virtualUserId=imported.virtual_user)
    ticket = await reader.call("import_playwright_virtual_user", **project, name="Probe")
    form = aiohttp.FormData()
    form.add_field(
        "file", PROBE.format(url=shop.url), filename="probe.spec.ts", content_type="text/plain"
    )
    async with (
        aiohttp.ClientSession() as session,
        session.post(ticket["url"], data=form) as answer,
    ):
        probe = {"virtualUserId": (await answer.json())["id"]}
    assert (await reader.call("describe_virtual_user", **probe))["type"] == "PLAYWRIGHT"

    checked = await reader.call("sanity_check_virtual_user", **probe)
    assert [row for row in checked["messages"] if row["level"] == "ERROR"] == []
    both = {**project, **probe}
    validation = await reader.call("validate_virtual_user", **both, **imported.place)
    ended = await reader.until("get_virtual_user_validation", "finished", {True}, **both)
    assert ended["state"] == "FINISHED"
    index = await reader.call("get_virtual_user_validation_index", **probe)
    assert [(row["success"], row["total"]) for row in index["actions"]] == [(1, 1)]
    run = {"benchResultId": validation["benchResultId"]}
    names = [
        row["filename"] for row in (await reader.call("list_bench_result_files", **run))["files"]
    ]
    for ending in (".trace.zip", ".har", ".png"):
        (name,) = [name for name in names if name.endswith(ending)]
        found = await reader.call("download_bench_result_file", **run, filename=name)
        async with aiohttp.ClientSession() as session, session.get(found["url"]) as answer:
            assert len(await answer.read()) > 500
    await reader.call("read_bench_result_file_lines", **run, filename="jmeter.log")

    made = await reader.call(
        "create_scenario_ramp_up",
        **project,
        scenarioName="Hybrid",
        virtualUserIds=[imported.virtual_user],
        providerId=imported.place["providerId"],
        locations=[imported.place["location"]],
        users=2,
        rampUpSec=1,
        holdForSec=24,
    )
    scenario = {"scenarioId": made["id"]}
    first = (await reader.call("get_scenario", **scenario))["userProfiles"][0]
    second = {
        "name": "Probe",
        **probe,
        "providerId": first["providerId"],
        "location": first["location"],
        "load": {
            "@type": "UserProfileLoadRampUp",
            "delayMs": 0,
            "rampUpMs": 0,
            "plateauMs": 25_000,
            "plateauVus": 1,
        },
        "engine": {
            "@type": "PlaywrightUserProfileEngine",
            "settings": first["engine"]["settings"],
            "device": None,
            "timeoutMs": 30_000,
            "baseURL": None,
            "slowMoMs": 0,
        },
    }
    patch = [{"op": "add", "path": "/userProfiles/-", "value": second}]
    await reader.call("patch_scenario", **scenario, patch=patch)
    assert (await reader.call("get_scenario_matching_plans", **scenario))["launchable"]
    plans = await reader.call("list_active_subscriptions")
    assert plans["subscriptions"][0]["maxRealBrowserUsers"] >= 1
    started = await reader.call("run_scenario", **scenario)
    (run_id,) = started["benchResultIds"]
    ended = await reader.until("get_bench_status", "finished", {True}, benchResultId=run_id)
    assert ended["state"] == "FINISHED"
    report = {"reportId": started["benchReportId"]}
    read = (await reader.call("get_bench_report", **report))["readWith"]
    (item,) = [each["itemId"] for each in read if each.get("tool") == "get_report_tree_values"]
    rows = (await reader.call("get_report_tree_values", **report, itemId=item))["entries"]
    told = {row.get("stepType") for row in rows if row["virtualUserId"] == probe["virtualUserId"]}
    assert told == {None, *STEP_TYPES}
    assert {row["virtualUserId"] for row in rows} == {
        imported.virtual_user,
        probe["virtualUserId"],
    }
    assert reader.left_out == set()
