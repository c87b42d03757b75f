import time

import gevent
import pytest

from octoperf_mcp.embedded.engine.actions.compiler import Options
from octoperf_mcp.embedded.engine.actions.timers import compile_thinktime
from octoperf_mcp.embedded.engine.play.control import StopTest, StopUser, TimeUp
from octoperf_mcp.embedded.engine.play.profiles import compile_profile
from octoperf_mcp.embedded.engine.play.session import UserSession
from octoperf_mcp.embedded.metrics.sample import CONTAINER
from tests.octoperf_mcp.embedded.engine.players import Json, Player, node, request
from tests.octoperf_mcp.embedded.engine.target import Target


def paths(target: Target) -> list[str]:
    return [hit.raw_target for hit in target.hits]


def player(target: Target, *children: Json, **more: object) -> Player:
    return Player(children, servers=[target.server()], **more)  # type: ignore[arg-type]


def test_a_container_sums_up_its_requests(target: Target) -> None:
    inner = node("ContainerAction", request("/boom"), id="inner")
    outer = node("ContainerAction", request("/"), inner, request("/json"), id="outer")
    outcomes = player(target, outer).play()
    rows = {outcome.sample.action_id: outcome.sample for outcome in outcomes}
    assert [outcome.sample.action_id for outcome in outcomes] == [
        "/", "/boom", "inner", "/json", "outer",
    ]  # fmt: skip
    assert (rows["outer"].kind, rows["outer"].code, rows["outer"].ok) == (CONTAINER, "", False)
    parts = [rows[path] for path in ("/", "/boom", "/json")]
    assert rows["outer"].elapsed_us == sum(part.elapsed_us for part in parts)
    assert rows["outer"].received_bytes == sum(part.received_bytes for part in parts)
    assert rows["inner"].elapsed_us == rows["/boom"].elapsed_us


def test_a_container_may_do_without_its_row(target: Target) -> None:
    silent = node("ContainerAction", request("/"), generateSample=False)
    empty = node("ContainerAction", node("IfContainerAction", request("/"), condition="false"))
    assert [o.sample.action_id for o in player(target, silent, empty).play()] == ["/"]


def test_loops_repeat_and_count(target: Target) -> None:
    loop = node("LoopContainerAction", request("/?i=${__jm__L__idx}"), count=3, name="L")
    by_text = node("LoopContainerAction", request("/json"), countExpression="${twice}")
    play = player(target, loop, by_text)
    play.variables["twice"] = "2"
    play.play()
    assert paths(target) == ["/?i=0", "/?i=1", "/?i=2", "/json", "/json"]


def test_an_endless_loop_ends_when_the_run_ends(target: Target) -> None:
    play = player(target, node("LoopContainerAction", count=-1))
    gevent.spawn_later(0.02, play.halt.set)
    with pytest.raises(TimeUp):
        play.play()


@pytest.mark.parametrize(
    ("condition", "played"),
    [
        ("true", True),
        ("${yes}", True),
        ("${unknown}", False),
        ('"${yes}" == "true"', True),
        ('"${yes}" != "true" || "a" == \'a\'', True),
        ('"${yes}" == "true" && !("1" == "2")', True),
        ("${n} > 5", True),
        ("${n} >= 8", False),
        ("", False),
        ('${__groovy(vars.get("yes") == "true")}', True),
        ('${__jexl3("${yes}" == "no",)}', False),
        ('${__groovy(vars.get("gone") == null)}', True),
        ('${__groovy(vars.get("n").toInteger() + 1 == 8)}', True),
        ('${__groovy(vars.get("yes").startsWith("tr"))}', True),
        ("import os", False),
    ],
)
def test_an_if_plays_its_children_when_the_condition_holds(
    target: Target, condition: str, played: bool
) -> None:
    play = player(target, node("IfContainerAction", request("/"), condition=condition))
    play.variables.update(yes="true", n="7")
    play.play()
    assert (target.count == 1) is played, play.notes.lines


def test_while_goes_on_until_its_text_is_false(target: Target) -> None:
    stop = node("SetPropertyAction", propertyName="on", value="false")
    loop = node("WhileContainerAction", request("/"), stop, condition="${__P(on,true)}")
    player(target, loop).play()
    assert target.count == 1


def test_a_blank_while_ends_on_the_first_failing_request(target: Target) -> None:
    counter = node("IfContainerAction", request("/boom"), condition='"${__jm__W__idx}" == "2"')
    loop = node("WhileContainerAction", request("/"), counter, condition="", name="W")
    player(target, loop).play()
    assert paths(target) == ["/", "/", "/", "/boom"]


def test_for_each_goes_through_numbered_variables(target: Target) -> None:
    loop = node(
        "ForEachContainerAction", request("/?x=${x}"), inputVariable="item", outputVariable="x"
    )
    part = {**loop, "startIndex": 1, "endIndex": 2}
    play = player(target, loop, part)
    play.variables.update(item_1="a", item_2="b", item_3="c", item_5="e")
    play.play()
    assert paths(target) == ["/?x=a", "/?x=b", "/?x=c", "/?x=b"]


