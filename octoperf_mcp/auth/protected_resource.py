"""Protected resource metadata (RFC 9728): who issues the tokens that /mcp accepts."""

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
    name: str = "OctoPerf"

    def render(self, origin: str) -> dict[str, Any]:
        """The document for one spelling of the origin."""
        return {
            "resource": f"{origin}/mcp",
            "authorization_servers": [self.authorization_server],
            "scopes_supported": list(OPERATION_SCOPES),
            "bearer_methods_supported": ["header"],
            "resource_name": self.name,
            "resource_documentation": f"{origin}/mcp/public/AGENTS.md",
        }


def add_protected_resource(app: web.Application, document: ResourceDocument) -> None:
    """Serve the documents at every address where clients were seen to look.

    The path form of a toolset (`…/mcp/readonly`) names /mcp too: clients accept a resource
    that is a path prefix of what the user typed.
    """

    async def show(request: web.Request) -> web.Response:
        return _answer(request, document)

    async def preflight(_request: web.Request) -> web.Response:
        return web.Response(status=204, headers=CORS_HEADERS)

    for path in (
        METADATA_PATH,
        METADATA_PATH + r"/mcp{toolset:(/[\w./-]*)?}",
        "/mcp" + METADATA_PATH,
    ):
        app.router.add_get(path, show)
        app.router.add_route(hdrs.METH_OPTIONS, path, preflight)


def _answer(request: web.Request, document: ResourceDocument) -> web.Response:
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
        body=orjson.dumps(document.render(origin)),
        content_type="application/json",
        headers={
            **CORS_HEADERS,
            hdrs.CACHE_CONTROL: "public, max-age=300",
            hdrs.VARY: hdrs.HOST,
        },
    )
