"""Rows of documents: the statements behind `Documents`, each on a connection given."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.failures import Conflict, Invalid, NotFound
from octoperf_mcp.embedded.store import blob_uses
from octoperf_mcp.embedded.store.access import Role, require_writer, visible_to
from octoperf_mcp.embedded.store.schema import (
    blob_use,
    document,
    document_revision,
    new_id,
    now_ms,
    project_file,
    workspace_member,
)

KINDS = frozenset(
    {
        "workspace",
        "project",
        "virtual_user",
        "http_server",
        "variable",
        "correlation_rule",
        "scenario",
        "docker_provider",
        "bench_result",
        "bench_report",
        "bench_report_template",
        "scheduled_job",
    }
)
UNSTAMPED = frozenset({"variable"})
"""Kinds without `created` and `lastModified`."""

_WITH_WORKSPACE = frozenset({"project", "docker_provider", "bench_report_template"})
_WITHOUT_PROJECT = _WITH_WORKSPACE | {"workspace", "bench_result"}
_FIXED = ("id", "userId", "projectId", "workspaceId", "created")
_FIXED_OF_PROJECT = (*_FIXED, "type")

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Document:
    """One version of a document.

    `workspace_id` is empty for a document of the platform itself, which everybody reads;
    `project_id` is empty where the kind has none. `version` counts from 1; `undo_to` is the one
    that an undo puts back, None for the one before.
    """

    kind: str
    id: str
    workspace_id: str
    project_id: str
    version: int
    body: Body
    undo_to: int | None = None


async def seen(
    connection: AsyncConnection, kind: str, document_id: str, user_id: str, *, lock: bool = False
) -> tuple[Document, str | None]:
    """A document as a user sees it, with his role (None: it is the platform's) or NotFound."""
    query = visible_to(user_id).where(document.c.kind == kind, document.c.id == document_id)
    if lock:
        query = query.with_for_update(of=document)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound(missing(kind, document_id))
    return from_row(row), row.role


async def current(
    connection: AsyncConnection, kind: str, document_id: str, *, lock: bool = False
) -> Document | None:
    """A document whoever asks."""
    query = sa.select(document).where(document.c.kind == kind, document.c.id == document_id)
    if lock:
        query = query.with_for_update()
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else from_row(row)


async def require_place(
    connection: AsyncConnection, kind: str, user_id: str, workspace_id: str, project_id: str
) -> None:
    """Check that a user may put a document of a kind there."""
    _, role = await seen(connection, "workspace", workspace_id, user_id)
    require_writer(kind, role)
    if project_id:
        project, _ = await seen(connection, "project", project_id, user_id)
        if project.workspace_id != workspace_id:
            raise Invalid(f"Project {project_id!r} is not in workspace {workspace_id!r}.")


async def found_workspace(
    connection: AsyncConnection, body: Mapping[str, Any], user_id: str
) -> Document:
    """Keep a new workspace and make its creator the admin."""
    made = await insert(connection, "workspace", body, user_id=user_id)
    now = now_ms()
    await connection.execute(
        workspace_member.insert().values(
            id=new_id(),
            workspace_id=made.id,
            user_id=user_id,
            role=Role.ADMIN,
            created=now,
            modified=now,
        )
    )
    return made


async def insert(
    connection: AsyncConnection,
    kind: str,
    body: Mapping[str, Any],
    *,
    user_id: str = "",
    workspace_id: str = "",
    project_id: str = "",
) -> Document:
    """Keep a new document, its id, owner, place and dates filled in."""
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is no kind of document.")
    made, now = new_id(), now_ms()
    filled: Body = {**body, "id": made, "userId": user_id}
    if kind not in UNSTAMPED:
        filled |= {"created": now, "lastModified": now}
    if kind not in _WITHOUT_PROJECT:
        filled["projectId"] = project_id
    if kind in _WITH_WORKSPACE:
        filled["workspaceId"] = workspace_id
    place = made if kind == "workspace" else workspace_id
    await connection.execute(
        document.insert().values(
            kind=kind,
            id=made,
            workspace_id=place,
            project_id=project_id,
            version=1,
            created=now,
            modified=now,
            body=filled,
        )
    )
    new = Document(kind, made, place, project_id, 1, filled)
    await blob_uses.changed(connection, None, new)
    return new


async def update(
    connection: AsyncConnection, current: Document, body: Body, *, undo_to: int | None = None
) -> Document:
    """Put the next version in place of the current one."""
    version = current.version + 1
    await connection.execute(
        document.update()
        .where(document.c.kind == current.kind, document.c.id == current.id)
        .values(version=version, modified=now_ms(), body=body, undo_to=undo_to)
    )
    new = Document(
        current.kind,
        current.id,
        current.workspace_id,
        current.project_id,
        version,
        body,
        undo_to,
    )
    await blob_uses.changed(connection, current, new)
    return new


async def with_children(connection: AsyncConnection, top: Document) -> "list[Document]":
    """The document and all that goes with it, children first."""
    if top.kind not in {"workspace", "project"}:
        return [top]
    place = document.c.workspace_id if top.kind == "workspace" else document.c.project_id
    rows = await connection.execute(sa.select(document).where(place == top.id))
    found: list[Document] = []
    for child in (from_row(row) for row in rows):
        if child.id == top.id:
            continue
        if top.kind == "project" and child.kind == "project":
            found += await with_children(connection, child)
        else:
            found.append(child)
    return [*found, top]


async def remove(connection: AsyncConnection, gone: Document) -> None:
    """Delete one document and what hangs on it alone."""
    for table in (document, document_revision, blob_use):
        await connection.execute(
            table.delete().where(table.c.kind == gone.kind, table.c.id == gone.id)
        )
    if gone.kind == "project":
        await connection.execute(project_file.delete().where(project_file.c.project_id == gone.id))
    if gone.kind == "workspace":
        await connection.execute(
            workspace_member.delete().where(workspace_member.c.workspace_id == gone.id)
        )


def successor(current: Document, body: Mapping[str, Any]) -> Body:
    """A new body, its id, owner, place and creation date as they were."""
    names = _FIXED_OF_PROJECT if current.kind == "project" else _FIXED
    fixed = {key: current.body[key] for key in names if key in current.body}
    new = {**body, **fixed}
    if current.kind not in UNSTAMPED:
        new["lastModified"] = now_ms()
    return new


def require_version(current: Document, if_version: int | None) -> None:
    """Refuse a change that was made from another version."""
    if if_version is not None and if_version != current.version:
        raise Conflict(
            f"The {current.kind.replace('_', ' ')} changed meanwhile: it has version "
            f"{current.version}, not {if_version}. Read it again and repeat the change.",
            stale=True,
            details={"version": current.version},
        )


def from_row(row: sa.Row[Any]) -> Document:
    """A row of the table `document`."""
    return Document(
        row.kind, row.id, row.workspace_id, row.project_id, row.version, row.body, row.undo_to
    )


def missing(kind: str, document_id: str) -> str:
    """The sentence of a NotFound, the same whether it exists or not."""
    name = kind.replace("_", " ")
    return f"There is no {name} {document_id!r}, or you are no member of its workspace."
