"""Access tokens of this issuer (RFC 9068): made after a grant, checked on each call."""

import time
from collections.abc import Callable, Sequence

import structlog

from octoperf_mcp.auth.scopes import OPERATION_SCOPES, scope_text, with_implied
from octoperf_mcp.auth.tokens import (
    ACCESS_TOKEN_TYPES,
    AREAS_CLAIM,
    SuccessCache,
    TokenChecker,
    TokenRules,
    VerifiedToken,
    digest_of,
)
from octoperf_mcp.embedded.idp.grants import Grant
from octoperf_mcp.embedded.idp.keys import ALGORITHM, SigningKeys
from octoperf_mcp.embedded.store.schema import new_id
from octoperf_mcp.errors import AuthError

log = structlog.get_logger()

# Session tokens of the REST API: no access tokens, so that the MCP endpoint refuses them.
SESSION_TYPE = "octoperf-session+jwt"
_LONGEST_MARGIN_S = 30


class AccessTokens:
    """Makes and checks access tokens.

    One token names two audiences, the REST API at the origin and the MCP endpoint, since both are
    one service; that is why the bridge may pass it on.

    Args:
        keys: What signs.
        origin: Issuer, and first audience.
        life_s: Seconds that clients are told a token lives.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        keys: SigningKeys,
        origin: str,
        *,
        life_s: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.life_s = life_s
        self._keys = keys
        self._origin = origin
        self._clock = clock
        rules = TokenRules(
            issuer=origin,
            audiences=frozenset({origin}),
            algorithms=(ALGORITHM,),
            leeway_s=0,
            types=ACCESS_TOKEN_TYPES | {SESSION_TYPE},
        )
        self._checker = TokenChecker(rules, clock=clock)
        self._cache: SuccessCache[VerifiedToken] = SuccessCache()
        self._generation = 0

    async def mint(
        self,
        grant: Grant,
        scope: str,
        *,
        life_s: int | None = None,
        kind: str = "at+jwt",
        areas: Sequence[str] | None = None,
    ) -> str:
        """A token of a grant, with the operation scopes among `scope`.

        Args:
            grant: Whose id becomes `sid`.
            scope: Granted scopes, separated by blanks.
            life_s: Exact life in seconds; without it the life that clients are told and a margin,
                since they count from when the answer arrives, and some answer a refusal of a
                token that they believe in by asking the person to sign in again.
            kind: `typ` of the token.
            areas: Where a CI token may change something, for the listings that it is shown; None
                for other tokens. What holds is the limit beside the grant.
        """
        now = int(self._clock())
        if life_s is None:
            life_s = self.life_s + min(_LONGEST_MARGIN_S, max(2, self.life_s // 10))
        operations = with_implied(name for name in scope.split() if name in OPERATION_SCOPES)
        claims = {
            "iss": self._origin,
            "aud": [self._origin, f"{self._origin}/mcp"],
            "sub": grant.user_id,
            "client_id": grant.client_id,
            "scope": scope_text(operations),
            "iat": now,
            "exp": now + life_s,
            "jti": new_id(),
            "sid": grant.id,
        }
        if areas is not None:
            claims[AREAS_CLAIM] = list(areas)
        return await self._keys.sign(claims, kind=kind)

    async def verified(self, token: str) -> VerifiedToken | None:
        """The claims of a good token; whether its grant is alive is another question."""
        now = self._clock()
        digest = digest_of(token)
        if self._generation == self._keys.verification.generation:
            known = self._cache.get(digest, now)
            if known is not None:
                return known
        try:
            header = self._checker.header(token)
            keys = await self._keys.verification.candidates(header.kid, header.algorithm)
            found = self._checker.check(token, keys)
        except AuthError as error:
            log.warning("token_refused", reason=error.code, detail=error.message)
            return None
        if self._generation != self._keys.verification.generation:
            self._cache.clear()
            self._generation = self._keys.verification.generation
        self._cache.put(digest, found, now=now, expires_at=found.expires_at)
        return found
