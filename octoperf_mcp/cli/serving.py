"""A running server: the socket first, then everything that depends on its address."""

import asyncio
import signal
import ssl
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from octoperf_mcp.app import DRAINING, METRICS, make_app
from octoperf_mcp.auth.bearer import AUTHENTICATOR, Authenticator
from octoperf_mcp.cli.listeners import BACKLOG, bound, origin_of, take_no_more
from octoperf_mcp.config import ServerSettings, Settings
from octoperf_mcp.config.contradictions import refuse_contradictions
from octoperf_mcp.errors import ConfigError
from octoperf_mcp.extensions import extensions_of
from octoperf_mcp.hosts import HOSTS
from octoperf_mcp.registry.registry import Registry
from octoperf_mcp.switching import SWITCHING
from octoperf_mcp.transport.runner import make_runner
from octoperf_mcp.wiring.upstream import Addresses

if TYPE_CHECKING:
    from octoperf_mcp.embedded.app import FirstStart
    from octoperf_mcp.embedded.platform import Platform
    from octoperf_mcp.observability.metrics import Metrics

_log = structlog.get_logger()
_KEYS_OF_OTHERS_S = 3.0
_LAST_HEARD_S = 0.2
"""Between the end of listening and that of taking calls: whoever connected sends within it."""


@dataclass(frozen=True, slots=True)
class Serving:
    """A server that answers.

    `url` is the MCP endpoint, `origin` what its clients see; `first_start` is given when the
    embedded platform made its first user just now; `stop_all_load` ends all runs of the embedded
    platform and takes who wants it.
    """

    origin: str
    first_start: "FirstStart | None" = None
    stop_all_load: Callable[[str], None] | None = None

    @property
    def url(self) -> str:
        """The MCP endpoint."""
        return f"{self.origin}/mcp"


@asynccontextmanager
async def serving(settings: Settings, registry: Registry, data_dir: Path) -> AsyncIterator[Serving]:
    """Run the server while the context is open; drain it at the end.

    Raises:
        ConfigError: the address is taken, or the settings contradict each other.
    """
    refuse_contradictions(settings)
    server = settings.server
    listener = bound(server.host, server.port)
    port = listener.getsockname()[1]
    bridge = bool(settings.upstream.url)
    tls = certificate(server)
    scheme = "http" if tls is None else "https"
    origin = server.public_url.rstrip("/") or origin_of(listener, server.host, scheme)
    # the platform is asked in plain http by this process alone, whatever the certificate names,
    # and until the last call has ended, when the public listener is long closed
    inner = None if bridge else bound("127.0.0.1", 0)
    if inner is not None:
        inner.listen(BACKLOG)  # what asks before the platform answers waits for it
    within = f"http://127.0.0.1:{inner.getsockname()[1]}" if inner else ""
    upstream = within or settings.upstream.url.rstrip("/")
    addresses = Addresses(
        origin=origin,
        port=port,
        upstream=upstream,
        ui=settings.upstream.ui_url.rstrip("/") or (upstream if bridge else origin),
        issuer=settings.auth.issuer or (upstream if bridge else origin),
        issuer_base=within,
    )
    app, endpoint = make_app(settings, registry, addresses)
    embedded = _nothing() if bridge else _embedded(app, settings, registry, data_dir, addresses)
    async with embedded as opened:
        runner = make_runner(app)
        await runner.setup()
        try:
            if inner is not None:
                await web.SockSite(runner, inner, backlog=BACKLOG).start()
            await _until_tokens_can_be_checked(app[AUTHENTICATOR], settings)
            site = web.SockSite(runner, listener, backlog=BACKLOG, ssl_context=tls)
            await site.start()
            yield Serving(origin, opened.first_start, opened.stop_all_load)
            app[DRAINING].set()
            await asyncio.sleep(server.drain_delay_s)
            if server.drain_delay_s:
                take_no_more(listener)
                await asyncio.sleep(_LAST_HEARD_S)
            # who connects from here on is refused at once, which any proxy may answer elsewhere;
            # who had just connected is still heard
            await site.stop()
            await asyncio.sleep(_LAST_HEARD_S)
            # calls under way need the REST API of this very process, so they end first
            cut = await endpoint.drain(server.drain_s)
            if cut:
                _log.warning("calls_cut_off", count=cut)
        finally:
            await runner.cleanup()


