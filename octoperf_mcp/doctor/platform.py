"""The REST API: that it is one, and that it has the routes that the tools call."""

import difflib
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from octoperf_mcp.doctor.findings import Answer, Finding, Places, Web
from octoperf_mcp.upstream.routes import Routes

DOCUMENTS: Final = ("/v3/api-docs", "/openapi.json", "/v2/api-docs", "/swagger.json")
"""Where platforms serve their OpenAPI document: Spring's places first."""

PROBE: Final = "/workspaces/member-of"
_PARAMETER: Final = re.compile(r"\{[^{}]*\}")
_METHODS: Final = ("get", "post", "put", "patch", "delete")
_MOST_TOLD: Final = 20
_MEND: Final = (
    "Name the platform's own route in [upstream] routes_file (`octoperf-mcp config routes`), or "
    "disable the area."
)
_OK, _UNAUTHORIZED, _FORBIDDEN = 200, 401, 403


async def rest_api(places: Places, web: Web) -> AsyncIterator[Finding]:
    """Asked without a token, a REST API refuses; a log-in page says something else."""
    answer = await web.ask(places.upstream + PROBE, headers={"Accept": "application/json"})
    if answer.status in {_UNAUTHORIZED, _FORBIDDEN} and not answer.redirects:
        yield Finding("rest-api", "ok", f"{places.upstream} is a REST API and wants a token.")
        return
    if answer.redirects:
        mend = "Name the API's own address in [upstream] url, not one that a browser signs in at."
    elif answer.is_page:
        mend = "Name the REST API in [upstream] url, not its web pages."
    else:
        mend = "Check [upstream] url, and that the platform runs."
    yield Finding("rest-api", "failed", f"GET {answer.url} {answer.told}, where 401 is due.", mend)


async def openapi(places: Places, web: Web, routes: Routes) -> AsyncIterator[Finding]:
    """Compare the routes with the platform's OpenAPI document, where it serves one."""
    for path in DOCUMENTS:
        answer = await web.ask(places.upstream + path)
        document = answer.json
        if answer.status == _OK and isinstance(document, dict) and _has_paths(document):
            for finding in compared(document, routes, answer):
                yield finding
            return
    yield Finding("routes", "skipped", "The REST API serves no OpenAPI document to compare with.")


def compared(document: dict[str, Any], routes: Routes, answer: Answer) -> Iterator[Finding]:
    """What the document lacks of the routes; what the tools cannot do without first."""
    theirs = {
        f"{method.upper()} {_shape(_base(document) + path)}": f"{method.upper()} {path}"
        for path, operations in document["paths"].items()
        for method in _METHODS
        if isinstance(operations, dict) and method in operations
    }
    lacking = sorted(
        {call for call in routes.values() if f"{call.method} {_shape(call.path)}" not in theirs},
        key=lambda call: (call.optional, call.path, call.method),
    )
    needed = [call for call in lacking if not call.optional]
    known = len(set(routes.values())) - len(lacking)
    yield Finding("routes", "ok", f"{answer.url} has {known} of the routes that tools call.")
    for call in needed[:_MOST_TOLD]:
        near = difflib.get_close_matches(f"{call.method} {_shape(call.path)}", theirs, n=1)
        like = f"; it has {theirs[near[0]]}" if near else ""
        yield Finding(
            "routes",
            "failed",
            f"{call.endpoint} is not in the document{like}.",
            _MEND,
        )
    if len(needed) > _MOST_TOLD:
        message = f"And {len(needed) - _MOST_TOLD} more are not."
        yield Finding("routes", "failed", message, _MEND)
    if len(lacking) > len(needed):
        count = len(lacking) - len(needed)
        yield Finding("routes", "ok", f"{count} optional ones are not: their tools are not listed.")


def _has_paths(document: dict[str, Any]) -> bool:
    return isinstance(document.get("paths"), dict) and bool(document["paths"])


def _base(document: dict[str, Any]) -> str:
    """Path before all paths: that of the first server (version 3), or `basePath` (version 2)."""
    servers = document.get("servers")
    if isinstance(servers, list) and servers and isinstance(servers[0], dict):
        return urlsplit(str(servers[0].get("url", ""))).path.rstrip("/")
    return str(document.get("basePath", "")).rstrip("/")


def _shape(path: str) -> str:
    """A path whose parameters have no names, without query and trailing slash."""
    return _PARAMETER.sub("{}", path.partition("?")[0]).rstrip("/") or "/"
