"""Who may call: tokens of the issuer, or nobody in particular where that is off."""

from collections.abc import AsyncIterator, Callable
from functools import partial

from aiohttp import web

from octoperf_mcp.auth.bearer import AUTHENTICATOR, add_auth, anonymous_caller
from octoperf_mcp.auth.fetch import HttpFetch
from octoperf_mcp.auth.hosts import OwnOrigins
from octoperf_mcp.auth.verifier import make_verifier
from octoperf_mcp.config import Settings
from octoperf_mcp.upstream.dialing import trust
from octoperf_mcp.wiring.upstream import Addresses, proxy_of


def add_authentication(
    app: web.Application,
    settings: Settings,
    addresses: Addresses,
    has_surface: Callable[[str], bool],
) -> None:
    """Tell callers apart in an application, or take all for one where that is off."""
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


def missing_keys(app: web.Application) -> str:
    """Why callers cannot be told apart now; empty when they can."""
    return "" if app[AUTHENTICATOR].ready else "the issuer's keys are not known yet"
