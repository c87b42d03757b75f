"""What recording, ingesting and reading the metrics of a run costs.

Run by hand: `python tests/bench/bench_metrics.py [--samples 200000] [--seconds 600] [--actions 50]
[--generators 2] [--repeats 5] [--pooled]`. Prints µs and bytes per sample for recording and ingest,
and the median ms of each read while the run is open and after it was sealed. With `--pooled` the
lines of the generators are put together from rows that were aggregated beforehand, so that ten
million samples take a minute: `--samples 10000000 --seconds 3600 --pooled`.
"""

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import orjson

from octoperf_mcp.embedded.metrics import bench_errors, charts, values
from octoperf_mcp.embedded.metrics.aggregate import DIMENSIONS, Aggregate, key_of
from octoperf_mcp.embedded.metrics.items import item_of
from octoperf_mcp.embedded.metrics.reading import Limits, RunView
from octoperf_mcp.embedded.metrics.recorder import Recorder
from octoperf_mcp.embedded.metrics.sample import ErrorDetail, Sample
from octoperf_mcp.embedded.metrics.selection import Selection
from octoperf_mcp.embedded.metrics.spool import VERSION, read_lines
from octoperf_mcp.embedded.metrics.store import MetricStore
from octoperf_mcp.embedded.store.database import Database

START_S = 1_700_000_000
RUN = "run1"
BATCH = 50
TIMES = ("AVG", "MIN", "MAX", "PERCENTILE_90", "PERCENTILE_95", "PERCENTILE_99")

Read = Callable[[dict[str, RunView]], Awaitable[Any]]


def traffic(count: int, seconds: int, actions: int) -> Iterator[Sample]:
    """Samples in the order in which they end; one in a hundred fails."""
    chance = random.Random(1)
    error = ErrorDetail(
        "HTTP 500",
        request={"method": "GET", "url": "http://shop.test/", "headers": []},
        response={"status": 500, "headers": [], "body": "x" * 500},
    )
    for number in range(count):
        action = chance.randrange(actions)
        elapsed_us = round(chance.lognormvariate(11.5 + action / actions, 0.6))
        ends_ms = START_S * 1000 + number * seconds * 1000 // count
        failed = chance.random() < 0.01
        yield Sample(
            f"action-{action:013d}", f"vu{action % 3}", action % 3, "Hit",
            ends_ms - elapsed_us // 1000, elapsed_us, elapsed_us * 7 // 10,
            0 if chance.random() < 0.9 else 20_000, 300, chance.randint(500, 20_000),
            "500" if failed else "200", "GET" if action % 4 else "POST", "text/html",
            "http://shop.test/page", not failed, error=error if failed else None,
        )  # fmt: skip


def record(folder: Path, options: argparse.Namespace) -> list[Path]:
    """Spool files of the generators; prints what recording took."""
    samples = list(traffic(options.samples, options.seconds, options.actions))
    spools, spent = [], 0.0
    for generator in range(options.generators):
        mine = samples[generator :: options.generators]
        spool, jtl = folder / f"gen{generator}.jsonl", folder / f"gen{generator}.jtl.gz"
        second = START_S
        started = time.process_time()
        writer = Recorder(RUN, f"gen{generator}", "local", spool, jtl, clock=lambda: second * 1000)  # noqa: B023 - read at once
        for sample in mine:
            now_ms = sample.started_ms + sample.elapsed_us // 1000
            while second < now_ms // 1000:
                writer.gauge({0: 10, 1: 10, 2: 10}, 1.0, 50.0)
                second += 1
                writer.flush(second * 1000)
            writer.add(sample)
        writer.close()
        spent += time.process_time() - started
        spools.append(spool)
    per_sample = [
        ("record, CPU µs per sample", spent / options.samples * 1e6),
        ("spool, bytes per sample", _size(folder, "*.jsonl") / options.samples),
        ("JTL gzip, bytes per sample", _size(folder, "*.jtl.gz") / options.samples),
    ]
    for name, value in per_sample:
        print(f"{name:40} {value:10.2f}")
    return spools


POOL = 20
ERRORS_KEPT = 300


