"""What nobody can reach any more goes; whatever anything names stays."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from octoperf_mcp.embedded.store.blobs import PART_BYTES, Blobs
from octoperf_mcp.embedded.store.collection import Collected, Collection
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.documents import Document, Documents
from octoperf_mcp.embedded.store.migrations import MIGRATIONS
from octoperf_mcp.embedded.store.project_files import ProjectFiles
from octoperf_mcp.embedded.store.revisions import Retention
from octoperf_mcp.embedded.store.schema import blob_use

USER = "virtual_user"
FEW = Retention(most=1, always=1)


@pytest.fixture
def documents(database: Database) -> Documents:
    return Documents(database, retention=FEW)


@pytest.fixture
def blobs(database: Database) -> Blobs:
    return Blobs(database)


def tree(*keys: str) -> list[dict[str, Any]]:
    return [{"@type": "X", "id": key[:4], "recordedResponse": {"bodyRef": key}} for key in keys]


async def made(documents: Documents, home: Any, *keys: str) -> Document:
    return await documents.create(
        USER,
        {"name": "n", "children": tree(*keys)},
        user_id="ada",
        workspace_id=home.workspace_id,
        project_id=home.project_id,
    )


async def to(documents: Documents, found: Document, *keys: str) -> None:
    body = {"name": "n", "children": tree(*keys)}
    await documents.replace(USER, found.id, body, user_id="ada")


async def collected(database: Database, retention: Retention = FEW) -> Collected:
    return await Collection(database, retention).once(grace_ms=0)


async def test_a_blob_stays_while_any_kept_version_names_it(
    database: Database, documents: Documents, blobs: Blobs, home: Any
) -> None:
    one, two = await blobs.put(b"one"), await blobs.put(b"two" * PART_BYTES)
    found = await made(documents, home, one, two)
    await to(documents, found, one)
    assert (await collected(database)).blobs == 0
    await to(documents, found, one)
    assert (await collected(database)).blobs == 1
    assert await blobs.get(two) is None
    assert await blobs.get(one) == b"one"


async def test_a_blob_that_an_undo_brings_back_stays(
    database: Database, documents: Documents, blobs: Blobs, home: Any
) -> None:
    key = await blobs.put(b"one")
    found = await made(documents, home, key)
    await to(documents, found)
    await documents.undo(USER, found.id, user_id="ada")
    await documents.change(USER, found.id, lambda body: {**body, "name": "x"})
    assert (await collected(database)).blobs == 0
    assert await blobs.get(key) == b"one"


async def test_a_blob_that_another_document_or_file_names_stays(
    database: Database, documents: Documents, blobs: Blobs, home: Any, tmp_path: Path
) -> None:
    shared, filed, lost = [await blobs.put(text) for text in (b"shared", b"filed", b"lost")]
    first, second = (
        await made(documents, home, shared, filed, lost),
        await made(documents, home, shared),
    )
    with (tmp_path / "f").open("wb+") as file:
        file.write(b"filed")
        files = ProjectFiles(database, blobs)
        await files.put(home.project_id, "f.csv", file, user_id="ada", content_type="text/csv")
    await documents.delete(USER, first.id, user_id="ada")
    assert (await collected(database)).blobs == 1
    assert await blobs.get(lost) is None
    assert await blobs.get(shared) == b"shared"
    assert await blobs.get(filed) == b"filed"
    await documents.delete(USER, second.id, user_id="ada")
    assert (await collected(database)).blobs == 1


async def test_a_blob_that_was_just_put_waits_for_what_will_name_it(
    database: Database, blobs: Blobs
) -> None:
    key = await blobs.put(b"one")
    assert (await Collection(database, FEW).once()).blobs == 0
    assert await blobs.get(key) == b"one"


async def test_old_versions_go_although_nobody_edits(
    database: Database, blobs: Blobs, home: Any
) -> None:
    documents = Documents(database)
    key = await blobs.put(b"one")
    found = await made(documents, home, key)
    for _ in range(3):
        await to(documents, found)
    assert await collected(database, Retention(days=-1, always=1)) == Collected(2, 1)
    assert len(await documents.revisions(USER, found.id, user_id="ada")) == 2


async def test_an_older_database_learns_which_document_names_what(
    database: Database, blobs: Blobs, home: Any
) -> None:
    documents = Documents(database)
    now, then, lost = [await blobs.put(text) for text in (b"now", b"then", b"lost")]
    found = await made(documents, home, then)
    await to(documents, found, now)
    async with database.writing() as writer:
        await writer.execute(blob_use.delete())
        for column in ("summary", "undo_to", "size"):
            await writer.exec_driver_sql(f"ALTER TABLE document_revision DROP COLUMN {column}")
        await writer.exec_driver_sql("ALTER TABLE document DROP COLUMN undo_to")
        await MIGRATIONS[2](writer)
    assert (await collected(database)).blobs == 1
    assert [await blobs.get(key) for key in (now, then, lost)] == [b"now", b"then", None]
    changed = await documents.undo(USER, found.id, user_id="ada")
    assert changed.body["children"] == tree(then)
    async with database.reading() as reader:
        last = dict(
            (await reader.execute(sa.select(blob_use.c.key, blob_use.c.last_version))).all()
        )
    assert last == {now: 2, then: None}


EDITOR = """
import asyncio, sys
from octoperf_mcp.embedded.store.blobs import Blobs
from octoperf_mcp.embedded.store.collection import Collection
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.documents import Documents
from octoperf_mcp.embedded.store.revisions import Retention

async def edit(database, document_id):
    documents, blobs = Documents(database, retention=Retention(most=2, always=1)), Blobs(database)
    number = 0
    while True:
        async with database.writing() as writer:
            keys = [
                await blobs.put(f"{number // 3}-{part}".encode(), connection=writer)
                for part in range(3)
            ]
            body = {"name": "n", "children": [{"bodyRef": key} for key in keys]}
            await documents.replace(
                "virtual_user", document_id, body, user_id="ada", connection=writer
            )
        print(number, flush=True)
        number += 1

async def collect(database):
    while True:
        await Collection(database, Retention()).once(grace_ms=0)

async def main(url, document_id):
    database = await Database.open(url)
    await asyncio.gather(edit(database, document_id), collect(database))

asyncio.run(main(*sys.argv[1:]))
"""


async def test_after_kill_9_every_kept_version_has_its_blobs(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/octoperf.db"
    database = await Database.open(url)
    documents, blobs = Documents(database), Blobs(database)
    space = await documents.create("workspace", {"name": "w"}, user_id="ada", workspace_id="")
    found = await documents.create(
        USER, {"name": "n", "children": []}, user_id="ada", workspace_id=space.id
    )
    for after in (7, 13):
        editor = await asyncio.create_subprocess_exec(
            sys.executable, "-c", EDITOR, url, found.id, stdout=asyncio.subprocess.PIPE
        )
        assert editor.stdout is not None
        async with asyncio.timeout(30):
            for _ in range(after):
                await editor.stdout.readline()
            os.kill(editor.pid, signal.SIGKILL)
            await editor.wait()
        for revision in await documents.revisions(USER, found.id, user_id="ada"):
            body = await documents.at_version(USER, found.id, revision.version, user_id="ada")
            for child in body["children"]:
                assert await blobs.get(child["bodyRef"]) is not None, revision
    await collected(database)
    async with database.reading() as reader:
        left = set(await reader.scalars(sa.text("SELECT key FROM blob")))
        named = set(await reader.scalars(sa.select(blob_use.c.key)))
    await database.close()
    assert left == named
