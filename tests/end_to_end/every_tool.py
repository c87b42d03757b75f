"""Every tool with arguments that mean something: what a client needs to call them all.

`seeded` makes an account with a project, a recording, a validation and a run that failed in part,
and a report of all kinds of items. `CALLS` has one call of each tool, in an order that works:
`{name}` stands for an id of the seeded account, `@tool.member` for what an earlier call answered.
What is changed, run and deleted is the client's own, so that many can share one account.
"""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import aiohttp

from octoperf_mcp.cli.agent import MemoryStorage, connected
from octoperf_mcp.cli.sign_in import FormSignIn
from octoperf_mcp.demo.shop import start_shop
from octoperf_mcp.demo.uploads import upload
from tests.end_to_end.conftest import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from octoperf_mcp.cli.agent import Agent
    from tests.end_to_end.conftest import Server

    Call = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]

NOWHERE = "http://127.0.0.1:1"
SLO = b'[[thresholds]]\nmetric = "ERRORS_PERCENT"\nmax = 100\n'
CSV = b"user,password\nada,lovelace\ngrace,hopper\n"


def _entry(method: str, path: str, answer: str, sent: str = "") -> dict[str, Any]:
    kind = "application/x-www-form-urlencoded"
    post = {"postData": {"mimeType": kind, "text": sent}} if sent else {}
    body = {"size": len(answer), "mimeType": "text/html", "text": answer}
    return {
        "startedDateTime": "2026-01-01T00:00:00.000Z",
        "time": 1,
        "request": {"method": method, "url": f"{NOWHERE}{path}", "headers": [], **post},
        "response": {"status": 200, "statusText": "OK", "headers": [], "content": body},
    }


TOKEN = "a8F3kd93LLsk2x7Q"
HAR = (
    json.dumps(
        {
            "log": {
                "version": "1.2",
                "creator": {"name": "tests", "version": "1"},
                "entries": [
                    _entry("GET", "/form", f'<input type="hidden" name="csrf" value="{TOKEN}">'),
                    _entry("POST", "/form", "welcome", f"csrf={TOKEN}"),
                ],
            }
        }
    )
    .replace("{", "{{")
    .replace("}", "}}")
)
"""A recording with a token, its braces doubled as in a template."""
OWN: dict[str, Any] = {"projectId": "@create_project.id"}
USER: dict[str, Any] = {"virtualUserId": "@import_urls_virtual_user.id"}
RUN: dict[str, Any] = {"benchResultId": "{benchResultId}"}
PLACE = {"providerId": "{providerId}", "location": "{location}"}
LOAD: dict[str, Any] = {
    **OWN,
    "virtualUserIds": ["@import_urls_virtual_user.id"],
    "providerId": "{providerId}",
    "locations": ["{location}"],
    "users": 2,
    "rampUpSec": 0,
    "holdForSec": 2,  # a client that knows tasks waits for the end
}
FILE: dict[str, Any] = {**OWN, "filename": "users.csv"}
SEEDED_FILE = {**RUN, "filename": "jmeter.log"}
FAILED = {"virtualUserId": "{virtualUserId}", "actionId": "{actionId}", "timestamp": "{timestamp}"}
DESCRIBED = [{"op": "replace", "path": "/description", "value": "{client} was here"}]

TREND: dict[str, Any] = {"reportId": "@create_trend_report_by_name.id"}


def item(kind: str) -> dict[str, Any]:
    return {"reportId": "{reportId}", "itemId": f"{{{kind}}}"}