def pooled(options: argparse.Namespace) -> Iterator[bytes]:
    """Lines of all generators, second by second: rows of a pool, as large as recorded ones."""
    rows: list[list[list[Any]]] = [[] for _ in range(options.actions)]
    for_row = options.samples / options.seconds / options.generators / options.actions
    count = round(for_row * options.actions * POOL * 1.01)
    groups: dict[tuple[str, bool], deque[Sample]] = {}
    for sample in traffic(count, options.seconds, options.actions):
        groups.setdefault((sample.action_id, sample.ok), deque()).append(sample)
    failed: list[list[Any]] = []
    for (action, ok), samples in sorted(groups.items()):
        size = len(samples) // POOL if ok else 1
        while len(samples) >= max(1, size):
            first = samples.popleft()
            aggregate = Aggregate(first)
            for _ in range(size - 1):
                aggregate.add(samples.popleft())
            row = [*key_of(first), *aggregate.row()]
            (rows[int(action.rpartition("-")[2])] if ok else failed).append(row)
    chance = random.Random(2)
    kept = ERRORS_KEPT
    for second in range(options.seconds):
        for generator in range(options.generators):
            chosen = [chance.choice(of_action) for of_action in rows]
            chosen += chance.sample(
                failed, min(len(failed), round(for_row * options.actions / 100))
            )
            kept -= 1
            yield orjson.dumps(
                {
                    "v": VERSION, "run": RUN, "generator": f"gen{generator}", "region": "local",
                    "host": "bench", "seq": second, "second": START_S + second,
                    "users": {"0": 10, "1": 10, "2": 10}, "lag_ms": 1.0, "cpu_pct": 50.0,
                    "rows": _distinct(chosen), "errors": [_kept_error(second)] if kept > 0 else [],
                }
            )  # fmt: skip


def _distinct(rows: list[list[Any]]) -> list[list[Any]]:
    """One row for each key, as a recorder writes them."""
    return list({tuple(row[:7]): row for row in rows}.values())


def _kept_error(second: int) -> dict[str, Any]:
    return {
        "timestamp": (START_S + second) * 1000, "action_id": "action-0", "virtual_user_id": "vu0",
        "profile": 0, "kind": "Hit", "code": "500", "method": "GET", "media_type": "text/html",
        "url": "http://shop.test/page", "elapsed_us": 1000, "user": "1", "message": "HTTP 500",
        "assertions": [], "request": {"method": "GET", "url": "http://shop.test/", "headers": []},
        "response": {"status": 500, "headers": [], "body": "x" * 500},
    }  # fmt: skip


async def ingest_pooled(store: MetricStore, options: argparse.Namespace) -> int:
    """Take in pooled lines; how many samples they were."""
    started, spent, made = time.perf_counter(), 0.0, 0
    batch: list[bytes] = []

    async def take_in() -> float:
        began = time.perf_counter()
        await asyncio.gather(*(store.ingest(RUN, each) for each in batch))
        return time.perf_counter() - began

    for line in pooled(options):
        made += sum(row[len(DIMENSIONS)] for row in orjson.loads(line)["rows"])
        batch.append(line)
        if len(batch) == BATCH:
            spent += await take_in()
            batch = []
    spent += await take_in()
    print(f"{'ingest, wall s':40} {spent:10.2f}   making the lines included: "
          f"{time.perf_counter() - started:.1f}")  # fmt: skip
    count = int((await store.totals(RUN))["hits"])
    print(f"{'ingest, samples per wall s':40} {count / spent:10.0f}")
    print(f"{'samples':40} {count:10}   {made - count} lost")
    return count


def _size(folder: Path, pattern: str) -> int:
    return sum(path.stat().st_size for path in folder.glob(pattern))


async def ingest(store: MetricStore, spools: list[Path], options: argparse.Namespace) -> None:
    """Take in the lines of all generators second by second, as they would arrive."""
    files = [[line.data for line in read_lines(spool)] for spool in spools]
    lines = [line for second in zip(*files, strict=False) for line in second]
    lines += [line for file in files for line in file[len(min(files, key=len)) :]]
    started = time.perf_counter()
    for first in range(0, len(lines), BATCH):
        await asyncio.gather(*(store.ingest(RUN, line) for line in lines[first : first + BATCH]))
    spent = time.perf_counter() - started
    print(f"{'ingest, wall s':40} {spent:10.2f}")
    print(f"{'ingest, ms per line':40} {spent / len(lines) * 1e3:10.2f}")
    print(f"{'lines':40} {len(lines):10}   of {options.samples} samples")


