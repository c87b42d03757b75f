"""Variables of projects."""

from aiohttp import web

from octoperf_mcp.embedded.platform import PLATFORM
from octoperf_mcp.embedded.rest import crud
from octoperf_mcp.embedded.rest.answers import json_answer
from octoperf_mcp.embedded.store.project_files import ProjectFiles
from octoperf_mcp.embedded.usages import mentions, names_of

KIND = "variable"


def routes() -> list[web.RouteDef]:
    """Routes of this module."""
    base = "/design/variables"
    return [
        web.get(f"{base}/by-project/{{projectId}}", crud.by_project(KIND)),
        web.get(f"{base}/usages/by-project/{{projectId}}", usages),
        *crud.revision_routes(KIND, base),
        web.post(base, crud.create(KIND)),
        web.get(f"{base}/{{id}}", crud.read(KIND)),
        web.put(f"{base}/{{id}}", crud.replace(KIND)),
        web.delete(f"{base}/{{id}}", crud.delete(KIND)),
    ]


async def usages(request: web.Request) -> web.Response:
    """For each variable the virtual users that refer to it; a CSV one by any of its columns."""
    documents, user_id = crud.documents_of(request), crud.user_of(request)
    project_id = request.match_info["projectId"]
    variables = await documents.list(KIND, user_id=user_id, project_id=project_id)
    users = await documents.list("virtual_user", user_id=user_id, project_id=project_id)
    platform = request.app[PLATFORM]
    files = ProjectFiles(platform.database, platform.blobs)
    known = {file.name: file for file in await files.of_project(project_id)}
    mentioned = mentions(users)
    found = []
    for variable in variables:
        names = await names_of(variable.body, files, known)
        found.append(
            {
                "variableId": variable.id,
                "virtualUsers": [
                    {"id": user.id, "name": user.body.get("name", "")}
                    for user, theirs in mentioned
                    if not theirs.isdisjoint(names)
                ],
            }
        )
    return json_answer(found)
