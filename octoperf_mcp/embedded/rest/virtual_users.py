"""Virtual users."""

import asyncio

from aiohttp import web

from octoperf_mcp.embedded.platform import PLATFORM
from octoperf_mcp.embedded.rest import crud
from octoperf_mcp.embedded.rest.answers import document_answer, json_answer
from octoperf_mcp.embedded.sanity.check import sanity_check
from octoperf_mcp.embedded.store.documents import Body, Document
from octoperf_mcp.embedded.store.project_files import ProjectFiles

KIND = "virtual_user"
_LONGEST_NAME = 80
_LARGEST_CSV_BYTES = 16 * 1024 * 1024


def routes() -> list[web.RouteDef]:
    """Routes of this module."""
    base = "/design/virtual-users"
    return [
        web.get(f"{base}/by-project/{{projectId}}", crud.by_project(KIND)),
        web.get(f"{base}/description/by-project/{{projectId}}", descriptions),
        web.get(f"{base}/description/{{id}}", description),
        web.get(f"{base}/sanity-check/{{id}}", sanity),
        *crud.revision_routes(KIND, base),
        web.post(f"{base}/duplicate/{{id}}", duplicate),
        web.post(base, crud.create(KIND)),
        web.get(f"{base}/{{id}}", crud.read(KIND)),
        web.put(f"{base}/{{id}}", crud.replace(KIND)),
        web.delete(f"{base}/{{id}}", crud.delete(KIND)),
    ]


async def descriptions(request: web.Request) -> web.Response:
    """Virtual users of a project without their trees."""
    found = await crud.documents_of(request).list(
        KIND, user_id=crud.user_of(request), project_id=request.match_info["projectId"]
    )
    return json_answer([_described(document) for document in found])


async def description(request: web.Request) -> web.Response:
    """One virtual user without its tree."""
    return json_answer(_described(await crud.found(request, KIND)))


async def duplicate(request: web.Request) -> web.Response:
    """A copy in the same project."""
    original = await crud.found(request, KIND)
    suffix = " (copy)"
    name = str(original.body.get("name", ""))[: _LONGEST_NAME - len(suffix)] + suffix
    made = await crud.documents_of(request).create(
        KIND,
        {**original.body, "name": name},
        user_id=crud.user_of(request),
        workspace_id=original.workspace_id,
        project_id=original.project_id,
    )
    return document_answer(made, status=201)


async def sanity(request: web.Request) -> web.Response:
    """What would go wrong when the virtual user runs."""
    documents, user_id = crud.documents_of(request), crud.user_of(request)
    virtual_user = await crud.found(request, KIND)
    listed = {
        kind: await documents.list(kind, user_id=user_id, project_id=virtual_user.project_id)
        for kind in ("http_server", "variable", KIND)
    }
    variables = crud.bodies(listed["variable"])
    messages = await asyncio.to_thread(
        sanity_check,
        virtual_user.body,
        crud.bodies(listed["http_server"]),
        variables,
        await _files(request, virtual_user.project_id, _csv_names(variables)),
        {other.id: other.body for other in listed[KIND] if other.id != virtual_user.id},
        browser_faults=request.app[PLATFORM].runs.gate.browser_faults(),
    )
    return json_answer(messages)


async def _files(
    request: web.Request, project_id: str, csv_names: set[str]
) -> dict[str, bytes | None]:
    """Files of the project; the bytes of those that CSV variables name, where they are small."""
    platform = request.app[PLATFORM]
    files = ProjectFiles(platform.database, platform.blobs)
    found = await files.list(project_id, user_id=crud.user_of(request))
    return {
        file.name: await platform.blobs.get(file.blob_key)
        if file.name in csv_names and file.size <= _LARGEST_CSV_BYTES
        else None
        for file in found
    }


def _csv_names(variables: list[Body]) -> set[str]:
    inner = [variable["variable"] for variable in variables]
    return {str(variable["filename"]) for variable in inner if variable["@type"] == "CSVVariable"}


def _described(document: Document) -> Body:
    return {name: value for name, value in document.body.items() if name != "children"}
