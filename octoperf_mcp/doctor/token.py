"""An access token, read as the server would read it; it is never shown."""

import time
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from octoperf_mcp.auth.hosts import OwnOrigins
from octoperf_mcp.auth.scopes import READ, spelled
from octoperf_mcp.auth.verifier import make_verifier
from octoperf_mcp.auth.wrapping import unwrapped
from octoperf_mcp.config import Settings
from octoperf_mcp.doctor.findings import Finding, Places, Web
from octoperf_mcp.errors import InvalidTokenError, KeysUnavailableError

_OK: Final = 200
_ENTRA_V1: Final = "https://sts.windows.net/"


async def token(text: str, places: Places, settings: Settings, web: Web) -> list[Finding]:
    """What the server would say to a token, with the claim that is wrong."""
    try:
        header, claims = _decoded(text)
    except (InvalidTokenError, IndexError, ValueError):
        return [Finding("token", "failed", "It is no JWT.", "Get an access token by signing in.")]
    found = [
        *_signature(header, settings),
        *_issuer(claims, places),
        *_audience(claims, places, settings),
        *_times(claims, settings.auth.leeway_s),
    ]
    return found or [await _verified(text, places, settings, web)]


def _decoded(text: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    head, body, _signature = unwrapped(text).split(".")
    read = [orjson.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in (head, body)]
    if not all(isinstance(each, dict) for each in read):
        raise ValueError(text[:0])
    return read[0], read[1]


def _signature(header: Mapping[str, Any], settings: Settings) -> Iterator[Finding]:
    algorithm, accepted = header.get("alg"), ", ".join(settings.auth.algorithms)
    if algorithm in settings.auth.algorithms or algorithm == "Ed25519":
        return
    message = f"The token is signed with {algorithm!r}, accepted are {accepted}."
    asymmetric = isinstance(algorithm, str) and algorithm[:2] in {"RS", "PS", "ES", "Ed"}
    mend = (
        "Add it to [auth] algorithms, or let the identity provider sign with one of these."
        if asymmetric
        else "Let the identity provider sign access tokens with a private key: RS256."
    )
    yield Finding("token", "failed", message, mend)


def _issuer(claims: Mapping[str, Any], places: Places) -> Iterator[Finding]:
    named = claims.get("iss")
    if named == places.issuer:
        return
    mend = "Set [auth] issuer to the token's, letter for letter."
    if isinstance(named, str) and named.startswith(_ENTRA_V1):
        mend = (
            "It is a token of Entra ID's version 1.0: set requestedAccessTokenVersion to 2 in the "
            "manifest of the API's app registration."
        )
    message = f"The token is of {named!r}, expected is {places.issuer!r}."
    yield Finding("token", "failed", message, mend)


def _audience(claims: Mapping[str, Any], places: Places, settings: Settings) -> Iterator[Finding]:
    listed = claims.get("aud", [])
    audiences = listed if isinstance(listed, list) else [listed]
    named = {name for name in audiences if isinstance(name, str)}
    wanted = {places.public, f"{places.public}/mcp", *settings.auth.audiences}
    below = f"{places.public}/mcp/"
    if named & wanted or any(name.startswith(below) for name in named):
        return
    message = f"The token is for {sorted(named)}, and not for {sorted(wanted)}."
    mend = (
        "Let the identity provider write one of these into `aud` (in Keycloak: an audience mapper "
        "in the client scope), or add what it writes for this API to [auth] audiences."
    )
    yield Finding("token", "failed", message, mend)


def _times(claims: Mapping[str, Any], leeway_s: float) -> Iterator[Finding]:
    now = time.time()
    ends = _number(claims, "exp")
    begins = max(_number(claims, "nbf") or 0, _number(claims, "iat") or 0)
    if ends is None:
        mend = "Let the identity provider limit the life of access tokens."
        yield Finding("token", "failed", "The token does not say when it ends.", mend)
    elif ends + leeway_s < now:
        yield Finding("token", "failed", "The token is over.", "Sign in again; compare the clocks.")
    if begins - leeway_s > now:
        message = f"The token is not valid yet: who made it is {begins - now:.0f} s ahead of us."
        yield Finding("token", "failed", message, "Synchronise the clocks of both machines (NTP).")


def _number(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    return float(value) if isinstance(value, int | float) else None


async def _verified(text: str, places: Places, settings: Settings, web: Web) -> Finding:
    """The server's own judgement: signature, key, type, scopes."""

    async def fetch(url: str) -> Any:
        answer = await web.ask(url)
        if answer.status != _OK or answer.json is None:
            raise KeysUnavailableError(f"{url} {answer.told}")
        return answer.json

    port = urlsplit(places.public).port
    verifier = make_verifier(
        settings.auth, fetch, issuer=places.issuer, origins=OwnOrigins(places.public, port=port)
    )
    try:
        caller = await verifier.verify(text)
    except (InvalidTokenError, KeysUnavailableError) as error:
        mend = "Sign in again; if that does not help, compare the keys at the issuer's jwks_uri."
        return Finding("token", "failed", error.message, mend)
    finally:
        await verifier.close()
    if READ not in caller.scopes:
        (wanted,) = spelled([READ], settings.auth.scope_prefix)
        granted = " ".join(sorted(caller.scopes)) or "none"
        return Finding(
            "token",
            "failed",
            f"The token has the scopes {granted}, and not {READ}: it can call no tool.",
            f"Define {READ} and octoperf:write at the identity provider, and sign in again: "
            f"clients ask for {wanted}.",
        )
    return Finding("token", "ok", "Signature, issuer, audience, time and scopes of the token fit.")
