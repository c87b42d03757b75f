"""The switch that ends all load, for administrators; and a run's own stop button and files."""

import asyncio
from collections.abc import Mapping
from urllib.parse import quote

from aiohttp import web

from octoperf_mcp.embedded.rest.uploads import attachment_headers
from octoperf_mcp.embedded.ui import forms
from octoperf_mcp.embedded.ui.account import show
from octoperf_mcp.embedded.ui.rendering import Page, when

LOAD = "/ui/administration/load"


async def load(page: Page) -> web.StreamResponse:
    """Every run and validation that is under way, on any replica."""
    runs = []
    for run_id in await page.platform.runs.stops.under_way():
        found = await page.platform.documents.peek("bench_result", run_id)
        if found is not None:
            body = found.body
            runs.append((body.get("name") or run_id, body["state"], when(body.get("created"))))
    return show(page, "load.html", LOAD, heading="Load under way", runs=runs, action=LOAD)


async def stop_all(page: Page, _form: Mapping[str, str]) -> web.StreamResponse:
    """End it all."""
    asked = await page.platform.runs.stops.ask_all(page.user.username)
    page.platform.runs.stop_all(page.user.username)
    await forms.note(page, "load.stop-all", *asked)
    return forms.onward(LOAD, "load-stopped")


async def stop_run(page: Page, _form: Mapping[str, str]) -> web.StreamResponse:
    """End one run of the project."""
    run_id = page.part("benchResultId")
    body = await page.get("bench_result", run_id)
    if body["designProjectId"] != page.part("projectId"):
        raise web.HTTPNotFound
    await page.platform.runs.stop(run_id, page.user.user_id, by=page.user.username)
    await forms.note(page, "bench-result.stop", run_id)
    report_id = body.get("benchReportId")
    back = f"report/{report_id}" if report_id else f"bench-result/{run_id}"
    return forms.onward(f"{page.project_path}/analysis/{back}", "run-stopped")


async def run_files(page: Page, run_id: str) -> list[tuple[str, str]]:
    """Names and addresses of the files of a run of this project."""
    directory = await page.platform.runs.directory(run_id, page.user.user_id)
    base = f"{page.project_path}/analysis/bench-result/{run_id}/file/"
    return [(name, base + quote(name)) for name in await asyncio.to_thread(directory.names)]


async def run_file(page: Page) -> web.StreamResponse:
    """A file of a run, to be kept, never shown: what it holds is the target's."""
    run_id = page.part("benchResultId")
    body = await page.get("bench_result", run_id)
    if body["designProjectId"] != page.part("projectId"):
        raise web.HTTPNotFound
    directory = await page.platform.runs.directory(run_id, page.user.user_id)
    name = page.part("filename")
    path = await asyncio.to_thread(directory.file, name)
    return web.FileResponse(path, headers={**attachment_headers(name), "Cache-Control": "no-store"})
