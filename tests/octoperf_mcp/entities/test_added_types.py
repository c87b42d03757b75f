"""Types that plugins add to documents: checked like ours, shown like ours, gone without a trace."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from octoperf_mcp.entities.added_checks import check_schema
from octoperf_mcp.entities.added_types import AddedType, AddedTypes, with_added_types
from octoperf_mcp.entities.check import Mismatch, check, check_change, mismatches
from octoperf_mcp.errors import PluginError

SAY = AddedType(
    "Action",
    "AcmeSayAction",
    "Says something.",
    {
        "text": {"type": "string", "minLength": 1},
        "volume": {"type": "integer", "minimum": 1, "maximum": 11},
        "mode": {"enum": ["LOUD", "QUIET"]},
        "to": {"type": "array", "items": {"type": "object", "required": ["name"]}},
    },
    ("text",),
    plugin="acme",
)
GROUP = AddedType("Action", "AcmeGroupAction", "Holds.", children=True, plugin="acme")
ITEM = AddedType(
    "BenchReportItem", "AcmeItem", "Shows.", {"size": {"type": "integer"}}, plugin="acme"
)
ADDED = AddedTypes((SAY, GROUP, ITEM))
PUBLIC = Path(__file__).parents[3] / "public_assets" / "schema"


def say(**own: Any) -> dict[str, Any]:
    return {"@type": "AcmeSayAction", "id": "s", "enabled": True, "text": "hello", **own}


def group(*children: Any, **own: Any) -> dict[str, Any]:
    return {"@type": "AcmeGroupAction", "id": "g", "children": list(children), **own}


def user(*children: Any) -> dict[str, Any]:
    return {
        "@type": "VirtualUser",
        "projectId": "p",
        "name": "n",
        "type": "JMETER",
        "children": list(children),
    }


def report(item: dict[str, Any]) -> dict[str, Any]:
    return {"projectId": "p", "name": "r", "benchResultIds": ["b"], "items": [item]}


def refused(kind: str, document: Any, added: AddedTypes = ADDED) -> Mismatch:
    with pytest.raises(Mismatch) as caught:
        check(kind, document, added)
    return caught.value


def test_what_a_plugin_added_is_accepted_where_it_is_known_and_nowhere_else() -> None:
    document = user(group(say(), say(id="t", mode=None)))
    check("virtual_user", document, ADDED)
    assert refused("virtual_user", document, AddedTypes()).expected == "a known @type"
    check("bench_report", report({"@type": "AcmeItem", "id": "i", "size": 3}), ADDED)
    misplaced = refused("bench_report", report({"@type": "AcmeSayAction", "id": "i"}))
    assert (misplaced.pointer, misplaced.got) == ("/items/0/@type", '"AcmeSayAction"')
    assert "AcmeItem" in misplaced.allowed
    assert "AcmeSayAction" not in misplaced.allowed


@pytest.mark.parametrize(
    ("own", "pointer", "expected", "got"),
    [
        ({"text": None}, "/text", "a text", "null"),
        ({"text": ""}, "/text", "at least 1 character(s)", '""'),
        ({"volume": "3"}, "/volume", "an integer", '"3"'),
        ({"volume": 12}, "/volume", "a number up to 11", "12"),
        ({"mode": "SHY"}, "/mode", "one of 'LOUD' or 'QUIET'", '"SHY"'),
        ({"to": [{"name": "a"}, {}]}, "/to/1/name", "required property", "nothing"),
        ({"enabled": "yes"}, "/enabled", "true or false", '"yes"'),
        ({"id": 7}, "/id", "a text", "7"),
        ({"children": [say(id="x")]}, "/children", "no actions below it", "a list of 1"),
    ],
)
def test_a_mismatch_in_it_is_told_in_the_words_of_all_others(
    own: dict[str, Any], pointer: str, expected: str, got: str
) -> None:
    error = refused("virtual_user", user(group(say(**own))))
    assert (error.pointer, error.expected, error.got) == (
        f"/children/0/children/0{pointer}",
        expected,
        got,
    )
    assert error.schema == "vu"


def test_a_missing_property_is_told_once() -> None:
    alone = say()
    del alone["text"]
    (wrong,) = mismatches("virtual_user", user(alone), ADDED)
    assert (wrong.pointer, wrong.got) == ("/children/0/text", "nothing")


def test_what_stands_below_it_is_checked() -> None:
    document = user(group(group(say(volume=0), id="h"), {"@type": "Nonsense", "id": "n"}))
    pointers = [each.pointer for each in mismatches("virtual_user", document, ADDED)]
    assert pointers == [
        "/children/0/children/0/children/0/volume",
        "/children/0/children/1/@type",
    ]


def test_of_a_plugin_that_is_off_what_is_stored_stays_and_nothing_is_added() -> None:
    off = AddedTypes(off=lambda: {"AcmeSayAction": "acme"})
    stored = user(say(text=""))
    check_change("virtual_user", stored, {**stored, "name": "other"}, off)
    with pytest.raises(Mismatch) as caught:
        check_change("virtual_user", stored, user(say(), say(id="t")), off)
    assert caught.value.expected == (
        "a known @type (the plugin acme, which has this one, is off here)"
    )


def test_the_public_schema_shows_a_branch_with_base_and_own_properties() -> None:
    made = orjson.loads(with_added_types((PUBLIC / "vu.json").read_bytes(), ADDED.types))
    assert {"$ref": "#/$defs/AcmeSayAction"} in made["$defs"]["Action"]["oneOf"]
    assert made["$defs"]["AcmeSayAction"]["required"] == ["@type", "id", "enabled", "text"]
    assert made["$defs"]["AcmeGroupAction"]["required"] == ["@type", "id", "enabled", "children"]
    assert "AcmeItem" not in made["$defs"]
    assert list(made["$defs"]) == sorted(made["$defs"])
    items = orjson.loads(with_added_types((PUBLIC / "bench-report.json").read_bytes(), (ITEM,)))
    assert items["$defs"]["AcmeItem"]["properties"]["@type"] == {"const": "AcmeItem"}


def test_a_schema_without_additions_is_the_file_as_it_is() -> None:
    for file in PUBLIC.glob("*.json"):
        content = file.read_bytes()
        assert with_added_types(content, ()) == content
    variables = (PUBLIC / "variables.json").read_bytes()
    assert with_added_types(variables, ADDED.types) == variables


def test_another_process_can_be_handed_them() -> None:
    off = AddedTypes((SAY, GROUP, ITEM), lambda: {"GoneAction": "gone"})
    again = AddedTypes.unpacked(orjson.loads(orjson.dumps(off.packed())))
    assert (again.types, again.off()) == (off.types, {"GoneAction": "gone"})


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"name": "say"}, "no @type"),
        ({"properties": {"id": {}}}, "property 'id' of its own"),
        ({"properties": {"a b": {}}}, "property 'a b' of its own"),
        ({"required": ("text",)}, "requires 'text'"),
        ({"properties": {"a": {"items": {"$ref": "https://x.test"}}}}, "must not refer to others"),
    ],
)
def test_an_impossible_type_is_refused_with_the_reason(wrong: Any, reason: str) -> None:
    with pytest.raises(PluginError, match=reason):
        AddedType(**{"union": "Action", "name": "AcmeAction", "description": "Is.", **wrong})


def test_a_schema_that_is_none_is_refused() -> None:
    check_schema(SAY)
    with pytest.raises(PluginError, match="no JSON Schema"):
        check_schema(AddedType("Action", "AcmeAction", "Is.", {"a": {"type": "text"}}))
