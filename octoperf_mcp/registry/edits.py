"""Editing a stored document: read, change, write back, and lose nobody's edit on the way.

On a platform that counts revisions the write names the revision that was read. When somebody was
faster, the change is made again on what he left; a caller who named a revision is told instead
what happened since.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import Field

from octoperf_mcp.entities.changes import changes, summary
from octoperf_mcp.errors import ConflictError, InvalidArgumentError, InvalidDocumentError, ToolError
from octoperf_mcp.registry.captures import plain_text
from octoperf_mcp.registry.context import Revised, ToolContext
from octoperf_mcp.registry.patches import AppliedOperation, Operation, apply_patch
from octoperf_mcp.registry.rest_calls import RestCall

IfRevision = Annotated[int, Field(ge=1)]
"""Type of the `ifRevision` argument of a tool that edits."""

MOST_CHANGES: Final = 40
_ATTEMPTS: Final = 5
_STALE: Final = 412
_LONGEST: Final = 300

Json = dict[str, Any]
Function = Callable[[Json], Awaitable[Json]]


class StaleRevisionError(ToolError):
    """The document changed since the revision that an edit was meant for."""

    code = "stale_revision"


@dataclass(frozen=True, slots=True)
class Editable:
    """How a kind of document is read and written.

    Args:
        kind: As in `octoperf_mcp.entities.check`.
        read: GET of the document by `id`.
        write: PUT of the document by `id`.
        at: GET of a document by `id` and `version`, an optional call.
        schema: Name of its public schema; empty where it has none.
    """

    kind: str
    read: RestCall
    write: RestCall
    at: RestCall
    schema: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What differs between two documents: all of it with JSON Pointers, and one line."""

    diff: list[str]
    summary: str


@dataclass(frozen=True, slots=True)
class Edited:
    """A document before and after an edit; `revision` is None where none are counted."""

    before: Json
    after: Json
    revision: int | None
    told: Told


async def edit_document(
    ctx: ToolContext,
    editable: Editable,
    document_id: str,
    function: Function,
    *,
    if_revision: int | None = None,
    dry_run: bool = False,
) -> Edited:
    """Read a document, change it, and write it back unless it is a dry run.

    Args:
        ctx: The call.
        editable: Its kind.
        document_id: Its id.
        function: From the document to the changed one; called again when somebody was faster.
        if_revision: The revision that the edit is meant for; None for whatever is there.
        dry_run: Answer the change and write nothing.

    Raises:
        StaleRevisionError: the document has another revision than `if_revision`; says what
            changed since.
        InvalidArgumentError: the platform counts no revisions, and one was named.
        InvalidDocumentError: the platform refuses the content; names the schema to read.
        ConflictError: others kept changing it.
    """
    attempt = 0
    while True:
        attempt += 1
        found = await ctx.revised(editable.read, id=document_id)
        await require_revision(ctx, editable, document_id, found, if_revision)
        after = await function(found.body)
        if dry_run:
            return Edited(found.body, after, found.revision, await told(found.body, after))
        try:
            saved = await ctx.revised(
                editable.write, id=document_id, body=after, if_revision=found.revision
            )
        except ConflictError as error:
            if error.status != _STALE or attempt == _ATTEMPTS:
                raise
        except InvalidDocumentError as error:
            error.next_step = error.next_step or _read_schema(editable.schema)
            raise
        else:
            what = await told(found.body, after)
            return Edited(found.body, saved.body or after, saved.revision, what)


async def patch_document(
    ctx: ToolContext,
    editable: Editable,
    document_id: str,
    operations: Sequence[Operation],
    *,
    if_revision: int | None = None,
    dry_run: bool = False,
) -> tuple[Edited, list[AppliedOperation]]:
    """Edit a document by a patch; also answers what each operation changed.

    Raises:
        InvalidArgumentError: see `apply_patch`; otherwise as `edit_document`.
    """
    applied: list[AppliedOperation] = []

    async def change(document: Json) -> Json:
        patched = await asyncio.to_thread(
            apply_patch, editable.kind, document, operations, ctx.added_types
        )
        applied[:] = patched.applied
        return patched.document

    edited = await edit_document(
        ctx, editable, document_id, change, if_revision=if_revision, dry_run=dry_run
    )
    return edited, applied


async def told(before: Mapping[str, Any], after: Mapping[str, Any]) -> Told:
    """Differences in words, a bounded number of them."""
    return await asyncio.to_thread(_told, before, after)


def _told(before: Mapping[str, Any], after: Mapping[str, Any]) -> Told:
    found = changes(before, after)
    diff = [plain_text(str(change), _LONGEST) for change in found[:MOST_CHANGES]]
    if (left := len(found) - MOST_CHANGES) > 0:
        diff.append(f"… and {left} more changes")
    return Told(diff, plain_text(summary(found)))


async def require_revision(
    ctx: ToolContext,
    editable: Editable,
    document_id: str,
    found: Revised,
    if_revision: int | None,
) -> None:
    """Refuse an edit that is meant for another revision than the one found.

    Raises:
        StaleRevisionError: says what changed since.
        InvalidArgumentError: the platform counts no revisions.
    """
    if if_revision is None or if_revision == found.revision:
        return
    if found.revision is None:
        raise InvalidArgumentError(
            "This platform counts no revisions.",
            field="ifRevision",
            got=if_revision,
            next_step="Leave ifRevision out.",
        )
    raise await _stale(ctx, editable, document_id, found, if_revision)


async def _stale(
    ctx: ToolContext, editable: Editable, document_id: str, found: Revised, meant: int
) -> StaleRevisionError:
    details: dict[str, Any] = {"field": "ifRevision", "got": meant, "revision": found.revision}
    try:
        earlier = await ctx.rest(editable.at, id=document_id, version=meant)
    except ToolError:
        since = "that revision is not kept, so what changed since cannot be told"
    else:
        what = await told(earlier, found.body)
        details["diff"] = what.diff
        since = f"changed since: {what.summary}"
    return StaleRevisionError(
        f"The document is at revision {found.revision}, not {meant}; {since}.",
        next_step=(
            f"Adapt the edit to the document as it is now, then send it with ifRevision "
            f"{found.revision}; nothing was changed."
        ),
        details=details,
    )


def _read_schema(schema: str) -> str:
    if not schema:
        return ""
    address = f"octoperf://schema/{schema} (the same at /mcp/public/schema/{schema}.json)"
    return f"Read {address} and send again."
