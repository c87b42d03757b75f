"""`/metrics`: for this machine and for who has the token, or on a listener of its own."""

import hmac
from collections.abc import AsyncIterator, Callable
from typing import Final

from aiohttp import hdrs, web

from octoperf_mcp.auth.hosts import is_loopback
from octoperf_mcp.config import MetricsSettings
from octoperf_mcp.errors import ConfigError
from octoperf_mcp.observability.metrics import CONTENT_TYPE_LATEST, Metrics

PATH: Final = "/metrics"
Lifespan = Callable[[web.Application], AsyncIterator[None]]

_FORWARDED: Final = ("X-Forwarded-For", "X-Real-IP", "Forwarded", "Via")
"""Fields of proxies: with one of them, a caller on loopback is somebody from elsewhere."""

_REFUSED: Final = (
    "Metrics are for this machine; from elsewhere send the token of [metrics] token as a bearer "
    "token, or use the listener of [metrics] port.\n"
)


def add_metrics(app: web.Application, metrics: Metrics, settings: MetricsSettings) -> None:
    """Serve them, where they are wanted."""
    if not settings.enabled:
        return
    token = settings.token.reveal()

    async def guarded(request: web.Request) -> web.Response:
        if not _may(request, token):
            return web.Response(status=403, text=_REFUSED)
        return _answer(metrics)

    app.router.add_get(PATH, guarded)
    if settings.port:
        app.cleanup_ctx.append(_listener(metrics, settings))


def _may(request: web.Request, token: str) -> bool:
    kind, _, given = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    if token and kind.lower() == "bearer" and hmac.compare_digest(_bytes(given), _bytes(token)):
        return True
    if any(field in request.headers for field in _FORWARDED):
        return False
    peer = request.transport.get_extra_info("peername") if request.transport else None
    return isinstance(peer, tuple) and is_loopback(str(peer[0]))


def _bytes(text: str) -> bytes:
    """Header fields hold whatever bytes a caller sends."""
    return text.encode("utf-8", "surrogateescape")


def _answer(metrics: Metrics) -> web.Response:
    return web.Response(body=metrics.text(), headers={hdrs.CONTENT_TYPE: CONTENT_TYPE_LATEST})


def _listener(metrics: Metrics, settings: MetricsSettings) -> Lifespan:
    async def run(_app: web.Application) -> AsyncIterator[None]:
        async def open_to_all(_request: web.Request) -> web.Response:
            return _answer(metrics)

        own = web.Application()
        own.router.add_get(PATH, open_to_all)
        runner = web.AppRunner(own, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, settings.host, settings.port).start()
        except OSError as error:
            await runner.cleanup()
            raise ConfigError(
                f"[metrics] {settings.host}:{settings.port} cannot be used: {error.strerror}."
            ) from error
        yield
        await runner.cleanup()

    return run
