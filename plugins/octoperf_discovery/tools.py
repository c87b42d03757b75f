"""Tools that find ids: every conversation starts here."""

from collections.abc import Iterable, Mapping
from typing import Any

from octoperf_discovery import links, rest
from octoperf_discovery.payloads import (
    ProjectList,
    ProviderList,
    ProviderRow,
    ScenarioList,
    VirtualUserList,
    VirtualUserListing,
    WorkspaceList,
    WorkspaceRow,
)
from octoperf_mcp import Limit, Listing, ToolContext, by_name, known_id, listing, page_of, tool
from octoperf_mcp.errors import NotFoundError


@tool(title="List workspaces", read_only=True)
async def list_workspaces(ctx: ToolContext, limit: Limit = 100, cursor: str = "") -> WorkspaceList:
    """List the workspaces of the signed-in account: the usual first call.

    Next: list_projects_by_workspace.

    Args:
        limit: Largest number of rows.
        cursor: nextCursor of the page before.
    """
    found = await ctx.rest(rest.LIST_WORKSPACES)
    rows = [
        WorkspaceRow(
            id=workspace["id"],
            name=workspace.get("name") or "",
            description=workspace.get("description") or "",
            url=ctx.link(links.WORKSPACE, workspace_id=workspace["id"]),
        )
        for workspace in found
    ]
    page = page_of(rows, key=lambda row: (row.name.casefold(), row.id), limit=limit, cursor=cursor)
    return WorkspaceList(
        workspaces=page.rows,
        total=page.total,
        next_cursor=page.next_cursor,
        url=ctx.link(links.WORKSPACES),
    )


@tool(title="List projects", read_only=True)
async def list_projects_by_workspace(
    ctx: ToolContext,
    workspace_id: str,
    name_contains: str = "",
    limit: Limit = 100,
    cursor: str = "",
) -> ProjectList:
    """List the design projects of one workspace, each with the link where a user can upload files.

    Next: list_virtual_users, list_scenarios_by_project or create_project.

    Args:
        workspace_id: Id from list_workspaces.
        name_contains: Keep projects whose name contains this text, whatever the case.
        limit: Largest number of rows.
        cursor: nextCursor of the page before.
    """
    with known_id("workspaceId", workspace_id, listed_by="list_workspaces"):
        found = await ctx.rest(rest.LIST_PROJECTS, workspace_id=workspace_id)
    rows = [
        listing(
            Listing,
            project,
            url=ctx.link(links.PROJECT, workspace_id=workspace_id, project_id=project["id"]),
        )
        for project in _named(found, name_contains)
    ]
    page = page_of(rows, key=by_name, limit=limit, cursor=cursor)
    return ProjectList(
        projects=page.rows,
        total=page.total,
        next_cursor=page.next_cursor,
        url=ctx.link(links.PROJECTS, workspace_id=workspace_id),
    )


@tool(title="List virtual users", read_only=True)
async def list_virtual_users(
    ctx: ToolContext,
    project_id: str,
    name_contains: str = "",
    limit: Limit = 100,
    cursor: str = "",
) -> VirtualUserList:
    """List the virtual users of one project, without their action trees.

    Next: get_virtual_user reads a tree, sanity_check_virtual_user and validate_virtual_user try it.

    Args:
        project_id: Id from list_projects_by_workspace.
        name_contains: Keep virtual users whose name contains this text, whatever the case.
        limit: Largest number of rows.
        cursor: nextCursor of the page before.
    """
    with known_id("projectId", project_id, listed_by="list_projects_by_workspace"):
        workspace_id = await ctx.workspace_of(project_id)
        found = await ctx.rest(rest.LIST_VIRTUAL_USERS, project_id=project_id)
    page = page_of(
        [_virtual_user(ctx, workspace_id, item) for item in _named(found, name_contains)],
        key=by_name,
        limit=limit,
        cursor=cursor,
    )
    return VirtualUserList(
        virtual_users=page.rows,
        total=page.total,
        next_cursor=page.next_cursor,
        url=ctx.link(links.PROJECT, workspace_id=workspace_id, project_id=project_id),
    )


@tool(title="Describe a virtual user", read_only=True)
async def describe_virtual_user(ctx: ToolContext, virtual_user_id: str) -> VirtualUserListing:
    """Give name, tags, dates and the link of one virtual user, without its tree.

    Call it with each id that an upload answered, since uploads answer no link.

    Args:
        virtual_user_id: Id from list_virtual_users or from an import.
    """
    with known_id("virtualUserId", virtual_user_id, listed_by="list_virtual_users"):
        try:
            found = await ctx.rest(rest.DESCRIBE_VIRTUAL_USER, id=virtual_user_id)
        except NotFoundError:  # the short route is not known to exist on every platform
            found = await ctx.rest(rest.GET_VIRTUAL_USER, id=virtual_user_id)
    return _virtual_user(ctx, await ctx.workspace_of(found["projectId"]), found)


