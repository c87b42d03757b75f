"""Patches, revisions and undos against the embedded platform, over HTTP."""

import asyncio
from typing import TYPE_CHECKING, Any

import orjson

from tests.plugins.octoperf_edit.test_over_http import project, request, rest, virtual_user

if TYPE_CHECKING:
    from tests.plugins.octoperf_bench.agents import Agent

__all__ = ["project"]

Json = dict[str, Any]


def debug(name: str) -> Json:
    return {"@type": "DebugAction", "id": f"d-{name}", "enabled": True}


def add(name: str) -> Json:
    return {"op": "add", "path": "/children/0", "value": debug(name)}


async def tree(agent: "Agent", found: Json) -> bytes:
    read = await rest(agent, "GET", f"/design/virtual-users/{found['id']}")
    return orjson.dumps({**read, "lastModified": 0}, option=orjson.OPT_SORT_KEYS)


async def test_edits_are_listed_told_and_undone_until_the_first_tree_is_back(
    agent: "Agent", project: Json
) -> None:
    found = await virtual_user(agent, project, request())
    which = {"virtualUserId": found["id"]}
    entity = {"entity": "virtual_user", "id": found["id"]}
    first = await tree(agent, found)
    slow = {"op": "add", "path": "/children/0/timeoutMs", "value": 5000}
    assert (await agent.call("patch_virtual_user", **which, patch=[slow]))["revision"] == 2
    patched = await agent.call("patch_virtual_user", **which, patch=[add("a")], ifRevision=2)
    assert patched["revision"] == 3
    await agent.call("update_virtual_user", **which, name="Buyer")
    listed = await agent.call("list_revisions", **entity, revision=3)
    assert [row["revision"] for row in listed["revisions"]] == [4, 3, 2, 1]
    assert [row["summary"] for row in listed["revisions"]] == [
        "renamed to *Buyer*",
        "added *DebugAction* (DebugAction) first",
        "*get*: timeout none to 5000",
        "created",
    ]
    assert {row["by"] for row in listed["revisions"]} == {"demo"}
    assert listed["diff"] == ["added *DebugAction* (DebugAction) first (/children/0)"]
    for revision in (5, 6, 7):
        assert (await agent.call("undo_last_edit", **entity))["revision"] == revision
    assert await tree(agent, found) == first
    error = await agent.refused("undo_last_edit", **entity)
    assert "no edit to undo" in error.message
    again = await agent.call("undo_last_edit", **entity, toRevision=4)
    assert again["name"] == "Buyer"


async def test_two_who_patch_at_once_lose_nothing(agent: "Agent", project: Json) -> None:
    """Without ifRevision each edit is made on what the other left; both are revisions."""
    found = await virtual_user(agent, project)
    names = [f"{number}" for number in range(6)]
    answers = await asyncio.gather(
        *(
            agent.call("patch_virtual_user", virtualUserId=found["id"], patch=[add(name)])
            for name in names[:4]
        )
    )
    assert sorted(answer["revision"] for answer in answers) == [2, 3, 4, 5]
    read = await rest(agent, "GET", f"/design/virtual-users/{found['id']}")
    assert {child["id"] for child in read["children"]} == {f"d-{name}" for name in names[:4]}


async def test_of_two_who_name_the_same_revision_one_is_told_what_the_other_did(
    agent: "Agent", project: Json
) -> None:
    found = await virtual_user(agent, project)
    which = {"virtualUserId": found["id"], "ifRevision": 1}
    await agent.call("patch_virtual_user", **which, patch=[add("a")])
    error = await agent.refused("patch_virtual_user", **which, patch=[add("b")])
    assert error.code == "stale_revision"
    assert error.details["diff"] == ["added *DebugAction* (DebugAction) first (/children/0)"]
    await agent.call(
        "patch_virtual_user",
        virtualUserId=found["id"],
        patch=[add("b")],
        ifRevision=error.details["revision"],
    )


async def test_what_a_later_version_stored_survives_a_patch(agent: "Agent", project: Json) -> None:
    found = await virtual_user(agent, project, request())
    documents = agent.platform.documents
    future = {"@type": "FromTheFuture", "id": "f", "frames": [{"x": None}]}

    def from_the_future(body: Json) -> Json:
        return {**body, "children": [*body["children"], future]}

    await documents.change("virtual_user", found["id"], from_the_future)
    await agent.call("patch_virtual_user", virtualUserId=found["id"], patch=[add("a")])
    read = await rest(agent, "GET", f"/design/virtual-users/{found['id']}")
    assert read["children"][2] == future
