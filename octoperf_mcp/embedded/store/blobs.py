"""Bytes by content: recorded bodies, project files, results of validations."""

import hashlib

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.schema import blob, now_ms


class Blobs:
    """Content-addressed bytes in the database; the key is the SHA-256 in hexadecimal.

    A key is no permission: whoever hands out bytes checks first that the document or file which
    names the key belongs to the caller.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, data: bytes, *, connection: AsyncConnection | None = None) -> str:
        """Keep the bytes, once however often they are put; answers their key."""
        key = hashlib.sha256(data).hexdigest()
        statement = (
            self._database.insert(blob)
            .values(key=key, size=len(data), created=now_ms(), data=data)
            .on_conflict_do_nothing()
        )

        async def work(writer: AsyncConnection) -> None:
            await writer.execute(statement)

        await self._database.write(work, connection=connection)
        return key

    async def get(self, key: str, *, connection: AsyncConnection | None = None) -> bytes | None:
        """The bytes of a key, None when there are none."""

        async def work(reader: AsyncConnection) -> bytes | None:
            found = await reader.execute(sa.select(blob.c.data).where(blob.c.key == key))
            data: bytes | None = found.scalar_one_or_none()
            return data

        return await self._database.read(work, connection=connection)
