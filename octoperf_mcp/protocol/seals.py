"""Tokens that only this server, or one that shares its secrets, can make and read.

AES-GCM; a token starts with the id of its key, so that secrets can be rotated. What is sealed for
one purpose cannot be opened for another.
"""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_KEY_ID_BYTES: Final = 4
_NONCE_BYTES: Final = 12


class Seal:
    """Seals and opens tokens of one purpose.

    Args:
        purpose: Part of the keys.
        keys: Secrets of at least 16 bytes; the first seals, all can be opened. None makes one for
            the life of the process.
    """

    def __init__(self, purpose: str, keys: Sequence[bytes] = ()) -> None:
        made = [_derived(purpose, key) for key in keys or (secrets.token_bytes(32),)]
        self._key_id = made[0][0]
        self._ciphers = dict(made)

    def seal(self, plain: bytes, bound: bytes = b"") -> str:
        """A token, URL-safe; it opens only with the same `bound`."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._ciphers[self._key_id].encrypt(nonce, plain, self._key_id + bound)
        return base64.urlsafe_b64encode(self._key_id + nonce + sealed).decode().rstrip("=")

    def open(self, token: str, bound: bytes = b"") -> bytes | None:
        """What was sealed; None when the token is not exactly one of ours."""
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        key_id, rest = raw[:_KEY_ID_BYTES], raw[_KEY_ID_BYTES:]
        cipher = self._ciphers.get(key_id)
        canonical = base64.urlsafe_b64encode(raw).decode().rstrip("=") == token
        if cipher is None or not canonical or len(rest) < _NONCE_BYTES:
            return None
        try:
            return cipher.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], key_id + bound)
        except (InvalidTag, ValueError):
            return None


def _derived(purpose: str, secret: bytes) -> tuple[bytes, AESGCM]:
    key = hashlib.sha256(f"octoperf-mcp {purpose} key\0".encode() + secret).digest()
    return hashlib.sha256(key).digest()[:_KEY_ID_BYTES], AESGCM(key)
