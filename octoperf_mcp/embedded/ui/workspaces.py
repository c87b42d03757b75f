"""Pages above projects: workspaces, their projects, providers and members."""

from aiohttp import web

from octoperf_mcp.embedded.store.members import Members
from octoperf_mcp.embedded.ui.rendering import Cell, Page, Table, when


async def home(page: Page) -> web.StreamResponse:
    """`/ui/`: the user's workspaces."""
    found = await page.platform.documents.list("workspace", user_id=page.user.user_id)
    rows = [
        (Cell(item.body["name"], f"/ui/workspace/{item.id}"), Cell(item.body["description"]))
        for item in found
        if item.body.get("id")
    ]
    table = Table("Workspaces", ("Name", "Description"), rows, "You are in no workspace.")
    return page.show("listing.html", heading="Workspaces", sub="", tables=[table])


async def workspace(page: Page) -> web.StreamResponse:
    """Projects and providers of a workspace."""
    body = await page.get("workspace", page.part("workspaceId"))
    where = {"user_id": page.user.user_id, "workspace_id": body["id"]}
    projects = await page.platform.documents.list("project", **where)
    providers = await page.platform.documents.list("docker_provider", **where)
    base = f"/ui/workspace/{body['id']}"
    project_rows = [
        (
            Cell(item.body["name"], f"{base}/project/{item.id}/design/virtual-user"),
            Cell(item.body.get("description", "")),
            Cell(when(item.body.get("lastModified"))),
        )
        for item in projects
        if item.body.get("type") == "DESIGN"
    ]
    provider_rows = [
        (
            Cell(item.body["name"], f"{base}/docker-provider/{item.id}"),
            Cell(", ".join(item.body.get("regions", {}))),
        )
        for item in providers
    ]
    tables = [
        Table("Projects", ("Name", "Description", "Changed"), project_rows, "No project yet."),
        Table("Providers", ("Name", "Locations"), provider_rows, "No provider of its own."),
    ]
    sub = body.get("description") or "Workspace"
    return page.show(
        "listing.html",
        heading=body["name"],
        sub=sub,
        tables=tables,
        crumbs=[("Workspaces", "/ui/")],
    )


async def provider(page: Page) -> web.StreamResponse:
    """One provider and its locations."""
    workspace_body = await page.get("workspace", page.part("workspaceId"))
    body = await page.get("docker_provider", page.part("providerId"))
    rows = [(Cell(name),) for name in body.get("regions", {})]
    return page.show(
        "listing.html",
        heading=body["name"],
        sub=f"{body.get('type', '')} {body.get('driver', '')}".strip(),
        tables=[Table("Locations", ("Name",), rows, "No location.")],
        crumbs=[(workspace_body["name"], f"/ui/workspace/{workspace_body['id']}")],
    )


async def members(page: Page) -> web.StreamResponse:
    """Who may enter a workspace."""
    body = await page.get("workspace", page.part("workspaceId"))
    found = await Members(page.platform.database).of_workspace(
        body["id"], user_id=page.user.user_id
    )
    names = {user["id"]: user["username"] for user in await page.platform.identity.users.all()}
    rows = [(Cell(names.get(each.user_id, "")), Cell(each.role)) for each in found]
    return page.show(
        "listing.html",
        heading="Members",
        sub=body["name"],
        tables=[Table("Members", ("User", "Role"), rows, "Nobody.")],
        crumbs=[(body["name"], f"/ui/workspace/{body['id']}")],
    )
