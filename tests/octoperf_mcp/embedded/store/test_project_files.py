"""What the platform itself does with project files."""

import io
from typing import Any

import pytest

from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.store.blobs import PART_BYTES, Blobs
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.documents import Documents
from octoperf_mcp.embedded.store.project_files import ProjectFiles, check_name


async def test_a_frozen_copy_keeps_the_files_as_they_were(
    database: Database, documents: Documents, home: Any
) -> None:
    files = ProjectFiles(database, Blobs(database))

    async def put(name: str, content: bytes) -> None:
        file = io.BytesIO(content)
        await files.put(home.project_id, name, file, content_type="text/csv", user_id="ada")

    await put("a.csv", b"one")
    frozen = await documents.create(
        "project", {"type": "RESULT"}, user_id="ada", workspace_id=home.workspace_id
    )
    await files.copy(home.project_id, frozen.id)
    await put("a.csv", b"two")
    (kept,) = await files.of_project(frozen.id)
    assert [part async for part in files.parts(kept)] == [b"one"]
    await documents.delete("project", frozen.id, user_id="ada")
    assert await files.of_project(frozen.id) == []


@pytest.mark.parametrize("size", [0, 1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES])
async def test_bytes_of_any_size_come_back_in_parts_and_whole(
    database: Database, size: int
) -> None:
    blobs = Blobs(database)
    content = b"0123456789abcdef" * (size // 16) + b"x" * (size % 16)
    key = await blobs.put_file(io.BytesIO(content))
    assert await blobs.get(key) == content
    parts = [part async for part in blobs.parts(key)]
    assert b"".join(parts) == content
    assert all(len(part) <= PART_BYTES for part in parts)
    assert [part async for part in blobs.parts("0" * 64)] == []


def test_names_that_are_just_names_are_accepted() -> None:
    for name in ("a.csv", "näme (1).txt", "..."):
        check_name(name)
    with pytest.raises(Invalid):
        check_name("../../etc/passwd")
