"""Access tokens: JWT (RFC 7519, RFC 9068) checked with joserfc.

joserfc's `decode` looks at no claim and, asked for nothing, at no algorithm list either: both are
given here, explicitly.
"""

import binascii
import hashlib
import json
import math
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from joserfc import jwt
from joserfc.errors import (
    BadSignatureError,
    ExpiredTokenError,
    JoseError,
    UnsupportedAlgorithmError,
)
from joserfc.jwk import Key
from joserfc.jws import JWSRegistry
from joserfc.jwt import JWTClaimsRegistry
from joserfc.registry import Header

from octoperf_mcp.auth.jwks import KEY_SHAPES
from octoperf_mcp.auth.scopes import with_implied, without_prefix
from octoperf_mcp.auth.wrapping import unwrapped
from octoperf_mcp.errors import ConfigError, InvalidTokenError

T = TypeVar("T")

MOST_TOKEN_CHARACTERS = 16_384
_WRONG_AUDIENCE = "The access token is meant for another service."
AREAS_CLAIM = "octoperf_areas"
"""A CI token's list of areas in which it may change something, as far as its scope lets it."""
ACCESS_TOKEN_TYPES = frozenset({"at+jwt", "application/at+jwt"})
# Keycloak and Entra still write plain `JWT` into access tokens; other types (logout tokens,
# assertions, proofs) are never accepted. An ID token falls over its audience.
LENIENT_TYPES = ACCESS_TOKEN_TYPES | {"jwt", ""}


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What a token must say to be accepted.

    Args:
        issuer: Exact value of `iss`.
        audiences: Values of which `aud` must hold at least one.
        algorithms: Accepted signature algorithms; asymmetric ones only.
        leeway_s: Clock difference forgiven at `exp`, `nbf` and `iat`.
        types: Accepted `typ` header values in lower case; "" stands for none.
        below: Addresses of which `aud` may also hold one that lies below.
        scope_prefix: What may stand before the names of scopes.
    """

    issuer: str
    audiences: frozenset[str]
    algorithms: tuple[str, ...] = ("RS256", "ES256", "EdDSA")
    leeway_s: float = 30.0
    types: frozenset[str] = LENIENT_TYPES
    below: frozenset[str] = frozenset()
    scope_prefix: str = ""

    def __post_init__(self) -> None:
        unknown = [name for name in self.algorithms if name not in KEY_SHAPES]
        if unknown or not self.algorithms:
            raise ConfigError(
                f"Signature algorithms must be among {', '.join(KEY_SHAPES)}; got {unknown}."
            )
        if not self.issuer or not self.audiences:
            raise ConfigError("Tokens can be checked only against an issuer and an audience.")


@dataclass(frozen=True, slots=True)
class TokenHeader:
    """What the unverified header says about the signature; only good for finding a key."""

    kid: str
    algorithm: str


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """The claims of a token whose signature and rules were checked."""

    subject: str
    client_id: str
    scopes: frozenset[str]
    expires_at: float
    session_id: str
    token_id: str
    claims: Mapping[str, Any]
    resources: frozenset[str] = frozenset()
    """The only addresses that the token is good for; empty for all of this service."""
    areas: frozenset[str] | None = None
    """See `Caller.areas`; without writing there are none."""


class TokenChecker:
    """Checks tokens against one set of rules.

    Args:
        rules: What to accept.
        clock: Seconds since the epoch.
    """

    def __init__(self, rules: TokenRules, *, clock: Callable[[], float] = time.time) -> None:
        allowed = set(rules.algorithms)
        if "EdDSA" in allowed:
            allowed.add("Ed25519")  # RFC 9864 renamed it
        self._algorithms = frozenset(allowed)
        self._types = rules.types
        self._audiences = rules.audiences
        self._scope_prefix = rules.scope_prefix
        self._below = tuple(f"{address}/" for address in rules.below)
        self._registry = _Registry(self._algorithms)
        self._claims = JWTClaimsRegistry(
            now=lambda: int(clock()),
            leeway=math.ceil(rules.leeway_s),
            iss={"essential": True, "value": rules.issuer},
            aud={"essential": True},
            exp={"essential": True},
            sub={"essential": True},
        )

    def header(self, token: str) -> TokenHeader:
        """Read which key and algorithm a token claims, and refuse what no key can help.

        Raises:
            InvalidTokenError: no compact JWS, a forbidden algorithm, critical extensions.
        """
        if len(token) > MOST_TOKEN_CHARACTERS:
            raise InvalidTokenError("The access token is too long.")
        header = _decode_header(unwrapped(token))
        algorithm, kid = header.get("alg"), header.get("kid", "")
        if not isinstance(algorithm, str) or algorithm not in self._algorithms:
            raise InvalidTokenError("The access token is signed with an algorithm not accepted.")
        if not isinstance(kid, str):
            raise InvalidTokenError("The access token is malformed.")
        if "crit" in header or "b64" in header:
            raise InvalidTokenError("The access token uses an extension that is not understood.")
        kind = header.get("typ", "")
        if not isinstance(kind, str) or kind.lower() not in self._types:
            raise InvalidTokenError("The token is not an access token.")
        return TokenHeader(kid=kid, algorithm=algorithm)

    def check(self, token: str, keys: Sequence[Key]) -> VerifiedToken:
        """Check signature and claims; `keys` are those that may have signed.

        Raises:
            InvalidTokenError: with a sentence that repeats nothing of the token.
        """
        claims = self._verified_claims(unwrapped(token), keys)
        try:
            self._claims.validate(claims)
        except ExpiredTokenError as error:
            raise InvalidTokenError("The access token has expired.") from error
        except JoseError as error:
            raise InvalidTokenError(_claim_sentence(error)) from error
        resources = self._resources(claims["aud"])
        return VerifiedToken(
            subject=claims["sub"],
            client_id=_text(claims, "client_id") or _text(claims, "azp"),
            scopes=with_implied(without_prefix(_scopes(claims), self._scope_prefix)),
            expires_at=float(min(claims["exp"], 2**53)),
            session_id=_text(claims, "sid"),
            token_id=_text(claims, "jti"),
            claims=claims,
            resources=resources,
            areas=_areas(claims),
        )

    def _resources(self, audience: Any) -> frozenset[str]:
        """The addresses that a token is narrowed to; empty when it is for the whole service."""
        listed = audience if isinstance(audience, list) else [audience]
        names = [name for name in listed if isinstance(name, str)]
        if not self._audiences.isdisjoint(names):
            return frozenset()
        narrow = frozenset(name for name in names if self._below and name.startswith(self._below))
        if not narrow:
            raise InvalidTokenError(_WRONG_AUDIENCE)
        return narrow

    def _verified_claims(self, token: str, keys: Sequence[Key]) -> dict[str, Any]:
        for key in keys:
            try:
                return jwt.decode(token, key, registry=self._registry).claims
            except BadSignatureError:
                continue
            except (JoseError, ValueError, TypeError, RecursionError) as error:
                raise InvalidTokenError("The access token is malformed.") from error
        if keys:
            raise InvalidTokenError("The signature of the access token is wrong.")
        raise InvalidTokenError("The access token is signed with an unknown key.")


class _Registry(JWSRegistry):
    """Explicit algorithms; private header members pass, since providers do write their own.

    joserfc warns at each use of the name EdDSA, which RFC 9864 replaced; the signature is the same.
    """

    max_header_length = 4096

    def __init__(self, algorithms: frozenset[str]) -> None:
        super().__init__(algorithms=algorithms, strict_check_header=False)
        self._models = {name: self.algorithms[name] for name in algorithms}

    def get_alg(self, name: str) -> Any:
        try:
            return self._models[name]
        except KeyError:
            raise UnsupportedAlgorithmError("not allowed") from None

    def check_header(self, header: Header) -> None:
        if "crit" in header or "b64" in header:
            raise UnsupportedAlgorithmError("extensions are not understood")
        super().check_header(header)


def _decode_header(token: str) -> dict[str, Any]:
    head, _, rest = token.partition(".")
    if rest.count(".") != 1:
        raise InvalidTokenError("The access token is not a JWT.")
    try:
        header = json.loads(urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (ValueError, binascii.Error, RecursionError) as error:
        raise InvalidTokenError("The access token is not a JWT.") from error
    if not isinstance(header, dict):
        raise InvalidTokenError("The access token is not a JWT.")
    return header


def _claim_sentence(error: JoseError) -> str:
    claim = getattr(error, "claim", "")
    known = {
        "aud": _WRONG_AUDIENCE,
        "iss": "The access token comes from another issuer.",
        "nbf": "The access token is not valid yet.",
        "iat": "The access token was issued in the future.",
    }
    return known.get(claim, "The access token lacks a claim or has a wrong one.")


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""


def _scopes(claims: Mapping[str, Any]) -> list[str]:
    """`scope` (RFC 9068) or `scp` (Entra: a text or a list)."""
    value = claims.get("scope", claims.get("scp", ""))
    if isinstance(value, str):
        return value.split()
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []


class SuccessCache(Generic[T]):
    """What checking a token gave, under the whole token or its digest; successes only.

    A value that holds its token anyway is kept under it, which spares the digest.

    Args:
        size: Most entries; the oldest goes first.
        life_s: Longest life of an entry, so that revocation and new keys bite.
    """

    def __init__(self, *, size: int = 10_000, life_s: float = 60) -> None:
        self._size = size
        self._life_s = life_s
        self._entries: dict[Hashable, tuple[float, T]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Hashable, now: float) -> T | None:
        """The value, if it still holds at `now` (seconds since the epoch)."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if now < entry[0]:
            return entry[1]
        del self._entries[key]
        return None

    def put(self, key: Hashable, value: T, *, now: float, expires_at: float) -> None:
        """Keep a value until the token expires or the life of entries is over."""
        if len(self._entries) >= self._size:
            del self._entries[next(iter(self._entries))]
        self._entries[key] = (min(expires_at, now + self._life_s), value)

    def clear(self) -> None:
        """Forget all, since the keys changed."""
        self._entries.clear()


def digest_of(token: str) -> bytes:
    """Key of a token in a cache: SHA-256 of all of it."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _areas(claims: Mapping[str, Any]) -> frozenset[str] | None:
    listed = claims.get(AREAS_CLAIM)
    if not isinstance(listed, list):
        return None
    return frozenset(area for area in listed if isinstance(area, str))
