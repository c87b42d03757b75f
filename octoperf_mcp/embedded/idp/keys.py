"""Signing keys: RSA 2048, kept in the database, published as a JSON Web Key Set (RFC 7517)."""

import asyncio
import secrets
import time
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.auth.jwks import CachedKeys
from octoperf_mcp.embedded.idp.tables import identity_secret, signing_key
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.schema import now_ms

ALGORITHM = "RS256"
_BITS = 2048
_SECRET = "tickets"  # noqa: S105 - its name, not its value
# A replica learns of another's new key within this time at the latest.
_RELOAD_S = 60.0


class SigningKeys:
    """Signs with the oldest key that is not retired; verifies with every one in the table."""

    def __init__(self, database: Database, secret: bytes) -> None:
        self._database = database
        self._signer: RSAKey | None = None
        self._document: dict[str, Any] = {"keys": []}
        self._loaded_at = float("-inf")
        self.secret = secret
        self.verification = CachedKeys(self._load, max_age_s=_RELOAD_S, unknown_pause_s=1)

    @classmethod
    async def open(cls, database: Database) -> "SigningKeys":
        """Read the keys, making the first one in an empty database."""
        async with database.reading() as connection:
            missing = (await connection.execute(_active())).first() is None
        made = await asyncio.to_thread(generate) if missing else None

        async def prepare(connection: AsyncConnection) -> bytes:
            # Asked again inside the transaction: another process may have been faster.
            if made is not None and (await connection.execute(_active())).first() is None:
                await connection.execute(signing_key.insert().values(**made))
            fresh = {"name": _SECRET, "value": secrets.token_bytes(32)}
            await connection.execute(
                database.insert(identity_secret).values(**fresh).on_conflict_do_nothing()
            )
            kept = sa.select(identity_secret.c.value).where(identity_secret.c.name == _SECRET)
            return bytes((await connection.execute(kept)).scalar_one())

        keys = cls(database, await database.write(prepare))
        await keys.verification.refresh()
        return keys

    async def close(self) -> None:
        """End a reload under way."""
        await self.verification.close()

    async def document(self) -> dict[str, Any]:
        """The public key set, at most a minute old."""
        if time.monotonic() - self._loaded_at >= _RELOAD_S or self._signer is None:
            return await self._load()
        return self._document

    async def sign(self, claims: dict[str, Any], *, kind: str) -> str:
        """A signed JWT with `kind` as its `typ`."""
        await self.document()
        signer = self._signer
        if signer is None:
            raise LookupError("There is no active signing key.")
        header = {"alg": ALGORITHM, "kid": signer.kid, "typ": kind}
        return jwt.encode(header, claims, signer, algorithms=[ALGORITHM])

    async def _load(self) -> dict[str, Any]:
        async with self._database.reading() as connection:
            found = await connection.execute(
                sa.select(signing_key).order_by(signing_key.c.created, signing_key.c.kid)
            )
            rows = found.mappings().all()
        keys = {row["kid"]: RSAKey.import_key(row["private_jwk"]) for row in rows}
        self._signer = keys.get(signs_at(rows, now_ms()) or "")
        self._document = {"keys": [key.as_dict(private=False) for key in keys.values()]}
        self._loaded_at = time.monotonic()
        return self._document


def _active() -> "sa.Select[tuple[str]]":
    return sa.select(signing_key.c.kid).where(signing_key.c.retired.is_(None)).limit(1)


def signs_at(rows: "Sequence[sa.RowMapping]", now: int) -> str | None:
    """Name of the key that signs at a time: the oldest that is not retired then.

    So a key that rotation adds is published, but does not sign until the one before it retires.
    """
    current = (row["kid"] for row in rows if row["retired"] is None or row["retired"] > now)
    return next(current, None)


def generate() -> dict[str, Any]:
    """A new row."""
    key = RSAKey.generate_key(
        _BITS, {"kid": secrets.token_urlsafe(12), "use": "sig", "alg": ALGORITHM}
    )
    return {"kid": key.kid, "private_jwk": key.as_dict(private=True), "created": now_ms()}
