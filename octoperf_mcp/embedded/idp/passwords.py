"""Passwords: argon2id (RFC 9106), in a thread, a few at a time."""

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from octoperf_mcp.embedded.failures import Invalid

SHORTEST = 8
LONGEST = 1024
# Each check takes 64 MiB and some 50 ms of a core; more at a time would starve the server.
_AT_A_TIME = 2


def check_strength(password: str) -> None:
    """Check a password that somebody chooses.

    Raises:
        Invalid: it is too short or too long.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise Invalid(f"A password has {SHORTEST} to {LONGEST} characters.")


class Passwords:
    """Hashes and checks passwords.

    Args:
        hasher: Cost parameters; the library's defaults are RFC 9106's second recommendation.
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turn = asyncio.Semaphore(_AT_A_TIME)
        self._nobody = ""

    async def hash(self, password: str) -> str:
        """The hash to keep."""
        async with self._turn:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def check(self, password: str, kept: str | None) -> bool:
        """Whether the password is the right one; without a hash it takes as long and is wrong."""
        if len(password) > LONGEST:
            return False
        if not self._nobody:
            self._nobody = await asyncio.to_thread(self._hasher.hash, "nobody has this password")
        async with self._turn:
            right = await asyncio.to_thread(self._verify, kept or self._nobody, password)
        return right and kept is not None

    def is_outdated(self, kept: str) -> bool:
        """Whether a hash was made with other cost parameters than today's."""
        return self._hasher.check_needs_rehash(kept)

    def _verify(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False
