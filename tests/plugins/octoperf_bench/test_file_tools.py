"""Files of a run."""

import gzip
from typing import Any

import pytest

from octoperf_bench import file_tools as tools
from octoperf_mcp.errors import NotFoundError

PLUGIN = "octoperf_bench"
RUN = "GET /runtime/bench-results/res1"
FILES = "GET /analysis/logs/list/res1"
LOG = "GET /analysis/logs/res1?filename=jmeter.log"
OF_RES1 = {"benchResultId": "res1"}
OF_LOG = {**OF_RES1, "filename": "jmeter.log"}
PAGE = "https://octoperf.test/ui/workspace/w1/project/p1/analysis/report/rep1"


async def test_files_are_sorted_and_say_whether_they_are_text(context: Any, run: Any) -> None:
    names = ["trace.zip", "local-1.jtl.gz", "jmeter.log", "Report.pdf", "odd"]
    result = await context(PLUGIN, {RUN: {**run, "state": "FINISHED"}, FILES: names}).run(
        tools.list_bench_result_files, OF_RES1
    )
    assert [(row["filename"], row["kind"], row["text"]) for row in result["files"]] == [
        ("Report.pdf", "pdf", False),
        ("jmeter.log", "log", True),
        ("local-1.jtl.gz", "samples", True),
        ("odd", "other", False),
        ("trace.zip", "archive", False),
    ]
    assert {row["url"] for row in result["files"]} == {PAGE}
    assert result["total"] == 5


@pytest.mark.parametrize(
    ("state", "hint"), [("RUNNING", "when it is over"), ("FINISHED", "left no files")]
)
async def test_an_empty_list_says_why(context: Any, run: Any, state: str, hint: str) -> None:
    result = await context(PLUGIN, {RUN: {**run, "state": state}, FILES: None}).run(
        tools.list_bench_result_files, OF_RES1
    )
    assert result["files"] == []
    assert hint in result["next"]


async def test_the_first_lines_come_by_default(context: Any, run: Any) -> None:
    data = "".join(f"line {number}\n" for number in range(450)).encode()
    fake = context(PLUGIN, {RUN: run, LOG: gzip.compress(data)})
    result = await fake.run(tools.read_bench_result_file_lines, OF_LOG)
    assert (result["fromLine"], result["toLine"], result["nextFromLine"]) == (0, 200, 200)
    assert result["lines"][-1] == "line 199"
    assert result["totalLines"] == 450
    assert result["url"] == PAGE


async def test_the_end_of_a_log_is_read_from_behind(context: Any, run: Any) -> None:
    fake = context(PLUGIN, {RUN: run, LOG: b"one\ntwo\nthree\n"})
    result = await fake.run(tools.read_bench_result_file_lines, {**OF_LOG, "fromLine": -2})
    assert (result["fromLine"], result["lines"]) == (1, ["two", "three"])
    assert "nextFromLine" not in result


async def test_a_range_that_ends_before_it_begins_is_refused(context: Any) -> None:
    error = await context(PLUGIN).refuse(
        tools.read_bench_result_file_lines, {**OF_LOG, "fromLine": 9, "toLine": 9}
    )
    assert error.details["field"] == "toLine"


async def test_a_binary_file_is_to_be_downloaded(context: Any, run: Any) -> None:
    error = await context(PLUGIN, {RUN: run, LOG: b"PK\0\0"}).refuse(
        tools.read_bench_result_file_lines, OF_LOG
    )
    assert "download_bench_result_file" in error.next_step


async def test_an_unknown_file_names_those_that_exist(context: Any, run: Any) -> None:
    fake = context(
        PLUGIN,
        {RUN: run, LOG: NotFoundError("no", status=404), FILES: ["jmeter.log.gz", "a.jtl.gz"]},
    )
    error = await fake.refuse(tools.read_bench_result_file_lines, OF_LOG)
    assert error.details["allowed"] == ["a.jtl.gz", "jmeter.log.gz"]
    assert error.details["didYouMean"] == "jmeter.log.gz"


async def test_a_download_is_a_ticket(context: Any, run: Any) -> None:
    signed = {"url": "https://octoperf.test/public/presigned/abc", "expiresAt": 1000}
    fake = context(PLUGIN, {RUN: run, FILES: ["jmeter.log"], "POST /presigned-urls": signed})
    result = await fake.run(tools.download_bench_result_file, OF_LOG)
    assert fake.body_of("POST /presigned-urls") == {
        "method": "GET",
        "path": "/analysis/logs/res1",
        "query": {"filename": "jmeter.log"},
    }
    assert (result["url"], result["method"]) == (signed["url"], "GET")
    assert result["pageUrl"] == PAGE


async def test_a_file_that_does_not_exist_gets_no_ticket(context: Any, run: Any) -> None:
    fake = context(PLUGIN, {RUN: run, FILES: []})
    error = await fake.refuse(tools.download_bench_result_file, OF_LOG)
    assert error.details["field"] == "filename"


async def test_the_start_of_the_generators_is_read_while_a_run_hangs(
    context: Any, run: Any
) -> None:
    found = [
        {"timestamp": 2, "container": "g1", "level": "ERROR", "message": "\x1b[31mno image\x1b[0m"},
        {"timestamp": 1, "container": "g1", "level": "INFO", "message": "starting"},
    ]
    fake = context(
        PLUGIN,
        {
            RUN: {**run, "state": "PREPARING"},
            "GET /runtime/bench-results/docker-logs/res1": found,
        },
    )
    result = await fake.run(tools.list_bench_docker_logs, OF_RES1)
    assert [line["message"] for line in result["lines"]] == ["starting", "no image"]
    assert (result["state"], result["total"], result["url"]) == ("PREPARING", 2, PAGE)
