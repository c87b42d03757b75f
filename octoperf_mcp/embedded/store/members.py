"""Members of workspaces."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.failures import NotFound
from octoperf_mcp.embedded.store import rows
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.schema import workspace_member


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
    """Reads memberships as a user sees them."""

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


async def _members(connection: AsyncConnection, query: "sa.Select[Any]") -> list[Member]:
    ordered = query.order_by(workspace_member.c.created, workspace_member.c.id)
    return [Member(*row) for row in await connection.execute(ordered)]
