"""Every `@type` of an action is played, or the sanity check says that it is not."""

from typing import Any, get_args

import pytest

from octoperf_mcp.embedded.engine.actions import generic, generic_classes
from octoperf_mcp.embedded.engine.actions.assertions import ASSERTIONS
from octoperf_mcp.embedded.engine.actions.compiler import ACTIONS
from octoperf_mcp.embedded.engine.actions.extractors import EXTRACTORS
from octoperf_mcp.embedded.engine.actions.generic_assertions import GENERIC_ASSERTIONS
from octoperf_mcp.embedded.sanity.check import sanity_check
from octoperf_mcp.entities.actions import Action
from octoperf_mcp.entities.thinktime import Thinktime
from tests.octoperf_mcp.embedded.engine.players import Json, Player, node, request, variable
from tests.octoperf_mcp.embedded.engine.target import Target


def kinds_of(union: Any) -> list[str]:
    """The discriminators of a union, aliases too."""
    models = get_args(get_args(union)[0])
    return [kind for model in models for kind in get_args(model.model_fields["kind"].annotation)]


NOT_RUN = {
    "JSR223Action": {"language": "groovy", "script": "new Socket()"},
    "JSR223PreProcessor": {"language": "groovy", "script": "new Socket()"},
    "JSR223PostProcessor": {"language": "java", "script": "new Socket();"},
    "PlaywrightSpecAction": {"filename": "a.spec.ts", "content": ""},
    "WebDriverAction": {"url": "http://a.test"},
    "SeleniumAction": {"url": "http://a.test"},
    "GenericAction": {"testClass": "org.apache.jmeter.protocol.jdbc.sampler.JDBCSampler"},
    "JMeterAction": {"testClass": "JDBCSampler"},
}
"""What only a row, or the run log, and the sanity check tell of."""


@pytest.mark.parametrize("kind", sorted(set(kinds_of(Action)) - set(NOT_RUN)))
def test_each_action_has_what_plays_it(kind: str) -> None:
    assert kind in {*ACTIONS, *EXTRACTORS, *ASSERTIONS}


@pytest.mark.parametrize("kind", sorted(NOT_RUN))
def test_what_is_not_played_is_said_by_the_sanity_check(kind: str) -> None:
    tree = [node(kind, **NOT_RUN[kind])]
    rows = sanity_check({"id": "vu", "type": "JMETER", "children": tree}, [], [], {}, {})
    assert [row["level"] for row in rows if " here" in row["message"] or "only" in row["message"]]
    player = Player(tree)
    outcomes = player.play()
    assert all(not outcome.sample.ok and outcome.message for outcome in outcomes)
    assert player.notes.lines


LISTED = {"WebDriverAction", "SeleniumAction", "SLAProfileAction"}
"""Steps of a WebDriver list, and what plays nowhere."""
ORDERLY = {"ContainerAction", "ThinktimeAction", "DelayAction", "DebugAction"}
"""Without these the same pages are opened in the same order."""


@pytest.mark.parametrize("kind", sorted(set(kinds_of(Action)) - LISTED))
def test_a_webdriver_list_refuses_each_action_that_it_would_leave_out(kind: str) -> None:
    step = node("WebDriverAction", id="step", url="http://a.test")
    tree = [node(kind, step, id="other"), node("ContainerAction", enabled=False)]
    rows = sanity_check({"id": "vu", "type": "WEB_DRIVER", "children": tree}, [], [], {}, {})
    told = [row["level"] for row in rows if f"({kind}): " in row["message"]]
    assert told == ["WARNING" if kind in ORDERLY else "ERROR"], rows
    assert not [row for row in rows if row.get("actionId") == "step"]


def test_a_webdriver_list_of_steps_needs_no_word() -> None:
    tree = [node(kind, url="http://a.test") for kind in sorted(LISTED)]
    assert sanity_check({"id": "vu", "type": "WEB_DRIVER", "children": tree}, [], [], {}, {}) == []


@pytest.mark.parametrize("kind", ["ResponseAssertion", "HttpRequestAction"])
def test_what_hangs_below_a_script_is_refused(kind: str) -> None:
    content = "test('x', () => {});"
    below = node("PlaywrightSpecAction", node(kind), filename="a.spec.ts", content=content)
    rows = sanity_check({"id": "vu", "type": "PLAYWRIGHT", "children": [below]}, [], [], {}, {})
    told = [row["level"] for row in rows if "nothing below a script" in row["message"]]
    assert told == ["ERROR"]


def test_the_kept_elements_that_are_played_are_those_that_the_sanity_check_knows() -> None:
    assert set(generic.CONTROLLERS) == generic_classes.CONTROLLERS | generic_classes.IN_ORDER
    assert set(GENERIC_ASSERTIONS) == generic_classes.PROCESSORS


TREES: list[Json] = [
    node("ContainerAction", request()),
    node("LoopContainerAction", request(), count=1),
    node("IfContainerAction", request(), condition='"a" == "a"'),
    node("WhileContainerAction", request(), condition="${go}"),
    node("ForEachContainerAction", request(), inputVariable="list", outputVariable="each"),
    node("RandomContainerAction", request()),
    node("FlowControlContainerAction", request(), mode="PERCENT", value=100),
]


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: str(tree["@type"]))
def test_each_container_reaches_its_requests(target: Target, tree: Json) -> None:
    stop = node("RegexpVariableExtractor", variable="go", regexp="nothing", defaultValue="false")
    tree["children"][0]["children"] = [stop]
    listed = [
        variable("ConstantVariable", "list_1", value="a"),
        variable("ConstantVariable", "go", value="true"),
    ]
    Player([tree], servers=[target.server()], variables=listed).play()
    assert target.by_path() == {"/": 1}


@pytest.mark.parametrize("kind", kinds_of(Thinktime))
def test_each_think_time_is_measured(kind: str) -> None:
    value = {
        "@type": kind,
        "value": 1,
        "min": 1,
        "max": 1,
        "offset": 1,
        "deviation": 0,
        "hitsPerSecond": 1000,
    }
    player = Player([node("ThinktimeAction", thinktime=value)])
    player.play()
    assert player.notes.lines == []
