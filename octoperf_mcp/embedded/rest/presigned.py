"""Single-use addresses: one request, made later by somebody without a token, as the user.

The token is used up before the body is read, so that it cannot be tried twice. Only downloads and
uploads can be signed.
"""

import re
from typing import Any

from aiohttp import web

from octoperf_mcp.auth.scopes import WRITE, with_implied
from octoperf_mcp.embedded.audit.rest_calls import MADE
from octoperf_mcp.embedded.failures import Forbidden, Gone, Invalid, NotFound, WrongMethod
from octoperf_mcp.embedded.platform import PLATFORM, PRINCIPAL
from octoperf_mcp.embedded.rest.answers import json_answer
from octoperf_mcp.embedded.rest.bodies import read_object
from octoperf_mcp.embedded.store.access import only_workspace
from octoperf_mcp.embedded.store.presigned import Presigned, Target

_ID = r"[A-Za-z0-9_.~-]+"
SIGNABLE = {
    "GET": (
        rf"/analysis/junit-reports/{_ID}",
        rf"/analysis/logs/{_ID}",
        rf"/analysis/logs/zip/{_ID}",
        rf"/analysis/validations/body/{_ID}/{_ID}",
        rf"/design/project-files/{_ID}",
        rf"/design/virtual-users/export/{_ID}",
    ),
    "POST": (
        rf"/design/imports/{_ID}/{_ID}",
        rf"/design/project-files/{_ID}",
        rf"/imports/{_ID}/{_ID}",
        rf"/imports/{_ID}/analyze/{_ID}",
    ),
}
"""Paths that may be signed, by method."""

_DOTS = re.compile(r"/\.{1,2}(/|$)")


def routes() -> list[web.RouteDef]:
    """Routes of this module."""
    return [
        web.post("/presigned-urls", mint),
        web.get("/public/presigned/{token}", replay, allow_head=False),
        web.post("/public/presigned/{token}", replay),
    ]


async def mint(request: web.Request) -> web.Response:
    """An address for `{method, path, query}`, which lives some minutes and works once."""
    body = await read_object(request)
    method, path, query = body.get("method"), body.get("path"), body.get("query") or {}
    if not isinstance(method, str) or not isinstance(path, str) or not is_signable(method, path):
        raise Invalid("Only downloads and uploads can be signed, by method and path.")
    if not isinstance(query, dict) or not all(isinstance(v, str) for v in query.values()):
        raise Invalid("'query' must be an object of texts.")
    principal = request[PRINCIPAL]
    if method != "GET" and WRITE not in with_implied(principal.scopes):
        raise Forbidden(f"The token lacks the scope {WRITE}.")
    if method != "GET" and principal.limits is not None:
        principal.limits.check_change(path)
    platform = request.app[PLATFORM]
    token, expires = await Presigned(platform.database).mint(
        Target(method, path, query, principal), life_s=platform.settings.presigned_life_s
    )
    url = f"{platform.origin}/public/presigned/{token}"
    return json_answer({"url": url, "method": method, "expiresAt": expires})


async def replay(request: web.Request) -> web.StreamResponse:
    """Make the signed request as the user who signed it, with the body of this one."""
    platform = request.app[PLATFORM]
    presigned = Presigned(platform.database)
    target = await presigned.spend(request.match_info["token"], request.method)
    grant_id = target.principal.grant_id
    if grant_id and not await platform.identity.is_live(grant_id):
        raise Gone("The access of whoever asked for this address has ended.")
    return await _made(request, target)


def is_signable(method: str, path: str) -> bool:
    """Whether a request may be signed: listed, and nothing that climbs out of its path."""
    if _DOTS.search(path):
        return False
    return any(re.fullmatch(pattern, path) for pattern in SIGNABLE.get(method, ()))


async def _made(request: web.Request, target: Target) -> web.StreamResponse:
    """Route a copy of the request to the target, past authentication.

    Raises:
        NotFound: this platform has no such route.
        WrongMethod: it has, but not for this method.
    """
    rel_url = request.rel_url.build(path=target.path, query=dict(target.query), encoded=False)
    copy: Any = request.clone(method=target.method, rel_url=rel_url)
    match = await request.app.router.resolve(copy)
    if match.http_exception is not None:
        missing = NotFound if match.http_exception.status == NotFound.status else WrongMethod
        raise missing("This platform has nothing at the signed address.")
    match.add_app(request.app)
    match.freeze()
    copy._match_info = match  # noqa: SLF001 - as aiohttp's own middlewares re-route
    copy[PRINCIPAL] = request[PRINCIPAL] = target.principal
    request[MADE] = copy
    limits = target.principal.limits
    with only_workspace(limits.workspace_id if limits else ""):
        answer: web.StreamResponse = await match.handler(copy)
    return answer
