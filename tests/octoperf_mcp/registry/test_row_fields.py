"""Listings answer the members of their rows that were asked for, without a word of their own."""

from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from octoperf_mcp import Limit, ToolContext, page_in_order, payload, tool
from octoperf_mcp.errors import InvalidArgumentError

CONTEXT: Any = object()


@payload
class Row:
    """A thing."""

    id: str
    long_name: str
    tags: list[str]
    url: str


@payload
class Things:
    """A page of them."""

    things: list[Row] | None = None
    total: int
    next_cursor: str | None = None
    url: str


@payload
class TwoLists(Things):
    """With a list of another kind, so that it is not clear what rows are."""

    others: list[Row]


@tool(title="List things", read_only=True)
async def list_things(ctx: ToolContext, limit: Limit = 100, cursor: str = "") -> Things:
    """List the things there are.

    Args:
        limit: Largest number of rows.
        cursor: nextCursor of the page before.
    """
    rows = [Row(id=str(n), long_name=f"n{n}", tags=["a"], url=f"u{n}") for n in range(3)]
    page = page_in_order(rows, limit=limit, cursor=cursor)
    return Things(things=page.rows, total=page.total, next_cursor=page.next_cursor, url="u")


async def listed(**arguments: Any) -> Any:
    answer = orjson.loads(await list_things.call(CONTEXT, arguments))
    Draft202012Validator(list_things.definition["outputSchema"]).validate(answer)
    return answer


async def test_rows_have_what_was_asked_for_beside_id_and_url() -> None:
    answer = await listed(fields=["longName"], limit=1)
    assert answer["things"] == [{"id": "0", "longName": "n0", "url": "u0"}]
    assert (answer["total"], answer["url"]) == (3, "u")
    rest = await listed(fields=["longName"], cursor=answer["nextCursor"])
    assert [row["longName"] for row in rest["things"]] == ["n1", "n2"]
    assert "nextCursor" not in rest


@pytest.mark.parametrize("arguments", [{}, {"fields": []}])
async def test_without_fields_rows_are_whole(arguments: Any) -> None:
    answer = await listed(**arguments)
    assert answer["things"][0] == {"id": "0", "longName": "n0", "tags": ["a"], "url": "u0"}


async def test_a_member_that_rows_do_not_have_is_refused_with_those_they_have() -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        await listed(fields=["id", "longname"])
    details = caught.value.details
    assert (details["field"], details["got"]) == ("fields", "longname")
    assert details["didYouMean"] == "longName"
    assert details["allowed"] == ["id", "longName", "tags", "url"]


async def test_the_parameter_is_listed_where_there_are_rows_in_pages_only() -> None:
    async def read_things(ctx: ToolContext, limit: int, cursor: str) -> TwoLists:
        """Read two lists.

        Args:
            limit: Largest number of rows.
            cursor: nextCursor of the page before.
        """
        raise AssertionError

    async def all_things(ctx: ToolContext) -> Things:
        """Read all at once."""
        raise AssertionError

    shown = list_things.definition["inputSchema"]["properties"]["fields"]
    assert shown["description"]
    assert "default" not in shown
    for function in (read_things, all_things):
        definition = tool(title="Read", read_only=True)(function).definition
        assert "fields" not in definition["inputSchema"]["properties"]
