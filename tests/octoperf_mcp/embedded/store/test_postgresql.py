"""What PostgreSQL alone can do to the store: other processes, its own texts and refusals."""

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.failures import Conflict, Gone, NotFound
from octoperf_mcp.embedded.platform import Principal
from octoperf_mcp.embedded.store.blobs import Blobs
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.documents import Documents
from octoperf_mcp.embedded.store.presigned import Presigned, Target
from octoperf_mcp.embedded.store.project_files import ProjectFiles
from octoperf_mcp.embedded.store.schema import blob, document, metadata
from octoperf_mcp.errors import ConfigError


@pytest.fixture
async def postgresql(postgresql_url: str) -> AsyncIterator[Database]:
    database = await Database.open(postgresql_url)
    yield database
    await database.close()


async def test_two_replicas_change_one_document_in_turn(
    postgresql: Database, postgresql_url: str
) -> None:
    """Rows are locked, so that a read-modify-write of one process never undoes another's."""
    other = await Database.open(postgresql_url)
    replicas = Documents(postgresql), Documents(other)
    made = await replicas[0].create("workspace", {"n": 0}, user_id="ada", workspace_id="")

    def count_up(body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "n": body["n"] + 1}

    await asyncio.gather(
        *(
            documents.change("workspace", made.id, count_up)
            for documents in replicas
            for _ in range(10)
        )
    )
    found = await replicas[1].get("workspace", made.id, user_id="ada")
    await other.close()
    assert (found.body["n"], found.version) == (20, 21)
    with pytest.raises(Conflict):
        await replicas[0].delete("workspace", made.id, user_id="ada", if_version=1)


async def test_an_address_is_spent_once(postgresql: Database) -> None:
    presigned = Presigned(postgresql)
    target = Target("GET", "/x", {}, Principal("ada", "ada"))
    token, _ = await presigned.mint(target, life_s=60)
    assert await presigned.spend(token, "GET") == target
    with pytest.raises(Gone):
        await presigned.spend(token, "GET")


async def test_two_replicas_may_start_at_once(postgresql_url: str) -> None:
    replicas = await asyncio.gather(*(Database.open(postgresql_url) for _ in range(3)))
    for replica in replicas:
        async with replica.reading() as connection:
            assert await connection.scalar(sa.text("SELECT 1")) == 1
        await replica.close()


async def test_writers_of_other_processes_wait_as_they_do_on_sqlite(
    postgresql: Database, postgresql_url: str
) -> None:
    """A transaction that looks before it inserts needs no lock of its own."""
    other = await Database.open(postgresql_url)

    async def count_up(connection: AsyncConnection) -> None:
        found = await connection.scalar(sa.select(sa.func.count()).select_from(blob))
        row = {"key": f"{found:02}", "size": 0, "created": 0, "data": b""}
        await connection.execute(blob.insert().values(row))

    await asyncio.gather(*(each.write(count_up) for each in (postgresql, other) for _ in range(10)))
    async with postgresql.reading() as connection:
        keys = list(await connection.scalars(sa.select(blob.c.key).order_by(blob.c.key)))
    await other.close()
    assert keys == [f"{number:02}" for number in range(20)]


async def test_readers_see_one_state_and_cannot_write(postgresql: Database) -> None:
    documents = Documents(postgresql)
    async with postgresql.reading() as connection:
        before = await connection.scalar(sa.select(sa.func.count()).select_from(document))
        await documents.create("workspace", {}, user_id="ada", workspace_id="")
        after = await connection.scalar(sa.select(sa.func.count()).select_from(document))
        with pytest.raises(sa.exc.DBAPIError, match="read-only"):
            await connection.execute(document.delete())
    assert (before, after) == (0, 0)


async def test_nul_is_no_failure(postgresql: Database) -> None:
    """PostgreSQL has no U+0000 in texts; in JSON it is written otherwise and survives."""
    documents, files = Documents(postgresql), ProjectFiles(postgresql, Blobs(postgresql))
    made = await documents.create("workspace", {"x": "é\0"}, user_id="a\0", workspace_id="")
    assert (await documents.get("workspace", made.id, user_id="a\0")).body["x"] == "é\0"
    for kind in ("workspace", "a\0b"):
        with pytest.raises(NotFound):
            await documents.get(kind, "\0", user_id="ada")
    project = await documents.create("project", {}, user_id="a\0", workspace_id=made.id)
    kept = await files.put(project.id, "a", io.BytesIO(b""), content_type="text/\0", user_id="a\0")
    assert [(await files.get(project.id, "a", user_id="a\0")).content_type] == ["text/\ufffd"]
    assert kept.size == 0


async def test_many_rows_at_once_are_without_nul_too(postgresql: Database) -> None:
    row = {"size": 0, "created": 0, "data": b"\0"}
    async with postgresql.writing() as connection:
        await connection.execute(blob.insert(), [{**row, "key": key} for key in ("\0", "b")])
    async with postgresql.reading() as connection:
        found = await connection.execute(sa.select(blob.c.key, blob.c.data).order_by(blob.c.key))
        assert sorted(map(tuple, found)) == [("b", b"\0"), ("\ufffd", b"\0")]


def test_no_text_has_a_length_that_sqlite_would_not_check() -> None:
    texts = [
        (str(column), column.type.length)
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, sa.String)
    ]
    assert {length for _, length in texts} == {None}, texts


@pytest.mark.parametrize(
    "changed",
    [
        {"host": "127.0.0.1", "port": 1},
        {"database": "no_such_database"},
        {"query": {"sslmode": "neither"}},
    ],
)
async def test_a_server_that_does_not_answer_or_refuses_is_a_configuration_error(
    postgresql_server: str, changed: dict[str, Any]
) -> None:
    url = sa.make_url(postgresql_server).set(password="secret word", **changed)
    with pytest.raises(ConfigError, match=r"^\[embedded\] database_url: no connection") as refusal:
        await Database.open(url.render_as_string(hide_password=False))
    assert "secret" not in str(refusal.value)


async def test_an_address_says_what_those_of_libpq_say(postgresql_url: str) -> None:
    url = sa.make_url(postgresql_url).update_query_dict(
        {"sslmode": "disable", "application_name": "octoperf"}
    )
    database = await Database.open(url.render_as_string(hide_password=False))
    async with database.reading() as connection:
        assert await connection.scalar(sa.text("SHOW application_name")) == "octoperf"
    await database.close()
