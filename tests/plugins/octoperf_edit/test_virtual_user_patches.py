"""patch_virtual_user: one GET, one PUT or none, and honest warnings."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from octoperf_edit.virtual_user_patches import patch_virtual_user
from octoperf_mcp.errors import InvalidDocumentError, NotFoundError

if TYPE_CHECKING:
    from tests.plugins.conftest import FakeContext

Maker = Callable[..., "FakeContext"]
Document = dict[str, Any]
PLUGIN = "octoperf_edit"
GET = "GET /design/virtual-users/v1"
REVISIONS = "GET /design/virtual-users/revisions/v1"
PUT = "PUT /design/virtual-users/v1"
RENAME = {"op": "replace", "path": "/children/0/name", "value": "Start"}
DEBUG = {"@type": "DebugAction", "id": "a-new", "variablesDisplayed": True}


def arguments(*patch: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"virtualUserId": "v1", "patch": list(patch), **more}


async def test_a_patch_reads_once_and_saves_the_whole_document_once(
    context: Maker, document: Document
) -> None:
    ctx = context(PLUGIN, {GET: document, PUT: lambda body: body})
    added = {"op": "add", "path": "/children/0/children/-", "value": {**DEBUG, "enabled": True}}
    found = await ctx.run(patch_virtual_user, arguments(RENAME, added))
    assert ctx.lines == [GET, PUT]
    sent = ctx.body_of(PUT)
    assert sent["children"][0]["name"] == "Start"
    assert sent["children"][0]["children"][1]["id"] == "a-new"
    assert sent["futureSetting"] == {"kept": None}
    assert found["applied"] == [
        {"index": 0, "op": "replace", "pointer": "/children/0/name"},
        {"index": 1, "op": "add", "pointer": "/children/0/children/1"},
    ]
    assert (found["dryRun"], found["warnings"], found["id"]) == (False, [], "v1")
    assert found["url"].endswith("/design/virtual-user/v1")
    assert "children" not in found


async def test_a_dry_run_saves_nothing(context: Maker, document: Document) -> None:
    ctx = context(PLUGIN, {GET: document})
    rename = {"op": "replace", "path": "/name", "value": "Buy"}
    found = await ctx.run(patch_virtual_user, arguments(rename, dryRun=True))
    assert ctx.lines == [GET]
    assert (found["dryRun"], found["name"]) == (True, "Buy")


async def test_an_answer_says_what_changed_by_action_and_at_which_revision(
    context: Maker, document: Document
) -> None:
    ctx = context(PLUGIN, {GET: document, PUT: lambda body: body}, revision=7)
    found = await ctx.run(patch_virtual_user, arguments(RENAME, ifRevision=7))
    name = document["children"][0]["name"]
    assert found["diff"] == [f"*{name}*: renamed to *Start* (/children/0/name)"]
    assert found["summary"] == f"*{name}*: renamed to *Start*"
    assert found["revision"] == 8
    assert ctx.made[-1].if_revision == 7


async def test_a_stale_revision_is_refused_with_the_difference(
    context: Maker, document: Document
) -> None:
    earlier = {**document, "children": []}
    ctx = context(PLUGIN, {GET: document, f"{REVISIONS}/5": earlier}, revision=7)
    error = await ctx.refuse(patch_virtual_user, arguments(RENAME, ifRevision=5))
    assert (error.code, error.details["revision"]) == ("stale_revision", 7)
    assert error.details["diff"][0].startswith("added *")
    assert ctx.lines == [GET, f"{REVISIONS}/5"]


async def test_a_rejected_patch_saves_nothing(context: Maker, document: Document) -> None:
    ctx = context(PLUGIN, {GET: document})
    wrong = {"op": "add", "path": "/children/-", "value": {"@type": "HttpAction", "id": "a-x"}}
    error = await ctx.refuse(patch_virtual_user, arguments(RENAME, wrong))
    assert error.code == "invalid_argument"
    assert error.details["field"] == "patch/1"
    assert "octoperf://schema/vu" in error.next_step
    assert ctx.lines == [GET]


@pytest.mark.parametrize(
    ("state", "warned"),
    [({}, True), ({"isEnabled": True}, True), ({"enabled": False}, False)],
)
async def test_an_added_action_that_forgets_enabled_is_warned_about(
    context: Maker, document: Document, state: dict[str, Any], warned: bool
) -> None:
    """OctoPerf reads an omitted boolean as false and does not complain."""
    ctx = context(PLUGIN, {GET: document, PUT: lambda body: body})
    holder = {
        "@type": "ContainerAction",
        "id": "a-box",
        "name": "box",
        "enabled": True,
        "children": [{**DEBUG, **state}],
    }
    added = {"op": "add", "path": "/children/0", "value": holder}
    found = await ctx.run(patch_virtual_user, arguments(added))
    assert bool(found["warnings"]) == warned
    if warned:
        text = "The new DebugAction at /children/0/children/0 has no enabled: true"
        assert found["warnings"][0].startswith(text)
        assert ("not isEnabled" in found["warnings"][0]) == ("isEnabled" in state)


async def test_ops_is_another_name_of_patch(context: Maker, document: Document) -> None:
    ctx = context(PLUGIN, {GET: document, PUT: lambda body: body})
    found = await ctx.run(patch_virtual_user, {"virtualUserId": "v1", "ops": [RENAME]})
    assert len(found["applied"]) == 1
    error = await ctx.refuse(patch_virtual_user, arguments(RENAME, ops=[RENAME]))
    assert error.details["field"] == "ops"


async def test_a_refusal_by_the_platform_points_at_the_schema(
    context: Maker, document: Document
) -> None:
    refusal = InvalidDocumentError("OctoPerf refuses the content", status=400)
    ctx = context(PLUGIN, {GET: document, PUT: refusal})
    error = await ctx.refuse(patch_virtual_user, arguments(RENAME))
    assert "octoperf://schema/vu" in error.next_step


async def test_an_unknown_operation_is_refused_with_the_known_ones(context: Maker) -> None:
    ctx = context(PLUGIN)
    error = await ctx.refuse(patch_virtual_user, arguments({"op": "set", "path": "/name"}))
    assert error.details["field"] == "patch/0/op"
    assert "replace" in error.details["allowed"]
    assert ctx.made == []


async def test_an_unknown_virtual_user_is_answered_with_the_tool_that_lists_them(
    context: Maker,
) -> None:
    ctx = context(PLUGIN, {GET: NotFoundError("404", status=404)})
    error = await ctx.refuse(patch_virtual_user, arguments(RENAME))
    assert error.next_step == "Take virtualUserId from list_virtual_users."
