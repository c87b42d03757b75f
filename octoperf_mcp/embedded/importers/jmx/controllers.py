"""Controllers of a plan as containers of the platform."""

import re
from collections.abc import Callable
from typing import Any

from octoperf_mcp.embedded.importers.jmx.known import Known
from octoperf_mcp.embedded.importers.jmx.plan import Element
from octoperf_mcp.embedded.importers.nodes import node

Json = dict[str, Any]
Made = tuple[Json, str]
"""The container, still empty, and what of it will differ; empty: nothing."""

_LAST = "LAST"
_PERCENT = "1"


def _container(element: Element, kind: str, **members: Any) -> Json:
    described = element.text("TestPlan.comments")[:2000]
    made = node(kind, element.name, enabled=element.enabled, **members, children=[])
    return {**made, "description": described}


def _simple(element: Element, _: Known) -> Made:
    return _container(element, "ContainerAction", generateSample=False), ""


def _transaction(element: Element, _: Known) -> Made:
    timed = element.flag("TransactionController.includeTimers")
    told = "its row is the sum of its requests, without think times" if timed else ""
    return _container(element, "ContainerAction", generateSample=True), told


def _loop(element: Element, known: Known) -> Made:
    written = element.text("LoopController.loops").strip()
    plain = element.flag("LoopController.continue_forever") and not written
    count = -1 if plain else known.whole_number(written or "1")
    if "${" in written or count is None:
        return _container(element, "LoopContainerAction", countExpression=written), ""
    return _container(element, "LoopContainerAction", count=max(count, -1)), ""


def _if(element: Element, _: Known) -> Made:
    expression = element.flag("IfController.useExpression")
    condition = element.text("IfController.condition")
    made = _container(
        element,
        "IfContainerAction",
        condition=condition,
        useExpression=expression,
        evaluateAll=element.flag("IfController.evaluateAll"),
    )
    return made, ""


def _while(element: Element, _: Known) -> Made:
    condition = element.text("WhileController.condition").strip()
    if condition == _LAST:
        told = "it is entered also when the request before it failed"
        return _container(element, "WhileContainerAction", condition=""), told
    return _container(element, "WhileContainerAction", condition=condition), ""


def _for_each(element: Element, known: Known) -> Made:
    ends = known.whole_number(element.text("ForeachController.endIndex"))
    made = _container(
        element,
        "ForEachContainerAction",
        inputVariable=element.text("ForeachController.inputVal"),
        outputVariable=element.text("ForeachController.returnVal"),
        startIndex=max(known.whole_number(element.text("ForeachController.startIndex")) or 0, 0),
        endIndex=ends if ends and ends > 0 else None,
        useSeparator=element.flag("ForeachController.useSeparator", default=True),
    )
    return made, ""


def _random(element: Element, _: Known) -> Made:
    if element.text("InterleaveControl.style") not in {"", "0"}:
        return _container(element, "RandomContainerAction"), "controllers below it count as one"
    return _container(element, "RandomContainerAction"), ""


def _throughput(element: Element, known: Known) -> Made:
    percent = element.text("ThroughputController.style") == _PERCENT
    name = "percentThroughput" if percent else "maxThroughput"
    written = _number_text(element, f"ThroughputController.{name}")
    resolved = known.resolved(written).strip()
    good = re.fullmatch(r"\d{1,9}(\.\d{1,9})?", resolved)
    made = _container(
        element,
        "FlowControlContainerAction",
        mode="PERCENT" if percent else "ITERATIONS",
        value=float(resolved) if good else 100.0,
        perUser=element.flag("ThroughputController.perThread"),
    )
    if good:
        return made, f"its share {written[:80]} is fixed: {resolved}" if "${" in written else ""
    return made, f"its share {written[:80]!r} is no number and became 100"


def _number_text(element: Element, name: str) -> str:
    """A number, of which older versions keep a property with `value` in it."""
    value = element.properties.get(name)
    if isinstance(value, dict):
        value = value.get("value", "")
    return value if isinstance(value, str) else ""


def _locked(element: Element, _: Known) -> Made:
    made = _container(element, "ContainerAction", generateSample=False)
    return made, "users no longer wait for each other here"


CONTROLLERS: dict[str, Callable[[Element, Known], Made]] = {
    "GenericController": _simple,
    "RecordingController": _simple,
    "TransactionController": _transaction,
    "LoopController": _loop,
    "IfController": _if,
    "WhileController": _while,
    "ForeachController": _for_each,
    "RandomController": _random,
    "ThroughputController": _throughput,
    "CriticalSectionController": _locked,
}
"""By class."""
