"""Tools that list the revisions of a document and put an earlier one back."""

from dataclasses import dataclass
from typing import Any, Literal

from octoperf_edit import editables, links, rest
from octoperf_edit.payloads import RevisionList, RevisionRow, Undone
from octoperf_mcp import (
    DeepLink,
    Editable,
    IfRevision,
    Limit,
    RestCall,
    ToolContext,
    epoch_ms,
    known_id,
    page_in_order,
    plain_text,
    require_revision,
    told,
    tool,
)
from octoperf_mcp.errors import ConflictError, InvalidArgumentError

Entity = Literal[
    "virtual_user", "scenario", "bench_report", "variable", "http_server", "correlation_rule"
]
_AGAIN = "undo_last_edit again goes one edit further back; toRevision goes to any that is listed."
_WAYS_BACK = "toRevision puts back any that list_revisions lists, an undone edit too."


@dataclass(frozen=True, slots=True)
class _Kind:
    """Calls and page of a kind whose revisions are kept; `parameter` is that of the page."""

    editable: Editable
    revisions: RestCall
    undo: RestCall
    page: DeepLink
    parameter: str
    listed_by: str


_KINDS: dict[str, _Kind] = {
    "virtual_user": _Kind(
        editables.VIRTUAL_USER,
        rest.LIST_VIRTUAL_USER_REVISIONS,
        rest.UNDO_VIRTUAL_USER,
        links.VIRTUAL_USER,
        "virtual_user_id",
        "list_virtual_users",
    ),
    "scenario": _Kind(
        editables.SCENARIO,
        rest.LIST_SCENARIO_REVISIONS,
        rest.UNDO_SCENARIO,
        links.SCENARIO,
        "scenario_id",
        "list_scenarios_by_project",
    ),
    "bench_report": _Kind(
        editables.BENCH_REPORT,
        rest.LIST_BENCH_REPORT_REVISIONS,
        rest.UNDO_BENCH_REPORT,
        links.REPORT,
        "report_id",
        "list_bench_reports_by_project",
    ),
    "variable": _Kind(
        editables.VARIABLE,
        rest.LIST_VARIABLE_REVISIONS,
        rest.UNDO_VARIABLE,
        links.VARIABLE,
        "variable_id",
        "list_variables",
    ),
    "http_server": _Kind(
        editables.HTTP_SERVER,
        rest.LIST_HTTP_SERVER_REVISIONS,
        rest.UNDO_HTTP_SERVER,
        links.HTTP_SERVER,
        "http_server_id",
        "list_http_servers_by_project",
    ),
    "correlation_rule": _Kind(
        editables.CORRELATION_RULE,
        rest.LIST_CORRELATION_RULE_REVISIONS,
        rest.UNDO_CORRELATION_RULE,
        links.CORRELATION_RULE,
        "rule_id",
        "list_correlation_rules",
    ),
}


@tool(
    title="List revisions",
    read_only=True,
    needs=[kind.revisions for kind in _KINDS.values()],
)
async def list_revisions(
    ctx: ToolContext,
    entity: Entity,
    id: str,  # noqa: A002 - the wire's name
    revision: IfRevision | None = None,
    *,
    limit: Limit = 20,
    cursor: str = "",
) -> RevisionList:
    """List the revisions of one document that are kept, newest first: who changed what, and when.

    undo_last_edit puts one back.

    Args:
        entity: Kind of the document.
        id: Its id.
        revision: Tell all that this revision changed, in diff.
        limit: Largest number of rows.
        cursor: nextCursor of the page before.
    """
    kind = _KINDS[entity]
    with known_id("id", id, listed_by=kind.listed_by):
        document = await ctx.rest(kind.editable.read, id=id)
        listed = await ctx.rest(kind.revisions, id=id)
    diff = None if revision is None else await _diff(ctx, kind, id, listed, revision)
    rows = [
        RevisionRow(
            revision=row["version"],
            at=epoch_ms(row["at"]),
            by=row["byName"] or row["by"] or None,
            summary=plain_text(row["summary"]),
        )
        for row in listed
    ]
    page = page_in_order(rows, limit=limit, cursor=cursor)
    return RevisionList(
        name=plain_text(str(document.get("name") or "")),
        revisions=page.rows,
        total=page.total,
        next_cursor=page.next_cursor,
        diff=diff,
        url=await _page(ctx, kind, document),
    )


@tool(
    title="Undo the last edit",
    destructive=True,
    needs=[kind.undo for kind in _KINDS.values()],
)
async def undo_last_edit(
    ctx: ToolContext,
    entity: Entity,
    id: str,  # noqa: A002 - the wire's name
    to_revision: IfRevision | None = None,
    if_revision: IfRevision | None = None,
) -> Undone:
    """Put the revision before the last edit back, as a new revision; nothing is lost by it.

    Called again, it goes one edit further back.

    Args:
        entity: Kind of the document.
        id: Its id.
        to_revision: Put back this one of list_revisions instead, which also redoes an undone edit.
        if_revision: Refuse if the document has another revision than this one by now.
    """
    kind = _KINDS[entity]
    with known_id("id", id, listed_by=kind.listed_by):
        before = await ctx.revised(kind.editable.read, id=id)
    await require_revision(ctx, kind.editable, id, before, if_revision)
    try:
        after = await ctx.revised(
            kind.undo, id=id, version=to_revision, if_revision=before.revision
        )
    except ConflictError as error:
        raise ConflictError(
            error.message,
            status=error.status,
            endpoint=error.endpoint,
            details=error.details,
            next_step=error.next_step or _WAYS_BACK,
        ) from error
    what = await told(before.body, after.body)
    return Undone(
        id=id,
        name=plain_text(str(after.body.get("name") or "")),
        revision=after.revision,
        summary=what.summary,
        diff=what.diff,
        next=_AGAIN,
        url=await _page(ctx, kind, before.body),
    )


async def _diff(
    ctx: ToolContext, kind: _Kind, document_id: str, listed: list[dict[str, Any]], revision: int
) -> list[str]:
    """What a revision changed in the one before it that is kept."""
    kept = [row["version"] for row in listed]
    if revision not in kept:
        raise InvalidArgumentError(
            "This revision is not kept.",
            field="revision",
            got=revision,
            allowed=[str(version) for version in kept],
            next_step="Take one of the revisions listed.",
        )
    place = kept.index(revision) + 1
    if place == len(kept):
        return []
    call = kind.editable.at
    before = await ctx.rest(call, id=document_id, version=kept[place])
    after = await ctx.rest(call, id=document_id, version=revision)
    return (await told(before, after)).diff


async def _page(ctx: ToolContext, kind: _Kind, document: dict[str, Any]) -> str:
    project_id = document["projectId"]
    return ctx.link(
        kind.page,
        workspace_id=await ctx.workspace_of(project_id),
        project_id=project_id,
        **{kind.parameter: document["id"]},
    )
