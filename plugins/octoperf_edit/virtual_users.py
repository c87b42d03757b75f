"""Tools that read and rename virtual users."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from octoperf_edit import links, rest
from octoperf_edit.arguments import Description, Name, something_given
from octoperf_edit.editables import VIRTUAL_USER
from octoperf_edit.outline import find, outline, size_bytes, walk, without_children
from octoperf_edit.payloads import Deleted, UsedBy, VirtualUserListing, VirtualUserView
from octoperf_mcp import (
    Captures,
    Confirm,
    IfRevision,
    Limit,
    ToolContext,
    edit_document,
    known_id,
    listing,
    page_of,
    tool,
)
from octoperf_mcp.errors import InvalidArgumentError

ANSWER_MAX_BYTES = 60_000
"""A larger part is outlined: near 20,000 tokens, what the smaller clients take in one answer."""
_WHOLE_MAX_BYTES = 12_000
"""A larger tree is outlined unless asked for: a recording of seven requests has 21,000, and an edit
of one of them needs that one."""
_BROKEN = "The scenarios in usedBy cannot run without it: give them another virtual user."


@tool(title="Get a virtual user", read_only=True)
async def get_virtual_user(
    ctx: ToolContext,
    virtual_user_id: str,
    *,
    view: Literal["auto", "full", "outline"] = "auto",
    action_id: str | None = None,
    pointer: str = "",
    depth: Annotated[int, Field(ge=1, le=100)] | None = None,
    limit: Limit = 300,
    cursor: str = "",
) -> VirtualUserView:
    """Read the action tree of one virtual user, the document that patch_virtual_user edits.

    A tree of more than a few requests comes as an outline, one row per action with its JSON
    Pointer; read its parts with pointer or actionId. Values of credential headers read
    <hidden N>; they stay stored.

    Args:
        virtual_user_id: Id from list_virtual_users or an import.
        view: full answers the whole JSON whatever its size; outline one row per action; auto
            chooses by size.
        action_id: Read only this action and what is below it.
        pointer: The same by its JSON Pointer, as in an outline or a diff.
        depth: Levels of the outline; absent shows all.
        limit: Largest number of outline rows.
        cursor: nextCursor of the outline page before.
    """
    with known_id("virtualUserId", virtual_user_id, listed_by="list_virtual_users"):
        found = await ctx.revised(rest.GET_VIRTUAL_USER, id=virtual_user_id)
    place, shown = _part(found.body, action_id, pointer)
    size = size_bytes(shown)
    facts: dict[str, Any] = {
        "pointer": place,
        "revision": found.revision,
        "action_count": sum(1 for _ in walk(shown)),
        "size_bytes": size,
        "url": await page_url(ctx, found.body),
    }
    root = without_children(found.body)
    asked = view == "outline" or (view == "auto" and (depth is not None or cursor != ""))
    most = ANSWER_MAX_BYTES if place else _WHOLE_MAX_BYTES
    if not asked and (view == "full" or size <= most):
        clean = _without_credentials(shown, Captures(0))
        if shown is found.body:
            return VirtualUserView(view="full", virtual_user=clean, **facts)
        return VirtualUserView(view="full", virtual_user=root, action=clean, **facts)
    rows = enumerate(outline(shown, place, depth))
    page = page_of(rows, key=lambda row: (row[0],), limit=limit, cursor=cursor)
    return VirtualUserView(
        view="outline",
        virtual_user=root,
        outline=[row for _, row in page.rows],
        total=page.total,
        next_cursor=page.next_cursor,
        next=None if asked else _too_large(size),
        **facts,
    )


@tool(title="Update a virtual user", idempotent=True)
async def update_virtual_user(
    ctx: ToolContext,
    virtual_user_id: str,
    *,
    name: Name | None = None,
    description: Description | None = None,
    tags: list[str] | None = None,
    if_revision: IfRevision | None = None,
) -> VirtualUserListing:
    """Change the name, description or tags of one virtual user; its action tree stays as it is.

    patch_virtual_user edits the tree.

    Args:
        virtual_user_id: Id from list_virtual_users.
        name: New name, at most 80 characters.
        description: New description, at most 2000 characters.
        tags: All tags from now on; the present ones are replaced.
        if_revision: Refuse if it has another revision than this one by now.
    """
    changes = {"name": name, "description": description, "tags": tags}
    something_given(**changes)
    given = {field: value for field, value in changes.items() if value is not None}

    async def change(document: dict[str, Any]) -> dict[str, Any]:
        return {**document, **given}

    with known_id("virtualUserId", virtual_user_id, listed_by="list_virtual_users"):
        edited = await edit_document(
            ctx, VIRTUAL_USER, virtual_user_id, change, if_revision=if_revision
        )
    return listing(
        VirtualUserListing,
        edited.after,
        url=await page_url(ctx, edited.before),
        type=edited.after.get("type"),
        revision=edited.revision,
    )


@tool(title="Back up a virtual user")
async def backup_virtual_user(
    ctx: ToolContext, virtual_user_id: str, label: Name | None = None
) -> VirtualUserListing:
    """Copy a virtual user inside its project, tagged backup: the way back from a risky edit.

    The copy holds the whole tree, without recorded bodies.

    Args:
        virtual_user_id: Id from list_virtual_users.
        label: A further tag of the copy, for example pre-correlation.
    """
    with known_id("virtualUserId", virtual_user_id, listed_by="list_virtual_users"):
        copied = await ctx.rest(rest.DUPLICATE_VIRTUAL_USER, id=virtual_user_id)
    labels = {"backup"} if label is None else {"backup", label}
    changed = {**copied, "tags": sorted(labels.union(copied.get("tags") or []))}
    saved = await ctx.rest(rest.PUT_VIRTUAL_USER, id=copied["id"], body=changed) or changed
    return listing(
        VirtualUserListing, saved, url=await page_url(ctx, copied), type=saved.get("type")
    )


@tool(
    title="Delete a virtual user",
    destructive=True,
    idempotent=True,
    confirm=Confirm(
        "Delete the virtual user {name}?", rest.GET_VIRTUAL_USER, {"id": "virtualUserId"}
    ),
)
async def delete_virtual_user(ctx: ToolContext, virtual_user_id: str) -> Deleted:
    """Delete one virtual user with its action tree; finished runs keep their results.

    The answer names the scenarios that play it and cannot run any more. Call list_virtual_users
    first to be sure of the id.

    Args:
        virtual_user_id: Id from list_virtual_users.
    """
    with known_id("virtualUserId", virtual_user_id, listed_by="list_virtual_users"):
        document = await ctx.rest(rest.GET_VIRTUAL_USER, id=virtual_user_id)
        project_id = document["projectId"]
        workspace_id = await ctx.workspace_of(project_id)
        scenarios = await ctx.rest(rest.LIST_SCENARIOS, project_id=project_id) or []
        await ctx.rest(rest.DELETE_VIRTUAL_USER, id=virtual_user_id)
    used_by = [
        UsedBy(
            id=scenario["id"],
            name=str(scenario.get("name") or ""),
            url=ctx.link(
                links.SCENARIO,
                workspace_id=workspace_id,
                project_id=project_id,
                scenario_id=scenario["id"],
            ),
        )
        for scenario in scenarios
        if any(
            profile.get("virtualUserId") == virtual_user_id
            for profile in scenario.get("userProfiles") or []
        )
    ]
    return Deleted(
        id=virtual_user_id,
        name=str(document.get("name") or ""),
        used_by=used_by,
        next=_BROKEN if used_by else "No scenario played it.",
        url=ctx.link(links.PROJECT, workspace_id=workspace_id, project_id=project_id),
    )


async def page_url(ctx: ToolContext, document: Mapping[str, Any]) -> str:
    """Page of a virtual user."""
    return ctx.link(
        links.VIRTUAL_USER,
        workspace_id=await ctx.workspace_of(document["projectId"]),
        project_id=document["projectId"],
        virtual_user_id=document["id"],
    )


def _without_credentials(node: Mapping[str, Any], captures: Captures) -> dict[str, Any]:
    """A copy in which headers, sent or recorded, show no credential."""
    shown = dict(node)
    if "headers" in shown:
        shown["headers"] = captures.without_credentials(shown["headers"])
    for name in ("recordedRequest", "recordedResponse"):
        if isinstance(shown.get(name), Mapping):
            shown[name] = _without_credentials(shown[name], captures)
    if isinstance(shown.get("children"), list):
        shown["children"] = [_without_credentials(child, captures) for child in shown["children"]]
    return shown


def _part(
    document: dict[str, Any], action_id: str | None, pointer: str
) -> tuple[str, dict[str, Any]]:
    if action_id is None:
        return _at(document, pointer)
    found = find(document, action_id)
    if found is None:
        raise InvalidArgumentError(
            "This virtual user has no action with this id.",
            field="actionId",
            got=action_id,
            next_step="Take the id from get_virtual_user with view=outline.",
        )
    return found


def _at(document: dict[str, Any], pointer: str) -> tuple[str, dict[str, Any]]:
    """The action that a pointer leads to or into: one to a property is as good."""
    steps = pointer.split("/")[1:]
    here, place = document, ""
    while len(steps) > 1 and steps[0] == "children":
        children = here.get("children")
        listed = children if isinstance(children, list) else []
        index = int(steps[1]) if steps[1].isdecimal() else -1
        if not 0 <= index < len(listed) or not isinstance(listed[index], dict):
            raise InvalidArgumentError(
                f"There is no action at this pointer: {place or 'the root'} has {len(listed)}.",
                field="pointer",
                got=pointer,
                did_you_mean=place,
                next_step="Take the pointer from get_virtual_user with view=outline.",
            )
        here, place = listed[index], f"{place}/children/{index}"
        steps = steps[2:]
    if pointer and not place:
        raise InvalidArgumentError(
            "A pointer to an action begins with /children/.",
            field="pointer",
            got=pointer,
            next_step="Take the pointer from get_virtual_user with view=outline.",
        )
    return place, here


def _too_large(size: int) -> str:
    return (
        f"The whole is {size} bytes of JSON. Read parts with pointer or actionId, and the next"
        ' rows with cursor; view="full" answers all of it.'
    )
