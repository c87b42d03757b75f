"""What must hold of a document, and what an agent reads when it does not."""

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from octoperf_mcp.entities.check import Mismatch, check, pointer_of, schema_of
from octoperf_mcp.entities.trees import walk

EXAMPLES: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "examples.json").read_text("utf-8")
)
"""Documents as a client sends them."""


def changed(document: dict[str, Any], pointer: str, value: Any = ...) -> dict[str, Any]:
    """A copy with one place replaced, or removed."""
    result = copy.deepcopy(document)
    here: Any = result
    *parents, last = pointer.strip("/").split("/")
    for part in parents:
        here = here[int(part)] if isinstance(here, list) else here[part]
    if isinstance(here, list):
        here[int(last)] = value
    elif value is ...:
        del here[last]
    else:
        here[last] = value
    return result


def refused(kind: str, document: Any) -> Mismatch:
    with pytest.raises(Mismatch) as caught:
        check(kind, document)
    return caught.value


@pytest.mark.parametrize("kind", EXAMPLES)
def test_the_reference_examples_are_accepted_and_left_alone(kind: str) -> None:
    document = copy.deepcopy(EXAMPLES[kind])
    check(kind, document)
    assert document == EXAMPLES[kind]


@pytest.mark.parametrize("kind", EXAMPLES)
def test_unknown_properties_are_nobodys_business(kind: str) -> None:
    check(kind, {**EXAMPLES[kind], "fromTheFuture": {"a": [1]}})


@pytest.mark.parametrize(
    ("kind", "pointer", "value", "expected", "got"),
    [
        ("virtual_user", "/children/0/children/0/serverId", ..., "required property", "nothing"),
        ("virtual_user", "/children/0/@type", "HttpAction", "a known @type", '"HttpAction"'),
        ("virtual_user", "/children/0/@type", ..., "a known @type", "nothing"),
        ("virtual_user", "/children/0/enabled", "yes", "true or false", '"yes"'),
        ("virtual_user", "/children/1/count", "3", "an integer", '"3"'),
        ("virtual_user", "/children/1/count", ..., "required property", "nothing"),
        ("virtual_user", "/children/1/id", "a-home", "an id of its own (/children/0 has it already)", '"a-home"'),
        ("virtual_user", "/children/1/id", "", "an id, such as a fresh UUID", '""'),
        ("virtual_user", "/children/0", 7, "an object", "7"),
        ("virtual_user", "/type", "JAVA", "one of 'JMETER', 'WEB_DRIVER', 'PLAYWRIGHT' or 'FRAGMENTS'", '"JAVA"'),
        ("virtual_user", "/children/0/children/1/postData/parameters/0/name", ..., "required property", "nothing"),
        ("scenario", "/userProfiles/0/load/rampDownMs", ..., "required property", "nothing"),
        ("scenario", "/userProfiles/0/load/plateauVus", 0, "a number from 1", "0"),
        ("scenario", "/userProfiles/0/engine/browser/cache", ..., "required property", "nothing"),
        ("scenario", "/userProfiles/0/engine/jtl", None, "an object", "null"),
        ("scenario", "/userProfiles/1/load/plateauVus", 5, "1 user, the most that a profile with a real browser may have", "5"),
        ("variable", "/variable/scope", "ALL", "one of 'PRIVATE' or 'SHARED'", '"ALL"'),
        ("correlation_rule", "/injectionRules/1/@type", "CookieRule", "a known @type", '"CookieRule"'),
        ("bench_report", "/items/2/metrics", [], "at least 1 item(s)", "a list of 0"),
        ("http_server", "/port", 70000, "a number up to 65535", "70000"),
        ("docker_provider", "/regions/Not Here", {}, "a text like ^[a-z0-9_-]+$", '"Not Here"'),
        ("project", "/name", "", "at least 1 character(s)", '""'),
    ],
)  # fmt: skip
def test_a_mismatch_names_place_expectation_and_finding(
    kind: str, pointer: str, value: Any, expected: str, got: str
) -> None:
    error = refused(kind, changed(EXAMPLES[kind], pointer, value))
    assert (error.pointer, error.expected, error.got) == (pointer, expected, got)
    assert error.schema == schema_of(kind)


def test_the_message_points_at_the_schema_to_read() -> None:
    """A rejection is meant to be acted on by a model."""
    document = changed(EXAMPLES["virtual_user"], "/children/0/@type", "HttpAction")
    error = refused("virtual_user", document)
    assert str(error) == (
        'invalid at /children/0/@type: expected a known @type, got "HttpAction" '
        "(see octoperf://schema/vu)"
    )
    assert "HttpRequestAction" in error.allowed
    assert refused("http_server", {"projectId": "p"}).message == (
        "invalid at /hostname: missing required property"
    )


def test_something_else_than_an_object_is_refused_at_the_root() -> None:
    error = refused("virtual_user", [])
    assert (error.pointer, error.got) == ("", "a list of 0")
    assert "at the root" in str(error)


