import gevent
import pytest

from octoperf_mcp.embedded.engine.play.company import Company
from octoperf_mcp.embedded.engine.play.control import TimeUp
from octoperf_mcp.embedded.engine.play.session import Seat, UserSession
from octoperf_mcp.embedded.engine.wire.transport import Addresses
from tests.octoperf_mcp.embedded.engine.players import Player, node, request
from tests.octoperf_mcp.embedded.engine.target import Target


def users(player: Player, count: int) -> list[UserSession]:
    """Users who share a company."""
    company = Company()
    made = [
        UserSession(
            player.program,
            Seat(number, player.notes, Addresses(), player.halt, {}, None, company),
        )
        for number in range(1, count + 1)
    ]
    player.users += made
    return made


def meeting(**more: object) -> Player:
    return Player([node("RendezVousAction", rendezVousName="gate", **more)])


def test_users_wait_until_all_have_come() -> None:
    first, second, third = users(meeting(), 3)
    waiting = [gevent.spawn(user.run_iteration) for user in (first, second)]
    gevent.joinall(waiting, timeout=0.02)
    assert not any(one.ready() for one in waiting)
    third.run_iteration()
    gevent.joinall(waiting, timeout=5)
    assert all(one.successful() for one in waiting)


def test_a_share_of_the_users_is_enough_where_the_action_says_so() -> None:
    first, second, _ = users(meeting(usersPercent=60), 3)
    waiting = gevent.spawn(first.run_iteration)
    gevent.sleep(0)
    second.run_iteration()
    waiting.join(timeout=5)
    assert waiting.successful()


def test_who_leaves_is_not_waited_for() -> None:
    player = meeting()
    first, second = users(player, 2)
    waiting = gevent.spawn(first.run_iteration)
    gevent.sleep(0)
    second.close()
    player.users.remove(second)
    waiting.join(timeout=5)
    assert waiting.successful()


def test_when_the_time_of_the_first_is_over_all_go_on() -> None:
    player = meeting(timeoutMs=20)
    first, second, _ = users(player, 3)
    waiting = [gevent.spawn(user.run_iteration) for user in (first, second)]
    gevent.joinall(waiting, timeout=5)
    assert all(one.successful() for one in waiting)
    assert "not all came within 20 ms" in player.notes.lines[0]


def test_the_end_of_the_run_ends_the_waiting() -> None:
    player = meeting(timeoutMs=0)
    first, _ = users(player, 2)
    waiting = gevent.spawn(first.run_iteration)
    gevent.sleep(0)
    player.halt.set()
    with pytest.raises(TimeUp):
        waiting.get(timeout=5)


def test_a_queue_hands_values_from_user_to_user_in_order() -> None:
    player = Player(
        [
            node("PutQueueAction", queueName="orders", value="o-${__threadNum}"),
            node("PollQueueAction", queueName="orders", variable="order"),
        ]
    )
    first, second = users(player, 2)
    first.company.put("orders", "o-0")
    first.run_iteration()
    second.run_iteration()
    assert [first.variables["order"], second.variables["order"]] == ["o-0", "o-1"]


def test_a_queue_is_waited_for_and_an_empty_one_leaves_an_empty_variable() -> None:
    player = Player([node("PollQueueAction", queueName="orders", variable="order", timeoutMs=5000)])
    first, second = users(player, 2)
    waiting = gevent.spawn(first.run_iteration)
    gevent.sleep(0)
    second.company.put("orders", "late")
    waiting.join(timeout=5)
    assert first.variables["order"] == "late"

    hasty = Player([node("PollQueueAction", queueName="none", variable="order", timeoutMs=1)])
    hasty.session.variables["order"] = "stale"
    hasty.play()
    assert hasty.variables["order"] == ""
    assert "nothing came in 1 ms" in hasty.notes.lines[0]


def test_meeting_points_and_queues_stand_between_requests(target: Target) -> None:
    tree = [request("/"), node("RendezVousAction", rendezVousName="gate"), request("/echo")]
    outcomes = Player(tree, servers=[target.server()]).play()
    assert [outcome.sample.code for outcome in outcomes] == ["200", "200"]
