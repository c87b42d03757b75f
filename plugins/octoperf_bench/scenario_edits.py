"""Tools that change and delete scenarios."""

from typing import Annotated, Any

from pydantic import Field

from octoperf_bench import links, rest
from octoperf_bench.loads import plan_of
from octoperf_bench.payloads import DeletedScenario, PatchedScenario, ScenarioListing
from octoperf_bench.scenario_tools import Description, Name, scenario_page
from octoperf_mcp import (
    Confirm,
    Editable,
    IfRevision,
    PatchOperations,
    ToolContext,
    edit_document,
    known_id,
    listing,
    patch_document,
    tool,
)
from octoperf_mcp.errors import InvalidArgumentError

SCENARIO = Editable(
    "scenario",
    read=rest.GET_SCENARIO,
    write=rest.PUT_SCENARIO,
    at=rest.GET_SCENARIO_REVISION,
    schema="scenario",
)
_LISTED_BY = "list_scenarios_by_project"

Tags = Annotated[list[str], Field(max_length=100)]


@tool(title="Update a scenario", idempotent=True)
async def update_scenario(
    ctx: ToolContext,
    scenario_id: str,
    *,
    name: Name | None = None,
    description: Description | None = None,
    tags: Tags | None = None,
    if_revision: IfRevision | None = None,
) -> ScenarioListing:
    """Change the name, description or tags of a scenario; its profiles stay as they are.

    patch_scenario edits profiles, loads and engines.

    Args:
        scenario_id: Id from list_scenarios_by_project.
        name: New name.
        description: New description.
        tags: All tags from now on; the present ones are replaced.
        if_revision: Refuse if it has another revision than this one by now.
    """
    changes = {"name": name, "description": description, "tags": tags}
    given = {field: value for field, value in changes.items() if value is not None}
    if not given:
        raise InvalidArgumentError(
            "Nothing to change was given.",
            allowed=list(changes),
            next_step="Send at least one of the allowed arguments.",
        )

    async def change(document: dict[str, Any]) -> dict[str, Any]:
        return {**document, **given}

    with known_id("scenarioId", scenario_id, listed_by=_LISTED_BY):
        edited = await edit_document(ctx, SCENARIO, scenario_id, change, if_revision=if_revision)
    return listing(
        ScenarioListing,
        edited.after,
        url=await scenario_page(ctx, edited.before["projectId"], scenario_id),
        revision=edited.revision,
    )


@tool(title="Patch a scenario", destructive=True, parameter_aliases={"ops": "patch"})
async def patch_scenario(
    ctx: ToolContext,
    scenario_id: str,
    patch: PatchOperations,
    *,
    dry_run: bool = False,
    if_revision: IfRevision | None = None,
) -> PatchedScenario:
    """Edit a scenario by an RFC 6902 JSON Patch: all operations or none. Nothing is started.

    The way to custom load shapes, further profiles, setUp and tearDown. Pointers come from
    get_scenario; read octoperf://schema/scenario first. Copy a whole profile and change the copy:
    an incomplete engine is refused.

    Args:
        scenario_id: Id from list_scenarios_by_project.
        patch: Operations in order; indexes shift after each add and remove.
        dry_run: Check and answer what would change, without saving.
        if_revision: Refuse if it has another revision than this one by now.
    """
    with known_id("scenarioId", scenario_id, listed_by=_LISTED_BY):
        edited, applied = await patch_document(
            ctx, SCENARIO, scenario_id, patch, if_revision=if_revision, dry_run=dry_run
        )
    plan = plan_of(edited.after)
    return listing(
        PatchedScenario,
        edited.after,
        url=await scenario_page(ctx, edited.before["projectId"], scenario_id),
        revision=edited.revision,
        summary=edited.told.summary,
        diff=edited.told.diff,
        dry_run=dry_run,
        applied=applied,
        total_users=plan.users,
        planned_duration_sec=plan.duration_sec,
    )


@tool(
    title="Delete a scenario",
    destructive=True,
    idempotent=True,
    confirm=Confirm("Delete the scenario {name}?", rest.GET_SCENARIO, {"id": "scenarioId"}),
)
async def delete_scenario(ctx: ToolContext, scenario_id: str) -> DeletedScenario:
    """Delete a scenario. Its runs and reports stay; scheduled jobs cannot start it any more.

    Args:
        scenario_id: Id from list_scenarios_by_project.
    """
    with known_id("scenarioId", scenario_id, listed_by=_LISTED_BY):
        document = await ctx.rest(rest.GET_SCENARIO, id=scenario_id)
        project_id = document["projectId"]
        workspace_id = await ctx.workspace_of(project_id)
        await ctx.rest(rest.DELETE_SCENARIO, id=scenario_id)
    return DeletedScenario(
        id=scenario_id,
        name=str(document.get("name") or ""),
        next="list_bench_reports_by_project still shows its runs.",
        url=ctx.link(links.SCENARIOS, workspace_id=workspace_id, project_id=project_id),
    )
