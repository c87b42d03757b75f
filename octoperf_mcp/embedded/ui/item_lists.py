"""Report items that a page shows as a list: insights, alarms, monitors, what was run."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from octoperf_mcp.embedded.metrics import alarms, insights
from octoperf_mcp.embedded.metrics.items import Item, filters_of
from octoperf_mcp.embedded.metrics.reading import Limits, RunView
from octoperf_mcp.embedded.platform import Platform
from octoperf_mcp.embedded.ui.rendering import figure, when

_MS = 1000.0

Rows = tuple[Sequence[str], list[list[str]], str]
"""Columns, rows, and what is said where there is none."""


class Reader(Protocol):
    """Whoever looks at a report: a page, or a print of it."""

    @property
    def platform(self) -> Platform:
        """Where the values are."""

    async def get(self, kind: str, document_id: str) -> dict[str, Any]:
        """Body of a document that he may see; NotFound when he may not."""


async def insight_rows(view: RunView, item: Item, limits: Limits) -> Rows:
    """Insights, those that passed left out."""
    found = await insights.insights({view.run_id: view}, item, limits)
    rows = [
        [row["id"].replace("_", " ").capitalize(), row["level"], *_measured(row)]
        for row in found
        if row["level"] != "PASSED"
    ]
    return ("Insight", "Level", "Value", "Which is"), rows, "Nothing stands out."


def _measured(row: Mapping[str, Any]) -> list[str]:
    unit = {"THRESHOLD_ALARM": "alarms", "NOT_ENOUGH_DATA": "users"}.get(row["id"], "%")
    return [figure(row["value"], unit), str(row["message"])]


async def alarm_rows(view: RunView, _item: Item, limits: Limits) -> Rows:
    """Broken thresholds, the earliest first."""
    return alarm_table(await alarms.threshold_alarms(view, limits))


def alarm_table(found: Sequence[Mapping[str, Any]]) -> Rows:
    """A row for each alarm."""
    rows = [
        [
            str(row["connectionId"]),
            str(row["counterId"]),
            str(row["severity"]),
            when(row["start"]),
            figure(row["duration"] / _MS, "s"),
            figure(row["value"], ""),
        ]
        for row in found
    ]
    columns = ("Connection", "Counter", "Severity", "Start", "Duration", "Greatest")
    return columns, rows, "No threshold was broken."


async def text_rows(view: RunView, item: Item, _limits: Limits) -> Rows:
    """Texts of monitors."""
    found = await alarms.textual_monitors(view, filters_of(item.body))
    rows = [[row["connectionId"], row["counterPath"], row["value"]] for row in found]
    return ("Connection", "Counter", "Text"), rows, "Nothing textual was sent."


async def monitor_rows(view: RunView, _item: Item, _limits: Limits) -> Rows:
    """Monitored connections."""
    rows = [
        [
            str(row["connectionName"]),
            ", ".join(row["counterPaths"]),
            str(row["alarmCount"]),
            str(row["severity"]),
        ]
        for row in await alarms.monitors_table(view)
    ]
    return ("Connection", "Counters", "Alarms", "Worst"), rows, "Nothing is monitored."


async def synopsis_rows(reader: Reader, run_id: str) -> Rows:
    """What was run, and how."""
    run = await reader.get("bench_result", run_id)
    facts = [
        ("Run", str(run.get("name") or "")),
        ("State", str(run["state"])),
        ("Started", when(run.get("startedAt") or run.get("created"))),
        ("Users", str(run.get("userLoad") or "")),
        ("Planned duration", figure((run.get("durationMs") or 0) / _MS, "s")),
        ("Tags", ", ".join(run.get("tags") or ())),
    ]
    return ("Fact", "Value"), [[name, value] for name, value in facts if value], ""


async def trend_rows(reader: Reader, report: Mapping[str, Any]) -> Rows:
    """The reference of a trend and the runs that it shows now, in their order."""
    bars = [item for item in report["items"] if item["@type"] == "BarChartReportItem"]
    named = [metric["benchResultId"] for item in bars for metric in item["metrics"]]
    ids = dict.fromkeys([*report["benchResultIds"], *named])
    rows = []
    for number, run_id in enumerate(ids):
        run = await reader.get("bench_result", run_id)
        label = f"Run {number}" if number else "Reference"
        rows.append([label, str(run.get("name") or run_id), when(run.get("created")), run["state"]])
    return ("Label", "Run", "Made", "State"), rows, "No run."
