"""HTTP servers of projects.

`POST …/by-project/{projectId}` deletes while `POST …/by-projects` reads: one letter apart, as the
original has it. Deleting a server takes the requests along that point at it.
"""

from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.platform import PLATFORM
from octoperf_mcp.embedded.rest import crud
from octoperf_mcp.embedded.rest.answers import (
    expected_version,
    json_answer,
    no_content,
)
from octoperf_mcp.embedded.rest.bodies import read_json, read_texts
from octoperf_mcp.embedded.store.documents import Body, Document
from octoperf_mcp.embedded.usages import server_users

KIND = "http_server"
_PORTS = {"HTTP": 80, "HTTPS": 443}


def routes() -> list[web.RouteDef]:
    """Routes of this module."""
    base = "/design/http-servers"
    return [
        web.get(f"{base}/by-project/{{projectId}}", by_project),
        web.post(f"{base}/by-project/{{projectId}}", delete_several),
        web.post(f"{base}/by-projects", by_projects),
        web.get(f"{base}/usages/{{id}}", usages),
        *crud.revision_routes(KIND, base),
        web.post(base, create),
        web.get(f"{base}/{{id}}", read),
        web.put(f"{base}/{{id}}", replace),
        web.delete(f"{base}/{{id}}", delete),
    ]


async def by_project(request: web.Request) -> web.Response:
    """Servers of a project."""
    return json_answer(await _listed(request, request.match_info["projectId"]))


async def by_projects(request: web.Request) -> web.Response:
    """Servers of several projects."""
    listed = [await _listed(request, project_id) for project_id in await read_texts(request)]
    return json_answer([server for servers in listed for server in servers])


async def create(request: web.Request) -> web.Response:
    """A new server; its name is the host when there is none."""
    body = await _accepted(request)
    return _answer(await crud.created(request, KIND, body), status=201)


async def read(request: web.Request) -> web.Response:
    """One server."""
    return _answer(await crud.found(request, KIND))


async def replace(request: web.Request) -> web.Response:
    """Change a server, and so where every request goes that uses it."""
    body = await _accepted(request)
    changed = await crud.documents_of(request).replace(
        KIND,
        request.match_info["id"],
        body,
        user_id=crud.user_of(request),
        if_version=expected_version(request),
    )
    return _answer(changed)


async def delete(request: web.Request) -> web.Response:
    """Delete a server and the requests that use it, in every virtual user of the project."""
    server = await crud.found(request, KIND)
    await _delete(request, server.project_id, [server.id], if_version=expected_version(request))
    return no_content()


async def delete_several(request: web.Request) -> web.Response:
    """Delete the servers of the body, given whole or by id, all of this project."""
    servers = await read_json(request)
    if not isinstance(servers, list):
        raise Invalid("The body must be a JSON array of servers.")
    wanted = [server.get("id") if isinstance(server, dict) else server for server in servers]
    project_id = request.match_info["projectId"]
    known = [server["id"] for server in await _listed(request, project_id)]
    if not all(server_id in known for server_id in wanted):
        raise Invalid("The body names a server that is not of this project.")
    await _delete(request, project_id, [known_id for known_id in known if known_id in wanted])
    return no_content()


async def usages(request: web.Request) -> web.Response:
    """Virtual users whose requests point at a server, with the number of those requests."""
    server = await crud.found(request, KIND)
    found = await crud.documents_of(request).list(
        "virtual_user", user_id=crud.user_of(request), project_id=server.project_id
    )
    return json_answer(
        [
            {
                "httpServerId": server.id,
                "virtualUserId": document.id,
                "name": document.body.get("name", ""),
                "requests": count,
            }
            for document, count in server_users(server.id, found)
        ]
    )


def base_url(server: Body) -> str:
    """`scheme://host[:port]`, the port only where it is not the scheme's own."""
    protocol = server.get("protocol") or "HTTPS"
    port = server.get("port")
    shown_port = "" if port in (None, _PORTS.get(protocol)) else f":{port}"
    host = str(server.get("hostname", ""))
    shown_host = f"[{host}]" if ":" in host and "$" not in host else host
    return f"{protocol.lower()}://{shown_host}{shown_port}"


async def _listed(request: web.Request, project_id: str) -> list[Body]:
    found = await crud.documents_of(request).list(
        KIND, user_id=crud.user_of(request), project_id=project_id
    )
    return [_shown(document.body) for document in found]


async def _accepted(request: web.Request) -> Body:
    """The checked body; the base URL is computed, hence not kept."""
    body = await crud.accepted(request, KIND)
    body.pop("baseUrl", None)
    body["protocol"] = body.get("protocol") or "HTTPS"
    body["port"] = body.get("port") or _PORTS[body["protocol"]]
    body["name"] = body.get("name") or body["hostname"]
    return body


async def _delete(
    request: web.Request,
    project_id: str,
    server_ids: list[str],
    *,
    if_version: int | None = None,
) -> None:
    """All or nothing: the servers and, in each virtual user, the requests that use them."""
    platform, user_id = request.app[PLATFORM], crud.user_of(request)
    documents = platform.documents

    async def work(writer: AsyncConnection) -> None:
        for server_id in server_ids:
            await documents.delete(
                KIND, server_id, user_id=user_id, if_version=if_version, connection=writer
            )
        found = await documents.list(
            "virtual_user", user_id=user_id, project_id=project_id, connection=writer
        )
        for document in found:
            children = _without(document.body.get("children"), set(server_ids))
            if children != document.body.get("children"):
                body = {**document.body, "children": children}
                await documents.replace(
                    "virtual_user", document.id, body, user_id=user_id, connection=writer
                )

    await platform.database.write(work)


def _without(children: Any, server_ids: set[str]) -> Any:
    """The tree without requests to those servers."""
    if not isinstance(children, list):
        return children
    kept = [child for child in children if child.get("serverId") not in server_ids]
    return [
        {**child, "children": _without(child["children"], server_ids)}
        if "children" in child
        else child
        for child in kept
    ]


def _shown(server: Body) -> Body:
    return {**server, "baseUrl": base_url(server)}


def _answer(document: Document, *, status: int = 200) -> web.Response:
    return json_answer(_shown(document.body), status=status, version=document.version)
