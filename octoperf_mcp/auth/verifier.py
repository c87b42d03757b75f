"""Access tokens of an issuer elsewhere: its keys, fetched and kept, and whom a token stands for."""

import asyncio
import contextlib
import random
import time
from collections.abc import Callable
from typing import Any

import structlog

from octoperf_mcp.auth.discovery import FetchJson, find_keys_url
from octoperf_mcp.auth.hosts import OwnOrigins
from octoperf_mcp.auth.jwks import CachedKeys
from octoperf_mcp.auth.tokens import SuccessCache, TokenChecker, TokenRules
from octoperf_mcp.config import AuthSettings
from octoperf_mcp.errors import KeysUnavailableError
from octoperf_mcp.registry.context import Caller

log = structlog.get_logger()

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
        self._cache.put(token, caller, now=now, expires_at=verified.expires_at)
        return caller

    def known(self, token: str) -> Caller | None:
        """The caller of a token that was checked a moment ago."""
        if self._generation != self._keys.generation:
            return None
        return self._cache.get(token, self._clock())

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
        scope_prefix=settings.scope_prefix,
    )
    return TokenVerifier(rules, fetch, keys_url=settings.jwks_url, base_url=base_url)
