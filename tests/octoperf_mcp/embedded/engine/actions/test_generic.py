"""Kept JMeter elements that this engine knows, and one that it does not."""

from typing import Any

import pytest

from tests.octoperf_mcp.embedded.engine.players import Json, Player, node, request
from tests.octoperf_mcp.embedded.engine.target import Target


def generic(kind: str, *children: Json, properties: Json | None = None, **more: Any) -> Json:
    made = node("GenericAction", *children, **more)
    return {**made, "testClass": f"org.apache.jmeter.{kind}", "properties": properties or {}}


def played(target: Target, *children: Json, iterations: int = 1) -> list[str]:
    player = Player(children, servers=[target.server()])
    player.play(iterations)
    return [hit.raw_target for hit in target.hits]


def test_once_only_is_for_the_first_iteration(target: Target) -> None:
    tree = (generic("OnceOnlyController", request("/a")), request("/b"))
    assert played(target, *tree, iterations=3) == ["/a", "/b", "/b", "/b"]


def test_interleaving_takes_turns(target: Target) -> None:
    tree = generic("InterleaveControl", request("/a"), request("/b"))
    assert played(target, tree, iterations=3) == ["/a", "/b", "/a"]


def test_a_random_order_plays_each_once(target: Target) -> None:
    tree = generic("RandomOrderController", request("/a"), request("/b"), request("/c"))
    assert sorted(played(target, tree)) == ["/a", "/b", "/c"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1", ["/b"]), ("", ["/a"]), ("9", ["/a"]), ("/B", ["/b"]), ("other", [])],
)
def test_a_switch_takes_a_number_or_a_name(target: Target, value: str, expected: list[str]) -> None:
    properties = {"SwitchController.value": value}
    tree = generic("SwitchController", request("/a"), request("/b"), properties=properties)
    assert played(target, tree) == expected


def test_a_runtime_of_no_time_plays_nothing_and_another_ends(target: Target) -> None:
    none = generic("RunTime", request("/a"), properties={"RunTime.seconds": "0"})
    some = generic("RunTime", request("/b"), properties={"RunTime.seconds": "0.01"})
    assert set(played(target, none, some)) == {"/b"}


def test_what_is_not_known_is_left_out_and_said_once(target: Target) -> None:
    tree = generic("IncludeController", request("/a"), name="Included")
    player = Player([tree, request("/b")], servers=[target.server()])
    player.play()
    assert [hit.raw_target for hit in target.hits] == ["/b"]
    assert "IncludeController 'Included' is not run by this engine." in player.notes.lines


@pytest.mark.parametrize(("limit", "ok"), [("60000", True), ("0.0001", False), ("x", False)])
def test_a_duration_assertion_holds_requests_to_their_time(
    target: Target, limit: str, ok: bool
) -> None:
    properties = {"DurationAssertion.duration": limit}
    slow = request("/", children=[generic("DurationAssertion", properties=properties)])
    player = Player([slow], servers=[target.server()])
    (outcome,) = player.play()
    assert outcome.sample.ok is ok


def test_a_condition_may_ask_whether_the_last_request_was_ok(target: Target) -> None:
    asked = "${JMeterThread.last_sample_ok}"
    tree = (
        request("/boom"),
        node("IfContainerAction", request("/a"), condition=asked),
        request("/"),
        node("IfContainerAction", request("/b"), condition=asked),
    )
    assert played(target, *tree) == ["/boom", "/", "/b"]
