"""Plans, subscriptions and the preview of a run, as an agent meets them."""

from typing import Any

from octoperf_bench import launch_tools as tools
from octoperf_bench.run_tools import run_scenario

PLUGIN = "octoperf_bench"
SCENARIO = "GET /runtime/scenarios/sc1"
PLANS = "GET /runtime/scenarios/matching-plans/sc1"
CAPS = {
    "id": "sub_1",
    "name": "This machine",
    "status": "active",
    "maxConcurrentUsers": 500,
    "maxRealBrowserUsers": 0,
    "maxProfilesPerScenario": 100,
    "maxTestDurationSec": 86_400,
    "remainingTests": None,
}


async def test_a_plan_that_matches_makes_it_launchable(context: Any, scenario: Any) -> None:
    plan = {**CAPS, "subscriptionId": "sub_1", "allocatedUsers": 20, "parallelRunsSupported": 2}
    found = await context(PLUGIN, {SCENARIO: scenario, PLANS: [plan]}).run(
        tools.get_scenario_matching_plans, {"scenarioId": "sc1"}
    )
    assert found["launchable"] is True
    assert found["plans"] == [
        {
            "id": "sub_1",
            "name": "This machine",
            "allocatedUsers": 20,
            "parallelRunsSupported": 2,
            "maxConcurrentUsers": 500,
            "maxRealBrowserUsers": 0,
            "maxTestDurationSec": 86_400,
        }
    ]


async def test_no_plan_means_it_cannot_start(context: Any, scenario: Any) -> None:
    found = await context(PLUGIN, {SCENARIO: scenario, PLANS: []}).run(
        tools.get_scenario_matching_plans, {"scenarioId": "sc1"}
    )
    assert (found["launchable"], found["total"]) == (False, 0)
    assert "list_active_subscriptions" in found["next"]


async def test_subscriptions_are_listed_with_their_caps(context: Any) -> None:
    found = await context(PLUGIN, {"GET /subscriptions/active": [CAPS]}).run(
        tools.list_active_subscriptions, {}
    )
    (row,) = found["subscriptions"]
    assert (row["maxConcurrentUsers"], row["status"]) == (500, "active")
    assert "remainingTests" not in row
    assert found["url"].endswith("/ui/account/subscription")


async def test_a_preview_hands_out_a_token_and_run_scenario_sends_it(
    context: Any, scenario: Any
) -> None:
    preview = {
        "scenarioId": "sc1",
        "name": "Checkout",
        "projectId": "p1",
        "launchable": True,
        "blockers": [],
        "peakUsers": 20,
        "durationMs": 600_000,
        "predictedRequests": 12_000,
        "predictedBytes": 1,
        "targets": [
            {"host": "shop.test", "port": 443, "confirmed": True, "confirmedBy": "workspace"}
        ],
        "changes": ["The scenario was edited."],
        "notices": ["A chat is told."],
        "launchToken": "t.0",
    }
    run = "POST /runtime/scenarios/run/sc1?launchToken=t.0"
    report = {"id": "rep1", "name": "Checkout", "benchResultIds": ["res1"]}
    fake = context(
        PLUGIN, {"GET /runtime/scenarios/preview/sc1": preview, SCENARIO: scenario, run: report}
    )
    found = await fake.run(tools.preview_run, {"scenarioId": "sc1"})
    assert (found["launchToken"], found["plannedDurationSec"]) == ("t.0", 600)
    assert found["targets"][0]["confirmedBy"] == "workspace"
    assert found["notices"] == ["A chat is told."]
    started = await fake.run(
        run_scenario, {"scenarioId": "sc1", "launchToken": found["launchToken"]}
    )
    assert started["benchReportId"] == "rep1"