@pytest.mark.parametrize("kind", ["virtual_user", "scenario", "project", "variable", "workspace"])
def test_long_names_and_descriptions_are_refused_not_cut(kind: str) -> None:
    """80 and 2000 characters."""
    document = EXAMPLES[kind]
    check(kind, {**document, "name": "n" * 80})
    error = refused(kind, {**document, "name": "n" * 81})
    assert (error.pointer, error.expected) == ("/name", "at most 80 characters")
    assert len(error.got) < 100
    if kind != "workspace":
        assert refused(kind, {**document, "description": "d" * 2001}).pointer == "/description"


def test_aliases_of_types_are_accepted() -> None:
    """Names that no public source shows are accepted under each spelling."""
    children = [
        {"@type": "ThroughputContainerAction", "id": "1", "mode": "PERCENT", "value": 50},
        {
            "@type": "DelayAction",
            "id": "2",
            "thinktime": {"@type": "ThinktimeConstant", "value": 1},
        },
        {"@type": "FragmentAction", "id": "3", "virtualUserId": "v"},
        {"@type": "RegexExtractor", "id": "4", "variable": "v", "regexp": "x"},
        {"@type": "JsonExtractor", "id": "5", "variable": "v", "path": "$.x"},
        {"@type": "JmesPathVariableExtractor", "id": "6", "variable": "v", "path": "x"},
        {"@type": "XPathVariableExtractor", "id": "7", "variable": "v", "xpath": "//a"},
        {"@type": "CssExtractor", "id": "8", "variable": "v", "selector": "a"},
        {"@type": "JMeterAction", "id": "9", "testClass": "OnceOnlyController", "children": []},
        {"@type": "SeleniumAction", "id": "10"},
        {"@type": "DebugAction", "id": "11"},
    ]
    check("virtual_user", {**EXAMPLES["virtual_user"], "children": children})


def test_custom_loads_start_at_zero_and_never_go_back_in_time() -> None:
    def custom(*times: int) -> dict[str, Any]:
        points = [{"timeInMs": time, "threadsCount": 1} for time in times]
        load = {"@type": "UserProfileLoadCustom", "points": points}
        return changed(EXAMPLES["scenario"], "/userProfiles/0/load", load)

    check("scenario", custom(0, 0, 5))
    where = "/userProfiles/0/load/points"
    assert refused("scenario", custom(5, 6)).pointer == f"{where}/0/timeInMs"
    assert refused("scenario", custom(0, 6, 5)).pointer == f"{where}/2/timeInMs"
    assert refused("scenario", custom(0)).pointer == where


def test_arrivals_come_at_some_moment_and_are_played_by_some_user() -> None:
    def arriving(*points: tuple[int, float], users: int = 5) -> dict[str, Any]:
        listed = [{"timeInMs": at, "arrivalsPerMinute": rate} for at, rate in points]
        load = {"@type": "UserProfileLoadArrivals", "points": listed, "maxVus": users}
        return changed(EXAMPLES["scenario"], "/userProfiles/0/load", load)

    check("scenario", arriving((0, 0), (60_000, 90.5)))
    where = "/userProfiles/0/load"
    for document, pointer in (
        (arriving((5, 1), (6, 1)), f"{where}/points/0/timeInMs"),
        (arriving((0, 1), (6, 1), (5, 1)), f"{where}/points/2/timeInMs"),
        (arriving((0, 0), (6, 0)), f"{where}/points"),
        (arriving((0, 9), (0, 9)), f"{where}/points"),
        (arriving((0, -1), (6, 9)), f"{where}/points/0/arrivalsPerMinute"),
        (arriving((0, 9), (6, 9), users=0), f"{where}/maxVus"),
    ):
        assert refused("scenario", document).pointer == pointer
    probe = arriving((0, 9), (6, 9))["userProfiles"][0]["load"]
    browser = changed(EXAMPLES["scenario"], "/userProfiles/1/load", probe)
    assert refused("scenario", browser).pointer == "/userProfiles/1/load/maxVus"


def test_a_random_variable_has_ordered_bounds() -> None:
    variable = {"@type": "RandomVariable", "min": 5, "max": 4}
    document = {**EXAMPLES["variable"], "variable": variable}
    assert refused("variable", document).pointer == "/variable/max"


def test_walk_goes_top_to_bottom_with_pointers() -> None:
    document = EXAMPLES["virtual_user"]
    found = [(pointer, action["id"]) for pointer, action in walk(document["children"], "/children")]
    assert found[:3] == [
        ("/children/0", "a-home"),
        ("/children/0/children/0", "a-get"),
        ("/children/0/children/0/children/0", "x-csrf"),
    ]
    assert [action for _, action in found][3:] == ["a-post", "r-ok", "a-loop", "a-item", "a-sla"]


def test_pointers_are_escaped() -> None:
    assert pointer_of(["a/b", "~", 0]) == "/a~1b/~0/0"


def test_checking_needs_neither_web_server_nor_database() -> None:
    code = (
        "import sys; from octoperf_mcp.entities.check import check; check('workspace', {'name': 'x'});"
        "sys.exit(bool({'aiohttp', 'sqlalchemy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
