"""Users: names and password hashes."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.failures import Conflict, Invalid, NotFound
from octoperf_mcp.embedded.idp.passwords import Passwords, check_strength
from octoperf_mcp.embedded.idp.tables import (
    browser_session,
    identity_user,
    oauth_code,
    oauth_grant,
    oauth_refresh_token,
)
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.schema import new_id, now_ms

_LONGEST_NAME = 100


class Users:
    """Creates, finds and changes users."""

    def __init__(self, database: Database, passwords: Passwords) -> None:
        self._database = database
        self._passwords = passwords

    async def create(self, username: str, password: str) -> str:
        """Add a user; answers the id.

        Raises:
            Invalid: the name or the password cannot be accepted.
            Conflict: the name is taken, in whatever case.
        """
        name = _checked(username)
        check_strength(password)
        row = {
            "id": new_id(),
            "username": name,
            "folded": name.casefold(),
            "password_hash": await self._passwords.hash(password),
            "created": now_ms(),
            "disabled": False,
        }
        statement = self._database.insert(identity_user).values(**row).on_conflict_do_nothing()

        async def work(connection: AsyncConnection) -> bool:
            return (await connection.execute(statement)).rowcount == 1

        if not await self._database.write(work):
            raise Conflict(f"There is already a user {name}.")
        return str(row["id"])

    async def get(self, user_id: str) -> dict[str, Any]:
        """`{id, username, created, disabled}`, `created` in epoch milliseconds.

        Raises:
            NotFound: nobody has this id.
        """
        row = await self._one(identity_user.c.id == user_id)
        if row is None:
            raise NotFound("There is no such user.")
        return _public(row)

    async def all(self) -> list[dict[str, Any]]:
        """Every user, by name."""
        async with self._database.reading() as connection:
            found = await connection.execute(
                sa.select(identity_user).order_by(identity_user.c.folded)
            )
            return [_public(row) for row in found.mappings()]

    async def find(self, username: str) -> dict[str, Any] | None:
        """The user of a name in whatever case."""
        row = await self._one(identity_user.c.folded == username.strip().casefold())
        return None if row is None else _public(row)

    async def check_password(self, username: str, password: str) -> str | None:
        """The id if the password is right and the user not disabled; takes as long if not."""
        row = await self._one(identity_user.c.folded == username.strip().casefold())
        usable = row is not None and not row["disabled"]
        kept = row["password_hash"] if row is not None and usable else None
        if not await self._passwords.check(password, kept) or row is None:
            return None
        if self._passwords.is_outdated(row["password_hash"]):
            await self._keep(row["id"], await self._passwords.hash(password))
        return str(row["id"])

    async def set_password(self, user_id: str, password: str) -> None:
        """Change the password and end everything that the old one opened.

        Raises:
            Invalid: the password cannot be accepted.
            NotFound: nobody has this id.
        """
        check_strength(password)
        kept = await self._passwords.hash(password)

        async def work(connection: AsyncConnection) -> None:
            change = identity_user.update().where(identity_user.c.id == user_id)
            if (await connection.execute(change.values(password_hash=kept))).rowcount == 0:
                raise NotFound("There is no such user.")
            await _end_everything(connection, user_id)

        await self._database.write(work)

    async def set_disabled(self, user_id: str, disabled: bool) -> None:
        """Lock a user out, or let him in again; locking ends his sessions and grants.

        Raises:
            NotFound: nobody has this id.
        """

        async def work(connection: AsyncConnection) -> None:
            change = identity_user.update().where(identity_user.c.id == user_id)
            if (await connection.execute(change.values(disabled=disabled))).rowcount == 0:
                raise NotFound("There is no such user.")
            if disabled:
                await _end_everything(connection, user_id)

        await self._database.write(work)

    async def delete(self, user_id: str) -> None:
        """Remove a user with his sessions and grants; his documents are not this room's.

        Raises:
            NotFound: nobody has this id.
        """
        grants = sa.select(oauth_grant.c.id).where(oauth_grant.c.user_id == user_id)

        async def work(connection: AsyncConnection) -> None:
            gone = identity_user.delete().where(identity_user.c.id == user_id)
            if (await connection.execute(gone)).rowcount == 0:
                raise NotFound("There is no such user.")
            await connection.execute(
                oauth_refresh_token.delete().where(oauth_refresh_token.c.grant_id.in_(grants))
            )
            for table in (oauth_code, browser_session, oauth_grant):
                await connection.execute(table.delete().where(table.c.user_id == user_id))

        await self._database.write(work)

    async def _keep(self, user_id: str, password_hash: str) -> None:
        change = identity_user.update().where(identity_user.c.id == user_id)

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(change.values(password_hash=password_hash))

        await self._database.write(work)

    async def _one(self, condition: "sa.ColumnElement[bool]") -> "sa.RowMapping | None":
        async with self._database.reading() as connection:
            found = await connection.execute(sa.select(identity_user).where(condition))
            return found.mappings().one_or_none()


async def _end_everything(connection: AsyncConnection, user_id: str) -> None:
    for table in (oauth_code, browser_session):
        await connection.execute(table.delete().where(table.c.user_id == user_id))
    alive = sa.and_(oauth_grant.c.user_id == user_id, oauth_grant.c.revoked.is_(None))
    await connection.execute(oauth_grant.update().where(alive).values(revoked=now_ms()))


def _checked(username: str) -> str:
    name = username.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise Invalid(f"A user name has 1 to {_LONGEST_NAME} visible characters.")
    return name


def _public(row: "sa.RowMapping") -> dict[str, Any]:
    return {name: row[name] for name in ("id", "username", "created", "disabled")}
