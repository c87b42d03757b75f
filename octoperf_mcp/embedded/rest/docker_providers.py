"""Providers of load generators.

A provider that belongs to the platform itself, such as this machine, serves every workspace.
"""

from aiohttp import web

from octoperf_mcp.embedded.rest import crud
from octoperf_mcp.embedded.rest.answers import json_answer
from octoperf_mcp.embedded.store.documents import Document

KIND = "docker_provider"


def routes() -> list[web.RouteDef]:
    """Routes of this module."""
    return [
        web.get("/workspaces/docker-providers/public", public),
        web.get("/workspaces/docker-providers/by-workspace/{workspaceId}", by_workspace),
        web.get("/workspaces/docker-providers/{id}", crud.read(KIND)),
    ]


async def public(request: web.Request) -> web.Response:
    """Providers of the platform; `workspaceId` adds those of that workspace behind them.

    The JMeter DSL names the workspace here and takes the first provider.
    """
    workspace_id = request.query.get("workspaceId", "")
    return json_answer(crud.bodies(await _usable(request, workspace_id)))


async def by_workspace(request: web.Request) -> web.Response:
    """Providers that a workspace can use: its own and the platform's."""
    found = await _usable(request, request.match_info["workspaceId"])
    return json_answer(crud.bodies(found))


async def _usable(request: web.Request, workspace_id: str) -> list[Document]:
    documents, user_id = crud.documents_of(request), crud.user_of(request)
    if workspace_id:
        await documents.get("workspace", workspace_id, user_id=user_id)
    found = await documents.list(KIND, user_id=user_id)
    mine = [provider for provider in found if provider.workspace_id == workspace_id]
    shared = [provider for provider in found if not provider.workspace_id]
    return shared + mine if workspace_id else shared