def test_random_plays_one_child(target: Target) -> None:
    play = player(target, node("RandomContainerAction", request("/"), request("/json")))
    play.play(40)
    assert target.count == 40
    assert set(target.by_path()) == {"/", "/json"}


def test_flow_control_plays_an_exact_share(target: Target) -> None:
    percent = node("FlowControlContainerAction", request("/"), mode="PERCENT", value=30)
    first = node("FlowControlContainerAction", request("/json"), mode="ITERATIONS", value=3)
    own = node(
        "FlowControlContainerAction", request("/gzip"), mode="ITERATIONS", value=2, perUser=True
    )
    play = player(target, percent, first, own)
    play.play(20)
    other = play.user(2)
    for _ in range(20):
        other.run_iteration()
    assert target.by_path() == {"/": 12, "/json": 3, "/gzip": 4}


def test_think_times_and_pacing_hold_a_user_back(target: Target) -> None:
    think = {"@type": "ThinktimeConstant", "value": 30}
    pause = node("ThinktimeAction", thinktime={"@type": "ThinktimeText", "value": "${ms}"})
    play = player(target, request("/", thinktime=think), pause)
    play.variables["ms"] = "20"
    begin = time.monotonic()
    play.play()
    assert time.monotonic() - begin >= 0.05
    play.program.pacing_ms = lambda _: 120.0
    begin = time.monotonic()
    play.play()
    assert time.monotonic() - begin >= 0.12


def test_think_times_can_be_left_out_or_overridden(target: Target) -> None:
    hour = {"@type": "ThinktimeConstant", "value": 3_600_000}
    children = [request("/", thinktime=hour), node("ThinktimeAction", thinktime=hour)]
    player(target, *children, options=Options(think_times=False)).play()
    short = Options(think_time_override={"@type": "ThinktimeRange", "min": 1, "max": 2})
    player(target, *children, options=short).play()
    assert target.count == 2


def test_a_throughput_think_time_spaces_the_requests_of_a_user(target: Target) -> None:
    think = {"@type": "ThroughputThinktime", "hitsPerSecond": 50}
    play = player(target, request("/", thinktime=think))
    begin = time.monotonic()
    play.play(6)
    assert time.monotonic() - begin >= 0.1


def clock(monkeypatch: pytest.MonkeyPatch, play: Player) -> list[float]:
    """The time that a user sees, in ms, and that its pauses advance."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0] / 1000)
    monkeypatch.setattr(
        type(play.session), "pause", lambda _, ms: now.__setitem__(0, now[0] + max(0.0, ms))
    )
    return now


def test_a_throughput_think_time_keeps_its_plan_when_the_target_was_slow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No coordinated omission: what was meant for the slow time goes out after it."""
    play = Player([])
    now = clock(monkeypatch, play)
    wait = compile_thinktime({"@type": "ThroughputThinktime", "hitsPerSecond": 10})
    assert wait is not None
    waits = []
    for took in (20.0, 350.0, 0.0, 0.0, 0.0, 0.0):
        waits.append(round(wait(play.session)))
        now[0] += waits[-1] + took
    assert waits == [0, 80, 0, 0, 0, 50]
    assert play.session.company.late_starts == 3
    assert round(play.session.company.worst_late_ms) == 250


