"""Discovery: where every conversation starts; all listings have links, a stable order and pages."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from octoperf_discovery import tools
from octoperf_mcp.errors import NotFoundError

if TYPE_CHECKING:
    from tests.plugins.conftest import FakeContext

Maker = Callable[..., "FakeContext"]
UI = "https://octoperf.test/ui"
PLUGIN = "octoperf_discovery"


def workspace(id_: str, name: str) -> dict[str, Any]:
    return {"id": id_, "userId": "u1", "name": name, "description": "", "created": 1}


def virtual_user(id_: str, name: str) -> dict[str, Any]:
    return {
        "@type": "VirtualUserDescription",
        "id": id_,
        "projectId": "p1",
        "name": name,
        "description": "as recorded",
        "type": "JMETER",
        "tags": ["smoke"],
        "created": 1767225600000,
        "lastModified": "2026-01-01T00:00:01.000Z",
    }


def provider(id_: str, name: str, **regions: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "name": name,
        "type": "PRIVATE",
        "driver": "ON_PREMISE",
        "regions": regions,
        "dockerHost": "tcp://10.0.0.1",
    }


def test_discovery_keeps_the_promises_of_a_plugin(check_contract: Callable[[str], None]) -> None:
    check_contract(PLUGIN)


async def test_workspaces_come_in_a_stable_order_with_links(context: Maker) -> None:
    found = [workspace("w2", "b"), workspace("w1", "A")]
    ctx = context(PLUGIN, {"GET /workspaces/member-of": found})
    assert await ctx.run(tools.list_workspaces, {}) == {
        "workspaces": [
            {"id": "w1", "name": "A", "description": "", "url": f"{UI}/workspace/w1"},
            {"id": "w2", "name": "b", "description": "", "url": f"{UI}/workspace/w2"},
        ],
        "total": 2,
        "url": f"{UI}/workspace",
    }


async def test_projects_can_be_narrowed_by_name_and_paged(context: Maker) -> None:
    projects = [{"id": f"p{n}", "name": f"Shop {n}"} for n in range(3)]
    projects.append({"id": "px", "name": "Other"})
    ctx = context(PLUGIN, {"GET /design/projects/by-workspace/w1/DESIGN": projects})
    arguments = {"workspaceId": "w1", "nameContains": "shop", "limit": 2}
    first = await ctx.run(tools.list_projects_by_workspace, arguments)
    assert [row["name"] for row in first["projects"]] == ["Shop 0", "Shop 1"]
    assert first["total"] == 3
    assert first["projects"][0]["url"] == f"{UI}/workspace/w1/project/p0/design/virtual-user"
    second = await ctx.run(
        tools.list_projects_by_workspace, {**arguments, "cursor": first["nextCursor"]}
    )
    assert [row["name"] for row in second["projects"]] == ["Shop 2"]
    assert "nextCursor" not in second


async def test_virtual_users_are_listed_without_trees(context: Maker) -> None:
    line = "GET /design/virtual-users/description/by-project/p1"
    ctx = context(PLUGIN, {line: [virtual_user("v1", "Checkout")]})
    found = await ctx.run(tools.list_virtual_users, {"projectId": "p1"})
    assert found["virtualUsers"] == [
        {
            "id": "v1",
            "name": "Checkout",
            "description": "as recorded",
            "type": "JMETER",
            "tags": ["smoke"],
            "created": 1767225600000,
            "lastModified": 1767225601000,
            "url": f"{UI}/workspace/w1/project/p1/design/virtual-user/v1",
        }
    ]
    assert ctx.lines == [line]


async def test_a_described_virtual_user_is_its_row(context: Maker) -> None:
    line = "GET /design/virtual-users/description/v1"
    ctx = context(PLUGIN, {line: virtual_user("v1", "Checkout")})
    found = await ctx.run(tools.describe_virtual_user, {"virtualUserId": "v1"})
    assert found["name"] == "Checkout"
    assert found["url"] == f"{UI}/workspace/w1/project/p1/design/virtual-user/v1"


async def test_a_platform_without_the_short_route_is_asked_for_the_whole(context: Maker) -> None:
    document = {**virtual_user("v1", "Checkout"), "@type": "VirtualUser", "children": []}
    answers = {
        "GET /design/virtual-users/description/v1": NotFoundError("404", status=404),
        "GET /design/virtual-users/v1": document,
    }
    ctx = context(PLUGIN, answers)
    found = await ctx.run(tools.describe_virtual_user, {"virtualUserId": "v1"})
    assert "children" not in found


async def test_only_standard_scenarios_are_listed(context: Maker) -> None:
    """The hidden scenario behind a validation stays out."""
    scenarios = [
        {"id": "s1", "projectId": "p1", "name": "Load", "mode": "STANDARD", "description": None},
        {"id": "s2", "projectId": "p1", "name": "hidden", "mode": "VALIDATION"},
    ]
    ctx = context(PLUGIN, {"GET /runtime/scenarios/by-project/p1": scenarios})
    found = await ctx.run(tools.list_scenarios_by_project, {"projectId": "p1"})
    assert [row["id"] for row in found["scenarios"]] == ["s1"]
    assert found["scenarios"][0]["url"].endswith("/workspace/w1/project/p1/runtime/scenario/s1")


async def test_providers_show_their_locations_and_nothing_of_their_machines(context: Maker) -> None:
    line = "GET /workspaces/docker-providers/by-workspace/w1"
    machine = provider("d1", "This machine", paris={}, local={"host": "10.0.0.1"})
    ctx = context(PLUGIN, {line: [machine]})
    found = await ctx.run(tools.list_docker_providers_by_workspace, {"workspaceId": "w1"})
    assert found["dockerProviders"] == [
        {
            "id": "d1",
            "name": "This machine",
            "type": "PRIVATE",
            "driver": "ON_PREMISE",
            "locations": ["local", "paris"],
            "url": f"{UI}/workspace/w1/docker-provider/d1",
        }
    ]


async def test_public_providers_need_no_workspace_though_their_links_do(context: Maker) -> None:
    answers = {
        "GET /workspaces/docker-providers/public": [provider("d2", "Cloud", eu={})],
        "GET /workspaces/member-of": [workspace("w2", "b"), workspace("w1", "A")],
    }
    ctx = context(PLUGIN, answers)
    found = await ctx.run(tools.list_public_docker_providers, {})
    assert found["dockerProviders"][0]["url"] == f"{UI}/workspace/w1/docker-provider/d2"


async def test_public_providers_of_a_workspace_are_asked_for_it(context: Maker) -> None:
    ctx = context(PLUGIN, {"GET /workspaces/docker-providers/public?workspaceId=w7": []})
    found = await ctx.run(tools.list_public_docker_providers, {"workspaceId": "w7"})
    url = f"{UI}/workspace/w7/docker-provider"
    assert found == {"dockerProviders": [], "total": 0, "url": url}


async def test_an_account_without_workspace_is_told_so(context: Maker) -> None:
    lines = ("GET /workspaces/docker-providers/public", "GET /workspaces/member-of")
    ctx = context(PLUGIN, {line: [] for line in lines})
    error = await ctx.refuse(tools.list_public_docker_providers, {})
    assert error.code == "not_found"
    assert "no workspace" in error.message


@pytest.mark.parametrize(
    ("tool", "field", "line", "lister"),
    [
        (
            tools.list_projects_by_workspace,
            "workspaceId",
            "GET /design/projects/by-workspace/p1/DESIGN",
            "list_workspaces",
        ),
        (
            tools.list_virtual_users,
            "projectId",
            "GET /design/virtual-users/description/by-project/p1",
            "list_projects_by_workspace",
        ),
        (
            tools.list_scenarios_by_project,
            "projectId",
            "GET /runtime/scenarios/by-project/p1",
            "list_projects_by_workspace",
        ),
        (
            tools.list_docker_providers_by_workspace,
            "workspaceId",
            "GET /workspaces/docker-providers/by-workspace/p1",
            "list_workspaces",
        ),
    ],
)
async def test_a_wrong_id_is_answered_with_the_tool_that_lists_the_right_ones(
    context: Maker, tool: Any, field: str, line: str, lister: str
) -> None:
    ctx = context(PLUGIN, {line: NotFoundError("404", status=404)})
    error = await ctx.refuse(tool, {field: "p1"})
    assert error.code == "not_found"
    assert error.details["field"] == field
    assert error.next_step == f"Take {field} from {lister}."


async def test_a_virtual_user_that_no_route_knows_is_a_wrong_id(context: Maker) -> None:
    lines = ("GET /design/virtual-users/description/v9", "GET /design/virtual-users/v9")
    ctx = context(PLUGIN, dict.fromkeys(lines, NotFoundError("404", status=404)))
    error = await ctx.refuse(tools.describe_virtual_user, {"virtualUserId": "v9"})
    assert error.next_step == "Take virtualUserId from list_virtual_users."
