"""Proposes correlation rules for a recording: values that an answer made and requests send again.

A value that a request sent before any answer held it came from the user or the browser: it is no
candidate. Each proposal is tried by applying it, so that its evidence and its patch are what
applying a rule does. No value of the recording is in a proposal.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from octoperf_mcp.embedded.correlation.apply import TimeLimit, apply_rules
from octoperf_mcp.embedded.correlation.extraction import BadExtractorError, Search
from octoperf_mcp.embedded.correlation.origins import Origin, first_answers, origin_of
from octoperf_mcp.embedded.correlation.recorded import BodyOf, Played, played
from octoperf_mcp.embedded.correlation.sent import Sent, looks_random, sent_values

Json = dict[str, Any]

_INJECTIONS = {
    "HEADER": "HeaderValueInjectionRule",
    "QUERY_PARAM": "QueryParamValueInjectionRule",
    "POST_PARAM": "PostParamValueInjectionRule",
    "PATH": "RequestPathInjectionRule",
    "BODY": "PostBodyInjectionRule",
}
_NAMELESS = frozenset({"PATH", "BODY"})
_SESSION_WORDS = re.compile(
    r"(?i)csrf|xsrf|token|nonce|state|sess|sid$|valid|ticket|sign|auth|code|saml|canary|jwt|"
    r"challenge|verif|execution|conversation|flow|request_?id"
)
_LONGEST_NAME = 40
_NEVER = ("children", "recordedRequest", "recordedResponse")


@dataclass(frozen=True, slots=True)
class _Recording:
    virtual_user: Json
    body_of: BodyOf
    requests: list[Played]
    time_limit: TimeLimit


@dataclass(slots=True)
class _Candidate:
    """A rule to be: one expression, and where its values are sent."""

    origin: Origin
    name: str
    places: dict[tuple[str, str], None] = field(default_factory=dict)
    values: set[str] = field(default_factory=set)

    def confidence(self) -> tuple[float, list[str]]:
        """From 0 to 1, and what speaks for it or against it."""
        reasons = []
        score = 0.3
        if _SESSION_WORDS.search(self.name):
            score += 0.3
            reasons.append(f"{self.name} is a name of session data")
        if all(looks_random(value) for value in self.values):
            score += 0.2
            reasons.append("the value looks random")
        if self.origin.named:
            score += 0.1
            reasons.append("the answer has it under the name that it is sent with")
        if len(self.values) > 1:
            score += 0.1
            reasons.append(f"the recording has {len(self.values)} different values")
        if self.origin.number > 1:
            score -= 0.1
            reasons.append(f"it is match {self.origin.number} of the expression")
        if all(value.isdigit() for value in self.values):
            score -= 0.1
            reasons.append("it is a number, perhaps one of stored data")
        return round(max(0.05, min(score, 0.95)), 2), reasons


def propose(
    virtual_user: Json,
    body_of: BodyOf,
    *,
    limit: int,
    taken: Sequence[str] = (),
    plant: Sequence[str] = (),
    time_limit: TimeLimit,
) -> Json:
    """`{proposals, total}`: the most certain first, at most `limit`; total counts all.

    With names to `plant`, `patch` is added: it plants the proposals of these names together, which
    the patches of each, made for the tree as it is, do not where two of them change one text.

    Args:
        virtual_user: The document, with recorded requests and responses.
        body_of: The bytes of a recorded body.
        limit: Largest number of proposals.
        taken: Names of variables that there are.
        plant: Names of proposals; those that are none are passed over.
        time_limit: As for `apply_rules`.
    """
    recording = _Recording(virtual_user, body_of, played(virtual_user, body_of), time_limit)
    candidates = _candidates(recording.requests)
    candidates.sort(key=lambda one: (-one.confidence()[0], one.origin.request))
    names = set(taken)
    proposals: list[Json] = []
    rules: list[Json] = []
    for candidate in candidates:
        if len(proposals) == limit:
            break
        variable = _variable(candidate.name, names)
        made = _proposal(candidate, variable, recording)
        if made is not None:
            names.add(variable)
            proposals.append(made)
            if variable in plant:
                rules.append(_rule(candidate, variable))
    told: Json = {"proposals": proposals, "total": len(candidates)}
    if plant:
        applied = apply_rules(virtual_user, rules, body_of, time_limit=time_limit)
        told["patch"] = list(_patch(virtual_user, applied.virtual_user))
    return told


def _candidates(requests: Sequence[Played]) -> list[_Candidate]:
    sent = sent_values(request.node for request in requests)
    held = first_answers(requests, (one.value for one in sent))
    first_sent: dict[str, int] = {}
    for one in sent:
        first_sent.setdefault(one.value, one.request)
    found: dict[tuple[str, str, int], _Candidate] = {}
    chosen: dict[str, _Candidate] = {}
    for one in sent:
        if one.value not in chosen:
            candidate = _candidate(one, requests, held, first_sent[one.value])
            if candidate is None:
                continue
            origin = candidate.origin
            key = (origin.source, origin.regexp, origin.number)
            chosen[one.value] = found.setdefault(key, candidate)
        chosen[one.value].places[one.target, one.name] = None
        chosen[one.value].values.add(one.value)
    return list(found.values())


def _candidate(
    one: Sent,
    requests: Sequence[Played],
    held: dict[str, list[tuple[int, str, str]]],
    first: int,
) -> _Candidate | None:
    before = [place for place in held.get(one.value, ()) if place[0] < first]
    if not before:
        return None
    origin = origin_of(requests, before, one.name)
    return None if origin is None else _Candidate(origin, one.name or "value")


def _variable(name: str, taken: set[str]) -> str:
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "_", name).strip("_.-")[:_LONGEST_NAME] or "value"
    made, number = plain, 1
    while made in taken:
        number += 1
        made = f"{plain}{number}"
    return made


def _proposal(candidate: _Candidate, variable: str, recording: _Recording) -> Json | None:
    """None where applying the rule would replace nothing."""
    rule = _rule(candidate, variable)
    try:
        Search(rule)
    except BadExtractorError:
        return None
    applied = apply_rules(
        recording.virtual_user, [rule], recording.body_of, time_limit=recording.time_limit
    )
    uses = [change for change in applied.changes if change["change"] == "INJECT"]
    if not uses:
        return None
    confidence, reasons = candidate.confidence()
    source = recording.requests[candidate.origin.request]
    return {
        "name": variable,
        "confidence": confidence,
        "reasons": reasons,
        "source": {
            "actionId": source.id,
            "actionName": str(source.node.get("name") or ""),
            "part": candidate.origin.source,
        },
        "uses": [{key: use[key] for key in ("actionId", "actionName", "where")} for use in uses],
        "extractor": rule["extractor"],
        "injectionTargets": list(dict.fromkeys(target for target, _ in candidate.places)),
        "injectionRules": rule["injectionRules"],
        "patch": list(_patch(recording.virtual_user, applied.virtual_user)),
    }


def _rule(candidate: _Candidate, variable: str) -> Json:
    origin = candidate.origin
    places = dict.fromkeys(
        (target, "" if target in _NAMELESS else name) for target, name in candidate.places
    )
    return {
        "name": variable,
        "enabled": True,
        "extractor": {
            "@type": "RegexpVariableExtractor",
            "id": "",
            "name": variable,
            "enabled": True,
            "variable": variable,
            "regexp": origin.regexp,
            "template": "$1$",
            "matchNumber": origin.number,
            "extractFrom": origin.source,
            "defaultValue": "",
        },
        "injectionRules": [
            {
                "@type": _INJECTIONS[target],
                "enabled": True,
                **({} if target in _NAMELESS else {"name": name}),
                "replacement": f"${{{variable}}}",
                "partial": True,
            }
            for target, name in places
        ],
    }


def _patch(before: Json, after: Json) -> Iterator[Json]:
    """RFC 6902 operations from a tree to the same with extractors and replaced texts."""
    waiting: list[tuple[str, Any, Any]] = [("", before, after)]
    while waiting:
        pointer, old, new = waiting.pop()
        for key, value in new.items():
            if key not in _NEVER and value != old.get(key):
                yield from _replacements(f"{pointer}/{key}", old.get(key), value)
        children = old.get("children") or []
        grown = new.get("children") or []
        if grown and not children and "children" not in old:
            yield {"op": "add", "path": f"{pointer}/children", "value": grown}
            continue
        for added in grown[len(children) :]:
            yield {"op": "add", "path": f"{pointer}/children/-", "value": added}
        pairs = enumerate(zip(children, grown, strict=False))
        waiting += [
            (f"{pointer}/children/{index}", one, other)
            for index, (one, other) in reversed(list(pairs))
            if one != other
        ]


def _replacements(pointer: str, old: Any, new: Any) -> Iterator[Json]:
    """Replacements of the texts that differ in two values of one shape."""
    if isinstance(new, dict) and isinstance(old, dict):
        for key, value in new.items():
            if value != old.get(key):
                yield from _replacements(f"{pointer}/{key}", old.get(key), value)
    elif isinstance(new, list) and isinstance(old, list):
        for index, (one, other) in enumerate(zip(old, new, strict=True)):
            if one != other:
                yield from _replacements(f"{pointer}/{index}", one, other)
    else:
        yield {"op": "replace", "path": pointer, "value": new}