def test_pacing_counts_from_when_the_iteration_was_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """Late timers do not add up; an iteration that took too long moves the next ones."""
    play = Player([])
    now, began = clock(monkeypatch, play), []
    durations = iter([30.0, 30.0, 130.0, 30.0, 30.0])

    def body(session: UserSession) -> None:
        session.waited()
        began.append(round(now[0]))
        now[0] += next(durations)

    play.program.body, play.program.pacing_ms = body, lambda _: 100.0
    for _ in range(5):
        play.session.run_iteration()
        now[0] += 1  # a timer that is late
    assert began == [1000, 1101, 1201, 1332, 1433]
    assert play.session.company.late_starts == 1
    waits = [each.sample.latency_us // 1000 for each in play.notes.outcomes]
    assert waits == [0, 1, 1, 32, 1]
    assert {each.sample.kind for each in play.notes.outcomes} == {"Iteration"}


def test_an_iteration_counts_from_when_it_was_meant_to_start(target: Target) -> None:
    """Its time is the wait and its requests; requests keep their own."""
    play = player(target, request("/"), request("/gone"))
    play.session.run_iteration(due=time.monotonic() - 2.0)
    *requests, iteration = [each.sample for each in play.notes.outcomes]
    assert [each.kind for each in requests] == ["Hit", "Hit"]
    assert all(each.elapsed_us < 2_000_000 for each in requests)
    assert (iteration.kind, iteration.action_id, iteration.ok) == ("Iteration", "vu", False)
    assert iteration.latency_us >= 2_000_000
    assert iteration.elapsed_us == iteration.latency_us + sum(each.elapsed_us for each in requests)
    assert iteration.started_ms < requests[0].started_ms - 1900
    assert iteration.received_bytes == sum(each.received_bytes for each in requests)


def test_an_iteration_without_a_plan_is_not_measured_again(target: Target) -> None:
    assert {each.sample.kind for each in player(target, request("/")).play(3)} == {"Hit"}


def test_a_throughput_override_switches_pacing_off() -> None:
    think = {
        "thinktime": {"@type": "ThroughputThinktime", "hitsPerSecond": 5},
        "pacing": {"min": 5, "max": 5, "unit": "SECONDS"},
    }
    play = Player([])
    for settings, pacing in ((think, 0.0), ({**think, "thinktime": None}, 5000.0)):
        profile = {"virtualUserId": "vu", "engine": {"settings": {"thinkTime": settings}}}
        program = compile_profile(profile, 0, play.materials, play.notes.lines.append)
        assert program.pacing_ms(play.session) == pacing


def test_a_link_plays_the_other_tree_and_a_cycle_is_cut(target: Target) -> None:
    link = node("LinkAction", virtualUserId="frag")
    fragment = {
        "id": "frag",
        "children": [request("/json"), node("LinkAction", virtualUserId="vu")],
    }
    play = player(target, request("/"), link, trees=[fragment])
    play.play()
    assert paths(target) == ["/", "/json"]
    assert any("links to itself" in line for line in play.notes.lines)


def test_a_debug_action_always_succeeds_and_lists_variables(target: Target) -> None:
    debug = {"@type": "DebugAction", "id": "d", "enabled": True, "variablesDisplayed": True}
    play = player(target, debug)
    play.variables.update(b="2", a="1")
    [outcome] = play.play()
    assert outcome.exchange is not None
    assert (outcome.sample.ok, outcome.exchange.text) == (True, "JMeterVariables:\na=1\nb=2\n")


def test_a_script_makes_a_failing_row_that_says_so(target: Target) -> None:
    script = node("JSR223Action", id="s", language="groovy", script="1 + 1")
    play = player(target, script)
    [outcome] = play.play()
    assert (outcome.sample.ok, outcome.sample.code) == (False, "-1")
    assert outcome.message == "Scripts in groovy are not run by this engine"
    assert len(play.notes.lines) == 1


def test_an_unknown_action_is_named_in_the_log(target: Target) -> None:
    play = player(target, node("TeleportAction"), request("/"))
    play.play()
    assert target.count == 1
    assert any("TeleportAction" in line for line in play.notes.lines)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [("CONTINUE", ["/boom", "/"]), ("START_NEXT_ITERATION", ["/boom"])],
)
def test_the_error_policy_may_end_the_iteration(
    target: Target, policy: str, expected: list[str]
) -> None:
    play = player(target, node("ContainerAction", request("/boom"), request("/")))
    play.program.error_policy = policy
    outcomes = play.play()
    assert paths(target) == expected
    assert outcomes[-1].sample.kind == CONTAINER


@pytest.mark.parametrize(
    ("policy", "raised"),
    [("STOP_THREAD", StopUser), ("STOP_TEST", StopTest), ("STOP_TEST_NOW", StopTest)],
)
def test_the_error_policy_may_end_the_user_or_the_test(
    target: Target, policy: str, raised: type[Exception]
) -> None:
    play = player(target, request("/boom"), request("/"))
    play.program.error_policy = policy
    with pytest.raises(raised):
        play.play()
    assert paths(target) == ["/boom"]
    assert ("Shutdown Test detected by thread: Users 1-1" in " ".join(play.notes.lines)) is (
        policy != "STOP_THREAD"
    )


def test_a_user_leaves_at_its_deadline(target: Target) -> None:
    think = {"@type": "ThinktimeConstant", "value": 3_600_000}
    play = player(target, request("/"), request("/json", thinktime=think))
    user = play.user(2, time.monotonic() + 0.05)
    with pytest.raises(TimeUp):
        user.run_iteration()
    assert paths(target) == ["/"]


def test_a_request_that_is_killed_in_flight_is_a_sample_of_its_own_kind(target: Target) -> None:
    play = player(target, request("/slow"))
    user = gevent.spawn(play.session.run_iteration)
    while not target.count:
        gevent.sleep(0.01)
    user.kill()
    [outcome] = play.notes.outcomes
    assert (outcome.sample.cut_off, outcome.sample.ok) == (True, False)
    assert outcome.sample.elapsed_us > 0


def test_an_iteration_without_anything_to_do_lets_others_play(target: Target) -> None:
    play = player(target, node("ContainerAction"))
    idle = gevent.spawn(play.play, 1000)
    other = gevent.spawn(player(target, request("/")).play)
    other.get(timeout=10)
    assert not idle.ready()
    idle.kill()
