"""A report as who reads it needs it: which items there are, and what each shows."""

from collections.abc import Mapping
from typing import Any, Final

_HITS: Final = ({"@type": "SingleTermFilter", "field": "subSampleType", "term": "Hit"},)
"""Requests count, not the actions around them, as in every metric of a report that runs make."""
LEFT_OUT: Final = (
    "Of items what is empty, of metrics also their type, the only run and the filter on requests "
    "(subSampleType Hit). Read view full before you patch items."
)
_LAID_OUT: Final = frozenset({"width"})
_NOTHING: Final[tuple[Any, ...]] = (None, "", [], {})


def outlined(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Its items without what is empty, usual or said of the report: a quarter of their size.

    A metric is its id, its filters where they are no usual ones, and its run where there are
    several. Names, ids, order and all else stay.
    """
    runs = report.get("benchResultIds") or []
    only = runs[0] if len(runs) == 1 else None
    return [_item(item, only) for item in report.get("items") or []]


def _item(item: Mapping[str, Any], only: str | None) -> dict[str, Any]:
    kept = {name: value for name, value in _told(item, only).items() if name not in _LAID_OUT}
    if isinstance(metrics := item.get("metrics"), list):
        kept["metrics"] = [_metric(each, only) for each in metrics]
    return kept


def _metric(metric: Mapping[str, Any], only: str | None) -> dict[str, Any]:
    kept = _told(metric, only)
    kept.pop("type", None)
    if tuple(kept.get("filters") or ()) == _HITS:
        del kept["filters"]
    return kept


def _told(value: Mapping[str, Any], only: str | None) -> dict[str, Any]:
    """Without what is empty, and without the run where it is the only one; names stay."""
    return {
        name: each
        for name, each in value.items()
        if name == "name" or (each not in _NOTHING and (name != "benchResultId" or each != only))
    }
