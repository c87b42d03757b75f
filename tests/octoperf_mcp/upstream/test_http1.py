"""Answers as bytes (RFC 9112): all ways to end a body, and nothing that could be read two ways."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octoperf_mcp.upstream.http1 import (
    MAX_HEAD_BYTES,
    Answer,
    AnswerReader,
    LargeAnswerError,
    MalformedAnswerError,
    unpacked,
)

OK = b"HTTP/1.1 200 OK\r\n"
BY_LENGTH = OK + b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
IN_CHUNKS = (
    OK + b'Transfer-Encoding: Chunked\r\n\r\n1\r\n{\r\n0a ;x="y"\r\n"a":"\r\n"12\r\n1\r\n}\r\n'
    b"0\r\nTrailer: t\r\n\r\n"
)
BODIES = {BY_LENGTH: b"{}", IN_CHUNKS: b'{"a":"\r\n"12}'}


def read(*parts: bytes, max_bytes: int = 1000) -> Answer | None:
    reader = AnswerReader(max_bytes)
    for part in parts[:-1]:
        assert reader.feed(part) is None
    return reader.feed(parts[-1])


@pytest.mark.parametrize("raw", BODIES)
@given(data=st.data())
def test_an_answer_is_the_same_however_it_is_cut(raw: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(1, len(raw) - 1))))
    answer = read(*(raw[a:b] for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True)))
    assert answer is not None
    assert (answer.status, answer.body, answer.reusable) == (200, BODIES[raw], True)


def test_fields_are_found_whatever_their_case_and_repeated_ones_are_joined() -> None:
    answer = read(OK + b"RETRY-after:  7 \t\r\nvary: a\r\nVary:b\r\nContent-Length: 0\r\n\r\n")
    assert answer is not None
    assert answer.field(b"retry-after") == "7"
    assert answer.field(b"vary") == "a, b"
    assert answer.field(b"etag") == ""


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_some_statuses_have_no_body_whatever_the_fields_say(status: bytes) -> None:
    answer = read(b"HTTP/1.1 " + status + b"\r\nContent-Length: 5\r\n\r\n")
    assert answer is not None
    assert (answer.body, answer.reusable) == (b"", True)


def test_interim_answers_are_passed_over() -> None:
    answer = read(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n" + BY_LENGTH)
    assert answer is not None
    assert answer.status == 200


def test_without_a_length_the_end_of_the_connection_is_the_end_of_the_body() -> None:
    reader = AnswerReader(1000)
    assert reader.feed(OK + b"\r\nab") is None
    assert reader.feed(b"cd") is None
    answer = reader.end()
    assert answer is not None
    assert (answer.body, answer.reusable) == (b"abcd", False)


@pytest.mark.parametrize("raw", [b"", OK, BY_LENGTH[:-1], IN_CHUNKS[:-2]])
def test_an_answer_that_was_cut_off_is_none(raw: bytes) -> None:
    reader = AnswerReader(1000)
    reader.feed(raw)
    assert reader.end() is None


@pytest.mark.parametrize(
    "raw",
    [
        BY_LENGTH + b"HTTP/1.1 200 OK\r\n",
        OK + b"Connection: close\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        IN_CHUNKS + b"x",
    ],
)
def test_a_connection_that_said_more_or_wants_to_end_is_not_used_again(raw: bytes) -> None:
    answer = read(raw)
    assert answer is not None
    assert not answer.reusable


@pytest.mark.parametrize(
    "raw",
    [
        b"<html>not HTTP</html>\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 999 Odd\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\n\r\n",
        OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        OK + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        OK + b"Content-Length: -1\r\n\r\n",
        OK + b"Content-Length: 1_0\r\n\r\n",
        OK + b"Content-Length: +1\r\n\r\n",
        OK + b"Content-Length : 1\r\n\r\n",
        OK + b"X: a\r\n folded\r\n\r\n",
        OK + b"X: a\x00b\r\n\r\n",
        OK + b"X: a\rb\r\n\r\n",
        OK + b"X: " + b"a" * MAX_HEAD_BYTES,
        OK + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n0x1\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"1" * 5000,
        OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\nno field\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: " + b"a" * MAX_HEAD_BYTES,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 100,
    ],
)
def test_what_is_malformed_or_could_be_read_two_ways_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedAnswerError):
        read(raw)


@pytest.mark.parametrize(
    "raw",
    [
        OK + b"Content-Length: 11\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\nb\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n6\r\n",
        OK + b"\r\nabcdefghijk",
    ],
)
def test_an_answer_above_the_limit_is_refused_before_it_is_there(raw: bytes) -> None:
    with pytest.raises(LargeAnswerError):
        read(raw, max_bytes=10)


@given(st.lists(st.binary(max_size=40), max_size=6))
def test_no_bytes_break_the_reader(parts: list[bytes]) -> None:
    reader = AnswerReader(100)
    try:
        for part in (OK + b"Transfer-Encoding: chunked\r\n\r\n", *parts):
            if reader.feed(part) is not None:
                return
    except (MalformedAnswerError, LargeAnswerError):
        return
    assert reader.end() is None


def packed(body: bytes, coding: bytes) -> Answer:
    return Answer(200, {b"content-encoding": coding}, body, reusable=True)


def test_gzip_is_unpacked_within_the_limit() -> None:
    body = b"x" * 5000
    assert unpacked(packed(gzip.compress(body, mtime=0), b"GZIP"), 5000) == body
    with pytest.raises(LargeAnswerError):
        unpacked(packed(gzip.compress(body, mtime=0), b"gzip"), 4999)


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (b"{}", b"br"),
        (b"{}", b"gzip"),
        (gzip.compress(b"{}", mtime=0)[:-1], b"gzip"),
        (gzip.compress(b"{}", mtime=0) + b"x", b"gzip"),
        (zlib.compress(b"{}"), b"gzip"),
    ],
)
def test_a_compression_that_is_broken_or_was_not_offered_is_refused(
    body: bytes, coding: bytes
) -> None:
    with pytest.raises(MalformedAnswerError):
        unpacked(packed(body, coding), 1000)
