"""Bearer tokens at the MCP endpoint (RFC 6750): who calls, and the challenge when nobody does."""

import asyncio
import contextlib
import random
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson
import structlog
from aiohttp import hdrs, web

from octoperf_mcp.auth.discovery import FetchJson, find_keys_url
from octoperf_mcp.auth.hosts import OwnOrigins
from octoperf_mcp.auth.jwks import CachedKeys
from octoperf_mcp.auth.protected_resource import (
    METADATA_PATH,
    OWN_ORIGINS,
    ResourceDocument,
    add_protected_resource,
)
from octoperf_mcp.auth.scopes import ALL_SCOPES, OPERATION_SCOPES, scope_text
from octoperf_mcp.auth.tokens import SuccessCache, TokenChecker, TokenRules, digest_of
from octoperf_mcp.config import AuthSettings
from octoperf_mcp.errors import (
    AuthError,
    InsufficientScopeError,
    InvalidTokenError,
    KeysUnavailableError,
    MissingTokenError,
)
from octoperf_mcp.registry.context import Caller

log = structlog.get_logger()

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_LONGEST_PAUSE_S = 30.0


class TokenVerifier:
    """Turns access tokens into callers.

    Args:
        rules: What to accept.
        fetch: Gets JSON documents of the issuer.
        keys_url: Address of the key set; "" reads it from the issuer's metadata.
        base_url: Origin to ask instead of the issuer's, when that cannot be reached from here.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        rules: TokenRules,
        fetch: FetchJson,
        *,
        keys_url: str = "",
        base_url: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._rules = rules
        self._fetch = fetch
        self._keys_url = keys_url
        self._base_url = base_url
        self._clock = clock
        self._checker = TokenChecker(rules, clock=clock)
        self._keys = CachedKeys(self._fetch_keys)
        self._cache: SuccessCache[Caller] = SuccessCache()
        self._generation = 0
        self._starting: asyncio.Task[None] | None = None

    @property
    def ready(self) -> bool:
        """Whether tokens can be checked: the issuer's keys were fetched at least once."""
        return self._keys.ready

    async def verify(self, token: str) -> Caller:
        """Check a token.

        Raises:
            InvalidTokenError: it is malformed, expired, wrongly signed or meant for others.
            KeysUnavailableError: the issuer could not be reached yet.
        """
        known = self.known(token)
        if known is not None:
            return known
        now = self._clock()
        header = self._checker.header(token)
        keys = await self._keys.candidates(header.kid, header.algorithm)
        verified = self._checker.check(token, keys)
        caller = Caller(
            subject=verified.subject,
            client_id=verified.client_id,
            scopes=verified.scopes,
            token=token,
            expires_at=verified.expires_at,
            issuer=self._rules.issuer,
            resources=verified.resources,
            areas=verified.areas,
        )
        self._forget_after_key_change()
        self._cache.put(digest_of(token), caller, now=now, expires_at=verified.expires_at)
        return caller

    def known(self, token: str) -> Caller | None:
        """The caller of a token that was checked a moment ago."""
        if self._generation != self._keys.generation:
            return None
        return self._cache.get(digest_of(token), self._clock())

    def start(self) -> None:
        """Begin fetching the keys, again and again until the issuer answers."""
        if self._starting is None:
            self._starting = asyncio.create_task(self._until_ready())

    async def wait_ready(self) -> None:
        """Return once tokens can be checked; `start` was called."""
        if self._starting is not None:
            await asyncio.shield(self._starting)

    async def close(self) -> None:
        """End what runs in the background."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        await self._keys.close()

    async def _until_ready(self) -> None:
        pause_s = 0.1
        while not self.ready:
            with contextlib.suppress(KeysUnavailableError):
                await self._keys.refresh()
                break
            await asyncio.sleep(pause_s * random.uniform(0.5, 1))  # noqa: S311 - spreads replicas
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
        log.info("issuer_keys_loaded", issuer=self._rules.issuer)

    async def _fetch_keys(self) -> Any:
        url = self._keys_url or await find_keys_url(
            self._rules.issuer, self._fetch, base_url=self._base_url
        )
        return await self._fetch(url)

    def _forget_after_key_change(self) -> None:
        if self._generation != self._keys.generation:
            self._cache.clear()
            self._generation = self._keys.generation


def make_verifier(
    settings: AuthSettings,
    fetch: FetchJson,
    *,
    issuer: str,
    origins: OwnOrigins,
    base_url: str = "",
) -> TokenVerifier:
    """A verifier by configuration.

    Args:
        settings: `[auth]`.
        fetch: Gets JSON documents of the issuer (`HttpFetch`).
        issuer: Used when the settings name none.
        origins: This server's spellings; they are accepted audiences, besides configured ones.
        base_url: Where to ask the issuer when its own address cannot be reached from here.
    """
    rules = TokenRules(
        issuer=settings.issuer or issuer,
        audiences=origins.audiences | set(settings.audiences),
        algorithms=settings.algorithms,
        leeway_s=settings.leeway_s,
        below=frozenset(name for name in origins.audiences if name.endswith("/mcp")),
    )
    return TokenVerifier(rules, fetch, keys_url=settings.jwks_url, base_url=base_url)


class Authenticator:
    """Who calls, by the `Authorization` header; with `anonymous` given, always that caller."""

    def __init__(self, verifier: TokenVerifier | None, anonymous: Caller | None) -> None:
        self._verifier = verifier
        self._anonymous = anonymous

    @property
    def ready(self) -> bool:
        """Whether callers can be told apart now."""
        return self._verifier is None or self._verifier.ready

    async def wait_ready(self) -> None:
        """Return once callers can be told apart."""
        if self._verifier is not None:
            await self._verifier.wait_ready()

    async def authenticate(self, request: web.Request) -> Caller:
        """As the function of this name."""
        if self._verifier is None:
            if self._anonymous is None:
                raise MissingTokenError("Sign in to use this server.")
            return self._anonymous
        caller = self._verifier.known(_credentials(request))
        if caller is None:
            caller = await self._verifier.verify(bearer_token(request))
        if caller.resources and not _is_for(request, caller.resources):
            raise InvalidTokenError("The access token is meant for another address of this server.")
        return caller


AUTHENTICATOR = web.AppKey("authenticator", Authenticator)


def authenticate(request: web.Request) -> Awaitable[Caller]:
    """The caller of a request.

    Raises:
        InvalidTokenError: no credentials (MissingTokenError) or bad ones; answer `challenge`.
        KeysUnavailableError: tokens cannot be checked now; answer `challenge` as well.
    """
    return request.app[AUTHENTICATOR].authenticate(request)


def _is_for(request: web.Request, resources: Collection[str]) -> bool:
    """Whether the address of a request is among these; their hosts were checked before."""
    path = request.path.rstrip("/")
    return any(unquote(urlsplit(resource).path).rstrip("/") == path for resource in resources)


def _credentials(request: web.Request) -> str:
    """What follows `Bearer` in the only `Authorization` header, whatever it is; "" for none."""
    values = request.headers.getall(hdrs.AUTHORIZATION, ())
    return values[0][7:] if len(values) == 1 and values[0][:7] == "Bearer " else ""


def bearer_token(request: web.Request) -> str:
    """The token in the `Authorization` header; one in the query string is never looked at."""
    values = request.headers.getall(hdrs.AUTHORIZATION, [])
    if not values:
        raise MissingTokenError("Sign in to use this server.")
    scheme, _, token = values[0].strip().partition(" ")
    token = token.strip()
    if len(values) > 1 or scheme.lower() != "bearer" or not _TOKEN.fullmatch(token):
        raise InvalidTokenError("The Authorization header must be `Bearer` and one token.")
    return token


def require_scopes(caller: Caller, *scopes: str) -> None:
    """Check that the token grants what an operation needs.

    Raises:
        InsufficientScopeError: naming all scopes of the operation, those granted too.
    """
    if not caller.scopes.issuperset(scopes):
        raise InsufficientScopeError(
            f"This needs the scope {scope_text(scopes)}; sign in again and grant it.",
            scopes=scopes,
        )


def challenge(request: web.Request, error: AuthError, *, rpc_id: Any = None) -> web.Response:
    """Answer a refused request: 401 or 403 with a challenge, 503 while keys are missing.

    Args:
        request: The refused request.
        error: Why; its message repeats nothing of the token.
        rpc_id: Id of the JSON-RPC request, when the body was read.
    """
    if not isinstance(error, MissingTokenError):
        log.warning("token_refused", reason=error.code, detail=error.message, path=request.path)
    body: dict[str, Any] = {
        "jsonrpc": "2.0",
        "error": {"code": error.status, "message": error.message},
    }
    if rpc_id is not None:
        body["id"] = rpc_id
    answer = web.Response(
        status=error.status,
        body=orjson.dumps(body),
        content_type="application/json",
        headers={hdrs.CACHE_CONTROL: "no-store"},
    )
    if isinstance(error, KeysUnavailableError):
        answer.headers[hdrs.RETRY_AFTER] = "5"
    else:
        answer.headers[hdrs.WWW_AUTHENTICATE] = _challenge_value(request, error)
    return answer


def _challenge_value(request: web.Request, error: AuthError) -> str:
    own = request.app[OWN_ORIGINS]
    origin = own.of_host(request.host) or own.origin
    scopes = error.scopes if isinstance(error, InsufficientScopeError) else OPERATION_SCOPES
    path = request.rel_url.raw_path.rstrip("/")
    resource = path if path.startswith("/mcp/") else "/mcp"
    parts = [
        f'resource_metadata="{_quotable(origin + METADATA_PATH + resource)}"',
        f'scope="{scope_text(scopes)}"',
    ]
    if not isinstance(error, MissingTokenError):
        parts += [
            f'error="{error.code}"',
            f'error_description="{_quotable(error.message)}"',
        ]
    return "Bearer " + ", ".join(parts)


def _quotable(text: str) -> str:
    """`text` in the characters that RFC 6750 allows in a description."""
    return re.sub(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]", "'", text)


def anonymous_caller(token: str = "") -> Caller:
    """The fixed caller of `auth.mode = off`: every scope; `token` is what goes upstream."""
    return Caller(
        subject="anonymous",
        client_id="anonymous",
        scopes=frozenset(ALL_SCOPES),
        token=token,
        expires_at=float("inf"),
    )


def add_auth(
    app: web.Application,
    verifier: TokenVerifier | None,
    *,
    origins: OwnOrigins,
    issuer: str = "",
    anonymous: Caller | None = None,
    has_surface: Callable[[str], bool] = lambda below: not below,
) -> None:
    """Wire authentication into an application: the authenticator and the RFC 9728 documents.

    Args:
        app: The application that serves /mcp.
        verifier: Checks tokens; started and closed with the application. None only with
            `anonymous`.
        origins: The public origin and its other spellings.
        issuer: Authorization server named in the documents; "" serves none (`auth.mode = off`).
        anonymous: The caller of every request when there is no verifier.
        has_surface: Whether a path, without its /mcp, is one of a surface.
    """
    app[OWN_ORIGINS] = origins
    app[AUTHENTICATOR] = Authenticator(verifier, anonymous)
    if issuer:
        add_protected_resource(app, ResourceDocument(authorization_server=issuer), has_surface)
    if verifier is not None:

        async def run(_app: web.Application) -> AsyncIterator[None]:
            verifier.start()
            yield
            await verifier.close()

        app.cleanup_ctx.append(run)
