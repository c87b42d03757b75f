import csv
import gzip
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from octoperf_mcp.embedded.metrics.aggregate import DIMENSIONS, HISTOGRAMS, NUMBERS
from octoperf_mcp.embedded.metrics.recorder import (
    BODY_CAP_BYTES,
    ERRORS_PER_ACTION_AND_CODE,
    FIRST_ERRORS,
    Recorder,
)
from octoperf_mcp.embedded.metrics.sample import ErrorDetail, Sample
from octoperf_mcp.embedded.metrics.spool import read_lines

SECOND = 1_700_000_000
MS = SECOND * 1000
SampleFactory = Callable[..., Sample]


def recorder(folder: Path, **options: Any) -> Recorder:
    return Recorder(
        "run1",
        "gen1",
        "local",
        folder / "gen1.jsonl",
        folder / "gen1.jtl.gz",
        clock=lambda: MS,
        **options,
    )


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line.data) for line in read_lines(folder / "gen1.jsonl")]


def rows(line: dict[str, Any]) -> list[dict[str, Any]]:
    names = (*DIMENSIONS, *NUMBERS, *HISTOGRAMS)
    return [dict(zip(names, row, strict=True)) for row in line["rows"]]


def jtl(folder: Path) -> list[dict[str, str]]:
    text = gzip.decompress((folder / "gen1.jtl.gz").read_bytes()).decode()
    return list(csv.DictReader(io.StringIO(text)))


