"""Users: names, password hashes, and who administers the platform."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.failures import Conflict, Invalid, NotFound
from octoperf_mcp.embedded.idp.passwords import Passwords, check_strength
from octoperf_mcp.embedded.idp.tables import (
    administrator,
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
    """Creates, finds and changes users.

    Somebody can always administer the platform: the first user does, and the last administrator
    who can sign in is neither demoted nor disabled nor deleted.
    """

    def __init__(self, database: Database, passwords: Passwords) -> None:
        self._database = database
        self._passwords = passwords

    async def create(self, username: str, password: str, *, administers: bool = False) -> str:
        """Add a user; answers the id. The first one administers the platform in any case.

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
            if (await connection.execute(statement)).rowcount != 1:
                return False
            if administers or not await _administrators(connection):
                await self._promote(connection, str(row["id"]))
            return True

        if not await self._database.write(work):
            raise Conflict(f"There is already a user {name}.")
        return str(row["id"])

    async def get(self, user_id: str) -> dict[str, Any]:
        """`{id, username, created, disabled, administrator}`, `created` in epoch milliseconds.

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
            found = await connection.execute(_USERS.order_by(identity_user.c.folded))
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
            Conflict: he is the last administrator.
        """

        async def work(connection: AsyncConnection) -> None:
            change = identity_user.update().where(identity_user.c.id == user_id)
            if (await connection.execute(change.values(disabled=disabled))).rowcount == 0:
                raise NotFound("There is no such user.")
            if disabled:
                await _require_administrator(connection)
                await _end_everything(connection, user_id)

        await self._database.write(work)

    async def set_administrator(self, user_id: str, administers: bool) -> None:
        """Let a user administer the platform, or no longer.

        Raises:
            NotFound: nobody has this id.
            Conflict: he is the last one.
        """
        demote = administrator.delete().where(administrator.c.user_id == user_id)
        known = sa.select(identity_user.c.id).where(identity_user.c.id == user_id)

        async def work(connection: AsyncConnection) -> None:
            if await connection.scalar(known) is None:
                raise NotFound("There is no such user.")
            if administers:
                await self._promote(connection, user_id)
                return
            await connection.execute(demote)
            await _require_administrator(connection)

        await self._database.write(work)

    async def appoint_somebody(self) -> None:
        """Make the oldest user an administrator where there is none, as in older databases."""
        oldest = sa.select(identity_user.c.id).order_by(identity_user.c.created, identity_user.c.id)

        async def work(connection: AsyncConnection) -> None:
            if await _administrators(connection):
                return
            user_id = await connection.scalar(oldest.limit(1))
            if user_id is not None:
                await self._promote(connection, user_id)

        await self._database.write(work)

    async def delete(self, user_id: str) -> None:
        """Remove a user with his sessions and grants; his documents are not this room's.

        Raises:
            NotFound: nobody has this id.
            Conflict: he is the last administrator.
        """
        grants = sa.select(oauth_grant.c.id).where(oauth_grant.c.user_id == user_id)

        async def work(connection: AsyncConnection) -> None:
            gone = identity_user.delete().where(identity_user.c.id == user_id)
            if (await connection.execute(gone)).rowcount == 0:
                raise NotFound("There is no such user.")
            await _require_administrator(connection)
            await connection.execute(
                oauth_refresh_token.delete().where(oauth_refresh_token.c.grant_id.in_(grants))
            )
            for table in (oauth_code, browser_session, oauth_grant, administrator):
                await connection.execute(table.delete().where(table.c.user_id == user_id))

        await self._database.write(work)

    async def _keep(self, user_id: str, password_hash: str) -> None:
        change = identity_user.update().where(identity_user.c.id == user_id)

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(change.values(password_hash=password_hash))

        await self._database.write(work)

    async def _one(self, condition: "sa.ColumnElement[bool]") -> "sa.RowMapping | None":
        async with self._database.reading() as connection:
            found = await connection.execute(_USERS.where(condition))
            return found.mappings().one_or_none()

    async def _promote(self, connection: AsyncConnection, user_id: str) -> None:
        row = {"user_id": user_id, "since": now_ms()}
        promote = self._database.insert(administrator).values(**row).on_conflict_do_nothing()
        await connection.execute(promote)


_USERS = sa.select(identity_user, administrator.c.since.label("administers_since")).join(
    administrator, administrator.c.user_id == identity_user.c.id, isouter=True
)


async def _administrators(connection: AsyncConnection) -> int:
    """How many users who can sign in administer the platform."""
    query = (
        sa.select(sa.func.count())
        .select_from(administrator)
        .join(identity_user, identity_user.c.id == administrator.c.user_id)
        .where(sa.not_(identity_user.c.disabled))
    )
    return int((await connection.execute(query)).scalar_one())


async def _require_administrator(connection: AsyncConnection) -> None:
    if not await _administrators(connection):
        raise Conflict("This is the last administrator: appoint another one first.")


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
    shown = {name: row[name] for name in ("id", "username", "created", "disabled")}
    return {**shown, "administrator": row["administers_since"] is not None}
