"""Authorization codes, grants and refresh tokens: read before a decision, changed in one step.

A grant is what a user allowed one application; its id is the `sid` of every token that comes of
it, and revoking it ends them all.
"""

from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.idp.tables import (
    grant_limit,
    identity_user,
    oauth_client,
    oauth_code,
    oauth_grant,
    oauth_refresh_token,
)
from octoperf_mcp.embedded.idp.tickets import hash_of, new_ticket
from octoperf_mcp.embedded.limits import Limits
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.schema import now_ms

CODE_LIFE_MS = 60_000
REFRESH_LIFE_MS = 30 * 24 * 3600 * 1000
# Used codes, spent refresh tokens and dead grants are kept this long, so that a replay is still
# recognised as one.
_MEMORY_MS = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code and what it is bound to; `grant_id` is set once it was used."""

    code_hash: str
    client_id: str
    user_id: str
    redirect_uri: str
    redirect_given: bool
    challenge: str
    scope: str
    resources: tuple[str, ...]
    expires: int
    grant_id: str | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """What a user allowed; times in epoch milliseconds, `client_id` "" for local tokens."""

    id: str
    user_id: str
    client_id: str
    client_name: str
    redirect_uri: str
    scope: str
    resources: tuple[str, ...]
    created: int
    last_used: int
    expires: int
    revoked: int | None = None


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token with its grant; `used` is when it was first traded for its successor."""

    token_hash: str
    expires: int
    used: int | None
    grant: Grant


@dataclass(frozen=True, slots=True)
class LiveGrant:
    """As much of a grant that is alive as each call needs."""

    id: str
    user_id: str
    username: str
    scope: str
    client_name: str
    limits: Limits | None = None


