"""A verdict as JUnit XML, Markdown and a message of a chat."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as ET

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MARKDOWN = re.compile(r"([\\`*_\[\]<>|#])")
_WHOLE = "the whole run"
_SHOWN_MAX = 10

Checks = Sequence[Mapping[str, Any]]


def junit(verdict: Mapping[str, Any]) -> str:
    """One test suite; a test case for the run and for each action.

    Args:
        verdict: As `delivery_judge_run` answers it.
    """
    checks: Checks = verdict["checks"]
    ended = verdict["state"] == "FINISHED"
    failed = sum(not check["passed"] for check in checks)
    suite = ET.Element(
        "testsuite",
        name=_plain(verdict["name"]),
        tests=str(len(checks) if ended else 1),
        failures=str(failed),
        errors="0" if ended else "1",
    )
    properties = ET.SubElement(suite, "properties")
    ET.SubElement(properties, "property", name="url", value=verdict["url"])
    for check in checks:
        case = ET.SubElement(
            suite,
            "testcase",
            classname=_plain(verdict["name"]),
            name=_plain(check["action"] or _WHOLE),
            time=f"{check['averageMs'] / 1000:.6f}",
        )
        if not check["passed"]:
            told = ET.SubElement(case, "failure", message=_plain(check["reason"]))
            told.text = verdict["url"]
    if not ended:
        case = ET.SubElement(suite, "testcase", classname=_plain(verdict["name"]), name=_WHOLE)
        ET.SubElement(case, "error", message=f"the run ended as {verdict['state']}")
    return ET.tostring(suite, encoding="unicode", xml_declaration=True)


def markdown(verdict: Mapping[str, Any]) -> str:
    """A heading with a link, and a table."""
    outcome = "passed" if verdict["passed"] else "failed"
    lines = [
        f"## [{_escaped(verdict['name'])}]({verdict['url']}): {outcome}",
        "",
        "| Action | Verdict | Hits | Errors % | Average ms | p95 ms |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {_escaped(check['action'] or _WHOLE)} | {_escaped(check['reason']) or 'passed'} "
        f"| {check['hits']} | {check['errorPct']} | {check['averageMs']} | {check['p95Ms']} |"
        for check in verdict["checks"]
    ]
    return "\n".join(lines) + "\n"


def message(verdict: Mapping[str, Any], note: str) -> dict[str, Any]:
    """What an incoming webhook takes: `text`, and the same in blocks."""
    mark = ":white_check_mark:" if verdict["passed"] else ":x:"
    title = f"{mark} <{verdict['url']}|{_slack(verdict['name'])}>"
    failed = [check for check in verdict["checks"] if not check["passed"]]
    lines = [title, *([_slack(note)] if note else [])]
    lines += [
        f"• {_slack(check['action'] or _WHOLE)}: {_slack(check['reason'])}"
        for check in failed[:_SHOWN_MAX]
    ]
    if len(failed) > _SHOWN_MAX:
        lines.append(f"and {len(failed) - _SHOWN_MAX} more")
    text = "\n".join(lines)
    block = {"type": "section", "text": {"type": "mrkdwn", "text": text[:3000]}}
    return {"text": text, "blocks": [block]}


def _plain(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)


def _escaped(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", text.replace("\n", " "))


def _slack(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\n", " ")
