"""Who may call from where: Host and Origin checks, and CORS.

2025-11-25 and 2026-07-28, basic/transports, security warning: a foreign `Origin` is refused with
403; on a loopback address a foreign `Host` is the mark of DNS rebinding, refused with 421.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

import aiohttp_cors
from aiohttp import hdrs, web
from aiohttp_cors.urldispatcher_router_adapter import ResourcesUrlDispatcherRouterAdapter

LOOPBACK: Final = frozenset(("localhost", "127.0.0.1", "[::1]"))
EXPOSED: Final = (
    "Mcp-Session-Id",
    "MCP-Protocol-Version",
    "WWW-Authenticate",
    "X-Request-Id",
    "Retry-After",
    "ETag",
)
_MAX_AGE_S: Final = 600
_ANY: Final = "*"
_REFUSALS: Final = {403: web.HTTPForbidden, 421: web.HTTPMisdirectedRequest}


class Gate:
    """Refuses requests from a foreign page or for a foreign host.

    Args:
        allowed_hosts: Host names, with a port where only that one is meant; `*` for all.
        allowed_origins: Origins of web pages besides loopback ones and our own; `*` for all.
    """

    def __init__(self, allowed_hosts: Collection[str], allowed_origins: Collection[str]) -> None:
        self._hosts = frozenset(host.lower() for host in allowed_hosts)
        self._origins = frozenset(origin.lower().rstrip("/") for origin in allowed_origins)

    def refusal(self, headers: Mapping[str, str]) -> tuple[int, str] | None:
        """HTTP status and reason, or None when the request may pass."""
        host = headers.get(hdrs.HOST, "").lower()
        if not self._host_allowed(host):
            return 421, "This host name is not served here."
        origin = headers.get(hdrs.ORIGIN)
        if origin is not None and not self._origin_allowed(origin.lower(), host):
            return 403, "Pages of this origin may not call this server."
        return None

    def _host_allowed(self, host: str) -> bool:
        if host in self._hosts or _ANY in self._hosts:
            return True
        return _without_port(host) in self._hosts

    def _origin_allowed(self, origin: str, host: str) -> bool:
        if origin in self._origins or _ANY in self._origins:
            return True
        scheme, _, rest = origin.partition("://")
        if scheme not in {"http", "https"} or "/" in rest or "@" in rest:
            return False
        return rest == host or _without_port(rest) in LOOPBACK


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host


class _GatedRoutes(ResourcesUrlDispatcherRouterAdapter):
    """Asks the gate of a resource before aiohttp-cors lets a page in."""

    def __init__(self, app: web.Application) -> None:
        super().__init__(app.router, {})
        self.gates: dict[web.AbstractResource, Gate] = {}

    def is_cors_enabled_on_request(self, request: web.Request) -> bool:
        # asked for every answer of the application, few of which go to a page
        return hdrs.ORIGIN in request.headers and bool(super().is_cors_enabled_on_request(request))

    async def get_preflight_request_config(
        self, preflight_request: web.Request, origin: str, requested_method: str
    ) -> Any:
        refusal = self._refusal(preflight_request)
        if refusal is not None:
            status, reason = refusal
            raise _REFUSALS[status](text=reason)
        return await super().get_preflight_request_config(
            preflight_request, origin, requested_method
        )

    def get_non_preflight_request_config(self, request: web.Request) -> Any:
        if self._refusal(request) is not None:
            return {}
        return super().get_non_preflight_request_config(request)

    def _refusal(self, request: web.Request) -> tuple[int, str] | None:
        resource = request.match_info.route.resource
        gate = None if resource is None else self.gates.get(resource)
        return None if gate is None else gate.refusal(request.headers)


class PageAccess:
    """CORS of one application: without credentials, pre-flight included.

    aiohttp-cors bears one configuration an application, so all rooms share this one
    (`page_access`). It wants each method added by itself and refuses `*` routes.
    """

    def __init__(self, app: web.Application) -> None:
        self._routes = _GatedRoutes(app)
        self._cors = aiohttp_cors.CorsConfig(app, router_adapter=self._routes)
        make_options: Any = aiohttp_cors.ResourceOptions
        self._options = make_options(allow_headers=_ANY, expose_headers=EXPOSED, max_age=_MAX_AGE_S)

    def allow(self, routes: Iterable[web.AbstractRoute], *, gate: Gate | None = None) -> None:
        """Let web pages call these routes, from wherever the gate lets them."""
        for route in routes:
            self._cors.add(route, {_ANY: self._options})
            if gate is not None and route.resource is not None:
                self._routes.gates[route.resource] = gate


_PAGE_ACCESS: Final = web.AppKey("octoperf_mcp_page_access", PageAccess)


def page_access(app: web.Application) -> PageAccess:
    """The CORS configuration of an application, made when first asked for."""
    if _PAGE_ACCESS not in app:
        app[_PAGE_ACCESS] = PageAccess(app)
    return app[_PAGE_ACCESS]
