"""Analysis pages: reports with their charts and tables, and runs that have no report."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from octoperf_mcp.embedded.engine.load.caveats import untold
from octoperf_mcp.embedded.metrics.trends import spread
from octoperf_mcp.embedded.report_templates import KIND as TEMPLATE
from octoperf_mcp.embedded.ui.forms import DONE
from octoperf_mcp.embedded.ui.items import draw_all
from octoperf_mcp.embedded.ui.load import run_files
from octoperf_mcp.embedded.ui.notices import told
from octoperf_mcp.embedded.ui.rendering import Cell, Page, Table, rendered, when
from octoperf_mcp.entities.runs import is_over

_SHOWN_LINES = 40


async def reports(page: Page) -> web.StreamResponse:
    """Reports of a project, newest first."""
    found = await page.of_project("bench_report")
    rows = [
        (
            Cell(body["name"], f"{page.project_path}/analysis/report/{body['id']}"),
            Cell(when(body.get("created"))),
        )
        for body in reversed(found)
    ]
    table = Table("Reports", ("Name", "Made"), rows, "No run yet.")
    tables = [table, await _templates(page)]
    return await page.show_in_project(
        "listing.html", "analysis/report", heading="Reports", sub="", tables=tables
    )


async def _templates(page: Page) -> Table:
    """Report templates of the workspace, with what a run is started with."""
    workspace_id = page.part("workspaceId")
    found = await page.platform.documents.list(
        TEMPLATE, user_id=page.user.user_id, workspace_id=workspace_id
    )
    rows = [
        (
            Cell(each.body["name"]),
            Cell(each.id),
            Cell(str(len(each.body.get("items") or []))),
            Cell(when(each.body.get("created"))),
        )
        for each in found
    ]
    empty = "No template yet: reports are laid out as usual."
    return Table("Report templates", ("Name", "templateId", "Items", "Made"), rows, empty)


async def report(page: Page) -> web.StreamResponse:
    """One report: every item drawn from the values that the REST API answers."""
    return await (await read_report(page)).show()


async def bench_result(page: Page) -> web.StreamResponse:
    """One run without a report of its own, such as a validation: its state and files."""
    body = await page.get("bench_result", page.part("benchResultId"))
    if body["designProjectId"] != page.part("projectId"):
        raise web.HTTPNotFound
    report_like = {
        "name": body.get("name") or "Run",
        "benchResultIds": [body["id"]],
        "items": [],
    }
    return await Report(page, report_like, [body]).show()


async def read_report(page: Page) -> "Report":
    """The report of this page, as it is now.

    Raises:
        web.HTTPNotFound: it is of another project than the address says.
        NotFound: there is none that the user may see.
    """
    body = await page.get("bench_report", page.part("reportId"))
    if body["projectId"] != page.part("projectId"):
        raise web.HTTPNotFound
    (read,) = await spread(page.platform.documents, [body], page.user.user_id)
    runs = [await page.get("bench_result", run_id) for run_id in read["benchResultIds"]]
    return Report(page, dict(read), runs)


@dataclass(frozen=True, slots=True)
class Report:
    """What the page of a report shows: its document and those of its runs."""

    page: Page
    body: Mapping[str, Any]
    runs: Sequence[Mapping[str, Any]]

    @property
    def is_over(self) -> bool:
        """Whether nothing will change any more."""
        return all(is_over(run["state"]) for run in self.runs)

    async def show(self) -> web.Response:
        """The whole page."""
        page = self.page
        return await page.show_in_project(
            "report.html",
            "analysis/report",
            report=self.body,
            live="" if self.is_over else f"{page.request.path}/live",
            done=DONE.get(page.request.query.get("done", ""), ""),
            scripts=("uPlot.iife.min.js", "charts.js", "heat.js", "live.js"),
            styles=("uPlot.min.css",),
            **await self._values(),
        )

    async def parts(self) -> dict[str, str]:
        """HTML of what may change while a run goes on, by the id of its element."""
        values = await self._values()
        items = values.pop("items")
        return {
            "runs": rendered("report_runs.html", **values),
            **{item.id: rendered("report_item.html", item=item) for item in items},
            "rest": rendered("report_rest.html", **values),
        }

    async def _values(self) -> dict[str, Any]:
        page, runs = self.page, self.runs
        return {
            "runs": [await _run(page, run) for run in runs],
            "items": await draw_all(page, self.body),
            "files": [file for run in runs for file in await run_files(page, run["id"])],
            "log": [line for run in runs for line in await _start_up(page, run["id"])][
                -_SHOWN_LINES:
            ],
            "form_text": page.platform.identity.anti_forgery(page.request),
        }


async def _start_up(page: Page, run_id: str) -> list[str]:
    """What the generators said while they started."""
    directory = await page.platform.runs.directory(run_id, page.user.user_id)
    lines = await asyncio.to_thread(directory.start_up_lines)
    return [f"{line['container']}: {line['message']}" for line in lines]


async def _run(page: Page, body: Mapping[str, Any]) -> dict[str, Any]:
    scenario = await page.platform.documents.peek("scenario", body.get("scenarioId") or "")
    progress = None
    if not is_over(body["state"]):
        progress = round(await page.platform.runs.progress(body["id"], page.user.user_id), 1)
    return {
        "state": body["state"],
        "cause": body.get("cause") or "",
        "caveats": untold(body),
        "notices": await told(page, body["id"]),
        "stop": f"{page.project_path}/analysis/bench-result/{body['id']}/stop",
        "started": when(body.get("created")),
        "percent": progress,
        "scenario": scenario.body["name"] if scenario else "",
        "scenario_href": (
            f"{page.project_path}/runtime/scenario/{scenario.id}" if scenario else ""
        ),
    }
