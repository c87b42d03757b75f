"""The JMeter classes that a GenericAction may name, by what this engine does with them.

Names only, so that the sanity check can tell without loading the engine.
"""

from collections.abc import Mapping
from typing import Any

CONTROLLERS = frozenset(
    {
        "InterleaveControl",
        "OnceOnlyController",
        "RandomOrderController",
        "RunTime",
        "SwitchController",
    }
)
"""Played as JMeter plays them."""
IN_ORDER = frozenset({"ParallelSampler"})
"""Their children are played one after the other."""
PROCESSORS = frozenset(
    {"DurationAssertion", "MD5HexAssertion", "SizeAssertion", "XMLAssertion", "XPathAssertion"}
)
"""Extractors and assertions: they work on the requests around them."""
LISTENERS = frozenset(
    {
        "AssertionVisualizer",
        "BackendListener",
        "BeanShellListener",
        "JSR223Listener",
        "MailerResultCollector",
        "ResultCollector",
        "ResultSaver",
        "Summariser",
        "TestPlan",
        "ThreadGroup",
        "WorkBench",
    }
)
"""They change nothing in the traffic: left out."""


RUN = CONTROLLERS | PROCESSORS

_GENERIC = ("GenericAction", "JMeterAction")


def class_of(node: Mapping[str, Any]) -> str:
    """The class of a kept JMeter element without its package; empty for any other node."""
    if str(node.get("@type")) not in _GENERIC:
        return ""
    return str(node.get("testClass") or "").rpartition(".")[2].strip()
