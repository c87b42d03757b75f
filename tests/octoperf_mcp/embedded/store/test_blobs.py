"""Bytes by content."""

import hashlib

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.store.blobs import Blobs
from octoperf_mcp.embedded.store.database import Database


async def test_bytes_come_back_by_their_hash_however_often_they_are_put(database: Database) -> None:
    blobs = Blobs(database)
    data = bytes(range(256)) * 1000
    first, second = await blobs.put(data), await blobs.put(data)
    assert first == second == hashlib.sha256(data).hexdigest()
    assert await blobs.get(first) == data
    assert await blobs.get("0" * 64) is None


async def test_a_blob_takes_part_in_the_transaction_of_its_document(database: Database) -> None:
    blobs = Blobs(database)
    seen: list[bytes | None] = []

    async def work(connection: AsyncConnection) -> None:
        key = await blobs.put(b"body", connection=connection)
        seen.append(await blobs.get(key, connection=connection))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.write(work)
    seen.append(await blobs.get(hashlib.sha256(b"body").hexdigest()))
    assert seen == [b"body", None]
