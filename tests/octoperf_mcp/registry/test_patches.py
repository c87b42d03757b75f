"""Patches: all or nothing, and a rejection that a model can act on.

Wording and ingredients of a rejection (operation, JSON Pointer, schema) are those of OctoPerf's
own patch tools; atomicity is RFC 6902 section 5.
"""

import copy
import json
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from octoperf_mcp import PatchOperations, apply_patch
from octoperf_mcp.errors import InvalidArgumentError
from octoperf_mcp.registry.patches import Patched

OPERATIONS = TypeAdapter[Any](PatchOperations)
LOOP = {
    "@type": "LoopContainerAction",
    "id": "a-loop",
    "name": "again",
    "enabled": True,
    "count": 2,
    "children": [],
}


def document() -> dict[str, Any]:
    debug = {"@type": "DebugAction", "id": "a-debug", "enabled": True}
    home = {
        "@type": "ContainerAction",
        "id": "a-home",
        "name": "Home",
        "enabled": True,
        "children": [debug],
    }
    return {
        "@type": "VirtualUser",
        "id": "v1",
        "userId": "u1",
        "projectId": "p1",
        "name": "Checkout",
        "type": "JMETER",
        "tags": ["a"],
        "futureSetting": {"kept": None},
        "children": [home],
    }


def patched(*operations: dict[str, Any], of: dict[str, Any] | None = None) -> Patched:
    return apply_patch("virtual_user", of or document(), OPERATIONS.validate_python([*operations]))


def refused(*operations: dict[str, Any]) -> InvalidArgumentError:
    with pytest.raises(InvalidArgumentError) as caught:
        patched(*operations)
    return caught.value


def test_operations_apply_in_order_to_a_copy_that_keeps_what_no_schema_names() -> None:
    before = document()
    found = patched(
        {"op": "test", "path": "/name", "value": "Checkout"},
        {"op": "add", "path": "/children/-", "value": LOOP},
        {"op": "replace", "path": "/children/1/count", "value": 3},
        {"op": "move", "from": "/children/0", "path": "/children/1"},
        {"op": "remove", "path": "/tags/0"},
        of=before,
    )
    assert [child["id"] for child in found.document["children"]] == ["a-loop", "a-home"]
    assert found.document["children"][0]["count"] == 3
    assert found.document["tags"] == []
    assert found.document["futureSetting"] == {"kept": None}
    assert before == document()


def test_what_was_applied_names_the_index_that_a_dash_got() -> None:
    found = patched({"op": "add", "path": "/children/-", "value": LOOP})
    assert [(one.index, one.op, one.pointer) for one in found.applied] == [
        (0, "add", "/children/1")
    ]


def test_steps_between_may_be_invalid_when_the_result_is_valid() -> None:
    incomplete = {name: value for name, value in LOOP.items() if name != "count"}
    found = patched(
        {"op": "add", "path": "/children/-", "value": incomplete},
        {"op": "add", "path": "/children/1/count", "value": 2},
    )
    assert found.document["children"][1]["count"] == 2


def test_null_is_a_value() -> None:
    assert (
        patched({"op": "add", "path": "/description", "value": None}).document["description"]
        is None
    )


@pytest.mark.parametrize(
    ("operation", "reason", "meant"),
    [
        (
            {"op": "replace", "path": "/children/0/nmae", "value": "x"},
            "path does not exist: /children/0 has no property 'nmae'",
            "/children/0/name",
        ),
        (
            {"op": "remove", "path": "/children/4"},
            "path does not exist: /children is a list of 1, which has no place '4'",
            "",
        ),
        (
            {"op": "add", "path": "/children/2", "value": LOOP},
            "path does not exist: /children is a list of 1, which has no place '2'",
            "",
        ),
        (
            {"op": "remove", "path": "/children/-"},
            "path does not exist: /children is a list of 1, which has no place '-'",
            "",
        ),
        (
            {"op": "add", "path": "/name/x", "value": 1},
            'path does not exist: /name is "Checkout", which holds nothing',
            "",
        ),
        (
            {"op": "copy", "from": "/childs/0", "path": "/children/-"},
            "path does not exist: the root has no property 'childs'",
            "/children",
        ),
        (
            {"op": "replace", "path": "children/0/name", "value": "x"},
            "a JSON Pointer begins with /",
            "/children/0/name",
        ),
        (
            {"op": "remove", "path": "#/tags/0"},
            "a JSON Pointer begins with /",
            "/tags/0",
        ),
        ({"op": "add", "path": "/x"}, "it needs the member 'value'", ""),
        ({"op": "move", "path": "/x"}, "it needs the member 'from'", ""),
        (
            {"op": "test", "path": "/name", "value": "A"},
            'expected "A", found "Checkout"',
            "",
        ),
        (
            {"op": "move", "from": "/children/0", "path": "/children/0/children/0"},
            "it cannot be applied to this document",
            "",
        ),
        ({"op": "replace", "path": "", "value": []}, "the document must stay an object", ""),
        ({"op": "replace", "path": "/id", "value": "v2"}, "a patch keeps the id of", ""),
        ({"op": "remove", "path": "/projectId"}, "a patch keeps the projectId of", ""),
    ],
)
def test_an_operation_that_cannot_be_applied_is_named_with_the_place_where_it_stops(
    operation: dict[str, Any], reason: str, meant: str
) -> None:
    error = refused({"op": "test", "path": "/name", "value": "Checkout"}, operation)
    prefix = f"Patch rejected: operation #1 ({operation['op']} {operation['path']}): "
    assert error.message.startswith(prefix + reason)
    assert error.details["field"] == "patch/1"
    assert error.details.get("didYouMean", "") == meant
    assert "nothing was changed" in error.next_step


