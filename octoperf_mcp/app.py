"""Composition root: settings and registry become one aiohttp application.

The only module that knows every room of the bridge; the embedded platform is added to the same
application by the command that runs it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import astuple, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Middleware

from octoperf_mcp.auth.bearer import (
    AUTHENTICATOR,
    add_auth,
    anonymous_caller,
    authenticate,
    challenge,
)
from octoperf_mcp.auth.fetch import HttpFetch
from octoperf_mcp.auth.hosts import OwnOrigins
from octoperf_mcp.auth.verifier import make_verifier
from octoperf_mcp.config import PluginsSettings, ServerSettings, Settings
from octoperf_mcp.errors import ConfigError
from octoperf_mcp.hosts import HOSTS, Hosts
from octoperf_mcp.observability.health import add_health
from octoperf_mcp.observability.metrics import Metrics
from octoperf_mcp.observability.metrics_page import add_metrics
from octoperf_mcp.observability.request_log import REQUEST_ID, request_log
from octoperf_mcp.observability.watchdog import Watchdog
from octoperf_mcp.protocol.confirming import Confirming, Mode
from octoperf_mcp.protocol.guards import guarded
from octoperf_mcp.protocol.identity import instructions, server_info
from octoperf_mcp.protocol.isolation import Breaker, Isolation, isolated
from octoperf_mcp.protocol.kept_values import SharedValues
from octoperf_mcp.protocol.once import Once
from octoperf_mcp.protocol.relay import MemoryRelay, Relay
from octoperf_mcp.protocol.seals import Seal
from octoperf_mcp.protocol.server import McpServer
from octoperf_mcp.protocol.watching import watched
from octoperf_mcp.registry.context import Caller, CallScope
from octoperf_mcp.registry.guide import published
from octoperf_mcp.registry.marking import marked
from octoperf_mcp.registry.registry import Registry
from octoperf_mcp.registry.switched import composed
from octoperf_mcp.switching import SWITCHING, RelaySwitches, Switching
from octoperf_mcp.transport.facts import RPC_FACTS
from octoperf_mcp.transport.forwarded import forwarded
from octoperf_mcp.transport.leaving import add_leaving, leaving_middleware
from octoperf_mcp.transport.limits import Limits
from octoperf_mcp.transport.origins import LOOPBACK
from octoperf_mcp.transport.public_files import add_public_files
from octoperf_mcp.transport.sessions import Sessions
from octoperf_mcp.transport.stream_check import add_stream_check
from octoperf_mcp.transport.streamable_http import McpEndpoint, add_mcp
from octoperf_mcp.upstream.capabilities import Capabilities
from octoperf_mcp.upstream.client import RestClient
from octoperf_mcp.upstream.context import CallContext, WorkspaceCache
from octoperf_mcp.upstream.dialing import trust
from octoperf_mcp.upstream.kept_values import PlatformValues
from octoperf_mcp.upstream.outside import OutsideCalls
from octoperf_mcp.upstream.proxies import Proxy, proxy_for
from octoperf_mcp.upstream.routes import load_routes

if TYPE_CHECKING:
    from octoperf_mcp.observability.spans import Spans

METRICS: Final = web.AppKey("metrics", Metrics)
DRAINING: Final = web.AppKey("draining", asyncio.Event)
"""Set from SIGTERM on: not ready any more, though calls are answered for a while."""

_FIRST_REFUSAL: Final = 400
_CLIENT_LEFT: Final = 499


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


class _Upstream:
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


def make_app(
    settings: Settings, registry: Registry, addresses: Addresses
) -> tuple[web.Application, McpEndpoint]:
    """The bridge as an application: /mcp, public files, discovery documents, health."""
    spans = _spans(settings)
    metrics = Metrics(registry.owners)
    draining = asyncio.Event()
    app = web.Application(
        middlewares=[
            leaving_middleware(draining),
            *_forwarded(settings.server),
            request_log(_describe, partial(_observe, metrics, spans)),
        ]
    )
    app[METRICS] = metrics
    if spans is not None:
        metrics.on_asking, metrics.on_asked = spans.asking, spans.asked
        app.cleanup_ctx.append(partial(_close_spans, spans))
    app[DRAINING] = draining
    add_leaving(app, draining)
    upstream = _Upstream(settings, registry, addresses, metrics)
    app.cleanup_ctx.extend([upstream.run, _watchdog(registry).run])
    files_origin = settings.upstream.url.rstrip("/") or addresses.origin
    app[HOSTS] = hosts = Hosts(registry, settings, addresses.origin)
    keys = _keys(settings.server)
    relay = _relay(app, settings)
    once = _once(settings, relay, upstream)
    confirming = Confirming(cast("Mode", settings.tools.confirm), Seal("confirmation", keys), relay)
    breakers: dict[str, Breaker] = {}

    def dressed(bare: Registry) -> Registry:
        filled = published(bare, addresses.origin, files_origin, settings.auth.client_id)
        apart = isolated(filled, _isolation(settings.plugins), breakers)
        safe = guarded(apart, once=once, confirming=confirming)
        return marked(watched(safe, hosts.of))

    shown = dressed(registry)
    server = McpServer(
        shown,
        upstream.context,
        info=server_info(),
        instruct=partial(instructions, public_url=addresses.origin),
        offered=upstream.offered,
        seal=Seal("request state", keys),
        relay=relay,
        max_result_bytes=settings.tools.max_result_bytes,
    )
    endpoint = add_mcp(
        app,
        server,
        authenticate=authenticate,
        challenge=challenge,
        allowed_hosts={*LOOPBACK, urlsplit(addresses.origin).netloc},
        allowed_origins=settings.server.allowed_origins,
        sessions=Sessions(keys, relay=relay),
        seal=Seal("question", keys),
        new_request_id=lambda request: request[REQUEST_ID],
        limits=Limits(*astuple(settings.limits)),
        begin_span=None if spans is None else lambda *asked: spans.begin(*metrics.spoken(*asked)),
    )
    upstream.gauges()
    _gauges(metrics, endpoint, relay)
    add_metrics(app, metrics, settings.metrics)
    files = add_public_files(app, shown)
    add_stream_check(app)
    _add_authentication(app, settings, addresses, server.has_surface)
    checks: dict[str, Callable[[], str]] = {
        "draining": lambda: "the server is stopping" if app[DRAINING].is_set() else "",
        "keys": lambda: _missing_keys(app),
        "upstream": upstream.trouble,
        "plugins": lambda: _missing_plugins(registry, settings.plugins.required),
    }
    hosts.join(app)

    async def adopt(bare: Registry) -> None:
        await hosts.adopt(bare)
        upstream.register(bare)
        metrics.know({name: bare.owners[name] for name in bare.tools})
        fresh = dressed(bare)
        server.install(fresh)
        files.show(fresh.public_assets)

    app[SWITCHING] = switching = Switching(
        registry,
        partial(composed, settings.plugins, settings.tools),
        adopt,
        server.tell,
        followers=[upstream.follow],
        required=settings.plugins.required,
    )
    if settings.shared.redis_url:
        switching.store = RelaySwitches(relay)
    app.cleanup_ctx.append(switching.run)
    checks["switches"] = switching.trouble
    notes = {"shared": relay.trouble}
    add_health(app, lambda: {**checks, **hosts.checks({*checks, *notes})}, notes)
    endpoint.before_drain = hosts.drain
    return app, endpoint


def _gauges(metrics: Metrics, endpoint: McpEndpoint, shared: Relay) -> None:
    """What is going on here; `shared` is what replicas share."""
    metrics.gauge(
        "octoperf_mcp_calls_under_way", "Requests being answered.", (), endpoint.under_way
    )
    metrics.gauge("octoperf_mcp_streams_open", "Open event streams.", (), endpoint.open_streams)
    metrics.gauge(
        "octoperf_mcp_shared_store_up",
        "0 while Redis, where replicas share it, is away.",
        (),
        lambda: {(): float(not shared.trouble())},
    )


def _watchdog(registry: Registry) -> Watchdog:
    return Watchdog({one.distribution: one.name for one in registry.plugins if not one.built_in})


def _forwarded(settings: ServerSettings) -> list[Middleware]:
    return [forwarded(settings.trusted_proxies)] if settings.trusted_proxies else []


def _keys(settings: ServerSettings) -> list[bytes]:
    """The configured secrets; none are made up for the life of the process."""
    return [secret.encode() for secret in settings.secrets.reveal().split()]


def _once(settings: Settings, relay: Relay, upstream: _Upstream) -> Once | None:
    """Where repeated calls are known: on the embedded platform, else in the shared store if any."""
    if not settings.upstream.url and settings.auth.mode != "off":
        return Once(PlatformValues(upstream.client))
    return Once(SharedValues(relay)) if settings.shared.redis_url else None


def _relay(app: web.Application, settings: Settings) -> Relay:
    """What crosses replicas: Redis where it is configured, else the memory of this process.

    Raises:
        ConfigError: Redis is configured without its library.
    """
    url = settings.shared.redis_url.reveal()
    if not url:
        return MemoryRelay()
    try:
        from octoperf_mcp.protocol.relay_redis import RedisRelay  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ConfigError(
            "[shared] redis_url needs the extra `redis`: pip install 'octoperf-mcp[redis]'"
        ) from error
    relay = RedisRelay(url, settings.shared.prefix)

    async def run(_app: web.Application) -> AsyncIterator[None]:
        await relay.open()
        yield
        await relay.close()

    app.cleanup_ctx.append(run)
    return relay


def _isolation(settings: PluginsSettings) -> Isolation:
    return Isolation(
        timeout_s=settings.call_timeout_s,
        max_answer_bytes=settings.max_answer_bytes,
        failures=settings.breaker_failures,
        pause_s=settings.breaker_pause_s,
    )


def _missing_plugins(registry: Registry, required: Sequence[str]) -> str:
    states = {plugin.name: plugin for plugin in registry.plugins}
    missing = [
        f"{name} ({states[name].reason if name in states else 'not installed'})"
        for name in required
        if name not in states or states[name].state != "enabled"
    ]
    return f"required plugins are missing: {', '.join(missing)}" if missing else ""


def _describe(request: web.Request) -> dict[str, Any]:
    facts = request.get(RPC_FACTS)
    if facts is None:
        return {}
    told: dict[str, Any] = {"rpc_method": facts.method, "protocol_version": facts.version}
    if facts.name:
        told["tool"] = facts.name
    if facts.trace_id:
        told["trace_id"] = facts.trace_id
    if facts.code:
        told["rpc_code"] = facts.code
    if facts.tool_error:
        told |= {"outcome": "tool_error", "error_code": facts.tool_error}
    return told


def _spans(settings: Settings) -> "Spans | None":
    """What makes spans, where they are wanted.

    Raises:
        ConfigError: OpenTelemetry is not installed.
    """
    if not settings.traces.enabled:
        return None
    try:
        from octoperf_mcp.observability.spans import Spans  # noqa: PLC0415 - an extra

        return Spans()
    except ImportError as error:
        raise ConfigError(
            "[traces] enabled needs the extra `otel`: pip install 'octoperf-mcp[otel]'"
        ) from error


async def _close_spans(spans: "Spans", _app: web.Application) -> AsyncIterator[None]:
    yield
    await asyncio.to_thread(spans.close)


def _observe(
    metrics: Metrics, spans: "Spans | None", request: web.Request, status: int, seconds: float
) -> None:
    facts = request.get(RPC_FACTS)
    if facts is None:
        if request.path.startswith("/mcp"):
            metrics.answered(status)
        return
    metrics.answered(status)
    outcome = facts.tool_error or ("protocol_error" if facts.code else _outcome(status))
    metrics.called(facts.method, facts.name, outcome, seconds)
    if spans is not None and facts.span is not None:
        spans.end(facts.span, outcome)


def _outcome(status: int) -> str:
    if status < _FIRST_REFUSAL:
        return "ok"
    return "cancelled" if status == _CLIENT_LEFT else "refused"


def _missing_keys(app: web.Application) -> str:
    return "" if app[AUTHENTICATOR].ready else "the issuer's keys are not known yet"


def _add_authentication(
    app: web.Application,
    settings: Settings,
    addresses: Addresses,
    has_surface: Callable[[str], bool],
) -> None:
    origins = OwnOrigins(addresses.origin, port=addresses.port)
    if settings.auth.mode == "off":
        add_auth(app, None, origins=origins, anonymous=anonymous_caller())
        return
    fetch = HttpFetch(
        proxy=lambda url: (
            (proxy.url, proxy.authorization)
            if (proxy := proxy_of(settings, url)) is not None
            else None
        ),
        tls=partial(trust, settings.upstream.ca_file),
    )

    async def close_fetch(_app: web.Application) -> AsyncIterator[None]:
        yield
        await fetch.close()

    app.cleanup_ctx.append(close_fetch)
    verifier = make_verifier(
        settings.auth,
        fetch,
        issuer=addresses.issuer,
        origins=origins,
        base_url=addresses.issuer_base,
    )
    issuer = settings.auth.issuer or addresses.issuer
    add_auth(
        app,
        verifier,
        origins=origins,
        issuer=issuer,
        scope_prefix=settings.auth.scope_prefix,
        has_surface=has_surface,
    )
