"""What a run would be, before it is one: size, targets, obstacles, and what changed since."""

from typing import Any

from octoperf_mcp.embedded.engine.scenario_plans import ScenarioPlan, check_scenario
from octoperf_mcp.embedded.failures import Failure, Forbidden
from octoperf_mcp.embedded.launch.blockers import Blocker
from octoperf_mcp.embedded.launch.gate import Gate
from octoperf_mcp.embedded.launch.predictions import crowding, predicted
from octoperf_mcp.embedded.limits import Limits
from octoperf_mcp.embedded.store.documents import Document, Documents
from octoperf_mcp.embedded.store.project_files import ProjectFiles

_MOST_CHANGES = 20

Json = dict[str, Any]


async def obstacles(
    gate: Gate, documents: Documents, files: ProjectFiles, scenario: Document, user_id: str
) -> tuple[ScenarioPlan | None, list[Blocker]]:
    """The plan of a run, and why it cannot start; without a plan the blocker says why."""
    try:
        plan = await check_scenario(documents, files, scenario, user_id, gate.browser_faults())
    except Failure as failure:
        return None, [Blocker("invalid", failure.message)]
    return plan, gate.over_caps(plan)


async def preview(
    gate: Gate,
    documents: Documents,
    files: ProjectFiles,
    scenario: Document,
    user_id: str,
    *,
    limits: Limits | None = None,
    busy: int = 0,
) -> Json:
    """Everything but the launch token, and the fingerprint to make it of.

    `limits` are those of a CI token that asks, `busy` is as in `Gate.require`.
    """
    plan, blockers = await obstacles(gate, documents, files, scenario, user_id)
    targets = await gate.judged(plan) if plan is not None else []
    if plan is not None:
        blockers = [
            *blockers,
            *gate.unconfirmed(plan, targets, busy=busy),
            *_over_budget(plan, limits),
        ]
    requests, sent_bytes = predicted(plan) if plan is not None else (0, 0)
    return {
        "fingerprint": plan.fingerprint if plan else "",
        "scenarioId": scenario.id,
        "name": scenario.body.get("name") or "",
        "projectId": scenario.project_id,
        "launchable": not blockers,
        "blockers": [blocker.document() for blocker in blockers],
        "peakUsers": plan.user_load if plan else 0,
        "peakBrowserUsers": plan.browser_load if plan else 0,
        "durationMs": plan.duration_ms if plan else 0,
        "predictedRequests": requests,
        "predictedBytes": sent_bytes,
        "notes": crowding(plan) if plan else [],
        "targets": [target.document() for target in targets],
        "changes": await changes_since(documents, scenario, plan, user_id),
    }


def _over_budget(plan: ScenarioPlan, limits: Limits | None) -> list[Blocker]:
    if limits is None:
        return []
    try:
        limits.check_load(plan.user_load, plan.duration_ms)
    except Forbidden as refused:
        details = refused.details
        return [Blocker("over_budget", refused.message, details.get("got"), details.get("allowed"))]
    return []


async def changes_since(
    documents: Documents, scenario: Document, plan: ScenarioPlan | None, user_id: str
) -> list[str]:
    """What was edited since the last run of the scenario, a sentence each."""
    runs = await documents.list("bench_result", user_id=user_id, project_id=scenario.project_id)
    own = [run.body for run in runs if run.body.get("scenarioId") == scenario.id]
    if not own:
        return ["It has never been run."]
    began = max(int(run["created"]) for run in own)
    found = []
    if int(scenario.body.get("lastModified") or 0) > began:
        found.append("The scenario was edited.")
    if plan is not None:
        held = plan.materials
        found += [
            f"The {each.kind.replace('_', ' ')} {each.body.get('name')!r} was edited."
            for each in (*held.virtual_users.values(), *held.servers, *held.variables)
            if await _modified(documents, each, user_id) > began
        ]
        found += [f"The file {each.name!r} is new." for each in held.files if each.modified > began]
    return found[:_MOST_CHANGES]


async def _modified(documents: Documents, each: Document, user_id: str) -> int:
    """Epoch ms; variables do not tell themselves."""
    if each.kind != "variable":
        return int(each.body.get("lastModified") or 0)
    newest, *_ = await documents.revisions(each.kind, each.id, user_id=user_id)
    return newest.made or 0
