"""Bytes by content: recorded bodies, project files, results of validations."""

import hashlib
import io
from collections.abc import AsyncIterator
from typing import BinaryIO

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.schema import blob, blob_part, now_ms

PART_BYTES = 1024 * 1024
"""Rows hold no more than this, so that neither side ever needs a large file in memory."""


class Blobs:
    """Content-addressed bytes in the database; the key is the SHA-256 in hexadecimal.

    A key is no permission: whoever hands out bytes checks first that the document or file which
    names the key belongs to the caller.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, data: bytes, *, connection: AsyncConnection | None = None) -> str:
        """Keep the bytes, once however often they are put; answers their key."""
        return await self.put_file(io.BytesIO(data), connection=connection)

    async def put_file(self, file: BinaryIO, *, connection: AsyncConnection | None = None) -> str:
        """Keep the bytes of an open, seekable file; answers their key."""
        key, size = _measured(file)

        async def work(writer: AsyncConnection) -> None:
            file.seek(0)
            first = file.read(PART_BYTES)
            row = {"key": key, "size": size, "created": now_ms(), "data": first}
            statement = self._database.insert(blob).values(row).on_conflict_do_nothing()
            if (await writer.execute(statement)).rowcount == 0:
                again = blob.update().where(blob.c.key == key).values(created=row["created"])
                await writer.execute(again)
                return
            for seq, part in enumerate(iter(lambda: file.read(PART_BYTES), b""), start=1):
                await writer.execute(blob_part.insert().values(key=key, seq=seq, data=part))

        await self._database.write(work, connection=connection)
        return key

    async def get(self, key: str, *, connection: AsyncConnection | None = None) -> bytes | None:
        """The bytes of a key, None when there are none."""

        async def work(reader: AsyncConnection) -> bytes | None:
            found = await reader.execute(sa.select(blob.c.data).where(blob.c.key == key))
            first: bytes | None = found.scalar_one_or_none()
            if first is None or len(first) < PART_BYTES:
                return first
            query = sa.select(blob_part.c.data).where(blob_part.c.key == key)
            rest = await reader.scalars(query.order_by(blob_part.c.seq))
            return b"".join([first, *rest])

        return await self._database.read(work, connection=connection)

    async def parts(self, key: str) -> AsyncIterator[bytes]:
        """The bytes of a key, part by part; none when the key is unknown.

        Each part is a short read of its own: a slow receiver holds no connection.
        """
        query = sa.select(blob.c.data).where(blob.c.key == key)
        seq = 0
        while True:
            async with self._database.reading() as reader:
                part = (await reader.execute(query)).scalar_one_or_none()
            if part is None:
                return
            yield part
            if len(part) < PART_BYTES:
                return
            seq += 1
            query = sa.select(blob_part.c.data).where(blob_part.c.key == key)
            query = query.where(blob_part.c.seq == seq)


def _measured(file: BinaryIO) -> tuple[str, int]:
    file.seek(0)
    digest = hashlib.sha256()
    size = 0
    for part in iter(lambda: file.read(PART_BYTES), b""):
        digest.update(part)
        size += len(part)
    return digest.hexdigest(), size
