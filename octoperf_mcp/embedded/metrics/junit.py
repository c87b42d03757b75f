"""A run as a JUnit document: one test case per action, failed when one of its samples did."""

import re
import xml.etree.ElementTree as ET
from collections import Counter, defaultdict
from typing import cast

from octoperf_mcp.embedded.metrics.bench_errors import bench_errors
from octoperf_mcp.embedded.metrics.metric_ids import US_PER_WIRE_UNIT
from octoperf_mcp.embedded.metrics.reading import Limits, RunView
from octoperf_mcp.embedded.metrics.selection import HITS, Selection
from octoperf_mcp.embedded.metrics.stats import Stats

_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_EXAMPLES = 5


async def junit_report(view: RunView) -> bytes:
    """The XML document, UTF-8; `time` of a case is its average response time in seconds."""
    cases, codes = await _cases(view)
    examples = await _examples(view)
    failed = [action for action in cases if cases[action]["err"]]
    suites = ET.Element("testsuites")
    suite = ET.SubElement(
        suites,
        "testsuite",
        name=view.run_id,
        tests=str(len(cases)),
        failures=str(len(failed)),
        errors="0",
        skipped="0",
        time=f"{view.bounds.seconds:.3f}",
    )
    for action in sorted(cases, key=view.labels.order):
        stats = cases[action]
        known = view.labels.actions.get(action)
        case = ET.SubElement(
            suite,
            "testcase",
            classname=xml_text(
                view.labels.virtual_user_name(known.virtual_user_id) if known else view.run_id
            ),
            name=xml_text(view.labels.action_path(action)),
            time=f"{stats['elapsed_sum'] / stats['n'] / US_PER_WIRE_UNIT:.3f}",
        )
        if stats["err"]:
            failure = ET.SubElement(
                case, "failure", message=xml_text(_message(stats, codes[action])), type="errors"
            )
            failure.text = xml_text("\n".join(examples[action]))
    return bytes(ET.tostring(suites, encoding="utf-8", xml_declaration=True))


async def _cases(view: RunView) -> tuple[dict[str, Stats], dict[str, Counter[str]]]:
    """Figures by action, and its errors by status."""
    hits = [each for each in view.series if each.kind in HITS]
    columns = ("n", "err", "elapsed_sum")
    by_code = await view.stats(
        hits, view.bounds, columns, key=lambda series: (series.action_id, series.code)
    )
    cases: dict[str, Stats] = defaultdict(Stats)
    codes: dict[str, Counter[str]] = defaultdict(Counter)
    for (_, key), stats in by_code.items():
        action, code = cast("tuple[str, str]", key)
        cases[action].add({column: stats[column] for column in columns}, {})
        codes[action][code] += int(stats["err"])
    return cases, codes


async def _examples(view: RunView) -> dict[str, list[str]]:
    """The first messages of each action."""
    found: dict[str, list[str]] = defaultdict(list)
    for error in await bench_errors(view, Selection(), Limits()):
        message = f"{error['timestamp']} {error['responseCode']} {error['errorMessage']}"
        if len(found[error["actionId"]]) < _EXAMPLES:
            found[error["actionId"]].append(message)
    return found


def _message(stats: Stats, codes: Counter[str]) -> str:
    listed = ", ".join(
        f"{count} x {code or 'none'}"
        for code, count in sorted(codes.items(), key=lambda each: (-each[1], each[0]))
        if count
    )
    return f"{stats['err']:.0f} of {stats['n']:.0f} failed ({listed})"


def xml_text(text: str) -> str:
    """Without the characters that XML cannot hold."""
    return _NOT_XML.sub("�", text)
