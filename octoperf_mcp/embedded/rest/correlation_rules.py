"""Correlation rules of projects, and the presets that rules can be copied from."""

import asyncio
from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.correlation.frameworks import FRAMEWORKS, rule_shape
from octoperf_mcp.embedded.correlation.sandbox import propose_in_process
from octoperf_mcp.embedded.correlation.task import recorded_bodies
from octoperf_mcp.embedded.failures import NotFound
from octoperf_mcp.embedded.platform import PLATFORM
from octoperf_mcp.embedded.rest import crud
from octoperf_mcp.embedded.rest.answers import json_answer
from octoperf_mcp.embedded.rest.bodies import number_query
from octoperf_mcp.embedded.usages import own_names
from octoperf_mcp.entities.extensions import CorrelationFramework

KIND = "correlation_rule"
MAX_PROPOSALS = 100
_AT_ONCE = 2
"""Processes that look for proposals."""


def routes() -> list[web.RouteDef]:
    """Routes of this module."""
    base = "/design/correlation-rules"
    return [
        web.get("/design/correlation-frameworks", frameworks),
        web.post(f"{base}/add-framework/{{projectId}}/{{frameworkId}}", add_framework),
        web.get(f"{base}/by-project/{{projectId}}", crud.by_project(KIND)),
        web.get(f"{base}/proposals/{{virtualUserId}}", _proposals()),
        *crud.revision_routes(KIND, base),
        web.post(base, crud.create(KIND)),
        web.get(f"{base}/{{id}}", crud.read(KIND)),
        web.put(f"{base}/{{id}}", crud.replace(KIND)),
        web.delete(f"{base}/{{id}}", crud.delete(KIND)),
    ]


async def frameworks(request: web.Request) -> web.Response:
    """The presets with their rules, those of plugins last."""
    return json_answer([framework.body() for framework in _frameworks(request).values()])


def _frameworks(request: web.Request) -> dict[str, CorrelationFramework]:
    added = request.app[PLATFORM].extensions.frameworks
    return {**FRAMEWORKS, **{framework.id: framework for framework in added}}


async def add_framework(request: web.Request) -> web.Response:
    """Copy the rules of a preset that the project does not have yet; answers those created.

    Rules are compared by what they do: ids, owners, dates and descriptions do not count.
    """
    project_id = request.match_info["projectId"]
    known = _frameworks(request)
    framework = known.get(request.match_info["frameworkId"])
    documents, user_id = crud.documents_of(request), crud.user_of(request)
    project = await documents.get("project", project_id, user_id=user_id)
    if framework is None:
        framework_id = request.match_info["frameworkId"]
        why = request.app[PLATFORM].extensions.why_off("framework", framework_id)
        raise NotFound(
            f"There is no such framework. {why}".strip(), details={"allowed": list(known)}
        )

    async def work(writer: AsyncConnection) -> list[dict[str, Any]]:
        present = await documents.list(
            KIND, user_id=user_id, project_id=project_id, connection=writer
        )
        shapes = [rule_shape(document.body) for document in present]
        missing = [rule for rule in framework.rules if rule_shape(rule) not in shapes]
        created = [
            await documents.create(
                KIND,
                {**rule, "projectId": project_id},
                user_id=user_id,
                workspace_id=project.workspace_id,
                project_id=project_id,
                connection=writer,
            )
            for rule in missing
        ]
        return crud.bodies(created)

    return json_answer(await request.app[PLATFORM].database.write(work))


def _proposals() -> crud.Handler:
    turns = asyncio.Semaphore(_AT_ONCE)

    async def handler(request: web.Request) -> web.Response:
        """Rules that would correlate a recording, with their evidence. Ours: the original has none.

        At most `limit` of them, 100 at the most; nothing is changed. With `names`, separated by
        commas, `patch` plants the proposals of these names together.
        """
        plant = [name for name in request.query.get("names", "").split(",") if name]
        limit = min(max(number_query(request, "limit", 20), 1), MAX_PROPOSALS)
        document = await crud.found(request, "virtual_user", "virtualUserId")
        taken = await _taken_names(request, document.project_id)
        bodies = await recorded_bodies(request.app[PLATFORM], document)
        async with turns:
            found = await propose_in_process(
                document.body, bodies, limit=limit, taken=taken, plant=plant
            )
        return json_answer(found)

    return handler


async def _taken_names(request: web.Request, project_id: str) -> list[str]:
    """Names that variables and rules of a project have."""
    documents, user_id = crud.documents_of(request), crud.user_of(request)
    variables = await documents.list("variable", user_id=user_id, project_id=project_id)
    rules = await documents.list(KIND, user_id=user_id, project_id=project_id)
    taken = [name for variable in variables for name in own_names(variable.body)]
    return [*taken, *(str(rule.body["extractor"].get("variable")) for rule in rules)]
