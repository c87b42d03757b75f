"""Protected resource metadata (RFC 9728): who issues the tokens that /mcp accepts.

Each surface below /mcp is a resource of its own, since clients want the document to name the very
address that was typed; who issues its tokens is the same everywhere.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import hdrs, web

from octoperf_mcp.auth.hosts import OwnOrigins
from octoperf_mcp.auth.scopes import OPERATION_SCOPES

METADATA_PATH = "/.well-known/oauth-protected-resource"
OWN_ORIGINS = web.AppKey("own_origins", OwnOrigins)
CORS_HEADERS = {
    hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*",
    hdrs.ACCESS_CONTROL_ALLOW_METHODS: "GET, HEAD, OPTIONS",
    hdrs.ACCESS_CONTROL_ALLOW_HEADERS: "Authorization, Content-Type, MCP-Protocol-Version",
    hdrs.ACCESS_CONTROL_MAX_AGE: "86400",
}


@dataclass(frozen=True, slots=True)
class ResourceDocument:
    """What the documents say besides the resource, which follows the `Host` header.

    `authorization_server` is exactly one, since clients differ in which of several they take.
    """

    authorization_server: str
    scopes: tuple[str, ...] = OPERATION_SCOPES
    name: str = "OctoPerf"

    def render(self, origin: str, path: str = "/mcp") -> dict[str, Any]:
        """The document for one spelling of the origin, and the path of one surface."""
        return {
            "resource": origin + path,
            "authorization_servers": [self.authorization_server],
            "scopes_supported": list(self.scopes),
            "bearer_methods_supported": ["header"],
            "resource_name": self.name,
            "resource_documentation": f"{origin}/mcp/public/AGENTS.md",
        }


def add_protected_resource(
    app: web.Application, document: ResourceDocument, has_surface: Callable[[str], bool]
) -> None:
    """Serve the documents at every address where clients were seen to look.

    Args:
        app: The application that serves /mcp.
        document: What they say.
        has_surface: Whether a path, without its /mcp, is one of a surface.
    """

    async def show(request: web.Request) -> web.Response:
        below = request.match_info.get("surface", "").rstrip("/")
        if not has_surface(below):
            raise web.HTTPNotFound(headers=CORS_HEADERS)
        return _answer(request, document, _as_typed(request) if below else "/mcp")

    async def preflight(_request: web.Request) -> web.Response:
        return web.Response(status=204, headers=CORS_HEADERS)

    for path in (
        METADATA_PATH,
        METADATA_PATH + r"/mcp{surface:(/.*)?}",
        "/mcp" + METADATA_PATH,
        r"/mcp{surface:/.+}" + METADATA_PATH,
    ):
        app.router.add_get(path, show)
        app.router.add_route(hdrs.METH_OPTIONS, path, preflight)


def _as_typed(request: web.Request) -> str:
    """The path of the surface, percent-encoded as the client has it."""
    return request.rel_url.raw_path.replace(METADATA_PATH, "", 1).rstrip("/")


def _answer(request: web.Request, document: ResourceDocument, path: str) -> web.Response:
    own = request.app[OWN_ORIGINS]
    origin = own.of_host(request.host)
    if origin is None:
        body: dict[str, Any] = {
            "error": "misdirected_request",
            "error_description": f"This server is {own.origin}.",
        }
        return web.Response(
            status=421,
            body=orjson.dumps(body),
            content_type="application/json",
            headers=CORS_HEADERS,
        )
    return web.Response(
        body=orjson.dumps(document.render(origin, path)),
        content_type="application/json",
        headers={
            **CORS_HEADERS,
            hdrs.CACHE_CONTROL: "public, max-age=300",
            hdrs.VARY: hdrs.HOST,
        },
    )
