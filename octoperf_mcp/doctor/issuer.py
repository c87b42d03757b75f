"""The identity provider as clients meet it: metadata, keys, PKCE, scopes, registration."""

from collections.abc import AsyncIterator, Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from octoperf_mcp.auth.discovery import metadata_addresses
from octoperf_mcp.auth.hosts import is_loopback
from octoperf_mcp.auth.jwks import read_key_set
from octoperf_mcp.auth.protected_resource import METADATA_PATH
from octoperf_mcp.auth.scopes import OFFLINE, OPERATION_SCOPES
from octoperf_mcp.config import Settings
from octoperf_mcp.doctor.findings import Answer, Finding, Places, Web
from octoperf_mcp.errors import KeysUnavailableError

CLIENT_NAME: Final = "octoperf-mcp doctor"
_REDIRECT: Final = "http://127.0.0.1:33418/callback"
_OPENID_SCOPES: Final = frozenset(
    ("openid", "profile", "email", "address", "phone", OFFLINE, "device_sso")
)
_GUIDE: Final = "see the identity providers in docs/self-hosting.md"
_OK, _CREATED, _NOT_FOUND, _NOT_ALLOWED, _TOO_MANY = 200, 201, 404, 405, 429
_MOST_TOLD: Final = 200


async def issuer(places: Places, web: Web, settings: Settings) -> AsyncIterator[Finding]:
    """RFC 8414 or OpenID Connect Discovery, and what the document leads to."""
    parts = urlsplit(places.issuer)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        yield Finding(
            "issuer",
            "warning",
            f"{places.issuer} is not https: passwords travel in the clear, and clients refuse it.",
            "Serve the identity provider over https, and name that address in [auth] issuer.",
        )
    failures: list[str] = []
    others: set[str] = set()
    for address in metadata_addresses(places.issuer):
        answer = await web.ask(address)
        document = answer.json
        if answer.status != _OK or not isinstance(document, dict):
            failures.append(f"{address} {answer.told}")
        elif document.get("issuer") != places.issuer:
            failures.append(f"{address} is of {document.get('issuer')!r}")
            others.add(str(document.get("issuer")))
        else:
            yield Finding("issuer", "ok", f"{address} is the issuer's.")
            async for finding in _parts(document, web, settings):
                yield finding
            return
    yield Finding(
        "issuer",
        "failed",
        f"The metadata of {places.issuer!r} was not found: {'; '.join(failures)}.",
        _mend(others),
    )


def _mend(others: set[str]) -> str:
    """What to do when the metadata is not there, or names `others` as its issuer."""
    if len(others) != 1:
        return (
            "Set [auth] issuer to what the identity provider calls itself, scheme and port "
            "included, and route /.well-known/ to it."
        )
    (other,) = others
    if "{" in other:
        return "Name one tenant in [auth] issuer: its id in place of `common` or `organizations`."
    return f"Set [auth] issuer = {other!r} if that is meant: it counts letter for letter."


async def _parts(document: dict[str, Any], web: Web, settings: Settings) -> AsyncIterator[Finding]:
    yield await _keys(document, web, settings)
    yield _code_challenge(document)
    for finding in _scopes(document, _asked_scopes(web)):
        yield finding
    register = document.get("registration_endpoint")
    if register:
        yield await _registration(str(register), document, web)
    elif document.get("client_id_metadata_document_supported") is True:
        yield Finding(
            "registration",
            "ok",
            "Clients do not register: the issuer reads their metadata documents.",
        )
    else:
        yield Finding(
            "registration",
            "warning",
            "Clients cannot register themselves: people have to give them a client id.",
            "Register one public client, and hand out what `octoperf-mcp connect CLIENT "
            f"--client-id ID` prints; {_GUIDE}.",
        )


async def _keys(document: dict[str, Any], web: Web, settings: Settings) -> Finding:
    keys = await web.ask(settings.auth.jwks_url or str(document.get("jwks_uri")))
    algorithms = ", ".join(settings.auth.algorithms)
    try:
        ring = read_key_set(keys.json)
    except KeysUnavailableError:
        return Finding(
            "keys",
            "failed",
            f"{keys.url} {keys.told}, and holds no keys.",
            "Make the issuer's jwks_uri reachable from here, or name another: [auth] jwks_url.",
        )
    usable = {
        key.thumbprint() for name in settings.auth.algorithms for key in ring.candidates("", name)
    }
    if usable:
        return Finding("keys", "ok", f"{keys.url} holds {len(usable)} keys for {algorithms}.")
    return Finding(
        "keys",
        "failed",
        f"{keys.url} holds no keys for {algorithms}.",
        "Let the identity provider sign access tokens with one of these, or add what it signs with "
        "to [auth] algorithms.",
    )


