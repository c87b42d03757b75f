"""Tools on projects."""

from octoperf_edit import links, rest
from octoperf_edit.arguments import Description, Name
from octoperf_mcp import Listing, ToolContext, known_id, listing, tool


@tool(title="Create a project")
async def create_project(
    ctx: ToolContext,
    workspace_id: str,
    name: Name,
    description: Description = "",
    tags: list[str] | None = None,
) -> Listing:
    """Create an empty design project in a workspace.

    Next: import_har_virtual_user or another import.

    Args:
        workspace_id: Id from list_workspaces.
        name: Name, at most 80 characters.
        description: Free text, at most 2000 characters.
        tags: Free tags.
    """
    document = {
        "id": "",
        "userId": "",
        "workspaceId": workspace_id,
        "name": name,
        "description": description,
        "type": "DESIGN",
        "tags": tags or [],
    }
    with known_id("workspaceId", workspace_id, listed_by="list_workspaces"):
        project = await ctx.rest(rest.CREATE_PROJECT, body=document)
    url = ctx.link(links.PROJECT, workspace_id=workspace_id, project_id=project["id"])
    return listing(Listing, project, url=url)
