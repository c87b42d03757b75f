"""Variables: what is created, what is refused, and that a secret never comes back."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from octoperf_edit.variable_creation import (
    create_constant_variable,
    create_counter_variable,
    create_csv_variable,
    create_list_variable,
    create_random_variable,
    create_secret_variable,
)
from octoperf_edit.variables import delete_variable, list_variables
from octoperf_mcp.entities.check import check
from octoperf_mcp.errors import NotFoundError
from octoperf_mcp.registry.tools import Tool

if TYPE_CHECKING:
    from tests.plugins.conftest import FakeContext

Maker = Callable[..., "FakeContext"]
Json = dict[str, Any]
PLUGIN = "octoperf_edit"
LIST = "GET /design/variables/by-project/p1"
USAGES = "GET /design/variables/usages/by-project/p1"
CREATE = "POST /design/variables"
GET = "GET /design/variables/x1"
PUT = "PUT /design/variables/x1"
DELETE = "DELETE /design/variables/x1"
FILES = "GET /design/project-files/list/p1"
PAGE = "https://octoperf.test/ui/workspace/w1/project/p1/design/variable"
SECRET = {"@type": "SecretVariable", "value": {"type": "ENCRYPTED", "value": "v1.sealed"}}


def stored(name: str = "host", variable: Json | None = None, **more: Any) -> Json:
    return {
        "id": "x1",
        "userId": "u1",
        "projectId": "p1",
        "name": name,
        "description": "",
        "variable": variable or {"@type": "ConstantVariable", "value": "shop.test"},
        **more,
    }


def creating(context: Maker, *existing: Json, files: tuple[str, ...] = ()) -> "FakeContext":
    answers = {
        LIST: list(existing),
        FILES: list(files),
        CREATE: lambda body: {**body, "id": "x9"},
    }
    return context(PLUGIN, answers)


async def test_variables_are_listed_with_their_references_and_users(context: Maker) -> None:
    csv = {"@type": "CSVVariable", "filename": "a.csv", "names": ["login", "password"]}
    found = [stored("accounts", csv, id="x2"), stored()]
    users = [{"variableId": "x2", "virtualUsers": [{"id": "v1", "name": "Checkout"}]}]
    ctx = context(PLUGIN, {LIST: found, USAGES: users})
    answer = await ctx.run(list_variables, {"projectId": "p1"})
    assert answer["url"] == PAGE
    accounts, host = answer["variables"]
    assert accounts["references"] == ["${login}", "${password}"]
    assert accounts["usedBy"] == [
        {
            "id": "v1",
            "name": "Checkout",
            "url": "https://octoperf.test/ui/workspace/w1/project/p1/design/virtual-user/v1",
        }
    ]
    assert (host["references"], host["usedBy"]) == (["${host}"], [])
    assert host["variable"] == {"@type": "ConstantVariable", "value": "shop.test"}
    assert host["url"] == f"{PAGE}/x1"


async def test_where_the_platform_tells_no_usage_none_is_made_up(context: Maker) -> None:
    ctx = context(PLUGIN, {LIST: [stored()], USAGES: NotFoundError("404", status=404)})
    answer = await ctx.run(list_variables, {"projectId": "p1"})
    assert "usedBy" not in answer["variables"][0]


async def test_the_value_of_a_secret_is_in_no_answer(context: Maker) -> None:
    ctx = context(PLUGIN, {LIST: [stored("pw", SECRET)], USAGES: []})
    listed = await ctx.run(list_variables, {"projectId": "p1"})
    assert listed["variables"][0]["variable"] == {"@type": "SecretVariable", "value": "<hidden>"}
    ctx = creating(context)
    made = await ctx.run(
        create_secret_variable, {"projectId": "p1", "name": "pw", "value": "hush-hush"}
    )
    assert ctx.body_of(CREATE)["variable"]["value"] == {"type": "PLAIN", "value": "hush-hush"}
    assert "hush-hush" not in json.dumps(made)


async def test_a_secret_of_the_same_name_gets_the_new_value(context: Maker) -> None:
    existing = stored("pw", SECRET, description="kept", futureSetting=1)
    ctx = context(PLUGIN, {LIST: [existing], PUT: lambda body: body})
    made = await ctx.run(create_secret_variable, {"projectId": "p1", "name": "pw", "value": "new"})
    body = ctx.body_of(PUT)
    assert body["variable"]["value"] == {"type": "PLAIN", "value": "new"}
    assert (body["description"], body["futureSetting"]) == ("kept", 1)
    assert made["warnings"] == ["The secret existed: its value was replaced."]


@pytest.mark.parametrize("value", [12345678, ["hush-hush"], "x" * 10_001])
async def test_a_refused_secret_is_not_repeated(context: Maker, value: Any) -> None:
    arguments = {"projectId": "p1", "name": "pw", "value": value}
    error = await context(PLUGIN).refuse(create_secret_variable, arguments)
    assert error.details["field"].startswith("value")
    assert "got" not in error.details


CREATIONS: list[tuple[Tool, Json, Json]] = [
    (
        create_constant_variable,
        {"value": "${__UUID()}"},
        {"@type": "ConstantVariable", "value": "${__UUID()}"},
    ),
    (
        create_counter_variable,
        {"start": 5, "end": 1, "increment": -2, "format": "000", "trackPerUser": True},
        {
            "@type": "CounterVariable",
            "start": 5,
            "end": 1,
            "increment": -2,
            "format": "000",
            "trackPerUser": True,
            "resetOnIteration": False,
        },
    ),
    (
        create_random_variable,
        {"min": 1, "max": 6, "seed": 7, "perUser": True},
        {
            "@type": "RandomVariable",
            "min": 1,
            "max": 6,
            "format": "",
            "seed": 7,
            "perUser": True,
        },
    ),
    (
        create_list_variable,
        {"values": ["a", "b"], "policy": "RANDOM", "scope": "PRIVATE", "recycleOnEnd": False},
        {
            "@type": "ListVariable",
            "values": ["a", "b"],
            "order": "RANDOM",
            "scope": "PRIVATE",
            "recycleOnEnd": False,
        },
    ),
]


@pytest.mark.parametrize(("tool", "given", "kept"), CREATIONS, ids=lambda case: str(case)[:30])
async def test_each_kind_becomes_its_entity(
    context: Maker, tool: Tool, given: Json, kept: Json
) -> None:
    ctx = creating(context)
    made = await ctx.run(tool, {"projectId": "p1", "name": "n", "description": "d", **given})
    body = ctx.body_of(CREATE)
    check("variable", body)
    assert body == {
        "id": "",
        "userId": "",
        "projectId": "p1",
        "name": "n",
        "description": "d",
        "variable": kept,
    }
    assert (made["id"], made["references"], made["url"]) == ("x9", ["${n}"], f"{PAGE}/x9")
    assert made["variable"] == kept


async def test_a_csv_variable_has_every_setting_and_its_columns_as_names(context: Maker) -> None:
    ctx = creating(context, files=("accounts.csv",))
    given = {
        "filename": "accounts.csv",
        "names": ["login", "password"],
        "delimiter": ";",
        "encoding": "ISO-8859-1",
        "ignoreFirstLine": True,
        "allowQuotedData": True,
        "offset": 2,
        "shuffle": True,
        "scope": "PRIVATE",
        "recycleOnEOF": False,
        "stopThreadOnEOF": False,
    }
    made = await ctx.run(create_csv_variable, {"projectId": "p1", "name": "Test accounts", **given})
    assert ctx.body_of(CREATE)["variable"] == {"@type": "CSVVariable", **given}
    check("variable", ctx.body_of(CREATE))
    assert made["references"] == ["${login}", "${password}"]
    assert "warnings" not in made


@pytest.mark.parametrize(
    ("given", "recycles"),
    [({}, True), ({"stopThreadOnEOF": True}, False), ({"recycleOnEOF": False}, False)],
)
async def test_a_csv_starts_over_unless_it_stops_the_user(
    context: Maker, given: Json, recycles: bool
) -> None:
    ctx = creating(context, files=("a.csv",))
    arguments = {"projectId": "p1", "name": "a", "filename": "a.csv", "names": ["c"], **given}
    await ctx.run(create_csv_variable, arguments)
    assert ctx.body_of(CREATE)["variable"]["recycleOnEOF"] is recycles


async def test_a_missing_or_shared_file_is_warned_of(context: Maker) -> None:
    other = stored("b", {"@type": "CSVVariable", "filename": "a.csv", "names": ["x"]})
    ctx = creating(context, other)
    arguments = {"projectId": "p1", "name": "a", "filename": "a.csv", "names": ["c"]}
    made = await ctx.run(create_csv_variable, arguments)
    assert [text.split(":")[0] for text in made["warnings"]] == [
        "The project has no file a.csv yet",
        "Another CSV variable reads a.csv too; give each its own file.",
    ]


@pytest.mark.parametrize(
    ("tool", "given", "field"),
    [
        (create_constant_variable, {"name": "__time", "value": ""}, "name"),
        (create_secret_variable, {"name": "__time", "value": "x"}, "name"),
        (create_constant_variable, {"name": "a}b", "value": ""}, "name"),
        (create_counter_variable, {"increment": 0}, "increment"),
        (create_counter_variable, {"start": 5, "end": 1}, "end"),
        (create_counter_variable, {"resetOnIteration": True}, "resetOnIteration"),
        (create_random_variable, {"min": 2, "max": 1}, "max"),
        (create_list_variable, {"values": []}, "values"),
        (create_csv_variable, {"filename": "/resources/a.csv", "names": []}, "filename"),
        (create_csv_variable, {"filename": "a.csv", "names": ["x", "x"]}, "names"),
        (create_csv_variable, {"filename": "a.csv", "names": ["__x"]}, "names"),
    ],
)
async def test_what_could_not_work_is_refused_before_any_call(
    context: Maker, tool: Tool, given: Json, field: str
) -> None:
    ctx = context(PLUGIN)
    error = await ctx.refuse(tool, {"projectId": "p1", "name": "n", **given})
    assert (error.code, error.details["field"]) == ("invalid_argument", field)
    assert ctx.made == []


@pytest.mark.parametrize("name", ["host", "login"])
async def test_a_name_that_is_taken_is_refused_with_the_variable_that_has_it(
    context: Maker, name: str
) -> None:
    csv = {"@type": "CSVVariable", "filename": "a.csv", "names": ["login"]}
    ctx = creating(context, stored(), stored("accounts", csv))
    arguments = {"projectId": "p1", "name": name, "value": "1"}
    error = await ctx.refuse(create_constant_variable, arguments)
    assert (error.details["field"], error.details["variableId"]) == ("name", "x1")
    assert "patch_variable" in error.next_step


async def test_a_deletion_names_who_still_refers_to_the_variable(context: Maker) -> None:
    users = [{"variableId": "x1", "virtualUsers": [{"id": "v1", "name": "Checkout"}]}]
    ctx = context(PLUGIN, {GET: stored("pw", SECRET), USAGES: users, DELETE: None})
    answer = await ctx.run(delete_variable, {"variableId": "x1"})
    assert ctx.lines == [GET, USAGES, DELETE]
    assert (answer["id"], answer["name"], answer["url"]) == ("x1", "pw", PAGE)
    assert [user["name"] for user in answer["usedBy"]] == ["Checkout"]
    assert "patch_virtual_user" in answer["next"]


async def test_a_deletion_says_when_nobody_did_or_when_nobody_knows(context: Maker) -> None:
    for usages, expected in (
        ([], "No virtual user referred to it."),
        (NotFoundError("404", status=404), "sanity_check_virtual_user"),
    ):
        ctx = context(PLUGIN, {GET: stored(), USAGES: usages, DELETE: None})
        answer = await ctx.run(delete_variable, {"variableId": "x1"})
        assert expected in answer["next"]


async def test_an_unknown_variable_is_answered_with_the_tool_that_lists_them(
    context: Maker,
) -> None:
    missing = NotFoundError("404", status=404)
    ctx = context(PLUGIN, {GET: missing, DELETE: missing})
    error = await ctx.refuse(delete_variable, {"variableId": "x1"})
    assert error.next_step == "Take variableId from list_variables."


async def test_a_variable_goes_where_the_platform_answers_no_single_one(context: Maker) -> None:
    ctx = context(PLUGIN, {GET: NotFoundError("404", status=404), DELETE: None})
    answer = await ctx.run(delete_variable, {"variableId": "x1"})
    assert ctx.lines == [GET, DELETE]
    assert answer["id"] == "x1"
    assert "sanity_check_virtual_user" in answer["next"]
