"""Small values that programs keep for a user, each with a life: answers to repeated calls."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.failures import Conflict, NotFound, TooLarge
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.schema import metadata, now_ms

MAX_VALUES = 10_000
"""Of one user."""

kept_value = sa.Table(
    "kept_value",
    metadata,
    sa.Column("user_id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("expires", sa.BigInteger, nullable=False, index=True),
)


class KeptValues:
    """Values by user and name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, user_id: str, name: str) -> str:
        """A value.

        Raises:
            NotFound: there is none, or its life is over.
        """
        wanted = sa.select(kept_value.c.value).where(
            _named(user_id, name), kept_value.c.expires > now_ms()
        )
        async with self._database.reading() as reader:
            found = (await reader.execute(wanted)).scalar_one_or_none()
        if found is None:
            raise NotFound("No value is kept by this name.")
        return str(found)

    async def put(
        self, user_id: str, name: str, value: str, *, life_s: int, only_new: bool
    ) -> None:
        """Keep a value.

        Raises:
            Conflict: with `only_new`, the name has a value.
            TooLarge: the user keeps too many.
        """
        now = now_ms()
        row = {
            "user_id": user_id,
            "name": name,
            "value": value,
            "expires": now + life_s * 1000,
        }

        async def work(writer: AsyncConnection) -> None:
            await writer.execute(kept_value.delete().where(kept_value.c.expires <= now))
            theirs = kept_value.c.user_id == user_id
            count = sa.select(sa.func.count()).select_from(kept_value).where(theirs)
            if (await writer.execute(count)).scalar_one() >= MAX_VALUES:
                raise TooLarge(f"At most {MAX_VALUES} values are kept for a user.")
            insert = self._database.insert(kept_value).values(row)
            same = [kept_value.c.user_id, kept_value.c.name]
            if not only_new:
                changed = {"value": value, "expires": row["expires"]}
                await writer.execute(
                    insert.on_conflict_do_update(index_elements=same, set_=changed)
                )
                return
            made = await writer.execute(insert.on_conflict_do_nothing(index_elements=same))
            if made.rowcount == 0:
                raise Conflict("A value is kept by this name.")

        await self._database.write(work)

    async def drop(self, user_id: str, name: str) -> None:
        """Forget a value, if there is one."""

        async def work(writer: AsyncConnection) -> None:
            await writer.execute(kept_value.delete().where(_named(user_id, name)))

        await self._database.write(work)


def _named(user_id: str, name: str) -> sa.ColumnElement[bool]:
    return sa.and_(kept_value.c.user_id == user_id, kept_value.c.name == name)
