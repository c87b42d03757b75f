"""Reading a tree whole, in outline and in parts; renaming leaves the tree alone."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jsonpointer
import pytest

from octoperf_edit.virtual_users import (
    ANSWER_MAX_BYTES,
    backup_virtual_user,
    delete_virtual_user,
    get_virtual_user,
    update_virtual_user,
)
from octoperf_mcp.errors import NotFoundError

if TYPE_CHECKING:
    from tests.plugins.conftest import FakeContext

Maker = Callable[..., "FakeContext"]
Document = dict[str, Any]
PLUGIN = "octoperf_edit"
GET = "GET /design/virtual-users/v1"
PUT = "PUT /design/virtual-users/v1"
URL = "https://octoperf.test/ui/workspace/w1/project/p1/design/virtual-user/v1"


def enlarged(document: Document) -> Document:
    document["children"][1]["children"][0]["postData"] = {
        "@type": "RawPostData",
        "body": "x" * ANSWER_MAX_BYTES,
    }
    return document


async def test_a_tree_that_fits_is_answered_whole_and_unchanged(
    context: Maker, document: Document
) -> None:
    ctx = context(PLUGIN, {GET: document})
    found = await ctx.run(get_virtual_user, {"virtualUserId": "v1"})
    assert found["view"] == "full"
    assert found["virtualUser"] == document
    assert (found["pointer"], found["actionCount"], found["url"]) == ("", 6, URL)
    assert "outline" not in found
    assert "next" not in found


async def test_a_large_tree_comes_as_an_outline_that_says_how_to_read_on(
    context: Maker, document: Document
) -> None:
    ctx = context(PLUGIN, {GET: enlarged(document)})
    found = await ctx.run(get_virtual_user, {"virtualUserId": "v1"})
    assert found["view"] == "outline"
    assert found["sizeBytes"] > ANSWER_MAX_BYTES
    assert "actionId" in found["next"]
    assert "children" not in found["virtualUser"]
    assert found["virtualUser"]["futureSetting"] == {"kept": None}
    assert found["total"] == found["actionCount"] == 6
    assert [row["pointer"] for row in found["outline"]] == [
        "/children/0",
        "/children/0/children/0",
        "/children/0/children/0/children/0",
        "/children/1",
        "/children/1/children/0",
        "/children/1/children/1",
    ]
    for row in found["outline"]:
        assert jsonpointer.resolve_pointer(document, row["pointer"])["id"] == row["id"]


async def test_an_outline_row_says_what_the_action_is(context: Maker, document: Document) -> None:
    document["children"][0]["children"][0]["enabled"] = False
    ctx = context(PLUGIN, {GET: document})
    found = await ctx.run(get_virtual_user, {"virtualUserId": "v1", "view": "outline"})
    row = found["outline"][1]
    size = row.pop("sizeBytes")
    assert row == {
        "pointer": "/children/0/children/0",
        "id": "a-get",
        "type": "HttpRequestAction",
        "name": "/login",
        "request": "GET /login",
        "enabled": False,
        "children": 1,
    }
    assert 0 < size < found["outline"][0]["sizeBytes"] < found["sizeBytes"]
    assert "next" not in found


async def test_the_whole_of_a_large_tree_can_be_asked_for(
    context: Maker, document: Document
) -> None:
    ctx = context(PLUGIN, {GET: enlarged(document)})
    found = await ctx.run(get_virtual_user, {"virtualUserId": "v1", "view": "full"})
    assert found["virtualUser"] == document


async def test_one_action_is_read_with_its_place(context: Maker, document: Document) -> None:
    ctx = context(PLUGIN, {GET: enlarged(document)})
    arguments = {"virtualUserId": "v1", "actionId": "a-get"}
    found = await ctx.run(get_virtual_user, arguments)
    assert found["view"] == "full"
    assert found["pointer"] == "/children/0/children/0"
    assert found["action"] == document["children"][0]["children"][0]
    assert found["actionCount"] == 1
    assert found["virtualUser"]["name"] == "Checkout"
    assert "children" not in found["virtualUser"]


async def test_a_large_part_is_outlined_with_pointers_from_the_root(
    context: Maker, document: Document
) -> None:
    ctx = context(PLUGIN, {GET: enlarged(document)})
    arguments = {"virtualUserId": "v1", "actionId": "a-buy"}
    found = await ctx.run(get_virtual_user, arguments)
    assert found["view"] == "outline"
    assert [row["pointer"] for row in found["outline"]] == [
        "/children/1/children/0",
        "/children/1/children/1",
    ]


async def test_an_outline_can_be_shallow(context: Maker, document: Document) -> None:
    ctx = context(PLUGIN, {GET: document})
    found = await ctx.run(get_virtual_user, {"virtualUserId": "v1", "depth": 1})
    assert [row["id"] for row in found["outline"]] == ["a-home", "a-buy"]
    assert (found["total"], found["actionCount"]) == (2, 6)
    part = await ctx.run(
        get_virtual_user, {"virtualUserId": "v1", "actionId": "a-home", "depth": 1}
    )
    assert [row["id"] for row in part["outline"]] == ["a-get"]


async def test_an_outline_pages(context: Maker, document: Document) -> None:
    ctx = context(PLUGIN, {GET: document})
    seen: list[str] = []
    arguments: dict[str, Any] = {"virtualUserId": "v1", "view": "outline", "limit": 4}
    first = await ctx.run(get_virtual_user, arguments)
    arguments = {"virtualUserId": "v1", "cursor": first["nextCursor"]}
    second = await ctx.run(get_virtual_user, arguments)
    seen = [row["id"] for row in (*first["outline"], *second["outline"])]
    assert seen == ["a-home", "a-get", "a-csrf", "a-buy", "a-cart", "a-pay"]
    assert "nextCursor" not in second


async def test_an_unknown_action_is_answered_with_where_to_find_them(
    context: Maker, document: Document
) -> None:
    ctx = context(PLUGIN, {GET: document})
    error = await ctx.refuse(get_virtual_user, {"virtualUserId": "v1", "actionId": "a-9"})
    assert error.details == {"field": "actionId", "got": "a-9"}
    assert "view=outline" in error.next_step


async def test_an_unknown_virtual_user_is_answered_with_the_tool_that_lists_them(
    context: Maker,
) -> None:
    ctx = context(PLUGIN, {GET: NotFoundError("404", status=404)})
    error = await ctx.refuse(get_virtual_user, {"virtualUserId": "v1"})
    assert error.next_step == "Take virtualUserId from list_virtual_users."


async def test_renaming_puts_the_document_back_with_its_tree(
    context: Maker, document: Document
) -> None:
    ctx = context(PLUGIN, {GET: document, PUT: lambda body: body})
    arguments = {"virtualUserId": "v1", "name": "Buy", "tags": []}
    found = await ctx.run(update_virtual_user, arguments)
    assert ctx.body_of(PUT) == {**document, "name": "Buy", "tags": []}
    assert (found["name"], found["tags"], found["type"], found["url"]) == ("Buy", [], "JMETER", URL)
    assert "children" not in found


async def test_an_edit_of_nothing_is_refused_before_any_call(context: Maker) -> None:
    ctx = context(PLUGIN)
    error = await ctx.refuse(update_virtual_user, {"virtualUserId": "v1"})
    assert error.details["allowed"] == ["name", "description", "tags"]
    assert ctx.made == []


async def test_a_backup_is_a_copy_with_tags_that_say_so(context: Maker, document: Document) -> None:
    copy_line = "PUT /design/virtual-users/v2"
    answers = {
        "POST /design/virtual-users/duplicate/v1": {**document, "id": "v2"},
        copy_line: lambda body: body,
    }
    ctx = context(PLUGIN, answers)
    arguments = {"virtualUserId": "v1", "label": "pre-correlation"}
    found = await ctx.run(backup_virtual_user, arguments)
    assert found["id"] == "v2"
    assert found["tags"] == ["backup", "pre-correlation", "smoke"]
    assert found["url"].endswith("/design/virtual-user/v2")
    assert ctx.body_of(copy_line)["children"] == document["children"]


async def test_credentials_of_a_recording_are_hidden_and_the_rest_is_not(
    context: Maker, document: Document
) -> None:
    get = document["children"][0]["children"][0]
    get["headers"] = [{"name": "Authorization", "value": "Bearer abc"}]
    get["recordedRequest"] = {"headers": [{"name": "X-Api-Key", "value": "k3y"}]}
    get["recordedResponse"] = {
        "status": 200,
        "headers": [
            {"name": "Set-Cookie", "value": "session=s3cr3t; Path=/"},
            {"name": "Content-Type", "value": "text/html"},
        ],
    }
    ctx = context(PLUGIN, {GET: document})
    found = await ctx.run(get_virtual_user, {"virtualUserId": "v1"})
    shown = found["virtualUser"]["children"][0]["children"][0]
    assert shown["headers"][0]["value"] == "Bearer <hidden 1>"
    assert shown["recordedRequest"]["headers"][0]["value"] == "<hidden 2>"
    recorded = [header["value"] for header in shown["recordedResponse"]["headers"]]
    assert recorded == ["session=<hidden 3>; Path=/", "text/html"]
    assert shown["recordedResponse"]["status"] == 200


async def test_a_deletion_names_the_scenarios_that_cannot_run_any_more(
    context: Maker, document: dict[str, Any]
) -> None:
    scenarios = [
        {"id": "sc1", "name": "Peak", "userProfiles": [{"virtualUserId": "v1"}]},
        {"id": "sc2", "name": "Other", "userProfiles": [{"virtualUserId": "v2"}]},
    ]
    listed = "GET /runtime/scenarios/by-project/p1"
    deleted = "DELETE /design/virtual-users/v1"
    ctx = context(
        PLUGIN,
        {"GET /design/virtual-users/v1": document, listed: scenarios, deleted: None},
    )
    answer = await ctx.run(delete_virtual_user, {"virtualUserId": "v1"})
    project = "https://octoperf.test/ui/workspace/w1/project/p1"
    assert ctx.lines[-1] == deleted
    assert answer["usedBy"] == [
        {"id": "sc1", "name": "Peak", "url": f"{project}/runtime/scenario/sc1"}
    ]
    assert (answer["name"], answer["url"]) == ("Checkout", f"{project}/design/virtual-user")


async def test_a_part_is_read_by_its_pointer_as_an_outline_or_a_diff_has_it(
    context: Maker, document: Document
) -> None:
    ctx = context(PLUGIN, {GET: document}, revision=3)
    child = document["children"][0]["children"][0]
    for pointer in ("/children/0/children/0", "/children/0/children/0/name"):
        found = await ctx.run(get_virtual_user, {"virtualUserId": "v1", "pointer": pointer})
        assert (found["action"]["id"], found["revision"]) == (child["id"], 3)
        assert found["pointer"] == "/children/0/children/0"


@pytest.mark.parametrize("pointer", ["/children/9", "/children/x", "name", "/name", "/children"])
async def test_a_pointer_to_no_action_is_refused(
    context: Maker, document: Document, pointer: str
) -> None:
    ctx = context(PLUGIN, {GET: document})
    error = await ctx.refuse(get_virtual_user, {"virtualUserId": "v1", "pointer": pointer})
    assert error.details["field"] == "pointer"
    assert "view=outline" in error.next_step


async def test_a_recording_of_a_few_requests_is_read_action_by_action(
    context: Maker, document: Document
) -> None:
    """One request is edited at a time; with its recorded exchange it has some 3,000 bytes."""
    plain = document["children"][1]["children"][0]
    document["children"] += [
        {**plain, "id": f"r{number}", "path": "/" + "x" * 3000} for number in range(4)
    ]
    ctx = context(PLUGIN, {GET: document})
    found = await ctx.run(get_virtual_user, {"virtualUserId": "v1"})
    assert found["view"] == "outline"
    assert 'view="full"' in found["next"]
    whole = await ctx.run(get_virtual_user, {"virtualUserId": "v1", "view": "full"})
    assert whole["virtualUser"]["children"] == document["children"]
    one = await ctx.run(get_virtual_user, {"virtualUserId": "v1", "actionId": "r1"})
    assert one["action"]["path"].startswith("/xxx")
