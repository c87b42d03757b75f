"""One line a request, and the id that ties log, error and answer together."""

import itertools
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware

from octoperf_mcp.observability.logs import REPEATING

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

Describe = Callable[[web.Request], dict[str, Any]]
"""What the room that answered adds to the line: `rpc_method`, `tool`, …; `trace_id` is hexadecimal,
all others come again and again."""

Observe = Callable[[web.Request, int, float], None]
"""Told of each request, its status and its seconds."""

REQUEST_ID = web.RequestKey("request_id", str)

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()
_PROCESS = secrets.token_hex(4)
_numbers = itertools.count(1)
_QUIET = ("/healthz", "/readyz", "/metrics", "/actuator/", "/ui/static/")
_SIGNED = "/public/presigned/"
_FIRST_SERVER_FAILURE = 500
_CLIENT_LEFT = 499
_UNIQUE = "trace_id"
_MOST_CHARS = 300
_NAMES = {logging.DEBUG: "debug", logging.INFO: "info", logging.WARNING: "warning"}


def request_log(describe: Describe, observe: Observe | None = None) -> Middleware:
    """A middleware that gives each request its id, answers it, and writes its line."""

    @web.middleware
    async def logged(request: web.Request, handler: Handler) -> web.StreamResponse:
        request_id = f"{_PROCESS}{next(_numbers):06x}"
        request[REQUEST_ID] = request_id
        started = time.perf_counter()
        status = _CLIENT_LEFT
        try:
            response = await handler(request)
            status = response.status
        except web.HTTPException as error:
            status = error.status
            raise
        except Exception as error:
            if isinstance(error, ConnectionError) and _left(request):
                raise  # it vanished while it was being written to
            status = 500
            _log.exception("request_failed", request_id=request_id, path=_shown(request.path))
            raise
        else:
            return response
        finally:
            seconds = time.perf_counter() - started
            if observe is not None:
                observe(request, status, seconds)
            _write(request, request_id, status, seconds * 1000, describe)

    return logged


def _left(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


def _write(
    request: web.Request, request_id: str, status: int, duration_ms: float, describe: Describe
) -> None:
    path = request.path
    level = _level(path, status)
    log = _log.bind()
    if not level or not log.is_enabled_for(level):
        return
    fresh: dict[str, Any] = {"request_id": request_id, "duration_ms": round(duration_ms, 2)}
    told = describe(request)
    if _UNIQUE in told:
        fresh[_UNIQUE] = told.pop(_UNIQUE)
    shared: dict[str, Any] = {
        "http_method": request.method,
        "path": _shown(path),
        "http_status": status,
        **told,
    }
    repeats = len(path) <= _MOST_CHARS
    if not repeats or not REPEATING.write(_NAMES[level], "request", fresh, shared):
        log.log(level, "request", **fresh, **shared)


def _level(path: str, status: int) -> int:
    if path.startswith("/mcp"):
        return logging.INFO
    if status >= _FIRST_SERVER_FAILURE:
        return logging.WARNING
    return logging.NOTSET if path.startswith(_QUIET) else logging.DEBUG


def _shown(path: str) -> str:
    """The path without the token of a presigned address, which is a credential."""
    return f"{_SIGNED}…" if path.startswith(_SIGNED) else path
