"""The same store on PostgreSQL, by address alone."""

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa

from octoperf_mcp.embedded.failures import Conflict, Gone, NotFound
from octoperf_mcp.embedded.platform import Principal
from octoperf_mcp.embedded.store.blobs import PART_BYTES, Blobs
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.documents import Documents
from octoperf_mcp.embedded.store.presigned import Presigned, Target
from octoperf_mcp.embedded.store.project_files import ProjectFiles


@pytest.fixture
async def postgresql(postgresql_url: str) -> AsyncIterator[Database]:
    database = await Database.open(postgresql_url)
    yield database
    await database.close()


async def test_documents_behave_as_on_sqlite(postgresql: Database) -> None:
    documents = Documents(postgresql)
    workspace = await documents.create("workspace", {"x": "é\0"}, user_id="ada", workspace_id="")
    project = await documents.create("project", {}, user_id="ada", workspace_id=workspace.id)
    made = await documents.create(
        "scenario",
        {"n": 2**62},
        user_id="ada",
        workspace_id=workspace.id,
        project_id=project.id,
    )
    assert await documents.get("scenario", made.id, user_id="ada") == made
    assert await documents.get("workspace", workspace.id, user_id="ada") == workspace
    results = await asyncio.gather(
        *(
            documents.replace("scenario", made.id, {"n": n}, user_id="ada", if_version=1)
            for n in range(4)
        ),
        return_exceptions=True,
    )
    assert sorted(type(result).__name__ for result in results) == ["Conflict"] * 3 + ["Document"]
    assert [item.version for item in await documents.revisions("scenario", made.id, user_id="ada")]
    with pytest.raises(NotFound):
        await documents.get("scenario", made.id, user_id="eve")
    await documents.delete("workspace", workspace.id, user_id="ada")
    assert await documents.peek("scenario", made.id) is None


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


async def test_files_and_blobs_come_back(postgresql: Database) -> None:
    documents, blobs = Documents(postgresql), Blobs(postgresql)
    files = ProjectFiles(postgresql, blobs)
    workspace = await documents.create("workspace", {}, user_id="ada", workspace_id="")
    project = await documents.create("project", {}, user_id="ada", workspace_id=workspace.id)
    content = bytes(range(256)) * (PART_BYTES // 128)
    for _ in range(2):
        kept = await files.put(
            project.id, "a.bin", io.BytesIO(content), content_type="", user_id="ada"
        )
    assert b"".join([part async for part in files.parts(kept)]) == content
    assert await blobs.get(kept.blob_key) == content


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
