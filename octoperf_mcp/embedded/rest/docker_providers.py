"""Providers of load generators.

A provider that belongs to the platform itself, such as this machine, serves every workspace.
"""

from aiohttp import web

from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.generators import providers
from octoperf_mcp.embedded.platform import PLATFORM
from octoperf_mcp.embedded.rest import crud
from octoperf_mcp.embedded.rest.answers import document_answer, json_answer
from octoperf_mcp.embedded.rest.bodies import read_object
from octoperf_mcp.embedded.store.documents import Document
from octoperf_mcp.entities.check import check

KIND = "docker_provider"


def routes() -> list[web.RouteDef]:
    """Routes of this module."""
    return [
        web.get("/workspaces/docker-providers/public", public),
        web.get("/workspaces/docker-providers/by-workspace/{workspaceId}", by_workspace),
        web.get("/workspaces/docker-providers/usage/{id}", usage),
        web.get("/workspaces/docker-providers/{id}", read),
        web.post("/workspaces/docker-providers", create),
        web.put("/workspaces/docker-providers/{id}", replace),
        web.delete("/workspaces/docker-providers/{id}", crud.delete(KIND)),
    ]


async def public(request: web.Request) -> web.Response:
    """Providers of the platform; `workspaceId` adds those of that workspace behind them.

    The JMeter DSL names the workspace here and takes the first provider.
    """
    workspace_id = request.query.get("workspaceId", "")
    return json_answer(await _shown(request, await _usable(request, workspace_id)))


async def by_workspace(request: web.Request) -> web.Response:
    """Providers that a workspace can use: its own and the platform's."""
    found = await _usable(request, request.match_info["workspaceId"])
    return json_answer(await _shown(request, found))


async def read(request: web.Request) -> web.Response:
    """One provider; its regions say what they hold now."""
    found = await crud.found(request, KIND)
    [body] = await _shown(request, [found])
    return json_answer(body, version=found.version)


async def usage(request: web.Request) -> web.Response:
    """DockerProviderUsage: machines and users by location."""
    platform = request.app[PLATFORM]
    found = await crud.found(request, KIND)
    places = await providers.locations_of(
        platform.generators.known, [found], platform.runs.gate.caps.users
    )
    return json_answer(
        {
            "providerId": found.id,
            "locations": [
                {
                    "name": place.name,
                    "loadGenerators": sum(machine.is_up for machine in place.machines),
                    "maxUsers": place.users,
                    "here": place.here,
                }
                for place in places[found.id]
            ],
        }
    )


async def create(request: web.Request) -> web.Response:
    """A provider of a workspace; machines join its locations."""
    body = await _accepted(request)
    workspace_id = body.get("workspaceId")
    if not isinstance(workspace_id, str) or not workspace_id:
        raise Invalid("The provider names no workspace: 'workspaceId' is missing.")
    made = await crud.documents_of(request).create(
        KIND, body, user_id=crud.user_of(request), workspace_id=workspace_id
    )
    return document_answer(made, status=201)


async def replace(request: web.Request) -> web.Response:
    """Change name and locations; a machine at a location that is gone has to join again."""
    return await crud.replaced(request, KIND, await _accepted(request))


async def _accepted(request: web.Request) -> crud.Body:
    body = providers.accepted(await read_object(request))
    body["workspaceId"] = body.get("workspaceId") or request.query.get("workspaceId")
    check(KIND, body)
    return body


async def _shown(request: web.Request, found: list[Document]) -> list[crud.Body]:
    platform = request.app[PLATFORM]
    return await providers.shown(platform.generators.known, found, platform.runs.gate.caps.users)


async def _usable(request: web.Request, workspace_id: str) -> list[Document]:
    documents, user_id = crud.documents_of(request), crud.user_of(request)
    if workspace_id:
        await documents.get("workspace", workspace_id, user_id=user_id)
    found = await documents.list(KIND, user_id=user_id)
    mine = [provider for provider in found if provider.workspace_id == workspace_id]
    shared = [provider for provider in found if not provider.workspace_id]
    return shared + mine if workspace_id else shared
