"""Failed samples that were kept in full."""

from typing import Any

import sqlalchemy as sa

from octoperf_mcp.embedded.failures import NotFound
from octoperf_mcp.embedded.metrics.metric_ids import US_PER_WIRE_UNIT
from octoperf_mcp.embedded.metrics.reading import Limits, RunView
from octoperf_mcp.embedded.metrics.sample import RESOURCE
from octoperf_mcp.embedded.metrics.selection import EVERYTHING, Selection, Series
from octoperf_mcp.embedded.metrics.tables import bench_error, metric_generator
from octoperf_mcp.entities.trees import RESOURCES

_ROW_COLUMNS = [
    column for column in bench_error.c if column.name not in {"request", "response", "run_no"}
]


async def bench_errors(view: RunView, selection: Selection, limits: Limits) -> list[dict[str, Any]]:
    """BenchError rows, oldest first; `elapsed` is in seconds, `timestamp` in epoch milliseconds.

    The generators keep a few of each kind only; counts are in the metrics.
    """
    generator = metric_generator.c
    where = [bench_error.c.run_no == view.run_no]
    if limits.from_ms is not None:
        where.append(bench_error.c.timestamp >= limits.from_ms)
    if limits.to_ms is not None:
        where.append(bench_error.c.timestamp < limits.to_ms)
    found = await view.connection.execute(
        sa.select(*_ROW_COLUMNS, generator.name.label("generator"), generator.region)
        .join(metric_generator, generator.generator_no == bench_error.c.generator_no)
        .where(*where)
        .order_by(bench_error.c.timestamp, bench_error.c.error_no)
    )
    return [
        _entry(view, row)
        for row in found
        if selection.matches(_series(row), view.labels, EVERYTHING)
    ]


async def http_of_error(view: RunView, action_id: str, timestamp: int) -> dict[str, Any]:
    """Request and response of one error: BenchErrorHttp.

    Raises:
        NotFound: no error was kept at that millisecond for that action.
    """
    found = await view.connection.execute(
        sa.select(bench_error.c.request, bench_error.c.response)
        .where(
            bench_error.c.run_no == view.run_no,
            bench_error.c.timestamp == timestamp,
            bench_error.c.action_id.in_({action_id, action_id.removesuffix(RESOURCES)}),
        )
        .order_by(bench_error.c.error_no)
        .limit(1)
    )
    row = found.one_or_none()
    if row is None:
        raise NotFound(
            f"No error of action {action_id} was kept at {timestamp}: take actionId and "
            "timestamp from the errors of the run."
        )
    return {"request": row.request, "response": row.response}


def _series(row: Any) -> Series:
    return Series(
        0,
        row.generator,
        row.region,
        _action_id(row),
        row.virtual_user_id,
        row.profile,
        row.kind,
        row.code,
        row.method,
        row.media_type,
    )


def _action_id(row: Any) -> str:
    if row.kind == RESOURCE and not row.action_id.endswith(RESOURCES):
        return f"{row.action_id}{RESOURCES}"
    return str(row.action_id)


def _entry(view: RunView, row: Any) -> dict[str, Any]:
    return {
        "benchResultId": view.run_id,
        "actionId": _action_id(row),
        **view.labels.names(_action_id(row), row.virtual_user_id),
        "timestamp": row.timestamp,
        "responseCode": row.code,
        "errorMessage": row.message,
        "assertions": row.assertions,
        "loadGenerator": row.generator,
        "region": row.region,
        "virtualUserId": row.virtual_user_id,
        "userProfileName": view.labels.profile_name(row.profile),
        "user": row.user,
        "method": row.method,
        "url": row.url,
        "elapsed": row.elapsed_us / US_PER_WIRE_UNIT,
    }
