"""Imports: an upload or a list of addresses becomes virtual users and what they need.

Each answer carries `importReport` beside what is kept: see `report_of`.
"""

import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from aiohttp import web

from octoperf_mcp.embedded.failures import Forbidden, Invalid, NotFound
from octoperf_mcp.embedded.importers.report import report_of
from octoperf_mcp.embedded.importers.url_list import import_urls, import_webdriver
from octoperf_mcp.embedded.outbound.files import fetched
from octoperf_mcp.embedded.platform import PLATFORM
from octoperf_mcp.embedded.rest import crud
from octoperf_mcp.embedded.rest.answers import json_answer
from octoperf_mcp.embedded.rest.bodies import read_object
from octoperf_mcp.embedded.rest.import_files import KINDS, import_upload
from octoperf_mcp.embedded.rest.import_keeping import keep, require_mergeable
from octoperf_mcp.embedded.rest.uploads import Upload, UploadedFile, received
from octoperf_mcp.embedded.store.documents import Document
from octoperf_mcp.entities.imported import Imported

_FETCHED = "/imports/fetched/"
_CRAWLS = (None, "", "DO_NOT_CRAWL")


def routes() -> list[web.RouteDef]:
    """Routes of this module."""
    return [
        *(web.post(f"/imports/{kind}/{{projectId}}", _importing(kind)) for kind in KINDS),
        web.post("/imports/fetched/{kind}/{projectId}", import_fetched),
        web.post("/design/imports/jmx/{projectId}", import_jmx_older),
        web.post("/imports/urls/{projectId}", import_url_list),
        web.post("/imports/web-driver/{projectId}", import_webdriver_list),
        web.post("/imports/{kind}/{projectId}", import_added),
    ]


def _importing(kind: str) -> crud.Handler:
    """POST …/{kind}/{projectId}: see `import_of`."""

    async def handler(request: web.Request) -> web.Response:
        return await import_of(request, kind)

    return handler


async def import_of(request: web.Request, kind: str) -> web.Response:
    """A file as a new virtual user; of a JMeter test plan `{virtualUsers: […]}`.

    A HAR recording is added to the one that `virtualUserId` names. Of an archive the answer is the
    virtual user that was exported, not the fragments that it links to.
    """
    kept, imported = await _kept(request, kind)
    if kind == "jmx":
        shown = [_shown(request, one.body) for one in kept]
        return json_answer({"virtualUsers": shown, crud.REPORT: report_of(imported)})
    return _single(request, kept[-1:], imported)


async def import_jmx_older(request: web.Request) -> web.Response:
    """A JMeter test plan for clients of before 16.1, who expect the virtual users alone."""
    kept, _ = await _kept(request, "jmx")
    return json_answer(crud.bodies(kept))


async def _kept(request: web.Request, kind: str) -> tuple[list[Document], Imported]:
    project = await crud.found(request, "project", "projectId")
    user_id = crud.user_of(request)
    merged_id = request.query.get("virtualUserId", "")
    if merged_id and kind == "har":
        target = await crud.documents_of(request).get("virtual_user", merged_id, user_id=user_id)
        require_mergeable(target, project.id)
    async with _sent(request) as upload:
        return await import_upload(
            request.app[PLATFORM], kind, upload, project, user_id=user_id, query=request.query
        )


async def import_url_list(request: web.Request) -> web.Response:
    """`{name, urls, crawl}` as a virtual user that requests each address once."""
    project = await crud.found(request, "project", "projectId")
    body = await read_object(request)
    if body.get("crawl") not in _CRAWLS:
        raise Invalid("'crawl' can be DO_NOT_CRAWL only: exactly the given addresses.")
    imported = import_urls(*_urls(body))
    kept = await _keep(request, imported, project)
    return _single(request, kept, imported, status=201)


async def import_webdriver_list(request: web.Request) -> web.Response:
    """`{name, urls}` as a virtual user that opens each address in a browser."""
    project = await crud.found(request, "project", "projectId")
    imported = import_webdriver(*_urls(await read_object(request)))
    kept = await _keep(request, imported, project)
    return _single(request, kept, imported, status=201)


async def import_added(request: web.Request) -> web.Response:
    """A file of a kind that a plugin imports: `{virtualUsers: […]}`. Ours."""
    kind = _known_kind(request)
    kept, imported = await _kept(request, kind)
    shown = [_shown(request, one.body) for one in kept]
    return json_answer({"virtualUsers": shown, crud.REPORT: report_of(imported)})


def _known_kind(request: web.Request) -> str:
    kind = request.match_info["kind"]
    extensions = request.app[PLATFORM].extensions
    known = {*KINDS, *(one.kind for one in extensions.importers)}
    if kind not in known:
        why = extensions.why_off("import", kind)
        raise NotFound(
            f"There is no such import. {why}".strip(), details={"allowed": sorted(known)}
        )
    return kind


async def import_fetched(request: web.Request) -> web.Response:
    """`{url}`: as the import of that kind, but the file is fetched, not sent. Ours."""
    kind = _known_kind(request)
    return await (import_of(request, kind) if kind in KINDS else import_added(request))


@contextlib.asynccontextmanager
async def _sent(request: web.Request) -> AsyncIterator[Upload]:
    """What the request brings, or the file at the address that it names."""
    if not request.path.startswith(_FETCHED):
        async with received(request) as upload:
            yield upload
        return
    settings = request.app[PLATFORM].settings
    if not settings.fetch_from:
        raise Forbidden(
            "This platform fetches nothing: upload the file. An operator may allow it with "
            "[embedded] fetch_from."
        )
    url = (await read_object(request)).get("url")
    if not isinstance(url, str):
        raise Invalid("'url' must be the address of the file.")
    most = settings.max_upload_bytes
    async with fetched(url, allowed=settings.fetch_from, most_bytes=most) as file:
        name = unquote(PurePosixPath(urlsplit(url).path).name)
        yield Upload({"file": UploadedFile(file, file.seek(0, 2), name, "")})


async def _keep(request: web.Request, imported: Imported, project: Document) -> list[Document]:
    return await keep(request.app[PLATFORM], imported, project, user_id=crud.user_of(request))


def _single(
    request: web.Request, kept: Sequence[Document], imported: Imported, *, status: int = 200
) -> web.Response:
    (document,) = kept
    body = {**_shown(request, document.body), crud.REPORT: report_of(imported)}
    return json_answer(body, status=status, version=document.version)


def _shown(request: web.Request, body: crud.Body) -> crud.Body:
    """The virtual user; `?children=false` leaves its actions out, which may be megabytes. Ours."""
    if request.query.get("children") != "false":
        return body
    return {name: value for name, value in body.items() if name != "children"}


def _urls(body: dict[str, Any]) -> tuple[list[str], str]:
    urls, name = body.get("urls"), body.get("name")
    if not isinstance(urls, list) or not all(isinstance(url, str) for url in urls):
        raise Invalid("'urls' must be a list of texts.")
    return urls, name if isinstance(name, str) else ""
