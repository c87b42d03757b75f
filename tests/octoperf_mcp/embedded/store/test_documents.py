"""Documents: shape kept, access checked, versions counted, earlier bodies kept."""

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.failures import Conflict, Forbidden, Invalid, NotFound
from octoperf_mcp.embedded.store import schema
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.documents import Document, Documents
from octoperf_mcp.embedded.store.schema import workspace_member

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=20,
)


async def join(database: Database, workspace_id: str, user_id: str, role: str) -> None:
    async with database.writing() as connection:
        await connection.execute(
            workspace_member.insert().values(
                id=f"m-{user_id}", workspace_id=workspace_id, user_id=user_id, role=role,
                created=0, modified=0,
            )
        )  # fmt: skip


async def make(documents: Documents, home: Any, kind: str = "scenario", **body: Any) -> Document:
    return await documents.create(
        kind, body, user_id="ada", workspace_id=home.workspace_id, project_id=home.project_id
    )


async def test_a_new_document_is_filled_in(documents: Documents, home: Any) -> None:
    made = await make(documents, home, "virtual_user", id="", userId="mallory", name="Buy")
    assert len(made.id) == 20
    assert made.version == 1
    assert made.body["id"] == made.id
    assert made.body["userId"] == "ada"
    assert made.body["projectId"] == home.project_id
    assert made.body["created"] == made.body["lastModified"] > 1_700_000_000_000
    assert await documents.get("virtual_user", made.id, user_id="ada") == made


async def test_a_variable_has_no_dates(documents: Documents, home: Any) -> None:
    """Neither public client sends or reads them."""
    made = await make(documents, home, "variable", name="login")
    assert set(made.body) == {"id", "userId", "projectId", "name"}


async def test_a_replaced_document_keeps_its_identity_and_its_earlier_body(
    documents: Documents, home: Any
) -> None:
    made = await make(documents, home, name="one")
    new = {"id": "x", "userId": "x", "projectId": "x", "created": 1, "lastModified": 1, "name": "2"}
    changed = await documents.replace("scenario", made.id, new, user_id="ada")
    assert changed.version == 2
    fixed = ("id", "userId", "projectId", "created")
    assert [changed.body[key] for key in fixed] == [made.body[key] for key in fixed]
    assert changed.body["lastModified"] >= made.body["lastModified"]
    latest, first = await documents.revisions("scenario", made.id, user_id="ada")
    assert (latest.version, latest.made_by, latest.summary) == (2, "ada", "renamed to *2*")
    assert (first.version, first.made, first.made_by) == (1, made.body["created"], "ada")
    assert await documents.at_version("scenario", made.id, 1, user_id="ada") == made.body


async def test_a_stale_version_is_a_conflict_and_no_version_wins(
    documents: Documents, home: Any
) -> None:
    made = await make(documents, home, name="one")
    await documents.replace("scenario", made.id, {"name": "two"}, user_id="ada", if_version=1)
    with pytest.raises(Conflict, match="version 2, not 1") as caught:
        await documents.replace("scenario", made.id, {"name": "3"}, user_id="ada", if_version=1)
    assert caught.value.http_status == 412
    with pytest.raises(Conflict):
        await documents.delete("scenario", made.id, user_id="ada", if_version=1)
    last = await documents.replace("scenario", made.id, {"name": "four"}, user_id="ada")
    assert (last.version, last.body["name"]) == (3, "four")


async def test_of_two_writers_with_the_same_version_one_wins(
    documents: Documents, home: Any
) -> None:
    made = await make(documents, home, name="one")
    results = await asyncio.gather(
        *(
            documents.replace("scenario", made.id, {"name": str(n)}, user_id="ada", if_version=1)
            for n in range(5)
        ),
        return_exceptions=True,
    )
    assert sorted(type(result).__name__ for result in results) == ["Conflict"] * 4 + ["Document"]


async def test_a_stranger_sees_nothing(documents: Documents, home: Any) -> None:
    made = await make(documents, home, name="one")
    strangers: list[Any] = [
        documents.get("scenario", made.id, user_id="eve"),
        documents.list("scenario", user_id="eve", project_id=home.project_id),
        documents.list("project", user_id="eve", workspace_id=home.workspace_id),
        documents.replace("scenario", made.id, {}, user_id="eve"),
        documents.delete("scenario", made.id, user_id="eve"),
        documents.revisions("scenario", made.id, user_id="eve"),
        documents.at_version("scenario", made.id, 1, user_id="eve"),
        documents.create(
            "scenario", {}, user_id="eve", workspace_id=home.workspace_id, project_id="p"
        ),
    ]
    for attempt in strangers:
        with pytest.raises(NotFound):
            await attempt
    assert await documents.list("scenario", user_id="eve") == []
    assert await documents.get("scenario", made.id, user_id="ada") == made


async def test_a_project_of_another_workspace_is_no_place(documents: Documents, home: Any) -> None:
    other = await documents.create("workspace", {}, user_id="ada", workspace_id="")
    with pytest.raises(Invalid):
        await documents.create(
            "scenario", {}, user_id="ada", workspace_id=other.id, project_id=home.project_id
        )


