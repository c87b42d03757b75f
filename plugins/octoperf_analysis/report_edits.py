"""Tools that change and delete reports."""

from typing import Annotated, Any

from pydantic import Field

from octoperf_analysis import links, rest
from octoperf_analysis.items import page_of, read_report
from octoperf_analysis.payloads import DeletedReport, EditedReport, PatchedReport
from octoperf_mcp import (
    Confirm,
    Editable,
    IfRevision,
    PatchOperations,
    ToolContext,
    edit_document,
    known_id,
    listing,
    patch_document,
    tool,
)
from octoperf_mcp.errors import InvalidArgumentError

REPORT = Editable(
    "bench_report",
    read=rest.GET_REPORT,
    write=rest.PUT_REPORT,
    at=rest.GET_REPORT_REVISION,
    schema="bench-report",
)
LISTED_BY = "list_bench_reports_by_project"

ReportName = Annotated[str, Field(min_length=1, max_length=80)]
_Description = Annotated[str, Field(max_length=2000)]


@tool(title="Update a report", idempotent=True)
async def update_bench_report(
    ctx: ToolContext,
    report_id: str,
    *,
    name: ReportName | None = None,
    description: _Description | None = None,
    tags: list[str] | None = None,
    if_revision: IfRevision | None = None,
) -> EditedReport:
    """Change name, description or tags of a report; its items stay: patch_bench_report edits them.

    Args:
        report_id: Id from list_bench_reports_by_project.
        name: New name.
        description: New description.
        tags: All tags from now on.
        if_revision: Refuse if it has another revision by now.
    """
    changes = {"name": name, "description": description, "tags": tags}
    given = {field: value for field, value in changes.items() if value is not None}
    if not given:
        raise InvalidArgumentError(
            "Nothing to change was given.",
            allowed=list(changes),
            next_step="Send at least one of the allowed arguments.",
        )

    async def change(document: dict[str, Any]) -> dict[str, Any]:
        return {**document, **given}

    with known_id("reportId", report_id, listed_by=LISTED_BY):
        edited = await edit_document(ctx, REPORT, report_id, change, if_revision=if_revision)
    return listing(
        EditedReport,
        edited.after,
        url=await page_of(ctx, edited.before),
        revision=edited.revision,
    )


@tool(title="Patch a report", destructive=True, parameter_aliases={"ops": "patch"})
async def patch_bench_report(
    ctx: ToolContext,
    report_id: str,
    patch: PatchOperations,
    *,
    dry_run: bool = False,
    if_revision: IfRevision | None = None,
) -> PatchedReport:
    """Edit the whole report by an RFC 6902 JSON Patch: all operations or none.

    Read octoperf://schema/bench-report first; get_bench_report with view full shows the document.
    Append an item with path /items/- and a fresh UUID as its id. Each type of item takes some
    metrics only: a refusal lists them.

    Args:
        report_id: Id from list_bench_reports_by_project.
        patch: Operations in order; indexes shift after each add and remove.
        dry_run: Check and answer what would change, without saving.
        if_revision: Refuse if it has another revision by now.
    """
    with known_id("reportId", report_id, listed_by=LISTED_BY):
        edited, applied = await patch_document(
            ctx, REPORT, report_id, patch, if_revision=if_revision, dry_run=dry_run
        )
    return listing(
        PatchedReport,
        edited.after,
        url=await page_of(ctx, edited.before),
        revision=edited.revision,
        summary=edited.told.summary,
        diff=edited.told.diff,
        dry_run=dry_run,
        applied=applied,
    )


@tool(
    title="Delete a report",
    destructive=True,
    idempotent=True,
    confirm=Confirm("Delete the report {name}?", rest.GET_REPORT, {"id": "reportId"}),
)
async def delete_bench_report(ctx: ToolContext, report_id: str) -> DeletedReport:
    """Delete a report for good; the runs behind it and their figures stay.

    Args:
        report_id: Id from list_bench_reports_by_project.
    """
    report = await read_report(ctx, report_id)
    with known_id("reportId", report_id, listed_by=LISTED_BY):
        await ctx.rest(rest.DELETE_REPORT, id=report_id)
    return DeletedReport(
        id=report_id,
        name=report.get("name") or "",
        bench_result_ids=list(report.get("benchResultIds") or []),
        url=ctx.link(
            links.REPORTS,
            workspace_id=await ctx.workspace_of(report["projectId"]),
            project_id=report["projectId"],
        ),
    )
