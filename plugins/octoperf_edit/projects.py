"""Tools on projects."""

from octoperf_edit import links, rest
from octoperf_edit.arguments import Description, Name, something_given
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


@tool(title="Update a project", idempotent=True)
async def update_project(
    ctx: ToolContext,
    project_id: str,
    name: Name | None = None,
    description: Description | None = None,
    tags: list[str] | None = None,
) -> Listing:
    """Change the name, description or tags of a project; what is in it stays as it is.

    Args:
        project_id: Id from list_projects_by_workspace.
        name: New name, at most 80 characters.
        description: New description, at most 2000 characters.
        tags: All tags from now on; the present ones are replaced.
    """
    changes = {"name": name, "description": description, "tags": tags}
    something_given(**changes)
    given = {field: value for field, value in changes.items() if value is not None}
    with known_id("projectId", project_id, listed_by="list_projects_by_workspace"):
        project = await ctx.rest(rest.GET_PROJECT, id=project_id)
        changed = {**project, **given}
        saved = await ctx.rest(rest.PUT_PROJECT, id=project_id, body=changed) or changed
    url = ctx.link(links.PROJECT, workspace_id=project["workspaceId"], project_id=project_id)
    return listing(Listing, saved, url=url)
