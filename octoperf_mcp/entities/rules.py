"""Rules between the properties of a document, which no type can hold."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

from octoperf_mcp.entities.engines import ARRIVALS
from octoperf_mcp.entities.trees import walk
from octoperf_mcp.entities.widgets import METRICS, MOST, TAKES, takers

Json = Mapping[str, Any]

_CURVE_AND_REFERENCE = 2
_BROWSER_ENGINES = {"PlaywrightUserProfileEngine", "SeleniumUserProfileEngine"}


class Broken(NamedTuple):
    """A place that breaks a rule: pointer, what is expected and what is there, in words."""

    pointer: str
    expected: str
    got: str
    allowed: tuple[str, ...] = ()


def broken_rules(kind: str, document: Json) -> Iterator[Broken]:
    """Places of a document of a kind that break a rule; of wrong types nothing is said."""
    for rule in _RULES.get(kind, ()):
        yield from rule(document)


def _unique_action_ids(document: Json) -> Iterator[Broken]:
    """Samples, errors and report rows refer to an action by its id."""
    seen: dict[str, str] = {}
    for pointer, action in walk(document.get("children"), "/children"):
        identity = action.get("id")
        if not isinstance(identity, str):
            continue
        if not identity:
            yield Broken(f"{pointer}/id", "an id, such as a fresh UUID", '""')
        elif identity in seen:
            expected = f"an id of its own ({seen[identity]} has it already)"
            yield Broken(f"{pointer}/id", expected, f'"{identity}"')
        else:
            seen[identity] = pointer


def _counted_loops(document: Json) -> Iterator[Broken]:
    for pointer, action in walk(document.get("children"), "/children"):
        if action.get("@type") != "LoopContainerAction":
            continue
        if action.get("count") is None and not action.get("countExpression"):
            yield Broken(f"{pointer}/count", "required property", "nothing")


def _possible_loads(document: Json) -> Iterator[Broken]:
    for index, profile in enumerate(_objects(document.get("userProfiles"))):
        where, load = f"/userProfiles/{index}/load", _object(profile.get("load"))
        points = _objects(load.get("points"))
        if load.get("@type") in {"UserProfileLoadCustom", ARRIVALS}:
            yield from _rising_points(points, f"{where}/points")
        if load.get("@type") == ARRIVALS and points:
            yield from _some_arrivals(points, f"{where}/points")
        users = [_number(load.get("plateauVus")), _number(load.get("maxVus"))]
        users += [_number(point.get("threadsCount")) for point in points]
        engine = _object(profile.get("engine")).get("@type")
        if engine in _BROWSER_ENGINES and max(users) > 1:
            expected = "1 user, the most that a profile with a real browser may have"
            place = next((name for name in ("plateauVus", "maxVus") if name in load), "points")
            yield Broken(f"{where}/{place}", expected, f"{max(users):g}")


def _rising_points(points: list[Json], where: str) -> Iterator[Broken]:
    times = [_number(point.get("timeInMs")) for point in points]
    if times and times[0] != 0:
        yield Broken(f"{where}/0/timeInMs", "0 for the first point", f"{times[0]:.15g}")
    for index, (earlier, later) in enumerate(pairwise(times), start=1):
        if later < earlier:
            expected = f"a time not before {earlier:.15g}"
            yield Broken(f"{where}/{index}/timeInMs", expected, f"{later:.15g}")


def _some_arrivals(points: list[Json], where: str) -> Iterator[Broken]:
    if not any(_number(point.get("arrivalsPerMinute")) for point in points):
        yield Broken(where, "arrivals at some moment", "arrivalsPerMinute 0 at every point")
    elif _number(points[-1].get("timeInMs")) == 0:
        yield Broken(where, "a last point after 0 ms", "points at 0 ms only")


def _ordered_bounds(document: Json) -> Iterator[Broken]:
    variable = _object(document.get("variable"))
    low, high = _number(variable.get("min")), _number(variable.get("max"))
    if variable.get("@type") == "RandomVariable" and high < low:
        expected = f"a number not below min, {low:.15g}"
        yield Broken("/variable/max", expected, f"{high:.15g}")


def _own_item_ids(document: Json) -> Iterator[Broken]:
    """Values are read by the id of their item."""
    seen: dict[str, int] = {}
    for index, item in enumerate(_objects(document.get("items"))):
        identity = item.get("id")
        if not isinstance(identity, str):
            continue
        if not identity:
            yield Broken(f"/items/{index}/id", "an id, such as a fresh UUID", '""')
        elif identity in seen:
            expected = f"an id of its own (/items/{seen[identity]} has it already)"
            yield Broken(f"/items/{index}/id", expected, f'"{identity}"')
        else:
            seen[identity] = index


def _metrics_that_fit(document: Json) -> Iterator[Broken]:
    """Each item takes some metrics only, and so many of one run."""
    for index, item in enumerate(_objects(document.get("items"))):
        item_type = item.get("@type")
        taken = TAKES.get(str(item_type))
        if taken is None:
            continue
        where = f"/items/{index}/metrics"
        metrics = _objects(item.get("metrics"))
        for number, metric in enumerate(metrics):
            name = metric.get("id")
            if isinstance(name, str) and name not in taken:
                place = f"{where}/{number}/id"
                expected = _fitting(str(item_type), name)
                yield Broken(place, expected, f'"{name}"', tuple(sorted(taken)))
        yield from _fitting_number(str(item_type), metrics, where)


def _fitting(item_type: str, name: str) -> str:
    if name not in METRICS:
        return f"a metric of {item_type}"
    return f"a metric of {item_type} ({name} is for {', '.join(takers(name))})"


def _fitting_number(item_type: str, metrics: list[Json], where: str) -> Iterator[Broken]:
    if item_type == "AreaRangeChartReportItem":
        if len(metrics) != _CURVE_AND_REFERENCE:
            expected = "exactly 2 metrics, a curve and its reference"
            yield Broken(where, expected, f"a list of {len(metrics)}")
        return
    of_one_run = Counter(str(metric.get("benchResultId")) for metric in metrics)
    most, found = MOST.get(item_type), max(of_one_run.values(), default=0)
    if most is not None and found > most:
        yield Broken(where, f"at most {most} metrics of one run", f"{found}")


def _known_runs(document: Json) -> Iterator[Broken]:
    """A metric speaks of a run of its report; a trend finds its other runs itself."""
    runs = document.get("benchResultIds")
    if not isinstance(runs, list) or not runs or is_trend(document):
        return
    known = tuple(run for run in runs if isinstance(run, str))
    for index, item in enumerate(_objects(document.get("items"))):
        places = [(f"/items/{index}", item)]
        metrics = _objects(item.get("metrics"))
        places += [(f"/items/{index}/metrics/{n}", each) for n, each in enumerate(metrics)]
        for where, place in places:
            run = place.get("benchResultId")
            if isinstance(run, str) and run not in known:
                yield Broken(f"{where}/benchResultId", "a run of this report", f'"{run}"', known)


def is_trend(report: Json) -> bool:
    """Whether a report follows runs by itself."""
    kinds = [config.get("@type") for config in _objects(report.get("configs"))]
    return report.get("type") == "TREND" or "TrendReportConfig" in kinds


def _simple_time_range(document: Json) -> Iterator[Broken]:
    """Only a report of one run can be limited to a part of it."""
    given = document.get("timeRange")
    if not isinstance(given, Mapping):
        return
    runs = document.get("benchResultIds")
    if is_trend(document) or (isinstance(runs, list) and len(runs) > 1):
        yield Broken("/timeRange", "null, since the report shows several runs", "an object")
    start, end = given.get("from"), given.get("to")
    if isinstance(start, int) and isinstance(end, int) and end <= start:
        yield Broken("/timeRange/to", f"a time after from, {start}", f"{end}")


def _object(value: Any) -> Json:
    return value if isinstance(value, Mapping) else {}


def _objects(value: Any) -> list[Json]:
    return [_object(item) for item in value] if isinstance(value, list) else []


def _number(value: Any) -> float:
    return value if isinstance(value, int | float) else 0


_RULES: dict[str, tuple[Callable[[Json], Iterator[Broken]], ...]] = {
    "virtual_user": (_unique_action_ids, _counted_loops),
    "scenario": (_possible_loads,),
    "variable": (_ordered_bounds,),
    "bench_report_template": (_own_item_ids, _metrics_that_fit),
    "bench_report": (_own_item_ids, _metrics_that_fit, _known_runs, _simple_time_range),
}
