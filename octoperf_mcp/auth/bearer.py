"""Bearer tokens at the MCP endpoint (RFC 6750): who calls, and the challenge when nobody does."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson
import structlog
from aiohttp import hdrs, web

from octoperf_mcp.auth.hosts import OwnOrigins
from octoperf_mcp.auth.protected_resource import (
    METADATA_PATH,
    OWN_ORIGINS,
    ResourceDocument,
    add_protected_resource,
)
from octoperf_mcp.auth.scopes import ALL_SCOPES, OPERATION_SCOPES, scope_text, spelled
from octoperf_mcp.auth.verifier import TokenVerifier
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
_SCOPE_PREFIX = web.AppKey("scope_prefix", str)


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
        f'scope="{_quotable(_asked(request, scopes))}"',
    ]
    if not isinstance(error, MissingTokenError):
        parts += [
            f'error="{error.code}"',
            f'error_description="{_quotable(error.message)}"',
        ]
    return "Bearer " + ", ".join(parts)


def _asked(request: web.Request, scopes: Iterable[str]) -> str:
    return " ".join(spelled(scope_text(scopes).split(), request.app[_SCOPE_PREFIX]))


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
    scope_prefix: str = "",
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
        scope_prefix: What it wants before the names of scopes when it is asked for them.
        anonymous: The caller of every request when there is no verifier.
        has_surface: Whether a path, without its /mcp, is one of a surface.
    """
    app[OWN_ORIGINS] = origins
    app[AUTHENTICATOR] = Authenticator(verifier, anonymous)
    app[_SCOPE_PREFIX] = scope_prefix
    if issuer:
        document = ResourceDocument(issuer, spelled(OPERATION_SCOPES, scope_prefix))
        add_protected_resource(app, document, has_surface)
    if verifier is not None:

        async def run(_app: web.Application) -> AsyncIterator[None]:
            verifier.start()
            yield
            await verifier.close()

        app.cleanup_ctx.append(run)
