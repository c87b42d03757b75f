"""What clients read of this server before they sign in: challenge and discovery documents."""

import re
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from octoperf_mcp.auth.protected_resource import METADATA_PATH
from octoperf_mcp.doctor.findings import Finding, Places, Web

_PROXY = "Let the proxy pass the path on to the server unchanged, without a redirect."
_HOST = (
    "Let the proxy keep `Host`, port included: `proxy_set_header Host $http_host` in nginx; and "
    "set [server] public_url to the origin that clients use."
)
_OK, _UNAUTHORIZED, _NOT_ALLOWED, _MISDIRECTED = 200, 401, 405, 421
_LEADS = re.compile(r'resource_metadata="([^"]*)"')


async def challenge(places: Places, web: Web) -> AsyncIterator[Finding]:
    """`/mcp` is reached, answers itself, and says where to sign in."""
    url = f"{places.public}/mcp"
    answer = await web.ask(url, "POST", json={}, headers={"Accept": "application/json"})
    if answer.redirects:
        yield Finding(
            "redirects", "failed", f"POST {url} {answer.told}: a redirect loses the body.", _PROXY
        )
        return
    yield Finding("redirects", "ok", f"POST {url} is not redirected.")
    field = answer.headers.get("www-authenticate", "")
    if answer.status == _MISDIRECTED:
        yield Finding(
            "challenge", "failed", f"{url} is asked for by another name than clients use.", _HOST
        )
    elif answer.status != _UNAUTHORIZED:
        yield Finding(
            "challenge",
            "failed",
            f"POST {url} without a token {answer.told}, where 401 is due.",
            "Check that the server runs, that the proxy sends /mcp there, and that `Host` is kept.",
        )
    elif (led := _LEADS.search(field)) and not led[1].startswith(f"{places.public}/"):
        yield Finding(
            "challenge", "failed", f"{url} sends clients to {led[1]} for the sign-in.", _HOST
        )
    elif "resource_metadata=" not in field:
        yield Finding(
            "challenge",
            "failed",
            f"POST {url} answers 401 without saying where to sign in.",
            "Let the proxy keep the field WWW-Authenticate.",
        )
    else:
        yield Finding("challenge", "ok", f"{url} asks for a token and says where to get one.")


async def plain_http(places: Places, web: Web) -> AsyncIterator[Finding]:
    """Nobody sends a token in the clear by mistake."""
    parts = urlsplit(places.public)
    if parts.scheme != "https" or parts.port not in (None, 443):
        return
    answer = await web.ask(f"http://{parts.hostname}/mcp")
    if answer.failure or answer.status not in {_OK, _UNAUTHORIZED, _NOT_ALLOWED}:
        yield Finding("redirects", "ok", "Plain http is refused or redirected.")
        return
    yield Finding(
        "redirects",
        "warning",
        f"http://{parts.hostname}/mcp answers too: tokens may travel in the clear.",
        "Redirect http to https at the proxy, or close port 80.",
    )


async def resource(places: Places, web: Web) -> AsyncIterator[Finding]:
    """RFC 9728: both spellings of the document, and the names in it."""
    expected = f"{places.public}/mcp"
    for path in (f"{METADATA_PATH}/mcp", METADATA_PATH):
        answer = await web.ask(places.public + path)
        document = answer.json
        if answer.status != _OK or not isinstance(document, dict):
            mend = _HOST if answer.status == _MISDIRECTED else _PROXY
            yield Finding("discovery", "failed", f"{answer.url} {answer.told}.", mend)
            continue
        yield Finding("discovery", "ok", f"{answer.url} is there.")
        if path == METADATA_PATH:
            continue
        if document.get("resource") != expected:
            yield Finding(
                "audience",
                "failed",
                f"The resource is called {document.get('resource')!r}, clients use {expected!r}.",
                _HOST,
            )
        else:
            yield Finding("audience", "ok", f"Tokens are asked for {expected}.")
        servers = document.get("authorization_servers")
        if not isinstance(servers, list) or places.issuer not in servers:
            yield Finding(
                "issuer",
                "failed",
                f"The document sends clients to {servers}, tokens are expected of "
                f"{places.issuer!r}.",
                "Set [auth] issuer to the issuer, letter for letter.",
            )
