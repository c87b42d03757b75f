"""Editing scenarios: the whole document goes back, refusals name the operation and the schema."""

import copy
from typing import Any

from octoperf_bench import scenario_edits as tools

PLUGIN = "octoperf_bench"
GET = "GET /runtime/scenarios/sc1"
PUT = "PUT /runtime/scenarios/sc1"
CUSTOM = {
    "@type": "UserProfileLoadCustom",
    "points": [
        {"timeInMs": 0, "threadsCount": 0},
        {"timeInMs": 60_000, "threadsCount": 30},
        {"timeInMs": 90_000, "threadsCount": 5},
    ],
}


def patched(*operations: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"scenarioId": "sc1", "patch": list(operations), **more}


async def test_an_update_keeps_the_profiles(context: Any, scenario: Any) -> None:
    fake = context(PLUGIN, {GET: scenario, PUT: lambda body: body}, revision=3)
    found = await fake.run(
        tools.update_scenario, {"scenarioId": "sc1", "name": "Peak", "tags": ["b", "a"]}
    )
    assert fake.body_of(PUT) == {**scenario, "name": "Peak", "tags": ["b", "a"]}
    assert (found["name"], found["tags"], found["revision"]) == ("Peak", ["a", "b"], 4)
    assert found["url"].endswith("/runtime/scenario/sc1")


async def test_an_update_of_nothing_is_refused(context: Any) -> None:
    error = await context(PLUGIN).refuse(tools.update_scenario, {"scenarioId": "sc1"})
    assert error.details["allowed"] == ["name", "description", "tags"]


async def test_a_patch_brings_a_custom_shape(context: Any, scenario: Any) -> None:
    """The only way to a point-by-point shape."""
    fake = context(PLUGIN, {GET: scenario, PUT: lambda body: body}, revision=3)
    operation = {"op": "replace", "path": "/userProfiles/0/load", "value": CUSTOM}
    found = await fake.run(tools.patch_scenario, patched(operation, ifRevision=3))
    assert fake.body_of(PUT)["userProfiles"][0]["load"] == CUSTOM
    assert (found["totalUsers"], found["plannedDurationSec"]) == (30, 90)
    assert found["applied"] == [{"index": 0, "op": "replace", "pointer": "/userProfiles/0/load"}]
    assert (found["revision"], found["dryRun"]) == (4, False)
    assert found["diff"]


async def test_a_dry_run_of_a_patch_saves_nothing(context: Any, scenario: Any) -> None:
    fake = context(PLUGIN, {GET: scenario})
    operation = {"op": "replace", "path": "/userProfiles/0/load/plateauVus", "value": 7}
    found = await fake.run(tools.patch_scenario, patched(operation, dryRun=True))
    assert (found["totalUsers"], found["dryRun"]) == (7, True)
    assert fake.lines == [GET]


async def test_a_profile_with_an_incomplete_engine_is_refused(context: Any, scenario: Any) -> None:
    fake = context(PLUGIN, {GET: scenario})
    profile = {
        **copy.deepcopy(scenario["userProfiles"][0]),
        "engine": {"@type": "PlaywrightUserProfileEngine"},
    }
    operation = {"op": "add", "path": "/userProfiles/-", "value": profile}
    error = await fake.refuse(tools.patch_scenario, patched(operation))
    assert error.details["field"] == "patch/0"
    assert "octoperf://schema/scenario" in error.next_step
    assert fake.lines == [GET]


async def test_a_deletion_names_what_stays(context: Any, scenario: Any) -> None:
    fake = context(PLUGIN, {GET: scenario, "DELETE /runtime/scenarios/sc1": None})
    found = await fake.run(tools.delete_scenario, {"scenarioId": "sc1"})
    assert (found["id"], found["name"]) == ("sc1", "Checkout")
    assert found["url"].endswith("/project/p1/runtime/scenario")
