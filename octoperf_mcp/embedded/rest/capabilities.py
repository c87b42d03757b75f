"""What this platform answers, so that a bridge lists only tools that can work."""

from aiohttp import web

from octoperf_mcp.embedded.platform import PLATFORM
from octoperf_mcp.embedded.rest.answers import json_answer
from octoperf_mcp.embedded.rest.middleware import is_rest


def routes() -> list[web.RouteDef]:
    """Routes of this module."""
    return [web.get("/capabilities", capabilities)]


async def capabilities(request: web.Request) -> web.Response:
    """`{"calls": ["GET /design/projects/{id}", …]}`, read from the router itself.

    Each kind of import that an enabled plugin adds is one, too.
    """
    kinds = [one.kind for one in request.app[PLATFORM].extensions.importers]
    added = [f"POST /imports/{kind}/{{projectId}}" for kind in kinds]
    return json_answer({"calls": sorted([*calls_of(request.app), *added])})


def calls_of(app: web.Application) -> list[str]:
    """Method and path template of every authenticated REST call of an application."""
    found = {
        f"{route.method} {route.resource.canonical}"
        for route in app.router.routes()
        if route.resource is not None
        and is_rest(route.resource.canonical)
        and not route.resource.canonical.startswith("/public/")
        and route.method != "HEAD"
    }
    return sorted(found)
