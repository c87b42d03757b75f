"""Files of projects: uploaded, downloaded, read line by line."""

import codecs
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.platform import PLATFORM
from octoperf_mcp.embedded.rest.answers import json_answer, no_content, text_answer
from octoperf_mcp.embedded.rest.bodies import number_query, required_query, whole_number
from octoperf_mcp.embedded.rest.crud import user_of
from octoperf_mcp.embedded.rest.uploads import attachment_headers, received
from octoperf_mcp.embedded.store.project_files import ProjectFile, ProjectFiles

MAX_LINES = 1000
_LONGEST_LINE = 64 * 1024


def routes() -> list[web.RouteDef]:
    """Routes of this module."""
    base = "/design/project-files"
    return [
        web.get(f"{base}/list/{{projectId}}", names),
        web.get(f"{base}/entries/{{projectId}}", entries),
        web.post(f"{base}/{{projectId}}", upload),
        web.get(f"{base}/{{projectId}}", download),
        web.delete(f"{base}/{{projectId}}", delete),
        web.get(f"{base}/{{projectId}}/{{lines}}", lines),
    ]


async def names(request: web.Request) -> web.Response:
    """Names of the files."""
    return json_answer([file.name for file in await _listed(request)])


async def entries(request: web.Request) -> web.Response:
    """Names with sizes and dates. Ours: the original lists names only."""
    return json_answer([_shown(file) for file in await _listed(request)])


async def upload(request: web.Request) -> web.Response:
    """Add or overwrite a file: part `file`, and its name in part or query `filename`."""
    async with received(request) as body:
        part = body.file()
        name = body.text("filename") or request.query.get("filename") or part.filename
        if not name:
            raise Invalid("The file has no name: send the part 'filename'.")
        kept = await _files(request).put(
            request.match_info["projectId"],
            name,
            part.file,
            content_type=part.content_type,
            user_id=user_of(request),
        )
    return json_answer(_shown(kept), status=201)


async def download(request: web.Request) -> web.StreamResponse:
    """The bytes of a file."""
    files = _files(request)
    file = await _named(request)
    answer = web.StreamResponse(headers=attachment_headers(file.name))
    answer.content_type = "application/octet-stream"
    answer.content_length = file.size
    await answer.prepare(request)
    async for part in files.parts(file):
        await answer.write(part)
    await answer.write_eof()
    return answer


async def delete(request: web.Request) -> web.Response:
    """Remove a file."""
    await _files(request).delete(
        request.match_info["projectId"],
        required_query(request, "filename"),
        user_id=user_of(request),
    )
    return no_content()


async def lines(request: web.Request) -> web.Response:
    """So many lines of a text file, at most 1000, from line `offset` on, which counts from 0."""
    wanted = min(whole_number("lines", request.match_info["lines"]), MAX_LINES)
    offset = number_query(request, "offset", 0)
    file = await _named(request)
    found = [line async for line in _slice(_files(request).parts(file), offset, wanted)]
    return text_answer("".join(found))


async def _slice(parts: AsyncIterator[bytes], offset: int, wanted: int) -> AsyncIterator[str]:
    """Lines `offset` to `offset + wanted` of UTF-8 text, line ends kept."""
    number = 0
    async for line in _lines(parts):
        if number >= offset + wanted:
            return
        if number >= offset:
            yield line
        number += 1


async def _lines(parts: AsyncIterator[bytes]) -> AsyncIterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    rest = ""
    async for part in parts:
        rest += decoder.decode(part)
        *whole, rest = rest.split("\n")
        for line in whole:
            yield _cut(line) + "\n"
        if len(rest) > _LONGEST_LINE:
            raise Invalid("The file has no lines that could be read: download it.")
    rest += decoder.decode(b"", final=True)
    if rest:
        yield _cut(rest)


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST_LINE else line[:_LONGEST_LINE] + "…"


async def _listed(request: web.Request) -> list[ProjectFile]:
    return await _files(request).list(request.match_info["projectId"], user_id=user_of(request))


async def _named(request: web.Request) -> ProjectFile:
    return await _files(request).get(
        request.match_info["projectId"],
        required_query(request, "filename"),
        user_id=user_of(request),
    )


def _files(request: web.Request) -> ProjectFiles:
    platform = request.app[PLATFORM]
    return ProjectFiles(platform.database, platform.blobs)


def _shown(file: ProjectFile) -> dict[str, Any]:
    return {
        "name": file.name,
        "size": file.size,
        "contentType": file.content_type,
        "lastModified": file.modified,
    }
