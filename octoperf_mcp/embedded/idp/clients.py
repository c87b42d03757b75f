"""Registered clients (RFC 7591): who may ask for a user's consent."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.idp.client_documents import ClientDocuments, is_document_id
from octoperf_mcp.embedded.idp.client_metadata import Client, Registration
from octoperf_mcp.embedded.idp.guarded_fetch import UnreachableError
from octoperf_mcp.embedded.idp.redirects import without_port
from octoperf_mcp.embedded.idp.tables import (
    oauth_client,
    oauth_code,
    oauth_grant,
    oauth_refresh_token,
)
from octoperf_mcp.embedded.idp.tickets import hash_of, new_ticket
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.schema import new_id, now_ms

log = structlog.get_logger()

MOST_CLIENTS = 10_000
# A registration that never led to a grant, and one that no longer does.
UNUSED_LIFE_MS = 24 * 3600 * 1000
IDLE_LIFE_MS = 90 * 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class ClientUse:
    """A client as an administrator sees it.

    `last_used` is the last sign-in, renewal or call by any of its grants, in epoch milliseconds;
    `grants` is how many of them are alive.
    """

    client: Client
    last_used: int | None
    grants: int


class TooManyClientsError(Exception):
    """The table is full of clients that are in use."""


class Clients:
    """Registers and finds clients.

    Args:
        database: Where they are kept.
        documents: Reads the documents that clients publish themselves; None asks nobody.
        most: Most clients kept.
    """

    def __init__(
        self,
        database: Database,
        documents: ClientDocuments | None = None,
        *,
        most: int = MOST_CLIENTS,
    ) -> None:
        self._database = database
        self._documents = documents
        self._most = most

    @property
    def take_documents(self) -> bool:
        """Whether clients may publish what they are in place of registering."""
        return self._documents is not None

    async def close(self) -> None:
        """End what fetches documents."""
        if self._documents is not None:
            await self._documents.close()

    async def register(self, wanted: Registration) -> tuple[Client, str]:
        """Add a client; answers it and its secret, "" for a public one.

        An equal public client is not added again: programs that register at every start share
        one row, which grants nothing by itself.

        Raises:
            TooManyClientsError: the table is full.
        """
        secret = new_ticket("ops_") if wanted.auth_method != "none" else ""
        row = {
            "id": new_id(),
            "name": wanted.name,
            "redirect_uris": list(wanted.redirect_uris),
            "application_type": wanted.application_type,
            "auth_method": wanted.auth_method,
            "secret_hash": hash_of(secret) if secret else "",
            "scope": wanted.scope,
            "fingerprint": None if secret else _fingerprint(wanted),
            "created": now_ms(),
            "last_used": None,
        }

        async def work(connection: AsyncConnection) -> Client:
            if not secret:
                known = await _one(connection, oauth_client.c.fingerprint == row["fingerprint"])
                if known is not None:
                    return await _renewed(connection, known)
            await self._make_room(connection)
            await connection.execute(oauth_client.insert().values(**row))
            added = await _one(connection, oauth_client.c.id == row["id"])
            if added is None:
                raise LookupError("The client that was just added is gone.")
            return added

        return await self._database.write(work), secret

    async def find(
        self, client_id: str, *, connection: AsyncConnection | None = None
    ) -> Client | None:
        """The client of an id: the one door through which an id becomes a client.

        One that publishes a document is what that says now. While it cannot be read, it is what
        the document said when a user last allowed it.
        """
        if self._documents is not None and is_document_id(client_id):
            try:
                return await self._documents.client(client_id)
            except UnreachableError as error:
                log.warning("client_document_unreachable", client_id=client_id, reason=str(error))

        async def work(reader: AsyncConnection) -> Client | None:
            return await _one(reader, oauth_client.c.id == client_id)

        return await self._database.read(work, connection=connection)

    async def remember(self, client: Client) -> None:
        """Keep what a client's document said, now that a user allows it; others are kept already.

        Raises:
            TooManyClientsError: the table is full.
        """
        if not is_document_id(client.id):
            return
        said = {
            "name": client.name,
            "redirect_uris": list(client.redirect_uris),
            "application_type": client.application_type,
            "scope": client.scope,
        }
        row = {
            **said,
            "id": client.id,
            "auth_method": client.auth_method,
            "secret_hash": "",
            "fingerprint": None,
            "created": now_ms(),
            "last_used": None,
        }

        async def work(connection: AsyncConnection) -> None:
            change = oauth_client.update().where(oauth_client.c.id == client.id).values(**said)
            if (await connection.execute(change)).rowcount == 0:
                await self._make_room(connection)
                await connection.execute(oauth_client.insert().values(**row))

        await self._database.write(work)

    async def all(self) -> list[Client]:
        """Every client, newest first."""
        async with self._database.reading() as connection:
            found = await connection.execute(
                sa.select(oauth_client).order_by(oauth_client.c.created.desc(), oauth_client.c.id)
            )
            return [_client(row) for row in found.mappings()]

    async def uses(self) -> list[ClientUse]:
        """Every client with its use, newest first."""
        async with self._database.reading() as connection:
            found = await connection.execute(
                _USES.order_by(oauth_client.c.created.desc(), oauth_client.c.id)
            )
            return [_use(row) for row in found.mappings()]

    async def use(self, client_id: str) -> ClientUse | None:
        """One client with its use."""
        async with self._database.reading() as connection:
            found = await connection.execute(_USES.where(oauth_client.c.id == client_id))
            row = found.mappings().one_or_none()
        return None if row is None else _use(row)

    async def delete_unused(self, since_ms: int) -> int:
        """Remove clients that nobody has used since, with their grants; answers how many.

        A client that registered later than that is not unused.
        """

        async def work(connection: AsyncConnection) -> int:
            found = await connection.execute(_USES)
            uses = [_use(row) for row in found.mappings()]
            unused = [
                use.client.id
                for use in uses
                if max(use.client.created, use.last_used or 0) < since_ms
            ]
            return await _delete(connection, unused)

        return await self._database.write(work)

    async def delete(self, client_id: str) -> bool:
        """Remove a client and every grant of it; whether there was one."""

        async def work(connection: AsyncConnection) -> bool:
            return await _delete(connection, [client_id]) > 0

        return await self._database.write(work)

    async def tidy(self) -> int:
        """Remove clients that never got a grant in a day or used none in ninety; answers how many.

        A client with a grant that is alive stays.
        """

        async def work(connection: AsyncConnection) -> int:
            found = await connection.execute(sa.select(oauth_client.c.id).where(_abandoned()))
            return await _delete(connection, list(found.scalars()))

        return await self._database.write(work)

    async def _make_room(self, connection: AsyncConnection) -> None:
        count = sa.select(sa.func.count()).select_from(oauth_client)
        if (await connection.execute(count)).scalar_one() < self._most:
            return
        found = await connection.execute(sa.select(oauth_client.c.id).where(_abandoned()))
        gone = await _delete(connection, list(found.scalars()))
        if not gone:
            raise TooManyClientsError


_ALIVE = sa.case(
    (
        sa.and_(
            oauth_grant.c.revoked.is_(None),
            oauth_grant.c.expires > sa.bindparam("now", callable_=now_ms),
        ),
        1,
    ),
    else_=0,
)
_PER_CLIENT = (
    sa.select(
        oauth_grant.c.client_id,
        sa.func.max(oauth_grant.c.last_used).label("granted_use"),
        sa.func.sum(_ALIVE).label("alive"),
    )
    .group_by(oauth_grant.c.client_id)
    .subquery()
)
_USES = sa.select(oauth_client, _PER_CLIENT.c.granted_use, _PER_CLIENT.c.alive).join(
    _PER_CLIENT, _PER_CLIENT.c.client_id == oauth_client.c.id, isouter=True
)


def _use(row: "sa.RowMapping") -> ClientUse:
    used = [when for when in (row["last_used"], row["granted_use"]) if when is not None]
    return ClientUse(_client(row), max(used, default=None), int(row["alive"] or 0))


def _abandoned() -> "sa.ColumnElement[bool]":
    now = now_ms()
    granted = (
        sa.select(oauth_grant.c.id)
        .where(
            oauth_grant.c.client_id == oauth_client.c.id,
            oauth_grant.c.revoked.is_(None),
            oauth_grant.c.expires > now,
        )
        .exists()
    )
    never = sa.and_(
        oauth_client.c.last_used.is_(None), oauth_client.c.created < now - UNUSED_LIFE_MS
    )
    return sa.and_(~granted, sa.or_(never, oauth_client.c.last_used < now - IDLE_LIFE_MS))


async def _delete(connection: AsyncConnection, ids: Sequence[str]) -> int:
    gone = 0
    for client_id in ids:
        grants = sa.select(oauth_grant.c.id).where(oauth_grant.c.client_id == client_id)
        await connection.execute(
            oauth_refresh_token.delete().where(oauth_refresh_token.c.grant_id.in_(grants))
        )
        for table in (oauth_code, oauth_grant):
            await connection.execute(table.delete().where(table.c.client_id == client_id))
        removed = await connection.execute(
            oauth_client.delete().where(oauth_client.c.id == client_id)
        )
        gone += removed.rowcount
    return gone


async def _renewed(connection: AsyncConnection, client: Client) -> Client:
    """The client counted as registered now, so that it is not tidied away under the caller."""
    await connection.execute(
        oauth_client.update().where(oauth_client.c.id == client.id).values(created=now_ms())
    )
    return client


async def _one(connection: AsyncConnection, condition: "sa.ColumnElement[bool]") -> Client | None:
    found = await connection.execute(sa.select(oauth_client).where(condition))
    row = found.mappings().one_or_none()
    return None if row is None else _client(row)


def _client(row: "sa.RowMapping") -> Client:
    return Client(
        id=row["id"],
        name=row["name"],
        redirect_uris=tuple(row["redirect_uris"]),
        application_type=row["application_type"],
        auth_method=row["auth_method"],
        secret_hash=row["secret_hash"],
        scope=row["scope"],
        created=row["created"],
        last_used=row["last_used"],
    )


def _fingerprint(wanted: Registration) -> str:
    """Equal for registrations that differ in nothing but loopback ports and order."""
    parts: list[Any] = [
        wanted.name,
        sorted({without_port(uri) for uri in wanted.redirect_uris}),
        wanted.application_type,
        wanted.scope,
    ]
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()
