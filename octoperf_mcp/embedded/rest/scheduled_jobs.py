"""Scheduled jobs: scenarios that start by themselves."""

from aiohttp import web

from octoperf_mcp.embedded.platform import PLATFORM, PRINCIPAL
from octoperf_mcp.embedded.rest import crud
from octoperf_mcp.embedded.rest.answers import document_answer, no_content
from octoperf_mcp.embedded.rest.bodies import read_object
from octoperf_mcp.embedded.schedules.jobs import KIND


def routes() -> list[web.RouteDef]:
    """Routes of this module."""
    base = "/runtime/scheduled-jobs"
    return [
        web.get(f"{base}/by-project/{{projectId}}", crud.by_project(KIND)),
        web.post(base, create),
        web.post(f"{base}/enable/{{id}}", enable),
        web.post(f"{base}/disable/{{id}}", disable),
        web.get(f"{base}/{{id}}", crud.read(KIND)),
        web.delete(f"{base}/{{id}}", delete),
    ]


async def create(request: web.Request) -> web.Response:
    """A new job; it starts with the authority of who asks."""
    schedules, principal = request.app[PLATFORM].schedules, request[PRINCIPAL]
    made = await schedules.create(
        await read_object(request),
        principal.user_id,
        grant_id=principal.grant_id if principal.limits is not None else "",
    )
    return document_answer(made, status=201)


async def enable(request: web.Request) -> web.Response:
    """Arm a job again."""
    return await _switched(request, on=True)


async def disable(request: web.Request) -> web.Response:
    """Pause a job."""
    return await _switched(request, on=False)


async def _switched(request: web.Request, *, on: bool) -> web.Response:
    schedules = request.app[PLATFORM].schedules
    changed = await schedules.switch(request.match_info["id"], crud.user_of(request), on=on)
    return document_answer(changed)


async def delete(request: web.Request) -> web.Response:
    """Delete a job; its runs stay."""
    await request.app[PLATFORM].schedules.delete(request.match_info["id"], crud.user_of(request))
    return no_content()
