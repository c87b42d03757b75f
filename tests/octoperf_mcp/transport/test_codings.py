"""Content codings as RFC 9110 chooses them."""

import pytest

from octoperf_mcp.transport.codings import chosen

BOTH = ("zstd", "gzip")


@pytest.mark.parametrize(
    ("field", "coding"),
    [
        ("", "identity"),
        ("br", "identity"),
        ("gzip", "gzip"),
        ("GZip", "gzip"),
        ("x-gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip;q=1.0, zstd;q=0.5", "gzip"),
        ("gzip; q=0.001", "gzip"),
        ("*", "zstd"),
        ("zstd;q=0, *", "gzip"),
        ("gzip;q=0, zstd;q=0", "identity"),
        ("gzip;q=0.5, identity", "identity"),
        ("gzip;q=0.5, identity;q=0.5", "gzip"),
        ("gzip, identity;q=0", "gzip"),
        ("gzip, *;q=0", "gzip"),
        ("identity;q=0", None),
        ("br, identity;q=0", None),
        ("*;q=0", None),
        ("*;q=0, identity", "identity"),
        ("gzip;q=0, *;q=0, identity;q=0.1", "identity"),
        ("gzip;q=2", "identity"),
        ("gzip;q=1.5, zstd;q=-1", "identity"),
        ("gzip;q=nan", "identity"),
        ("gzip;level=9", "identity"),
        (";q=1,,;", "identity"),
        ("gzip," * 100_000, "gzip"),
    ],
)
def test_the_coding_is_what_the_field_asks_for(field: str, coding: str | None) -> None:
    assert chosen(field, BOTH) == coding


@pytest.mark.parametrize(("field", "coding"), [("gzip", "identity"), ("*, identity;q=0", None)])
def test_what_is_not_packed_is_served_plain_or_not_at_all(field: str, coding: str | None) -> None:
    assert chosen(field, ()) == coding
