"""Rotation of the signing keys: published before use, and kept until their last token is over.

A server that runs meanwhile follows within a minute, since it reads the keys anew that often.
"""

import asyncio
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.idp.keys import generate, signs_at
from octoperf_mcp.embedded.idp.tables import CI_CLIENT, oauth_grant, signing_key
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.schema import now_ms

# Key sets may be kept for 5 minutes, and another replica learns of a key within one more.
LEAD_MS = 10 * 60 * 1000
# Longer than any token lives whose grant does not tell its end.
_MEMORY_MS = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class KeyState:
    """A key as an operator sees it; times in epoch milliseconds.

    `state` is `signs`, `next` (published, signs later) or `verifies` (no longer signs).
    """

    kid: str
    state: str
    created: int
    retires: int | None


async def key_states(database: Database) -> list[KeyState]:
    """Every key, the oldest first."""
    now = now_ms()
    async with database.reading() as connection:
        rows = (await connection.execute(_all())).mappings().all()
    signer = signs_at(rows, now)
    return [
        KeyState(
            kid=row["kid"],
            state="signs" if row["kid"] == signer else _state(row["retired"], now),
            created=row["created"],
            retires=row["retired"],
        )
        for row in rows
    ]


def _state(retired: int | None, now: int) -> str:
    return "verifies" if retired is not None and retired <= now else "next"


async def rotate(database: Database, *, at_once: bool = False) -> str:
    """Add a key; answers its name.

    Args:
        database: Where the keys are.
        at_once: Remove the old keys instead of letting them run out: whatever they signed is
            worth nothing within a minute. Clients renew their tokens without asking anybody.
    """
    made = await asyncio.to_thread(generate)
    now = now_ms()
    current = sa.or_(signing_key.c.retired.is_(None), signing_key.c.retired > now + LEAD_MS)

    async def work(connection: AsyncConnection) -> None:
        if at_once:
            await connection.execute(signing_key.delete())
        else:
            await connection.execute(
                signing_key.update().where(current).values(retired=now + LEAD_MS)
            )
        await connection.execute(signing_key.insert().values(**made))

    await database.write(work)
    return str(made["kid"])


async def forget_old_keys(database: Database) -> None:
    """Remove retired keys of which no token can be alive."""
    now = now_ms()
    local = sa.and_(
        oauth_grant.c.client_id.in_(("", CI_CLIENT)),
        oauth_grant.c.created <= signing_key.c.retired,
        oauth_grant.c.expires > now,
        oauth_grant.c.revoked.is_(None),
    )
    over = sa.and_(
        signing_key.c.retired < now - _MEMORY_MS,
        ~sa.select(oauth_grant.c.id).where(local).exists(),
    )

    async def work(connection: AsyncConnection) -> None:
        await connection.execute(signing_key.delete().where(over))

    await database.write(work)


def _all() -> "sa.Select[tuple[str, int, int | None]]":
    return sa.select(signing_key.c.kid, signing_key.c.created, signing_key.c.retired).order_by(
        signing_key.c.created, signing_key.c.kid
    )
