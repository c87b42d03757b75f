"""Live and ready, in the spellings of Kubernetes and of the original's operators."""

from collections.abc import Callable, Mapping

from aiohttp import web

Check = Callable[[], str]
"""Answers why the server is not ready, or an empty text."""


def add_health(
    app: web.Application,
    checks: Callable[[], Mapping[str, Check]],
    notes: Mapping[str, Check] | None = None,
) -> None:
    """Add `/healthz`, `/readyz`, `/actuator/health` and `/actuator/health/readiness`.

    Args:
        app: Gets the routes.
        checks: Asked for what says why no more requests should come here; plugins come and go.
        notes: Say what does not work although most does: told in `degraded`, ready all the same.
    """

    async def live(_request: web.Request) -> web.Response:
        return web.json_response({"status": "UP"})

    async def ready(_request: web.Request) -> web.Response:
        reasons = {name: reason for name, check in checks().items() if (reason := check())}
        if reasons:
            return web.json_response({"status": "DOWN", "reasons": reasons}, status=503)
        told = {name: note for name, check in (notes or {}).items() if (note := check())}
        return web.json_response({"status": "UP", **({"degraded": told} if told else {})})

    app.router.add_get("/healthz", live)
    app.router.add_get("/actuator/health", live)
    app.router.add_get("/readyz", ready)
    app.router.add_get("/actuator/health/readiness", ready)
