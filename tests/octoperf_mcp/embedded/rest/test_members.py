"""Who is in a workspace and what he may do there."""

import io
from collections.abc import Mapping
from typing import Any

import aiohttp
import pytest

from octoperf_mcp.embedded.rest.middleware import READING_POSTS
from octoperf_mcp.embedded.rest.routes import rest_routes
from tests.octoperf_mcp.embedded.rest.test_tenants import OF_NOBODY, OWN, bodies_for, filled, owned

__all__ = ["owned"]

EVE = "eve@example.com"


async def let_in(ada: Any, home: Any, role: str) -> Any:
    body = {"workspaceId": home.workspace_id, "username": EVE, "role": role}
    return await ada.post("/workspaces/members", body)


async def test_a_new_member_sees_the_workspace_and_may_read_by_default(
    ada: Any, eve: Any, home: Any
) -> None:
    body = {"workspaceId": home.workspace_id, "username": EVE}
    member = await ada.post("/workspaces/members", body)
    assert (member["username"], member["role"]) == (EVE, "VIEWER")
    assert [found["id"] for found in await eve.get("/workspaces/member-of")] == [home.workspace_id]
    path = f"/workspaces/members/by-workspace/{home.workspace_id}"
    assert [found["username"] for found in await eve.get(path)] == ["ada@example.com", EVE]


async def test_adding_a_member_again_gives_the_role(ada: Any, home: Any) -> None:
    first = await let_in(ada, home, "VIEWER")
    again = await let_in(ada, home, "TESTER")
    assert (again["id"], again["role"]) == (first["id"], "TESTER")


async def test_a_removed_member_is_a_stranger_again(ada: Any, eve: Any, home: Any) -> None:
    member = await let_in(ada, home, "ADMIN")
    await eve.post("/workspaces", {"name": "Own"})
    await ada.delete(f"/workspaces/members/{member['id']}")
    await eve.get(f"/workspaces/{home.workspace_id}", status=404)
    await ada.json("DELETE", f"/workspaces/members/{member['id']}", status=404)


async def test_anybody_may_leave(ada: Any, eve: Any, home: Any) -> None:
    member = await let_in(ada, home, "VIEWER")
    await eve.delete(f"/workspaces/members/{member['id']}")
    assert await eve.get("/workspaces/member-of") == []


async def test_a_workspace_keeps_an_admin(ada: Any, home: Any) -> None:
    await ada.post("/workspaces", {"name": "Other"})
    (mine,) = await ada.get(f"/workspaces/members/by-workspace/{home.workspace_id}")
    path = f"/workspaces/members/{mine['id']}"
    await ada.put(path, {"role": "VIEWER"}, status=409)
    await ada.json("DELETE", path, status=409)
    await let_in(ada, home, "ADMIN")
    assert (await ada.put(path, {"role": "VIEWER"}))["role"] == "VIEWER"


async def test_a_user_keeps_a_workspace_that_he_administers(ada: Any, home: Any) -> None:
    await let_in(ada, home, "ADMIN")
    mine = (await ada.get("/workspaces/members/by-user/ada"))[0]
    await ada.json("DELETE", f"/workspaces/members/{mine['id']}", status=409)


async def test_an_unknown_user_or_role_is_refused(ada: Any, home: Any) -> None:
    body = {"workspaceId": home.workspace_id, "username": "nobody@example.com"}
    assert "nobody" in (await ada.post("/workspaces/members", body, status=400))["message"]
    for role in ("CUSTOM", "KING", 7):
        wrong = {**body, "username": EVE, "role": role}
        await ada.post("/workspaces/members", wrong, status=400)


@pytest.mark.parametrize("role", ["TESTER", "TEST_EXECUTOR", "VIEWER"])
async def test_only_admins_change_who_is_in(ada: Any, eve: Any, home: Any, role: str) -> None:
    member = await let_in(ada, home, role)
    await eve.put(f"/workspaces/members/{member['id']}", {"role": "ADMIN"}, status=403)
    (admin, _) = await eve.get(f"/workspaces/members/by-workspace/{home.workspace_id}")
    await eve.json("DELETE", f"/workspaces/members/{admin['id']}", status=403)
    body = {"workspaceId": home.workspace_id, "username": EVE, "role": "ADMIN"}
    await eve.post("/workspaces/members", body, status=403)


async def test_a_viewer_changes_nothing_by_any_route(
    ada: Any, eve: Any, home: Any, owned: Mapping[str, str], example: Any
) -> None:
    """Every route of the router that is not for reading, with bodies that an admin could send."""
    await let_in(ada, home, "VIEWER")
    accepted = []
    for route in rest_routes():
        method, path = route.method, route.path
        if method == "GET" or path.startswith(("/public/", *READING_POSTS)):
            continue
        if f"{method} {path}" in OF_NOBODY or path.startswith(OWN):
            continue
        form = aiohttp.FormData(default_to_multipart=True)
        form.add_field("file", io.BytesIO(b"overwritten"), filename="new.csv")
        bodies = [{"json": body} for body in bodies_for(path, example, owned)]
        for each in ({}, {"data": form}, *bodies):
            params = {"filename": "new.csv"}
            answer = await eve.call(method, filled(path, owned), params=params, **each)
            if answer.status < 400:
                accepted.append((method, path, answer.status, list(each)))
    assert {(method, path) for method, path, *_ in accepted} == set()
