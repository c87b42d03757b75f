"""Whatever the bytes are: a virtual user whose sums are right, or `ImportFailed`."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from octoperf_mcp.demo.shop_recording import recording
from octoperf_mcp.embedded.importers.failures import ImportFailed
from octoperf_mcp.embedded.importers.har import MAX_ENTRIES, HarOptions, import_har
from octoperf_mcp.entities.imported import Imported

Json = Any
SHORT = orjson.loads(recording())
SHORT["log"]["entries"] = SHORT["log"]["entries"][9:14]
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(
        [
            "base64",
            "%",
            "\ud800",
            "http://[",
            "https://a.example:0/",
            "multipart/form-data; boundary=",
            "application/x-www-form-urlencoded",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59-23:59",
            1e300,
            {},
            [],
            [[]],
            [{"name": "Cookie"}],
            {"text": "a", "encoding": "base64"},
        ]
    ),
)
OPTIONS = st.builds(
    HarOptions,
    block_ads=st.booleans(),
    keep_resources=st.booleans(),
    delays=st.booleans(),
    max_thinktime_ms=st.none() | st.integers(0, 10_000),
)
QUICK = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)


def paths(node: Json, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path]
    if isinstance(node, dict):
        inner = list(node.items())
    else:
        inner = list(enumerate(node)) if isinstance(node, list) else []
    for key, value in inner:
        found.extend(paths(value, (*path, key)))
    return found


PATHS = paths(SHORT)[1:]


def changed(node: Json, path: tuple[Any, ...], value: Json) -> Json:
    key, *rest = path
    try:
        inner = changed(node[key], tuple(rest), value) if rest else value
    except (KeyError, IndexError, TypeError):
        return node  # an earlier change took the place away
    if isinstance(node, dict):
        return node | {key: inner}
    if isinstance(node, list) and isinstance(key, int) and key < len(node):
        return [*node[:key], inner, *node[key + 1 :]]
    return node


def sums_are_right(data: bytes, result: Imported) -> None:
    entries = json.loads(data.decode("utf-8-sig"))["log"]["entries"]
    (virtual_user,) = result.virtual_users
    requests = [one for child in virtual_user["children"] for one in child.get("children", [])]
    assert len(requests) + len(result.dropped) == len(entries)
    assert len({dropped.path for dropped in result.dropped}) == len(result.dropped)
    assert {one["serverId"] for one in requests} == {server["id"] for server in result.servers}
    orjson.dumps(result.virtual_users)  # can be stored
    assert len(virtual_user["name"]) <= 80
    assert len(virtual_user["description"]) <= 2000


@QUICK
@given(st.lists(st.tuples(st.sampled_from(PATHS), ODD), max_size=6), OPTIONS)
def test_a_recording_with_wrong_types_anywhere_is_imported_or_refused(
    changes: list[tuple[tuple[Any, ...], Json]], options: HarOptions
) -> None:
    mutated = SHORT
    for path, value in changes:
        mutated = changed(mutated, path, value)
    data = json.dumps(mutated).encode()
    try:
        result = import_har(data, options)
    except ImportFailed:
        return
    sums_are_right(data, result)


@QUICK
@given(st.integers(0, len(recording())), st.binary(max_size=6))
def test_a_cut_or_overwritten_file_is_imported_or_refused(at: int, junk: bytes) -> None:
    whole = orjson.dumps(SHORT)
    at %= len(whole)
    for data in (whole[:at], whole[:at] + junk + whole[at + len(junk) :], junk):
        try:
            result = import_har(data)
        except ImportFailed:
            continue
        sums_are_right(data, result)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"PK\x03\x04rest", "zip archive"),
        (b"\x1f\x8b\x08rest", "compressed"),
        (b"<html></html>", "no JSON"),
        (b'{"log": {"entries": [', "no JSON"),
        (b"\xff\xfe{\x00}\x00", "no JSON"),
        (b'{"log": {"entries": {}}}', "no log.entries"),
        (b'{"log": {}}', "no log.entries"),
        (b"{}", "no log.entries"),
        (b"[]", "no log.entries"),
        (b"NaN", "no log.entries"),
        (b'{"request": {}, "response": {}}', "no log.entries"),
        (b'{"log": {"entries": []}}', "the list is empty"),
        (b"[" * 100_000, "levels"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "levels"),
        (b"1" * 100_000, "no "),
    ],
)
def test_what_is_no_recording_is_refused_with_a_next_step(data: bytes, told: str) -> None:
    with pytest.raises(ImportFailed) as refused:
        import_har(data)
    assert told in refused.value.message
    assert refused.value.next_step


def test_too_many_entries_are_refused_before_they_are_read() -> None:
    data = orjson.dumps({"log": {"entries": [{}] * (MAX_ENTRIES + 1)}})
    with pytest.raises(ImportFailed, match="more than 20000"):
        import_har(data)
