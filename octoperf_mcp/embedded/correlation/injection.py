"""The eight injection rules: where in a request a recorded value is replaced.

A class is `<place><part>InjectionRule`; each rewrites one text of each of its targets.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from octoperf_mcp.embedded.correlation.spelling import Replacer

Json = dict[str, Any]

MIN_LENGTH = 6
"""Shorter values are only replaced where the rule names the header or parameter."""


@dataclass(frozen=True, slots=True)
class _Target:
    """One text of a request: `holder[key]`; `name` is that of its header or parameter."""

    holder: Json
    key: str
    name: str
    where: str


def inject(request: Json, rules: list[Json], values: Replacer) -> list[str]:
    """Replace what the rules allow in one request, in place; answers where something changed.

    A known value within the name of a header or parameter is not told.
    """
    changed = []
    for rule in rules:
        kind = str(rule.get("@type"))
        find = _TARGETS.get(kind)
        if find is None or rule.get("enabled") is not True:
            continue
        wanted = str(rule.get("name") or "")
        for target in find(request):
            if not _named(kind, wanted, target.name):
                continue
            old = target.holder.get(target.key)
            if not isinstance(old, str):
                continue
            new = values.replace(
                old,
                partial=rule.get("partial") is not False,
                min_length=1 if wanted else MIN_LENGTH,
                path=kind == "RequestPathInjectionRule",
            )
            if new != old:
                target.holder[target.key] = new
                shown = values.replace(target.name, partial=True, min_length=1)
                changed.append(f"{target.where} {shown}".strip())
    return changed


def unknown(rules: list[Json]) -> list[str]:
    """Classes of injection rules that do not exist."""
    return [str(rule.get("@type")) for rule in rules if str(rule.get("@type")) not in _TARGETS]


def _named(kind: str, wanted: str, name: str) -> bool:
    if not wanted:
        return True
    return wanted.lower() == name.lower() if kind.startswith("Header") else wanted == name


def _list(value: Any) -> list[Json]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _pairs(listed: Any, place: str, key: str) -> Iterator[_Target]:
    for pair in _list(listed):
        name = str(pair.get("name") or "")
        yield _Target(pair, key, name, f"{key} of {place}")


def _post_data(request: Json) -> Json:
    data = request.get("postData")
    return data if isinstance(data, dict) else {}


def _fields(request: Json) -> list[Json]:
    data = _post_data(request)
    return _list(data.get("parameters")) + _list(data.get("parts"))


def _path(request: Json) -> Iterator[_Target]:
    yield _Target(request, "path", "", "path")


def _body(request: Json) -> Iterator[_Target]:
    yield _Target(_post_data(request), "body", "", "body")


_TARGETS: dict[str, Callable[[Json], Iterator[_Target]]] = {
    "HeaderNameInjectionRule": lambda r: _pairs(r.get("headers"), "header", "name"),
    "HeaderValueInjectionRule": lambda r: _pairs(r.get("headers"), "header", "value"),
    "QueryParamNameInjectionRule": lambda r: _pairs(r.get("parameters"), "query parameter", "name"),
    "QueryParamValueInjectionRule": lambda r: _pairs(
        r.get("parameters"), "query parameter", "value"
    ),
    "PostParamNameInjectionRule": lambda r: _pairs(_fields(r), "post parameter", "name"),
    "PostParamValueInjectionRule": lambda r: _pairs(_fields(r), "post parameter", "value"),
    "RequestPathInjectionRule": _path,
    "PostBodyInjectionRule": _body,
}
