"""What a CI token may not do, though its user may."""

from typing import Any, cast

import pytest

from octoperf_mcp.embedded.limits import Limits
from octoperf_mcp.embedded.platform import Platform, Principal
from tests.octoperf_mcp.embedded.rest.conftest import FULL, Client, Home, Rest


def with_limits(platform: Platform, client: Client, limits: Limits) -> Rest:
    """Ada, with a CI token."""
    principal = Principal("ada", "ada@example.com", FULL, "grant", "ci", limits=limits)
    cast("Any", platform.identity).tokens["ada-ci"] = principal
    return Rest(client, "ada-ci")


async def test_a_token_changes_things_in_its_areas_only(
    platform: Platform, client: Client, home: Home, example: Any
) -> None:
    edits = with_limits(platform, client, Limits(areas=("edit",)))
    made = await edits.post("/design/variables", example("variable"))
    benches = with_limits(platform, client, Limits(areas=("bench", "analysis")))
    assert (await benches.get(f"/design/variables/{made['id']}"))["id"] == made["id"]
    refused = await benches.json("DELETE", f"/design/variables/{made['id']}", status=403)
    assert refused["allowed"] == ["bench", "analysis"]
    signed = {"method": "POST", "path": f"/imports/har/{home.project_id}"}
    await benches.post("/presigned-urls", signed, status=403)
    await edits.post("/presigned-urls", signed, status=403)
    imports = with_limits(platform, client, Limits(areas=("import",)))
    await imports.post("/presigned-urls", signed, status=200)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/workspaces"),
        ("PUT", "/workspaces/x"),
        ("DELETE", "/workspaces/x"),
        ("POST", "/workspaces/members"),
        ("POST", "/users/api-key"),
    ],
)
async def test_no_ci_token_changes_workspaces_or_accounts(
    platform: Platform, client: Client, method: str, path: str
) -> None:
    ci = with_limits(platform, client, Limits())
    refused = await ci.json(method, path, status=403, json={"name": "x"})
    assert "CI token" in refused["message"]


async def test_a_pinned_token_sees_its_workspace_and_no_other(
    platform: Platform, client: Client, ada: Rest, home: Home
) -> None:
    other = (await ada.post("/workspaces", {"name": "Other"}))["id"]
    project = await ada.post("/design/projects", {"name": "Hidden", "workspaceId": other})
    pinned = with_limits(platform, client, Limits(workspace_id=home.workspace_id))
    seen = await pinned.get("/workspaces/member-of")
    assert [workspace["id"] for workspace in seen] == [home.workspace_id]
    await pinned.json("GET", f"/design/projects/{project['id']}", status=404)
    await pinned.json("GET", f"/design/projects/by-workspace/{other}/DESIGN", status=404)
    await pinned.json("GET", f"/workspaces/members/by-workspace/{other}", status=404)
    await pinned.json("GET", "/workspaces/members/by-user/ada", status=403)
    body = {"name": "x", "workspaceId": other}
    await pinned.json("POST", "/design/projects", status=404, json=body)
    assert (await pinned.get(f"/design/projects/{home.project_id}"))["name"] == "Shop"
    # The next request on the same connection is not narrowed.
    assert (await ada.get(f"/design/projects/{project['id']}"))["name"] == "Hidden"


async def test_an_address_that_a_pinned_token_signs_is_pinned_too(
    platform: Platform, client: Client, ada: Rest, home: Home
) -> None:
    other = (await ada.post("/workspaces", {"name": "Other"}))["id"]
    hidden = await ada.post("/design/projects", {"name": "Hidden", "workspaceId": other})
    pinned = with_limits(platform, client, Limits(workspace_id=home.workspace_id))
    signed = {"method": "POST", "path": f"/imports/har/{hidden['id']}"}
    url = (await pinned.post("/presigned-urls", signed, status=200))["url"]
    answer = await client.post(url.removeprefix(platform.origin), data=b"{}")
    assert answer.status == 404
