"""Collections of both formats, and files that are none."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from octoperf_mcp.embedded.importers.failures import ImportFailed
from octoperf_mcp.embedded.importers.postman.collections import import_postman
from octoperf_mcp.entities.check import check
from octoperf_mcp.entities.imported import Imported
from octoperf_mcp.entities.trees import walk

Json = dict[str, Any]
Saved = Callable[[str], bytes]
COLLECTIONS = Path(__file__).parent / "collections"


def count(value: Any, *, top: bool = True) -> int:
    """Items, scripts and variables of a collection, as a plain reader counts them."""
    source = value if isinstance(value, dict) else {}
    below = source.get("item") or []
    own = len(source.get("event") or []) + (len(source.get("variable") or []) if top else 0)
    return own + sum(1 + count(one, top=False) for one in below)


def imported(data: bytes, name: str = "") -> Imported:
    """Import, and check what must hold of every import of a collection."""
    result = import_postman(data, name)
    (made,) = result.virtual_users
    check("virtual_user", {**made, "projectId": "p"})
    for server in result.servers:
        check("http_server", {**server, "projectId": "p"})
    for variable in result.variables:
        check("variable", {**variable, "projectId": "p"})
    return result


def saved(name: str) -> bytes:
    return (COLLECTIONS / name).read_bytes()


def by_name(result: Imported) -> dict[str, Json]:
    return {node["name"]: node for _, node in walk(result.virtual_users[0]["children"])}


@pytest.mark.parametrize("name", ["shop-v2.1.json", "corners-v2.0.json"])
def test_each_item_script_and_variable_is_accounted_for_once(name: str) -> None:
    result = imported(saved(name))
    noted = [note.path for note in (*result.dropped, *result.generic)]
    assert len(set(noted)) == len(noted)
    assert result.carried + len(noted) == count(orjson.loads(saved(name)))


def test_folders_variables_and_addresses_of_v2_1() -> None:
    result = imported(saved("shop-v2.1.json"))
    (made,) = result.virtual_users
    assert made["name"] == "Lamp shop"
    assert made["description"].startswith("Signs in and asks for stock.")
    assert [child["@type"] for child in made["children"]] == [
        "ContainerAction",
        *["HttpRequestAction"] * 3,
    ]
    (server,) = result.servers
    assert (server["protocol"], server["hostname"], server["port"]) == ("HTTP", "127.0.0.1", 8888)
    nodes = by_name(result)
    assert nodes["Sign-in page"]["headers"] == [{"name": "Accept", "value": "text/html"}]
    assert [(p["name"], p["value"]) for p in nodes["Search"]["parameters"]] == [
        ("q", "desk lamp"),
        ("trace", "${__UUID()}"),
    ]
    assert nodes["Article"]["path"] == "/product/${sku}"
    assert {one["name"] for one in result.variables} == {"baseUrl", "sku"}


def test_what_tests_check_and_keep_becomes_assertions_and_extractors() -> None:
    result = imported(saved("shop-v2.1.json"))
    nodes = by_name(result)
    status, before = nodes["Sign-in page"]["children"]
    assert (status["location"], status["rule"], status["patterns"]) == ("CODE", "EQUALS", ["200"])
    assert (before["@type"], before["enabled"]) == ("JSR223PreProcessor", False)
    kept, refused = nodes["Stock without a token"]["children"]
    assert (kept["variable"], kept["path"]) == ("why", "$.message")
    assert (refused["rule"], refused["patterns"]) == ("MATCHES", ["403|401"])
    assert [note.path for note in result.generic] == ["/item/0/item/0/event/1"]


def test_bodies_and_authorizations_of_v2_0() -> None:
    result = imported(saved("corners-v2.0.json"), "Renamed")
    assert result.virtual_users[0]["name"] == "Renamed"
    nodes = by_name(result)
    assert nodes["Text address"]["headers"] == [
        {"name": "Authorization", "value": "Bearer ${token}"}
    ]
    form = nodes["Form"]
    assert form["postData"]["parameters"] == [{"name": "a", "value": "1 2", "encode": True}]
    assert [one["value"] for one in form["headers"]] == [
        "1",
        "${two}",
        "Basic ${__base64Encode(ada:${word})}",
    ]
    assert nodes["Files"]["headers"] == []
    assert nodes["Files"]["postData"]["parts"][1] == {
        "name": "photo",
        "contentType": "",
        "filename": "photo.png",
    }
    assert orjson.loads(nodes["Query"]["postData"]["body"])["variables"] == {"id": 1}
    assert nodes["Query"]["parameters"][0]["value"] == "${key}"
    raw = nodes["Raw"]
    assert raw["postData"]["body"].startswith('{"price": "\\${5}", "at": ${__time(/1000)}')
    assert raw["postData"]["contentType"] == "application/json"
    assert (raw["followRedirects"], form["followRedirects"]) == (False, True)


def test_what_is_not_carried_over_is_named() -> None:
    result = imported(saved("corners-v2.0.json"))
    dropped = {note.path: note.reason for note in result.dropped}
    assert set(dropped) == {"/item/5", "/item/6", "/variable/1"}
    changed = {note.reason for note in result.changed}
    assert "needs project files: photo.png" in changed
    assert "its port is a variable and was left out" in changed
    assert "authorization of the type digest was left out" in changed
    assert any(reason.startswith("the collection gives host no value: set") for reason in changed)
    assert "the collection gives word no value: create the variable" in changed
    assert any("{{$randomFirstName}}" in reason for reason in changed)
    assert not any(" token " in reason for reason in changed)


def test_a_script_of_the_collection_keeps_its_value_and_is_switched_off() -> None:
    extractor, script, *_ = imported(saved("corners-v2.0.json")).virtual_users[0]["children"]
    assert (extractor["variable"], extractor["path"]) == ("token", "$.data[0].token")
    assert (script["@type"], script["enabled"]) == ("JSR223PostProcessor", False)


def test_a_secret_stays_one() -> None:
    (secret,) = imported(saved("corners-v2.0.json")).variables
    assert secret["variable"]["@type"] == "SecretVariable"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "no JSON"),
        (b"[1]", "no Postman collection"),
        (b'{"id": 1, "requests": [], "order": []}', "v1"),
        (b'{"name": "Test", "values": []}', "environment"),
        (b'{"info": {}, "item": []}', "no request"),
        (b'{"item": ' + b'[{"item": ' * 300 + b"[]" + b"}]" * 300 + b"}", "levels"),
        (orjson.dumps({"item": [{"request": "x.example"}] * 20_001}), "items"),
    ],
    ids=["empty", "a list", "v1", "environment", "no requests", "deep", "many"],
)
def test_what_is_no_collection_is_refused_with_its_reason(data: bytes, told: str) -> None:
    with pytest.raises(ImportFailed) as refused:
        import_postman(data)
    assert told in refused.value.problem
    assert refused.value.next_step


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 70_000)
    | st.text(max_size=8)
    | st.sampled_from(
        ["{{a}}", "http://a.example:{{p}}/:x", "test", "file", "raw", "{{$x}}", "://"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *(
                        "item",
                        "request",
                        "url",
                        "host",
                        "path",
                        "query",
                        "variable",
                        "key",
                        "value",
                    ),
                    *("body", "mode", "raw", "formdata", "urlencoded", "graphql", "file", "src"),
                    *("auth", "type", "basic", "bearer", "event", "listen", "script", "exec"),
                    *("header", "method", "name", "port", "protocol", "options", "disabled"),
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@given(st.fixed_dictionaries({"item": st.lists(VALUES, max_size=4), "variable": VALUES}))
def test_any_collection_becomes_valid_documents_or_a_refusal(collection: Json) -> None:
    with contextlib.suppress(ImportFailed):
        imported(orjson.dumps(collection))


SCRIPTS = st.lists(
    st.sampled_from(
        [
            *("pm.test(", "'a'", '"', "function(){", "});", "/*", "*/", "//", "\n", "if (x) {"),
            *("pm.response.to.have.status(200)", "pm.environment.set('a', pm.response.json()"),
            *(".b", "[0]", ")", "tests['x'] = responseCode.code === 200;", "console.log("),
        ]
    ),
    max_size=30,
)


@given(SCRIPTS)
def test_any_script_is_read(pieces: list[str]) -> None:
    event = {"listen": "test", "script": {"exec": "".join(pieces)}}
    imported(orjson.dumps({"item": [{"request": "a.example", "event": [event]}]}))
