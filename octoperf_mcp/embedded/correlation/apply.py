"""Applying correlation rules to a recorded virtual user.

Each enabled rule is walked through the requests in the order in which they are played. Where the
recorded answer matches, its extractor is planted below the request; what it found is a known
value from then on. In the requests after it, every known value is replaced by the variable where
the injection rules allow. A token that is renewed thus follows the last extraction, and one that
a browser still sent after its renewal is replaced too: replayed, only the latest can be right.
Applying again changes nothing.
"""

import copy
import re
import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from octoperf_mcp.embedded.correlation.extraction import BadExtractorError, Search
from octoperf_mcp.embedded.correlation.injection import inject, unknown
from octoperf_mcp.embedded.correlation.recorded import BodyOf, Played, played
from octoperf_mcp.embedded.correlation.spelling import Replacer

__all__ = ["Applied", "RuleTimeoutError", "apply_rules"]

Json = dict[str, Any]
TimeLimit = Callable[[], AbstractContextManager[None]]


class RuleTimeoutError(BaseException):
    """Raised by a time limit; no Exception, since the code that it interrupts catches those."""


@dataclass(frozen=True, slots=True)
class Applied:
    """The new virtual user and the evidence; no value of the recording is in the evidence.

    A change is `{actionId, actionName, change: EXTRACT or INJECT, where, variable, rule}`, a note
    `{rule, message}`: why a rule did nothing.
    """

    virtual_user: Json
    changes: list[Json]
    notes: list[Json]


@dataclass(frozen=True, slots=True)
class _Found:
    """What a rule's extractor finds in the answer of one request."""

    values: list[str]
    unescaped: bool


def apply_rules(
    virtual_user: Json,
    rules: list[Json],
    body_of: BodyOf,
    *,
    time_limit: TimeLimit = nullcontext,
) -> Applied:
    """Plant extractors and replace recorded values; the given document is left as it is.

    Args:
        virtual_user: The document, with recorded requests and responses.
        rules: Correlation rules of the project, in the order in which they are applied.
        body_of: The bytes of a recorded body.
        time_limit: Entered around the expressions of one rule; raises `RuleTimeoutError`.
    """
    changed = copy.deepcopy(virtual_user)
    requests = played(changed, body_of)
    changes: list[Json] = []
    notes: list[Json] = []
    for rule in rules:
        if rule.get("enabled") is not True:
            continue
        try:
            made, note = _apply(rule, requests, time_limit)
        except BadExtractorError as error:
            made, note = [], f"Not applied: {error}."
        changes += made
        if note:
            notes.append({"rule": _name(rule), "message": note})
    return Applied(changed, changes, notes)


def _name(rule: Json) -> str:
    return str(rule.get("name") or "")


def _apply(rule: Json, requests: list[Played], limit: TimeLimit) -> tuple[list[Json], str]:
    search = Search(rule)
    injections = [one for one in _list(rule.get("injectionRules")) if isinstance(one, dict)]
    if strange := unknown(injections):
        raise BadExtractorError(f"there is no injection rule {strange[0][:60]!r}")
    found = _search(search, requests, limit)
    if not any(one.values for one in found):
        return [], _unmatched(requests, search)
    changes = _walk(rule, search, injections, list(zip(requests, found, strict=True)))
    used = any(change["change"] == "INJECT" for change in changes)
    if used or _mentioned(requests, search.variable):
        return changes, ""
    return changes, "Its values are sent nowhere that its injection rules allow."


def _search(search: Search, requests: list[Played], limit: TimeLimit) -> list[_Found]:
    current = ""
    found = []
    try:
        with limit():
            for request in requests:
                current = request.id
                values: list[str] = []
                unescaped = False
                if request.answer is not None:
                    values, unescaped = search.matches(request.answer)
                found.append(_Found([value for value in values if value], unescaped))
    except RuleTimeoutError:
        raise BadExtractorError(
            f"its expression took too long on the recorded response of action {current};"
            " make it simpler, for example without nested repetitions"
        ) from None
    return found


def _walk(
    rule: Json, search: Search, injections: list[Json], requests: list[tuple[Played, _Found]]
) -> list[Json]:
    """One replacer for each distinct replacement text of the injection rules."""
    texts: dict[str, list[Json]] = {}
    for injection in injections:
        texts.setdefault(str(injection.get("replacement") or ""), []).append(injection)
    known = {text: Replacer() for text in texts}
    changes = []
    for request, found in requests:
        for text, values in known.items():
            if values:
                changes += [
                    _change(rule, search, request, "INJECT", where)
                    for where in inject(request.node, texts[text], values)
                ]
        if not found.values:
            continue
        if _plant(search, request.node, unescaped=found.unescaped):
            changes.append(_change(rule, search, request, "EXTRACT", "response"))
        for text, values in known.items():
            _learn(search, found, values, text)
    return changes


def _learn(search: Search, found: _Found, values: Replacer, text: str) -> None:
    own = f"${{{search.variable}}}"
    for index, value in enumerate(found.values, 1):
        reference = f"${{{search.variable}_{index}}}" if search.number < 0 else own
        values.learn(value, reference, (text or own).replace(own, reference))


def _plant(search: Search, request: Json, *, unescaped: bool) -> bool:
    """Add the extractor unless the request has it already."""
    children = request.get("children")
    if not isinstance(children, list):
        request["children"] = children = []
    if any(search.same(child) for child in children):
        return False
    children.append(search.planted(unescaped=unescaped) | {"id": secrets.token_urlsafe(15)})
    return True


def _change(rule: Json, search: Search, request: Played, change: str, where: str) -> Json:
    return {
        "actionId": request.id,
        "actionName": str(request.node.get("name") or ""),
        "change": change,
        "where": where,
        "variable": search.variable,
        "rule": _name(rule),
    }


def _unmatched(requests: list[Played], search: Search) -> str:
    if search.warning:
        return f"Its extractor fails: {search.warning}."
    if any(request.answer is not None for request in requests):
        return "Its extractor matches no recorded response."
    return "There are no recorded responses: import a recording with bodies."


def _mentioned(requests: list[Played], variable: str) -> bool:
    """Whether a request uses the variable already."""
    reference = re.compile(rf"\$\{{(?:__\w+\(\$\{{)?{re.escape(variable)}(?:_\d+)?\}}")
    return any(
        reference.search(str([request.node.get(key) for key in _TEXTS])) for request in requests
    )


_TEXTS = ("path", "parameters", "headers", "postData")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
