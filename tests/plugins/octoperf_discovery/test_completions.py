"""Ids for prompt arguments, found by what people remember: the name."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from octoperf_discovery import completions

if TYPE_CHECKING:
    from tests.plugins.conftest import FakeContext

Maker = Callable[..., "FakeContext"]
PLUGIN = "octoperf_discovery"
COMPLETE = {one.argument: one.complete for one in completions.COMPLETIONS}


def named(id_: str, name: str, changed: int | str) -> dict[str, Any]:
    return {"id": id_, "name": name, "lastModified": changed}


WORKSPACES = {"GET /workspaces/member-of": [named("w1", "One", 1), named("w2", "Two", 2)]}
PROJECTS = {
    "GET /design/projects/by-workspace/w1/DESIGN": [named("p1", "Shop", 10)],
    "GET /design/projects/by-workspace/w2/DESIGN": [
        named("p2", "shop, old", "1970-01-01T00:00:00.005+00:00"),
        named("p3", "Bank", 20),
    ],
}
LISTS = {
    "virtualUserId": "/design/virtual-users/description/by-project/",
    "scenarioId": "/runtime/scenarios/by-project/",
    "reportId": "/analysis/bench-reports/by-project/",
}


async def test_workspaces_come_latest_first(context: Maker) -> None:
    ctx = context(PLUGIN, WORKSPACES)
    assert await COMPLETE["workspaceId"](ctx, "", {}) == ["w2", "w1"]
    assert await COMPLETE["workspaceId"](ctx, "on", {}) == ["w1"]


async def test_projects_are_those_of_the_known_workspace_or_of_all(context: Maker) -> None:
    ctx = context(PLUGIN, WORKSPACES | PROJECTS)
    assert await COMPLETE["projectId"](ctx, "", {}) == ["p3", "p1", "p2"]
    assert await COMPLETE["projectId"](ctx, "SHOP", {}) == ["p1", "p2"]
    assert await COMPLETE["projectId"](ctx, "p", {"workspaceId": "w2"}) == ["p3", "p2"]


@pytest.mark.parametrize("argument", LISTS)
async def test_what_is_in_projects_is_found_with_and_without_a_project(
    context: Maker, argument: str
) -> None:
    path = LISTS[argument]
    inside = {
        f"GET {path}p1": [named("a1", "Buy", 5), named("a2", "Look", 6)],
        f"GET {path}p2": [],
        f"GET {path}p3": [named("a3", "Buy again", 7)],
    }
    ctx = context(PLUGIN, WORKSPACES | PROJECTS | inside)
    assert await COMPLETE[argument](ctx, "", {"projectId": "p1"}) == ["a2", "a1"]
    assert ctx.lines == [f"GET {path}p1"]
    assert await COMPLETE[argument](ctx, "buy", {}) == ["a3", "a1"]
    assert await COMPLETE[argument](ctx, "a1", {}) == ["a1"]


async def test_only_the_latest_projects_are_looked_into(context: Maker) -> None:
    many = [named(f"p{number}", "P", number) for number in range(100)]
    ctx = context(
        PLUGIN,
        {"GET /design/projects/by-workspace/w1/DESIGN": many}
        | {f"GET {LISTS['scenarioId']}p{number}": [] for number in range(80, 100)},
    )
    assert await COMPLETE["scenarioId"](ctx, "", {"workspaceId": "w1"}) == []
    assert len(ctx.lines) == 1 + completions.MAX_PROJECTS
