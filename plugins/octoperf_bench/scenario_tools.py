"""Tools that make and read scenarios."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from octoperf_bench import links, rest
from octoperf_bench.loads import peak_of, plan_of
from octoperf_bench.payloads import CreatedScenario, ProfileSummary, Scenario
from octoperf_bench.profiles import Wanted, notes_on, players_of, profiles_of
from octoperf_mcp import ToolContext, known_id, listing, tool
from octoperf_mcp.errors import InvalidArgumentError

Name = Annotated[str, Field(min_length=1, max_length=80)]
Description = Annotated[str, Field(max_length=2000)]
Ids = Annotated[list[str], Field(min_length=1)]
Users = Annotated[int, Field(ge=1)]
Seconds = Annotated[int, Field(ge=0)]


@tool(title="Create a ramp-up scenario")
async def create_scenario_ramp_up(
    ctx: ToolContext,
    *,
    scenario_name: Name,
    project_id: str,
    virtual_user_ids: Ids,
    provider_id: str,
    locations: Ids,
    users: Users,
    ramp_up_sec: Seconds,
    hold_for_sec: Seconds,
    delay_sec: Seconds = 0,
    description: Description = "",
    tags: list[str] | None = None,
) -> CreatedScenario:
    """Create a scenario whose users ramp up and then hold. Nothing is started.

    Every virtual user gets a profile with the same shape; the total is users times the number of
    virtual users. Real-browser profiles are held at 1 user. Next: run_scenario, or get_scenario
    to see what was stored.

    Args:
        scenario_name: Name of the scenario.
        project_id: Project of the virtual users, from list_projects_by_workspace.
        virtual_user_ids: Virtual users to play, from list_virtual_users.
        provider_id: Provider of the load generators, from list_docker_providers_by_workspace or
            list_public_docker_providers.
        locations: Locations of the provider, dealt to the profiles in turn.
        users: Concurrent users of each profile at its peak.
        ramp_up_sec: Seconds from the first user to all; 0 starts all at once.
        hold_for_sec: Seconds at the peak.
        delay_sec: Seconds before the ramp starts.
        description: Free text.
        tags: Labels that the runs take over.
    """
    _require_length(ramp_up_sec + hold_for_sec)
    wanted = Wanted(project_id, virtual_user_ids, provider_id, locations, users)
    document = _document(project_id, scenario_name, description, tags)
    shape = {
        "@type": "UserProfileLoadRampUp",
        "delayMs": delay_sec * 1000,
        "rampUpMs": ramp_up_sec * 1000,
        "plateauMs": hold_for_sec * 1000,
    }
    return await _create(ctx, document, wanted, shape)


@tool(title="Create a ramp-up and ramp-down scenario")
async def create_scenario_ramp_up_down(
    ctx: ToolContext,
    *,
    scenario_name: Name,
    project_id: str,
    virtual_user_ids: Ids,
    provider_id: str,
    locations: Ids,
    users: Users,
    ramp_up_sec: Seconds,
    hold_for_sec: Seconds,
    ramp_down_sec: Seconds,
    delay_sec: Seconds = 0,
    description: Description = "",
    tags: list[str] | None = None,
) -> CreatedScenario:
    """Create a scenario whose users ramp up, hold, and ramp down. Nothing is started.

    For long soak tests. Every virtual user gets a profile with the same shape; the total is users
    times the number of virtual users. Real-browser profiles are held at 1 user. Next:
    run_scenario, or get_scenario to see what was stored.

    Args:
        scenario_name: Name of the scenario.
        project_id: Project of the virtual users, from list_projects_by_workspace.
        virtual_user_ids: Virtual users to play, from list_virtual_users.
        provider_id: Provider of the load generators, from list_docker_providers_by_workspace or
            list_public_docker_providers.
        locations: Locations of the provider, dealt to the profiles in turn.
        users: Concurrent users of each profile at its peak.
        ramp_up_sec: Seconds from the first user to all; 0 starts all at once.
        hold_for_sec: Seconds at the peak.
        ramp_down_sec: Seconds from all users to none.
        delay_sec: Seconds before the ramp starts.
        description: Free text.
        tags: Labels that the runs take over.
    """
    _require_length(ramp_up_sec + hold_for_sec + ramp_down_sec)
    wanted = Wanted(project_id, virtual_user_ids, provider_id, locations, users)
    document = _document(project_id, scenario_name, description, tags)
    shape = {
        "@type": "UserProfileLoadRampUpThenRampDown",
        "delayMs": delay_sec * 1000,
        "rampUpMs": ramp_up_sec * 1000,
        "plateauMs": hold_for_sec * 1000,
        "rampDownMs": ramp_down_sec * 1000,
    }
    return await _create(ctx, document, wanted, shape)


@tool(title="Create a stairs scenario")
async def create_scenario_stairs(
    ctx: ToolContext,
    *,
    scenario_name: Name,
    project_id: str,
    virtual_user_ids: Ids,
    provider_id: str,
    locations: Ids,
    users: Users,
    ramp_up_sec: Seconds,
    hold_for_sec: Seconds,
    step_count: Annotated[int, Field(ge=1, le=1000)],
    delay_sec: Seconds = 0,
    description: Description = "",
    tags: list[str] | None = None,
) -> CreatedScenario:
    """Create a scenario whose users climb in equal steps and then hold. Nothing is started.

    For finding a capacity. Every virtual user gets a profile with the same shape; the total is
    users times the number of virtual users. Real-browser profiles are held at 1 user. Next:
    run_scenario, or get_scenario to see what was stored.

    Args:
        scenario_name: Name of the scenario.
        project_id: Project of the virtual users, from list_projects_by_workspace.
        virtual_user_ids: Virtual users to play, from list_virtual_users.
        provider_id: Provider of the load generators, from list_docker_providers_by_workspace or
            list_public_docker_providers.
        locations: Locations of the provider, dealt to the profiles in turn.
        users: Concurrent users of each profile at its peak.
        ramp_up_sec: Seconds of the whole climb; each step takes its share.
        hold_for_sec: Seconds at the peak.
        step_count: Number of steps up to the peak; estimate_capacity takes 6 or more.
        delay_sec: Seconds before the ramp starts.
        description: Free text.
        tags: Labels that the runs take over.
    """
    _require_length(ramp_up_sec + hold_for_sec)
    wanted = Wanted(project_id, virtual_user_ids, provider_id, locations, users)
    document = _document(project_id, scenario_name, description, tags)
    shape = {
        "@type": "UserProfileLoadAscendingStairs",
        "delayMs": delay_sec * 1000,
        "rampUpMs": ramp_up_sec * 1000,
        "plateauMs": hold_for_sec * 1000,
        "stepCount": step_count,
    }
    return await _create(ctx, document, wanted, shape)


@tool(title="Get a scenario", read_only=True)
async def get_scenario(ctx: ToolContext, scenario_id: str) -> Scenario:
    """Read a whole scenario: profiles, load shapes in milliseconds, engine settings.

    Source of the JSON Pointers of patches, and of the length of a run.

    Args:
        scenario_id: Id from list_scenarios_by_project or a create tool.
    """
    with known_id("scenarioId", scenario_id, listed_by="list_scenarios_by_project"):
        read = await ctx.revised(rest.GET_SCENARIO, id=scenario_id)
    found = read.body
    plan = plan_of(found)
    return listing(
        Scenario,
        found,
        url=await scenario_page(ctx, found["projectId"], scenario_id),
        project_id=found["projectId"],
        user_id=found.get("userId"),
        mode=found.get("mode") or "STANDARD",
        revision=read.revision,
        user_profiles=found.get("userProfiles") or [],
        total_users=plan.users,
        planned_duration_sec=plan.duration_sec,
    )


def _require_length(seconds: int) -> None:
    if seconds == 0:
        raise InvalidArgumentError(
            "The scenario would last 0 seconds and send nothing.",
            field="holdForSec",
            got=0,
            next_step="Send a holdForSec of at least 1.",
        )


def _document(
    project_id: str, name: str, description: str, tags: Sequence[str] | None
) -> dict[str, Any]:
    return {
        "id": "",
        "userId": "",
        "projectId": project_id,
        "name": name,
        "description": description,
        "mode": "STANDARD",
        "tags": sorted(set(tags or [])),
    }


async def _create(
    ctx: ToolContext, document: Mapping[str, Any], wanted: Wanted, shape: Mapping[str, Any]
) -> CreatedScenario:
    with known_id("projectId", wanted.project_id, listed_by="list_projects_by_workspace"):
        workspace_id = await ctx.workspace_of(wanted.project_id)
    players = await players_of(ctx, workspace_id, wanted)
    loads = [{**shape, "plateauVus": player.users} for player in players]
    body = {**document, "userProfiles": profiles_of(players, wanted, loads)}
    created = await ctx.rest(rest.CREATE_SCENARIO, body=body)
    plan = plan_of(created)
    return listing(
        CreatedScenario,
        created,
        url=await scenario_page(ctx, wanted.project_id, created["id"]),
        user_profiles=[_summary(profile) for profile in created["userProfiles"]],
        total_users=plan.users,
        planned_duration_sec=plan.duration_sec,
        notes=notes_on(players, wanted),
        next="run_scenario starts it; ask the user first, since a run sends load to the target.",
    )


def _summary(profile: Mapping[str, Any]) -> ProfileSummary:
    return ProfileSummary(
        name=profile.get("name") or "",
        virtual_user_id=profile["virtualUserId"],
        provider_id=profile["providerId"],
        location=profile["location"],
        users=peak_of(profile["load"]),
    )


async def scenario_page(ctx: ToolContext, project_id: str, scenario_id: str) -> str:
    """Page of a scenario."""
    return ctx.link(
        links.SCENARIO,
        workspace_id=await ctx.workspace_of(project_id),
        project_id=project_id,
        scenario_id=scenario_id,
    )