def reads() -> dict[str, Read]:
    """What is timed."""

    def metric(name: str) -> dict[str, Any]:
        return {"id": name, "type": "BASIC", "benchResultId": RUN, "filters": []}

    def line(*names: str, kind: str = "LineChartReportItem") -> Read:
        item = item_of(
            {"@type": kind, "metrics": [metric(name) for name in names]}, "/analysis/metrics/line"
        )
        return lambda views: charts.line(views, item, Limits())

    def rows(*names: str) -> Read:
        item = item_of(
            {"@type": "StatisticTableReportItem", "metrics": [metric(name) for name in names]},
            "/analysis/metrics/table",
        )
        return lambda views: values.table(views, item, Limits())

    top = item_of(
        {"@type": "TopReportItem", "metrics": [metric("RESPONSE_TIME_AVG")]},
        "/analysis/metrics/top",
    )
    pie = item_of(
        {"@type": "PieChartReportItem", "metrics": [metric("HTTP_RESPONSE_CODES")]},
        "/analysis/metrics/pie",
    )
    return {
        "line: hits per second": line("HITS_RATE"),
        "line: users, hits, response time": line("USERLOAD", "HITS_RATE", "RESPONSE_TIME_AVG"),
        "line: 95th percentile per second": line("RESPONSE_TIME_PERCENTILE_95"),
        "percentiles chart": line("RESPONSE_TIME_AVG", kind="PercentilesChartReportItem"),
        "table: hits, errors, average": rows("HITS_TOTAL", "ERRORS_PERCENT", "RESPONSE_TIME_AVG"),
        "table: with percentiles": rows(*(f"RESPONSE_TIME_{name}" for name in TIMES)),
        "top 10 with curves": lambda views: values.top(views, top, Limits()),
        "pie of codes": lambda views: values.pie(views, pie, Limits()),
        "errors": lambda views: bench_errors.bench_errors(views[RUN], Selection(), Limits()),
        "totals": lambda views: values.totals(views[RUN]),
    }


async def timed(store: MetricStore, read: Read, repeats: int) -> str:
    """Median ms, opening the run included, and those of the processor, which neighbours spare."""
    spent, worked = [], []
    for _ in range(repeats):
        started, idle = time.perf_counter(), time.process_time()
        async with store.views([RUN]) as views:
            await read(views)
        spent.append((time.perf_counter() - started) * 1e3)
        worked.append((time.process_time() - idle) * 1e3)
    return f"{statistics.median(spent):10.1f} ({statistics.median(worked):6.1f})"


async def measure(folder: Path, options: argparse.Namespace) -> None:
    """Record, ingest, read, seal, read."""
    database = await Database.open(f"sqlite:///{folder}/octoperf.db")
    store = MetricStore(database)
    count = options.samples
    if options.pooled:
        count = await ingest_pooled(store, options)
    else:
        await ingest(store, record(folder, options), options)
    running = {name: await timed(store, read, options.repeats) for name, read in reads().items()}
    started = time.perf_counter()
    await store.seal(RUN)
    print(f"{'seal, ms':40} {(time.perf_counter() - started) * 1e3:10.1f}")
    sealed = {name: await timed(store, read, options.repeats) for name, read in reads().items()}
    print(f"{'median ms (of processor time)':40} {'running':>19} {'sealed':>19}")
    for name, ms in running.items():
        print(f"{name:40} {ms} {sealed[name]}")
    await database.close()
    size = _size(folder, "octoperf.db*") / count
    print(f"{'database, bytes per sample':40} {size:10.2f}")


def main() -> None:
    """Parse the options and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=200_000)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--actions", type=int, default=50)
    parser.add_argument("--generators", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--pooled", action="store_true")
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder), parser.parse_args()))


if __name__ == "__main__":
    main()
