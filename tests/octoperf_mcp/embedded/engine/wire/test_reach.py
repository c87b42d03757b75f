"""The guard of the engine itself: promises of the platform's gate, held at each look-up."""

import dataclasses
import socket

import pytest

from octoperf_mcp.config import EmbeddedSettings
from octoperf_mcp.embedded.engine.wire.reach import Reach, UnconfirmedHostError
from octoperf_mcp.embedded.engine.wire.transport import Addresses
from octoperf_mcp.embedded.launch.gate import Gate
from tests.octoperf_mcp.embedded.engine.players import request
from tests.octoperf_mcp.embedded.engine.stage import Stage, ramp
from tests.octoperf_mcp.embedded.engine.target import Answer, Target

ELSEWHERE = "93.184.216.34"


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What names mean; addresses mean themselves."""
    known = {"shop.test": ELSEWHERE, "me.localhost": "127.0.0.1", "rebound.localhost": ELSEWHERE}

    def resolved(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (known.get(host, host), port))]

    monkeypatch.setattr("gevent.socket.getaddrinfo", resolved)
    return known


@pytest.mark.parametrize("host", ["shop.test", "rebound.localhost", ELSEWHERE])
def test_what_nobody_confirmed_is_refused_whatever_it_is_called(
    names: dict[str, str], host: str
) -> None:
    with pytest.raises(UnconfirmedHostError, match=f"{host}: nobody confirmed it for more than 50"):
        Addresses(reach=Reach(50))(host, 80)
    assert Addresses()(host, 80)


@pytest.mark.parametrize(
    ("host", "confirmed"),
    [("shop.test", "shop.test"), ("Shop.Test.", "shop.test"), ("shop.test", "*.test"),
     ("me.localhost", ""), ("127.0.0.1", "")],
)  # fmt: skip
def test_confirmed_hosts_and_this_machine_are_open(
    names: dict[str, str], host: str, confirmed: str
) -> None:
    names["Shop.Test."] = ELSEWHERE
    assert Addresses(reach=Reach(50, [confirmed]))(host, 80)


def test_a_host_that_confirmed_itself_stays_where_it_was_asked(names: dict[str, str]) -> None:
    reach = Reach.of(Reach(50, [], {"shop.test": ["198.51.100.7", "198.51.100.8"]}).message())
    found = Addresses(reach=reach)("shop.test", 80)
    assert [place[0] for *_, place in found] == ["198.51.100.7", "198.51.100.8"]


def test_an_address_that_a_profile_gives_a_name_needs_its_own_confirmation(
    names: dict[str, str],
) -> None:
    with pytest.raises(UnconfirmedHostError):
        Addresses({"shop.test": ELSEWHERE}, Reach(50, ["shop.test"]))("shop.test", 80)


async def test_a_large_run_follows_no_redirect_to_where_nobody_agreed(
    stage: Stage, target: Target
) -> None:
    """The target itself is this machine, and so allowed; 0.0.0.0 is no address of loopback."""
    settings = dataclasses.replace(EmbeddedSettings(), unconfirmed_users=1)
    stage.runs.gate = Gate(stage.database, settings)
    elsewhere = f"http://0.0.0.0:{target.server()['port']}/other"
    target.answers["/other"] = Answer("here")
    target.answers["/away"] = Answer("", 302, [("Location", elsewhere)])
    engine = {"@type": "JmeterUserProfileEngine", "settings": {"iterations": 1}}
    virtual_user = await stage.virtual_user(request("/away", followRedirects=True))
    for users, told in (
        (1, []),
        (2, 2 * ["Refused to connect to 0.0.0.0: nobody confirmed it for more than 1 users"]),
    ):
        profile = stage.profile(virtual_user, ramp(users, 0, 600_000), engine=engine)
        result = await stage.played(await stage.scenario(profile))
        assert [error["message"] for error in await stage.errors(result["id"])] == told
    assert target.by_path()["/other"] == 1
