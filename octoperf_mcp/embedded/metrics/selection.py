"""Which samples a metric speaks of: the kind it names, and its filters."""

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.metrics.labels import Labels
from octoperf_mcp.embedded.metrics.sample import CONTAINER, HIT, ITERATION, RESOURCE, STEP

HITS = frozenset({HIT, RESOURCE})
CONTAINERS = frozenset({CONTAINER})
ITERATIONS = frozenset({ITERATION})
EVERYTHING = HITS | CONTAINERS | {STEP}

_SUB_SAMPLE_TYPES = {"Hit": HITS, "Container": CONTAINERS, "Iteration": ITERATIONS}
_OLDER_TYPES = {"HIT": HITS, "CONTAINER": CONTAINERS}
"""Sample types of earlier clients; the later model has a filter for the kind instead."""
_NEWER_TYPES = ("BASIC", "WEB", "LOAD", "NUMBER_COUNTER")


@dataclass(frozen=True, slots=True)
class Series:
    """One set of dimensions of one generator, as filters see it."""

    series_no: int
    generator: str
    region: str
    action_id: str
    """Of the row: that of sub-requests ends in `.resources`."""
    virtual_user_id: str
    profile: int
    kind: str
    code: str
    method: str
    media_type: str


_FIELDS: Mapping[str, Callable[[Series, Labels], str]] = {
    "actionId": lambda series, _: series.action_id,
    "actionPath": lambda series, labels: labels.action_path(series.action_id),
    "virtualUserName": lambda series, labels: labels.virtual_user_name(series.virtual_user_id),
    "userProfileName": lambda series, labels: labels.profile_name(series.profile),
    "region": lambda series, _: series.region,
    "injectorId": lambda series, _: series.generator,
    "responseCode": lambda series, _: series.code,
    "method": lambda series, _: series.method,
    "mediaType": lambda series, _: series.media_type,
}
MONITOR_FIELDS = ("connectionName", "counterPath")
FIELDS = ("subSampleType", *_FIELDS, *MONITOR_FIELDS)
"""What a filter may name."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Kind and terms, all of which must hold."""

    kinds: frozenset[str] | None = None
    """None when the metric names no kind: hits, but containers too where each row is an action."""
    terms: tuple[tuple[str, frozenset[str]], ...] = ()

    def matches(self, series: Series, labels: Labels, default: frozenset[str] = HITS) -> bool:
        """Whether the samples of a series count; samples that were cut off never do."""
        if series.kind not in (default if self.kinds is None else self.kinds):
            return False
        return all(
            _FIELDS[field](series, labels) in terms
            for field, terms in self.terms
            if field in _FIELDS
        )

    def of(self, field: str) -> frozenset[str] | None:
        """The terms that a field may have; None: any."""
        found = [terms for name, terms in self.terms if name == field]
        return frozenset.intersection(*found) if found else None


def selection(sample_type: object, filters: Iterable[object]) -> Selection:
    """Read the `type` and the `filters` of a metric.

    Raises:
        Invalid: an unknown type, filter or field.
    """
    kinds = _kinds_of_type(sample_type)
    terms: list[tuple[str, frozenset[str]]] = []
    for each in filters:
        field, wanted = _filter(each)
        if field == "subSampleType":
            named = _sub_sample_types(wanted)
            kinds = named if kinds is None else kinds & named
        else:
            terms.append((field, wanted))
    return Selection(kinds, tuple(sorted(terms, key=lambda term: (term[0], sorted(term[1])))))


def _kinds_of_type(sample_type: object) -> frozenset[str] | None:
    if sample_type in (None, "") or sample_type in _NEWER_TYPES:
        return None
    if isinstance(sample_type, str) and sample_type in _OLDER_TYPES:
        return _OLDER_TYPES[sample_type]
    allowed = ", ".join((*_NEWER_TYPES, *_OLDER_TYPES))
    raise Invalid(f"The sample type {sample_type!r} is unknown; there are {allowed}.")


def _filter(given: object) -> tuple[str, frozenset[str]]:
    if not isinstance(given, Mapping):
        raise Invalid("A filter is an object with @type, field and term or terms.")
    field = given.get("field")
    if field not in FIELDS:
        close = difflib.get_close_matches(str(field), FIELDS, 1)
        hint = f"; did you mean {close[0]}?" if close else f"; there are {', '.join(FIELDS)}."
        raise Invalid(f"The filter field {field!r} is unknown{hint}")
    return str(field), _terms(given)


def _terms(given: Mapping[str, Any]) -> frozenset[str]:
    match given:
        case {"@type": "SingleTermFilter", "term": str(term)}:
            return frozenset({term})
        case {"@type": "MultiTermFilter", "terms": [*terms]} if all(
            isinstance(term, str) for term in terms
        ):
            return frozenset(terms)
    raise Invalid(
        "A filter is a SingleTermFilter with a text `term`, or a MultiTermFilter with a list of "
        f"texts `terms`; the one of {given.get('field')} is neither."
    )


def _sub_sample_types(wanted: frozenset[str]) -> frozenset[str]:
    unknown = sorted(wanted - _SUB_SAMPLE_TYPES.keys())
    if unknown:
        raise Invalid(f"subSampleType is Hit, Container or Iteration, not {unknown[0]!r}.")
    return frozenset().union(*(_SUB_SAMPLE_TYPES[each] for each in wanted))
