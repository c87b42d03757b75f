"""Tools on the HTTP servers that the requests of a project point at."""

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from octoperf_edit import links, rest
from octoperf_edit.arguments import Milliseconds, something_given
from octoperf_edit.editables import HTTP_SERVER
from octoperf_edit.payloads import HttpServerList, HttpServerRow
from octoperf_mcp import IfRevision, Limit, ToolContext, edit_document, known_id, page_of, tool
from octoperf_mcp.errors import InvalidArgumentError

_DEFAULT_PORTS = {"http": 80, "https": 443}
_PORT_MAX = 65_535
_BASE_URL = re.compile(
    r"(?:(?P<scheme>[^:/?#]*)://)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|(?:\$\{[^{}\s]*\}|[^\s/?#@:\[\]])+)"
    r"(?::(?P<port>[^/?#@]*))?"
    r"(?P<rest>[/?#@].*)?"
)


@tool(title="List HTTP servers", read_only=True)
async def list_http_servers_by_project(
    ctx: ToolContext, project_id: str, limit: Limit = 100, cursor: str = ""
) -> HttpServerList:
    """List the HTTP servers (scheme, host, port, time-outs) that a project's requests point at.

    All virtual users of the project share them. Next: update_http_server re-targets one.

    Args:
        project_id: Id from list_projects_by_workspace.
        limit: Largest number of rows.
        cursor: nextCursor of the page before.
    """
    with known_id("projectId", project_id, listed_by="list_projects_by_workspace"):
        workspace_id = await ctx.workspace_of(project_id)
        found = await ctx.rest(rest.LIST_HTTP_SERVERS, project_id=project_id)
    rows = [row_of(ctx, workspace_id, project_id, server) for server in found]
    page = page_of(rows, key=lambda row: (row.base_url, row.id), limit=limit, cursor=cursor)
    return HttpServerList(
        http_servers=page.rows,
        total=page.total,
        next_cursor=page.next_cursor,
        url=ctx.link(links.HTTP_SERVERS, workspace_id=workspace_id, project_id=project_id),
    )


@tool(title="Update an HTTP server", idempotent=True)
async def update_http_server(
    ctx: ToolContext,
    http_server_id: str,
    *,
    base_url: str | None = None,
    connect_timeout_ms: Milliseconds | None = None,
    response_timeout_ms: Milliseconds | None = None,
    ip_spoofing: bool | None = None,
    if_revision: IfRevision | None = None,
) -> HttpServerRow:
    """Change the base URL, the time-outs or the IP spoofing of one HTTP server.

    Every request that uses the server follows, in all virtual users of the project: one call
    re-targets a recording to another environment.

    Args:
        http_server_id: Id from list_http_servers_by_project.
        base_url: New scheme://host[:port] without path; the host may hold a ${variable}.
        connect_timeout_ms: Wait for the connection, in milliseconds; 0 is no limit.
        response_timeout_ms: Wait for each chunk of a response, in milliseconds; 0 is no limit.
        ip_spoofing: Send from several addresses, which switches generator monitoring off.
        if_revision: Refuse if it has another revision than this one by now.
    """
    something_given(
        baseUrl=base_url,
        connectTimeoutMs=connect_timeout_ms,
        responseTimeoutMs=response_timeout_ms,
        ipSpoofing=ip_spoofing,
    )
    changes: dict[str, Any] = {} if base_url is None else _parsed(base_url)
    changes |= {
        name: value
        for name, value in (
            ("connectTimeoutMs", connect_timeout_ms),
            ("responseTimeoutMs", response_timeout_ms),
            ("ipSpoofing", ip_spoofing),
        )
        if value is not None
    }

    async def change(server: dict[str, Any]) -> dict[str, Any]:
        changed = {**server, **changes}
        if "baseUrl" in server:  # a platform that stores the address as one text
            changed["baseUrl"] = base_url_of(changed)
        return changed

    with known_id("httpServerId", http_server_id, listed_by="list_http_servers_by_project"):
        edited = await edit_document(
            ctx, HTTP_SERVER, http_server_id, change, if_revision=if_revision
        )
    project_id = edited.before["projectId"]
    row = row_of(ctx, await ctx.workspace_of(project_id), project_id, edited.after)
    return dataclasses.replace(row, revision=edited.revision)


def _parsed(base_url: str) -> dict[str, Any]:
    found = _BASE_URL.fullmatch(base_url.strip())
    if found is None:
        raise _wrong("is no address", base_url)
    scheme = (found["scheme"] or "").lower()
    if scheme not in _DEFAULT_PORTS:
        near = "" if found["scheme"] else f"http://{base_url.strip()}"
        raise InvalidArgumentError(
            "The scheme of baseUrl is http or https; it may hold no variable.",
            field="baseUrl",
            got=base_url,
            allowed=["http://host[:port]", "https://host[:port]"],
            did_you_mean=near,
            next_step="Send the call again with the whole address.",
        )
    if (found["rest"] or "/") != "/":
        raise _wrong("holds more than scheme, host and port; paths belong to requests", base_url)
    return {
        "protocol": scheme.upper(),
        "hostname": found["host"].strip("[]"),
        "port": _port(found["port"], scheme, base_url),
    }


def _port(text: str | None, scheme: str, base_url: str) -> int:
    if text is None:
        return _DEFAULT_PORTS[scheme]
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= _PORT_MAX):
        raise _wrong("has a port that is no number from 1 to 65535", base_url)
    return int(text)


def _wrong(what: str, base_url: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"baseUrl {what}.",
        field="baseUrl",
        got=base_url,
        allowed=["http://host[:port]", "https://host[:port]"],
        next_step="Send scheme, host and port only, for example https://shop.example:8443.",
    )


def base_url_of(server: Mapping[str, Any]) -> str:
    """`scheme://host[:port]`, the port only where it is not the scheme's own."""
    if not server.get("hostname"):
        return str(server.get("baseUrl") or "")
    scheme = str(server.get("protocol") or "HTTPS").lower()
    host = str(server["hostname"])
    port = server.get("port") or _DEFAULT_PORTS.get(scheme)
    shown = f"[{host}]" if ":" in host and "$" not in host else host
    return f"{scheme}://{shown}" + ("" if port == _DEFAULT_PORTS.get(scheme) else f":{port}")


def row_of(
    ctx: ToolContext, workspace_id: str, project_id: str, server: Mapping[str, Any]
) -> HttpServerRow:
    """The row of a server; user names and passwords of its authorizations stay out."""
    return HttpServerRow(
        id=server["id"],
        name=server.get("name") or "",
        base_url=base_url_of(server),
        connect_timeout_ms=server.get("connectTimeoutMs"),
        response_timeout_ms=server.get("responseTimeoutMs"),
        ip_spoofing=server.get("ipSpoofing"),
        keep_alive=server.get("keepAlive"),
        resources_pool=server.get("resourcesPool"),
        authorization_count=len(server.get("authorizations") or []),
        url=ctx.link(
            links.HTTP_SERVER,
            workspace_id=workspace_id,
            project_id=project_id,
            http_server_id=server["id"],
        ),
    )