async def _until_tokens_can_be_checked(authenticator: Authenticator, settings: Settings) -> None:
    """Let nobody in before: a proxy sends calls to a replica as soon as it takes connections.

    Keys of somebody else's are not waited for any longer than that; the health check names them.
    """
    others = bool(settings.upstream.url or settings.auth.issuer)
    with suppress(TimeoutError):
        async with asyncio.timeout(_KEYS_OF_OTHERS_S if others else None):
            await authenticator.wait_ready()


@dataclass(frozen=True, slots=True)
class _Opened:
    """What the embedded platform gives its server."""

    first_start: "FirstStart | None" = None
    stop_all_load: Callable[[str], None] | None = None


@asynccontextmanager
async def _nothing() -> AsyncIterator[_Opened]:
    yield _Opened()


@asynccontextmanager
async def _embedded(
    app: web.Application,
    settings: Settings,
    registry: Registry,
    data_dir: Path,
    addresses: Addresses,
) -> AsyncIterator[_Opened]:
    try:
        from octoperf_mcp.embedded.app import add_platform, close_platform, open_platform
    except ImportError as error:
        raise ConfigError(
            f"The embedded platform needs the extra `embedded` ({error.name} is missing): "
            "pip install 'octoperf-mcp[embedded]', or give --upstream."
        ) from error
    platform, first_start = await open_platform(
        settings.embedded,
        data_dir=data_dir,
        origin=addresses.origin,
        port=addresses.port,
        extensions=extensions_of(registry, app[HOSTS]),
    )

    def follow(switched: Registry) -> None:
        platform.extensions = extensions_of(switched, app[HOSTS])

    try:
        add_platform(app, platform)
        _show_runs(app[METRICS], platform)
        platform.switchboard = app[SWITCHING]
        app[SWITCHING].store = platform.switches
        app[SWITCHING].followers.append(follow)
        yield _Opened(first_start, platform.runs.stop_all)
    finally:
        await close_platform(platform)


def _show_runs(metrics: "Metrics", platform: "Platform") -> None:
    metrics.gauge(
        "octoperf_mcp_runs_active",
        "Runs that this process plays or that wait for their turn.",
        (),
        lambda: {(): float(platform.runs.active)},
    )

    def notices() -> dict[tuple[str, ...], float]:
        standing = platform.notices.standing
        return {("pending",): standing.pending, ("failed",): standing.failed}

    metrics.gauge(
        "octoperf_mcp_notices",
        "Notices of ended runs, of all replicas: pending, and failed, given up within a day.",
        ("state",),
        notices,
    )
    metrics.gauge(
        "octoperf_mcp_notices_oldest_seconds",
        "How long the oldest pending notice of an ended run has waited.",
        (),
        lambda: {(): platform.notices.standing.oldest_s},
    )


def certificate(settings: ServerSettings) -> ssl.SSLContext | None:
    """What https is served with; None for plain http. SIGHUP reads the files again.

    Raises:
        ConfigError: the files hold no certificate, or no key that fits.
    """
    if not settings.tls_cert:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    files = settings.tls_cert, settings.tls_key or None
    try:
        context.load_cert_chain(*files)
    except OSError as error:
        raise ConfigError(
            f"[server] tls_cert and tls_key: {settings.tls_cert} holds no certificate with its key "
            f"({error.strerror or error})."
        ) from error

    def again() -> None:
        try:
            context.load_cert_chain(*files)
        except OSError as error:
            _log.error("certificate_not_read", reason=str(error))
        else:
            _log.info("certificate_read")

    if hasattr(signal, "SIGHUP") and threading.current_thread() is threading.main_thread():
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, again)
    return context


async def until_signal(server: Serving | None = None) -> None:
    """Wait for SIGINT or SIGTERM; SIGUSR1 ends all load of a server meanwhile."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    if server is not None and server.stop_all_load is not None and hasattr(signal, "SIGUSR1"):
        loop.add_signal_handler(signal.SIGUSR1, server.stop_all_load, "The signal USR1")
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
