"""Workspaces and their members."""

from typing import Any

from aiohttp import web

from octoperf_mcp.embedded.failures import Conflict, Invalid, NotFound
from octoperf_mcp.embedded.platform import PLATFORM
from octoperf_mcp.embedded.rest import crud
from octoperf_mcp.embedded.rest.answers import document_answer, json_answer, no_content
from octoperf_mcp.embedded.rest.bodies import read_object
from octoperf_mcp.embedded.store.access import Role
from octoperf_mcp.embedded.store.members import Member, Members

KIND = "workspace"


def routes() -> list[web.RouteDef]:
    """Routes of this module."""
    return [
        web.get("/workspaces/member-of", member_of),
        web.post("/workspaces", create),
        web.get("/workspaces/members/by-workspace/{workspaceId}", by_workspace),
        web.get("/workspaces/members/by-user/{userId}", by_user),
        web.post("/workspaces/members", add_member),
        web.put("/workspaces/members/{id}", change_member),
        web.delete("/workspaces/members/{id}", remove_member),
        web.get("/workspaces/{id}", crud.read(KIND)),
        web.put("/workspaces/{id}", crud.replace(KIND)),
        web.delete("/workspaces/{id}", delete),
    ]


async def member_of(request: web.Request) -> web.Response:
    """Workspaces that the user is a member of."""
    found = await crud.documents_of(request).list(KIND, user_id=crud.user_of(request))
    return json_answer(crud.bodies(found))


async def create(request: web.Request) -> web.Response:
    """A new workspace, whose admin the user becomes."""
    body = await crud.accepted(request, KIND)
    made = await crud.documents_of(request).create(
        KIND, body, user_id=crud.user_of(request), workspace_id=""
    )
    return document_answer(made, status=201)


async def delete(request: web.Request) -> web.StreamResponse:
    """Delete a workspace with all that is in it, unless it is the only one the user administers."""
    user_id = crud.user_of(request)
    mine = await _members(request).of_user(user_id, user_id=user_id)
    administered = {member.workspace_id for member in mine if member.role == Role.ADMIN}
    if administered == {request.match_info["id"]}:
        raise Conflict("This is the only workspace that you administer: it stays.")
    return await crud.delete(KIND)(request)


async def by_workspace(request: web.Request) -> web.Response:
    """Members of a workspace."""
    found = await _members(request).of_workspace(
        request.match_info["workspaceId"], user_id=crud.user_of(request)
    )
    return json_answer([await _shown(request, member) for member in found])


async def by_user(request: web.Request) -> web.Response:
    """Memberships of a user, in the workspaces that one shares with him."""
    found = await _members(request).of_user(
        request.match_info["userId"], user_id=crud.user_of(request)
    )
    return json_answer([await _shown(request, member) for member in found])


async def add_member(request: web.Request) -> web.Response:
    """Let the user of a name into a workspace, as a VIEWER unless another role is named."""
    body = await read_object(request)
    username = _text(body, "username")
    workspace_id, role = _text(body, "workspaceId"), _text(body, "role", Role.VIEWER)
    members = _members(request)
    await members.of_workspace(workspace_id, user_id=crud.user_of(request))
    user = await request.app[PLATFORM].identity.find_user(username)
    if user is None:
        raise Invalid(f"Nobody is registered as {username!r}; nobody was invited.")
    made = await members.add(workspace_id, user["id"], role, user_id=crud.user_of(request))
    return json_answer(await _shown(request, made), status=201)


async def change_member(request: web.Request) -> web.Response:
    """Give a member another role."""
    role = _text(await read_object(request), "role")
    member_id, user_id = request.match_info["id"], crud.user_of(request)
    changed = await _members(request).change(member_id, role, user_id=user_id)
    return json_answer(await _shown(request, changed))


async def remove_member(request: web.Request) -> web.Response:
    """Take a member's access away."""
    await _members(request).remove(request.match_info["id"], user_id=crud.user_of(request))
    return no_content()


def _text(body: dict[str, Any], name: str, default: str = "") -> str:
    value = body.get(name) or default
    if not isinstance(value, str) or not value:
        raise Invalid(f"'{name}' must be a text.")
    return value


def _members(request: web.Request) -> Members:
    return Members(request.app[PLATFORM].database)


async def _shown(request: web.Request, member: Member) -> dict[str, Any]:
    try:
        user = await request.app[PLATFORM].identity.user(member.user_id)
    except NotFound:
        user = {}
    return {
        "id": member.id,
        "userId": member.user_id,
        "username": user.get("username", ""),
        "workspaceId": member.workspace_id,
        "role": member.role,
        "created": member.created,
        "lastModified": member.modified,
    }
