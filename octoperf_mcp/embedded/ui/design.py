"""Design-time pages: virtual users and their trees."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from octoperf_mcp.embedded.ui import forms, imports, revisions
from octoperf_mcp.embedded.ui.rendering import Cell, Page, Table, when


@dataclass(slots=True)
class Node:
    """One action of a tree, as the page draws it."""

    id: str
    kind: str
    name: str
    enabled: bool
    method: str = ""
    path: str = ""
    note: str = ""
    children: "list[Node]" = field(default_factory=list)


async def virtual_users(page: Page) -> web.StreamResponse:
    """All virtual users of a project."""
    project = await page.project()
    rows = [
        (
            Cell(body["name"], f"{page.project_path}/design/virtual-user/{body['id']}"),
            Cell(str(body.get("type", ""))),
            Cell(", ".join(body.get("tags") or ())),
            Cell(when(body.get("lastModified"))),
        )
        for body in await page.of_project("virtual_user")
    ]
    table = Table(
        "Virtual users", ("Name", "Type", "Tags", "Changed"), rows, "Import a recording to start."
    )
    sub = project.get("description") or "Project"
    return await page.show_in_project(
        "virtual_users.html",
        "design/virtual-user",
        heading=project["name"],
        sub=sub,
        tables=[table],
        action=f"{page.project_path}/design/virtual-user",
        kinds=imports.files(page),
        form_text=page.platform.identity.anti_forgery(page.request),
        done=forms.DONE.get(page.request.query.get("done", ""), ""),
    )


async def virtual_user(page: Page) -> web.StreamResponse:
    """One virtual user with its action tree."""
    body = await _virtual_user(page)
    tree = [_node(child) for child in body.get("children") or ()]
    here = f"{page.project_path}/design/virtual-user/{body['id']}"
    return await page.show_in_project(
        "virtual_user.html",
        "design/virtual-user",
        virtual_user=body,
        tree=tree,
        requests=_requests(tree),
        changed=when(body.get("lastModified")),
        validation_href=f"{here}/validation",
        revisions=await revisions.table(page, "virtual_user", body["id"], f"{here}/revision"),
    )


async def _virtual_user(page: Page) -> dict[str, Any]:
    body = await page.get("virtual_user", page.part("virtualUserId"))
    if body["projectId"] != page.part("projectId"):
        raise web.HTTPNotFound
    return body


def _node(body: Mapping[str, Any]) -> Node:
    kind = str(body.get("@type", ""))
    node = Node(
        id=str(body.get("id", "")),
        kind=kind.removesuffix("Action"),
        name=str(body.get("name") or ""),
        enabled=bool(body.get("enabled")),
        children=[_node(child) for child in body.get("children") or ()],
    )
    if kind == "HttpRequestAction":
        node.method, node.path = str(body.get("method", "")), str(body.get("path", ""))
    node.note = _note(kind, body)
    return node


def _note(kind: str, body: Mapping[str, Any]) -> str:
    notes = []
    if body.get("variable"):
        notes.append(f"fills ${{{body['variable']}}}")
    if kind == "LoopContainerAction":
        notes.append(f"{body.get('count')} times")
    think = body.get("thinktime") or {}
    if think.get("value"):
        notes.append(f"after {think['value'] / 1000:g} s")
    return ", ".join(notes)


def _requests(nodes: list[Node]) -> int:
    return sum(bool(node.method) + _requests(node.children) for node in nodes)