def test_the_worker_side_needs_the_standard_library_only() -> None:
    """A load worker imports neither the web server nor the database."""
    code = (
        "import sys, octoperf_mcp.embedded.metrics.recorder;"
        "print([m for m in ('aiohttp', 'sqlalchemy', 'pydantic', 'orjson') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)
    assert done.stdout.strip() == b"[]"


def test_a_line_holds_one_second_added_up_by_dimension(
    tmp_path: Path, sample: SampleFactory
) -> None:
    writer = recorder(tmp_path)
    writer.add(sample(elapsed_us=100_000, latency_us=60_000, connect_us=9_000))
    writer.add(sample(elapsed_us=300_000, latency_us=250_000, ok=False))
    writer.add(sample(action_id="a2", code="404"))
    writer.flush(MS + 999)
    assert lines(tmp_path) == []
    writer.flush(MS + 1000)
    (line,) = lines(tmp_path)
    writer.close()
    assert (line["run"], line["generator"], line["region"]) == ("run1", "gen1", "local")
    assert (line["seq"], line["second"]) == (0, SECOND)
    first, second = rows(line)
    assert (first["action_id"], first["n"], first["ok"], first["err"]) == ("a1", 2, 1, 1)
    assert (first["elapsed_sum"], first["elapsed_min"], first["elapsed_max"]) == (
        400_000,
        100_000,
        300_000,
    )
    assert first["elapsed_sq"] == 100_000**2 + 300_000**2
    assert (first["network_sum"], first["connect_sum"]) == (90_000, 9_000)
    assert sum(first["elapsed_hist"][1::2]) == 2
    assert (second["action_id"], second["code"], second["n"]) == ("a2", "404", 1)


def test_a_sample_counts_in_the_second_in_which_it_ends(
    tmp_path: Path, sample: SampleFactory
) -> None:
    writer = recorder(tmp_path)
    writer.add(sample(elapsed_us=3_500_000))
    writer.close()
    assert [line["second"] for line in lines(tmp_path)] == [SECOND + 3]


def test_a_late_sample_counts_in_the_first_open_second(
    tmp_path: Path, sample: SampleFactory
) -> None:
    """So that every second of a generator stands in exactly one line."""
    writer = recorder(tmp_path)
    writer.add(sample())
    writer.flush(MS + 1000)
    writer.add(sample())
    writer.flush(MS + 2000)
    assert [(line["second"], len(line["rows"])) for line in lines(tmp_path)] == [
        (SECOND, 1),
        (SECOND + 1, 1),
    ]
    writer.close()


def test_samples_that_were_cut_off_are_of_their_own_kind(
    tmp_path: Path, sample: SampleFactory
) -> None:
    writer = recorder(tmp_path)
    writer.add(sample())
    writer.add(sample(cut_off=True, ok=False))
    writer.close()
    (line,) = lines(tmp_path)
    assert sorted((row["kind"], row["n"]) for row in rows(line)) == [("CutOff", 1), ("Hit", 1)]
    assert line["errors"] == []


def test_closing_writes_everything_and_marks_the_last_line(
    tmp_path: Path, sample: SampleFactory
) -> None:
    writer = recorder(tmp_path)
    writer.add(sample())
    writer.add(sample(started_ms=MS + 5000))
    writer.close()
    assert [(line["second"], line.get("final")) for line in lines(tmp_path)] == [
        (SECOND, None),
        (SECOND + 5, True),
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gen1.jsonl", "gen1.jtl.gz"]


def test_a_recorder_without_samples_still_says_that_it_ended(tmp_path: Path) -> None:
    recorder(tmp_path).close()
    assert [(line["second"], line["final"]) for line in lines(tmp_path)] == [(SECOND, True)]


def test_gauges_go_into_the_line_of_their_second(tmp_path: Path) -> None:
    writer = recorder(tmp_path)
    writer.gauge({0: 5, 1: 2}, 1.5, 30.0)
    writer.flush(MS + 1000)
    (line,) = lines(tmp_path)
    writer.close()
    assert (line["users"], line["lag_ms"], line["cpu_pct"]) == ({"0": 5, "1": 2}, 1.5, 30.0)


def test_errors_are_kept_with_their_exchange_and_capped_while_counts_stay_exact(
    tmp_path: Path, sample: SampleFactory
) -> None:
    writer = recorder(tmp_path)
    response = {"status": 500, "body": "é" * BODY_CAP_BYTES, "bodyTruncated": False}
    for _ in range(FIRST_ERRORS + 50):
        error = ErrorDetail("boom", [], {"method": "GET"}, response, "7")
        writer.add(sample(ok=False, code="500", error=error))
    for _ in range(10):
        writer.add(sample(ok=False, code="503", error=ErrorDetail("busy")))
    writer.close()
    (line,) = lines(tmp_path)
    kept = [error["code"] for error in line["errors"]]
    assert (kept.count("500"), kept.count("503")) == (FIRST_ERRORS, ERRORS_PER_ACTION_AND_CODE)
    assert {row["code"]: row["err"] for row in rows(line)} == {"500": FIRST_ERRORS + 50, "503": 10}
    first = line["errors"][0]
    assert (first["message"], first["user"], first["timestamp"]) == ("boom", "7", MS)
    assert first["response"]["bodyTruncated"] is True
    assert len(first["response"]["body"].encode()) <= BODY_CAP_BYTES


def test_a_container_that_failed_is_counted_but_is_no_error_of_its_own(
    tmp_path: Path, sample: SampleFactory
) -> None:
    """Errors are those of requests: status, engine failure, assertion."""
    writer = recorder(tmp_path)
    writer.add(sample(kind="Container", code="", ok=False, error=ErrorDetail("1 of 2 failed")))
    writer.close()
    (line,) = lines(tmp_path)
    assert (rows(line)[0]["err"], line["errors"]) == (1, [])


def test_the_raw_log_has_a_row_per_sample_with_the_columns_of_jmeter(
    tmp_path: Path, sample: SampleFactory
) -> None:
    writer = recorder(tmp_path)
    writer.gauge({0: 3, 1: 4}, 0.0, 0.0)
    writer.add(sample(connect_us=12_400))
    writer.add(sample(started_ms=MS + 1500, kind="Container", code="", url=""))
    writer.add(
        sample(ok=False, code="-1", error=ErrorDetail('said "no",\nthen left', [], None, None, "2"))
    )
    writer.close()
    first, failed, container = jtl(tmp_path)
    assert first == {
        "timeStamp": str(MS),
        "elapsed": "250",
        "label": "a1",
        "responseCode": "200",
        "responseMessage": "OK",
        "threadName": "vu1 1",
        "dataType": "text",
        "success": "true",
        "failureMessage": "",
        "bytes": "2048",
        "sentBytes": "120",
        "grpThreads": "3",
        "allThreads": "7",
        "URL": "http://shop.test/",
        "Latency": "200",
        "IdleTime": "0",
        "Connect": "12",
        "second": str(SECOND),
        "kind": "Hit",
        "elapsedUs": "250000",
        "latencyUs": "200000",
        "connectUs": "12400",
        "method": "GET",
        "mediaType": "text/html",
        "assertionsOk": "0",
        "assertionsFailed": "0",
        "assertionsError": "0",
    }
    assert (failed["failureMessage"], failed["threadName"]) == ('said "no",\nthen left', "vu1 1-2")
    assert (container["URL"], container["kind"]) == ("null", "Container")


def test_columns_of_ours_are_variables_to_jmeter(tmp_path: Path) -> None:
    """JMeter's CSVSaveService tells `sample_variables` by their quotes, and wants them last."""
    recorder(tmp_path).close()
    text = gzip.decompress((tmp_path / "gen1.jtl.gz").read_bytes()).decode()
    names = text.splitlines()[0].split(",")
    quoted = [name.startswith('"') and name.endswith('"') for name in names]
    assert quoted == sorted(quoted)
    assert names[-1] == '"assertionsError"'


def test_a_line_torn_by_a_kill_is_left_alone_by_readers_and_cut_by_the_next_writer(
    tmp_path: Path, sample: SampleFactory
) -> None:
    writer = recorder(tmp_path)
    writer.add(sample())
    writer.close()
    spool = tmp_path / "gen1.jsonl"
    with spool.open("ab") as file:
        file.write(b'{"v":1,"run":"run1","gener')
    assert len(lines(tmp_path)) == 1
    again = recorder(tmp_path)
    again.add(sample())
    again.close()
    assert [(line["seq"], line["second"]) for line in lines(tmp_path)] == [
        (0, SECOND),
        (1, SECOND + 1),
    ]


KILLED = """
import json, os, signal, sys
from pathlib import Path
from octoperf_mcp.embedded.metrics.recorder import Recorder
from octoperf_mcp.embedded.metrics.sample import ErrorDetail, Sample
folder = Path(sys.argv[1])
writer = Recorder("run1", "gen1", "local", folder / "gen1.jsonl", folder / "gen1.jtl.gz")
for number in range(50):
    started = 1_700_000_000_000 + number * 100
    error = ErrorDetail("boom") if number % 10 == 0 else None
    writer.add(Sample("a1", "vu1", 0, "Hit", started, 1000, 900, 0, 1, 2, "200", "GET", "", "u",
                      error is None, error=error))
    writer.flush(started)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX signals")
def test_no_finished_sample_is_lost_by_kill_9(tmp_path: Path) -> None:
    """The next recorder of the same generator takes over what was not written yet."""
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    written = sum(row["n"] for line in lines(tmp_path) for row in rows(line))
    assert written < 50
    with next(tmp_path.glob("*.journal")).open("ab") as file:
        file.write(b'["a1","vu1",0,')
    recorder(tmp_path).close()
    counted = [row for line in lines(tmp_path) for row in rows(line)]
    assert (sum(row["n"] for row in counted), sum(row["err"] for row in counted)) == (50, 5)
    assert [line["seq"] for line in lines(tmp_path)] == list(range(len(lines(tmp_path))))
    assert sum(len(line["errors"]) for line in lines(tmp_path)) == 5
    assert len(jtl(tmp_path)) == 50
    assert list(tmp_path.glob("*.journal")) == []