def _code_challenge(document: dict[str, Any]) -> Finding:
    methods = document.get("code_challenge_methods_supported")
    if methods is None:
        return Finding(
            "pkce",
            "warning",
            "The issuer does not say that it takes code challenges: strict clients refuse it.",
            "If it has a switch for PKCE with S256, turn it on. Entra ID has none; common clients "
            "sign in nevertheless.",
        )
    if isinstance(methods, list) and "S256" in methods:
        return Finding("pkce", "ok", "The issuer takes code challenges of the method S256.")
    return Finding(
        "pkce",
        "failed",
        f"The issuer takes the code challenges {methods}, and not S256: no client signs in.",
        "Turn on PKCE with S256 at the identity provider.",
    )


def _asked_scopes(web: Web) -> list[str]:
    """What clients ask for: the scopes of the resource document, as it was read before."""
    for answer in web.answers:
        if urlsplit(answer.url).path == f"{METADATA_PATH}/mcp" and isinstance(answer.json, dict):
            listed = answer.json.get("scopes_supported")
            if isinstance(listed, list):
                return [name for name in listed if isinstance(name, str)]
    return list(OPERATION_SCOPES)


def _scopes(document: dict[str, Any], asked: list[str]) -> Iterator[Finding]:
    """Compare scopes, where the issuer lists those of APIs at all: many list OpenID's only."""
    listed = document.get("scopes_supported")
    known = (
        {name for name in listed if isinstance(name, str)} if isinstance(listed, list) else set()
    )
    unknown = [name for name in asked if name not in known]
    if not unknown:
        yield Finding("scopes", "ok", f"The issuer knows {' and '.join(asked)}.")
    elif not known <= _OPENID_SCOPES:
        yield Finding(
            "scopes",
            "warning",
            f"Clients ask for {', '.join(unknown)}, which the issuer does not list.",
            "Define these scopes there, with the audience of this server; where it wants a prefix "
            f"before them, set [auth] scope_prefix; {_GUIDE}.",
        )


async def _registration(register: str, document: dict[str, Any], web: Web) -> Finding:
    """Register as an agent does, and take the registration back where that is offered."""
    listed = document.get("scopes_supported")
    more = [OFFLINE] if isinstance(listed, list) and OFFLINE in listed else []
    wanted = {
        "client_name": CLIENT_NAME,
        "redirect_uris": [_REDIRECT],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "scope": " ".join([*_asked_scopes(web), *more]),
    }
    answer = await web.ask(register, "POST", json=wanted)
    if answer.status in {_OK, _CREATED} and isinstance(answer.json, dict):
        gone = await _taken_back(register, answer.json, web)
        left = "" if gone else f" The client {CLIENT_NAME!r} stays in its list, unused."
        return Finding("registration", "ok", f"{register} takes registrations.{left}")
    lost = answer.failure or answer.redirects or answer.status in {_NOT_FOUND, _NOT_ALLOWED}
    if lost:
        mend = "Let the proxy pass POST on to the identity provider."
    elif answer.status == _TOO_MANY:
        mend = "Wait: it limits registrations."
    else:
        mend = (
            f"Let it register public clients with the redirect address {_REDIRECT} and the scopes "
            f"{wanted['scope']} without a token; in Keycloak these are the client registration "
            f"policies for anonymous access; {_GUIDE}."
        )
    said = f"{answer.told}{_description(answer)}"
    return Finding(
        "registration", "failed", f"POST {register} {said}: no client can register.", mend
    )


def _description(answer: Answer) -> str:
    told = answer.json if isinstance(answer.json, dict) else {}
    text = " ".join(str(told.get("error_description") or told.get("error") or "").split())
    return f" ({text[:_MOST_TOLD]})" if text else ""


async def _taken_back(register: str, made: dict[str, Any], web: Web) -> bool:
    """RFC 7592; the token of the registration goes to the issuer that gave it alone."""
    address, token = made.get("registration_client_uri"), made.get("registration_access_token")
    if not isinstance(address, str) or not isinstance(token, str):
        return False
    if urlsplit(address)[:2] != urlsplit(register)[:2]:
        return False
    headers = {"Authorization": f"Bearer {token}"}
    answer = await web.ask(address, "DELETE", headers=headers)
    return answer.status in {_OK, 204}
