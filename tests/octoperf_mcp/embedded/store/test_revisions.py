"""Earlier versions: what is kept, and the way back."""

from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from octoperf_mcp import PatchOperations, apply_patch
from octoperf_mcp.embedded.failures import Conflict, Forbidden, NotFound
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.documents import Document, Documents
from octoperf_mcp.embedded.store.members import Members
from octoperf_mcp.embedded.store.revisions import Retention
from octoperf_mcp.embedded.store.schema import document_revision

USER = "virtual_user"
OPERATIONS = TypeAdapter[Any](PatchOperations)


async def made(documents: Documents, home: Any, name: str = "1", **more: Any) -> Document:
    return await documents.create(
        USER,
        {"name": name, "children": [], **more},
        user_id="ada",
        workspace_id=home.workspace_id,
        project_id=home.project_id,
    )


async def renamed(documents: Documents, found: Document, *names: str) -> None:
    for name in names:
        await documents.replace(USER, found.id, {**found.body, "name": name}, user_id="ada")


async def undone(documents: Documents, found: Document, **more: Any) -> str:
    changed = await documents.undo(USER, found.id, user_id="ada", **more)
    return f"{changed.version}:{changed.body['name']}"


async def versions(documents: Documents, found: Document) -> list[int]:
    listed = await documents.revisions(USER, found.id, user_id="ada")
    return [revision.version for revision in listed]


async def test_undo_goes_back_edit_by_edit_and_forgets_nothing(
    documents: Documents, home: Any
) -> None:
    found = await made(documents, home)
    await renamed(documents, found, "2", "3")
    assert await undone(documents, found) == "4:2"
    assert await undone(documents, found) == "5:1"
    with pytest.raises(Conflict, match="no edit to undo"):
        await undone(documents, found)
    await renamed(documents, found, "6")
    assert await undone(documents, found) == "7:1"
    assert await versions(documents, found) == [7, 6, 5, 4, 3, 2, 1]
    listed = await documents.revisions(USER, found.id, user_id="ada")
    assert listed[0].summary == "put back revision 5: renamed to *1*"


async def test_any_version_can_be_put_back_and_that_undone(documents: Documents, home: Any) -> None:
    found = await made(documents, home)
    await renamed(documents, found, "2", "3")
    assert await undone(documents, found) == "4:2"
    assert await undone(documents, found, to_version=3) == "5:3"
    assert await undone(documents, found) == "6:2"
    with pytest.raises(NotFound, match="Version 99"):
        await undone(documents, found, to_version=99)


async def test_an_undo_names_the_version_that_it_is_meant_for(
    documents: Documents, home: Any
) -> None:
    found = await made(documents, home)
    await renamed(documents, found, "2")
    with pytest.raises(Conflict, match="version 2, not 1"):
        await undone(documents, found, if_version=1)


async def test_what_is_kept_is_bounded_in_number_age_and_size(
    database: Database, home: Any
) -> None:
    for retention in (
        Retention(most=3, always=1),
        Retention(days=0, always=3),
        Retention(most_bytes=3 * 10_300, always=1),
    ):
        documents = Documents(database, retention=retention)
        found = await made(documents, home, filler="x" * 10_000)
        await _age(database, found)
        for name in "23456789":
            await renamed(documents, found, name)
            await _age(database, found)
        await renamed(documents, found, "10")
        assert await versions(documents, found) == [10, 9, 8, 7], retention


async def _age(database: Database, found: Document) -> None:
    """Make the earlier versions a day old."""
    table = document_revision
    async with database.writing() as writer:
        await writer.execute(
            table.update()
            .where(table.c.id == found.id)
            .values(replaced=table.c.replaced - 24 * 3600 * 1000)
        )


async def test_an_undo_beyond_what_is_kept_is_refused(database: Database, home: Any) -> None:
    documents = Documents(database, retention=Retention(most=1, always=1))
    found = await made(documents, home)
    await renamed(documents, found, "2", "3")
    assert await undone(documents, found) == "4:2"
    with pytest.raises(Conflict, match="kept no longer"):
        await undone(documents, found)


async def test_a_viewer_reads_revisions_and_undoes_nothing(
    database: Database, documents: Documents, home: Any
) -> None:
    found = await made(documents, home)
    await renamed(documents, found, "2")
    with pytest.raises(NotFound):
        await documents.undo(USER, found.id, user_id="eve")
    await Members(database).add(home.workspace_id, "eve", "VIEWER", user_id="ada")
    assert len(await documents.revisions(USER, found.id, user_id="eve")) == 2
    with pytest.raises(Forbidden):
        await documents.undo(USER, found.id, user_id="eve")


NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)
PLACES = st.integers(0, 9)
STEPS = st.lists(
    st.just(("undo",))
    | st.tuples(st.just("add"), PLACES, NAMES)
    | st.tuples(st.just("remove"), PLACES)
    | st.tuples(st.just("move"), PLACES, PLACES)
    | st.tuples(st.just("rename"), PLACES, NAMES),
    max_size=12,
)


def patch(step: tuple[Any, ...], children: list[Any], number: int) -> list[dict[str, Any]]:
    """A patch of a tree of one level."""
    kind, place = step[0], step[1] % (len(children) or 1)
    if kind == "add" or not children:
        action = {"@type": "DebugAction", "id": f"n{number}", "note": step[-1]}
        return [{"op": "add", "path": f"/children/{min(place, len(children))}", "value": action}]
    path = f"/children/{place}"
    if kind == "move":
        return [{"op": "move", "from": path, "path": f"/children/{step[2] % len(children)}"}]
    if kind == "rename":
        return [{"op": "add", "path": f"{path}/name", "value": step[2]}]
    return [{"op": "remove", "path": path}]


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
async def test_any_patches_and_undos_return_the_first_tree_byte_for_byte(
    documents: Documents, home: Any, steps: list[tuple[Any, ...]]
) -> None:
    """Patches and undos in any order; those not undone yet are undone at the end."""
    place = home.project_id
    tree = [
        {"@type": "ContainerAction", "id": "a", "z": None, "b": [1.5, "\u00e9"], "children": []},
        {"@type": "FromTheFuture", "id": "f", "frames": {"y": 1, "x": []}},
    ]
    found = await made(documents, home, children=tree, type="JMETER", projectId=place)
    first, to_undo = orjson.dumps(_tree(found.body)), 0
    for number, step in enumerate(steps):
        if step == ("undo",):
            if to_undo:
                await documents.undo(USER, found.id, user_id="ada")
                to_undo -= 1
            continue
        current = await documents.get(USER, found.id, user_id="ada")
        operations = OPERATIONS.validate_python(patch(step, current.body["children"], number))
        body = apply_patch(USER, {"@type": "VirtualUser", **current.body}, operations).document
        await documents.replace(USER, found.id, body, user_id="ada")
        to_undo += 1
    for _ in range(to_undo):
        await documents.undo(USER, found.id, user_id="ada")
    last = await documents.get(USER, found.id, user_id="ada")
    assert orjson.dumps(_tree(last.body)) == first
    with pytest.raises(Conflict, match="no edit to undo"):
        await documents.undo(USER, found.id, user_id="ada")


def _tree(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "lastModified"}


async def test_revisions_go_with_their_document(
    database: Database, documents: Documents, home: Any
) -> None:
    found = await made(documents, home)
    await renamed(documents, found, "2")
    await documents.delete(USER, found.id, user_id="ada")
    async with database.reading() as reader:
        count = sa.select(sa.func.count()).select_from(document_revision)
        assert await reader.scalar(count) == 0
