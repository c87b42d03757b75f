"""Single-use addresses: what they stand for, kept by the hash of their token."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.failures import Gone, WrongMethod
from octoperf_mcp.embedded.limits import Limits
from octoperf_mcp.embedded.platform import Principal
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.schema import now_ms, presigned

_KEPT_MS = 24 * 3600 * 1000
_SPENT = (
    "This address was used already, or has expired: it works once, for a few minutes. "
    "Call the tool again for a new one."
)


@dataclass(frozen=True, slots=True)
class Target:
    """The request that an address stands for, and as whom it is made.

    `path` is percent-encoded as it was given; `query` has wire names.
    """

    method: str
    path: str
    query: Mapping[str, str]
    principal: Principal


class Presigned:
    """Mints and spends addresses."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def mint(self, target: Target, *, life_s: int) -> tuple[str, int]:
        """A token for the target, and when it expires in epoch ms."""
        token = secrets.token_urlsafe(32)
        now = now_ms()
        principal = target.principal
        row = {
            "token_hash": _hash(token),
            "user_id": principal.user_id,
            "principal": {
                "username": principal.username,
                "scopes": sorted(principal.scopes),
                "grant_id": principal.grant_id,
                "client": principal.client,
                "limits": principal.limits and principal.limits.document(),
            },
            "method": target.method,
            "path": target.path,
            "query": dict(target.query),
            "expires": now + life_s * 1000,
            "used": None,
        }

        async def work(writer: AsyncConnection) -> None:
            await writer.execute(presigned.delete().where(presigned.c.expires < now - _KEPT_MS))
            await writer.execute(presigned.insert().values(row))

        await self._database.write(work)
        return token, now + life_s * 1000

    async def spend(self, token: str, method: str) -> Target:
        """Use a token up, atomically: of two who come, one gets the target.

        Raises:
            Gone: it was used, has expired, or never was.
            WrongMethod: it is for another method; it stays usable.
        """
        mine = presigned.c.token_hash == _hash(token)

        async def work(writer: AsyncConnection) -> Target:
            row = (await writer.execute(sa.select(presigned).where(mine))).one_or_none()
            if row is None:
                raise Gone(_SPENT)
            if row.method != method:
                raise WrongMethod(f"This address is for {row.method}, not {method}.")
            now = now_ms()
            usable = sa.and_(mine, presigned.c.used.is_(None), presigned.c.expires > now)
            spent = await writer.execute(presigned.update().where(usable).values(used=now))
            if spent.rowcount == 0:
                raise Gone(_SPENT)
            limits = row.principal.get("limits")
            principal = Principal(
                row.user_id,
                row.principal["username"],
                frozenset(row.principal["scopes"]),
                row.principal["grant_id"],
                row.principal.get("client", ""),
                limits=Limits.of(limits) if limits else None,
            )
            return Target(row.method, row.path, row.query, principal)

        return await self._database.write(work)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
