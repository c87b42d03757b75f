"""The REST client, and what tools and checks reach through it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from octoperf_mcp.config import Settings
from octoperf_mcp.errors import ConfigError
from octoperf_mcp.observability.metrics import Metrics
from octoperf_mcp.registry.context import Caller, CallScope
from octoperf_mcp.registry.registry import Registry
from octoperf_mcp.upstream.capabilities import Capabilities
from octoperf_mcp.upstream.client import RestClient
from octoperf_mcp.upstream.context import CallContext, WorkspaceCache
from octoperf_mcp.upstream.outside import OutsideCalls
from octoperf_mcp.upstream.proxies import Proxy, proxy_for
from octoperf_mcp.upstream.routes import load_routes


@dataclass(frozen=True, slots=True)
class Addresses:
    """Who is where; origins without trailing slash.

    Args:
        origin: What clients see of this server.
        port: Port of the listener; its loopback spellings are own too.
        upstream: Where the REST API is called: the bound loopback address for the embedded one.
        ui: Origin of the web UI that links point at.
        issuer: Issuer of the tokens.
        issuer_base: Where the issuer is asked, when its own address may not be reached from here.
    """

    origin: str
    port: int
    upstream: str
    ui: str
    issuer: str
    issuer_base: str = ""


class Upstream:
    """The REST client and what hangs on it; it lives as long as the application."""

    def __init__(
        self, settings: Settings, registry: Registry, addresses: Addresses, metrics: Metrics
    ) -> None:
        self._settings = settings.upstream
        self._metrics = metrics
        self._all_settings = settings
        self._named = registry.routes
        self._routes = load_routes(settings.upstream.routes_file, self._named)
        self._outside = OutsideCalls(settings, metrics)
        if problems := self._outside.register(registry, self._routes):
            raise ConfigError("\n".join(problems))
        self._sections = _sections(settings, registry)
        self._added_types = registry.added_types
        self._proxy = proxy_of(settings, addresses.upstream)
        self._addresses = addresses
        self._workspaces = WorkspaceCache()
        self._client: RestClient | None = None
        self._capabilities: Capabilities | None = None

    def register(self, registry: Registry) -> None:
        """Make the calls of plugins possible that were enabled since."""
        self._named = {**self._named, **registry.routes}
        self._routes = load_routes(self._settings.routes_file, self._named)
        self._outside.register(registry, self._routes)
        self._sections = _sections(self._all_settings, registry)
        self._added_types = registry.added_types
        if self._client is not None:
            self._client.register(self._routes)

    async def run(self, _app: web.Application) -> AsyncIterator[None]:
        """Make the client, close it at the end."""
        client = RestClient(
            self._addresses.upstream,
            self._routes,
            self._settings,
            proxy=self._proxy,
            metrics=self._metrics,
        )
        self._client, self._capabilities = client, Capabilities(client)
        yield
        await client.close()
        await self._outside.close()

    def follow(self, _registry: Registry) -> None:
        """Ask again what the platform offers: it has the same plugins, where it is in here."""
        if self._capabilities is not None:
            self._capabilities.forget()

    def client(self) -> RestClient:
        """The client of the running application."""
        if self._client is None:
            raise RuntimeError("a tool was called before the application started")
        return self._client

    def gauges(self) -> None:
        """Show the state of the connections and of the breaker."""

        def connections() -> dict[tuple[str, ...], float]:
            pool = self.client().pool
            return {("busy",): pool.busy, ("idle",): pool.size - pool.busy}

        def breaker() -> dict[tuple[str, ...], float]:
            return {(): float(self.client().breaker.is_open)}

        name = "octoperf_mcp_upstream"
        self._metrics.gauge(
            f"{name}_connections", "Connections to the REST API.", ("state",), connections
        )
        self._metrics.gauge(f"{name}_breaker_open", "1 while calls are refused.", (), breaker)

    def trouble(self) -> str:
        """Why calls are not made now; empty when they are."""
        client = self._client
        return "the REST API does not answer" if client and client.breaker.is_open else ""

    def context(self, scope: CallScope) -> CallContext:
        """The context of one tool call."""
        return CallContext(
            scope,
            self.client(),
            self._addresses.ui,
            self._workspaces,
            self._capabilities,
            outside=self._outside,
            sections=self._sections,
            added_types=self._added_types,
        )

    async def offered(self, caller: Caller) -> frozenset[str] | None:
        """See `Capabilities.offered`; with the calls to services of plugins."""
        ours = self._outside.offered
        return ours | await self._capabilities.offered(caller) if self._capabilities else ours


def _sections(settings: Settings, registry: Registry) -> dict[type[Any], Any]:
    """The sections of plugins by their dataclasses."""
    return {
        one.settings: settings.section(one.name, one.settings) for one in registry.config_sections
    }


def proxy_of(settings: Settings, address: str) -> Proxy | None:
    """The proxy on the way out to an address; none where the platform is in this process.

    Raises:
        ConfigError: it is impossible.
    """
    if not settings.upstream.url:
        return None
    return proxy_for(address, settings.upstream.proxy, settings.upstream.no_proxy)
