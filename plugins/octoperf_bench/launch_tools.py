"""Tools for the moment before a run: plans, subscriptions, a preview."""

from collections.abc import Mapping
from typing import Any

from octoperf_bench import links, rest
from octoperf_bench.payloads import (
    LaunchBlocker,
    LaunchTarget,
    MatchingPlan,
    MatchingPlans,
    RunPreview,
    Subscription,
    SubscriptionList,
)
from octoperf_bench.scenario_tools import scenario_page
from octoperf_mcp import Limit, ToolContext, known_id, page_in_order, plain_text, tool

_LISTED_BY = "list_scenarios_by_project"
_LONGEST = 400


@tool(title="List matching plans", read_only=True)
async def get_scenario_matching_plans(ctx: ToolContext, scenario_id: str) -> MatchingPlans:
    """Pre-flight of run_scenario and schedules: the plans that can host a scenario as it is.

    No plan means that it cannot start: list_active_subscriptions shows the caps. Starts nothing.

    Args:
        scenario_id: Id from list_scenarios_by_project.
    """
    with known_id("scenarioId", scenario_id, listed_by=_LISTED_BY):
        scenario = await ctx.rest(rest.GET_SCENARIO, id=scenario_id)
        found = await ctx.rest(rest.MATCHING_PLANS, id=scenario_id) or []
    return MatchingPlans(
        plans=[_plan(each) for each in found],
        total=len(found),
        launchable=bool(found),
        next="run_scenario can start it; ask the user first."
        if found
        else "It cannot start: compare get_scenario with list_active_subscriptions.",
        url=await scenario_page(ctx, scenario["projectId"], scenario_id),
    )


@tool(title="List active subscriptions", read_only=True)
async def list_active_subscriptions(
    ctx: ToolContext, limit: Limit = 100, cursor: str = ""
) -> SubscriptionList:
    """List the usable subscriptions with their caps; an absent cap is none.

    Tells which cap binds when get_scenario_matching_plans finds no plan.

    Args:
        limit: Largest number of rows.
        cursor: nextCursor of the page before.
    """
    found = await ctx.rest(rest.SUBSCRIPTIONS) or []
    url = ctx.link(links.SUBSCRIPTION)
    page = page_in_order([_subscription(each, url) for each in found], limit=limit, cursor=cursor)
    return SubscriptionList(
        subscriptions=page.rows, total=page.total, next_cursor=page.next_cursor, url=url
    )


@tool(title="Preview a run", read_only=True, needs=(rest.PREVIEW,))
async def preview_run(ctx: ToolContext, scenario_id: str) -> RunPreview:
    """Tell what a run would be: blockers, users, predicted requests, hosts, what changed since.

    notices tell whether a chat (webhook) is notified of its end, and with which figures.

    launchToken makes the start exactly-once: send it with run_scenario, also when repeating a
    call whose answer was lost. Show hosts and users to the user before. Starts nothing.

    Args:
        scenario_id: Id from list_scenarios_by_project.
    """
    with known_id("scenarioId", scenario_id, listed_by=_LISTED_BY):
        found = await ctx.rest(rest.PREVIEW, id=scenario_id)
    launchable = bool(found.get("launchable"))
    return RunPreview(
        scenario_id=scenario_id,
        name=str(found.get("name") or ""),
        launchable=launchable,
        blockers=[
            LaunchBlocker(
                code=str(each.get("code") or ""),
                message=plain_text(str(each.get("message") or ""), _LONGEST),
            )
            for each in found.get("blockers") or []
        ],
        peak_users=int(found.get("peakUsers") or 0),
        peak_browser_users=int(found.get("peakBrowserUsers") or 0),
        planned_duration_sec=round((found.get("durationMs") or 0) / 1000),
        predicted_requests=int(found.get("predictedRequests") or 0),
        predicted_bytes=int(found.get("predictedBytes") or 0),
        notes=[plain_text(str(each), _LONGEST) for each in found.get("notes") or []],
        targets=[
            LaunchTarget(
                host=str(each.get("host") or ""),
                port=int(each.get("port") or 0),
                confirmed=bool(each.get("confirmed")),
                confirmed_by=each.get("confirmedBy"),
            )
            for each in found.get("targets") or []
        ],
        changes=[plain_text(str(each), _LONGEST) for each in found.get("changes") or []],
        notices=[plain_text(str(each), _LONGEST) for each in found.get("notices") or []],
        launch_token=found.get("launchToken") or None,
        next="Ask the user, then run_scenario with launchToken, within 15 minutes."
        if launchable
        else "It cannot start: blockers tell why.",
        url=await scenario_page(ctx, found["projectId"], scenario_id),
    )


def _plan(found: Mapping[str, Any]) -> MatchingPlan:
    return MatchingPlan(
        id=str(found.get("subscriptionId") or found.get("id") or ""),
        name=str(found.get("name") or ""),
        allocated_users=found.get("allocatedUsers"),
        parallel_runs_supported=found.get("parallelRunsSupported"),
        max_concurrent_users=found.get("maxConcurrentUsers"),
        max_real_browser_users=found.get("maxRealBrowserUsers"),
        max_test_duration_sec=found.get("maxTestDurationSec"),
    )


def _subscription(found: Mapping[str, Any], url: str) -> Subscription:
    return Subscription(
        id=str(found.get("id") or ""),
        name=str(found.get("name") or ""),
        status=str(found.get("status") or ""),
        max_concurrent_users=found.get("maxConcurrentUsers"),
        max_real_browser_users=found.get("maxRealBrowserUsers"),
        max_profiles_per_scenario=found.get("maxProfilesPerScenario"),
        max_test_duration_sec=found.get("maxTestDurationSec"),
        remaining_tests=found.get("remainingTests"),
        max_tests_per_run=found.get("maxTestsPerRun"),
        url=url,
    )
