"""What a run would be, before it is one: size, targets, obstacles, and what changed since."""

from collections.abc import Iterable, Mapping
from typing import Any

from octoperf_mcp.embedded.engine.materials import nodes_of
from octoperf_mcp.embedded.engine.ramp import users_at
from octoperf_mcp.embedded.engine.scenario_plans import ScenarioPlan, check_scenario
from octoperf_mcp.embedded.failures import Failure
from octoperf_mcp.embedded.launch.gate import Blocker, Gate
from octoperf_mcp.embedded.store.documents import Document, Documents
from octoperf_mcp.embedded.store.project_files import ProjectFiles

REQUEST_MS = 100
"""What a request is taken to last, for want of a measurement."""
_SAMPLES = 500
_MOST_CHANGES = 20

Json = dict[str, Any]


async def obstacles(
    gate: Gate, documents: Documents, files: ProjectFiles, scenario: Document, user_id: str
) -> tuple[ScenarioPlan | None, list[Blocker]]:
    """The plan of a run, and why it cannot start; without a plan the blocker says why."""
    try:
        plan = await check_scenario(documents, files, scenario, user_id)
    except Failure as failure:
        return None, [Blocker("invalid", failure.message)]
    return plan, gate.over_caps(plan)


async def preview(
    gate: Gate, documents: Documents, files: ProjectFiles, scenario: Document, user_id: str
) -> Json:
    """Everything but the launch token."""
    plan, blockers = await obstacles(gate, documents, files, scenario, user_id)
    targets = await gate.judged(plan) if plan is not None else []
    if plan is not None:
        blockers = [*blockers, *gate.unconfirmed(plan, targets)]
    requests, sent_bytes = predicted(plan) if plan is not None else (0, 0)
    return {
        "scenarioId": scenario.id,
        "name": scenario.body.get("name") or "",
        "projectId": scenario.project_id,
        "launchable": not blockers,
        "blockers": [blocker.document() for blocker in blockers],
        "peakUsers": plan.user_load if plan else 0,
        "durationMs": plan.duration_ms if plan else 0,
        "predictedRequests": requests,
        "predictedBytes": sent_bytes,
        "targets": [target.document() for target in targets],
        "changes": await changes_since(documents, scenario, plan, user_id),
    }


def predicted(plan: ScenarioPlan) -> tuple[int, int]:
    """Requests and bytes of answers, from recorded think times and sizes; an estimate.

    Every condition is taken to hold, every request to last 100 ms.
    """
    requests = size = 0.0
    for profile in plan.profiles:
        tree = plan.materials.virtual_users[str(profile["virtualUserId"])].body
        count, bytes_, lasts_ms = _iteration(nodes_of(tree))
        iterations = _user_ms(profile["load"], plan.duration_ms) / max(lasts_ms, 1)
        requests += iterations * count
        size += iterations * bytes_
    return round(requests), round(size)


def _iteration(nodes: Iterable[Json]) -> tuple[int, int, float]:
    count, size, lasts_ms = 0, 0, 0.0
    for node in nodes:
        if node.get("@type") != "HttpRequestAction" or not node.get("enabled"):
            continue
        count += 1
        size += _size(node.get("recordedResponse") or {})
        lasts_ms += REQUEST_MS + _think_ms(node.get("thinktime") or {})
    return count, size, lasts_ms


def _size(response: Mapping[str, Any]) -> int:
    body = response.get("body")
    return len(body) if isinstance(body, str) else 0


def _think_ms(thinktime: Mapping[str, Any]) -> float:
    value = thinktime.get("value", thinktime.get("mean", 0))
    return float(value) if isinstance(value, int | float) else 0.0


def _user_ms(load: Json, duration_ms: int) -> float:
    """The area under a load curve."""
    step = max(duration_ms / _SAMPLES, 1)
    moments = int(duration_ms / step)
    return step * sum(users_at(load, int(index * step)) for index in range(moments))


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
        played = [*plan.materials.virtual_users.values(), *plan.materials.servers]
        found += [
            f"The {each.kind.replace('_', ' ')} {each.body.get('name')!r} was edited."
            for each in played
            if int(each.body.get("lastModified") or 0) > began
        ]
    return found[:_MOST_CHANGES]
