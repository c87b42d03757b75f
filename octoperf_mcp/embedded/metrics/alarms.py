"""Thresholds of the load generators: when one was broken, and for how long.

Each generator is a monitored connection with two counters. A generator that has no processor time
left, or whose timers are late, measures itself rather than its target.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from octoperf_mcp.embedded.metrics.gauges import ALL_COUNTERS, COUNTERS
from octoperf_mcp.embedded.metrics.reading import Limits, RunView
from octoperf_mcp.embedded.metrics.selection import Selection
from octoperf_mcp.embedded.metrics.tables import generator_second, metric_generator

SEVERITIES = ("PASSED", "WARNING", "CRITICAL")
"""From none to worst."""
MONITOR_TYPE = "LOAD_GENERATOR"
_CPU, _LAG = COUNTERS


@dataclass(frozen=True, slots=True)
class Band:
    """Values of a counter from `low` up to but without `high` raise an alarm."""

    id: str
    counter: str
    severity: str
    low: float
    high: float | None

    def holds(self, value: float) -> bool:
        """Whether a value is in it."""
        return value >= self.low and (self.high is None or value < self.high)

    def range(self) -> dict[str, Any]:
        """As the range of a RangeCondition."""
        upper = {} if self.high is None else {"upperEndpoint": self.high, "upperBoundType": "OPEN"}
        return {"lowerEndpoint": self.low, "lowerBoundType": "CLOSED", **upper}


BANDS = (
    Band("cpu-warning", _CPU, "WARNING", 80, 95),
    Band("cpu-critical", _CPU, "CRITICAL", 95, None),
    Band("lag-warning", _LAG, "WARNING", 100, 500),
    Band("lag-critical", _LAG, "CRITICAL", 500, None),
)
"""Per cent of one core, and milliseconds."""


async def threshold_alarms(view: RunView, limits: Limits) -> list[dict[str, Any]]:
    """ThresholdAlarm rows, the earliest first; duration 0 is one second alone."""
    generator, second = metric_generator.c, generator_second.c
    where = [generator.run_no == view.run_no]
    if limits.start is not None:
        where.append(second.second >= limits.start)
    if limits.end is not None:
        where.append(second.second < limits.end)
    broken = [second[COUNTERS[band.counter]] >= band.low for band in BANDS]
    found = await view.connection.execute(
        sa.select(generator.name, second.second, *(second[name] for name in COUNTERS.values()))
        .join(generator_second, second.generator_no == generator.generator_no)
        .where(*where, sa.or_(*broken))
        .order_by(generator.name, second.second)
    )
    rows: list[tuple[Any, ...]] = [tuple(row) for row in found]
    alarms = [
        _alarm(view.run_id, band, stretch)
        for band in BANDS
        for stretch in _stretches(rows, band, 2 + list(COUNTERS).index(band.counter))
    ]
    return sorted(alarms, key=lambda alarm: (alarm["start"], alarm["id"]))


def _stretches(
    rows: Sequence[tuple[Any, ...]], band: Band, column: int
) -> Iterator[list[tuple[str, int, float]]]:
    """Seconds of one generator that follow each other, all in the band."""
    stretch: list[tuple[str, int, float]] = []
    for row in rows:
        name, second, value = row[0], row[1], row[column]
        if value is None or not band.holds(value):
            continue
        if stretch and stretch[-1][:2] != (name, second - 1):
            yield stretch
            stretch = []
        stretch.append((name, second, float(value)))
    if stretch:
        yield stretch


def _alarm(run_id: str, band: Band, stretch: list[tuple[str, int, float]]) -> dict[str, Any]:
    (name, first, _), (_, last, _) = stretch[0], stretch[-1]
    return {
        "id": f"{name}:{band.id}:{first}",
        "severity": band.severity,
        "thresholdId": band.id,
        "counterId": band.counter,
        "connectionId": name,
        "benchResultId": run_id,
        "start": first * 1000,
        "duration": (last - first) * 1000,
        "value": max(value for _, _, value in stretch),
        "threshold": band.range(),
    }


async def monitors_table(view: RunView) -> list[dict[str, Any]]:
    """MonitorsTableEntry rows: each load generator with its counters and its alarms."""
    alarms = await threshold_alarms(view, Limits())
    names = await view.connection.scalars(
        sa.select(metric_generator.c.name)
        .where(metric_generator.c.run_no == view.run_no)
        .order_by(metric_generator.c.name)
    )
    entries = []
    for name in names:
        mine = [alarm["severity"] for alarm in alarms if alarm["connectionId"] == name]
        entries.append(
            {
                "connectionName": name,
                "monitorType": MONITOR_TYPE,
                "counterPaths": list(ALL_COUNTERS),
                "alarmCount": len(mine),
                "severity": max(mine, key=SEVERITIES.index, default=SEVERITIES[0]),
            }
        )
    return entries


async def textual_monitors(view: RunView, selection: Selection) -> list[dict[str, Any]]:
    """TextualCounterValue rows: what each generator said of itself when it began."""
    generator, second = metric_generator.c, generator_second.c
    found = await view.connection.execute(
        sa.select(generator.name, generator.host, generator.region, sa.func.min(second.second))
        .join(generator_second, second.generator_no == generator.generator_no)
        .where(generator.run_no == view.run_no)
        .group_by(generator.name, generator.host, generator.region)
        .order_by(generator.name)
    )
    wanted = selection.of("connectionName")
    return [
        {"connectionId": name, "counterPath": path, "timestamp": first * 1000, "value": value}
        for name, host, region, first in found
        if wanted is None or name in wanted
        for path, value in (("Host", host), ("Region", region))
    ]
