"""Projects: edited ones, and the frozen copies that belong to runs."""

from aiohttp import web

from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.rest import crud
from octoperf_mcp.embedded.rest.answers import document_answer, json_answer
from octoperf_mcp.embedded.rest.bodies import read_object
from octoperf_mcp.entities.check import check

KIND = "project"
_TYPES = ("DESIGN", "RESULT")


def routes() -> list[web.RouteDef]:
    """Routes of this module."""
    return [
        web.get("/design/projects/by-workspace/{workspaceId}/{type}", by_workspace),
        web.post("/design/projects", create),
        web.get("/design/projects/{id}", crud.read(KIND)),
        web.put("/design/projects/{id}", replace),
        web.delete("/design/projects/{id}", crud.delete(KIND)),
    ]


async def by_workspace(request: web.Request) -> web.Response:
    """Projects of a workspace of one type."""
    wanted = request.match_info["type"]
    if wanted not in _TYPES:
        raise Invalid(f"The type of a project is DESIGN or RESULT, not {wanted!r}.")
    found = await crud.documents_of(request).list(
        KIND, user_id=crud.user_of(request), workspace_id=request.match_info["workspaceId"]
    )
    return json_answer([project.body for project in found if project.body["type"] == wanted])


async def create(request: web.Request) -> web.Response:
    """A new project; only a run makes one of type RESULT."""
    body = await _accepted(request)
    if body["type"] != "DESIGN":
        raise Invalid("A project of type RESULT is made by a run.")
    made = await crud.documents_of(request).create(
        KIND, body, user_id=crud.user_of(request), workspace_id=body["workspaceId"]
    )
    return document_answer(made, status=201)


async def replace(request: web.Request) -> web.Response:
    """Change name, description and tags; workspace and type stay."""
    body = await _accepted(request)
    return await crud.replaced(request, KIND, body)


async def _accepted(request: web.Request) -> crud.Body:
    """The body; an older client names the workspace in the query only."""
    body = crud.filled(KIND, await read_object(request))
    body["workspaceId"] = body.get("workspaceId") or request.query.get("workspaceId")
    check(KIND, body)
    return body
