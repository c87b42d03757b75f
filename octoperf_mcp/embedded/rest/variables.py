"""Variables of projects."""

import re
from collections.abc import Iterator
from typing import Any

from aiohttp import web

from octoperf_mcp.embedded.rest import crud
from octoperf_mcp.embedded.rest.answers import json_answer
from octoperf_mcp.embedded.store.documents import Body

KIND = "variable"
_REFERENCE = re.compile(r"\$\{([^{}$]+)\}")


def routes() -> list[web.RouteDef]:
    """Routes of this module."""
    base = "/design/variables"
    return [
        web.get(f"{base}/by-project/{{projectId}}", crud.by_project(KIND)),
        web.get(f"{base}/usages/by-project/{{projectId}}", usages),
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
    referred = [(user, set(references(user.body.get("children")))) for user in users]
    return json_answer(
        [
            {
                "variableId": variable.id,
                "virtualUsers": [
                    {"id": user.id, "name": user.body.get("name", "")}
                    for user, names in referred
                    if names.intersection(names_of(variable.body))
                ],
            }
            for variable in variables
        ]
    )


def names_of(variable: Body) -> list[str]:
    """The names that `${…}` may use for a variable."""
    inner = variable["variable"]
    return list(inner["names"]) if inner["@type"] == "CSVVariable" else [variable["name"]]


def references(value: Any) -> Iterator[str]:
    """Names in `${…}` anywhere in a document."""
    stack = [value]
    while stack:
        here = stack.pop()
        if isinstance(here, str):
            yield from _REFERENCE.findall(here)
        elif isinstance(here, dict):
            stack += here.values()
        elif isinstance(here, list):
            stack += here
