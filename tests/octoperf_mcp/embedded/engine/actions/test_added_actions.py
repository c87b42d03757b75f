"""Actions of plugins: played, judged and told like the platform's own, whatever they do."""

import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gevent
import pytest

from octoperf_mcp.embedded.engine.load.engine import EngineError, LoadPlan
from octoperf_mcp.embedded.engine.load.fleet import Machine, NoFleet
from octoperf_mcp.embedded.engine.load.locust_engine import LocustEngine
from octoperf_mcp.embedded.engine.play.control import TimeUp
from octoperf_mcp.embedded.launch.targets import targets_of
from octoperf_mcp.embedded.sanity.check import sanity_check
from octoperf_mcp.entities.action_types import ActionType, AddedActions
from octoperf_mcp.errors import PluginError
from tests.octoperf_mcp.embedded.engine.added_plays import actions
from tests.octoperf_mcp.embedded.engine.players import Player, node
from tests.octoperf_mcp.embedded.engine.stage import ramp

Json = dict[str, Any]
UNIMPORTABLE = (
    "the plugin acme cannot play it: AttributeError: module 'tests.octoperf_mcp.embedded.engine."
    "added_plays' has no attribute 'nowhere'"
)


class _Echo(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        for line in self.rfile:
            if line.strip() != b"silence":
                self.wfile.write(line.upper())


@pytest.fixture
def line() -> Iterator[int]:
    """Port of a server that answers each line in capitals."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Echo) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
        yield server.server_address[1]
        server.shutdown()


def played(*children: Json, **more: Any) -> Player:
    return Player(list(children), actions=actions().messages(), **more)


def say(port: int, *children: Json, **more: Any) -> Json:
    own = {"host": "127.0.0.1", "port": str(port), "words": "hello ${name}", **more}
    return node("AcmeSayAction", *children, **own)


def test_an_action_records_a_row_with_times_sizes_and_texts(line: int) -> None:
    player = played(say(line))
    player.variables["name"] = "ada"
    (outcome,) = player.play()
    sample, exchange = outcome.sample, outcome.exchange
    assert (sample.ok, sample.code, sample.method) == (True, "200", "SAY")
    assert (sample.action_id, sample.url) == ("AcmeSayAction", f"say://127.0.0.1:{line}")
    assert (sample.sent_bytes, sample.received_bytes) == (9, 10)
    assert 0 < sample.connect_us <= sample.latency_us <= sample.elapsed_us
    assert exchange is not None
    assert (exchange.sent_body, exchange.text) == (b"hello ada", "HELLO ADA\n")


def test_extractors_and_assertions_below_it_work_on_its_answer(line: int) -> None:
    extractor = node("RegexpVariableExtractor", variable="loud", regexp="(A..)")
    assertion = node("ResponseAssertion", location="BODY", rule="CONTAINS", patterns=["BOB"])
    player = played(say(line, extractor, {**assertion, "type": "REQUEST_ONLY"}))
    player.variables["name"] = "ada"
    (outcome,) = player.play()
    assert dict(outcome.extracted)["loud"] == "ADA"
    assert not outcome.sample.ok
    assert outcome.sample.assertions_failed == 1


def test_a_server_of_the_project_can_be_named(line: int) -> None:
    server = {"id": "srv", "protocol": "HTTP", "hostname": "${host}", "port": line}
    player = played(say(1, serverId="srv"), servers=[server])
    player.variables["host"] = "127.0.0.1"
    assert player.play()[0].sample.ok


def test_a_kept_element_of_jmeter_is_played_by_its_class(line: int) -> None:
    kept = node(
        "GenericAction",
        testClass="com.acme.jmeter.SaySampler",
        properties={"host": "127.0.0.1", "port": line, "words": "hi"},
    )
    player = played(kept)
    assert [outcome.sample.ok for outcome in player.play()] == [True]
    assert not player.notes.lines


def test_what_a_plugin_keeps_for_a_user_lasts_and_no_other_sees_it(line: int) -> None:
    player = played(say(line))
    player.play(2)
    assert player.variables["said"] == "2"
    other = player.user()
    other.run_iteration()
    assert other.variables["said"] == "1"


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("AcmeCrashAction", "ZeroDivisionError: by zero"),
        ("AcmeFailAction", "nobody listens"),
        ("AcmeNowhereAction", UNIMPORTABLE),
    ],
)
def test_what_it_raises_is_one_ko_row_and_the_user_goes_on(
    line: int, kind: str, message: str
) -> None:
    player = played(node(kind, words="zero"), say(line))
    first, second = player.play()
    assert (first.sample.ok, first.sample.code, first.message) == (False, "-1", message)
    assert second.sample.ok


def test_nobody_listening_is_told_as_jmeter_tells_it() -> None:
    (outcome,) = played(say(9)).play()
    assert outcome.message == (
        "org.apache.http.conn.HttpHostConnectException: Connect to 127.0.0.1:9 failed: "
        "Connection refused"
    )


def test_no_connection_leads_to_where_no_load_goes() -> None:
    (outcome,) = played(say(80, host="169.254.169.254")).play()
    assert "169.254.169.254" in outcome.message
    assert not outcome.sample.ok


def test_a_container_plays_what_is_below_it_and_gets_a_sum(line: int) -> None:
    outcomes = played(node("AcmeTwiceAction", say(line))).play()
    assert [outcome.sample.kind for outcome in outcomes] == ["Hit", "Hit", "Container"]
    assert outcomes[-1].sample.action_id == "AcmeTwiceAction"


def test_a_disabled_action_is_left_out(line: int) -> None:
    assert played({**say(line), "enabled": False}).play() == []


def test_ends_are_told_to_who_asked(line: int) -> None:
    player = played(node("AcmeLeaveAction"))
    player.play(2)
    assert player.notes.lines == ["INFO iteration over"] * 2
    player.session.close()
    assert player.notes.lines[2:] == ["INFO user over"] * 2


def test_a_user_taken_away_leaves_a_row_cut_off(line: int) -> None:
    player = played(node("AcmeHangAction", host="127.0.0.1", port=str(line)))
    playing = gevent.spawn(player.session.run_iteration)
    while not player.session.transport._sockets:
        gevent.sleep(0.005)
    playing.kill()
    (outcome,) = player.notes.outcomes
    assert outcome.sample.cut_off


def test_nothing_begins_after_the_end(line: int) -> None:
    player = played(say(line))
    player.halt.set()
    with pytest.raises(TimeUp):
        player.play()


def test_of_a_plugin_that_is_off_the_run_log_says_that_it_is_not_run(line: int) -> None:
    player = Player([say(line)])
    assert player.play() == []
    assert player.notes.lines == ["AcmeSayAction 'AcmeSayAction' is not run by this engine."]


def test_the_hosts_that_it_names_are_hosts_of_the_run() -> None:
    tree = {
        "children": [
            say(7, host="shop.example"),
            say(8, host="${anywhere}", id="b"),
            {**say(9, host="off.example", id="c"), "enabled": False},
        ]
    }
    found = targets_of([tree], [], [], actions().addresses([tree]))
    assert [(target.host, target.port) for target in found] == [("shop.example", 7)]
    profile = {"engine": {"dns": {"staticHosts": {"shop.example": "10.1.1.1"}}}}
    (moved,) = targets_of([tree], [], [profile], actions().addresses([tree]))
    assert moved.host == "10.1.1.1"


def test_the_sanity_check_knows_the_classes_that_are_played() -> None:
    kept = node("GenericAction", testClass="com.acme.jmeter.SaySampler", name="Say")
    tree = {"id": "vu", "type": "JMETER", "children": [kept]}
    told = [row["message"] for row in sanity_check(tree, [], [], {}, {})]
    assert any("is not run here" in text for text in told)
    told = [row["message"] for row in sanity_check(tree, [], [], {}, {}, added=actions())]
    assert told == ["Using a JMeter generic action: Say"]


@pytest.mark.parametrize(
    ("off", "cure"),
    [
        ({"AcmeSayAction": "acme"}, "the plugin acme, which is off here, has it"),
        ({}, "no enabled plugin has it: install and enable the one that has"),
    ],
)
def test_what_nothing_plays_is_no_run_that_ends_well(off: dict[str, str], cure: str) -> None:
    say_it = node("AcmeSayAction", url="x", name="Say")
    tree = {"id": "vu", "type": "JMETER", "children": [say_it]}
    (told,) = sanity_check(tree, [], [], {}, {}, added=AddedActions(off=lambda: off))
    assert (told["level"], told["actionId"]) == ("ERROR", say_it["id"])
    assert cure in told["message"]
    assert sanity_check(tree, [], [], {}, {}, added=actions()) == []


def test_only_the_kinds_of_a_run_are_ordered() -> None:
    tree = {"children": [node("ContainerAction", node("AcmeFailAction"))]}
    (used,) = actions().used_by([tree]).messages()
    assert used["names"] == ["AcmeFailAction"]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"play": "os.system"}, "no module:function"),
        ({"classes": ("SaySampler",)}, "no class of JMeter's"),
        ({"name": "say"}, "no @type"),
    ],
)
def test_an_impossible_kind_is_refused(wrong: Json, reason: str) -> None:
    with pytest.raises(PluginError, match=reason):
        ActionType(**{"name": "AcmeAction", "description": "Is.", "play": "a:b", **wrong})


class _Fleet(NoFleet):
    def __init__(self, **plugins: str) -> None:
        self._plugins = plugins

    def machines(self, provider_id: str, location: str) -> list[Machine]:
        return [Machine("m", "box", "h", 1, 1, self._plugins)]


@pytest.mark.parametrize(
    ("there", "has"),
    [({}, "not installed"), ({"acme": "1.0"}, "acme 1.0 instead of")],
)
async def test_a_machine_without_the_plugin_is_refused_before_the_run(
    there: dict[str, str], has: str, tmp_path: Path
) -> None:
    plan = LoadPlan(
        "r",
        tmp_path,
        [{"providerId": "p", "location": "l", "load": ramp(1, 0, 1000)}],
        {},
        [],
        [],
        elsewhere=frozenset({("p", "l")}),
        actions=actions(distribution="acme", version="1.1").messages()[:1],
    )
    with pytest.raises(EngineError) as caught:
        await LocustEngine(_Fleet(**there)).start(plan, lambda _: None)
    assert str(caught.value) == (
        f"Load generator box cannot play AcmeSayAction of the plugin acme: it has {has} acme 1.1. "
        "There: pip install 'acme==1.1', then join again."
    )