def test_a_document_that_would_be_invalid_is_refused_with_operation_pointer_and_schema() -> None:
    broken = {"@type": "HttpRequestAction", "id": "a-x", "enabled": True, "children": []}
    error = refused(
        {"op": "replace", "path": "/name", "value": "Buy"},
        {"op": "add", "path": "/children/-", "value": LOOP},
        {"op": "add", "path": "/children/0", "value": broken},
        {"op": "remove", "path": "/tags/0"},
    )
    assert error.message.startswith(
        "Patch rejected: after operation #2 (add /children/0) the document is invalid at "
        "/children/0/serverId: missing required property"
    )
    assert error.details["field"] == "patch/2"
    assert error.details["pointer"] == "/children/0/serverId"
    assert error.details["expected"] == "required property"
    assert error.details["schema"] == "octoperf://schema/vu"
    assert "/mcp/public/schema/vu.json" in error.next_step


def test_a_wrong_type_is_refused_with_the_known_ones_and_the_nearest() -> None:
    error = refused(
        {"op": "add", "path": "/children/-", "value": {**LOOP, "@type": "LoopContainer"}}
    )
    assert error.details["pointer"] == "/children/1/@type"
    assert "LoopContainerAction" in error.details["allowed"]
    assert error.details["didYouMean"] == "LoopContainerAction"


def test_a_copied_action_needs_an_id_of_its_own() -> None:
    copied = {"op": "copy", "from": "/children/0", "path": "/children/-"}
    error = refused(copied)
    assert "an id of its own" in error.message
    found = patched(
        copied,
        {"op": "replace", "path": "/children/1/id", "value": "a-2"},
        {"op": "replace", "path": "/children/1/children/0/id", "value": "a-3"},
    )
    assert len(found.document["children"]) == 2


def test_the_operation_at_fault_is_found_behind_faults_that_were_mended() -> None:
    error = refused(
        {"op": "replace", "path": "/name", "value": ""},
        {"op": "replace", "path": "/name", "value": "Good"},
        {"op": "add", "path": "/children/-", "value": LOOP},
        {"op": "replace", "path": "/children/1/count", "value": "many"},
        {"op": "replace", "path": "/name", "value": "Better"},
    )
    assert error.details["field"] == "patch/3"
    assert error.details["got"] == '"many"'


FOREIGN = {
    "@type": "WebSocketAction",
    "id": "a-ws",
    "frames": [{"@type": "Frame", "opcode": 1}],
    "children": [{"@type": "DebugAction", "id": "a-below", "enabled": True}],
}
"""What a newer platform may send."""


def with_foreign() -> dict[str, Any]:
    found = document()
    found["children"].append(copy.deepcopy(FOREIGN))
    return found


def test_what_no_schema_knows_survives_a_patch_of_other_places() -> None:
    found = patched({"op": "replace", "path": "/name", "value": "Buy"}, of=with_foreign())
    assert found.document == {**with_foreign(), "name": "Buy"}


@pytest.mark.parametrize(
    "operations",
    [
        [{"op": "move", "from": "/children/1", "path": "/children/0"}],
        [{"op": "replace", "path": "/children/1/frames/0/opcode", "value": 2}],
        [{"op": "add", "path": "/children/1/enabled", "value": True}],
        [{"op": "add", "path": "/children/1/children/-", "value": LOOP}],
        [{"op": "remove", "path": "/children/0"}],
    ],
)
def test_an_action_of_an_unknown_type_can_be_moved_and_edited(operations: Any) -> None:
    patched(*operations, of=with_foreign())


@pytest.mark.parametrize(
    ("operation", "pointer"),
    [
        ({"op": "add", "path": "/children/-", "value": {**FOREIGN, "id": "a-2"}}, "/children/2"),
        ({"op": "add", "path": "/children/1/children/-", "value": {"@type": "X"}}, ""),
        ({"op": "add", "path": "/children/-", "value": {**LOOP, "count": "2"}}, "/children/2"),
        ({"op": "replace", "path": "/children/1/@type", "value": "Other"}, "/children/1"),
        ({"op": "replace", "path": "/children/1/children/0/id", "value": 7}, ""),
    ],
)
def test_what_a_patch_brings_in_is_checked_beside_what_nobody_knows(
    operation: Any, pointer: str
) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        patched(operation, of=with_foreign())
    assert str(caught.value.details["pointer"]).startswith(pointer or operation["path"][:-2])
    assert "/mcp/public/schema/vu.json" in caught.value.next_step


def test_a_list_sent_as_text_is_read() -> None:
    text = json.dumps([{"op": "remove", "path": "/tags/0", "comment": "ignored by RFC 6902"}])
    assert OPERATIONS.validate_python(text)[0].op == "remove"


@pytest.mark.parametrize("wrong", ["not json", [], [{"op": "set", "path": "/x"}], [{"op": "add"}]])
def test_what_is_no_list_of_operations_is_refused(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        OPERATIONS.validate_python(wrong)


def test_a_placeholder_never_replaces_the_credential_that_it_stands_for() -> None:
    node = {**LOOP, "children": [{"@type": "DebugAction", "id": "d", "comment": "<hidden 2>"}]}
    error = refused({"op": "add", "path": "/children/-", "value": node})
    assert "<hidden> placeholder" in error.message
    assert error.details["field"] == "patch/0"
    kept = patched({"op": "replace", "path": "/name", "value": "a <hidden 1> door"})
    assert kept.document["name"] == "a <hidden 1> door"
