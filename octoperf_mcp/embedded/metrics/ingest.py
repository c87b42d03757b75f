"""Taking lines of spool files into the database, each exactly once."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.metrics import rollup
from octoperf_mcp.embedded.metrics.aggregate import DIMENSIONS
from octoperf_mcp.embedded.metrics.spool import VERSION
from octoperf_mcp.embedded.metrics.tables import (
    bench_error,
    generator_second,
    metric_generator,
    metric_line,
    metric_run,
    metric_series,
)

_ERROR_FIELDS = (
    "timestamp",
    "action_id",
    "virtual_user_id",
    "profile",
    "kind",
    "code",
    "method",
    "media_type",
    "url",
    "elapsed_us",
    "user",
    "message",
    "assertions",
    "request",
    "response",
)

Line = dict[str, Any]


def decode(data: bytes) -> Line | None:
    """A line of a spool file; None when it is torn or of another version."""
    try:
        line = orjson.loads(data)
    except orjson.JSONDecodeError:
        line = _decode_leniently(data)
    return line if isinstance(line, dict) and line.get("v") == VERSION else None


def _decode_leniently(data: bytes) -> Any:
    """What the worker's encoder writes and orjson refuses: halves of surrogate pairs, NaN."""
    try:
        return _storable(json.loads(data, parse_constant=lambda _: None))
    except ValueError:
        return None


def _storable(value: Any) -> Any:
    """Texts that every database takes: no NUL, no half of a surrogate pair."""
    if isinstance(value, str):
        return (
            value.replace("\0", "�").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        )
    if isinstance(value, list):
        return [_storable(each) for each in value]
    if isinstance(value, dict):
        return {key: _storable(each) for key, each in value.items()}
    return value


@dataclass(slots=True)
class RunIndex:
    """The numbers of a run, its generators and series: they never change once given."""

    run_no: int
    generators: dict[str, int] = field(default_factory=dict)
    series: dict[tuple[Any, ...], int] = field(default_factory=dict)
    """By generator number and dimensions, as they are stored and as they were sent."""


async def run_index(connection: AsyncConnection, run_id: str) -> RunIndex:
    """Find or found a run."""
    run_no = await connection.scalar(
        sa.select(metric_run.c.run_no).where(metric_run.c.run_id == run_id)
    )
    if run_no is None:
        return RunIndex(await found_run(connection, run_id, {}))
    generators = await connection.execute(
        sa.select(metric_generator.c.name, metric_generator.c.generator_no).where(
            metric_generator.c.run_no == run_no
        )
    )
    series = metric_series.c
    known = await connection.execute(
        sa.select(
            series.series_no, series.generator_no, *(series[name] for name in DIMENSIONS)
        ).where(series.run_no == run_no)
    )
    return RunIndex(
        run_no,
        {row.name: row.generator_no for row in generators},
        {tuple(key): series_no for series_no, *key in known},
    )


async def found_run(connection: AsyncConnection, run_id: str, labels: dict[str, Any]) -> int:
    """A row for a new run; its number."""
    return await _number(
        connection,
        metric_run,
        {"run_id": run_id, "rolled": 0, "sealed": False, "labels": labels},
    )


async def take_in(connection: AsyncConnection, index: RunIndex, lines: Sequence[Line]) -> None:
    """Write lines that were not seen before, and roll up what is over.

    `index` learns new generators and series; it is of no use when the transaction fails.
    """
    fresh = [line async for line in _unseen(connection, index, lines)]
    if not fresh:
        return
    await connection.execute(generator_second.insert(), [_gauges(index, line) for line in fresh])
    measured = [await _measured(connection, index, line) for line in fresh if line["rows"]]
    if measured:
        await connection.execute(metric_line.insert(), measured)
    errors = [_error(index, line, error) for line in fresh for error in line.get("errors", ())]
    if errors:
        await connection.execute(bench_error.insert(), errors)
    await _end_generators(connection, index, fresh)
    await _keep_rolled(connection, index.run_no, [line["second"] for line in fresh])


