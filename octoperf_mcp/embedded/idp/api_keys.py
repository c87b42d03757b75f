"""API keys of the REST API: a UUID in the place of a token, one for each user.

For existing REST clients only: it is no JWT, so the MCP endpoint refuses it. It is a grant like any
other, so that it is listed and revoked with the rest.
"""

import re
import uuid

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.auth.scopes import OPERATION_SCOPES, scope_text
from octoperf_mcp.embedded.idp.grants import Grant, add_grant
from octoperf_mcp.embedded.idp.tables import API_KEY_CLIENT, api_key, oauth_grant
from octoperf_mcp.embedded.idp.tickets import hash_of
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.schema import new_id, now_ms

_SHAPE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LIFE_MS = 10 * 366 * 24 * 3600 * 1000


def is_api_key(text: str) -> bool:
    """Whether a credential has the shape of a key."""
    return _SHAPE.fullmatch(text) is not None


class ApiKeys:
    """Makes and finds keys; only their hashes are kept."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def renew(self, user_id: str) -> str:
        """A new key, shown this once; the one before is worth nothing any more."""
        key, now = str(uuid.uuid4()), now_ms()
        grant = Grant(
            id=new_id(),
            user_id=user_id,
            client_id=API_KEY_CLIENT,
            client_name="REST API key",
            redirect_uri="",
            scope=scope_text(OPERATION_SCOPES),
            resources=(),
            created=now,
            last_used=now,
            expires=now + _LIFE_MS,
        )
        old = sa.and_(
            oauth_grant.c.user_id == user_id,
            oauth_grant.c.client_id == API_KEY_CLIENT,
            oauth_grant.c.revoked.is_(None),
        )

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(oauth_grant.update().where(old).values(revoked=now))
            await add_grant(connection, grant)
            row = {"key_hash": hash_of(key), "grant_id": grant.id}
            await connection.execute(api_key.insert().values(**row))

        await self._database.write(work)
        return key

    async def grant_id(self, key: str) -> str | None:
        """The grant of a key, dead ones too."""
        query = sa.select(api_key.c.grant_id).where(api_key.c.key_hash == hash_of(key))
        async with self._database.reading() as connection:
            found: str | None = (await connection.execute(query)).scalar_one_or_none()
        return found

    async def tidy(self) -> None:
        """Forget keys whose grants are gone."""
        grant = sa.select(oauth_grant.c.id).where(oauth_grant.c.id == api_key.c.grant_id)

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(api_key.delete().where(~grant.exists()))

        await self._database.write(work)
