"""What the REST API notes of who did what."""

import base64
import json
from typing import Any

import aiohttp

from octoperf_mcp.embedded.audit.rest_calls import HEADER


def told(**said: Any) -> dict[str, str]:
    return {HEADER: base64.urlsafe_b64encode(json.dumps(said).encode()).decode()}


async def activity(user: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await user.get("/users/current/activity"))["activity"]
    return found


async def test_a_change_is_noted_with_what_it_made(ada: Any, home: Any) -> None:
    made, workspace = (await activity(ada))[:2]
    assert (made["action"], made["outcome"]) == ("POST /design/projects", "done")
    assert made["entityIds"] == [home.project_id]
    assert workspace["entityIds"] == [home.workspace_id]
    assert (made["userId"], made["status"]) == ("ada", 201)
    assert made["durationMs"] > 0


async def test_a_refused_change_is_noted(ada: Any, eve: Any, home: Any) -> None:
    await eve.json("DELETE", f"/design/projects/{home.project_id}", status=404)
    (refused,) = await activity(eve)
    assert (refused["action"], refused["outcome"]) == ("DELETE /design/projects/{id}", "refused")
    assert "DELETE /design/projects/{id}" not in {each["action"] for each in await activity(ada)}


async def test_a_tool_that_reads_is_one_entry_however_much_it_reads(ada: Any, home: Any) -> None:
    before = len(await activity(ada))
    said = told(
        tool="list_projects",
        client="Agent 1",
        requestId="r1",
        digest="d",
        arguments={"workspaceId": home.workspace_id},
    )
    for _ in range(3):
        await ada.get(f"/workspaces/{home.workspace_id}", headers=said)
    noted = (await activity(ada))[: -before or None]
    assert [each["tool"] for each in noted] == ["list_projects"]
    assert noted[0]["client"] == "Agent 1"
    assert noted[0]["requestId"] == "r1"
    assert noted[0]["arguments"] == {"workspaceId": home.workspace_id}
    assert noted[0]["argumentsDigest"] == "mark of d"


async def test_reading_without_a_tool_is_not_noted(ada: Any, home: Any) -> None:
    before = await activity(ada)
    await ada.get(f"/workspaces/{home.workspace_id}")
    assert await activity(ada) == before


async def test_a_header_that_means_nothing_is_ignored(ada: Any, home: Any) -> None:
    for value in ("", "%%", "bm9wZQ==", "W10=", "x" * 20_000, "eyJ0b29sIjp7fX0="):
        if len(value) < 8_000:
            path = f"/workspaces/{home.workspace_id}"
            assert (await ada.call("GET", path, headers={HEADER: value})).status == 200
    assert {each["userId"] for each in await activity(ada)} == {"ada"}


async def test_who_calls_is_the_token_whatever_the_header_says(ada: Any, eve: Any) -> None:
    said = told(tool="x", userId="ada", user_id="ada", username="ada", tokenId="t")
    await eve.post("/workspaces", {"name": "Own"}, headers=said)
    assert [each["username"] for each in await activity(eve)] == ["eve@example.com"]
    assert await activity(ada) == []


async def test_an_upload_to_a_presigned_address_is_noted_without_the_address(
    ada: Any, anybody: Any, home: Any
) -> None:
    body = {"method": "POST", "path": f"/design/project-files/{home.project_id}", "query": {}}
    ticket = await ada.post("/presigned-urls", body, status=200)
    form = aiohttp.FormData()
    form.add_field("file", b"a,b", filename="users.csv")
    path = ticket["url"].removeprefix("http://platform.test")
    assert (await anybody.call("POST", path, data=form)).status == 201
    noted = (await activity(ada))[0]
    assert noted["action"] == "POST /design/project-files/{projectId}"
    assert noted["entityIds"][0] == home.project_id
    assert path.rpartition("/")[2] not in json.dumps(await activity(ada))


async def test_limits_and_times_are_honoured(ada: Any, home: Any) -> None:
    newest = (await activity(ada))[0]
    found = await ada.get("/users/current/activity", params={"limit": "1"})
    assert found["activity"] == [newest]
    later = {"since": str(newest["at"] + 1)}
    assert (await ada.get("/users/current/activity", params=later))["activity"] == []
