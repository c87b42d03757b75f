"""Edits by read, change and write: nobody's edit is lost, a stale one is told what happened."""

import copy
from typing import Any, cast

import pytest

from octoperf_mcp import Editable, RestCall, Revised, ToolContext, edit_document
from octoperf_mcp.errors import ConflictError, InvalidArgumentError, NotFoundError, ToolError

READ = RestCall("GET", "/things/{id}", answer="Thing")
WRITE = RestCall("PUT", "/things/{id}", body="json", answer="Thing")
AT = RestCall("GET", "/things/revisions/{id}/{version}", answer="Thing")
THING = Editable("virtual_user", READ, WRITE, AT, schema="vu")
Json = dict[str, Any]


class Store:
    """A platform with one document; `rivals` edit it each between a read and its write."""

    def __init__(self, *, counts: bool = True, rivals: int = 0, kept: bool = True) -> None:
        self.versions: list[Json] = [{"id": "t", "name": "A", "tags": []}]
        self.counts, self.rivals, self.kept = counts, rivals, kept

    @property
    def number(self) -> int:
        return len(self.versions)

    async def revised(
        self, call: RestCall, /, *, body: Any = None, if_revision: int | None = None, **_: Any
    ) -> Revised:
        if call is WRITE:
            if if_revision not in {None, self.number}:
                raise ConflictError("changed", status=412)
            self.versions.append(body)
        answer = copy.deepcopy(self.versions[-1])
        revision = self.number if self.counts else None
        if call is READ and self.rivals:
            self.rivals -= 1
            tags = [*self.versions[-1]["tags"], f"rival-{self.rivals}"]
            self.versions.append({**self.versions[-1], "tags": tags})
        return Revised(answer, revision)

    async def rest(self, call: RestCall, /, *, version: int, **_: Any) -> Json:
        assert call is AT
        if not self.kept:
            raise NotFoundError("not kept", status=404)
        return self.versions[version - 1]


async def renamed(document: Json) -> Json:
    return {**document, "name": "B"}


async def edit(store: Store, **more: Any) -> Any:
    return await edit_document(cast("ToolContext", store), THING, "t", renamed, **more)


async def test_an_edit_answers_its_revision_and_what_changed() -> None:
    store = Store()
    edited = await edit(store)
    assert (edited.revision, edited.before["name"], edited.after["name"]) == (2, "A", "B")
    assert edited.told.diff == ["renamed to *B* (/name)"]


async def test_who_is_overtaken_makes_the_change_again_on_what_he_finds() -> None:
    store = Store(rivals=2)
    edited = await edit(store)
    assert edited.after["name"] == "B"
    assert edited.after["tags"] == ["rival-1", "rival-0"]
    assert edited.revision == 4


async def test_an_edit_that_is_overtaken_for_ever_is_given_up() -> None:
    with pytest.raises(ConflictError):
        await edit(Store(rivals=100))


async def test_a_stale_revision_is_refused_with_what_changed_since() -> None:
    store = Store()
    await edit(store)
    with pytest.raises(ToolError) as caught:
        await edit(store, if_revision=1)
    assert caught.value.code == "stale_revision"
    assert caught.value.details["revision"] == 2
    assert caught.value.details["diff"] == ["renamed to *B* (/name)"]
    assert "ifRevision 2" in caught.value.next_step
    assert store.number == 2


async def test_a_stale_revision_that_is_gone_is_refused_too() -> None:
    store = Store(kept=False)
    await edit(store)
    with pytest.raises(ToolError, match="not kept"):
        await edit(store, if_revision=1)


async def test_who_names_a_revision_is_refused_when_overtaken() -> None:
    store = Store(rivals=1)
    with pytest.raises(ToolError) as caught:
        await edit(store, if_revision=1)
    assert caught.value.code == "stale_revision"
    assert store.versions[-1]["name"] == "A"


async def test_a_platform_without_revisions_is_edited_without_them() -> None:
    store = Store(counts=False)
    assert (await edit(store)).revision is None
    with pytest.raises(InvalidArgumentError):
        await edit(store, if_revision=1)


async def test_a_dry_run_writes_nothing() -> None:
    store = Store()
    edited = await edit(store, dry_run=True)
    assert (edited.after["name"], edited.revision, store.number) == ("B", 1, 1)
