"""Bodies of multipart/form-data, read back by another implementation."""

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from octoperf_mcp.registry.rest_calls import Part
from octoperf_mcp.upstream.multipart import encoded


async def test_a_server_reads_what_was_written() -> None:
    seen = []

    async def handler(request: web.Request) -> web.Response:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            assert isinstance(part, aiohttp.BodyPartReader)
            seen.append((part.name, part.filename, part.headers["Content-Type"], await part.text()))
        return web.Response()

    app = web.Application()
    app.router.add_post("/", handler)
    parts = [
        Part("file", "one\r\n--x\r\ntwo é", 'a".har', "application/json"),
        Part("note", ""),
    ]
    media_type, data = encoded(parts)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        headers = {"Content-Type": media_type}
        async with session.post(server.make_url("/"), data=data, headers=headers) as answer:
            assert answer.status == 200
    assert seen[0][0] == "file"
    assert seen[0][2:] == ("application/json", "one\r\n--x\r\ntwo é")
    assert seen[1] == ("note", None, "text/plain; charset=utf-8", "")
