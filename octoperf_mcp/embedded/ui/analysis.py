"""Analysis pages: reports with their charts and tables, and runs that have no report."""

import asyncio
from typing import Any
from urllib.parse import quote

from aiohttp import web

from octoperf_mcp.embedded.metrics.trends import spread
from octoperf_mcp.embedded.ui.forms import DONE
from octoperf_mcp.embedded.ui.items import draw_all
from octoperf_mcp.embedded.ui.rendering import Cell, Page, Table, when
from octoperf_mcp.entities.runs import is_over

_REFRESH_S = 5
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
    return await page.show_in_project(
        "listing.html", "analysis/report", heading="Reports", sub="", tables=[table]
    )


async def report(page: Page) -> web.StreamResponse:
    """One report: every item drawn from the values that the REST API answers."""
    body = await page.get("bench_report", page.part("reportId"))
    if body["projectId"] != page.part("projectId"):
        raise web.HTTPNotFound
    return await _show(page, body)


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
    return await _show(page, report_like)


async def _show(page: Page, body: dict[str, Any]) -> web.StreamResponse:
    runs = [await page.get("bench_result", run_id) for run_id in body["benchResultIds"]]
    if "id" in body:
        (read,) = await spread(page.platform.documents, [body], page.user.user_id)
        body = dict(read)
    running = any(not is_over(run["state"]) for run in runs)
    return await page.show_in_project(
        "report.html",
        "analysis/report",
        report=body,
        runs=[await _run(page, run) for run in runs],
        items=await draw_all(page, body),
        files=[file for run in runs for file in await _files(page, run["id"])],
        log=[line for run in runs for line in await _start_up(page, run["id"])][-_SHOWN_LINES:],
        form_text=page.platform.identity.anti_forgery(page.request),
        done=DONE.get(page.request.query.get("done", ""), ""),
        refresh_s=_REFRESH_S if running else 0,
    )


async def _files(page: Page, run_id: str) -> list[tuple[str, str]]:
    """Names and addresses."""
    directory = await page.platform.runs.directory(run_id, page.user.user_id)
    base = f"{page.project_path}/analysis/bench-result/{run_id}/file/"
    return [(name, base + quote(name)) for name in await asyncio.to_thread(directory.names)]


async def _start_up(page: Page, run_id: str) -> list[str]:
    """What the generators said while they started."""
    directory = await page.platform.runs.directory(run_id, page.user.user_id)
    lines = await asyncio.to_thread(directory.start_up_lines)
    return [f"{line['container']}: {line['message']}" for line in lines]


async def _run(page: Page, body: dict[str, Any]) -> dict[str, Any]:
    scenario = await page.platform.documents.peek("scenario", body.get("scenarioId") or "")
    progress = None
    if not is_over(body["state"]):
        progress = round(await page.platform.runs.progress(body["id"], page.user.user_id), 1)
    return {
        "state": body["state"],
        "cause": body.get("cause") or "",
        "stop": f"{page.project_path}/analysis/bench-result/{body['id']}/stop",
        "started": when(body.get("created")),
        "percent": progress,
        "scenario": scenario.body["name"] if scenario else "",
        "scenario_href": (
            f"{page.project_path}/runtime/scenario/{scenario.id}" if scenario else ""
        ),
    }
