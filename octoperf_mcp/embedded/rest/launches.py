"""Before a run: the plans that can host it, and a preview with a launch token."""

from aiohttp import web

from octoperf_mcp.embedded.engine.runs.notices import promises
from octoperf_mcp.embedded.launch import previews
from octoperf_mcp.embedded.launch.tokens import make_token
from octoperf_mcp.embedded.platform import PLATFORM, PRINCIPAL
from octoperf_mcp.embedded.rest import crud
from octoperf_mcp.embedded.rest.answers import json_answer
from octoperf_mcp.embedded.store.project_files import ProjectFiles


def routes() -> list[web.RouteDef]:
    """Routes of this module."""
    return [
        web.get("/subscriptions/active", subscriptions),
        web.get("/runtime/scenarios/matching-plans/{id}", matching_plans),
        web.get("/runtime/scenarios/preview/{id}", preview),
    ]


async def subscriptions(request: web.Request) -> web.Response:
    """The one plan: this machine."""
    return json_answer([request.app[PLATFORM].runs.gate.caps.subscription()])


async def matching_plans(request: web.Request) -> web.Response:
    """That plan, when it can host the scenario as it is; else nothing."""
    platform, user_id = request.app[PLATFORM], crud.user_of(request)
    scenario = await crud.documents_of(request).get(
        "scenario", request.match_info["id"], user_id=user_id
    )
    gate, files = platform.runs.gate, ProjectFiles(platform.database, platform.blobs)
    plan, blockers = await previews.obstacles(gate, platform.documents, files, scenario, user_id)
    fits = plan is not None and not blockers
    return json_answer([gate.caps.matching_plan(plan.user_load)] if plan and fits else [])


async def preview(request: web.Request) -> web.Response:
    """What a run would be; `launchToken` starts it, once."""
    platform, user_id = request.app[PLATFORM], crud.user_of(request)
    scenario = await crud.documents_of(request).get(
        "scenario", request.match_info["id"], user_id=user_id
    )
    files = ProjectFiles(platform.database, platform.blobs)
    limits = request[PRINCIPAL].limits
    found = await previews.preview(
        platform.runs.gate,
        platform.documents,
        files,
        scenario,
        user_id,
        limits=limits,
        runs_today=await _runs_today(request) if limits and limits.runs_per_day else 0,
        busy=platform.runs.open_users,
    )
    token = make_token(
        platform.identity.mark,
        user_id=user_id,
        scenario_id=scenario.id,
        fingerprint=found.pop("fingerprint"),
    )
    return json_answer(
        {
            **found,
            "notices": promises(platform.extensions.listeners),
            "launchToken": token if found["launchable"] else None,
        }
    )


async def _runs_today(request: web.Request) -> int:
    """Runs that the token of a request started within 24 hours."""
    tokens = request.app[PLATFORM].identity.ci_tokens
    return await tokens.runs_today(request[PRINCIPAL].grant_id)
