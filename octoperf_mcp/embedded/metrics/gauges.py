"""What load generators say of themselves: active users, processor, lag of their timers."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import sqlalchemy as sa

from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.metrics.gauge_limits import CPU_PCT, LAG_MS
from octoperf_mcp.embedded.metrics.reading import Limits, RunView, Window, interval_of
from octoperf_mcp.embedded.metrics.selection import MONITOR_FIELDS, Selection
from octoperf_mcp.embedded.metrics.tables import generator_second, metric_generator

COUNTERS = {"% CPU": "cpu_pct", "Timer lag (ms)": "lag_ms"}
"""Of the generator process itself: what makes its times doubtful."""
ALL_COUNTERS = COUNTERS | {
    "% CPU of the machine": "machine_cpu_pct",
    "% Memory of the machine": "memory_pct",
}
"""Values of the filter `counterPath` for the metric MONITORING; `connectionName` is a generator."""

_GAP_S = 5
"""A generator that skipped this many seconds still had its users."""
_USER_FILTERS = ("region", "injectorId", "userProfileName", "virtualUserName")

Curve = dict[int, float]
"""Value by epoch second in which the interval begins."""
_Row = tuple[int, int, int | Mapping[str, int]]


async def user_load(
    view: RunView, selection: Selection, limits: Limits, interval: int | None = None
) -> Curve:
    """Active users: the most in each interval.

    Args:
        view: The run.
        selection: Filters by region, injectorId, userProfileName or virtualUserName.
        limits: What part of the run.
        interval: Seconds between points; None: chosen by the length of the run.

    Raises:
        Invalid: a filter by anything else.
    """
    _require_fields(selection, _USER_FILTERS, "USERLOAD")
    generators = await _generators(view, selection)
    window = await _window(view, generators, limits)
    interval = interval or window.interval
    profiles = _profiles(view, selection)
    rows = await _users(view, generators, window, interval, profiles)
    return await asyncio.to_thread(_together, rows, interval, profiles)


def _together(rows: Sequence[_Row], interval: int, profiles: frozenset[str] | None) -> Curve:
    """All generators; of a long run these are many rows, which is work for a thread."""
    users: dict[int, Curve] = defaultdict(dict)
    for number, start, active in rows:
        count = active if isinstance(active, int) else _sum(active, profiles or frozenset())
        users[number][start] = max(count, users[number].get(start, 0))
    total: Curve = defaultdict(float)
    for curve in users.values():
        for start, together in _without_gaps(curve, interval):
            total[start] += together
    return dict(sorted(total.items()))


async def monitoring(view: RunView, selection: Selection, limits: Limits) -> Curve:
    """A counter of the load generators: the greatest value of any of them in each interval.

    Raises:
        Invalid: no known counterPath, or a filter that is not about generators.
    """
    _require_fields(selection, ("region", "injectorId", *MONITOR_FIELDS), "MONITORING")
    paths = selection.of("counterPath") or frozenset()
    if len(paths) != 1 or not paths <= ALL_COUNTERS.keys():
        raise Invalid(f"MONITORING needs a filter counterPath: {' or '.join(ALL_COUNTERS)}.")
    value = generator_second.c[ALL_COUNTERS[next(iter(paths))]]
    generators = await _generators(view, selection)
    window = await _window(view, generators, limits)
    start = interval_of(generator_second.c.second, window.interval)
    found = await view.connection.execute(
        sa.select(start, sa.func.max(value))
        .where(*_within(generators, window), value.is_not(None))
        .group_by(start)
        .order_by(start)
    )
    return {start: float(greatest) for start, greatest in found}


async def load_generators(view: RunView) -> list[dict[str, Any]]:
    """BenchLoadGenerator rows, by name.

    `end` is null while the generator works; `maxCpuPct` is 0 to 100 of one core; `overloadedSec`
    counts the seconds in which it could not keep up; `maxMachineCpuPct` and `maxMemoryPct` are
    those of all that runs on its machine.
    """
    table, second = metric_generator.c, generator_second.c
    found = await view.connection.execute(
        sa.select(
            table.name,
            table.region,
            table.host,
            table.ended,
            sa.func.max(second.users),
            sa.func.min(second.second),
            sa.func.max(second.second),
            sa.func.max(second.cpu_pct),
            sa.func.max(second.lag_ms),
            sa.func.max(second.machine_cpu_pct),
            sa.func.max(second.memory_pct),
            sa.func.count().filter(sa.or_(second.cpu_pct >= CPU_PCT, second.lag_ms >= LAG_MS)),
        )
        .join(generator_second, second.generator_no == table.generator_no)
        .where(table.run_no == view.run_no)
        .group_by(table.generator_no, table.name, table.region, table.host, table.ended)
        .order_by(table.name)
    )
    return [
        {
            "benchResultId": view.run_id,
            "id": name,
            "name": name,
            "region": region,
            "host": host,
            "vuCount": users or 0,
            "start": first * 1000,
            "end": (last + 1) * 1000 if ended else None,
            "maxCpuPct": cpu,
            "maxLagMs": lag,
            "maxMachineCpuPct": machine_cpu,
            "maxMemoryPct": memory,
            "overloadedSec": overloaded,
        }
        for (
            name,
            region,
            host,
            ended,
            users,
            first,
            last,
            cpu,
            lag,
            machine_cpu,
            memory,
            overloaded,
        ) in found
    ]


def _require_fields(selection: Selection, allowed: Sequence[str], metric: str) -> None:
    for field, _ in selection.terms:
        if field not in allowed:
            raise Invalid(f"{metric} knows no filter {field}, only {', '.join(allowed)}.")


async def _generators(view: RunView, selection: Selection) -> list[int]:
    """Numbers of the generators that the filters let through."""
    table = metric_generator.c
    found = await view.connection.execute(
        sa.select(table.generator_no, table.name, table.region).where(table.run_no == view.run_no)
    )
    regions = selection.of("region")
    names = [selection.of("injectorId"), selection.of("connectionName")]
    return [
        number
        for number, name, region in found
        if (regions is None or region in regions)
        and all(wanted is None or name in wanted for wanted in names)
    ]


def _profiles(view: RunView, selection: Selection) -> frozenset[str] | None:
    """Profile numbers, as text, that the filters let through; None: all."""
    names, virtual_users = selection.of("userProfileName"), selection.of("virtualUserName")
    if names is None and virtual_users is None:
        return None
    labels = view.labels
    return frozenset(
        str(number)
        for number, (_, virtual_user) in enumerate(labels.profiles)
        if (names is None or labels.profile_name(number) in names)
        and (virtual_users is None or labels.virtual_user_name(virtual_user) in virtual_users)
    )


async def _window(view: RunView, generators: Sequence[int], limits: Limits) -> Window:
    """Like the window of samples, but from the first gauge to the last."""
    second = generator_second.c
    bounds = await view.connection.execute(
        sa.select(sa.func.min(second.second), sa.func.max(second.second)).where(
            second.generator_no.in_(generators), second.users.is_not(None)
        )
    )
    first, last = bounds.one()
    if first is None:
        return Window(0, 0)
    start = first if limits.start is None else max(first, limits.start)
    end = last + 1 if limits.end is None else min(last + 1, limits.end)
    return Window(start, max(start, end))


def _within(generators: Sequence[int], window: Window) -> list[sa.ColumnElement[bool]]:
    second = generator_second.c
    return [
        second.generator_no.in_(generators),
        second.second >= window.start,
        second.second < window.end,
    ]


async def _users(
    view: RunView,
    generators: Sequence[int],
    window: Window,
    interval: int,
    profiles: frozenset[str] | None,
) -> Sequence[_Row]:
    """Generator number, start of the interval, users, or those of each profile; by time."""
    second = generator_second.c
    start = interval_of(second.second, interval)
    where = [*_within(generators, window), second.users.is_not(None)]
    columns = second.generator_no, start
    query = (
        sa.select(*columns, sa.func.max(second.users)).group_by(*columns)
        if profiles is None
        else sa.select(*columns, second.users_by_profile)
    )
    found = await view.connection.execute(query.where(*where).order_by(start))
    return [tuple(row) for row in found]


def _sum(by_profile: Mapping[str, int], profiles: frozenset[str]) -> int:
    return sum(count for profile, count in by_profile.items() if profile in profiles)


def _without_gaps(curve: Curve, interval: int) -> Iterable[tuple[int, float]]:
    """The points, and the last value where up to a few seconds are missing."""
    points = sorted(curve.items())
    for (start, count), (following, _) in pairwise(points):
        missing = range(start, following, interval)
        if (len(missing) - 1) * interval <= _GAP_S:
            yield from ((point, count) for point in missing)
        else:
            yield start, count
    yield from points[-1:]
