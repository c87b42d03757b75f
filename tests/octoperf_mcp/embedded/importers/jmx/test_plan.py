"""Hostile and broken plans: a refusal of the one kind, within bounds."""

import contextlib
import io
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from octoperf_mcp.embedded.importers.failures import ImportFailed
from octoperf_mcp.embedded.importers.jmx import tree
from octoperf_mcp.embedded.importers.jmx.plans import import_jmx
from octoperf_mcp.entities.check import check
from octoperf_mcp.entities.imported import Imported

Saved = Callable[[str], bytes]
Plan = Callable[[str], bytes]
Element = Callable[..., str]
Import = Callable[..., Imported]

BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;">]><jmeterTestPlan><hashTree>&c;</hashTree></jmeterTestPlan>'
)
OUTSIDE = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    b"<jmeterTestPlan><hashTree>&a;</hashTree></jmeterTestPlan>"
)


def refusal(data: bytes) -> str:
    with pytest.raises(ImportFailed) as refused:
        import_jmx(io.BytesIO(data))
    assert refused.value.next_step
    return refused.value.problem


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "no XML"),
        (b"not xml", "no XML"),
        (b"PK\x03\x04", "no XML"),
        (b"\xff\xfe<", "no XML"),
        (b'<?xml version="1.0" encoding="no-such"?><a/>', "no XML"),
        (b"<html/>", "no JMeter test plan"),
        (b"<jmeterTestPlan/>", "before 2.1, or empty"),
        (b"<jmeterTestPlan><hashTree/></jmeterTestPlan>", "nothing that plays"),
        (BOMB, "entities"),
        (OUTSIDE, "entities"),
        (b"<!DOCTYPE x><jmeterTestPlan/>", "document type"),
    ],
    ids=lambda value: None if isinstance(value, str) else "",
)
def test_what_is_no_plan_is_refused_with_its_reason(data: bytes, told: str) -> None:
    assert told in refusal(data)


def test_a_plan_cut_short_is_refused(saved: Saved) -> None:
    data = saved("shop-5.6.jmx")
    assert "no XML" in refusal(data[: len(data) // 2])


def test_a_deep_plan_is_refused(plan: Plan) -> None:
    body = "<GenericController/><hashTree>" * 50_000
    assert "levels" in refusal(plan(body))


def test_a_plan_of_very_many_elements_is_refused(plan: Plan) -> None:
    assert "elements" in refusal(plan("<DebugSampler/><hashTree/>" * 25_000))


def test_modules_that_multiply_are_refused(
    plan: Plan, element: Element, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree, "MAX_ACTIONS", 500)

    def module(target: str) -> str:
        names = "".join(f'<stringProp name="n">{n}</stringProp>' for n in ("Plan", "Users", target))
        path = f'<collectionProp name="ModuleController.node_path">{names}</collectionProp>'
        return f'<ModuleController testname="to {target}">{path}</ModuleController><hashTree/>'

    body = "".join(
        element("GenericController", f"level {number}", module(f"level {number + 1}") * 4)
        for number in range(8)
    )
    assert "actions" in refusal(plan(body))


NAMES = st.sampled_from(
    [
        "HTTPSamplerProxy",
        "LoopController",
        "IfController",
        "ThroughputController",
        "ModuleController",
        "HeaderManager",
        "CSVDataSet",
        "CounterConfig",
        "ConstantTimer",
        "UniformRandomTimer",
        "ConstantThroughputTimer",
        "SyncTimer",
        "RegexExtractor",
        "BoundaryExtractor",
        "JSONPostProcessor",
        "ResponseAssertion",
        "JSONPathAssertion",
        "AuthManager",
        "CookieManager",
        "Arguments",
        "ThreadGroup",
        "TestAction",
        "Unheard",
    ]
)
PROPERTIES = st.sampled_from(
    [
        "HTTPSampler.domain",
        "HTTPSampler.port",
        "HTTPSampler.path",
        "HTTPSampler.method",
        "HTTPSampler.protocol",
        "LoopController.loops",
        "ThroughputController.maxThroughput",
        "ConstantTimer.delay",
        "RandomTimer.range",
        "throughput",
        "calcMode",
        "timeoutInMs",
        "CounterConfig.start",
        "CounterConfig.name",
        "filename",
        "delimiter",
        "variableNames",
        "Assertion.test_type",
        "RegexExtractor.regex",
        "RegexExtractor.match_number",
        "JSONPostProcessor.referenceNames",
        "HTTPsampler.Arguments",
        "HeaderManager.headers",
        "Arguments.arguments",
        "AuthManager.auth_list",
        "ModuleController.node_path",
        "ActionProcessor.action",
        "ActionProcessor.duration",
    ]
)
VALUES = st.sampled_from(
    [
        "",
        "1",
        "-1",
        "99999999999",
        "1e400",
        "NaN",
        "${x}",
        "${",
        "true",
        "http://[",
        "a b",
        "ü",
        "\t",
    ]
) | st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), max_size=12)


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


@st.composite
def properties(draw: st.DrawFn) -> str:
    made = ""
    for name in draw(st.lists(PROPERTIES, max_size=4)):
        tag = draw(st.sampled_from(["stringProp", "boolProp", "collectionProp", "elementProp"]))
        value = escaped(draw(VALUES))
        inner = value if tag.endswith(("ngProp", "olProp")) else f"<stringProp>{value}</stringProp>"
        made += f'<{tag} name="{name}">{inner}</{tag}>'
    return made


@st.composite
def trees(draw: st.DrawFn, levels: int = 3) -> str:
    made = ""
    for kind in draw(st.lists(NAMES, max_size=3)):
        enabled = draw(st.sampled_from(["", ' enabled="false"']))
        name = escaped(draw(VALUES))
        made += f'<{kind} testname="{name}"{enabled}>{draw(properties())}</{kind}>'
        if levels and draw(st.booleans()):
            made += f"<hashTree>{draw(trees(levels - 1))}</hashTree>"
    return made


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=trees())
def test_any_plan_becomes_valid_documents_or_a_refusal(
    body: str, plan: Plan, imported: Import
) -> None:
    with contextlib.suppress(ImportFailed):
        imported(plan(body))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_plan_or_a_refusal(data: bytes) -> None:
    try:
        made = import_jmx(io.BytesIO(data))
    except ImportFailed:
        return
    for one in made.virtual_users:
        check("virtual_user", {**one, "projectId": "p"})
