"""Which surface a request is for: its path below `/mcp`, narrowed by its header fields."""

from typing import Final

from aiohttp import web
from multidict import istr

from octoperf_mcp.errors import SurfaceError
from octoperf_mcp.protocol.surfaces import Surface, Surfaces
from octoperf_mcp.registry.context import Caller
from octoperf_mcp.transport.answers import Answered, refuse

TOOLSETS: Final = istr("X-MCP-Toolsets")
READONLY: Final = istr("X-MCP-Readonly")
TOOLS: Final = istr("X-MCP-Tools")

SURFACE: Final = web.RequestKey("octoperf_mcp_surface", Surface)
"""On each request to an MCP endpoint."""

BELOW: Final = r"/mcp/{surface:(?!(?:.*/)?\.well-known/).*}"
"""Path of all surfaces but the full one; what others serve below /mcp is found before it."""


def select_by_path(request: web.Request, surfaces: Surfaces) -> None:
    """Set the surface of a request by its path.

    Raises:
        Answered: 404, nothing is there.
    """
    try:
        request[SURFACE] = surfaces.of_path(_tail(request))
    except SurfaceError as error:
        raise Answered(refuse(404, error.message)) from error


def narrow_by_fields(request: web.Request, surfaces: Surfaces) -> None:
    """Narrow the surface of a request by its header fields, where it has some.

    Raises:
        Answered: 400, a value is unknown.
    """
    headers = request.headers
    if TOOLSETS not in headers and READONLY not in headers and TOOLS not in headers:
        return
    toolsets, tools = (",".join(headers.getall(field, ())) for field in (TOOLSETS, TOOLS))
    flags = {flag.strip().lower() for flag in headers.getall(READONLY, ())}
    try:
        request[SURFACE] = surfaces.narrowed(
            _tail(request), toolsets=toolsets, tools=tools, readonly=",".join(sorted(flags))
        )
    except SurfaceError as error:
        raise Answered(refuse(400, error.message)) from error


def limit_by_token(request: web.Request, surfaces: Surfaces, caller: Caller) -> None:
    """Narrow the surface of a request by what its token may change."""
    request[SURFACE] = surfaces.limited(request[SURFACE], caller.areas)


def _tail(request: web.Request) -> str:
    below = request.match_info.get("surface")
    return "" if below is None else f"/{below}"
