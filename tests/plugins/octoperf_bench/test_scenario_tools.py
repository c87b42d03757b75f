"""Scenarios: seconds in, milliseconds stored, refusals that name what can be used."""

from typing import Any

import pytest

from octoperf_bench import scenario_tools as tools
from octoperf_mcp.errors import NotFoundError

PLUGIN = "octoperf_bench"
CREATE = "POST /runtime/scenarios"
WANTED = {
    "scenarioName": "Peak",
    "projectId": "p1",
    "virtualUserIds": ["vu1"],
    "providerId": "prov1",
    "locations": ["local"],
    "users": 50,
    "rampUpSec": 60,
    "holdForSec": 300,
}


async def test_seconds_become_the_platforms_milliseconds(context: Any, project: Any) -> None:
    fake = context(PLUGIN, project)
    result = await fake.run(
        tools.create_scenario_ramp_up,
        {**WANTED, "delaySec": 5, "description": "why", "tags": ["b", "a", "b"]},
    )
    assert fake.body_of(CREATE) == {
        "id": "",
        "userId": "",
        "projectId": "p1",
        "name": "Peak",
        "description": "why",
        "mode": "STANDARD",
        "tags": ["a", "b"],
        "userProfiles": [
            {
                "name": "Shopper",
                "virtualUserId": "vu1",
                "providerId": "prov1",
                "location": "local",
                "memory": {"vuMb": None},
                "load": {
                    "@type": "UserProfileLoadRampUp",
                    "delayMs": 5000,
                    "rampUpMs": 60_000,
                    "plateauMs": 300_000,
                    "plateauVus": 50,
                },
                "engine": {
                    "@type": "JmeterUserProfileEngine",
                    "settings": {
                        "errorHandling": "CONTINUE",
                        "thinkTime": {"thinktime": None, "pacing": None},
                        "externalLiveReporting": {
                            "@type": "JmeterExternalLiveReportingSettings",
                            "listeners": [],
                            "queueSize": 5000,
                        },
                        "setUp": None,
                        "tearDown": None,
                    },
                    "bandwidth": {"name": "UNLIMITED", "bitsPerSecond": 0},
                    "browser": {
                        "name": "AS_RECORDED",
                        "userAgent": "",
                        "cache": {
                            "cacheSize": 5000,
                            "clearCacheOnEachIteration": True,
                            "useCacheControlHeaders": False,
                        },
                        "cookies": {"clearOnEachIteration": True, "policy": "STANDARD"},
                        "downloadResources": None,
                        "keepAlive": None,
                    },
                    "dns": {"clearEachIteration": False, "servers": [], "staticHosts": {}},
                    "jtl": {"type": "ALL", "settings": []},
                    "properties": {"map": {}},
                },
            }
        ],
    }
    assert (result["id"], result["name"], result["tags"]) == ("sc9", "Peak", ["a", "b"])
    assert (result["totalUsers"], result["plannedDurationSec"]) == (50, 365)
    assert result["notes"] == []
    assert "run_scenario" in result["next"]
    assert result["url"] == "https://octoperf.test/ui/workspace/w1/project/p1/runtime/scenario/sc9"


async def test_a_ramp_down_is_stored_and_counts(context: Any, project: Any) -> None:
    fake = context(PLUGIN, project)
    result = await fake.run(tools.create_scenario_ramp_up_down, {**WANTED, "rampDownSec": 30})
    assert fake.body_of(CREATE)["userProfiles"][0]["load"] == {
        "@type": "UserProfileLoadRampUpThenRampDown",
        "delayMs": 0,
        "rampUpMs": 60_000,
        "plateauMs": 300_000,
        "rampDownMs": 30_000,
        "plateauVus": 50,
    }
    assert result["plannedDurationSec"] == 390


async def test_stairs_are_stored_with_their_steps(context: Any, project: Any) -> None:
    fake = context(PLUGIN, project)
    await fake.run(
        tools.create_scenario_stairs,
        {**WANTED, "virtualUserIds": ["vu1", "vu2"], "stepCount": 5},
    )
    loads = [profile["load"] for profile in fake.body_of(CREATE)["userProfiles"]]
    assert loads[0] == {
        "@type": "UserProfileLoadAscendingStairs",
        "delayMs": 0,
        "rampUpMs": 60_000,
        "plateauMs": 300_000,
        "stepCount": 5,
        "plateauVus": 50,
    }
    assert loads[1]["plateauVus"] == 1


async def test_locations_are_dealt_in_turn(context: Any, project: Any) -> None:
    fake = context(PLUGIN, project)
    result = await fake.run(
        tools.create_scenario_ramp_up,
        {**WANTED, "virtualUserIds": ["vu1", "vu1", "vu1"], "locations": ["paris", "local"]},
    )
    assert [row["location"] for row in result["userProfiles"]] == ["paris", "local", "paris"]
    assert result["totalUsers"] == 150


