"""Sets of verification keys (RFC 7517): read key by key, cached, refreshed with restraint."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from cryptography.exceptions import UnsupportedAlgorithm
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, Key, OKPKey
from joserfc.util import base64_to_int

from octoperf_mcp.errors import KeysUnavailableError, OctoPerfMcpError

log = structlog.get_logger()

# What each signature algorithm verifies with: key type and curve (RFC 7518, RFC 8037, RFC 9864).
KEY_SHAPES: Mapping[str, tuple[str, str]] = {
    "RS256": ("RSA", ""),
    "RS384": ("RSA", ""),
    "RS512": ("RSA", ""),
    "PS256": ("RSA", ""),
    "PS384": ("RSA", ""),
    "PS512": ("RSA", ""),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "EdDSA": ("OKP", "Ed25519"),
    "Ed25519": ("OKP", "Ed25519"),
}
MINIMUM_RSA_BITS = 2048
MOST_KEYS = 100

# What reading one hostile or merely exotic key may raise.
_BAD_KEY = (
    JoseError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    OverflowError,
    UnsupportedAlgorithm,
)

FetchKeySet = Callable[[], Awaitable[Any]]


class KeyRing:
    """The usable public signature keys of one set."""

    def __init__(self, keys: tuple[Key, ...]) -> None:
        self._keys = keys
        self._names = frozenset(key.thumbprint() + (key.kid or "") for key in keys)

    def __len__(self) -> int:
        return len(self._keys)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, KeyRing) and other._names == self._names

    def __hash__(self) -> int:
        return hash(self._names)

    def candidates(self, kid: str, algorithm: str) -> tuple[Key, ...]:
        """The keys that may have made a signature; a token without `kid` may match several."""
        shape = KEY_SHAPES.get(algorithm)
        return tuple(
            key
            for key in self._keys
            if _shape(key) == shape
            and (not kid or key.kid == kid)
            and key.get("alg") in (None, algorithm)
        )


def read_key_set(document: Any) -> KeyRing:
    """Take the usable keys out of a JSON Web Key Set.

    Each key is read alone, so that one of an unknown type, with nonsense in it, or for encryption
    leaves the others standing. Symmetric keys and RSA keys under 2048 bits are never usable.
    """
    rows = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(rows, list):
        raise KeysUnavailableError("The key set of the identity provider has no list of keys.")
    read = [_read_key(row) for row in rows[:MOST_KEYS]]
    return KeyRing(tuple(key for key in read if key is not None))


def _read_key(row: Any) -> Key | None:
    if not isinstance(row, dict) or row.get("use") not in (None, "sig"):
        return None
    if row.get("kty") not in ("RSA", "EC", "OKP"):
        return None
    try:
        if row["kty"] == "RSA" and base64_to_int(row["n"]).bit_length() < MINIMUM_RSA_BITS:
            return None
        key = JWKRegistry.import_key(row)
        usable = _shape(key) in KEY_SHAPES.values()
        key.thumbprint()
    except _BAD_KEY as error:
        log.warning("verification_key_skipped", kty=row.get("kty"), reason=type(error).__name__)
        return None
    return key if usable else None


def _shape(key: Key) -> tuple[str, str]:
    return key.key_type, key.curve_name if isinstance(key, ECKey | OKPKey) else ""


class CachedKeys:
    """A key set that lives elsewhere: fetched when first needed, kept, refreshed with restraint.

    Old keys stay in use while the source cannot be reached.

    Args:
        fetch: Gets the decoded key set document; any OctoPerfMcpError, OSError or TimeoutError
            of it means unavailable.
        clock: Monotonic seconds.
        max_age_s: Age at which the set is fetched again behind the caller's back.
        unknown_pause_s: Shortest time between two fetches that an unknown `kid` or an old set
            causes, so that a flood of made-up names does not become a flood of fetches.
        failure_pause_s: Shortest time between two tries while there are no keys at all.
        timeout_s: Longest time one fetch may take.
    """

    def __init__(
        self,
        fetch: FetchKeySet,
        *,
        clock: Callable[[], float] = time.monotonic,
        max_age_s: float = 600,
        unknown_pause_s: float = 60,
        failure_pause_s: float = 1,
        timeout_s: float = 10,
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._max_age_s = max_age_s
        self._unknown_pause_s = unknown_pause_s
        self._failure_pause_s = failure_pause_s
        self._timeout_s = timeout_s
        self._ring: KeyRing | None = None
        self._loaded_at = self._tried_at = float("-inf")
        self._unknown_at = float("-inf")
        self._flight: asyncio.Task[None] | None = None
        self.generation = 0

    @property
    def ready(self) -> bool:
        """Whether there is a key set, however old."""
        return self._ring is not None

    async def candidates(self, kid: str, algorithm: str) -> tuple[Key, ...]:
        """The keys that may have made a signature; empty when none is known after a refresh.

        Raises:
            KeysUnavailableError: no key set could be fetched yet.
        """
        ring = self._ring
        if ring is None:
            ring = await self._first()
        elif self._is_due():
            self._start()
        found = ring.candidates(kid, algorithm)
        if found or not kid or self._clock() - self._unknown_at < self._unknown_pause_s:
            return found
        self._unknown_at = self._clock()
        await self._joined()
        return (self._ring or ring).candidates(kid, algorithm)

    async def refresh(self) -> None:
        """Fetch the set now, or join the fetch under way.

        Raises:
            KeysUnavailableError: it failed and there was no set before.
        """
        await self._joined()
        if self._ring is None:
            raise KeysUnavailableError("The keys of the identity provider cannot be fetched.")

    async def close(self) -> None:
        """End a fetch under way."""
        if self._flight is not None:
            self._flight.cancel()
            await asyncio.gather(self._flight, return_exceptions=True)

    def _is_due(self) -> bool:
        now = self._clock()
        old = now - self._loaded_at >= self._max_age_s
        return old and now - self._tried_at >= self._unknown_pause_s

    async def _first(self) -> KeyRing:
        under_way = self._flight is not None
        if under_way or self._clock() - self._tried_at >= self._failure_pause_s:
            await self._joined()
        if self._ring is None:
            raise KeysUnavailableError("The keys of the identity provider cannot be fetched.")
        return self._ring

    async def _joined(self) -> None:
        await asyncio.shield(self._start())

    def _start(self) -> asyncio.Task[None]:
        if self._flight is None:
            self._tried_at = self._clock()
            self._flight = asyncio.create_task(self._load())
            self._flight.add_done_callback(self._landed)
        return self._flight

    def _landed(self, _task: asyncio.Task[None]) -> None:
        self._flight = None

    async def _load(self) -> None:
        try:
            async with asyncio.timeout(self._timeout_s):
                ring = read_key_set(await self._fetch())
        except (OctoPerfMcpError, OSError, TimeoutError) as error:
            log.warning("verification_keys_unavailable", reason=str(error) or type(error).__name__)
            return
        self._loaded_at = self._clock()
        if ring != self._ring:
            self._ring = ring
            self.generation += 1
