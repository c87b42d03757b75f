"""What a run would be, before it is one: size, targets, obstacles, and what changed since."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from octoperf_mcp.embedded.engine.play.engine_settings import not_applied
from octoperf_mcp.embedded.engine.processes.order import profile_name
from octoperf_mcp.embedded.engine.runs.scenario_plans import ScenarioPlan, check_scenario
from octoperf_mcp.embedded.failures import Failure, Forbidden
from octoperf_mcp.embedded.launch.blockers import Blocker
from octoperf_mcp.embedded.launch.gate import Gate
from octoperf_mcp.embedded.launch.predictions import crowding, predicted, uncounted
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
        plan = await check_scenario(
            documents, files, scenario, user_id, gate.browser_faults(), actions=gate.actions()
        )
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
    runs_today: int = 0,
    busy: int = 0,
) -> Json:
    """Everything but the launch token, and the fingerprint to make it of.

    `limits` are those of a CI token that asks, `runs_today` what it started within 24 hours;
    `busy` is as in `Gate.require`.
    """
    plan, blockers = await obstacles(gate, documents, files, scenario, user_id)
    targets = await gate.judged(plan) if plan is not None else []
    if plan is not None:
        blockers = [
            *blockers,
            *gate.unconfirmed(plan, targets, busy=busy),
            *_over_budget(plan, limits, runs_today),
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
        "notes": [*unapplied(plan), *crowding(plan), *uncounted(plan)] if plan else [],
        "targets": [target.document() for target in targets],
        "changes": await changes_since(documents, scenario, plan, user_id),
    }


def _over_budget(plan: ScenarioPlan, limits: Limits | None, runs_today: int) -> Iterator[Blocker]:
    if limits is None:
        return
    load = partial(limits.check_load, plan.user_load, plan.duration_ms)
    for check in (load, partial(limits.check_runs, runs_today)):
        try:
            check()
        except Forbidden as refused:
            got, allowed = refused.details.get("got"), refused.details.get("allowed")
            yield Blocker("over_budget", refused.message, got, allowed)


def unapplied(plan: ScenarioPlan) -> list[str]:
    """Settings of its profiles that will not be applied, a sentence each."""
    return [
        f"Profile {profile_name(profile, index)!r}: {text}"
        for index, profile in enumerate(plan.profiles)
        for text in not_applied(
            profile.get("engine") or {},
            plan.materials.virtual_users[str(profile["virtualUserId"])].body["type"],
        )
    ]


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