async def test_a_real_browser_is_held_at_one_user_and_said_so(context: Any, project: Any) -> None:
    fake = context(PLUGIN, project)
    result = await fake.run(
        tools.create_scenario_ramp_up, {**WANTED, "virtualUserIds": ["vu1", "vu2", "old"]}
    )
    profiles = fake.body_of(CREATE)["userProfiles"]
    assert [profile["load"]["plateauVus"] for profile in profiles] == [50, 1, 1]
    assert profiles[1]["engine"] == {
        "@type": "PlaywrightUserProfileEngine",
        "settings": profiles[0]["engine"]["settings"],
        "device": None,
        "timeoutMs": 30_000,
        "baseURL": None,
        "slowMoMs": 0,
    }
    assert profiles[2]["engine"] == {
        "@type": "SeleniumUserProfileEngine",
        "settings": profiles[0]["engine"]["settings"],
        "bandwidth": {"name": "UNLIMITED", "bitsPerSecond": 0},
    }
    assert [row["users"] for row in result["userProfiles"]] == [50, 1, 1]
    assert len(result["notes"]) == 2
    assert "Probe" in result["notes"][0]


async def test_an_unknown_location_names_the_usable_ones(context: Any, project: Any) -> None:
    fake = context(PLUGIN, project)
    error = await fake.refuse(
        tools.create_scenario_ramp_up, {**WANTED, "locations": ["local", "pari"]}
    )
    assert error.code == "invalid_argument"
    assert error.details == {
        "field": "locations/1",
        "got": "pari",
        "allowed": ["local", "paris"],
        "didYouMean": "paris",
    }
    assert CREATE not in fake.lines


async def test_an_unknown_provider_names_the_usable_ones_with_their_locations(
    context: Any, project: Any
) -> None:
    fake = context(PLUGIN, project)
    error = await fake.refuse(tools.create_scenario_ramp_up, {**WANTED, "providerId": "nope"})
    assert error.details["allowed"] == ["prov1", "cloud"]
    assert "This machine (id prov1; locations: local, paris)" in error.message
    assert "Cloud (id cloud; locations: eu-west-1)" in error.message


async def test_public_providers_can_be_used(context: Any, project: Any) -> None:
    fake = context(PLUGIN, project)
    result = await fake.run(
        tools.create_scenario_ramp_up,
        {**WANTED, "providerId": "cloud", "locations": ["eu-west-1"]},
    )
    assert result["userProfiles"][0]["providerId"] == "cloud"


async def test_an_unknown_virtual_user_is_refused_before_anything_is_made(
    context: Any, project: Any
) -> None:
    fake = context(PLUGIN, project)
    error = await fake.refuse(
        tools.create_scenario_ramp_up, {**WANTED, "virtualUserIds": ["vu1", "vu3"]}
    )
    assert error.details["field"] == "virtualUserIds/1"
    assert "list_virtual_users" in error.next_step
    assert CREATE not in fake.lines


async def test_a_fragment_cannot_be_loaded_by_itself(context: Any, project: Any) -> None:
    error = await context(PLUGIN, project).refuse(
        tools.create_scenario_ramp_up, {**WANTED, "virtualUserIds": ["frag"]}
    )
    assert "cannot be loaded by itself" in error.message


async def test_a_load_without_any_duration_is_refused(context: Any, project: Any) -> None:
    error = await context(PLUGIN, project).refuse(
        tools.create_scenario_ramp_up, {**WANTED, "rampUpSec": 0, "holdForSec": 0}
    )
    assert error.details["field"] == "holdForSec"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("users", 0),
        ("rampUpSec", -1),
        ("virtualUserIds", []),
        ("locations", []),
        ("scenarioName", ""),
        ("scenarioName", "x" * 81),
        ("description", "x" * 2001),
    ],
)
async def test_arguments_out_of_bounds_are_refused_by_name(
    context: Any, name: str, value: Any
) -> None:
    error = await context(PLUGIN).refuse(tools.create_scenario_ramp_up, {**WANTED, name: value})
    assert error.details["field"] == name


async def test_a_whole_scenario_is_read_as_it_is_stored(context: Any, scenario: Any) -> None:
    result = await context(PLUGIN, {"GET /runtime/scenarios/sc1": scenario}).run(
        tools.get_scenario, {"scenarioId": "sc1"}
    )
    for name in ("id", "projectId", "name", "mode", "tags", "userProfiles"):
        assert result[name] == scenario[name]
    assert (result["totalUsers"], result["plannedDurationSec"]) == (20, 600)
    assert result["url"].endswith("/project/p1/runtime/scenario/sc1")


async def test_an_unknown_scenario_says_where_ids_come_from(context: Any) -> None:
    gone = {"GET /runtime/scenarios/nope": NotFoundError("no", status=404)}
    error = await context(PLUGIN, gone).refuse(tools.get_scenario, {"scenarioId": "nope"})
    assert error.details["field"] == "scenarioId"
    assert "list_scenarios_by_project" in error.next_step