CALLS: dict[str, dict[str, Any]] = {
    "list_workspaces": {},
    "list_projects_by_workspace": {"workspaceId": "{workspaceId}"},
    "list_docker_providers_by_workspace": {"workspaceId": "{workspaceId}"},
    "list_public_docker_providers": {},
    "list_virtual_users": {"projectId": "{projectId}"},
    "describe_virtual_user": {"virtualUserId": "{virtualUserId}"},
    "get_virtual_user": {"virtualUserId": "{virtualUserId}"},
    "sanity_check_virtual_user": {"virtualUserId": "{virtualUserId}"},
    "propose_correlations": {"virtualUserId": "{virtualUserId}"},
    "get_virtual_user_validation": {
        "projectId": "{projectId}",
        "virtualUserId": "{virtualUserId}",
    },
    "get_virtual_user_validation_index": {"virtualUserId": "{virtualUserId}"},
    "get_validation_failure_detail": FAILED,
    "fetch_validation_http_body": {
        **FAILED,
        "projectId": "{projectId}",
        "kind": "VALIDATION_RESPONSE",
    },
    "list_scenarios_by_project": {"projectId": "{projectId}"},
    "get_scenario": {"scenarioId": "{scenarioId}"},
    "list_bench_results_by_project": {"projectId": "{projectId}"},
    "get_bench_status": RUN,
    "get_bench_result": RUN,
    "list_bench_docker_logs": RUN,
    "list_bench_load_generators": RUN,
    "list_bench_result_files": RUN,
    "read_bench_result_file_lines": {**SEEDED_FILE, "toLine": 5},
    "download_bench_result_file": SEEDED_FILE,
    "list_bench_reports_by_project": {"projectId": "{projectId}"},
    "get_bench_report": {"reportId": "{reportId}"},
    "get_report_summary_values": item("SummaryReportItem"),
    "get_report_line_chart_values": item("LineChartReportItem"),
    "get_report_stacked_chart_values": item("StackedChartReportItem"),
    "get_report_pie_values": item("PieChartReportItem"),
    "get_report_top_values": item("TopReportItem"),
    "get_report_table_values": item("StatisticTableReportItem"),
    "get_report_tree_values": item("StatisticTreeReportItem"),
    "get_report_area_range_values": item("AreaRangeChartReportItem"),
    "get_report_item_values": item("HeatMapReportItem"),
    "get_report_insights": item("InsightsReportItem"),
    "get_report_textual_monitors": item("TextualMonitorReportItem"),
    "get_report_monitors_table_values": item("MonitorsTableReportItem"),
    "get_report_errors": item("ErrorsReportItem"),
    "get_report_threshold_alarms": item("ThresholdAlarmReportItem"),
    "fetch_bench_error_http": {
        **RUN,
        "actionId": "@get_report_errors.errors.0.actionId",
        "timestamp": "@get_report_errors.errors.0.timestamp",
    },
    "export_bench_report_pdf": {"benchReportId": "{reportId}", "orientation": "landscape"},
    "create_trend_report_by_name": {**RUN, "search": "Seeded", "name": "{client}"},
    "create_trend_report_by_creation_date": {**RUN, "name": "{client}"},
    "create_trend_report_by_tags": {**RUN, "tags": ["seeded"], "name": "{client}"},
    "update_bench_report": {**TREND, "tags": ["{client}"]},
    "patch_bench_report": {**TREND, "patch": DESCRIBED},
    "delete_bench_report": TREND,
    "compare_runs": {"baselineId": "{benchResultId}", "candidateId": "{benchResultId}"},
    "evaluate_slo": RUN,
    "estimate_capacity": RUN,
    "explain_slowdown": RUN,
    "show_run_chart": RUN,
    "create_project": {"workspaceId": "{workspaceId}", "name": "{client}"},
    "update_project": {**OWN, "description": "made by {client}"},
    "import_urls_virtual_user": {**OWN, "urls": [f"{NOWHERE}/a?b=1"], "name": "{client}"},
    "import_webdriver_virtual_user": {**OWN, "urls": ["https://shop.test/"]},
    "import_har_virtual_user": {**OWN, "fileContent": HAR},
    "plant_correlations": {
        "virtualUserId": "@import_har_virtual_user.virtualUsers.0.id",
        "names": ["csrf"],
    },
    "import_playwright_virtual_user": OWN,
    "import_postman_virtual_user": OWN,
    "import_archive_virtual_user": OWN,
    "upload_jmx_virtual_user": OWN,
    "export_virtual_user_archive": USER,
    "backup_virtual_user": {**USER, "label": "before"},
    "update_virtual_user": {**USER, "description": "first"},
    "patch_virtual_user": {**USER, "patch": DESCRIBED},
    "list_revisions": {"entity": "virtual_user", "id": "@import_urls_virtual_user.id"},
    "undo_last_edit": {"entity": "virtual_user", "id": "@import_urls_virtual_user.id"},
    "list_http_servers_by_project": OWN,
    "list_http_server_usages": {"httpServerId": "@list_http_servers_by_project.httpServers.0.id"},
    "update_http_server": {
        "httpServerId": "@list_http_servers_by_project.httpServers.0.id",
        "connectTimeoutMs": 1000,
    },
    "upload_project_file": FILE,
    "list_project_files": OWN,
    "read_project_file_lines": FILE,
    "download_project_file": FILE,
    "create_csv_variable": {**FILE, "name": "accounts", "names": ["user", "password"]},
    "create_constant_variable": {**OWN, "name": "host", "value": "shop.test"},
    "create_counter_variable": {**OWN, "name": "number", "start": 1, "end": 9},
    "create_list_variable": {**OWN, "name": "colour", "values": ["red", "blue"]},
    "create_random_variable": {**OWN, "name": "die", "min": 1, "max": 6},
    "create_secret_variable": {**OWN, "name": "key", "value": "a value of no worth"},
    "list_variables": OWN,
    "patch_variable": {"variableId": "@create_list_variable.id", "patch": DESCRIBED},
    "delete_variable": {"variableId": "@create_csv_variable.id"},
    "delete_project_file": FILE,
    "create_correlation_rule": {
        **OWN,
        "name": "csrf",
        "regex": 'name="csrf" value="([^"]+)"',
        "injectionTargets": ["POST_PARAM"],
    },
    "patch_correlation_rule": {
        "correlationRuleId": "@create_correlation_rule.id",
        "patch": DESCRIBED,
    },
    "list_correlation_frameworks": OWN,
    "add_correlation_framework_to_project": {
        **OWN,
        "frameworkId": "@list_correlation_frameworks.correlationFrameworks.0.id",
    },
    "list_correlation_rules": OWN,
    "apply_correlations_to_virtual_user": {**OWN, **USER},
    "get_task_result": {"taskId": "@apply_correlations_to_virtual_user.taskId", "waitSec": 20},
    "delete_correlation_rule": {"correlationRuleId": "@create_correlation_rule.id"},
    "create_scenario_ramp_up": {**LOAD, "scenarioName": "up"},
    "create_scenario_ramp_up_down": {**LOAD, "scenarioName": "up and down", "rampDownSec": 1},
    "create_scenario_stairs": {**LOAD, "scenarioName": "stairs", "rampUpSec": 2, "stepCount": 2},
    "update_scenario": {"scenarioId": "@create_scenario_stairs.id", "tags": ["{client}"]},
    "patch_scenario": {"scenarioId": "@create_scenario_stairs.id", "patch": DESCRIBED},
    "delete_scenario": {"scenarioId": "@create_scenario_stairs.id"},
    "list_active_subscriptions": {},
    "get_scenario_matching_plans": {"scenarioId": "@create_scenario_ramp_up.id"},
    "preview_run": {"scenarioId": "@create_scenario_ramp_up.id"},
    "schedule_scenario_once": {
        "scenarioId": "@create_scenario_ramp_up.id",
        "runAt": "2099-12-31T23:00:00+01:00",
        "name": "{client}",
    },
    "schedule_scenario_cron": {
        "scenarioId": "@create_scenario_ramp_up.id",
        "expression": "0 3 1 1 *",
        "name": "{client}",
    },
    "list_scheduled_jobs_by_project": OWN,
    "disable_scheduled_job": {"jobId": "@schedule_scenario_cron.id"},
    "enable_scheduled_job": {"jobId": "@schedule_scenario_cron.id"},
    "delete_scheduled_job": {"jobId": "@schedule_scenario_once.id"},
    "validate_virtual_user": {**OWN, **USER, **PLACE},
    "run_scenario": {
        "scenarioId": "@create_scenario_ramp_up.id",
        "name": "{client}",
        "launchToken": "@preview_run.launchToken",
    },
    "stop_bench_result": {"benchResultId": "@run_scenario.benchResultIds.0"},
    "delete_virtual_user": USER,
    "delete_http_server": {"httpServerId": "@list_http_servers_by_project.httpServers.0.id"},
    "delete_unused_http_servers": OWN,
}


