from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from octoperf_edit.projects import create_project, update_project
from octoperf_mcp.errors import NotFoundError

if TYPE_CHECKING:
    from tests.plugins.conftest import FakeContext

Maker = Callable[..., "FakeContext"]
LINE = "POST /design/projects"


async def test_a_created_project_is_a_design_project_with_its_link(context: Maker) -> None:
    ctx = context("octoperf_edit", {LINE: lambda body: {**body, "id": "p9", "created": 1}})
    arguments = {"workspaceId": "w1", "name": "Shop", "tags": ["demo"]}
    found = await ctx.run(create_project, arguments)
    assert found == {
        "id": "p9",
        "name": "Shop",
        "description": "",
        "tags": ["demo"],
        "created": 1,
        "url": "https://octoperf.test/ui/workspace/w1/project/p9/design/virtual-user",
    }
    sent = ctx.body_of(LINE)
    assert (sent["id"], sent["type"], sent["workspaceId"]) == ("", "DESIGN", "w1")


@pytest.mark.parametrize("wrong", [{"name": ""}, {"name": "x" * 81}, {"description": "x" * 2001}])
async def test_names_and_descriptions_are_refused_beyond_their_length_and_not_cut(
    context: Maker, wrong: dict[str, Any]
) -> None:
    ctx = context("octoperf_edit")
    error = await ctx.refuse(create_project, {"workspaceId": "w1", "name": "Shop", **wrong})
    assert error.code == "invalid_argument"
    assert error.details["field"] == next(iter(wrong))


async def test_an_unknown_workspace_is_answered_with_the_tool_that_lists_them(
    context: Maker,
) -> None:
    ctx = context("octoperf_edit", {LINE: NotFoundError("404", status=404)})
    error = await ctx.refuse(create_project, {"workspaceId": "w9", "name": "Shop"})
    assert error.next_step == "Take workspaceId from list_workspaces."


async def test_an_updated_project_keeps_what_was_not_given(context: Maker) -> None:
    project = {
        "id": "p1",
        "workspaceId": "w1",
        "name": "Shop",
        "description": "old",
        "type": "DESIGN",
        "tags": ["demo"],
        "created": 1,
        "futureSetting": None,
    }
    line = "PUT /design/projects/p1"
    ctx = context("octoperf_edit", {"GET /design/projects/p1": project, line: lambda body: body})
    found = await ctx.run(update_project, {"projectId": "p1", "description": ""})
    assert ctx.body_of(line) == {**project, "description": ""}
    assert (found["name"], found["description"], found["tags"]) == ("Shop", "", ["demo"])
    assert found["url"].endswith("/workspace/w1/project/p1/design/virtual-user")


async def test_an_update_of_nothing_is_refused_before_any_call(context: Maker) -> None:
    ctx = context("octoperf_edit")
    error = await ctx.refuse(update_project, {"projectId": "p1"})
    assert error.details["allowed"] == ["name", "description", "tags"]
    assert ctx.made == []
