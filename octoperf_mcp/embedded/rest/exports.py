"""Exports: a virtual user with all that it needs, as an archive."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterable
from typing import Any, BinaryIO, cast

from aiohttp import web

from octoperf_mcp.embedded.failures import Conflict
from octoperf_mcp.embedded.importers.archive import layout
from octoperf_mcp.embedded.importers.archive.links import linked, ordered
from octoperf_mcp.embedded.importers.archive.writing import Writer, documents
from octoperf_mcp.embedded.importers.failures import ImportFailed
from octoperf_mcp.embedded.platform import PLATFORM
from octoperf_mcp.embedded.rest import crud
from octoperf_mcp.embedded.rest.uploads import attachment_headers
from octoperf_mcp.embedded.store.documents import Body, Document
from octoperf_mcp.embedded.store.project_files import ProjectFile, ProjectFiles
from octoperf_mcp.embedded.usages import names_of, references

_CHUNK_BYTES = 256 * 1024
_MOST_FRAGMENTS = 999


def routes() -> list[web.RouteDef]:
    """Routes of this module."""
    return [web.get("/design/virtual-users/export/{id}", export)]


async def export(request: web.Request) -> web.StreamResponse:
    """A zip as `importers.archive.layout` describes it; no secret value is in it.

    Raises:
        Conflict: the virtual user is in a circle of links.
    """
    main = await crud.found(request, "virtual_user")
    users = await _linked(request, main)
    with tempfile.TemporaryFile() as file:
        archive = cast("BinaryIO", file)
        await _write(request, archive, main, users)
        size = archive.seek(0, 2)
        name = f"{main.body.get('name') or 'virtual-user'}.zip"
        answer = web.StreamResponse(headers=attachment_headers(name))
        answer.content_type = "application/zip"
        answer.content_length = size
        await answer.prepare(request)
        archive.seek(0)
        while part := archive.read(_CHUNK_BYTES):
            await answer.write(part)
        await answer.write_eof()
    return answer


async def _linked(request: web.Request, main: Document) -> dict[str, Body]:
    """The virtual user and those of its project that it links to, by id."""
    listed = await _of_project(request, "virtual_user", main.project_id)
    known = {one.id: one.body for one in listed}
    users = {main.id: main.body}
    waiting = [main.id]
    while waiting:
        for user_id in linked(users[waiting.pop(0)]):
            if user_id in known and user_id not in users:
                users[user_id] = known[user_id]
                waiting.append(user_id)
    try:
        ordered(users)
    except ImportFailed as error:
        raise Conflict(error.message) from error
    if len(users) > _MOST_FRAGMENTS:
        raise Conflict(f"The virtual user links to more than {_MOST_FRAGMENTS} others.")
    return users


async def _write(
    request: web.Request, file: BinaryIO, main: Document, users: dict[str, Body]
) -> None:
    platform = request.app[PLATFORM]
    trees = [body.get("children") for body in users.values()]
    servers = await _servers(request, main, trees)
    store = ProjectFiles(platform.database, platform.blobs)
    known = {one.name: one for one in await store.of_project(main.project_id)}
    variables = await _variables(request, main, [*trees, servers], store, known)
    listed = await _of_project(request, "correlation_rule", main.project_id)
    rules = sorted((one.body for one in listed), key=_content)
    mentioned = {text for _, text in layout.texts([trees, variables])}
    writer = Writer(file)
    writer.head(str(main.body.get("name") or ""))
    entries = await asyncio.to_thread(documents, users, servers, variables, rules)
    for name, value in entries.items():
        await asyncio.to_thread(writer.json, name, value)
    for name in sorted(known.keys() & mentioned):
        await _copy(writer, f"files/{name}", store.parts(known[name]))
    for key in _body_keys(trees):
        await _copy(writer, f"bodies/{key}", platform.blobs.parts(key))
    await asyncio.to_thread(writer.close)


async def _copy(writer: Writer, name: str, parts: AsyncIterator[bytes]) -> None:
    """One entry; none for what is no longer there."""
    first = await anext(parts, None)
    if first is None:
        return
    with writer.open(name) as entry:
        await asyncio.to_thread(entry.write, first)
        async for part in parts:
            await asyncio.to_thread(entry.write, part)


def _body_keys(trees: Iterable[Any]) -> list[str]:
    return sorted(
        {
            text
            for member, text in layout.texts(list(trees))
            if member == "bodyRef" and layout.BODY_KEY.fullmatch(text)
        }
    )


async def _servers(request: web.Request, main: Document, trees: list[Any]) -> list[Body]:
    """Servers of the requests."""
    asked = {text for member, text in layout.texts(trees) if member == "serverId"}
    listed = await _of_project(request, "http_server", main.project_id)
    used = [one.body for one in listed if one.id in asked]
    return sorted(used, key=_content)


def _content(body: Body) -> str:
    """What puts documents in the same order wherever they are: ids and dates differ."""
    return str(sorted(layout.without_place(body).items(), key=str))


async def _variables(
    request: web.Request,
    main: Document,
    sources: list[Any],
    store: ProjectFiles,
    known: dict[str, ProjectFile],
) -> list[Body]:
    """Variables that are mentioned, if only by others that are; by name."""
    listed = await _of_project(request, "variable", main.project_id)
    offered = [(one.body, set(await names_of(one.body, store, known))) for one in listed]
    used: list[Body] = []
    names = set(references(sources))
    while found := [pair for pair in offered if not names.isdisjoint(pair[1])]:
        used += [body for body, _ in found]
        offered = [pair for pair in offered if pair not in found]
        names = {name for body, _ in found for name in references(body["variable"])}
    return sorted(used, key=lambda one: str(one["name"]))


async def _of_project(request: web.Request, kind: str, project_id: str) -> list[Document]:
    return await crud.documents_of(request).list(
        kind, user_id=crud.user_of(request), project_id=project_id
    )
