"""Tools that move a virtual user with all that it needs, in one file."""

from octoperf_import import links, rest
from octoperf_import.payloads import FileImport
from octoperf_import.tools import Name
from octoperf_import.ways import FileKind, imported
from octoperf_mcp import Ticket, ToolContext, download_ticket, known_id, tool

_ARCHIVE = FileKind(
    rest.IMPORT_ARCHIVE,
    "archive",
    "application/zip",
    ".zip",
    "The answer is the new virtual user as JSON, without a link, and importReport, which names the "
    "secrets to enter again and what the project had already. Call describe_virtual_user with its "
    "id, then sanity_check_virtual_user.",
    "Enter the secrets that the report names again; then sanity_check_virtual_user.",
    textual=False,
)


@tool(title="Import an archive")
async def import_archive_virtual_user(
    ctx: ToolContext,
    project_id: str,
    name: Name | None = None,
    file_url: str | None = None,
) -> FileImport:
    """Restore a virtual user from a zip that this platform exported, by an upload of yours.

    Its servers, variables, files and correlation rules come along; what the project has already
    under the same name stays. Answers a single-use address and the exact curl command.

    Args:
        project_id: Id from list_projects_by_workspace.
        name: Name of the restored virtual user; absent keeps that of the archive.
        file_url: Instead of an upload: where the platform fetches it, if it may.
    """
    return await imported(ctx, _ARCHIVE, project_id, name=name, file_url=file_url)


@tool(title="Export a virtual user", read_only=True, needs=(rest.EXPORT_ARCHIVE,))
async def export_virtual_user_archive(ctx: ToolContext, virtual_user_id: str) -> Ticket:
    """Make a single-use address of a zip: a virtual user with its servers, variables, files, rules.

    Recorded bodies are in it, values of secrets never. import_archive_virtual_user restores it,
    in any project.

    Args:
        virtual_user_id: Id from list_virtual_users.
    """
    with known_id("virtualUserId", virtual_user_id, listed_by="list_virtual_users"):
        found = await ctx.rest(rest.DESCRIBE_VIRTUAL_USER, id=virtual_user_id)
        workspace_id = await ctx.workspace_of(found["projectId"])
    page_url = ctx.link(
        links.VIRTUAL_USER,
        workspace_id=workspace_id,
        project_id=found["projectId"],
        virtual_user_id=virtual_user_id,
    )
    return await download_ticket(ctx, rest.EXPORT_ARCHIVE, page_url=page_url, id=virtual_user_id)
