"""Tools that create variables, one for each kind."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from octoperf_edit import rest
from octoperf_edit.arguments import (
    Description,
    FileName,
    Name,
    VariableName,
    check_filename,
    check_variable,
)
from octoperf_edit.payloads import VariableRow
from octoperf_edit.variables import check_free, names_of, row_of
from octoperf_mcp import ToolContext, known_id, tool
from octoperf_mcp.errors import InvalidArgumentError

Scope = Literal["SHARED", "PRIVATE"]
Value = Annotated[str, Field(max_length=100_000)]
SecretText = Annotated[
    str, Field(min_length=1, max_length=10_000, json_schema_extra={"writeOnly": True})
]
Json = dict[str, Any]


@tool(title="Create a constant variable")
async def create_constant_variable(
    ctx: ToolContext,
    project_id: str,
    name: VariableName,
    value: Value,
    description: Description = "",
) -> VariableRow:
    """Create a variable with one value, read as ${name}.

    It is set once, when a virtual user starts: a function such as ${__UUID()} in it keeps its
    first result. For passwords use create_secret_variable.

    Args:
        project_id: Id from list_projects_by_workspace.
        name: Not beginning with __.
        value: Text; may hold functions.
        description: Free text.
    """
    variable = {"@type": "ConstantVariable", "value": value}
    return await _created(ctx, project_id, name, description, variable)


@tool(title="Create a CSV variable")
async def create_csv_variable(
    ctx: ToolContext,
    project_id: str,
    name: Name,
    filename: FileName,
    names: list[VariableName],
    *,
    delimiter: Annotated[str, Field(min_length=1, max_length=8)] = ",",
    encoding: Annotated[str, Field(max_length=40)] = "",
    ignore_first_line: bool = False,
    allow_quoted_data: bool = False,
    offset: int = 0,
    shuffle: bool = False,
    scope: Scope = "SHARED",
    recycle_on_eof: Annotated[bool | None, Field(alias="recycleOnEOF")] = None,
    stop_thread_on_eof: Annotated[bool, Field(alias="stopThreadOnEOF")] = False,
    description: Description = "",
) -> VariableRow:
    r"""Create a variable fed by a CSV project file, one line per iteration, read as ${column}.

    Upload the file first: upload_project_file. Lines needed: users x iterations of each.

    Args:
        project_id: Id from list_projects_by_workspace.
        name: Label only; texts use the columns.
        filename: Name from list_project_files.
        names: Columns in file order; empty takes them from the first line.
        delimiter: Between fields; \t is a tab.
        encoding: Empty is UTF-8.
        ignore_first_line: The first line is a header.
        allow_quoted_data: Fields may be in double quotes.
        offset: Lines to skip.
        shuffle: Mix the lines before the run.
        scope: SHARED: all users draw from one set; PRIVATE: each reads all lines.
        recycle_on_eof: Start over after the last line, default unless stopThreadOnEOF; else the
            value is <EOF>.
        stop_thread_on_eof: End the user after the last line.
        description: Free text.
    """
    check_filename(filename)
    _check_columns(names)
    variable = {
        "@type": "CSVVariable",
        "filename": filename,
        "encoding": encoding,
        "delimiter": delimiter,
        "allowQuotedData": allow_quoted_data,
        "recycleOnEOF": not stop_thread_on_eof if recycle_on_eof is None else recycle_on_eof,
        "stopThreadOnEOF": stop_thread_on_eof,
        "scope": scope,
        "names": names,
        "shuffle": shuffle,
        "ignoreFirstLine": ignore_first_line,
        "offset": offset,
    }
    return await _created(ctx, project_id, name, description, variable)


@tool(title="Create a counter variable")
async def create_counter_variable(
    ctx: ToolContext,
    project_id: str,
    name: VariableName,
    *,
    start: int = 1,
    end: int | None = None,
    increment: int = 1,
    format_: Annotated[str, Field(max_length=80)] = "",
    track_per_user: bool = False,
    reset_on_iteration: bool = False,
    description: Description = "",
) -> VariableRow:
    """Create a number that grows with every iteration, read as ${name}.

    Args:
        project_id: Id from list_projects_by_workspace.
        name: Not beginning with __.
        start: First value.
        end: Last value, then start again; absent never ends.
        increment: Step; not 0.
        format_: Java DecimalFormat pattern, such as 000 or USER_000; empty is the plain number.
        track_per_user: Each user counts by itself; else all users of a load generator count
            together.
        reset_on_iteration: Start again in each iteration; only with trackPerUser.
        description: Free text.
    """
    if increment == 0:
        raise _wrong("increment", 0, "A counter with increment 0 stands still.")
    if end is not None and (end - start) * increment < 0:
        raise _wrong("end", end, f"A counter from {start} by {increment} never reaches {end}.")
    if reset_on_iteration and not track_per_user:
        raise _wrong(
            "resetOnIteration", True, "Only a counter with trackPerUser can start again by itself."
        )
    variable = {
        "@type": "CounterVariable",
        "start": start,
        "end": end,
        "increment": increment,
        "format": format_,
        "trackPerUser": track_per_user,
        "resetOnIteration": reset_on_iteration,
    }
    return await _created(ctx, project_id, name, description, variable)


@tool(title="Create a random variable")
async def create_random_variable(
    ctx: ToolContext,
    project_id: str,
    name: VariableName,
    min_: int,
    max_: int,
    *,
    format_: Annotated[str, Field(max_length=80)] = "",
    seed: int | None = None,
    per_user: bool = False,
    description: Description = "",
) -> VariableRow:
    """Create a whole number drawn anew in every iteration, read as ${name}.

    Numbers only: for one of several texts use create_list_variable.

    Args:
        project_id: Id from list_projects_by_workspace.
        name: Not beginning with __.
        min_: Lowest value, included.
        max_: Highest value, included.
        format_: Java DecimalFormat pattern, such as 000; empty is the plain number.
        seed: Makes runs draw alike.
        per_user: Each user has a generator of its own.
        description: Free text.
    """
    if max_ < min_:
        raise _wrong("max", max_, f"max is below min, {min_}.")
    variable = {
        "@type": "RandomVariable",
        "min": min_,
        "max": max_,
        "format": format_,
        "seed": seed,
        "perUser": per_user,
    }
    return await _created(ctx, project_id, name, description, variable)


@tool(title="Create a list variable", needs=(rest.GET_VARIABLE,))
async def create_list_variable(
    ctx: ToolContext,
    project_id: str,
    name: VariableName,
    values: Annotated[list[Value], Field(min_length=1, max_length=10_000)],
    *,
    policy: Literal["SEQUENTIAL", "RANDOM"] = "SEQUENTIAL",
    scope: Scope = "SHARED",
    recycle_on_end: bool = True,
    description: Description = "",
) -> VariableRow:
    """Create a variable that takes one of some texts in every iteration, read as ${name}.

    Args:
        project_id: Id from list_projects_by_workspace.
        name: Not beginning with __.
        values: The texts; for many, or several columns, use create_csv_variable.
        policy: One after the other, or any.
        scope: For SEQUENTIAL. SHARED: all users draw from one set; PRIVATE: each takes all.
        recycle_on_end: For SEQUENTIAL. Start over at the end; else the value is <EOF>.
        description: Free text.
    """
    variable = {
        "@type": "ListVariable",
        "values": values,
        "order": policy,
        "scope": scope,
        "recycleOnEnd": recycle_on_end,
    }
    return await _created(ctx, project_id, name, description, variable)


@tool(title="Create a secret variable", idempotent=True)
async def create_secret_variable(
    ctx: ToolContext,
    project_id: str,
    name: VariableName,
    value: SecretText,
    description: Description | None = None,
) -> VariableRow:
    """Create a secret, or give an existing secret of this name a new value; read as ${name}.

    The value is stored encrypted, masked in logs and results, and never shown again. Ask the user
    for it; do not invent one.

    Args:
        project_id: Id from list_projects_by_workspace.
        name: Not beginning with __.
        value: The plain value.
        description: Free text.
    """
    check_variable(name)
    variable = {"@type": "SecretVariable", "value": {"type": "PLAIN", "value": value}}
    with known_id("projectId", project_id, listed_by="list_projects_by_workspace"):
        workspace_id = await ctx.workspace_of(project_id)
        existing = await ctx.rest(rest.LIST_VARIABLES, project_id=project_id)
    same = next((each for each in existing if _is_secret(each, name)), None)
    if same is None:
        return await _created(ctx, project_id, name, description or "", variable)
    changed = {**same, "variable": {**same["variable"], **variable}}
    if description is not None:
        changed["description"] = description
    saved = await ctx.rest(rest.PUT_VARIABLE, id=same["id"], body=changed) or changed
    return row_of(ctx, workspace_id, saved, ["The secret existed: its value was replaced."])


async def _created(
    ctx: ToolContext, project_id: str, name: str, description: str | None, variable: Json
) -> VariableRow:
    document = {
        "id": "",
        "userId": "",
        "projectId": project_id,
        "name": name,
        "description": description or "",
        "variable": variable,
    }
    is_csv = variable["@type"] == "CSVVariable"
    if not is_csv:
        check_variable(name)
    with known_id("projectId", project_id, listed_by="list_projects_by_workspace"):
        workspace_id = await ctx.workspace_of(project_id)
        existing = await ctx.rest(rest.LIST_VARIABLES, project_id=project_id)
        check_free(names_of(document), existing, "names" if is_csv else "name")
        warnings = await _about_file(ctx, project_id, variable, existing) if is_csv else []
        created = await ctx.rest(rest.CREATE_VARIABLE, body=document)
    return row_of(ctx, workspace_id, created, warnings)


def _check_columns(names: list[str]) -> None:
    for name in names:
        check_variable(name, "names")
        if names.count(name) > 1:
            raise _wrong("names", name, "Two columns have the same name.")


def _is_secret(document: Mapping[str, Any], name: str) -> bool:
    kind = (document.get("variable") or {}).get("@type")
    return kind == "SecretVariable" and document.get("name") == name


async def _about_file(
    ctx: ToolContext, project_id: str, variable: Json, existing: Iterable[Mapping[str, Any]]
) -> list[str]:
    filename = variable["filename"]
    warnings = []
    if filename not in (await ctx.rest(rest.LIST_PROJECT_FILES, project_id=project_id) or []):
        warnings.append(f"The project has no file {filename} yet: upload_project_file adds it.")
    if any((each.get("variable") or {}).get("filename") == filename for each in existing):
        warnings.append(f"Another CSV variable reads {filename} too; give each its own file.")
    return warnings


def _wrong(field: str, got: Any, message: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        message, field=field, got=got, next_step="Correct this argument and send the call again."
    )
