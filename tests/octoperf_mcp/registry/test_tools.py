"""A tool is a function: its signature and docstring make what the wire shows."""

from typing import Any, Literal

import orjson
import pytest
from jsonschema import Draft202012Validator

from octoperf_mcp import Confirm, ToolContext, payload, tool
from octoperf_mcp.errors import InvalidArgumentError, PluginError

CONTEXT: Any = object()


@payload
class Row:
    """One project."""

    id: str
    project_name: str
    note: str | None = None


@payload
class Listing:
    """Projects of a workspace."""

    projects: list[Row]
    total: int
    document: dict[str, Any]


@tool(title="List things", read_only=True, parameter_aliases={"ops": "patch"})
async def list_things(
    ctx: ToolContext,
    workspace_id: str,
    patch: list[dict[str, Any]],
    mode: Literal["full", "outline"] = "full",
    limit: int | None = None,
) -> Listing:
    """List the things of a workspace.

    A second paragraph
    goes on.

    Args:
        workspace_id: Workspace to look in, as returned
            by list_workspaces.
        patch: Operations.
        mode: How much.
        limit: Most rows.
    """
    row = Row(id="1", project_name=f"{workspace_id} {mode} {limit}")
    return Listing(projects=[row], total=len(patch), document={"kept": None, "in": [None]})


def test_the_description_is_the_docstring_before_the_arguments() -> None:
    assert list_things.name == "list_things"
    assert list_things.description == "List the things of a workspace.\nA second paragraph goes on."


def test_parameters_are_camel_case_described_and_closed_on_the_wire() -> None:
    schema = list_things.definition["inputSchema"]
    assert list(schema["properties"]) == ["workspaceId", "patch", "mode", "limit"]
    described = schema["properties"]["workspaceId"]["description"]
    assert described == "Workspace to look in, as returned by list_workspaces."
    assert schema["required"] == ["workspaceId", "patch"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["limit"] == {"type": "integer", "description": "Most rows."}


def test_schemas_hold_no_references_and_no_titles() -> None:
    text = orjson.dumps(dict(list_things.definition)).decode()
    assert "$ref" not in text
    assert "$defs" not in text
    for key in ("inputSchema", "outputSchema"):
        Draft202012Validator.check_schema(list_things.definition[key])
        assert "title" not in list_things.definition[key]


@payload
class Part:
    """Something within a row."""

    id: str


@payload
class Owned(Row):
    """A row with parts of its own."""

    parts: list[Part]
    owner: Part


@payload
class Owneds:
    """A page of them."""

    rows: list[Owned]
    first: Part
    next_cursor: str | None = None


async def list_owned(ctx: ToolContext, name: str = "", limit: int = 5) -> Owneds:
    """List what is owned.

    Args:
        name: Part of the name.
        limit: Most rows.
    """
    raise AssertionError


def test_the_output_schema_shows_members_and_rows_and_requires_nothing() -> None:
    schema = tool(title="List", read_only=True)(list_owned).definition["outputSchema"]
    text = {"type": "string"}
    objects = {"type": "array", "items": {"type": "object"}}
    row = {"id": text, "projectName": text, "note": text, "parts": objects}
    assert schema == {
        "type": "object",
        "properties": {
            "rows": {
                "type": "array",
                "items": {"type": "object", "properties": {**row, "owner": {"type": "object"}}},
            },
            "first": {"type": "object"},
            "nextCursor": text,
        },
    }


def test_a_default_that_says_no_more_than_absence_is_not_listed() -> None:
    members = tool(title="List", read_only=True)(list_owned).definition["inputSchema"]["properties"]
    assert "default" not in members["name"]
    assert members["limit"]["default"] == 5


def test_all_four_hints_are_set() -> None:
    hints = list_things.definition["annotations"]
    assert {key: hints[key] for key in hints if key.endswith("Hint")} == {
        "readOnlyHint": True,
        "destructiveHint": False,
        "idempotentHint": True,
        "openWorldHint": False,
    }


async def test_the_answer_is_json_that_fits_the_output_schema() -> None:
    answer = await list_things.call(CONTEXT, {"workspaceId": "w", "patch": [{}], "limit": "5"})
    found = orjson.loads(answer)
    Draft202012Validator(list_things.definition["outputSchema"]).validate(found)
    assert found["projects"] == [{"id": "1", "projectName": "w full 5"}]


async def test_documents_pass_unchanged_while_absent_fields_are_left_out() -> None:
    found = orjson.loads(await list_things.call(CONTEXT, {"workspaceId": "w", "patch": []}))
    assert found["document"] == {"kept": None, "in": [None]}
    assert "note" not in found["projects"][0]


async def test_an_alias_of_a_parameter_is_renamed_and_not_advertised() -> None:
    found = orjson.loads(await list_things.call(CONTEXT, {"workspaceId": "w", "ops": [{}, {}]}))
    assert found["total"] == 2
    assert "ops" not in list_things.definition["inputSchema"]["properties"]


@pytest.mark.parametrize(
    ("arguments", "details"),
    [
        ({"patch": []}, {"field": "workspaceId"}),
        ({"workspaceId": "w", "patch": [], "Mode": "full"}, {"didYouMean": "mode"}),
        (
            {"workspaceId": "w", "patch": [], "mode": "ful"},
            {"field": "mode", "got": "ful", "allowed": ["full", "outline"]},
        ),
        ({"workspaceId": "w", "patch": [], "limit": "x"}, {"field": "limit", "got": "x"}),
        ({"workspaceId": "w", "patch": [1]}, {"field": "patch/0"}),
        ({"workspaceId": "w", "patch": [], "ops": []}, {"field": "ops"}),
        ({"workspaceId": "x" * 900, "patch": 1}, {"field": "patch"}),
    ],
)
async def test_a_wrong_argument_is_named_with_what_would_be_right(
    arguments: dict[str, Any], details: dict[str, Any]
) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        await list_things.call(CONTEXT, arguments)
    assert details.items() <= caught.value.details.items()
    assert caught.value.next_step


def test_a_parameter_without_description_is_refused_at_start() -> None:
    async def bare(ctx: ToolContext, name: str) -> Row:
        """Do something."""
        raise AssertionError

    with pytest.raises(PluginError, match="parameter name has no description"):
        tool(title="Bare")(bare)


def test_a_tool_that_returns_no_object_is_refused_at_start() -> None:
    async def text(ctx: ToolContext) -> str:
        """Do something."""
        raise AssertionError

    with pytest.raises(PluginError, match="object"):
        tool(title="Text")(text)


def test_a_confirmation_that_nobody_would_be_asked_for_is_refused_at_start() -> None:
    async def rename(ctx: ToolContext) -> Row:
        """Rename it."""
        return Row(id=ctx.caller.subject, project_name="")

    with pytest.raises(PluginError, match="set that, or leave out `confirm`"):
        tool(title="Rename", confirm=Confirm("Rename it?"))(rename)


def test_a_function_without_docstring_is_refused_at_start() -> None:
    async def silent(ctx: ToolContext) -> Row:
        raise AssertionError

    with pytest.raises(PluginError, match="docstring"):
        tool(title="Silent")(silent)


async def test_a_parameter_that_python_reserves_is_written_with_an_underscore() -> None:
    @tool(title="Window", read_only=True)
    async def window(ctx: ToolContext, from_: int | None = None) -> Row:
        """Show a window.

        Args:
            from_: Start.
        """
        return Row(id=str(from_), project_name="")

    assert list(window.definition["inputSchema"]["properties"]) == ["from"]
    assert orjson.loads(await window.call(CONTEXT, {"from": 7}))["id"] == "7"
