"""Posting where an operator wants to be told: again where that may help, never to inside."""

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


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    async def handler(request: web.Request) -> web.Response:
        assert request.content_type == "application/json"
        server.taken.append(await request.json())
        status = server.statuses.pop(0) if server.statuses else 200
        if status == 0:
            assert request.transport is not None
            request.transport.abort()
        headers = {"Location": "/elsewhere", "Retry-After": "0"}
        return web.Response(status=status or 200, headers=headers)

    app = web.Application()
    app.router.add_post(f"/{SECRET}", handler)
    server = Hook(app, host="127.0.0.1")
    server.statuses, server.taken = [], []
    async with server:
        yield server


async def send(hook: Hook, *allowed: str, attempts: int = 3) -> None:
    address = f"http://127.0.0.1:{hook.port}/{SECRET}"
    await deliver(address, {"text": "é"}, allowed=allowed, pauses_s=[0.0] * (attempts - 1))


async def test_what_is_taken_is_sent_once(hook: Hook) -> None:
    hook.statuses = [204]
    await send(hook, "127.0.0.1")
    assert hook.taken == [{"text": "é"}]


@pytest.mark.parametrize("statuses", [[503, 429], [500, 0], [408, 425]])
async def test_it_is_sent_again_where_that_may_help(hook: Hook, statuses: list[int]) -> None:
    hook.statuses = list(statuses)
    await send(hook, "127.0.0.1")
    assert len(hook.taken) == 3


@pytest.mark.parametrize(("status", "attempts"), [(404, 1), (302, 1), (502, 3)])
async def test_what_nobody_takes_is_told_without_its_address(
    hook: Hook, status: int, attempts: int
) -> None:
    hook.statuses = [status] * 3
    with pytest.raises(
        UndeliveredError, match=f"127.0.0.1 did not take it: it answers {status}"
    ) as told:
        await send(hook, "127.0.0.1")
    assert len(hook.taken) == attempts
    assert SECRET not in repr(told.value) + str(told.value.__cause__)


async def test_nobody_listens_at_last(unused_tcp_port: int) -> None:
    address = f"http://127.0.0.1:{unused_tcp_port}/{SECRET}"
    with pytest.raises(UndeliveredError, match="ClientConnectorError") as told:
        await deliver(address, {}, allowed=["127.0.0.1"], pauses_s=[0.0])
    assert SECRET not in str(told.value)


async def test_nothing_is_sent_inside_unless_the_operator_names_the_host(hook: Hook) -> None:
    with pytest.raises(Forbidden, match=r"\[embedded\] notify_to"):
        await send(hook, "public")
    with pytest.raises(Forbidden):
        await send(hook, "127.0.0.2")
    with pytest.raises(Invalid):
        await deliver("file:///etc/passwd", {}, allowed=["public"])
    assert hook.taken == []
