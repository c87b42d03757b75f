"""Pages above projects: workspaces, their projects, providers and members."""

from aiohttp import web

from octoperf_mcp.embedded.generators.providers import Location, locations_of
from octoperf_mcp.embedded.store.access import Role
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
    everybodys = await page.platform.documents.list("docker_provider", user_id=page.user.user_id)
    usable = [each for each in everybodys if each.workspace_id in {"", body["id"]}]
    caps = page.platform.runs.gate.caps
    places = await locations_of(page.platform.generators.known, usable, caps.users)
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
            Cell("everybody's" if not item.workspace_id else "this workspace's"),
            Cell("; ".join(_in_words(place) for place in places[item.id])),
        )
        for item in usable
    ]
    tables = [
        Table("Projects", ("Name", "Description", "Changed"), project_rows, "No project yet."),
        Table("Providers", ("Name", "Whose", "Locations"), provider_rows, "No provider."),
    ]
    sub = body.get("description") or "Workspace"
    return page.show(
        "workspace.html",
        heading=body["name"],
        sub=sub,
        tables=tables,
        may_change=await _administers(page, body["id"]),
        action=f"{base}/docker-provider",
        form_text=page.platform.identity.anti_forgery(page.request),
        crumbs=[("Workspaces", "/ui/")],
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


def _in_words(place: Location) -> str:
    """A location and what plays there."""
    machines = sum(each.is_up for each in place.machines)
    here = ["this machine"] if place.here else []
    joined = [f"{machines} load generator{'' if machines == 1 else 's'}"] if machines else []
    return f"{place.name} ({' and '.join([*here, *joined]) or 'no load generator'})"


async def _administers(page: Page, workspace_id: str) -> bool:
    found = await Members(page.platform.database).of_workspace(
        workspace_id, user_id=page.user.user_id
    )
    return any(each.user_id == page.user.user_id and each.role == Role.ADMIN for each in found)
