"""Page of the scheduled jobs of a project, with what became of their latest starts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from octoperf_mcp.embedded.schedules.jobs import KIND
from octoperf_mcp.embedded.schedules.triggers import in_words
from octoperf_mcp.embedded.ui import forms
from octoperf_mcp.embedded.ui.rendering import Page, when

AREA = "runtime/scheduled-job"
_SHOWN_RUNS = 5


@dataclass(frozen=True, slots=True)
class Start:
    """One start of a job, as the page shows it."""

    when: str
    outcome: str
    message: str
    href: str


@dataclass(frozen=True, slots=True)
class Job:
    """One job, as the page shows it."""

    name: str
    trigger: str
    enabled: bool
    next_run: str
    scenario: str
    scenario_href: str
    action: str
    starts: list[Start]


async def jobs(page: Page) -> web.StreamResponse:
    """All jobs of a project, the next to start first."""
    names = {body["id"]: body["name"] for body in await page.of_project("scenario")}
    found = sorted(await page.of_project(KIND), key=lambda body: body["nextRun"] or 1 << 62)
    return await page.show_in_project(
        "scheduled_jobs.html",
        AREA,
        jobs=[_job(page, body, names) for body in found],
        form_text=page.platform.identity.anti_forgery(page.request),
        done=forms.DONE.get(page.request.query.get("done", ""), ""),
    )


async def change(page: Page, form: Mapping[str, str]) -> web.StreamResponse:
    """Enable, disable or delete a job."""
    job_id, user_id = page.part("jobId"), page.user.user_id
    body = await page.get(KIND, job_id)
    if body["projectId"] != page.part("projectId"):
        raise web.HTTPNotFound
    action = form.get("action", "")
    schedules = page.platform.schedules
    if action == "delete":
        await schedules.delete(job_id, user_id)
    elif action in {"enable", "disable"}:
        await schedules.switch(job_id, user_id, on=action == "enable")
    else:
        raise web.HTTPNotFound
    await forms.note(page, f"scheduled-job.{action}", job_id)
    return forms.onward(f"{page.project_path}/{AREA}", f"job-{action}")


def _job(page: Page, body: Mapping[str, Any], names: Mapping[str, str]) -> Job:
    return Job(
        name=str(body["name"]),
        trigger=in_words(body["trigger"]),
        enabled=bool(body["enabled"]),
        next_run=when(body["nextRun"]),
        scenario=names.get(body["scenarioId"], "deleted scenario"),
        scenario_href=f"{page.project_path}/runtime/scenario/{body['scenarioId']}",
        action=f"{page.project_path}/{AREA}/{body['id']}",
        starts=[_start(page, run) for run in body["runs"][:_SHOWN_RUNS]],
    )


def _start(page: Page, run: Mapping[str, Any]) -> Start:
    report_id = run.get("benchReportId")
    return Start(
        when=when(run["due"]),
        outcome=str(run["outcome"]),
        message=str(run.get("message") or ""),
        href=f"{page.project_path}/analysis/report/{report_id}" if report_id else "",
    )
