"""The main job, done through tools alone: from a recording of the shop to a read report.

Nothing here knows the platform: every step is a tool call, a curl-like upload, or a look at the
shop's own counters. What a tool claims is checked against what the shop counted.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import orjson

from octoperf_mcp.demo.actors import DemoError, Pages, Target, Tools, WatchedTools
from octoperf_mcp.demo.display import Display
from octoperf_mcp.demo.uploads import status_of_second_upload, upload

CSRF_PATTERN = r'name="csrf" value="([^"]+)"'
USERS = 10
RAMP_UP_S = 5
HOLD_S = 15
_POLL_S = 0.5
_VALIDATION_LIMIT_S = 60
_TASK_LIMIT_S = 60
_END_STATES = frozenset({"FINISHED", "ABORTED", "ERROR"})
_OK = 200


@dataclass(slots=True)
class Found:
    """What the job has made and read so far."""

    ids: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    pages: set[str] = field(default_factory=set)
    failed: list[str] = field(default_factory=list)


class Job:
    """Runs the steps one after the other; `found.failed` names the claims that did not hold."""

    def __init__(self, tools: Tools, shop: Target, pages: Pages, display: Display) -> None:
        self.found = Found()
        self._tools = WatchedTools(tools, self.found.pages)
        self._pages = pages
        self._shop = shop
        self._display = display

    async def run(self) -> Found:
        """All steps.

        Raises:
            DemoError: a step cannot be done.
        """
        steps: list[tuple[str, Callable[[], Awaitable[None]]]] = [
            ("Look around", self._look_around),
            ("Create a project", self._create_project),
            ("Upload the recording of the shop", self._import_recording),
            ("Point the recording at the running shop", self._repoint),
            ("Sanity check", self._sanity_check),
            ("Validate: the recorded token is stale", self._validate_stale),
            ("Correlate the token", self._correlate),
            ("Validate again", self._validate_clean),
            (f"Create a scenario: {USERS} users", self._create_scenario),
            ("Run real load", self._run_load),
            ("Read the report", self._read_report),
            ("Read the errors and the run's files", self._read_errors_and_files),
            ("Open every page that was linked", self._open_pages),
        ]
        for number, (title, step) in enumerate(steps, 1):
            self._display.step(number, len(steps), title)
            await step()
        return self.found

    def _check(self, claim: str, held: bool) -> None:
        self._display.check(claim, held=held)
        if not held:
            self.found.failed.append(claim)

    async def _look_around(self) -> None:
        names = await self._tools.tool_names()
        workspaces = await self._tools.call("list_workspaces")
        self._check(f"{len(names)} tools are offered", bool(names))
        workspace = workspaces["workspaces"][0]
        self.found.ids["workspace"] = workspace["id"]
        providers = await self._tools.call(
            "list_docker_providers_by_workspace", {"workspaceId": workspace["id"]}
        )
        provider = providers["dockerProviders"][0]
        self.found.ids["provider"] = provider["id"]
        self.found.ids["location"] = _first_location(provider)
        self._check("a workspace and a place to run load are there", True)

    async def _create_project(self) -> None:
        project = await self._tools.call(
            "create_project",
            {"workspaceId": self.found.ids["workspace"], "name": "Demo shop"},
        )
        self._keep("project", project)

    async def _import_recording(self) -> None:
        recording = files("octoperf_mcp.demo").joinpath("shop.har").read_bytes()
        ticket = await self._tools.call(
            "import_har_virtual_user", {"projectId": self.found.ids["project"]}
        )
        entity = await upload(ticket["url"], "shop.har", recording)
        status = await status_of_second_upload(ticket["url"])
        self._check("the presigned address works once only", status == 410)  # noqa: PLR2004
        virtual_user = await self._tools.call(
            "describe_virtual_user", {"virtualUserId": entity["id"]}
        )
        self._keep("virtualUser", virtual_user)
        requests = entity["importReport"]["carried"]
        entries = len(orjson.loads(recording)["log"]["entries"])
        self._display.note(f"{requests} requests from {entries} recorded exchanges")
        self._check("the recording became requests", 0 < requests <= entries)
        self.found.figures["requests"] = requests

    async def _repoint(self) -> None:
        servers = await self._tools.call(
            "list_http_servers_by_project", {"projectId": self.found.ids["project"]}
        )
        for server in servers["httpServers"]:
            await self._tools.call(
                "update_http_server", {"httpServerId": server["id"], "baseUrl": self._shop.url}
            )
        self._check("one server carries all requests", len(servers["httpServers"]) == 1)

    async def _sanity_check(self) -> None:
        found = await self._tools.call(
            "sanity_check_virtual_user", {"virtualUserId": self.found.ids["virtualUser"]}
        )
        errors = [message for message in found["messages"] if message["level"] == "ERROR"]
        self._check("the sanity check finds no error", not errors)

    async def _validate_stale(self) -> None:
        index = await self._validate("validation 1")
        failing = [row for row in index if row["failedTimestamps"]]
        self._check(
            f"{len(failing)} of {len(index)} actions fail, as a stale token must", bool(failing)
        )
        if not failing:
            return
        detail = await self._tools.call(
            "get_validation_failure_detail",
            {
                "virtualUserId": self.found.ids["virtualUser"],
                "actionId": failing[0]["actionId"],
                "timestamp": failing[0]["failedTimestamps"][0],
            },
        )
        status = detail["validationResponse"]["status"]
        self._check(f"the first failure is HTTP {status}: refused", status == 403)  # noqa: PLR2004

    async def _correlate(self) -> None:
        rule = await self._tools.call(
            "create_correlation_rule",
            {
                "projectId": self.found.ids["project"],
                "name": "csrf",
                "regex": CSRF_PATTERN,
                "injectionTargets": ["POST_PARAM", "HEADER"],
            },
        )
        self.found.ids["rule"] = rule["id"]
        rules = await self._tools.call(
            "list_correlation_rules", {"projectId": self.found.ids["project"]}
        )
        self._check("the rule is stored", rules["total"] == 1)
        started = await self._tools.call(
            "apply_correlations_to_virtual_user",
            {
                "projectId": self.found.ids["project"],
                "virtualUserId": self.found.ids["virtualUser"],
            },
        )
        outcome = await self._until(
            "get_task_result",
            {"taskId": started["taskId"]},
            lambda answer: answer["status"] != "PENDING",
            _TASK_LIMIT_S,
        )
        self._check("the rule was applied", outcome["status"] == "SUCCESS")

    async def _validate_clean(self) -> None:
        index = await self._validate("validation 2")
        failing = [row["actionId"] for row in index if row["failedTimestamps"]]
        self._check(f"all {len(index)} actions pass", bool(index) and not failing)

    async def _validate(self, phase: str) -> list[dict[str, Any]]:
        self._shop.mark(phase)
        which = {
            "projectId": self.found.ids["project"],
            "virtualUserId": self.found.ids["virtualUser"],
        }
        place = {
            "providerId": self.found.ids["provider"],
            "location": self.found.ids["location"],
        }
        await self._tools.call("validate_virtual_user", {**which, **place})
        ended = await self._until(
            "get_virtual_user_validation",
            which,
            lambda answer: bool(answer["finished"]),
            _VALIDATION_LIMIT_S,
        )
        self._check(f"the validation ended as {ended['state']}", ended["state"] == "FINISHED")
        index = await self._tools.call(
            "get_virtual_user_validation_index", {"virtualUserId": which["virtualUserId"]}
        )
        rows: list[dict[str, Any]] = index["actions"]
        played = sum(row["total"] for row in rows)
        resources = self._shop.resources(phase)
        counted = self._shop.total(phase) - resources
        self._check(
            f"{played} exchanges reported, {counted} counted by the shop"
            f" (besides {resources} for what pages show)",
            played == counted,
        )
        self._shop.mark("between")
        return rows

    async def _create_scenario(self) -> None:
        scenario = await self._tools.call(
            "create_scenario_ramp_up",
            {
                "scenarioName": "Demo shop, ramp up",
                "projectId": self.found.ids["project"],
                "virtualUserIds": [self.found.ids["virtualUser"]],
                "providerId": self.found.ids["provider"],
                "locations": [self.found.ids["location"]],
                "users": USERS,
                "rampUpSec": RAMP_UP_S,
                "holdForSec": HOLD_S,
            },
        )
        self._keep("scenario", scenario)

    async def _run_load(self) -> None:
        self._shop.mark("load")
        run = await self._tools.call("run_scenario", {"scenarioId": self.found.ids["scenario"]})
        self.found.ids["report"] = run["benchReportId"]
        self.found.ids["benchResult"] = run["benchResultIds"][0]
        self.found.links["report"] = run["url"]
        which = {"benchResultId": self.found.ids["benchResult"]}
        ended = await self._until(
            "get_bench_status",
            which,
            lambda answer: answer["state"] in _END_STATES,
            RAMP_UP_S + HOLD_S + 60,
        )
        self._shop.mark("after")
        result = await self._tools.call("get_bench_result", which)
        self._check(
            f"the run ended as {result['state']}", ended["state"] == result["state"] == "FINISHED"
        )

    async def _read_report(self) -> None:
        report = await self._tools.call("get_bench_report", {"reportId": self.found.ids["report"]})
        items = {item["@type"]: item for item in reversed(_items(report))}
        summary = await self._item("get_report_summary_values", items["SummaryReportItem"])
        table = await self._item("get_report_table_values", items["StatisticTableReportItem"])
        chart = await self._item("get_report_line_chart_values", items["LineChartReportItem"])
        self.found.figures["summary"] = summary["values"]
        hits = _value(summary, "HITS_TOTAL")
        counted = self._shop.total("load")
        self._check(f"{hits:.0f} hits reported, {counted} counted by the shop", hits == counted > 0)
        rows = table["entries"]
        self._check(f"the table shows {len(rows)} actions", bool(rows))
        points = [point for series in chart["series"] for point in series["points"]]
        self._check(f"the line chart holds {len(points)} points", bool(points))
        self.found.figures["items"] = items

    async def _read_errors_and_files(self) -> None:
        items: Mapping[str, Any] = self.found.figures.pop("items")
        errors = await self._item("get_report_errors", items["ErrorsReportItem"])
        self._check("no request failed under load", not errors["errors"])
        which = {"benchResultId": self.found.ids["benchResult"]}
        listed = await self._tools.call("list_bench_result_files", which)
        names = [file["filename"] for file in listed["files"]]
        self._check("the run left its log", "jmeter.log" in names)
        if "jmeter.log" in names:
            lines = await self._tools.call(
                "read_bench_result_file_lines", {**which, "filename": "jmeter.log", "toLine": 20}
            )
            self._check("the log can be read", bool(lines["lines"]))

    async def _open_pages(self) -> None:
        missing = []
        for address in sorted(self.found.pages):
            status, _ = await self._pages.look_at(address)
            if status != _OK:
                missing.append(address)
                self._display.note(f"HTTP {status} {address}")
        self._check(f"{len(self.found.pages)} linked pages open", not missing)

    async def _item(self, tool: str, item: Mapping[str, Any]) -> dict[str, Any]:
        return await self._tools.call(
            tool, {"reportId": self.found.ids["report"], "itemId": item["id"]}
        )

    async def _until(
        self,
        tool: str,
        arguments: dict[str, Any],
        ended: Callable[[dict[str, Any]], bool],
        limit_s: float,
    ) -> dict[str, Any]:
        shown = -1.0
        try:
            async with asyncio.timeout(limit_s):
                while not ended(answer := await self._tools.call(tool, arguments)):
                    done = float(answer.get("progress", 0))
                    if done >= shown + 0.1 or shown < 0:
                        shown = done
                        self._display.fraction(done, str(answer.get("state", "")))
                    await asyncio.sleep(_POLL_S)
        except TimeoutError as error:
            raise DemoError(f"{tool} did not come to an end within {limit_s:.0f} s.") from error
        return answer

    def _keep(self, name: str, answer: Mapping[str, Any]) -> None:
        self.found.ids[name] = answer["id"]
        self.found.links[name] = answer["url"]


def _items(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = report["items"]
    return items


def _first_location(provider: Mapping[str, Any]) -> str:
    location = provider["locations"][0]
    return str(location["name"]) if isinstance(location, Mapping) else str(location)


def _value(summary: Mapping[str, Any], metric: str) -> float:
    for row in summary["values"]:
        if row["metric"] == metric:
            return float(row["value"])
    raise DemoError(f"The summary holds no {metric}.")
