"""Ranges of lines of stored logs, gzip or not, in bounded memory."""

import gzip

import pytest

from octoperf_bench import lines
from octoperf_bench.lines import Lines, NotTextError, read_lines

TEN = "".join(f"line {number}\n" for number in range(10)).encode()


@pytest.mark.parametrize("data", [TEN, gzip.compress(TEN, mtime=0)])
def test_a_range_is_read_whether_packed_or_not(data: bytes) -> None:
    assert read_lines(data, 2, 4) == Lines(2, ["line 2", "line 3"], 10, more=True)


@pytest.mark.parametrize("data", [TEN, TEN.rstrip(b"\n"), TEN.replace(b"\n", b"\r\n")])
def test_the_tail_is_counted_from_the_end(data: bytes) -> None:
    assert read_lines(data, -2, 1 << 62) == Lines(8, ["line 8", "line 9"], 10, more=False)


def test_a_tail_longer_than_the_file_is_the_file() -> None:
    assert read_lines(TEN, -99, 1 << 62).texts[0] == "line 0"


def test_a_tail_can_end_before_the_end() -> None:
    assert read_lines(TEN, -3, 8) == Lines(7, ["line 7"], 10, more=True)


def test_a_range_behind_the_end_is_empty_and_tells_the_length() -> None:
    assert read_lines(TEN, 50, 60) == Lines(50, [], 10, more=False)
    assert read_lines(b"", 0, 60) == Lines(0, [], 0, more=False)


def test_a_very_long_line_is_one_line_and_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "_PIECE_BYTES", 1000)
    data = b"a" * 5000 + b"\nb\n"
    found = read_lines(data, 0, 10)
    assert found.total == 2
    assert found.texts[0].startswith("a" * 1000)
    assert found.texts[1] == "b"


def test_more_characters_than_an_answer_holds_end_it_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MAX_CHARS", 20)
    found = read_lines(TEN, 0, 10)
    assert (found.texts, found.more) == (["line 0", "line 1"], True)


def test_more_lines_than_an_answer_holds_end_it_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MAX_LINES", 3)
    assert len(read_lines(TEN, 0, 10).texts) == 3
    assert read_lines(TEN, -9, 1 << 62).texts == ["line 1", "line 2", "line 3"]


def test_an_archive_that_unpacks_without_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MAX_SCANNED_BYTES", 30)
    found = read_lines(gzip.compress(TEN), 0, 2)
    assert (found.texts, found.total) == (["line 0", "line 1"], None)


def test_a_torn_archive_is_read_as_far_as_it_goes() -> None:
    data = "".join(f"entry {number * 7919}\n" for number in range(5000)).encode()
    found = read_lines(gzip.compress(data)[:-2000], 0, 2)
    assert found.texts == ["entry 0", "entry 7919"]
    assert found.total is None


def test_a_binary_file_is_refused() -> None:
    with pytest.raises(NotTextError):
        read_lines(b"\x89PNG\0\1", 0, 1)


def test_terminal_colours_are_taken_out() -> None:
    assert read_lines(b"\x1b[31mred\x1b[0m\n", 0, 1).texts == ["red"]


def test_an_archive_of_several_members_is_one_file() -> None:
    data = gzip.compress(TEN) + gzip.compress(b"more\n")
    assert read_lines(data, -2, 1 << 62).texts == ["line 9", "more"]
    assert read_lines(data, 0, 1).total == 11