def filled(value: Any, known: dict[str, Any], answers: dict[str, Any]) -> Any:
    """Arguments with ids in place of what stands for them."""
    if isinstance(value, dict):
        return {key: filled(inner, known, answers) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, known, answers) for inner in value]
    if not isinstance(value, str):
        return value
    if value.startswith("@"):
        tool, *path = value[1:].split(".")
        found = answers[tool]
        for part in path:
            assert found, (value, answers[tool])
            found = found[int(part)] if part.isdecimal() else found[part]
        return found
    alone = re.fullmatch(r"\{(\w+)\}", value)
    return known[alone[1]] if alone else value.format(**known)


async def call_all(call: Call, known: dict[str, Any], client: str) -> dict[str, Any]:
    """Call every tool; answers what each answered, whole."""
    results: dict[str, Any] = {}
    answers: dict[str, Any] = {}
    for tool, arguments in CALLS.items():
        result = await call(tool, filled(arguments, {**known, "client": client}, answers))
        assert not result.get("isError"), (tool, result["content"])
        results[tool] = result
        answers[tool] = result.get("structuredContent") or {}
        if tool == "upload_project_file":
            await _post_file(answers[tool]["url"])
    return results


async def _post_file(url: str, name: str = "users.csv", data: bytes = CSV) -> None:
    form = aiohttp.FormData()
    form.add_field("file", data, filename=name, content_type="text/csv")
    async with aiohttp.ClientSession() as http, http.post(url, data=form) as answer:
        assert answer.status in {200, 201}, await answer.text()