async def _unseen(
    connection: AsyncConnection, index: RunIndex, lines: Sequence[Line]
) -> AsyncIterator[Line]:
    by_generator: dict[int, dict[int, Line]] = {}
    for line in lines:
        number = await _generator_no(connection, index, line)
        by_generator.setdefault(number, {}).setdefault(line["seq"], line)
    for number, wanted in by_generator.items():
        seen = set(
            await connection.scalars(
                sa.select(generator_second.c.seq).where(
                    generator_second.c.generator_no == number,
                    generator_second.c.seq.between(min(wanted), max(wanted)),
                )
            )
        )
        for seq, line in wanted.items():
            if seq not in seen:
                yield line


async def _number(connection: AsyncConnection, table: sa.Table, values: dict[str, Any]) -> int:
    """Insert a row; the number the database gave it."""
    done = await connection.execute(table.insert().values(**values))
    key = done.inserted_primary_key
    assert key is not None  # noqa: S101 - only None for statements that insert many rows
    return int(key[0])


async def _generator_no(connection: AsyncConnection, index: RunIndex, line: Line) -> int:
    name = line["generator"]
    known = index.generators.get(name)
    if known is None:
        known = index.generators[name] = await _number(
            connection,
            metric_generator,
            {
                "run_no": index.run_no,
                "name": name,
                "region": line["region"],
                "host": line["host"],
                "ended": False,
            },
        )
    return known


def _gauges(index: RunIndex, line: Line) -> dict[str, Any]:
    users = line.get("users")
    return {
        "generator_no": index.generators[line["generator"]],
        "seq": line["seq"],
        "second": line["second"],
        "users": None if users is None else sum(users.values()),
        "users_by_profile": users,
        "lag_ms": line.get("lag_ms"),
        "cpu_pct": line.get("cpu_pct"),
        "machine_cpu_pct": line.get("machine_cpu_pct"),
        "memory_pct": line.get("memory_pct"),
    }


async def _measured(connection: AsyncConnection, index: RunIndex, line: Line) -> dict[str, Any]:
    generator_no = index.generators[line["generator"]]
    columns = list(zip(*line["rows"], strict=True))
    keys = list(zip(repeat(generator_no), *columns[: len(DIMENSIONS)], strict=False))
    known = index.series
    for key in keys:
        if key not in known:
            known[key] = await _series_no(connection, index, key)
    return {
        "run_no": index.run_no,
        "second": line["second"],
        "generator_no": generator_no,
        "seq": line["seq"],
        "columns": orjson.dumps([[known[key] for key in keys], *columns[len(DIMENSIONS) :]]),
    }


async def _series_no(connection: AsyncConnection, index: RunIndex, given: tuple[Any, ...]) -> int:
    """The number of a series that was not seen before, unless by another spelling."""
    key = tuple(map(_storable, given))
    known = index.series.get(key)
    if known is None:
        names = ("generator_no", *DIMENSIONS)
        known = index.series[key] = await _number(
            connection,
            metric_series,
            {"run_no": index.run_no} | dict(zip(names, key, strict=True)),
        )
    return known


def _error(index: RunIndex, line: Line, error: dict[str, Any]) -> dict[str, Any]:
    return {
        "run_no": index.run_no,
        "generator_no": index.generators[line["generator"]],
        **{name: _storable(error[name]) for name in _ERROR_FIELDS},
    }


async def _end_generators(
    connection: AsyncConnection, index: RunIndex, lines: Sequence[Line]
) -> None:
    ended = [index.generators[line["generator"]] for line in lines if line.get("final")]
    if ended:
        await connection.execute(
            metric_generator.update()
            .where(metric_generator.c.generator_no.in_(ended))
            .values(ended=True)
        )


async def _keep_rolled(connection: AsyncConnection, run_no: int, seconds: list[int]) -> None:
    rolled, sealed = (
        await connection.execute(
            sa.select(metric_run.c.rolled, metric_run.c.sealed).where(metric_run.c.run_no == run_no)
        )
    ).one()
    oldest = rollup.block_of(min(seconds))
    if sealed or not rolled or oldest < rolled:
        rolled = min(rolled or oldest, oldest)
        await rollup.roll_back(connection, run_no, rolled)
    if sealed:
        await rollup.seal(connection, run_no, rolled)
    else:
        await rollup.catch_up(connection, run_no, rolled, max(seconds))
