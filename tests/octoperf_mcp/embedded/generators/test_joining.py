"""Who may join, and that nothing but its own run can be reached through the wire."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from octoperf_mcp import __version__
from octoperf_mcp.config import EmbeddedSettings
from octoperf_mcp.embedded.engine.load.fleet import Machine
from octoperf_mcp.embedded.engine.processes.order import Order
from octoperf_mcp.embedded.failures import Forbidden
from octoperf_mcp.embedded.generators.frames import PATH, PROTOCOL, pack, unpack
from octoperf_mcp.embedded.launch.gate import Gate
from tests.octoperf_mcp.embedded.engine.players import node, request
from tests.octoperf_mcp.embedded.engine.stage import ADA, ramp
from tests.octoperf_mcp.embedded.generators.places import Places


def hello(**more: Any) -> dict[str, Any]:
    return {
        "protocol": PROTOCOL, "version": __version__, "id": "m" * 16, "name": "box", "host": "h",
        "locations": [], "cpus": 2, "memoryMb": 4000, "clockMs": time.time_ns() // 1_000_000,
        "held": [], **more,
    }  # fmt: skip


@asynccontextmanager
async def wired(places: Places, token: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(places.url + PATH, headers=headers) as socket,
    ):
        yield socket


async def heard(socket: aiohttp.ClientWebSocketResponse, *kinds: str) -> dict[str, Any]:
    """The next message of one of these kinds."""
    async with asyncio.timeout(10):
        while True:
            kind, facts, _ = unpack(await socket.receive_bytes())
            if kind in kinds:
                return {"t": kind, **facts}


@pytest.mark.parametrize("token", ["", "omj_wrong", "not even one"])
async def test_a_wrong_token_is_refused(places: Places, token: str) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with wired(places, token):
            pass
    assert refused.value.status == 401
    if token:
        box = await places.box("stranger", token)
        assert await box.ended() == 1
        assert "does not know this join token" in "".join(box.said)


@pytest.mark.parametrize(
    ("said", "code", "what"),
    [
        ({"version": "0.0.1"}, "other_version", "pip install"),
        ({"clockMs": 1}, "wrong_clock", "NTP"),
        ({"locations": ["rome"]}, "which_location", "paris"),
        ({"id": "../x"}, "unreadable", "introduce"),
    ],
)
async def test_a_machine_that_does_not_fit_is_told_why(
    places: Places, said: dict[str, Any], code: str, what: str
) -> None:
    async with wired(places, await places.token()) as socket:
        await socket.send_bytes(pack("hello", **hello(**said)))
        answer = await heard(socket, "refused", "welcome")
        assert (answer["t"], answer["code"]) == ("refused", code)
        assert what in answer["message"]
    noted = [(each.action, each.username) for each in await places.trail.find()]
    assert ("load-generator.join", code) in noted


async def test_a_revoked_token_shuts_its_machine_out(places: Places) -> None:
    token, made = await places.hub.tokens.create(places.provider_id, "t", ADA)
    box = await places.box("one", token)
    await box.says("joined Ours at paris")
    assert await places.hub.tokens.revoke(places.provider_id, made.id)
    await places.hub.shut_out()
    assert await box.ended() == 1
    assert "revoked" in "".join(box.said)


async def test_the_wire_leads_to_the_master_of_the_own_run_only(places: Places) -> None:
    """A machine names parts of runs, never addresses; those of others are nothing to it."""
    reached: list[bytes] = []

    async def master(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.append(await reader.readexactly(2))
        writer.close()

    server = await asyncio.start_server(master, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with wired(places, await places.token()) as socket:
        await socket.send_bytes(pack("hello", **hello()))
        await heard(socket, "welcome")
        [machine] = places.hub.machines(places.provider_id, "paris")
        order = Order("run", str(places.folder), "paris", 1, [], {}, [], [], generator="paris-1")
        (places.stage.data_dir / "runs" / "run" / "spool").mkdir(parents=True)
        process = await places.hub.start(machine, order, lambda *_: None, lambda _: None)
        part = {"run": "run", "generator": "paris-1"}
        await heard(socket, "order")
        await socket.send_bytes(pack("open", stream=1, **part))
        assert (await heard(socket, "shut"))["stream"] == 1  # its master does not listen yet
        process.connect(port)
        await heard(socket, "listen")
        await socket.send_bytes(pack("open", stream=2, port=1, host="10.0.0.1", **part))
        await socket.send_bytes(pack("data", b"hi", stream=2))
        assert (await heard(socket, "shut"))["stream"] == 2
        assert reached == [b"hi"]
        await socket.send_bytes(pack("open", stream=3, run="other", generator="paris-1"))
        await socket.send_bytes(pack("chunk", b"x", file="spool", offset=0, run="other",
                                     generator="../../x"))  # fmt: skip
        await socket.send_bytes(pack("chunk", b"x\n", file="spool", offset=0, **part))
        assert (await heard(socket, "have", "shut"))["size"] == 2
        await socket.send_bytes(pack("chunk", b"x", file="../../etc", offset=0, **part))
        assert (await heard(socket, "refused"))["code"] == "unreadable"
    server.close()
    assert not (places.stage.data_dir / "runs" / "other").exists()


async def test_a_machine_serves_the_tenant_of_its_provider_only(places: Places) -> None:
    await places.joined("one")
    other = await places.stage.documents.create(
        "workspace", {"name": "Other"}, user_id="eve", workspace_id=""
    )
    body = {"name": "Ours", "type": "PRIVATE", "driver": "X", "regions": {"paris": {}}}
    theirs = await places.stage.documents.create(
        "docker_provider", body, user_id="eve", workspace_id=other.id
    )
    assert places.hub.machines(theirs.id, "paris") == []
    assert [each.name for each in places.hub.machines(places.provider_id, "paris")] == ["one"]
    token = await places.token(theirs.id)
    [box] = [await places.box("one-more", token)]
    await box.says("joined Ours at paris")
    assert [each.name for each in places.hub.machines(theirs.id, "paris")] == ["one-more"]
    gone = Machine("m" * 16, "one-more", "h", 1, 1)
    assert gone not in places.hub.machines(places.provider_id, "paris")


async def test_a_run_without_a_machine_is_refused_before_it_starts(places: Places) -> None:
    stage = places.stage
    scenario = await stage.scenario(
        places.profile(await stage.virtual_user(request("/")), ramp(1, 0, 1000))
    )
    with pytest.raises(Forbidden, match="No load generator is connected at location 'paris'"):
        await stage.started(scenario)
    await places.joined("one")
    stage.runs.gate = Gate(stage.database, EmbeddedSettings(unconfirmed_users=10**9), places.hub)
    many = await stage.scenario(
        places.profile(await stage.virtual_user(request("/")), ramp(10_000_000, 0, 1000))
    )
    with pytest.raises(Forbidden, match="virtual users at 'paris'; the 1 machines there hold"):
        await stage.started(many)


async def test_users_who_meet_across_locations_are_refused(places: Places) -> None:
    stage = places.stage
    await places.joined("one")
    virtual_user = await stage.virtual_user(
        node("RendezVousAction", id="r", rendezVousName="start", usersPercent=100, timeoutMs=1000),
        request("/"),
    )
    here = stage.profile(virtual_user, ramp(1, 0, 300))
    there = places.profile(virtual_user, ramp(1, 0, 300))
    with pytest.raises(Forbidden, match="Users at 2 locations share the rendez-vous 'start'"):
        await stage.started(await stage.scenario(here, there))
    result = await stage.played(await stage.scenario(there))
    assert result["state"] == "FINISHED"