class Grants:
    """Reads and changes grants and what leads to them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_code(self, code: Code) -> str:
        """Keep a new authorization code under its hash; answers the code itself."""
        ticket = new_ticket()
        row = _row(replace(code, code_hash=hash_of(ticket)))

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(oauth_code.insert().values(**row))

        await self._database.write(work)
        return ticket

    async def code(self, ticket: str) -> Code | None:
        """The code as kept, used and expired ones too."""
        async with self._database.reading() as connection:
            found = await connection.execute(
                sa.select(oauth_code).where(oauth_code.c.code_hash == hash_of(ticket))
            )
            row = found.mappings().one_or_none()
        return None if row is None else Code(**_with_tuple(row))

    async def refresh_token(self, ticket: str) -> RefreshToken | None:
        """The refresh token as kept, used and expired ones too."""
        async with self._database.reading() as connection:
            found = await connection.execute(
                sa.select(oauth_refresh_token).where(
                    oauth_refresh_token.c.token_hash == hash_of(ticket)
                )
            )
            row = found.mappings().one_or_none()
            if row is None:
                return None
            grant = await _grant(connection, row["grant_id"])
        if grant is None:
            return None
        return RefreshToken(row["token_hash"], row["expires"], row["used"], grant)

    async def user_is_active(self, user_id: str) -> bool:
        """Whether tokens may be given to a user."""
        active = sa.select(identity_user.c.id).where(
            identity_user.c.id == user_id, sa.not_(identity_user.c.disabled)
        )
        async with self._database.reading() as connection:
            return (await connection.execute(active)).first() is not None

    async def redeem(self, code: Code, grant: Grant, refresh_ticket: str) -> bool:
        """Trade a code for a grant and its first refresh token, once.

        Returns:
            False when the code was used meanwhile: nothing was changed.
        """
        consume = (
            oauth_code.update()
            .where(oauth_code.c.code_hash == code.code_hash, oauth_code.c.grant_id.is_(None))
            .values(grant_id=grant.id)
        )

        async def work(connection: AsyncConnection) -> bool:
            if (await connection.execute(consume)).rowcount != 1:
                return False
            await add_grant(connection, grant)
            await _add_refresh(connection, grant.id, refresh_ticket, grant.expires)
            await connection.execute(
                oauth_client.update()
                .where(oauth_client.c.id == grant.client_id)
                .values(last_used=grant.created)
            )
            return True

        return await self._database.write(work)

    async def rotate(self, token: RefreshToken, successor: str) -> bool:
        """Trade a refresh token for its successor.

        Two requests at the same time do this once: the successor is made from the token, so
        both hold the same one.

        Returns:
            False when the grant was revoked meanwhile.
        """
        now = now_ms()
        expires = now + REFRESH_LIFE_MS
        alive = sa.and_(oauth_grant.c.id == token.grant.id, oauth_grant.c.revoked.is_(None))
        consume = (
            oauth_refresh_token.update()
            .where(
                oauth_refresh_token.c.token_hash == token.token_hash,
                oauth_refresh_token.c.used.is_(None),
            )
            .values(used=now)
        )

        async def work(connection: AsyncConnection) -> bool:
            renewed = oauth_grant.update().where(alive).values(last_used=now, expires=expires)
            if (await connection.execute(renewed)).rowcount != 1:
                return False
            if (await connection.execute(consume)).rowcount == 1:
                await _add_refresh(connection, token.grant.id, successor, expires)
            await connection.execute(
                oauth_client.update()
                .where(oauth_client.c.id == token.grant.client_id)
                .values(last_used=now)
            )
            return True

        return await self._database.write(work)

    async def add(self, grant: Grant) -> None:
        """Keep a grant that came of no code."""

        async def work(connection: AsyncConnection) -> None:
            await add_grant(connection, grant)

        await self._database.write(work)

    async def revoke(self, grant_id: str, *, user_id: str | None = None) -> bool:
        """End a grant; whether it was alive.

        Args:
            grant_id: Which.
            user_id: Whose it must be, if the caller is that user.
        """
        alive = [oauth_grant.c.id == grant_id, oauth_grant.c.revoked.is_(None)]
        if user_id is not None:
            alive.append(oauth_grant.c.user_id == user_id)
        end = oauth_grant.update().where(*alive).values(revoked=now_ms())

        async def work(connection: AsyncConnection) -> bool:
            return (await connection.execute(end)).rowcount == 1

        return await self._database.write(work)

    async def get(self, grant_id: str) -> Grant | None:
        """A grant, dead ones too."""
        async with self._database.reading() as connection:
            return await _grant(connection, grant_id)

    async def live(self, grant_id: str) -> LiveGrant | None:
        """A grant that is neither revoked nor expired, of a user who is not disabled."""
        statement = (
            sa.select(
                oauth_grant.c.id,
                oauth_grant.c.user_id,
                identity_user.c.username,
                oauth_grant.c.scope,
                oauth_grant.c.client_name,
                grant_limit.c.limits,
            )
            .join(identity_user, identity_user.c.id == oauth_grant.c.user_id)
            .join(grant_limit, grant_limit.c.grant_id == oauth_grant.c.id, isouter=True)
            .where(
                oauth_grant.c.id == grant_id,
                oauth_grant.c.revoked.is_(None),
                oauth_grant.c.expires > now_ms(),
                sa.not_(identity_user.c.disabled),
            )
        )
        async with self._database.reading() as connection:
            row = (await connection.execute(statement)).mappings().one_or_none()
        if row is None:
            return None
        limits = row["limits"]
        return LiveGrant(**{**row, "limits": None if limits is None else Limits.of(limits)})

    async def of_user(self, user_id: str) -> list[Grant]:
        """The grants of applications that are alive, the last used first."""
        statement = (
            sa.select(oauth_grant)
            .where(
                oauth_grant.c.user_id == user_id,
                oauth_grant.c.client_id != "",
                oauth_grant.c.revoked.is_(None),
                oauth_grant.c.expires > now_ms(),
            )
            .order_by(oauth_grant.c.last_used.desc(), oauth_grant.c.id)
        )
        async with self._database.reading() as connection:
            found = await connection.execute(statement)
            return [Grant(**_with_tuple(row)) for row in found.mappings()]

    async def touch(self, used: dict[str, int]) -> None:
        """Write down when grants were last used."""

        async def work(connection: AsyncConnection) -> None:
            for grant_id, when in used.items():
                await connection.execute(
                    oauth_grant.update()
                    .where(oauth_grant.c.id == grant_id, oauth_grant.c.last_used < when)
                    .values(last_used=when)
                )

        if used:
            await self._database.write(work)

    async def tidy(self) -> None:
        """Forget what can no longer be used or replayed."""
        before = now_ms() - _MEMORY_MS
        dead = sa.or_(oauth_grant.c.expires < before, oauth_grant.c.revoked < before)
        grants = sa.select(oauth_grant.c.id).where(dead)
        spent = sa.or_(
            oauth_refresh_token.c.grant_id.in_(grants), oauth_refresh_token.c.expires < before
        )

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(oauth_code.delete().where(oauth_code.c.expires < before))
            await connection.execute(oauth_refresh_token.delete().where(spent))
            await connection.execute(oauth_grant.delete().where(dead))

        await self._database.write(work)


async def add_grant(connection: AsyncConnection, grant: Grant) -> None:
    """Keep a grant, within a transaction."""
    await connection.execute(oauth_grant.insert().values(**_row(grant)))


async def _add_refresh(
    connection: AsyncConnection, grant_id: str, ticket: str, expires: int
) -> None:
    row = {"token_hash": hash_of(ticket), "grant_id": grant_id, "expires": expires, "used": None}
    await connection.execute(oauth_refresh_token.insert().values(**row))


async def _grant(connection: AsyncConnection, grant_id: str) -> Grant | None:
    found = await connection.execute(sa.select(oauth_grant).where(oauth_grant.c.id == grant_id))
    row = found.mappings().one_or_none()
    return None if row is None else Grant(**_with_tuple(row))


def _with_tuple(row: "sa.RowMapping") -> dict[str, Any]:
    return {**row, "resources": tuple(row["resources"])}


def _row(thing: Code | Grant) -> dict[str, Any]:
    values = {name: getattr(thing, name) for name in thing.__slots__}
    return {**values, "resources": list(thing.resources)}
