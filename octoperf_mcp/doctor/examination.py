"""All checks, in the order in which one failing explains the next."""

import asyncio
from collections.abc import AsyncIterator

from octoperf_mcp.config import Settings
from octoperf_mcp.doctor import issuer, network, platform, sign_in
from octoperf_mcp.doctor.findings import Finding, Places, open_web
from octoperf_mcp.doctor.streams import silence, streams
from octoperf_mcp.doctor.token import token as check_token
from octoperf_mcp.upstream.routes import Routes


def places_of(settings: Settings, url: str = "") -> Places:
    """The addresses of an installation.

    Args:
        settings: What is configured.
        url: Address of `/mcp` as clients use it, instead of the configured one.
    """
    host = f"[{settings.server.host}]" if ":" in settings.server.host else settings.server.host
    local = f"http://{host}:{settings.server.port}"
    public = url.rstrip("/").removesuffix("/mcp") or settings.server.public_url.rstrip("/") or local
    upstream = settings.upstream.url.rstrip("/") or public
    return Places(public, upstream, settings.auth.issuer or upstream)


async def examine(
    settings: Settings, places: Places, routes: Routes, token: str = "", *, quick: bool = False
) -> AsyncIterator[Finding]:
    """Look at everything; a finding a time, as it is known.

    Args:
        settings: What is configured.
        places: The addresses.
        routes: Of the REST API.
        token: An access token to look at, if any.
        quick: Leave out the stream that is silent for a quarter of a minute.
    """
    async with open_web(settings) as web:
        waiting = asyncio.create_task(silence(places, web)) if not quick else None
        try:
            for part in (
                network.names(places, web),
                network.certificates(places, web, settings),
                sign_in.challenge(places, web),
                sign_in.plain_http(places, web),
                sign_in.resource(places, web),
                issuer.issuer(places, web, settings),
                streams(places, web),
                platform.rest_api(places, web),
                platform.openapi(places, web, routes),
            ):
                async for finding in part:
                    yield finding
            found = None if waiting is None else await waiting
        finally:
            if waiting is not None:
                waiting.cancel()
        if found is not None:
            yield found
        for finding in network.clocks(web.answers, settings.auth.leeway_s):
            yield finding
        for finding in await check_token(token, places, settings, web) if token else ():
            yield finding
