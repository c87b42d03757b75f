"""Tokens that let a machine join a provider: made by its administrators, kept as hashes."""

import hashlib
import secrets
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.generators.tables import join_token
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.schema import new_id, now_ms

PREFIX = "omj_"
_LONGEST_NAME = 60
_BYTES = 32


@dataclass(frozen=True, slots=True)
class JoinToken:
    """A token without its secret; times are epoch ms, `last_used` None before the first use."""

    id: str
    provider_id: str
    name: str
    created: int
    last_used: int | None

    def document(self) -> dict[str, object]:
        """As the REST API answers it."""
        return {
            "id": self.id,
            "providerId": self.provider_id,
            "name": self.name,
            "created": self.created,
            "lastUsed": self.last_used,
        }


class JoinTokens:
    """Makes, finds and revokes them; who may is asked by the callers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, provider_id: str, name: str, user_id: str) -> tuple[str, JoinToken]:
        """A token, shown this once, and what is kept of it.

        Raises:
            Invalid: the name is empty, too long or not printable.
        """
        name = name.strip()
        if not name or len(name) > _LONGEST_NAME or not name.isprintable():
            raise Invalid(f"A join token has a name of 1 to {_LONGEST_NAME} visible characters.")
        token = PREFIX + secrets.token_urlsafe(_BYTES)
        made = JoinToken(new_id(), provider_id, name, now_ms(), None)
        row = {
            "id": made.id,
            "provider_id": provider_id,
            "name": name,
            "digest": _digest(token),
            "user_id": user_id,
            "created": made.created,
        }

        async def work(writer: AsyncConnection) -> None:
            await writer.execute(join_token.insert().values(row))

        await self._database.write(work)
        return token, made

    async def of_provider(self, provider_id: str) -> list[JoinToken]:
        """Those that can be used, oldest first."""
        query = (
            sa.select(join_token)
            .where(join_token.c.provider_id == provider_id)
            .order_by(join_token.c.created, join_token.c.id)
        )
        async with self._database.reading() as reader:
            return [_token(row) for row in await reader.execute(query)]

    async def presented(self, token: str) -> JoinToken | None:
        """The token that a machine shows, now marked as used; None when there is no such."""
        if not token.startswith(PREFIX):
            return None
        mine = join_token.c.digest == _digest(token)

        async def work(writer: AsyncConnection) -> JoinToken | None:
            await writer.execute(join_token.update().where(mine).values(last_used=now_ms()))
            row = (await writer.execute(sa.select(join_token).where(mine))).one_or_none()
            return None if row is None else _token(row)

        return await self._database.write(work)

    async def known(self, ids: set[str]) -> set[str]:
        """Which of these are not revoked."""
        query = sa.select(join_token.c.id).where(join_token.c.id.in_(ids))
        async with self._database.reading() as reader:
            return set(await reader.scalars(query))

    async def revoke(self, provider_id: str, token_id: str) -> bool:
        """Make a token worthless; False when the provider has no such token."""
        mine = sa.and_(join_token.c.id == token_id, join_token.c.provider_id == provider_id)

        async def work(writer: AsyncConnection) -> bool:
            return (await writer.execute(join_token.delete().where(mine))).rowcount > 0

        return await self._database.write(work)


def _digest(token: str) -> str:
    """Tokens are long and random, so that a plain hash cannot be reversed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _token(row: "sa.Row[tuple[object, ...]]") -> JoinToken:
    return JoinToken(row.id, row.provider_id, row.name, row.created, row.last_used)
