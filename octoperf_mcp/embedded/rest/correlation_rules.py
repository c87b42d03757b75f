"""Correlation rules of projects, and the presets that rules can be copied from."""

from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.correlation.frameworks import FRAMEWORKS, rule_shape
from octoperf_mcp.embedded.failures import NotFound
from octoperf_mcp.embedded.platform import PLATFORM
from octoperf_mcp.embedded.rest import crud
from octoperf_mcp.embedded.rest.answers import json_answer

KIND = "correlation_rule"


def routes() -> list[web.RouteDef]:
    """Routes of this module."""
    base = "/design/correlation-rules"
    return [
        web.get("/design/correlation-frameworks", frameworks),
        web.post(f"{base}/add-framework/{{projectId}}/{{frameworkId}}", add_framework),
        web.get(f"{base}/by-project/{{projectId}}", crud.by_project(KIND)),
        web.post(base, crud.create(KIND)),
        web.get(f"{base}/{{id}}", crud.read(KIND)),
        web.put(f"{base}/{{id}}", crud.replace(KIND)),
        web.delete(f"{base}/{{id}}", crud.delete(KIND)),
    ]


async def frameworks(_request: web.Request) -> web.Response:
    """The presets with their rules."""
    return json_answer([framework.body() for framework in FRAMEWORKS.values()])


async def add_framework(request: web.Request) -> web.Response:
    """Copy the rules of a preset that the project does not have yet; answers those created.

    Rules are compared by what they do: ids, owners, dates and descriptions do not count.
    """
    project_id = request.match_info["projectId"]
    framework = FRAMEWORKS.get(request.match_info["frameworkId"])
    documents, user_id = crud.documents_of(request), crud.user_of(request)
    project = await documents.get("project", project_id, user_id=user_id)
    if framework is None:
        raise NotFound("There is no such framework.", details={"allowed": list(FRAMEWORKS)})

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
