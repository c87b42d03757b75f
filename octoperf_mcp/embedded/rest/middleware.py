"""What every request of the REST API passes: credential, scope, errors as JSON."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import structlog
from aiohttp import hdrs, web

from octoperf_mcp.auth.scopes import READ, WRITE, with_implied
from octoperf_mcp.embedded.audit.rest_calls import audit, audit_left
from octoperf_mcp.embedded.failures import Failure, Forbidden
from octoperf_mcp.embedded.platform import PLATFORM, PRINCIPAL, Principal
from octoperf_mcp.embedded.rest.answers import json_answer
from octoperf_mcp.embedded.store.access import only_workspace
from octoperf_mcp.embedded.store.schema import now_ms
from octoperf_mcp.entities.check import Mismatch

log = structlog.get_logger()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

ROOTS = frozenset(
    {
        "analysis",
        "capabilities",
        "design",
        "imports",
        "monitoring",
        "presigned-urls",
        "public",
        "runtime",
        "subscriptions",
        "tasks",
        "users",
        "workspaces",
    }
)
"""First segments of the paths that are the REST API; the rest of the application is not ours."""

READING_POSTS = (
    "/analysis/bench-errors",
    "/analysis/insights",
    "/analysis/metrics/",
    "/analysis/monitors-table",
    "/analysis/report-items/",
    "/analysis/tags/",
    "/analysis/textual-monitors",
    "/analysis/threshold-alarms",
    "/design/http-servers/by-projects",
    "/presigned-urls",
    "/runtime/scenarios/by-projects",
)
"""POSTs that change nothing by themselves, by the beginning of their path."""


_UNNOTED = "/users/current/kept-values/"
"""What a bridge remembers of its calls; the calls themselves are noted."""

_BEYOND_WORKSPACES = ("/workspaces/members/by-user/", "/users/current/activity")


def is_rest(path: str) -> bool:
    """Whether a path belongs to the REST API."""
    return path[1:].partition("/")[0] in ROOTS


def required_scope(method: str, path: str) -> str:
    """The scope that a request needs; writing implies reading."""
    if method in {"GET", "HEAD"} or (method == "POST" and path.startswith(READING_POSTS)):
        return READ
    return WRITE


@web.middleware
async def rest_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Authenticate, run, and put every refusal into the one shape of errors."""
    if not is_rest(request.path):
        return await handler(request)
    started = time.perf_counter()
    changes = required_scope(request.method, request.path) == WRITE
    try:
        refusal = await _refusal(request)
        answer = refusal if refusal is not None else await _limited(request, handler, changes)
    except Failure as failure:
        answer = _failure(request, failure)
    except Mismatch as mismatch:
        answer = error_answer(request, 400, _sentence(mismatch), _details_of(mismatch))
    except web.HTTPException as error:
        answer = _http_error(request, error)
    except (ConnectionError, web.RequestPayloadError):
        raise
    except asyncio.CancelledError:
        audit_left(request, _ms_since(started), changes=changes)
        raise
    except Exception:  # the top of a request
        log.exception("rest_failed", method=request.method, route=_route(request))
        answer = error_answer(request, 500, "The platform failed; its log says why.")
    if not answer.prepared:
        answer.headers.setdefault("X-Content-Type-Options", "nosniff")
        answer.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
    if not request.path.startswith(_UNNOTED):
        await audit(request, answer, _ms_since(started), changes=changes)
    return answer


def error_answer(
    request: web.Request, status: int, message: str, details: dict[str, Any] | None = None
) -> web.Response:
    """An error as Spring Boot answers it, with our machine-readable properties beside."""
    body = {
        **(details or {}),
        "timestamp": now_ms(),
        "status": status,
        "error": HTTPStatus(status).phrase,
        "message": message,
        "path": _shown_path(request),
    }
    return json_answer(body, status=status)


async def _refusal(request: web.Request) -> web.Response | None:
    """401 or 403, None for a request that may go on."""
    if request.path.startswith("/public/"):
        return None
    principal = await _principal(request)
    if principal is None:
        answer = error_answer(request, 401, "A bearer token is needed, and this is none.")
        answer.headers[hdrs.WWW_AUTHENTICATE] = "Bearer"
        return answer
    request[PRINCIPAL] = principal
    needed = required_scope(request.method, request.path)
    if needed not in with_implied(principal.scopes):
        answer = error_answer(request, 403, f"The token lacks the scope {needed}.")
        answer.headers[hdrs.WWW_AUTHENTICATE] = (
            f'Bearer error="insufficient_scope", scope="{needed}"'
        )
        return answer
    return None


async def _limited(request: web.Request, handler: Handler, changes: bool) -> web.StreamResponse:
    """Run the handler within the limits of a CI token.

    Raises:
        Forbidden: the token may not do this.
    """
    principal = request.get(PRINCIPAL)
    limits = principal.limits if principal is not None else None
    if limits is None:
        return await handler(request)
    if changes:
        limits.check_change(request.path)
    if limits.workspace_id and request.path.startswith(_BEYOND_WORKSPACES):
        raise Forbidden("This CI token is for one workspace only.")
    with only_workspace(limits.workspace_id):
        return await handler(request)


async def _principal(request: web.Request) -> Principal | None:
    scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        return None
    found: Principal | None = await request.app[PLATFORM].identity.principal(token.strip())
    return found


def _ms_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000


def _failure(request: web.Request, failure: Failure) -> web.Response:
    answer = error_answer(request, failure.http_status, failure.message, failure.details)
    retry_after_s = failure.details.get("retryAfterSec")
    if retry_after_s is not None:
        answer.headers[hdrs.RETRY_AFTER] = str(int(retry_after_s))
    return answer


def _http_error(request: web.Request, error: web.HTTPException) -> web.StreamResponse:
    """Routing's 404 and 405, and aiohttp's own limits; redirects are answers."""
    if error.status < HTTPStatus.BAD_REQUEST:
        return error
    message = {404: "There is nothing at this address.", 405: "Not for this method."}
    answer = error_answer(request, error.status, message.get(error.status, error.reason))
    if hdrs.ALLOW in error.headers:
        answer.headers[hdrs.ALLOW] = error.headers[hdrs.ALLOW]
    return answer


def _sentence(mismatch: Mismatch) -> str:
    return f"The document is {mismatch.message}."


def _details_of(mismatch: Mismatch) -> dict[str, Any]:
    details: dict[str, Any] = {
        "pointer": mismatch.pointer,
        "expected": mismatch.expected,
        "got": mismatch.got,
    }
    if mismatch.schema:
        details["schema"] = f"octoperf://schema/{mismatch.schema}"
    if mismatch.allowed:
        details["allowed"] = list(mismatch.allowed)
    return details


def _shown_path(request: web.Request) -> str:
    """The path, without the token of a presigned address."""
    return "/public/presigned/…" if request.path.startswith("/public/presigned/") else request.path


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else ""
