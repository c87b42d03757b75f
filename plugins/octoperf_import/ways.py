"""The three ways of a file: an upload by the client, text in the call, an address to fetch."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from octoperf_import import links, rest
from octoperf_import.payloads import FileImport, ImportedRow
from octoperf_mcp import Part, RestCall, ToolContext, known_id, upload_ticket
from octoperf_mcp.errors import InvalidArgumentError, NotFoundError

MAX_CONTENT_BYTES = 64 * 1024
"""A model writes every byte of an argument, so large files are uploaded instead."""
MAX_NOTES = 20
_NOTES = ("dropped", "generic", "changed")
_UPLOAD = "Leave fileContent and fileUrl out and upload the file to the address answered."


@dataclass(frozen=True, slots=True)
class FileKind:
    """What is known of one kind of file.

    `kind` is its name in `rest.IMPORT_FETCHED`, `then` what an upload answers and what to do with
    it, `next_step` what to do after a file sent along; `textual` files may be arguments.
    """

    call: RestCall
    kind: str
    media_type: str
    suffix: str
    then: str
    next_step: str
    textual: bool = True


async def imported(
    ctx: ToolContext,
    file: FileKind,
    project_id: str,
    /,
    *,
    file_content: str | None = None,
    file_url: str | None = None,
    **values: Any,
) -> FileImport:
    """The ticket of an upload, or what the given content became.

    Raises:
        InvalidArgumentError: the content is too long, or given twice; NotFoundError: no project.
    """
    if file_content is not None and file_url is not None:
        raise InvalidArgumentError(
            "fileContent and fileUrl are two ways of the same file.",
            field="fileUrl",
            next_step="Give one of them, or neither for an upload.",
        )
    with known_id("projectId", project_id, listed_by="list_projects_by_workspace"):
        workspace_id = await ctx.workspace_of(project_id)
    sent = {"project_id": project_id, "children": "false", **values}
    if file_content is not None:
        answer = await ctx.rest(file.call, body=[_part(file, file_content)], **sent)
        return _made(ctx, file, answer, workspace_id, project_id)
    if file_url is not None:
        answer = await _fetched(ctx, file, file_url, sent)
        return _made(ctx, file, answer, workspace_id, project_id)
    page_url = ctx.link(links.PROJECT, workspace_id=workspace_id, project_id=project_id)
    ticket = await upload_ticket(
        ctx,
        file.call,
        media_type=file.media_type,
        suffix=file.suffix,
        then=file.then,
        page_url=page_url,
        instead="Without it send a small text as fileContent, 64 kB at most, or "
        if file.textual
        else "",
        **sent,
    )
    return FileImport(
        url=ticket.url,
        method=ticket.method,
        expires_at=ticket.expires_at,
        instructions=ticket.instructions,
        page_url=ticket.page_url,
    )


def _part(file: FileKind, content: str) -> Part:
    size = len(content.encode("utf-8", "replace"))
    if not 0 < size <= MAX_CONTENT_BYTES:
        raise InvalidArgumentError(
            f"fileContent has {size} bytes, not 1 to {MAX_CONTENT_BYTES}.",
            field="fileContent",
            next_step=_UPLOAD,
        )
    return Part("file", content, f"imported{file.suffix}", file.media_type)


async def _fetched(
    ctx: ToolContext, file: FileKind, url: str, values: Mapping[str, Any]
) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = await ctx.rest(
            rest.IMPORT_FETCHED, body={"url": url}, kind=file.kind, **values
        )
    except NotFoundError as error:
        if "virtual_user_id" in values and values["virtual_user_id"] is not None:
            raise
        raise InvalidArgumentError(
            "This platform fetches no files from addresses.", field="fileUrl", next_step=_UPLOAD
        ) from error
    return answer


def _made(
    ctx: ToolContext, file: FileKind, answer: Any, workspace_id: str, project_id: str
) -> FileImport:
    rows = [
        ImportedRow(
            id=one["id"],
            name=one.get("name") or "",
            type=one.get("type") or "JMETER",
            url=ctx.link(
                links.VIRTUAL_USER,
                workspace_id=workspace_id,
                project_id=project_id,
                virtual_user_id=one["id"],
            ),
        )
        for one in _virtual_users(answer)
    ]
    report = answer.get("importReport") if isinstance(answer, dict) else None
    return FileImport(
        url=rows[0].url,
        virtual_users=rows,
        import_report=_short(report) if isinstance(report, dict) else None,
        next=file.next_step,
    )


def _virtual_users(answer: Any) -> Iterator[dict[str, Any]]:
    """One, a list of them, or that list in `virtualUsers`: imports answer each of these."""
    listed = answer.get("virtualUsers", [answer]) if isinstance(answer, dict) else answer
    yield from listed


def _short(report: dict[str, Any]) -> dict[str, Any]:
    """A report with the first notes of each kind; the totals tell of the rest."""
    return {
        name: value[:MAX_NOTES] if name in _NOTES and isinstance(value, list) else value
        for name, value in report.items()
    }
