"""Files of thresholds, and what CI servers and pull requests get."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence

import pytest

from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.statistics.slo import Check, Threshold, thresholds_of
from octoperf_mcp.embedded.statistics.slo_reports import junit_of, markdown_of, verdict_of

GOOD = b"""warmUpSec = 5
[[thresholds]]
metric = "RESPONSE_TIME_PERCENTILE_95"
max = 800
action = "Search"
[[thresholds]]
metric = "HITS_RATE"
min = 1.5
max = 90
name = "Enough traffic"
"""


def test_toml_and_json_say_the_same() -> None:
    same = b"""{"warmUpSec": 5, "thresholds": [
        {"metric": "RESPONSE_TIME_PERCENTILE_95", "max": 800, "action": "Search"},
        {"metric": "HITS_RATE", "min": 1.5, "max": 90, "name": "Enough traffic"}]}"""
    found = thresholds_of(GOOD, "slo.toml")
    assert found == thresholds_of(same, "slo.json")
    assert found.rows[0] == Threshold(
        "RESPONSE_TIME_PERCENTILE_95 of Search", "RESPONSE_TIME_PERCENTILE_95", "Search", None, 800
    )
    assert found.rows[1].bound == ">= 1.5 and <= 90"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("thresholds = [", "no TOML"),
        ("", "1 to 200"),
        ("thresholds = 7", "1 to 200"),
        ("warmUpSec = true\n[[thresholds]]\nmetric='HITS_RATE'\nmax=1", "warmUpSec"),
        ("[[threshold]]\nmetric='HITS_RATE'", "did you mean thresholds?"),
        ("[[thresholds]]\nmetric='HITS_RAT'\nmax=1", "did you mean HITS_RATE?"),
        ("[[thresholds]]\nmetric='HTTP_METHODS'\nmax=1", "is unknown"),
        ("[[thresholds]]\nmetric='HITS_RATE'", "needs max, min"),
        ("[[thresholds]]\nmetric='HITS_RATE'\nmax='1'", "max is a number"),
        ("[[thresholds]]\nmetric='HITS_RATE'\nmax=nan", "max is a number"),
        ("[[thresholds]]\nmetric='HITS_RATE'\nmax=1\nmin=2", "min is greater"),
        ("[[thresholds]]\nmetric='HITS_RATE'\nmaxi=1", "did you mean max?"),
        ("[[thresholds]]\nmetric='USERLOAD'\nmax=1\naction='x'", "whole run"),
        ("[[thresholds]]\nmetric=['a']\nmax=1", "metric is a text"),
    ],
)
def test_a_wrong_file_is_told_what_is_wrong(text: str, says: str) -> None:
    with pytest.raises(Invalid, match=r"slo\.toml") as caught:
        thresholds_of(text.encode(), "slo.toml")
    assert says in caught.value.message


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(Invalid, match="no TOML"):
        thresholds_of(b"\xff\xfe", "slo.toml")


HOSTILE = 'a|b <script> & \x00\n[x](http://evil) "q" \']]>'


def checks(*verdicts: str) -> Sequence[Check]:
    return [
        Check(Threshold(HOSTILE, "HITS_RATE", HOSTILE, None, 5), "hits/s", verdict, 7, HOSTILE)
        for verdict in verdicts
    ]


@pytest.mark.parametrize(
    ("verdicts", "state", "expected"),
    [
        (("pass", "pass"), "FINISHED", "pass"),
        (("pass", "fail", "not_evaluated"), "FINISHED", "fail"),
        (("pass", "not_evaluated"), "FINISHED", "not_evaluated"),
        (("pass",), "RUNNING", "not_evaluated"),
        (("pass",), "ABORTED", "not_evaluated"),
        (("fail",), "RUNNING", "fail"),
    ],
)
def test_what_cannot_be_judged_never_passes(
    verdicts: tuple[str, ...], state: str, expected: str
) -> None:
    """Neither as a verdict nor for a CI server."""
    found = checks(*verdicts)
    verdict, reason = verdict_of(found, state)
    assert verdict == expected
    suite = ET.fromstring(junit_of("run1", found, verdict, reason))[0]
    bad = int(suite.attrib["failures"]) + int(suite.attrib["errors"])
    assert (bad == 0) == (expected == "pass")
    assert int(suite.attrib["tests"]) == len(suite.findall("testcase"))


def test_names_are_text_whatever_they_contain() -> None:
    found = checks("fail")
    suite = ET.fromstring(junit_of("run1", found, "fail", ""))[0]
    case = suite[0]
    assert case.attrib["classname"].startswith("slo.a|b <script> & ")
    (row,) = [line for line in markdown_of(HOSTILE, found, "fail", "").splitlines()
              if line.startswith("| a")]  # fmt: skip
    assert row.replace("\\|", "").count("|") == 6
    assert "<script>" not in row
    assert "](http" not in row
