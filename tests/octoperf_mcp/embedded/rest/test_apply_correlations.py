"""The task that applies a project's correlation rules, over REST."""

import asyncio
from typing import Any

import aiohttp
import jsonpatch
import pytest

from octoperf_mcp.demo.shop_recording import recording
from octoperf_mcp.embedded.correlation import task
from octoperf_mcp.embedded.correlation.sandbox import apply_in_process
from octoperf_mcp.embedded.platform import Platform

Json = dict[str, Any]
Rest = Any
Home = Any


@pytest.fixture
async def virtual_user(ada: Rest, home: Home, platform: Platform) -> Json:
    task.register(platform)
    form = aiohttp.FormData()
    form.add_field("file", recording(), filename="shop.har", content_type="application/json")
    path = f"/imports/har/{home.project_id}"
    made: Json = await ada.json("POST", path, status=200, data=form)
    stored: Json = await ada.get(f"/design/virtual-users/{made['id']}")
    return stored


def rule(home: Home, **extractor: Any) -> Json:
    return {
        "id": "",
        "projectId": home.project_id,
        "name": "csrf",
        "enabled": True,
        "extractor": {
            "@type": "RegexpVariableExtractor",
            "id": "",
            "name": "csrf",
            "enabled": True,
            "variable": "csrf",
            "regexp": 'name="csrf" value="([^"]+)"',
            "template": "$1$",
            "matchNumber": 1,
            "extractFrom": "BODY",
            "defaultValue": "",
        }
        | extractor,
        "injectionRules": [
            {"@type": "PostParamValueInjectionRule", "enabled": True},
            {"@type": "HeaderValueInjectionRule", "enabled": True},
        ],
    }


async def run(user: Rest, platform: Platform, virtual_user_id: str, project_id: str = "") -> Json:
    body = {"@type": task.TASK, "virtualUserId": virtual_user_id, "projectId": project_id}
    answer = await user.call("POST", "/tasks", json=body)
    assert answer.status == 200
    task_id = await answer.text()
    async with asyncio.timeout(20):
        await platform.tasks.settled(task_id)
    result: Json = await user.get(f"/tasks/{task_id}/result")
    return result


async def test_the_virtual_user_is_changed_and_the_changes_are_told(
    ada: Rest, home: Home, platform: Platform, virtual_user: Json
) -> None:
    await ada.post("/design/correlation-rules", rule(home))
    result = await run(ada, platform, virtual_user["id"], home.project_id)
    assert result["@type"] == "ApplyCorrelationsTaskResult"
    assert result["virtualUserId"] == virtual_user["id"]
    assert result["notes"] == []
    changed = await ada.get(f"/design/virtual-users/{virtual_user['id']}")
    (container,) = changed["children"]
    by_id = {request["id"]: request for request in container["children"]}
    injected = [c for c in result["changes"] if c["change"] == "INJECT"]
    assert [by_id[change["actionId"]]["path"] for change in injected] == [
        "/login",
        "/api/stock",
        "/cart/add",
        "/order",
        "/logout",
    ]
    for change in result["changes"]:
        assert change["variable"] == change["rule"] == "csrf"
        if change["change"] == "EXTRACT":
            assert by_id[change["actionId"]]["children"][0]["variable"] == "csrf"
    revisions = await ada.get(f"/design/virtual-users/revisions/{virtual_user['id']}")
    assert [one["version"] for one in revisions] == [2, 1]
    again = await run(ada, platform, virtual_user["id"])
    assert again["changes"] == []
    assert await ada.get(f"/design/virtual-users/{virtual_user['id']}") == changed


async def test_without_rules_the_result_says_so_and_nothing_changes(
    ada: Rest, platform: Platform, virtual_user: Json
) -> None:
    result = await run(ada, platform, virtual_user["id"])
    assert result["changes"] == []
    assert result["notes"][0]["message"] == "The project has no correlation rules."
    assert await ada.get(f"/design/virtual-users/{virtual_user['id']}") == virtual_user


async def test_a_bad_rule_is_named_beside_what_the_good_one_did(
    ada: Rest, home: Home, platform: Platform, virtual_user: Json
) -> None:
    await ada.post("/design/correlation-rules", rule(home, regexp="(") | {"name": "broken"})
    await ada.post("/design/correlation-rules", rule(home))
    result = await run(ada, platform, virtual_user["id"])
    assert [note["rule"] for note in result["notes"]] == ["broken"]
    assert {change["rule"] for change in result["changes"]} == {"csrf"}


async def test_an_edit_meanwhile_is_not_lost(
    ada: Rest,
    home: Home,
    platform: Platform,
    virtual_user: Json,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await ada.post("/design/correlation-rules", rule(home))
    edits = ["Renamed"]

    async def while_somebody_edits(document: Json, *arguments: Any) -> Any:
        if edits:
            edited = document | {"name": edits.pop()}
            await ada.put(f"/design/virtual-users/{virtual_user['id']}", edited)
        return await apply_in_process(document, *arguments)

    monkeypatch.setattr(task, "apply_in_process", while_somebody_edits)
    result = await run(ada, platform, virtual_user["id"])
    assert result["changes"]
    changed = await ada.get(f"/design/virtual-users/{virtual_user['id']}")
    assert changed["name"] == "Renamed"
    assert "${csrf}" in str(changed["children"])


async def test_a_stranger_and_a_wrong_project_fail_without_a_change(
    ada: Rest, eve: Rest, home: Home, platform: Platform, virtual_user: Json
) -> None:
    await ada.post("/design/correlation-rules", rule(home))
    for user, project_id in ((eve, ""), (ada, "another")):
        result = await run(user, platform, virtual_user["id"], project_id)
        assert result["@type"] == "FailedTaskResult"
    assert await ada.get(f"/design/virtual-users/{virtual_user['id']}") == virtual_user


async def test_proposals_for_the_shop_find_its_token_and_change_nothing(
    ada: Rest, eve: Rest, virtual_user: Json
) -> None:
    path = f"/design/correlation-rules/proposals/{virtual_user['id']}"
    found = await ada.get(path)
    first = found["proposals"][0]
    assert first["name"] == "csrf"
    assert [use["actionName"] for use in first["uses"]]
    assert await ada.get(f"/design/virtual-users/{virtual_user['id']}") == virtual_user
    await eve.json("GET", path, status=404)
    patched = jsonpatch.apply_patch(virtual_user, first["patch"])
    saved = await ada.put(f"/design/virtual-users/{virtual_user['id']}", patched)
    assert "${csrf}" in str(saved["children"])
    again = await ada.get(path)
    assert "csrf" not in [proposal["name"] for proposal in again["proposals"]]
