"""Posting where an operator wants to be told: once, never to inside; whether another attempt may help is said."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from octoperf_mcp.embedded.failures import Forbidden, Invalid
from octoperf_mcp.embedded.outbound.delivery import UndeliveredError, deliver

SECRET = "T0-very-secret"


class Hook(TestServer):
    """A webhook that answers these statuses one after the other."""

    statuses: list[int]
    taken: list[object]
    keys: list[str]
    said: str


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    async def handler(request: web.Request) -> web.Response:
        assert request.content_type == "application/json"
        server.taken.append(await request.json())
        server.keys.append(request.headers["Idempotency-Key"])
        status = server.statuses.pop(0) if server.statuses else 200
        if status == 0:
            assert request.transport is not None
            request.transport.abort()
        headers = {"Location": "/elsewhere", "Retry-After": server.said}
        return web.Response(status=status or 200, headers=headers)

    app = web.Application()
    app.router.add_post(f"/{SECRET}", handler)
    server = Hook(app, host="127.0.0.1")
    server.statuses, server.taken, server.keys, server.said = [], [], [], "7"
    async with server:
        yield server


async def send(hook: Hook, *allowed: str) -> None:
    address = f"http://127.0.0.1:{hook.port}/{SECRET}"
    await deliver(address, {"text": "é"}, allowed=allowed, key="k1")


async def test_what_is_taken_is_sent_once_with_its_key(hook: Hook) -> None:
    hook.statuses = [204]
    await send(hook, "127.0.0.1")
    assert hook.taken == [{"text": "é"}]
    assert hook.keys == ["k1"]


@pytest.mark.parametrize(
    ("status", "again"),
    [(404, False), (302, False), (408, True), (425, True), (429, True), (500, True), (502, True)],
)
async def test_what_nobody_takes_is_told_without_its_address(
    hook: Hook, status: int, again: bool
) -> None:
    hook.statuses = [status]
    with pytest.raises(
        UndeliveredError, match=f"127.0.0.1 did not take it: it answers {status}"
    ) as told:
        await send(hook, "127.0.0.1")
    assert (told.value.again, told.value.after_s) == (again, 7.0 if again else 0.0)
    assert len(hook.taken) == 1
    assert SECRET not in repr(told.value) + str(told.value.__cause__)


@pytest.mark.parametrize(
    ("said", "least", "most"),
    [
        ("soon", 0, 0),
        ("-1", 0, 0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
        ("Fri, 01 Jan 2100 00:00:00 GMT", 86_400, 1e10),
    ],
)
async def test_when_to_come_again_may_be_an_instant_or_nonsense(
    hook: Hook, said: str, least: float, most: float
) -> None:
    hook.statuses, hook.said = [503], said
    with pytest.raises(UndeliveredError) as told:
        await send(hook, "127.0.0.1")
    assert least <= told.value.after_s <= most


async def test_a_connection_that_breaks_may_hold_next_time(hook: Hook) -> None:
    hook.statuses = [0]
    with pytest.raises(UndeliveredError, match="ServerDisconnectedError") as told:
        await send(hook, "127.0.0.1")
    assert told.value.again


async def test_a_host_that_is_not_known_may_be_known_later() -> None:
    with pytest.raises(UndeliveredError, match="is not known") as told:
        await deliver(f"http://nobody.invalid/{SECRET}", {}, allowed=["public"], key="k")
    assert told.value.again


async def test_nobody_listens_at_last(unused_tcp_port: int) -> None:
    address = f"http://127.0.0.1:{unused_tcp_port}/{SECRET}"
    with pytest.raises(UndeliveredError, match="ClientConnectorError") as told:
        await deliver(address, {}, allowed=["127.0.0.1"], key="k")
    assert SECRET not in str(told.value)


async def test_nothing_is_sent_inside_unless_the_operator_names_the_host(hook: Hook) -> None:
    with pytest.raises(Forbidden, match=r"\[embedded\] notify_to"):
        await send(hook, "public")
    with pytest.raises(Forbidden):
        await send(hook, "127.0.0.2")
    with pytest.raises(Invalid):
        await deliver("file:///etc/passwd", {}, allowed=["public"], key="k")
    assert hook.taken == []