@tool(title="List scenarios", read_only=True)
async def list_scenarios_by_project(
    ctx: ToolContext,
    project_id: str,
    name_contains: str = "",
    limit: Limit = 100,
    cursor: str = "",
) -> ScenarioList:
    """List the load scenarios of one project, without their user profiles.

    Next: get_scenario shows the profiles; run_scenario starts a run.

    Args:
        project_id: Id from list_projects_by_workspace.
        name_contains: Keep scenarios whose name contains this text, whatever the case.
        limit: Largest number of rows.
        cursor: nextCursor of the page before.
    """
    with known_id("projectId", project_id, listed_by="list_projects_by_workspace"):
        workspace_id = await ctx.workspace_of(project_id)
        found = await ctx.rest(rest.LIST_SCENARIOS, project_id=project_id)
    place = {"workspace_id": workspace_id, "project_id": project_id}
    rows = [
        listing(Listing, item, url=ctx.link(links.SCENARIO, scenario_id=item["id"], **place))
        for item in _named(found, name_contains)
        if (item.get("mode") or "STANDARD") == "STANDARD"
    ]
    page = page_of(rows, key=by_name, limit=limit, cursor=cursor)
    return ScenarioList(
        scenarios=page.rows,
        total=page.total,
        next_cursor=page.next_cursor,
        url=ctx.link(links.SCENARIOS, **place),
    )


@tool(title="List load-generator providers", read_only=True)
async def list_docker_providers_by_workspace(
    ctx: ToolContext, workspace_id: str, limit: Limit = 100, cursor: str = ""
) -> ProviderList:
    """List the load-generator providers of one workspace with their locations.

    A provider id and a location say where validate_virtual_user and scenarios run; shared ones
    are in list_public_docker_providers.

    Args:
        workspace_id: Id from list_workspaces.
        limit: Largest number of rows.
        cursor: nextCursor of the page before.
    """
    with known_id("workspaceId", workspace_id, listed_by="list_workspaces"):
        found = await ctx.rest(rest.LIST_PROVIDERS, workspace_id=workspace_id)
    return _providers(ctx, workspace_id, found, limit, cursor)


@tool(title="List public load-generator providers", read_only=True)
async def list_public_docker_providers(
    ctx: ToolContext, workspace_id: str = "", limit: Limit = 100, cursor: str = ""
) -> ProviderList:
    """List the shared load-generator providers that every workspace can use, with their locations.

    Args:
        workspace_id: Id from list_workspaces, for the links; empty takes the first workspace.
        limit: Largest number of rows.
        cursor: nextCursor of the page before.
    """
    with known_id("workspaceId", workspace_id, listed_by="list_workspaces"):
        found = await ctx.rest(rest.LIST_PUBLIC_PROVIDERS, workspace_id=workspace_id or None)
    return _providers(ctx, workspace_id or await _first_workspace(ctx), found, limit, cursor)


async def _first_workspace(ctx: ToolContext) -> str:
    found = await ctx.rest(rest.LIST_WORKSPACES)
    if not found:
        raise NotFoundError(
            "This account belongs to no workspace.", next_step="Ask the user to create one."
        )
    first = min(found, key=lambda item: ((item.get("name") or "").casefold(), item["id"]))
    return str(first["id"])


def _named(documents: Iterable[Mapping[str, Any]], part: str) -> list[Mapping[str, Any]]:
    wanted = part.casefold()
    return [item for item in documents if wanted in (item.get("name") or "").casefold()]


def _virtual_user(
    ctx: ToolContext, workspace_id: str, document: Mapping[str, Any]
) -> VirtualUserListing:
    url = ctx.link(
        links.VIRTUAL_USER,
        workspace_id=workspace_id,
        project_id=document["projectId"],
        virtual_user_id=document["id"],
    )
    return listing(VirtualUserListing, document, url=url, type=document.get("type"))


def _max_users(regions: Mapping[str, Any]) -> dict[str, int] | None:
    """By location, where the platform tells."""
    told = {
        name: int(region["maxUsers"])
        for name, region in sorted(regions.items())
        if isinstance(region, Mapping) and region.get("maxUsers") is not None
    }
    return told or None


def _providers(
    ctx: ToolContext, workspace_id: str, found: Iterable[Mapping[str, Any]], limit: int, cursor: str
) -> ProviderList:
    rows = [
        ProviderRow(
            id=item["id"],
            name=item.get("name") or "",
            type=item.get("type"),
            driver=item.get("driver"),
            locations=sorted(item.get("regions") or {}),
            max_users=_max_users(item.get("regions") or {}),
            url=ctx.link(links.PROVIDER, workspace_id=workspace_id, provider_id=item["id"]),
        )
        for item in found
    ]
    page = page_of(rows, key=lambda row: (row.name.casefold(), row.id), limit=limit, cursor=cursor)
    return ProviderList(
        docker_providers=page.rows,
        total=page.total,
        next_cursor=page.next_cursor,
        url=ctx.link(links.PROVIDERS, workspace_id=workspace_id),
    )
