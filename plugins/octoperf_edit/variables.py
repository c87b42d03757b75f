"""Tools that read and delete the variables of a project."""

from collections.abc import Iterable, Mapping
from typing import Any

from octoperf_edit import links, rest
from octoperf_edit.payloads import Deleted, UsedBy, UsedVariableRow, VariableList, VariableRow
from octoperf_mcp import Confirm, Limit, ToolContext, known_id, page_of, tool
from octoperf_mcp.errors import InvalidArgumentError, NotFoundError

HIDDEN = "<hidden>"
_UNKNOWN_USE = "This platform does not tell which virtual users refer to a variable."

Json = dict[str, Any]


@tool(title="List variables", read_only=True)
async def list_variables(
    ctx: ToolContext, project_id: str, limit: Limit = 100, cursor: str = ""
) -> VariableList:
    """List the variables of a project, how texts refer to them, and which virtual users do.

    Next: patch_virtual_user puts a reference into a request, patch_variable changes settings.

    Args:
        project_id: Id from list_projects_by_workspace.
        limit: Largest number of rows.
        cursor: nextCursor of the page before.
    """
    with known_id("projectId", project_id, listed_by="list_projects_by_workspace"):
        workspace_id = await ctx.workspace_of(project_id)
        found = await ctx.rest(rest.LIST_VARIABLES, project_id=project_id)
    page = page_of(
        found,
        key=lambda each: (str(each.get("name") or "").casefold(), each["id"]),
        limit=limit,
        cursor=cursor,
    )
    users = await _users(ctx, workspace_id, project_id)
    return VariableList(
        variables=[
            UsedVariableRow(
                **facts_of(ctx, workspace_id, each),
                used_by=None if users is None else users.get(each["id"], []),
            )
            for each in page.rows
        ],
        total=page.total,
        next_cursor=page.next_cursor,
        url=ctx.link(links.VARIABLES, workspace_id=workspace_id, project_id=project_id),
    )


@tool(
    title="Delete a variable",
    destructive=True,
    idempotent=True,
    confirm=Confirm("Delete the variable {name}?", rest.GET_VARIABLE, {"id": "variableId"}),
)
async def delete_variable(ctx: ToolContext, variable_id: str) -> Deleted:
    """Delete one variable of a project, for all its virtual users.

    The answer names those that refer to it: their ${…} is then sent as it stands. Call
    list_variables first to see them.

    Args:
        variable_id: Id from list_variables.
    """
    with known_id("variableId", variable_id, listed_by="list_variables"):
        try:
            document = await ctx.rest(rest.GET_VARIABLE, id=variable_id)
        except NotFoundError:
            return await _delete_unseen(ctx, variable_id)
        project_id = document["projectId"]
        workspace_id = await ctx.workspace_of(project_id)
        users = await _users(ctx, workspace_id, project_id)
        await ctx.rest(rest.DELETE_VARIABLE, id=variable_id)
    used_by = None if users is None else users.get(variable_id, [])
    return Deleted(
        id=variable_id,
        name=str(document.get("name") or ""),
        used_by=used_by,
        next=_after_deletion(used_by),
        url=ctx.link(links.VARIABLES, workspace_id=workspace_id, project_id=project_id),
    )


async def _delete_unseen(ctx: ToolContext, variable_id: str) -> Deleted:
    """The same where none can be read alone: nothing shows that the original answers that."""
    await ctx.rest(rest.DELETE_VARIABLE, id=variable_id)
    return Deleted(
        id=variable_id, name="", next=_after_deletion(None), url=ctx.link(links.WORKSPACES)
    )


def names_of(document: Mapping[str, Any]) -> list[str]:
    """The names that texts may use: of a CSV variable its columns, else its own."""
    inner = document.get("variable") or {}
    if inner.get("@type") == "CSVVariable":
        return [str(name) for name in inner.get("names") or []]
    return [str(document.get("name") or "")]


def check_free(names: Iterable[str], existing: Iterable[Mapping[str, Any]], field: str) -> None:
    """Refuse names that another variable has: which of the two `${name}` reads would be chance.

    Raises:
        InvalidArgumentError: names the variable that has it.
    """
    taken = {name: each["id"] for each in existing for name in names_of(each)}
    for name in names:
        if name in taken:
            error = InvalidArgumentError(
                f"The project has a variable that is read as ${{{name}}} already.",
                field=field,
                got=name,
                next_step="Use it, change it by patch_variable, or choose another name.",
            )
            error.details["variableId"] = taken[name]
            raise error


def row_of(
    ctx: ToolContext, workspace_id: str, document: Mapping[str, Any], warnings: list[str]
) -> VariableRow:
    """A variable as an answer; no warnings are left out."""
    return VariableRow(**facts_of(ctx, workspace_id, document), warnings=warnings or None)


def facts_of(ctx: ToolContext, workspace_id: str, document: Mapping[str, Any]) -> Json:
    """What every answer tells of a variable."""
    return {
        "id": document["id"],
        "name": str(document.get("name") or ""),
        "description": str(document.get("description") or ""),
        "references": [f"${{{name}}}" for name in names_of(document)],
        "variable": without_secret(document.get("variable") or {}),
        "url": ctx.link(
            links.VARIABLE,
            workspace_id=workspace_id,
            project_id=document["projectId"],
            variable_id=document["id"],
        ),
    }


def without_secret(variable: Mapping[str, Any]) -> Json:
    """A variable whose secret value, sealed or not, is not shown."""
    shown = dict(variable)
    value = shown.get("value")
    if shown.get("@type") == "SecretVariable" or isinstance(value, Mapping):
        shown["value"] = HIDDEN
    return shown


async def _users(
    ctx: ToolContext, workspace_id: str, project_id: str
) -> dict[str, list[UsedBy]] | None:
    """Virtual users by the variable that they refer to; None where the platform does not tell."""
    try:
        usages = await ctx.rest(rest.LIST_VARIABLE_USAGES, project_id=project_id)
    except NotFoundError:
        return None
    return {
        usage["variableId"]: [
            UsedBy(
                id=user["id"],
                name=str(user.get("name") or ""),
                url=ctx.link(
                    links.VIRTUAL_USER,
                    workspace_id=workspace_id,
                    project_id=project_id,
                    virtual_user_id=user["id"],
                ),
            )
            for user in usage.get("virtualUsers") or []
        ]
        for usage in usages or []
    }


def _after_deletion(used_by: list[UsedBy] | None) -> str:
    if used_by is None:
        return f"{_UNKNOWN_USE} sanity_check_virtual_user looks at one."
    if not used_by:
        return "No virtual user referred to it."
    return (
        "The virtual users in usedBy still refer to it: replace the reference by "
        "patch_virtual_user, or create a variable of this name again."
    )
