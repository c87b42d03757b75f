"""Presets of correlation rules over REST."""

import asyncio
from typing import Any

ADD = "/design/correlation-rules/add-framework"


async def test_a_preset_is_added_once_whatever_was_stacked_before(ada: Any, home: Any) -> None:
    presets = {preset["name"]: preset for preset in await ada.get("/design/correlation-frameworks")}
    assert set(presets) == {"SAML", "OAuth", "Token", ".NET", "Java", "AzureAD"}
    path = f"{ADD}/{home.project_id}/{presets['.NET']['id']}"
    created = await ada.post(path, None, status=200)
    assert [rule["name"] for rule in created] == [rule["name"] for rule in presets[".NET"]["rules"]]
    assert all(rule["id"] and rule["projectId"] == home.project_id for rule in created)
    assert await ada.post(path, None, status=200) == []
    java = await ada.post(f"{ADD}/{home.project_id}/{presets['Java']['id']}", None, status=200)
    assert [rule["name"] for rule in java] == ["sessionId"]
    await ada.delete(f"/design/correlation-rules/{created[3]['id']}")
    again = await ada.post(path, None, status=200)
    assert [rule["name"] for rule in again] == [created[3]["name"]]


async def test_two_additions_at_once_add_each_rule_once(ada: Any, home: Any) -> None:
    path = f"{ADD}/{home.project_id}/token"
    both = await asyncio.gather(*(ada.post(path, None, status=200) for _ in range(2)))
    listed = await ada.get(f"/design/correlation-rules/by-project/{home.project_id}")
    assert sorted(map(len, both)) == [0, len(listed)]


async def test_an_unknown_preset_is_answered_with_the_known_ones(ada: Any, home: Any) -> None:
    error = await ada.post(f"{ADD}/{home.project_id}/none", None, status=404)
    assert "azure-ad" in error["allowed"]
