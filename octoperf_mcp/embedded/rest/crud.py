"""The handlers that most documents share: list, create, read, replace, delete."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from aiohttp import web

from octoperf_mcp.embedded.failures import Invalid, NotFound
from octoperf_mcp.embedded.platform import PLATFORM, PRINCIPAL, Platform
from octoperf_mcp.embedded.rest.answers import (
    document_answer,
    expected_version,
    json_answer,
    no_content,
)
from octoperf_mcp.embedded.rest.bodies import read_object, whole_number
from octoperf_mcp.embedded.store.documents import Body, Document, Documents
from octoperf_mcp.entities.check import Mismatch, check, check_change

__all__ = [
    "REPORT",
    "Body",
    "accepted",
    "bodies",
    "by_project",
    "create",
    "created",
    "delete",
    "documents_of",
    "filled",
    "found",
    "read",
    "replace",
    "replaced",
    "revision_routes",
    "user_of",
    "usernames",
]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

REPORT = "importReport"
"""What the answer of an import adds to a virtual user; sent back with it, it is not kept."""


def documents_of(request: web.Request) -> Documents:
    """The documents of the platform."""
    return request.app[PLATFORM].documents


def user_of(request: web.Request) -> str:
    """Id of the signed-in user."""
    return request[PRINCIPAL].user_id


def bodies(found: list[Document]) -> list[Body]:
    """What a listing answers: the documents themselves."""
    return [document.body for document in found]


def filled(kind: str, body: Body) -> Body:
    """The body with what a client of some generation may leave out or send as null."""
    missing = {key: value for key, value in _DEFAULTS[kind].items() if body.get(key) is None}
    return {key: value for key, value in {**body, **missing}.items() if key != REPORT}


_DEFAULTS: dict[str, dict[str, Any]] = {
    "workspace": {"description": ""},
    "project": {"description": "", "type": "DESIGN", "tags": []},
    "virtual_user": {
        "@type": "VirtualUser",
        "description": "",
        "type": "JMETER",
        "tags": [],
        "children": [],
    },
    "http_server": {},
    "variable": {"description": ""},
    "correlation_rule": {"description": ""},
    "scenario": {"description": "", "mode": "STANDARD", "tags": [], "userProfiles": []},
    "bench_report_template": {"description": "", "configs": [], "items": []},
    "bench_report": {"description": "", "tags": [], "configs": [], "items": []},
}


async def accepted(request: web.Request, kind: str) -> Body:
    """The body of a create or replace, checked.

    Raises:
        Invalid: it is no JSON object.
        Mismatch: it is no document of the kind.
    """
    body = filled(kind, await read_object(request))
    check(kind, body, request.app[PLATFORM].extensions.types)
    return body


def by_project(kind: str) -> Handler:
    """GET …/by-project/{projectId}."""

    async def handler(request: web.Request) -> web.Response:
        project_id = request.match_info["projectId"]
        found = await documents_of(request).list(
            kind, user_id=user_of(request), project_id=project_id
        )
        return json_answer(bodies(found))

    return handler


def create(kind: str) -> Handler:
    """POST on the collection; the project is named in the body."""

    async def handler(request: web.Request) -> web.Response:
        body = await accepted(request, kind)
        return document_answer(await created(request, kind, body), status=201)

    return handler


async def created(request: web.Request, kind: str, body: Body) -> Document:
    """Keep a new document in the project that its body names.

    Raises:
        NotFound: the project does not exist for the user.
        Forbidden: his role does not allow it.
    """
    documents, user_id = documents_of(request), user_of(request)
    if not isinstance(body.get("projectId"), str):
        raise Invalid("The document names no project: 'projectId' is missing.")
    project = await documents.get("project", body["projectId"], user_id=user_id)
    return await documents.create(
        kind,
        body,
        user_id=user_id,
        workspace_id=project.workspace_id,
        project_id=project.id,
    )


def read(kind: str) -> Handler:
    """GET …/{id}."""

    async def handler(request: web.Request) -> web.Response:
        return document_answer(await found(request, kind))

    return handler


async def found(request: web.Request, kind: str, name: str = "id") -> Document:
    """The document that the path names.

    Raises:
        NotFound: it does not exist for the user.
    """
    return await documents_of(request).get(kind, request.match_info[name], user_id=user_of(request))


def replace(kind: str) -> Handler:
    """PUT …/{id}, with If-Match if the client minds."""

    async def handler(request: web.Request) -> web.Response:
        body = filled(kind, await read_object(request))
        await check_against_stored(request, kind, body)
        return await replaced(request, kind, body)

    return handler


async def check_against_stored(request: web.Request, kind: str, body: Body) -> None:
    """Check a body that takes the place of a stored one.

    What was stored by a later version of this platform may stay as it is.

    Raises:
        Mismatch: it is no document of the kind.
    """
    added = request.app[PLATFORM].extensions.types
    try:
        check(kind, body, added)
    except Mismatch:
        stored = (await found(request, kind)).body
        check_change(kind, stored, body, added)


async def replaced(request: web.Request, kind: str, body: Body) -> web.Response:
    """Put the body in place of the document that the path names, and answer it."""
    changed = await documents_of(request).replace(
        kind,
        request.match_info["id"],
        body,
        user_id=user_of(request),
        if_version=expected_version(request),
    )
    return document_answer(changed)


def delete(kind: str) -> Handler:
    """DELETE …/{id}."""

    async def handler(request: web.Request) -> web.Response:
        await documents_of(request).delete(
            kind,
            request.match_info["id"],
            user_id=user_of(request),
            if_version=expected_version(request),
        )
        return no_content()

    return handler


def revision_routes(kind: str, base: str) -> list[web.RouteDef]:
    """Ours, the original has none: earlier versions of a kind, and the way back to them."""
    return [
        web.get(f"{base}/revisions/{{id}}", revisions(kind)),
        web.get(f"{base}/revisions/{{id}}/{{version}}", revision(kind)),
        web.post(f"{base}/undo/{{id}}", undo(kind)),
    ]


def revisions(kind: str) -> Handler:
    """GET …/revisions/{id}: the versions that are there, newest first, the current one included."""

    async def handler(request: web.Request) -> web.Response:
        kept = await documents_of(request).revisions(
            kind, request.match_info["id"], user_id=user_of(request)
        )
        names = await usernames(request.app[PLATFORM], {item.made_by for item in kept})
        return json_answer(
            [
                {
                    "version": item.version,
                    "at": item.made,
                    "by": item.made_by,
                    "byName": names.get(item.made_by, ""),
                    "summary": item.summary,
                }
                for item in kept
            ],
            version=kept[0].version,
        )

    return handler


async def usernames(platform: Platform, user_ids: set[str]) -> dict[str, str]:
    """Names of users by id; those who are gone have none."""
    found = {}
    for user_id in user_ids:
        with suppress(NotFound):
            found[user_id] = str((await platform.identity.user(user_id))["username"])
    return found


def revision(kind: str) -> Handler:
    """GET …/revisions/{id}/{version}: the document as it was."""

    async def handler(request: web.Request) -> web.Response:
        version = whole_number("version", request.match_info["version"])
        body = await documents_of(request).at_version(
            kind, request.match_info["id"], version, user_id=user_of(request)
        )
        return json_answer(body, version=version)

    return handler


def undo(kind: str) -> Handler:
    """POST …/undo/{id}: the version before the last edit, or `?version=`, as a new version."""

    async def handler(request: web.Request) -> web.Response:
        named = request.query.get("version")
        changed = await documents_of(request).undo(
            kind,
            request.match_info["id"],
            user_id=user_of(request),
            if_version=expected_version(request),
            to_version=None if named is None else whole_number("version", named),
        )
        return document_answer(changed)

    return handler
