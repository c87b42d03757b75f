"""Rules between the properties of a document, which no type can hold."""

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

from octoperf_mcp.entities.trees import walk

Json = Mapping[str, Any]

_BROWSER_ENGINES = {"PlaywrightUserProfileEngine", "SeleniumUserProfileEngine"}


class Broken(NamedTuple):
    """A place that breaks a rule: pointer, what is expected and what is there, in words."""

    pointer: str
    expected: str
    got: str


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
        if load.get("@type") == "UserProfileLoadCustom":
            yield from _rising_points(points, f"{where}/points")
        users = [_number(load.get("plateauVus"))]
        users += [_number(point.get("threadsCount")) for point in points]
        engine = _object(profile.get("engine")).get("@type")
        if engine in _BROWSER_ENGINES and max(users) > 1:
            expected = "1 user, the most that a profile with a real browser may have"
            place = "plateauVus" if "plateauVus" in load else "points"
            yield Broken(f"{where}/{place}", expected, f"{max(users):g}")


def _rising_points(points: list[Json], where: str) -> Iterator[Broken]:
    times = [_number(point.get("timeInMs")) for point in points]
    if times and times[0] != 0:
        yield Broken(f"{where}/0/timeInMs", "0 for the first point", f"{times[0]:.15g}")
    for index, (earlier, later) in enumerate(pairwise(times), start=1):
        if later < earlier:
            expected = f"a time not before {earlier:.15g}"
            yield Broken(f"{where}/{index}/timeInMs", expected, f"{later:.15g}")


def _ordered_bounds(document: Json) -> Iterator[Broken]:
    variable = _object(document.get("variable"))
    low, high = _number(variable.get("min")), _number(variable.get("max"))
    if variable.get("@type") == "RandomVariable" and high < low:
        expected = f"a number not below min, {low:.15g}"
        yield Broken("/variable/max", expected, f"{high:.15g}")


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
}
