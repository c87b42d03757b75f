"""Workspaces, members, providers and projects."""

from typing import Any

from octoperf_mcp.embedded.platform import Platform


async def test_a_new_workspace_is_its_creators(ada: Any, eve: Any) -> None:
    made = await ada.post("/workspaces", {"id": "", "userId": "", "name": "Team"})
    assert set(made) == {"id", "userId", "name", "description", "created", "lastModified"}
    assert (made["userId"], made["description"]) == ("ada", "")
    assert await ada.get("/workspaces/member-of") == [made]
    assert await ada.get(f"/workspaces/{made['id']}") == made
    assert await eve.get("/workspaces/member-of") == []
    changed = await ada.put(f"/workspaces/{made['id']}", {**made, "name": "Crew"})
    assert changed["name"] == "Crew"


async def test_the_last_administered_workspace_stays(ada: Any, home: Any) -> None:
    refused = await ada.json("DELETE", f"/workspaces/{home.workspace_id}", status=409)
    assert "only workspace" in refused["message"]
    other = await ada.post("/workspaces", {"name": "Other"})
    await ada.delete(f"/workspaces/{home.workspace_id}")
    assert await ada.get("/workspaces/member-of") == [other]
    await ada.get(f"/design/projects/{home.project_id}", status=404)


async def test_members_are_listed_by_workspace_and_by_user(ada: Any, eve: Any, home: Any) -> None:
    (member,) = await ada.get(f"/workspaces/members/by-workspace/{home.workspace_id}")
    assert member["role"] == "ADMIN"
    assert member["username"] == "ada@example.com"
    assert (member["userId"], member["workspaceId"]) == ("ada", home.workspace_id)
    assert await ada.get("/workspaces/members/by-user/ada") == [member]
    assert await eve.get("/workspaces/members/by-user/eve") == []
    await eve.get("/workspaces/members/by-user/ada", status=404)


def plain(providers: list[Any]) -> list[Any]:
    """Providers without what their regions hold of machines."""
    return [{**one, "regions": {name: {} for name in one["regions"]}} for one in providers]


async def test_the_platforms_provider_serves_every_workspace(
    ada: Any, eve: Any, home: Any, platform: Platform
) -> None:
    """The JMeter DSL takes the first public provider and the first key of its regions."""
    body = {
        "name": "This machine",
        "type": "PRIVATE",
        "driver": "ON_PREMISE",
        "regions": {"local": {}},
    }
    shared = (await platform.documents.plant("docker_provider", body)).body
    own = await platform.documents.create(
        "docker_provider", {**body, "name": "Own"}, user_id="ada", workspace_id=home.workspace_id
    )
    base = "/workspaces/docker-providers"
    assert plain(await eve.get(f"{base}/public")) == [shared]
    assert plain([await eve.get(f"{base}/{shared['id']}")]) == [shared]
    both = await ada.get(f"{base}/public", params={"workspaceId": home.workspace_id})
    assert plain(both) == [shared, own.body]
    assert plain(await ada.get(f"{base}/by-workspace/{home.workspace_id}")) == [shared, own.body]
    await eve.get(f"{base}/by-workspace/{home.workspace_id}", status=404)
    await eve.get(f"{base}/public", params={"workspaceId": home.workspace_id}, status=404)
    await eve.get(f"{base}/{own.id}", status=404)


async def test_a_project_is_made_listed_changed_and_deleted(ada: Any, home: Any) -> None:
    """As the JMeter DSL sends it: id empty, dates as ISO-8601, the owner named."""
    made = await ada.post(
        "/design/projects",
        {
            "id": "",
            "userId": "ada",
            "workspaceId": home.workspace_id,
            "name": "DSL",
            "description": "",
            "type": "DESIGN",
            "created": "2026-01-01T00:00:00.123Z",
            "lastModified": "2026-01-01T00:00:00.123Z",
            "tags": [],
        },
    )
    assert isinstance(made["created"], int)
    listing = f"/design/projects/by-workspace/{home.workspace_id}"
    assert made in await ada.get(f"{listing}/DESIGN")
    assert await ada.get(f"{listing}/RESULT") == []
    await ada.get(f"{listing}/OTHER", status=400)
    path = f"/design/projects/{made['id']}"
    changed = await ada.put(path, {**made, "name": "New", "type": "RESULT"})
    assert (changed["name"], changed["type"]) == ("New", "DESIGN")
    await ada.delete(path)
    await ada.get(path, status=404)


async def test_an_older_client_names_the_workspace_in_the_query(ada: Any, home: Any) -> None:
    made = await ada.post(
        "/design/projects", {"name": "Old"}, params={"workspaceId": home.workspace_id}
    )
    assert (made["workspaceId"], made["type"]) == (home.workspace_id, "DESIGN")
    assert (await ada.post("/design/projects", {"name": "None"}, status=400))["pointer"] == (
        "/workspaceId"
    )


async def test_only_a_run_makes_a_frozen_project(ada: Any, home: Any) -> None:
    body = {"name": "Frozen", "workspaceId": home.workspace_id, "type": "RESULT"}
    await ada.post("/design/projects", body, status=400)


async def test_a_deleted_project_takes_everything_along(ada: Any, home: Any, example: Any) -> None:
    made = await ada.post("/design/virtual-users", example("virtual_user"))
    await ada.delete(f"/design/projects/{home.project_id}")
    await ada.get(f"/design/virtual-users/{made['id']}", status=404)
    await ada.get(f"/design/virtual-users/by-project/{home.project_id}", status=404)
