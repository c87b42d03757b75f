"""Earlier versions of documents: which are kept, who made them, and the way back to one."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.failures import Conflict, NotFound
from octoperf_mcp.embedded.store import blob_uses
from octoperf_mcp.embedded.store.rows import Body, Document
from octoperf_mcp.embedded.store.schema import JsonText, document_revision, now_ms
from octoperf_mcp.entities.changes import changes, summary

_DAY_MS = 24 * 3600 * 1000
_LONGEST_SUMMARY = 500


@dataclass(frozen=True, slots=True)
class Retention:
    """Which earlier versions of each document are kept; the first limit reached counts.

    Args:
        most: How many.
        days: For how long after they were replaced.
        most_bytes: How much they may weigh together.
        always: So many of the latest stay in any case, so that an edit can be undone.
    """

    most: int = 50
    days: int = 90
    most_bytes: int = 64 * 1024 * 1024
    always: int = 5


@dataclass(frozen=True, slots=True)
class Revision:
    """A version of a document: when it was made (epoch ms), by whom, and what was changed.

    `made` is None, and the texts are empty, for the oldest one kept when there were earlier ones.
    """

    version: int
    made: int | None
    made_by: str
    summary: str


async def keep(
    connection: AsyncConnection,
    current: Document,
    after: Body,
    *,
    user_id: str,
    retention: Retention,
    prefix: str = "",
) -> None:
    """Remember the current version, which `after` is about to replace; old ones go."""
    text = await asyncio.to_thread(_summarised, current.body, after)
    await connection.execute(
        document_revision.insert().values(
            kind=current.kind,
            id=current.id,
            version=current.version,
            replaced=now_ms(),
            replaced_by=user_id,
            body=current.body,
            summary=(prefix + text)[:_LONGEST_SUMMARY],
            undo_to=current.undo_to,
            size=len(JsonText.written(current.body)),
        )
    )
    await prune(connection, current, retention)


async def prune(connection: AsyncConnection, current: Document, retention: Retention) -> int:
    """Delete the earlier versions of a document that are kept no longer; answers how many."""
    table = document_revision.c
    mine = sa.and_(table.kind == current.kind, table.id == current.id)
    query = sa.select(table.version, table.replaced, table.size).where(mine)
    rows = list(await connection.execute(query.order_by(table.version.desc())))
    since, weight = now_ms() - retention.days * _DAY_MS, 0
    oldest: int | None = None
    for place, row in enumerate(rows):
        weight += row.size
        fits = place < retention.most and row.replaced >= since and weight <= retention.most_bytes
        if not fits and place >= retention.always:
            break
        oldest = row.version
    gone: int = sum(oldest is None or row.version < oldest for row in rows)
    if gone:
        older = sa.true() if oldest is None else table.version < oldest
        await connection.execute(document_revision.delete().where(mine, older))
        await blob_uses.pruned(connection, current, oldest)
    return gone


async def listed(connection: AsyncConnection, current: Document) -> Sequence[Revision]:
    """The versions that are there, newest first, the current one included."""
    table = document_revision.c
    found = await connection.execute(
        sa.select(table.version, table.replaced, table.replaced_by, table.summary)
        .where(table.kind == current.kind, table.id == current.id)
        .order_by(table.version.desc())
    )
    revisions = []
    version = current.version
    for row in found:
        revisions.append(Revision(version, row.replaced, row.replaced_by, row.summary))
        version = row.version
    first = Revision(version, None, "", "")
    if version == 1:
        made = current.body.get("created")
        at = made if isinstance(made, int) else None
        first = Revision(1, at, str(current.body.get("userId") or ""), "created")
    return [*revisions, first]


async def at(connection: AsyncConnection, current: Document, version: int) -> Document:
    """A version of a document.

    Raises:
        NotFound: it is not kept.
    """
    if version == current.version:
        return current
    table = document_revision.c
    query = sa.select(table.body, table.undo_to).where(
        table.kind == current.kind, table.id == current.id, table.version == version
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound(f"Version {version} of this document is not kept.")
    place = current.workspace_id, current.project_id
    return Document(current.kind, current.id, *place, version, row.body, row.undo_to)


async def undone(connection: AsyncConnection, current: Document) -> Document:
    """The version that an undo puts back: the one before the last edit that was not undone yet.

    Raises:
        Conflict: there is none, or it is kept no longer.
    """
    version = undo_target(current)
    if version < 1:
        raise Conflict("There is no edit to undo: the document is as it was created.")
    try:
        return await at(connection, current, version)
    except NotFound:
        raise Conflict(f"The edit cannot be undone: version {version} is kept no longer.") from None


def undo_target(found: Document) -> int:
    """Version that an undo of this one puts back, 0 for none."""
    return found.version - 1 if found.undo_to is None else found.undo_to


def _summarised(before: Body, after: Body) -> str:
    return summary(changes(before, after))
