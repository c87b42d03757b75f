"""Tools that tell who uses an HTTP server, and delete servers with what hangs on them."""

import asyncio
from collections.abc import Mapping
from typing import Any

from octoperf_edit import links, rest
from octoperf_edit.http_servers import base_url_of
from octoperf_edit.payloads import (
    DeletedHttpServer,
    DeletedHttpServers,
    HttpServerUsages,
    HttpServerUser,
)
from octoperf_mcp import Confirm, Limit, ToolContext, known_id, page_in_order, tool
from octoperf_mcp.errors import InvalidArgumentError

_LISTED_BY = "list_http_servers_by_project"
_AT_ONCE = 8

Json = dict[str, Any]


@tool(title="List the users of an HTTP server", read_only=True)
async def list_http_server_usages(
    ctx: ToolContext,
    http_server_id: str,
    project_id: str | None = None,
    limit: Limit = 100,
    cursor: str = "",
) -> HttpServerUsages:
    """Tell which virtual users have requests to one HTTP server, and how many.

    Read it before delete_http_server, which deletes these requests, and before update_http_server,
    which sends them elsewhere.

    Args:
        http_server_id: Id from list_http_servers_by_project.
        project_id: Its project, as a check.
        limit: Largest number of rows.
        cursor: nextCursor of the page before.
    """
    server, users = await _server_and_users(ctx, http_server_id, project_id)
    requests = sum(user.requests for user in users)
    page = page_in_order(users, limit=limit, cursor=cursor)
    return HttpServerUsages(
        id=http_server_id,
        base_url=base_url_of(server),
        used_by=page.rows,
        total=page.total,
        next_cursor=page.next_cursor,
        requests=requests,
        next=f"delete_http_server would delete {requests} requests."
        if requests
        else "No request uses it: delete_http_server takes nothing else.",
        url=ctx.link(
            links.HTTP_SERVER,
            workspace_id=await ctx.workspace_of(server["projectId"]),
            project_id=server["projectId"],
            http_server_id=http_server_id,
        ),
    )


@tool(
    title="Delete an HTTP server",
    destructive=True,
    idempotent=True,
    confirm=Confirm(
        "Delete the HTTP server {name} and every request to it?",
        rest.GET_HTTP_SERVER,
        {"id": "httpServerId"},
    ),
)
async def delete_http_server(ctx: ToolContext, http_server_id: str) -> DeletedHttpServer:
    """Delete one HTTP server and every request that points at it, in all virtual users.

    Call list_http_server_usages first and tell the user what goes along. To send requests
    elsewhere, use update_http_server instead.

    Args:
        http_server_id: Id from list_http_servers_by_project.
    """
    server, users = await _server_and_users(ctx, http_server_id, None)
    with known_id("httpServerId", http_server_id, listed_by=_LISTED_BY):
        await ctx.rest(rest.DELETE_HTTP_SERVER, id=http_server_id)
    return DeletedHttpServer(
        id=http_server_id,
        base_url=base_url_of(server),
        used_by=users,
        deleted_requests=sum(user.requests for user in users),
        url=await _list_url(ctx, server["projectId"]),
    )


@tool(
    title="Delete unused HTTP servers",
    destructive=True,
    idempotent=True,
    confirm=Confirm("Delete all HTTP servers of the project that no virtual user uses?"),
)
async def delete_unused_http_servers(ctx: ToolContext, project_id: str) -> DeletedHttpServers:
    """Delete all HTTP servers of a project that no request points at; no virtual user changes.

    Args:
        project_id: Id from list_projects_by_workspace.
    """
    with known_id("projectId", project_id, listed_by="list_projects_by_workspace"):
        servers = await ctx.rest(rest.LIST_HTTP_SERVERS, project_id=project_id)
    turns = asyncio.Semaphore(_AT_ONCE)

    async def is_unused(server: Mapping[str, Any]) -> bool:
        async with turns:
            usages = await ctx.rest(rest.LIST_HTTP_SERVER_USAGES, id=server["id"])
        return not usages

    judged = await asyncio.gather(*map(is_unused, servers))
    unused = [server for server, idle in zip(servers, judged, strict=True) if idle]
    if unused:
        await ctx.rest(rest.DELETE_HTTP_SERVERS, project_id=project_id, body=unused)
    return DeletedHttpServers(
        deleted=sorted(base_url_of(server) for server in unused),
        total=len(unused),
        kept=len(servers) - len(unused),
        url=await _list_url(ctx, project_id),
    )


async def _server_and_users(
    ctx: ToolContext, http_server_id: str, project_id: str | None
) -> tuple[Json, list[HttpServerUser]]:
    with known_id("httpServerId", http_server_id, listed_by=_LISTED_BY):
        server = await ctx.rest(rest.GET_HTTP_SERVER, id=http_server_id)
        usages = await ctx.rest(rest.LIST_HTTP_SERVER_USAGES, id=http_server_id)
    own_project = server["projectId"]
    if project_id not in (None, own_project):
        raise InvalidArgumentError(
            "The server is not of this project.",
            field="projectId",
            got=project_id,
            next_step="Leave projectId out, or take the server from list_http_servers_by_project.",
        )
    workspace_id = await ctx.workspace_of(own_project)
    users = [
        HttpServerUser(
            id=usage["virtualUserId"],
            name=str(usage.get("name") or ""),
            requests=int(usage.get("requests") or 0),
            url=ctx.link(
                links.VIRTUAL_USER,
                workspace_id=workspace_id,
                project_id=own_project,
                virtual_user_id=usage["virtualUserId"],
            ),
        )
        for usage in usages or []
    ]
    return server, users


async def _list_url(ctx: ToolContext, project_id: str) -> str:
    workspace_id = await ctx.workspace_of(project_id)
    return ctx.link(links.HTTP_SERVERS, workspace_id=workspace_id, project_id=project_id)