@pytest.mark.parametrize(
    ("role", "kind", "allowed"),
    [
        ("TESTER", "virtual_user", True),
        ("TEST_EXECUTOR", "scenario", True),
        ("TEST_EXECUTOR", "virtual_user", False),
        ("VIEWER", "scenario", False),
        ("CUSTOM", "scenario", False),
        ("TESTER", "docker_provider", False),
    ],
)
async def test_a_role_bounds_what_a_member_may_write(
    documents: Documents, home: Any, role: str, kind: str, allowed: bool
) -> None:
    """Roles as the original has them; reading is everybody's."""
    await join(documents._database, home.workspace_id, "bob", role)
    made = await make(documents, home, kind, name="one")
    assert (await documents.get(kind, made.id, user_id="bob")).body["name"] == "one"
    attempts: list[Any] = [
        documents.create(kind, {}, user_id="bob", workspace_id=home.workspace_id),
        documents.replace(kind, made.id, {}, user_id="bob"),
        documents.delete(kind, made.id, user_id="bob"),
    ]
    for attempt in attempts:
        if allowed:
            await attempt
        else:
            with pytest.raises(Forbidden, match=role):
                await attempt


async def test_only_the_admin_changes_or_deletes_a_workspace(
    database: Database, documents: Documents, home: Any
) -> None:
    await join(database, home.workspace_id, "bob", "TESTER")
    with pytest.raises(Forbidden):
        await documents.delete("workspace", home.workspace_id, user_id="bob")
    await documents.delete("workspace", home.workspace_id, user_id="ada")
    assert await documents.list("workspace", user_id="bob") == []


async def test_a_deleted_project_takes_its_content_and_its_frozen_copies_along(
    documents: Documents, home: Any
) -> None:
    frozen = await make(documents, home, "project", type="RESULT")
    await documents.create(
        "virtual_user", {}, user_id="ada", workspace_id=home.workspace_id, project_id=frozen.id
    )
    made = await make(documents, home, name="one")
    await documents.replace("scenario", made.id, {"name": "two"}, user_id="ada")
    gone: list[str] = []

    async def listener(connection: AsyncConnection, document: Document) -> None:
        gone.append(document.kind)

    documents.on_delete.append(listener)
    await documents.delete("project", home.project_id, user_id="ada")
    assert sorted(gone) == ["project", "project", "scenario", "virtual_user"]
    assert gone[-1] == "project"
    assert await documents.peek("scenario", made.id) is None
    async with documents._database.reading() as connection:
        for table in (schema.document, schema.document_revision):
            query = sa.select(sa.func.count()).select_from(table).where(table.c.kind != "workspace")
            assert (await connection.execute(query)).scalar_one() == 0


async def test_everybody_reads_what_belongs_to_the_platform_and_nobody_writes_it(
    documents: Documents, home: Any
) -> None:
    provider = await documents.plant("docker_provider", {"name": "This machine"})
    assert await documents.get("docker_provider", provider.id, user_id="eve") == provider
    assert await documents.list("docker_provider", user_id="ada") == [provider]
    with pytest.raises(Forbidden, match="platform"):
        await documents.replace("docker_provider", provider.id, {}, user_id="ada")


async def test_the_platform_changes_a_document_atomically(documents: Documents, home: Any) -> None:
    made = await make(documents, home, count=0)

    def count_up(body: dict[str, Any]) -> dict[str, Any]:
        body["count"] += 1
        return body

    await asyncio.gather(*(documents.change("scenario", made.id, count_up) for _ in range(10)))
    found = await documents.get("scenario", made.id, user_id="ada")
    assert (found.body["count"], found.version) == (10, 11)
    (current,) = await documents.revisions("scenario", made.id, user_id="ada")
    assert current.version == 11
    stamped = await documents.change("scenario", made.id, lambda body: {**body, "lastModified": 7})
    assert stamped.body["lastModified"] == 7
    with pytest.raises(NotFound):
        await documents.change("scenario", "none", count_up)


async def test_several_writes_share_one_transaction(
    database: Database, documents: Documents, home: Any
) -> None:
    async def work(connection: AsyncConnection) -> None:
        place = {"workspace_id": home.workspace_id, "project_id": home.project_id}
        made = await documents.create("scenario", {}, user_id="ada", connection=connection, **place)
        await documents.get("scenario", made.id, user_id="ada", connection=connection)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.write(work)
    assert await documents.list("scenario", user_id="ada") == []


async def test_an_unknown_kind_is_our_own_mistake(documents: Documents, home: Any) -> None:
    with pytest.raises(ValueError, match="no kind"):
        await make(documents, home, "sandwich")


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(body=st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), JSON, max_size=6))
def test_any_json_survives_the_round_trip(database_url: str, body: dict[str, Any]) -> None:
    """Unknown properties are kept as they are."""

    async def round_trip() -> tuple[Document, Document]:
        database = await Database.open(database_url)
        try:
            documents = Documents(database)
            made = await documents.create("workspace", body, user_id="ada", workspace_id="")
            return made, await documents.get("workspace", made.id, user_id="ada")
        finally:
            await database.close()

    made, found = asyncio.run(round_trip())
    assert found == made
    filled = {"id", "userId", "created", "lastModified"}
    assert {k: v for k, v in found.body.items() if k not in filled} == {
        k: v for k, v in body.items() if k not in filled
    }
