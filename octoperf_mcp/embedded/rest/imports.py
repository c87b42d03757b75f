"""Imports: an upload or a list of addresses becomes virtual users and what they need.

Each answer carries `importReport` beside what is kept: see `report_of`.
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from aiohttp import web

from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.importers.har_options import MAX_NAME, HarOptions
from octoperf_mcp.embedded.importers.imported import Imported
from octoperf_mcp.embedded.importers.jmx.options import JmxOptions
from octoperf_mcp.embedded.importers.report import report_of
from octoperf_mcp.embedded.importers.sandbox import imported_file
from octoperf_mcp.embedded.importers.url_list import import_urls, import_webdriver
from octoperf_mcp.embedded.platform import PLATFORM
from octoperf_mcp.embedded.rest import crud
from octoperf_mcp.embedded.rest.answers import json_answer
from octoperf_mcp.embedded.rest.bodies import read_object
from octoperf_mcp.embedded.rest.import_keeping import keep, require_mergeable
from octoperf_mcp.embedded.rest.uploads import received
from octoperf_mcp.embedded.store.documents import Document

_CRAWLS = (None, "", "DO_NOT_CRAWL")


def routes() -> list[web.RouteDef]:
    """Routes of this module."""
    return [
        web.post("/imports/archive/{projectId}", import_archive),
        web.post("/imports/har/{projectId}", import_har),
        web.post("/imports/jmx/{projectId}", import_jmx),
        web.post("/design/imports/jmx/{projectId}", import_jmx_older),
        web.post("/imports/playwright/{projectId}", import_playwright),
        web.post("/imports/postman/{projectId}", import_postman),
        web.post("/imports/urls/{projectId}", import_url_list),
        web.post("/imports/web-driver/{projectId}", import_webdriver_list),
    ]


async def import_har(request: web.Request) -> web.Response:
    """A HAR recording as a new virtual user, or added to the one that `virtualUserId` names."""
    project = await crud.found(request, "project", "projectId")
    merged_id = request.query.get("virtualUserId", "")
    if merged_id:
        target = await crud.documents_of(request).get(
            "virtual_user", merged_id, user_id=crud.user_of(request)
        )
        require_mergeable(target, project.id)
    async with received(request) as upload:
        file = upload.file()
        timeline = upload.text("containerTimeline")
        options = HarOptions.from_wire(
            request.query,
            timeline=None if timeline is None else timeline.encode(),
            name=request.query.get("name") or _stem(file.filename),
        )
        async with imported_file("har", file.file, asdict(options)) as imported:
            kept = await _keep(request, imported, project, merged_id=merged_id)
    return _single(kept, imported)


async def import_archive(request: web.Request) -> web.Response:
    """An archive as a new virtual user, beside the fragments that it links to."""
    project = await crud.found(request, "project", "projectId")
    name = request.query.get("name", "")[:MAX_NAME]
    async with received(request) as upload:
        file = upload.file().file
        async with imported_file("archive", file, {"name": name}) as imported:
            *_, main = await _keep(request, imported, project)
    return _single([main], imported)


async def import_jmx(request: web.Request) -> web.Response:
    """A JMeter test plan: `{virtualUsers: […], importReport}`, one for each thread group."""
    kept, imported = await _kept_plan(request)
    body = {"virtualUsers": crud.bodies(kept), crud.REPORT: report_of(imported)}
    return json_answer(body)


async def import_jmx_older(request: web.Request) -> web.Response:
    """As `import_jmx` for the clients of before 16.1, who expect the virtual users alone."""
    kept, _ = await _kept_plan(request)
    return json_answer(crud.bodies(kept))


async def _kept_plan(request: web.Request) -> tuple[list[Document], Imported]:
    project = await crud.found(request, "project", "projectId")
    async with received(request) as upload:
        options = JmxOptions.from_wire(upload.text("design"))
        async with imported_file("jmx", upload.file().file, asdict(options)) as imported:
            return await _keep(request, imported, project), imported


async def import_playwright(request: web.Request) -> web.Response:
    """A Playwright spec as a new virtual user of type PLAYWRIGHT."""
    project = await crud.found(request, "project", "projectId")
    name = request.query.get("name", "")[:MAX_NAME]
    async with received(request) as upload:
        part = upload.file()
        options = {"name": name, "filename": part.filename}
        async with imported_file("playwright", part.file, options) as imported:
            kept = await _keep(request, imported, project)
    return _single(kept, imported)


async def import_postman(request: web.Request) -> web.Response:
    """A Postman collection as a new virtual user."""
    project = await crud.found(request, "project", "projectId")
    name = request.query.get("name", "")[:MAX_NAME]
    async with received(request) as upload:
        file = upload.file().file
        async with imported_file("postman", file, {"name": name}) as imported:
            kept = await _keep(request, imported, project)
    return _single(kept, imported)


async def import_url_list(request: web.Request) -> web.Response:
    """`{name, urls, crawl}` as a virtual user that requests each address once."""
    project = await crud.found(request, "project", "projectId")
    body = await read_object(request)
    if body.get("crawl") not in _CRAWLS:
        raise Invalid("'crawl' can be DO_NOT_CRAWL only: exactly the given addresses.")
    imported = import_urls(*_urls(body))
    return _single(await _keep(request, imported, project), imported, status=201)


async def import_webdriver_list(request: web.Request) -> web.Response:
    """`{name, urls}` as a virtual user that opens each address in a browser."""
    project = await crud.found(request, "project", "projectId")
    imported = import_webdriver(*_urls(await read_object(request)))
    return _single(await _keep(request, imported, project), imported, status=201)


async def _keep(
    request: web.Request, imported: Imported, project: Document, *, merged_id: str = ""
) -> list[Document]:
    return await keep(
        request.app[PLATFORM], imported, project, user_id=crud.user_of(request), merged_id=merged_id
    )


def _single(kept: Sequence[Document], imported: Imported, *, status: int = 200) -> web.Response:
    (document,) = kept
    body = {**document.body, crud.REPORT: report_of(imported)}
    return json_answer(body, status=status, version=document.version)


def _urls(body: dict[str, Any]) -> tuple[list[str], str]:
    urls, name = body.get("urls"), body.get("name")
    if not isinstance(urls, list) or not all(isinstance(url, str) for url in urls):
        raise Invalid("'urls' must be a list of texts.")
    return urls, name if isinstance(name, str) else ""


def _stem(filename: str) -> str:
    """The name of an uploaded file without folders and suffix."""
    return PurePosixPath(PureWindowsPath(filename).name).stem
