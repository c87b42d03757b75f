"""The tool that sends command lines to the platform."""

from typing import Annotated, Any

from pydantic import Field

from octoperf_mcp import DeepLink, Part, RestCall, ToolContext, known_id, payload, tool

IMPORT = RestCall(
    "POST",
    "/imports/curl/{projectId}",
    query=("name", "children"),
    body="multipart",
    answer="VirtualUsers",
    optional=True,
)
PAGE = DeepLink(
    "/ui/workspace/{workspaceId}/project/{projectId}/design/virtual-user/{virtualUserId}"
)


@payload
class CurlImport:
    """The virtual user; `importReport` names what was left out."""

    id: str
    name: str
    import_report: dict[str, Any]
    next: str
    url: str


@tool(title="Import curl commands", needs=(IMPORT,))
async def import_curl_virtual_user(
    ctx: ToolContext,
    project_id: str,
    commands: Annotated[str, Field(min_length=1, max_length=64_000)],
    name: Annotated[str, Field(max_length=80)] | None = None,
) -> CurlImport:
    """Turn curl command lines, as a browser's "Copy all as cURL (bash)", into a virtual user.

    One request for each command, in order. Cookies and passwords are left out.

    Args:
        project_id: Id from list_projects_by_workspace.
        commands: Command lines for bash.
        name: Name of the virtual user; absent takes the first host.
    """
    with known_id("projectId", project_id, listed_by="list_projects_by_workspace"):
        workspace_id = await ctx.workspace_of(project_id)
        made = await ctx.rest(
            IMPORT,
            body=[Part("file", commands, "commands.sh")],
            project_id=project_id,
            children="false",
            **({"name": name} if name else {}),
        )
    (virtual_user,) = made["virtualUsers"]
    return CurlImport(
        id=virtual_user["id"],
        name=virtual_user["name"],
        import_report=made["importReport"],
        next="sanity_check_virtual_user, then validate_virtual_user.",
        url=ctx.link(
            PAGE,
            workspace_id=workspace_id,
            project_id=project_id,
            virtual_user_id=virtual_user["id"],
        ),
    )
