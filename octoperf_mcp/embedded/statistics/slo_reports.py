"""What checks of thresholds look like to a CI server (JUnit XML) and in a pull request."""

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Sequence
from typing import Any

from octoperf_mcp.embedded.metrics.junit import xml_text
from octoperf_mcp.embedded.statistics.slo import Check

_MARKS = {"pass": "✅ pass", "fail": "❌ fail", "not_evaluated": "⚠️ not evaluated"}
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~@&-])")


def verdict_of(checks: Sequence[Check], state: str) -> tuple[str, str]:
    """pass, fail or not_evaluated, and why: what cannot be judged never passes."""
    counts = Counter(check.verdict for check in checks)
    told = f"{counts['pass']} of {len(checks)} thresholds hold"
    if counts["fail"]:
        return "fail", f"{told}, {counts['fail']} do not."
    if counts["not_evaluated"]:
        return "not_evaluated", f"{told}; {counts['not_evaluated']} could not be evaluated."
    if state != "FINISHED":
        return "not_evaluated", f"{told} so far, but the run is {state}."
    return "pass", f"{told}."


def row_of(check: Check) -> dict[str, Any]:
    """JSON of a check."""
    threshold = check.threshold
    return {
        "name": threshold.name,
        "metric": threshold.metric,
        "action": threshold.action,
        "bound": threshold.bound,
        "unit": check.unit,
        "value": check.value,
        "verdict": check.verdict,
        "reason": check.reason,
    }


def junit_of(run_id: str, checks: Sequence[Check], verdict: str, reason: str) -> str:
    """JUnit XML: a case per threshold, and one for the run where that alone keeps it from passing.

    A threshold that could not be evaluated is an error, which CI servers count as a failure.
    """
    suites = ET.Element("testsuites")
    suite = ET.SubElement(suites, "testsuite", name=xml_text(f"SLO of {run_id}"))
    for check in checks:
        threshold = check.threshold
        where = threshold.action or "run"
        case = ET.SubElement(
            suite,
            "testcase",
            classname=xml_text(f"slo.{where}"),
            name=xml_text(f"{threshold.name}: {threshold.metric} {threshold.bound} {check.unit}"),
            time="0",
        )
        if check.verdict != "pass":
            kind = "failure" if check.verdict == "fail" else "error"
            ET.SubElement(case, kind, message=xml_text(check.reason), type=check.verdict)
    if verdict == "not_evaluated" and all(check.verdict == "pass" for check in checks):
        case = ET.SubElement(suite, "testcase", classname="slo.run", name="state", time="0")
        ET.SubElement(case, "error", message=xml_text(reason), type=verdict)
    for attribute, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error")):
        suite.set(attribute, str(sum(1 for _ in suite.iter(tag))))
    return ET.tostring(suites, encoding="unicode", xml_declaration=False)


def markdown_of(run_name: str, checks: Sequence[Check], verdict: str, reason: str) -> str:
    """A table for a pull request; names are text there, whatever they contain."""
    lines = [
        f"### {_MARKS[verdict]}: {_plain(run_name)}",
        "",
        reason,
        "",
        "| Threshold | Action | Bound | Value | Verdict |",
        "|---|---|---|---:|---|",
    ]
    for check in checks:
        threshold = check.threshold
        value = "" if check.value is None else f"{check.value:g} {check.unit}".strip()
        cells = (
            _plain(threshold.name),
            _plain(threshold.action or "whole run"),
            f"{_plain(threshold.bound)} {check.unit}".strip(),
            value,
            _MARKS[check.verdict],
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