async def seeded(server: Server) -> dict[str, Any]:
    """An account with one of each thing to read; answers ids by the name they have in `CALLS`."""
    shop = await start_shop()
    storage = MemoryStorage()
    try:
        async with connected(server.url, FormSignIn("demo", PASSWORD), storage=storage) as agent:
            known = await _recorded(agent, shop.url)
            known |= await _validated(agent, known)
            known |= await _run(agent, known)
            await _complete(agent, known["reportId"], known["benchResultId"])
            slo = {"projectId": known["projectId"], "filename": "slo.toml"}
            ticket = await agent.call("upload_project_file", slo)
            await _post_file(ticket["url"], "slo.toml", SLO)
            report = await agent.call("get_bench_report", {"reportId": known["reportId"]})
    finally:
        await shop.close()
    return known | {row["type"]: row["itemId"] for row in reversed(report["readWith"])}


async def _recorded(agent: Agent, shop_url: str) -> dict[str, Any]:
    workspace = (await agent.call("list_workspaces"))["workspaces"][0]["id"]
    listed = await agent.call("list_docker_providers_by_workspace", {"workspaceId": workspace})
    provider = listed["dockerProviders"][0]
    made = await agent.call("create_project", {"workspaceId": workspace, "name": "Seeded"})
    project = made["id"]
    soon = {"projectId": project, "maxThinktimeMs": 100}  # or a short run sees no failure
    ticket = await agent.call("import_har_virtual_user", soon)
    recording = files("octoperf_mcp.demo").joinpath("shop.har").read_bytes()
    entity = await upload(ticket["url"], "shop.har", recording)
    servers = await agent.call("list_http_servers_by_project", {"projectId": project})
    for each in servers["httpServers"]:
        await agent.call("update_http_server", {"httpServerId": each["id"], "baseUrl": shop_url})
    return {
        "workspaceId": workspace,
        "providerId": provider["id"],
        "location": provider["locations"][0],
        "projectId": project,
        "virtualUserId": entity["id"],
    }


async def _validated(agent: Agent, known: dict[str, Any]) -> dict[str, Any]:
    """The recorded token is stale, so that an action fails."""
    which = {name: known[name] for name in ("projectId", "virtualUserId")}
    place = {name: known[name] for name in ("providerId", "location")}
    await agent.call("validate_virtual_user", {**which, **place})
    await _until_finished(agent, "get_virtual_user_validation", which)
    index = await agent.call(
        "get_virtual_user_validation_index", {"virtualUserId": known["virtualUserId"]}
    )
    failing = next(row for row in index["actions"] if row["failedTimestamps"])
    return {"actionId": failing["actionId"], "timestamp": failing["failedTimestamps"][0]}


async def _run(agent: Agent, known: dict[str, Any]) -> dict[str, Any]:
    scenario = await agent.call(
        "create_scenario_ramp_up",
        {
            "scenarioName": "Seeded",
            "projectId": known["projectId"],
            "virtualUserIds": [known["virtualUserId"]],
            "providerId": known["providerId"],
            "locations": [known["location"]],
            "users": 1,
            "rampUpSec": 0,
            "holdForSec": 1,
        },
    )
    run = await agent.call("run_scenario", {"scenarioId": scenario["id"]})
    (result,) = run["benchResultIds"]
    await _until_finished(agent, "get_bench_result", {"benchResultId": result})
    return {
        "scenarioId": scenario["id"],
        "benchResultId": result,
        "reportId": run["benchReportId"],
    }


async def _until_finished(agent: Agent, tool: str, which: dict[str, Any]) -> None:
    while not (await agent.call(tool, {**which, "waitSec": 25}))["finished"]:
        pass


async def _complete(agent: Agent, report_id: str, run_id: str) -> None:
    """Put into the report what the default one lacks."""

    def metrics(*names: str) -> dict[str, Any]:
        given = {"type": "BASIC", "benchResultId": run_id, "filters": []}
        return {"metrics": [{"id": name, **given} for name in names]}

    of_run = {"benchResultId": run_id}
    lacking = {
        "StackedChartReportItem": metrics("HTTP_RESPONSE_CODES"),
        "AreaRangeChartReportItem": metrics("RESPONSE_TIME_AVG", "RESPONSE_TIME_AVG"),
        "TextualMonitorReportItem": of_run,
        "MonitorsTableReportItem": of_run,
        "HeatMapReportItem": of_run,
    }
    items = [{"@type": kind, "id": kind, "name": kind, **own} for kind, own in lacking.items()]
    patch = [{"op": "add", "path": "/items/-", "value": each} for each in items]
    await agent.call("patch_bench_report", {"reportId": report_id, "patch": patch})
