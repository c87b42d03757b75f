"""Composition root: settings and registry become one aiohttp application.

The only module that knows every room of the bridge; the embedded platform is added to the same
application by the command that runs it.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import astuple
from functools import partial
from typing import Final, cast
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Middleware

from octoperf_mcp.auth.bearer import authenticate, challenge
from octoperf_mcp.config import PluginsSettings, ServerSettings, Settings
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
from octoperf_mcp.protocol.seals import Seal
from octoperf_mcp.protocol.server import McpServer
from octoperf_mcp.protocol.watching import watched
from octoperf_mcp.registry.guide import published
from octoperf_mcp.registry.marking import marked
from octoperf_mcp.registry.registry import Registry
from octoperf_mcp.registry.switched import composed
from octoperf_mcp.switching import SWITCHING, RelaySwitches, Switching
from octoperf_mcp.transport.forwarded import forwarded
from octoperf_mcp.transport.leaving import add_leaving, leaving_middleware
from octoperf_mcp.transport.limits import Limits
from octoperf_mcp.transport.origins import LOOPBACK
from octoperf_mcp.transport.public_files import add_public_files
from octoperf_mcp.transport.sessions import Sessions
from octoperf_mcp.transport.stream_check import add_stream_check
from octoperf_mcp.transport.streamable_http import McpEndpoint, add_mcp
from octoperf_mcp.wiring.authentication import add_authentication, missing_keys
from octoperf_mcp.wiring.observed import add_gauges, close_spans, describe, make_spans, observe
from octoperf_mcp.wiring.shared import make_once, make_relay, secret_keys
from octoperf_mcp.wiring.upstream import Addresses, Upstream

METRICS: Final = web.AppKey("metrics", Metrics)
DRAINING: Final = web.AppKey("draining", asyncio.Event)
"""Set from SIGTERM on: not ready any more, though calls are answered for a while."""


def make_app(
    settings: Settings, registry: Registry, addresses: Addresses
) -> tuple[web.Application, McpEndpoint]:
    """The bridge as an application: /mcp, public files, discovery documents, health."""
    spans = make_spans(settings)
    metrics = Metrics(registry.owners)
    draining = asyncio.Event()
    app = web.Application(
        middlewares=[
            leaving_middleware(draining),
            *_forwarded(settings.server),
            request_log(describe, partial(observe, metrics, spans)),
        ]
    )
    app[METRICS] = metrics
    if spans is not None:
        metrics.on_asking, metrics.on_asked = spans.asking, spans.asked
        app.cleanup_ctx.append(partial(close_spans, spans))
    app[DRAINING] = draining
    add_leaving(app, draining)
    upstream = Upstream(settings, registry, addresses, metrics)
    app.cleanup_ctx.extend([upstream.run, _watchdog(registry).run])
    files_origin = settings.upstream.url.rstrip("/") or addresses.origin
    app[HOSTS] = hosts = Hosts(registry, settings, addresses.origin)
    keys = secret_keys(settings.server)
    relay = make_relay(app, settings)
    once = make_once(settings, relay, upstream)
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
    add_gauges(metrics, endpoint, relay)
    add_metrics(app, metrics, settings.metrics)
    files = add_public_files(app, shown)
    add_stream_check(app)
    add_authentication(app, settings, addresses, server.has_surface)
    checks: dict[str, Callable[[], str]] = {
        "draining": lambda: "the server is stopping" if app[DRAINING].is_set() else "",
        "keys": lambda: missing_keys(app),
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


def _watchdog(registry: Registry) -> Watchdog:
    return Watchdog({one.distribution: one.name for one in registry.plugins if not one.built_in})


def _forwarded(settings: ServerSettings) -> list[Middleware]:
    return [forwarded(settings.trusted_proxies)] if settings.trusted_proxies else []


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
