"""A HAR read entry by entry is the HAR that a plain parser reads."""

import contextlib
import tempfile
import tracemalloc
from collections.abc import Callable
from typing import Any, BinaryIO, cast

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from octoperf_mcp.embedded.importers.failures import ImportFailed
from octoperf_mcp.embedded.importers.har import import_har
from octoperf_mcp.embedded.importers.har_split import SplitHar
from octoperf_mcp.entities.imported import Bodies

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text('a"\\{}[],: \n€', max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["log", "entries", "x", '"}', "é"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(
    st.lists(JSON, max_size=5),
    st.dictionaries(st.sampled_from(["pages", "x"]), JSON),
    st.booleans(),
    st.sampled_from([0, orjson.OPT_INDENT_2]),
)
def test_entries_and_head_are_those_of_a_plain_parser(
    entries: list[Any], head: dict[str, Any], last: bool, layout: int
) -> None:
    log = {**head, "entries": entries} if last else {"entries": entries, **head}
    source = SplitHar(orjson.dumps({"first": {"entries": [1]}, "log": log}, option=layout))
    assert list(source.entries()) == entries
    assert source.log == {**head, "entries": []}


@pytest.mark.parametrize("end", range(1, 60, 7))
def test_a_file_cut_short_is_refused(end: int) -> None:
    data = orjson.dumps({"log": {"entries": [{"a": "}"}, {"b": [1, 2]}], "pages": []}})
    with pytest.raises(ImportFailed):
        list(SplitHar(data[:-end]).entries())


@given(st.binary(max_size=60) | st.text('{}[]":,log entries\\', max_size=60).map(str.encode))
def test_any_bytes_are_a_recording_or_a_refusal(data: bytes) -> None:
    with contextlib.suppress(ImportFailed):
        list(SplitHar(data).entries())


def test_memory_is_bounded_by_the_largest_entry_and_not_by_the_file(
    entry: Callable[..., dict[str, Any]], har: Callable[..., bytes]
) -> None:
    exchanges = [
        entry(f"https://a.example/{number}", text=f"{number} " * 12_000) for number in range(120)
    ]
    data = har(*exchanges)
    del exchanges
    with tempfile.TemporaryFile() as file:
        tracemalloc.start()
        try:
            result = import_har(data, None, Bodies(cast("BinaryIO", file)))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert result.carried == len(result.blobs) == 120
    assert peak < len(data) / 3
