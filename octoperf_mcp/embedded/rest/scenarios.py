"""Scenarios: what is kept of them; running one is the engine's."""

from aiohttp import web

from octoperf_mcp.embedded.rest import crud
from octoperf_mcp.embedded.rest.answers import json_answer
from octoperf_mcp.embedded.rest.bodies import read_texts
from octoperf_mcp.embedded.store.documents import Body

KIND = "scenario"


def routes() -> list[web.RouteDef]:
    """Routes of this module."""
    base = "/runtime/scenarios"
    return [
        web.get(f"{base}/by-project/{{projectId}}", by_project),
        web.post(f"{base}/by-projects", by_projects),
        *crud.revision_routes(KIND, base),
        web.post(base, crud.create(KIND)),
        web.get(f"{base}/{{id}}", crud.read(KIND)),
        web.put(f"{base}/{{id}}", crud.replace(KIND)),
        web.delete(f"{base}/{{id}}", crud.delete(KIND)),
    ]


async def by_project(request: web.Request) -> web.Response:
    """Scenarios of a project, those of mode STANDARD."""
    return json_answer(await _listed(request, request.match_info["projectId"]))


async def by_projects(request: web.Request) -> web.Response:
    """Scenarios of several projects."""
    listed = [await _listed(request, project_id) for project_id in await read_texts(request)]
    return json_answer([scenario for scenarios in listed for scenario in scenarios])


async def _listed(request: web.Request, project_id: str) -> list[Body]:
    found = await crud.documents_of(request).list(
        KIND, user_id=crud.user_of(request), project_id=project_id
    )
    return [scenario.body for scenario in found if scenario.body["mode"] == "STANDARD"]
