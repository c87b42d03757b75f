"""list_revisions and undo_last_edit: what happened to a document, and the way back."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from octoperf_edit.revisions import list_revisions, undo_last_edit
from octoperf_mcp.errors import ConflictError, NotFoundError

if TYPE_CHECKING:
    from tests.plugins.conftest import FakeContext

Maker = Callable[..., "FakeContext"]
Document = dict[str, Any]
PLUGIN = "octoperf_edit"
BASE = "/design/virtual-users"
GET = f"GET {BASE}/v1"
LISTED = f"GET {BASE}/revisions/v1"
UNDO = f"POST {BASE}/undo/v1"
ROWS = [
    {"version": 7, "at": 3000, "by": "u2", "byName": "eve", "summary": "renamed to *B*"},
    {"version": 6, "at": 2000, "by": "u9", "byName": "", "summary": "*Home*: disabled"},
    {"version": 5, "at": None, "by": "", "byName": "", "summary": ""},
]


def of_user(**more: Any) -> dict[str, Any]:
    return {"entity": "virtual_user", "id": "v1", **more}


async def test_revisions_say_who_changed_what_and_when(context: Maker, document: Document) -> None:
    ctx = context(PLUGIN, {GET: document, LISTED: ROWS})
    found = await ctx.run(list_revisions, of_user(limit=2))
    assert found["total"] == 3
    assert found["revisions"] == [
        {"revision": 7, "at": 3000, "by": "eve", "summary": "renamed to *B*"},
        {"revision": 6, "at": 2000, "by": "u9", "summary": "*Home*: disabled"},
    ]
    assert found["url"].endswith("/design/virtual-user/v1")


async def test_one_revision_is_told_in_full(context: Maker, document: Document) -> None:
    answers: dict[str, Any] = {GET: document, LISTED: ROWS}
    answers[f"{LISTED}/6"] = {**document, "name": "A"}
    answers[f"{LISTED}/7"] = {**document, "name": "B"}
    ctx = context(PLUGIN, answers)
    assert (await ctx.run(list_revisions, of_user(revision=7)))["diff"] == [
        "renamed to *B* (/name)"
    ]
    assert (await ctx.run(list_revisions, of_user(revision=5)))["diff"] == []
    error = await ctx.refuse(list_revisions, of_user(revision=4))
    assert error.details["allowed"] == ["7", "6", "5"]


async def test_an_undo_answers_what_it_changed_and_names_what_it_undid(
    context: Maker, document: Document
) -> None:
    ctx = context(PLUGIN, {GET: document, UNDO: {**document, "name": "Before"}}, revision=7)
    found = await ctx.run(undo_last_edit, of_user())
    assert (found["revision"], found["diff"]) == (8, ["renamed to *Before* (/name)"])
    assert ctx.made[-1].if_revision == 7
    assert found["url"].endswith("/design/virtual-user/v1")


async def test_where_nothing_is_left_to_undo_the_way_forward_is_told(
    context: Maker, document: Document
) -> None:
    refusal = ConflictError("There is no edit to undo.", status=409)
    error = await context(PLUGIN, {GET: document, UNDO: refusal}).refuse(undo_last_edit, of_user())
    assert (error.code, error.details["status"]) == ("conflict", 409)
    assert "toRevision" in error.next_step
    assert "list_revisions" in error.next_step


async def test_an_undo_meant_for_another_revision_is_refused(
    context: Maker, document: Document
) -> None:
    ctx = context(PLUGIN, {GET: document, f"{LISTED}/6": {**document, "name": "A"}}, revision=7)
    error = await ctx.refuse(undo_last_edit, of_user(ifRevision=6))
    assert error.code == "stale_revision"
    assert UNDO not in ctx.lines


async def test_a_wrong_id_names_the_tool_that_lists_ids(context: Maker) -> None:
    ctx = context(PLUGIN, {GET: NotFoundError("no", status=404)})
    for tool in (list_revisions, undo_last_edit):
        error = await ctx.refuse(tool, of_user())
        assert "list_virtual_users" in error.next_step


@pytest.mark.parametrize(
    ("entity", "path", "page"),
    [
        ("scenario", "/runtime/scenarios", "/runtime/scenario/x"),
        ("bench_report", "/analysis/bench-reports", "/analysis/report/x"),
        ("variable", "/design/variables", "/design/variable/x"),
        ("http_server", "/design/http-servers", "/design/http-server/x"),
        ("correlation_rule", "/design/correlation-rules", "/design/correlation-rule/x"),
    ],
)
async def test_every_kind_has_its_calls_and_its_page(
    context: Maker, entity: str, path: str, page: str
) -> None:
    body = {"id": "x", "projectId": "p1", "name": "n"}
    answers: dict[str, Any] = {
        f"GET {path}/x": body,
        f"GET {path}/revisions/x": ROWS,
        f"POST {path}/undo/x?version=5": {**body, "name": "m"},
    }
    ctx = context(PLUGIN, answers)
    listed = await ctx.run(list_revisions, {"entity": entity, "id": "x"})
    assert listed["url"].endswith(page)
    undone = await ctx.run(undo_last_edit, {"entity": entity, "id": "x", "toRevision": 5})
    assert undone["name"] == "m"
