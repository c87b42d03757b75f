"""Trend reports: a reference run, and the runs that its selectors find whenever it is read.

Stored, such a report speaks of its reference alone. When it is read, two kinds of its items are
spread over the runs: a bar chart gets each metric once for each run, a table of differences
(`computeType` DELTA) once for each run that is compared. All others draw the reference.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from octoperf_mcp.embedded.store.documents import Documents
from octoperf_mcp.embedded.store.schema import new_id
from octoperf_mcp.entities.report import MOST_COMPARED
from octoperf_mcp.entities.rules import is_trend

Json = Mapping[str, Any]

DEFAULT_SHOWN = 20
_COMPARABLE = frozenset({"FINISHED", "ABORTED"})
_HIT = {"@type": "SingleTermFilter", "field": "subSampleType", "term": "Hit"}
_BARS = ("RESPONSE_TIME_AVG", "RESPONSE_TIME_PERCENTILE_95", "ERRORS_PERCENT")
_DELTAS = ("RESPONSE_TIME_AVG", "RESPONSE_TIME_PERCENTILE_95", "ERRORS_PERCENT", "HITS_RATE")
_LINES = ("USERLOAD", "HITS_RATE", "RESPONSE_TIME_AVG")

_MATCHES: Mapping[str, Callable[[str, str], bool]] = {
    "EQUALS": str.__eq__,
    "CONTAINS": str.__contains__,
    "STARTS_WITH": str.startswith,
    "ENDS_WITH": str.endswith,
}


def trend_report(run: Json, config: Json) -> dict[str, Any]:
    """TREND report of a reference run, without an id.

    Args:
        run: The reference, a bench result.
        config: TrendReportConfig.
    """
    run_id = run["id"]
    shown = config.get("shownResults") or DEFAULT_SHOWN
    return {
        "id": "",
        "projectId": run["designProjectId"],
        "name": f"Trend of {run.get('name') or run_id}"[:80],
        "description": "",
        "type": "TREND",
        "benchResultIds": [run_id],
        "configs": [{**config, "@type": "TrendReportConfig", "shownResults": shown}],
        "tags": [],
        "timeRange": None,
        "items": [
            _item("TrendConfigReportItem", "Runs of this trend"),
            _item(
                "BarChartReportItem",
                "Latest vs Reference Summary",
                metrics=[_metric(run_id, name) for name in _BARS],
            ),
            _item(
                "StatisticTableReportItem",
                "Differences to the reference",
                metrics=[_metric(run_id, name) for name in _DELTAS],
                computeType="DELTA",
                size=0,
                benchResultId=run_id,
            ),
            _item(
                "LineChartReportItem",
                "Reference: users, hits and response time",
                metrics=[_metric(run_id, name) for name in _LINES],
            ),
            _item(
                "StatisticTableReportItem",
                "Reference: statistics by request",
                metrics=[_metric(run_id, name) for name in _DELTAS],
                computeType="NORMAL",
                size=0,
            ),
        ],
    }


def _item(item_type: str, name: str, **own: Any) -> dict[str, Any]:
    common = {"@type": item_type, "id": new_id(), "name": name}
    return {**common, "description": "", "width": "FULL", **own}


def _metric(run_id: str, name: str) -> dict[str, Any]:
    users = name == "USERLOAD"
    return {
        "id": name,
        "type": "LOAD" if users else "BASIC",
        "benchResultId": run_id,
        "filters": [] if users else [_HIT],
        "configs": [],
    }


async def spread(documents: Documents, reports: Sequence[Json], user_id: str) -> list[Json]:
    """The reports as they are read: trends with the runs that they show now.

    Args:
        documents: Those of the platform.
        reports: All of one project, which the user may see.
        user_id: Who reads.
    """
    if not any(is_trend(report) for report in reports):
        return list(reports)
    project_id = reports[0]["projectId"]
    runs = [
        document.body
        for document in await documents.list("bench_result", user_id=user_id, project_id=project_id)
    ]
    scenarios = {
        document.id: str(document.body.get("name") or "")
        for document in await documents.list("scenario", user_id=user_id, project_id=project_id)
    }
    return [
        _spread(report, [run["id"] for run in compared(report, runs, scenarios)])
        if is_trend(report)
        else report
        for report in reports
    ]


def compared(report: Json, runs: Iterable[Json], scenarios: Mapping[str, str]) -> list[Json]:
    """The runs that a trend compares with its reference, the oldest first; at most 25.

    Args:
        report: A trend.
        runs: All of its project.
        scenarios: Name of each scenario by id.
    """
    configs = report.get("configs") or []
    trends = [each for each in configs if each.get("@type") == "TrendReportConfig"]
    config: Json = trends[0] if trends else {}
    selectors = config.get("selectors") or []
    if not selectors:
        return []
    reference, only = reference_of(report), config.get("shown")
    found = [
        run
        for run in runs
        if run["id"] != reference
        and run.get("state") in _COMPARABLE
        and not run.get("validation")
        and (not only or run["id"] in only)
        and all(_selects(selector, run, scenarios) for selector in selectors)
    ]
    found.sort(key=lambda run: (run.get("created") or 0, run["id"]))
    return found[-min(config.get("shownResults") or DEFAULT_SHOWN, MOST_COMPARED) :]


def reference_of(report: Json) -> str:
    """Id of the reference run; empty where a report names none."""
    return next(iter(report.get("benchResultIds") or ()), "")


def _selects(selector: Json, run: Json, scenarios: Mapping[str, str]) -> bool:
    match selector:
        case {"@type": "TrendReportNameSelector", "search": str(search), "matchType": str(how)}:
            names = {str(run.get("name") or ""), scenarios.get(run.get("scenarioId") or "", "")}
            return any(_matches(name, search, how) for name in names if name)
        case {"@type": "TrendReportTagsSelector", "tags": [*tags]}:
            return set(tags) <= set(run.get("tags") or ())
        case {"@type": "TrendReportCreationDateSelector"}:
            created = run.get("created") or 0
            start, end = selector.get("from"), selector.get("to")
            return (start is None or created >= start) and (end is None or created <= end)
    return False


def _matches(name: str, search: str, how: str) -> bool:
    plain = how.removesuffix("_IGNORECASE")
    if plain != how:
        name, search = name.casefold(), search.casefold()
    matches = _MATCHES.get(plain)
    return matches is not None and matches(name, search)


def _spread(report: Json, compared_ids: Sequence[str]) -> Json:
    """Items over runs; what an earlier reading had spread is gathered first."""
    reference = reference_of(report)
    items = []
    for item in report.get("items") or []:
        if item.get("@type") == "BarChartReportItem":
            changed = {**item, "metrics": _over(item, [reference, *compared_ids])}
        elif item.get("computeType") == "DELTA":
            runs = compared_ids or [reference]
            changed = {**item, "metrics": _over(item, runs), "benchResultId": reference}
        else:
            changed = item
        items.append(changed)
    return {**report, "items": items}


def _over(item: Json, run_ids: Sequence[str]) -> list[Json]:
    """Each different metric once for each run."""
    different: list[Json] = []
    for metric in item.get("metrics") or []:
        plain = {key: value for key, value in metric.items() if key != "benchResultId"}
        if plain not in different:
            different.append(plain)
    return [{**metric, "benchResultId": run} for metric in different for run in run_ids]
