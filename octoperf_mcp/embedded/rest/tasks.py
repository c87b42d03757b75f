"""Asynchronous tasks."""

from aiohttp import web

from octoperf_mcp.embedded.platform import PLATFORM
from octoperf_mcp.embedded.rest.answers import json_answer, text_answer
from octoperf_mcp.embedded.rest.bodies import read_object
from octoperf_mcp.embedded.rest.crud import user_of


def routes() -> list[web.RouteDef]:
    """Routes of this module."""
    return [
        web.post("/tasks", submit),
        web.get("/tasks/{id}", submitted),
        web.get("/tasks/{id}/result", result),
    ]


async def submit(request: web.Request) -> web.Response:
    """Begin with a task; the answer is its bare id as text."""
    body = await read_object(request)
    return text_answer(await request.app[PLATFORM].tasks.submit(body, user_of(request)))


async def submitted(request: web.Request) -> web.Response:
    """The task as it was submitted: tells what an unfinished one works on. Ours alone."""
    tasks = request.app[PLATFORM].tasks
    return json_answer(await tasks.submitted(request.match_info["id"], user_of(request)))


async def result(request: web.Request) -> web.Response:
    """The result, or an empty 200 while the task runs."""
    tasks = request.app[PLATFORM].tasks
    found = await tasks.result(request.match_info["id"], user_of(request))
    return web.Response() if found is None else json_answer(found)
