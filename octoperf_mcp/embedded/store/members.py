"""Members of workspaces."""

from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.failures import Conflict, Forbidden, Invalid, NotFound
from octoperf_mcp.embedded.store import rows
from octoperf_mcp.embedded.store.access import Role
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.schema import new_id, now_ms, workspace_member


@dataclass(frozen=True, slots=True)
class Member:
    """A user in a workspace; `role` as in `access.Role`, dates in epoch ms."""

    id: str
    workspace_id: str
    user_id: str
    role: str
    created: int
    modified: int


class Members:
    """Reads and changes memberships as a user sees them.

    A workspace keeps an admin, and who administers a workspace keeps one that he administers.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_workspace(self, workspace_id: str, *, user_id: str) -> list[Member]:
        """Members of a workspace, the first one first.

        Raises:
            NotFound: the user is no member of it.
        """

        async def work(reader: AsyncConnection) -> list[Member]:
            await rows.seen(reader, "workspace", workspace_id, user_id)
            query = sa.select(workspace_member)
            query = query.where(workspace_member.c.workspace_id == workspace_id)
            return await _members(reader, query)

        return await self._database.read(work)

    async def of_user(self, other_id: str, *, user_id: str) -> list[Member]:
        """Memberships of a user in the workspaces that the asking user is a member of.

        Raises:
            NotFound: they share no workspace.
        """
        mine = sa.select(workspace_member.c.workspace_id)
        mine = mine.where(workspace_member.c.user_id == user_id)
        query = sa.select(workspace_member).where(
            workspace_member.c.user_id == other_id, workspace_member.c.workspace_id.in_(mine)
        )

        async def work(reader: AsyncConnection) -> list[Member]:
            return await _members(reader, query)

        found = await self._database.read(work)
        if not found and other_id != user_id:
            raise NotFound(f"You share no workspace with a user {other_id!r}.")
        return found

    async def add(self, workspace_id: str, new_user_id: str, role: str, *, user_id: str) -> Member:
        """Let a user into a workspace; one who is in it already is given the role.

        Raises:
            NotFound: the asking user is no member of it.
            Forbidden: he is, but not an admin.
            Invalid: there is no such role.
            Conflict: see the class.
        """
        given = _given(role)

        async def work(writer: AsyncConnection) -> Member:
            await _require_admin(writer, workspace_id, user_id)
            here = workspace_member.c.workspace_id == workspace_id
            query = sa.select(workspace_member).where(here)
            known = await _members(writer, query.where(workspace_member.c.user_id == new_user_id))
            if known:
                return await _with_role(writer, known[0], given)
            now = now_ms()
            made = Member(new_id(), workspace_id, new_user_id, given, now, now)
            values = {name: getattr(made, name) for name in made.__slots__}
            await writer.execute(workspace_member.insert().values(**values))
            return made

        return await self._database.write(work)

    async def change(self, member_id: str, role: str, *, user_id: str) -> Member:
        """Give a member another role.

        Raises:
            NotFound: the asking user sees no such member.
            Forbidden: he does, but is no admin.
            Invalid: there is no such role.
            Conflict: see the class.
        """
        given = _given(role)

        async def work(writer: AsyncConnection) -> Member:
            member = await _seen(writer, member_id, user_id)
            await _require_admin(writer, member.workspace_id, user_id)
            return await _with_role(writer, member, given)

        return await self._database.write(work)

    async def remove(self, member_id: str, *, user_id: str) -> None:
        """Take a member's access away; anybody may leave.

        Raises:
            NotFound: the asking user sees no such member.
            Forbidden: he does, but is neither an admin nor that member.
            Conflict: see the class.
        """

        async def work(writer: AsyncConnection) -> None:
            member = await _seen(writer, member_id, user_id)
            if member.user_id != user_id:
                await _require_admin(writer, member.workspace_id, user_id)
            await _require_admins_left(writer, member)
            gone = workspace_member.delete().where(workspace_member.c.id == member.id)
            await writer.execute(gone)

        await self._database.write(work)


def _given(role: str) -> Role:
    """The role of a name; CUSTOM is what only the original's web UI can give."""
    if role not in set(Role) - {Role.CUSTOM}:
        allowed = ", ".join(sorted(set(Role) - {Role.CUSTOM}))
        raise Invalid(f"{role!r} is no role that can be given; there are {allowed}.")
    return Role(role)


async def _seen(connection: AsyncConnection, member_id: str, user_id: str) -> Member:
    mine = sa.select(workspace_member.c.workspace_id)
    mine = mine.where(workspace_member.c.user_id == user_id)
    query = sa.select(workspace_member).where(
        workspace_member.c.id == member_id, workspace_member.c.workspace_id.in_(mine)
    )
    found = await _members(connection, query)
    if not found:
        raise NotFound(f"There is no member {member_id!r}.")
    return found[0]


async def _require_admin(connection: AsyncConnection, workspace_id: str, user_id: str) -> None:
    _, role = await rows.seen(connection, "workspace", workspace_id, user_id)
    if role != Role.ADMIN:
        raise Forbidden(f"The role {role} may not change who is a member.")


async def _with_role(connection: AsyncConnection, member: Member, role: Role) -> Member:
    if role == member.role:
        return member
    await _require_admins_left(connection, member)
    now = now_ms()
    change = workspace_member.update().where(workspace_member.c.id == member.id)
    await connection.execute(change.values(role=role, modified=now))
    return replace(member, role=role, modified=now)


async def _require_admins_left(connection: AsyncConnection, member: Member) -> None:
    """Check that it does no harm if a member is no admin any more."""
    if member.role != Role.ADMIN:
        return
    others = sa.select(workspace_member.c.id).where(
        workspace_member.c.role == Role.ADMIN, workspace_member.c.id != member.id
    )
    here = others.where(workspace_member.c.workspace_id == member.workspace_id).limit(1)
    if await connection.scalar(here) is None:
        raise Conflict("This is the only admin of the workspace: appoint another one first.")
    elsewhere = others.where(workspace_member.c.user_id == member.user_id).limit(1)
    if await connection.scalar(elsewhere) is None:
        raise Conflict("This is the only workspace that the member administers.")


async def _members(connection: AsyncConnection, query: "sa.Select[Any]") -> list[Member]:
    ordered = query.order_by(workspace_member.c.created, workspace_member.c.id)
    return [Member(*row) for row in await connection.execute(ordered)]
