"""Which document names which blob, through which version: what the collection of blobs goes by.

A name is any text of a document that is a SHA-256 in hexadecimal. It is noted in the transaction
that writes the document, so that a blob is never without a note while anything names it.
"""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.store.schema import blob_use

if TYPE_CHECKING:
    from octoperf_mcp.embedded.store.rows import Document

_KEY = re.compile(rb'"([0-9a-f]{64})"')
_MOST_AT_ONCE = 400
"""Far below the number of parameters that a statement of either database may have."""


def keys_in(body: Any) -> set[str]:
    """Keys that a body names."""
    return {key.decode() for key in _KEY.findall(orjson.dumps(body))}


async def changed(
    connection: AsyncConnection, before: "Document | None", after: "Document"
) -> None:
    """Note what a new version names, and what it names no longer."""
    old = set() if before is None else keys_in(before.body)
    new = keys_in(after.body)
    if old == new:
        return
    if before is not None:
        await _set_last(connection, before, old - new, before.version)
    await _set_last(connection, after, new - old, None)


async def pruned(connection: AsyncConnection, document: "Document", oldest: int | None) -> None:
    """Forget what only versions before `oldest` named; None where no earlier one is kept."""
    kept = sa.true() if oldest is None else blob_use.c.last_version < oldest
    await connection.execute(
        blob_use.delete().where(
            blob_use.c.kind == document.kind,
            blob_use.c.id == document.id,
            blob_use.c.last_version.is_not(None),
            kept,
        )
    )


async def _set_last(
    connection: AsyncConnection, document: "Document", keys: Iterable[str], last: int | None
) -> None:
    ordered = sorted(keys)
    mine = sa.and_(blob_use.c.kind == document.kind, blob_use.c.id == document.id)
    for start in range(0, len(ordered), _MOST_AT_ONCE):
        part = ordered[start : start + _MOST_AT_ONCE]
        await connection.execute(blob_use.delete().where(mine, blob_use.c.key.in_(part)))
        rows = [
            {"key": key, "kind": document.kind, "id": document.id, "last_version": last}
            for key in part
        ]
        await connection.execute(blob_use.insert(), rows)
