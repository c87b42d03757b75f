"""Project files: listed, read by lines, moved through tickets, deleted."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from octoperf_edit.project_files import (
    delete_project_file,
    download_project_file,
    list_project_files,
    read_project_file_lines,
    upload_project_file,
)
from octoperf_mcp.errors import NotFoundError

if TYPE_CHECKING:
    from tests.plugins.conftest import FakeContext

Maker = Callable[..., "FakeContext"]
PLUGIN = "octoperf_edit"
ENTRIES = "GET /design/project-files/entries/p1"
NAMES = "GET /design/project-files/list/p1"
DELETE = "DELETE /design/project-files/p1?filename=a.csv"
VARIABLES = "GET /design/variables/by-project/p1"
SIGN = "POST /presigned-urls"
SIGNED = {"url": "https://x.test/public/presigned/t", "method": "POST", "expiresAt": 1767225600000}
PROJECT = "https://octoperf.test/ui/workspace/w1/project/p1/design"
PAGE = f"{PROJECT}/project-file"
MISSING = NotFoundError("404", status=404)


def lines_call(count: int, offset: int = 0) -> str:
    return f"GET /design/project-files/p1/{count}?filename=a.csv&offset={offset}"


async def test_files_are_listed_with_size_and_date(context: Maker) -> None:
    entries = [
        {"name": "b.csv", "size": 7, "lastModified": 1767225600000},
        {"name": "a.csv", "size": 1, "lastModified": 1767225600001},
    ]
    found = await context(PLUGIN, {ENTRIES: entries}).run(list_project_files, {"projectId": "p1"})
    assert [file["name"] for file in found["files"]] == ["a.csv", "b.csv"]
    assert found["files"][1] == {
        "name": "b.csv",
        "sizeBytes": 7,
        "lastModified": 1767225600000,
        "url": PAGE,
    }


async def test_a_platform_that_knows_only_names_is_listed_by_them(context: Maker) -> None:
    ctx = context(PLUGIN, {ENTRIES: MISSING, NAMES: ["a.csv"]})
    found = await ctx.run(list_project_files, {"projectId": "p1"})
    assert found["files"] == [{"name": "a.csv", "url": PAGE}]


async def test_lines_come_with_their_place_and_the_next_one(context: Maker) -> None:
    ctx = context(PLUGIN, {lines_call(3): "h\r\na\nb\n", lines_call(3, 2): "b\nc"})
    which = {"projectId": "p1", "filename": "a.csv"}
    first = await ctx.run(read_project_file_lines, {**which, "toLine": 2})
    assert (first["lines"], first["fromLine"], first["toLine"]) == (["h", "a"], 0, 2)
    assert first["nextFromLine"] == 2
    last = await ctx.run(read_project_file_lines, {**which, "fromLine": 2, "toLine": 4})
    assert (last["lines"], last["toLine"]) == (["b", "c"], 4)
    assert "nextFromLine" not in last


async def test_long_lines_end_the_answer_early(context: Maker) -> None:
    ctx = context(PLUGIN, {lines_call(201): "\n".join(["x" * 50_000] * 100)})
    arguments = {"projectId": "p1", "filename": "a.csv"}
    found = await ctx.run(read_project_file_lines, arguments)
    assert 0 < len(found["lines"]) < 100
    assert found["nextFromLine"] == len(found["lines"])
    assert max(map(len, found["lines"])) < 2_100


@pytest.mark.parametrize("text", ["", None])
async def test_behind_the_end_there_are_no_lines(context: Maker, text: str | None) -> None:
    ctx = context(PLUGIN, {lines_call(201, 9): text})
    arguments = {"projectId": "p1", "filename": "a.csv", "fromLine": 9}
    found = await ctx.run(read_project_file_lines, arguments)
    assert (found["lines"], found["toLine"]) == ([], 9)


async def test_no_text_and_a_wrong_range_are_refused(context: Maker) -> None:
    ctx = context(PLUGIN, {lines_call(201): "PK\x03\x04\x00"})
    which = {"projectId": "p1", "filename": "a.csv"}
    error = await ctx.refuse(read_project_file_lines, which)
    assert "download_project_file" in error.next_step
    error = await ctx.refuse(read_project_file_lines, {**which, "fromLine": 5, "toLine": 5})
    assert error.details["field"] == "toLine"


async def test_a_wrong_name_is_answered_with_the_right_ones(context: Maker) -> None:
    answers: dict[str, Any] = {
        lines_call(201): MISSING,
        DELETE: MISSING,
        NAMES: ["b.csv"],
        VARIABLES: [],
    }
    arguments = {"projectId": "p1", "filename": "a.csv"}
    for tool in (read_project_file_lines, download_project_file, delete_project_file):
        error = await context(PLUGIN, answers).refuse(tool, arguments)
        assert (error.details["allowed"], error.details["didYouMean"]) == (["b.csv"], "b.csv")


async def test_an_upload_is_a_ticket_that_names_the_file_and_what_it_replaces(
    context: Maker,
) -> None:
    ctx = context(PLUGIN, {SIGN: SIGNED, NAMES: ["it's.csv"]})
    ticket = await ctx.run(upload_project_file, {"projectId": "p1", "filename": "it's.csv"})
    assert ctx.body_of(SIGN) == {
        "method": "POST",
        "path": "/design/project-files/p1",
        "query": {"filename": "it's.csv"},
    }
    assert (
        """-F 'filename=it'"'"'s.csv' -F 'file=@PATH.csv;type=text/csv'"""
        in (ticket["instructions"])
    )
    assert "It replaces the present it's.csv" in ticket["instructions"]
    assert ticket["pageUrl"] == PAGE


async def test_an_upload_without_a_name_takes_that_of_the_file(context: Maker) -> None:
    ctx = context(PLUGIN, {SIGN: SIGNED, NAMES: []})
    ticket = await ctx.run(upload_project_file, {"projectId": "p1"})
    assert ctx.body_of(SIGN)["query"] == {}
    assert "-F 'file=@PATH;type=application/octet-stream'" in ticket["instructions"]
    assert "replaces" not in ticket["instructions"]


@pytest.mark.parametrize("name", ["/resources/a.csv", r"..\a.csv"])
async def test_a_name_with_a_directory_is_refused(context: Maker, name: str) -> None:
    error = await context(PLUGIN).refuse(upload_project_file, {"projectId": "p1", "filename": name})
    assert error.details["didYouMean"] == "a.csv"


async def test_a_download_is_a_ticket(context: Maker) -> None:
    ctx = context(PLUGIN, {SIGN: SIGNED, NAMES: ["a.csv"]})
    ticket = await ctx.run(download_project_file, {"projectId": "p1", "filename": "a.csv"})
    assert ticket["method"] == "GET"
    assert ctx.body_of(SIGN)["query"] == {"filename": "a.csv"}
    assert parse_qs(urlsplit(ticket["url"]).query) == {}


async def test_a_deletion_names_the_variables_that_read_the_file(context: Maker) -> None:
    variable = {"@type": "CSVVariable", "filename": "a.csv", "names": ["x"]}
    listed = [{"id": "x1", "name": "accounts", "variable": variable}]
    ctx = context(PLUGIN, {VARIABLES: listed, DELETE: None})
    found = await ctx.run(delete_project_file, {"projectId": "p1", "filename": "a.csv"})
    assert found["usedBy"] == [{"id": "x1", "name": "accounts", "url": f"{PROJECT}/variable/x1"}]
    assert "upload_project_file" in found["next"]
