"""One line a request, and the id that ties log, error and answer together."""

import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

REQUEST_ID = web.RequestKey("request_id", str)
LOG_FIELDS = web.RequestKey("log_fields", dict[str, Any])
"""What a handler adds to the line of its request: `rpc_method`, `tool`, `outcome`, …"""

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()
_QUIET = ("/healthz", "/readyz", "/actuator/", "/ui/static/")
_FIRST_SERVER_FAILURE = 500


@web.middleware
async def request_log(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request its id, answer it, write its line."""
    request_id = secrets.token_hex(8)
    request[REQUEST_ID] = request_id
    fields: dict[str, Any] = {}
    request[LOG_FIELDS] = fields
    started = time.perf_counter()
    status = 499
    try:
        response = await handler(request)
        status = response.status
    except web.HTTPException as error:
        status = error.status
        raise
    except Exception:
        status = 500
        _log.exception("request_failed", request_id=request_id, path=request.path)
        raise
    else:
        return response
    finally:
        _write(request, request_id, status, (time.perf_counter() - started) * 1000, fields)


def _write(
    request: web.Request,
    request_id: str,
    status: int,
    duration_ms: float,
    fields: dict[str, Any],
) -> None:
    path = request.path
    if path.startswith("/mcp"):
        log = _log.info
    elif status >= _FIRST_SERVER_FAILURE:
        log = _log.warning
    elif path.startswith(_QUIET):
        return
    else:
        log = _log.debug
    log(
        "request",
        request_id=request_id,
        http_method=request.method,
        path=path,
        http_status=status,
        duration_ms=round(duration_ms, 2),
        **fields,
    )
