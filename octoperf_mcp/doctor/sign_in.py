"""What clients read before they sign in: challenge, discovery documents, registration, token."""

import time
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import orjson

from octoperf_mcp.auth.discovery import metadata_addresses
from octoperf_mcp.auth.protected_resource import METADATA_PATH
from octoperf_mcp.config import Settings
from octoperf_mcp.doctor.findings import Finding, Places, Web

_PROXY = "Let the proxy pass the path on to the server unchanged, without a redirect."
_OK, _UNAUTHORIZED, _NOT_FOUND, _NOT_ALLOWED = 200, 401, 404, 405


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
    if answer.status != _UNAUTHORIZED:
        yield Finding(
            "challenge",
            "failed",
            f"POST {url} without a token {answer.told}, where 401 is due.",
            "Check that the server runs, that the proxy sends /mcp there, and that `Host` is kept.",
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
            yield Finding("discovery", "failed", f"{answer.url} {answer.told}.", _PROXY)
            continue
        yield Finding("discovery", "ok", f"{answer.url} is there.")
        if path == METADATA_PATH:
            continue
        if document.get("resource") != expected:
            yield Finding(
                "audience",
                "failed",
                f"The resource is called {document.get('resource')!r}, clients use {expected!r}.",
                "Set [server] public_url to the origin that clients use, and let the proxy keep "
                "`Host`.",
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


async def issuer(places: Places, web: Web) -> AsyncIterator[Finding]:
    """RFC 8414: the issuer's metadata, its keys, its registration."""
    failures = []
    for address in metadata_addresses(places.issuer):
        answer = await web.ask(address)
        document = answer.json
        if answer.status != _OK or not isinstance(document, dict):
            failures.append(f"{address} {answer.told}")
        elif document.get("issuer") != places.issuer:
            failures.append(f"{address} is of {document.get('issuer')!r}")
        else:
            yield Finding("issuer", "ok", f"{address} is the issuer's.")
            async for finding in _issuer_parts(document, web):
                yield finding
            return
    yield Finding(
        "issuer",
        "failed",
        f"The metadata of {places.issuer!r} was not found: {'; '.join(failures)}.",
        "Set [auth] issuer to what the identity provider calls itself, scheme and port included, "
        "and route /.well-known/ to it.",
    )


async def _issuer_parts(document: dict[str, Any], web: Web) -> AsyncIterator[Finding]:
    keys = await web.ask(str(document.get("jwks_uri")))
    found = keys.json
    count = len(found["keys"]) if isinstance(found, dict) and _is_list(found.get("keys")) else 0
    if count:
        yield Finding("keys", "ok", f"{keys.url} holds {count} keys.")
    else:
        yield Finding(
            "keys",
            "failed",
            f"{keys.url} {keys.told}, and holds no keys.",
            "Make the issuer's jwks_uri reachable from here, or name another: [auth] jwks_url.",
        )
    register = document.get("registration_endpoint")
    if not register:
        yield Finding(
            "registration",
            "warning",
            "Clients cannot register themselves.",
            "Register each client by hand, or use an identity provider with RFC 7591.",
        )
        return
    answer = await web.ask(str(register), "POST", json={})
    if answer.failure or answer.redirects or answer.status in {_NOT_FOUND, _NOT_ALLOWED}:
        yield Finding(
            "registration",
            "failed",
            f"POST {register} {answer.told}: no client can register.",
            "Let the proxy pass POST on to the identity provider.",
        )
    else:
        yield Finding("registration", "ok", f"{register} takes registrations.")


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def token(text: str, places: Places, settings: Settings) -> list[Finding]:
    """The claims of a token, which is not shown."""
    try:
        part = text.split(".")[1]
        claims = orjson.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        audiences = claims.get("aud", [])
    except (IndexError, ValueError, AttributeError):
        return [Finding("token", "failed", "It is no JWT.", "Get an access token by signing in.")]
    found = []
    if claims.get("iss") != places.issuer:
        message = f"The token is of {claims.get('iss')!r}, expected is {places.issuer!r}."
        mend = "Set [auth] issuer to the token's, letter for letter."
        found.append(Finding("token", "failed", message, mend))
    named = {audiences} if isinstance(audiences, str) else set(audiences)
    wanted = {places.public, f"{places.public}/mcp", *settings.auth.audiences}
    if not named & wanted:
        message = f"The token is for {sorted(named)}, and not for {sorted(wanted)}."
        mend = "Ask for the resource that clients use, or add it to [auth] audiences."
        found.append(Finding("token", "failed", message, mend))
    now, leeway = time.time(), settings.auth.leeway_s
    if claims.get("exp", 0) + leeway < now or claims.get("nbf", 0) - leeway > now:
        message = "The token is over, or not valid yet."
        found.append(Finding("token", "failed", message, "Sign in again; compare the clocks."))
    return found or [Finding("token", "ok", "Issuer, audience and time of the token fit.")]
