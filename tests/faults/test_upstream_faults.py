"""Whatever goes wrong between bridge and platform: no hang, no leaked connection, its own error."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from octoperf_mcp import errors
from octoperf_mcp.config import UpstreamSettings
from octoperf_mcp.registry.context import Caller
from octoperf_mcp.registry.rest_calls import RestCall
from octoperf_mcp.upstream.client import RestClient
from tests.faults.faulty import Fault, Faulty, faulty_way, http

READ = RestCall("GET", "/things/{id}", answer="Thing")
LIST = RestCall("GET", "/things", answer="Thing[]")
WRITE = RestCall("POST", "/things", body="json", answer="Thing")
DROP = RestCall("DELETE", "/things/{id}", answer="none")
SUBMIT = RestCall("POST", "/tasks", body="json", answer="text")
CALLS = frozenset({READ, LIST, WRITE, DROP, SUBMIT})
CALLER = Caller("u1", "c1", frozenset(), "t0ken", 0)
PAGE = b"<!doctype html><title>Sign in</title>"
SETTINGS: dict[str, Any] = {
    "timeout_s": 0.3,
    "longest_s": 1.2,
    "connections": 4,
    "breaker_failures": 0,
    "max_answer_bytes": 100_000,
}


@dataclass
class World:
    way: Faulty
    client: RestClient

    async def call(self, call: RestCall) -> Any:
        async with asyncio.timeout(20):
            return await self.client.call(call, CALLER, {"id": "a"}, {"name": "x"})

    async def failure(self, call: RestCall) -> errors.UpstreamError:
        with pytest.raises(errors.UpstreamError) as caught:
            await self.call(call)
        return caught.value

    async def nothing_leaks(self) -> None:
        assert self.client.pool.busy == 0
        await self.way.settled(lambda: self.way.open <= self.client.pool.size)
        await self.client.close()
        await self.way.settled(lambda: self.way.open == 0)


@pytest.fixture
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    async def answer(asked: web.Request) -> web.Response:
        await asked.read()
        return web.json_response({"id": "a", "text": "x" * 2000})

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", answer)
    settings = UpstreamSettings(**{**SETTINGS, **getattr(request, "param", {})})
    async with TestServer(app) as platform, faulty_way("127.0.0.1", platform.port or 0) as way:
        client = RestClient(way.address, CALLS, settings)
        yield World(way, client)
        await client.close()


OUTAGES = {
    "a reset before the answer": Fault(before="reset"),
    "an end before the answer": Fault(before="close"),
    "silence": Fault(before="silence"),
    "a reset amid the head": Fault(keep=20, then="reset"),
    "a reset amid the body": Fault(keep=600, then="reset"),
    "half an answer, then the end": Fault(keep=600, then="close"),
    "half an answer, then silence": Fault(keep=600, then="silence"),
    "a length that promises more": Fault(
        http("200 OK", b"{}").replace(b"Length: 2", b"Length: 9"), then="close"
    ),
    "a length that is no number": Fault(http("200 OK", b"{}").replace(b"Length: 2", b"Length: -2")),
    "two lengths": Fault(
        http("200 OK", b"{}", "application/json", "Content-Length: 3", "Connection: close")
    ),
    "chunks that are none": Fault(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n"
    ),
    "chunks that never end": Fault(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", then="silence"
    ),
    "garbage": Fault(b"\x00\xff\x16\x03\x01 not HTTP\r\n\r\n"),
    "a mail server": Fault(b"220 mail.example.com ESMTP\r\n\r\n"),
    "a compression that is none": Fault(
        http("200 OK", b"not gzip", "application/json", "Content-Encoding: gzip")
    ),
    "a head without end": Fault(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000, then="silence"),
    "502": Fault(http("502 Bad Gateway", PAGE, "text/html")),
    "503": Fault(http("503 Service Unavailable", PAGE, "text/html")),
    "504": Fault(http("504 Gateway Timeout", b"")),
}


@pytest.mark.parametrize("name", OUTAGES)
@pytest.mark.parametrize("call", [READ, WRITE], ids=["read", "write"])
async def test_an_outage_is_told_as_one(world: World, name: str, call: RestCall) -> None:
    world.way.always = OUTAGES[name]
    error = await world.failure(call)
    assert isinstance(error, errors.UnavailableError)
    assert error.code == "unavailable"
    assert "Sign in" not in error.message
    assert error.next_step
    assert call is READ or world.way.asked == 1, "a write is sent once"
    await world.nothing_leaks()


@pytest.mark.parametrize("name", OUTAGES)
async def test_after_an_outage_the_next_call_works(world: World, name: str) -> None:
    world.way.faults = [OUTAGES[name]]
    await world.failure(WRITE)
    assert (await world.call(WRITE))["id"] == "a"
    await world.nothing_leaks()


@pytest.mark.parametrize(
    "name",
    ["a reset before the answer", "an end before the answer", "502", "503", "504"],
)
async def test_a_read_outlives_a_short_outage(world: World, name: str) -> None:
    world.way.faults = [OUTAGES[name]] * 2
    assert (await world.call(READ))["id"] == "a"
    await world.nothing_leaks()


async def test_a_body_that_only_drips_is_given_up(world: World) -> None:
    """A byte now and then is no silence, so the whole answer has its own limit."""
    world.way.always = Fault(drip_s=0.05)
    error = await world.failure(READ)
    assert "did not answer in time" in error.message
    assert world.way.asked == 1
    await world.nothing_leaks()


LIES = {
    "a page instead of JSON": (READ, http("200 OK", PAGE, "text/html"), "not JSON"),
    "a page called JSON": (READ, http("200 OK", PAGE), "not JSON"),
    "a page for a list": (LIST, http("200 OK", PAGE, "text/html; charset=utf-8"), "not JSON"),
    "a page for a deletion": (DROP, http("200 OK", PAGE, "text/html"), "a web page"),
    "a page instead of the id of a task": (SUBMIT, http("200 OK", PAGE, "text/html"), "a web page"),
    "an object instead of a list": (LIST, http("200 OK", b'{"error": 1}'), "no Thing[]"),
    "half of JSON": (READ, http("200 OK", b'{"id": '), "not JSON"),
    "bytes that are no text": (READ, http("200 OK", b"\xff\xfe{}"), "not JSON"),
    "a log-in page elsewhere": (
        READ,
        http("302 Found", b"", "text/html", "Location: https://sso.example/login?from=s3cret"),
        "redirects this call to https://sso.example, perhaps to a page for signing in",
    ),
    "a redirect of a write": (
        WRITE,
        http("307 Temporary Redirect", b"", "text/html", "Location: /login"),
        "redirects this call, perhaps",
    ),
    "nothing modified": (READ, b"HTTP/1.1 304 Not Modified\r\n\r\n", "redirects this call"),
}


@pytest.mark.parametrize("name", LIES)
async def test_an_answer_that_is_no_answer_of_the_api_says_so(world: World, name: str) -> None:
    call, answer, said = LIES[name]
    world.way.always = Fault(answer)
    error = await world.failure(call)
    assert said in error.message
    assert "doctor" in error.next_step
    assert "Sign in" not in error.message
    assert "s3cret" not in error.message
    assert world.way.asked == 1
    await world.nothing_leaks()


async def test_json_is_read_whatever_it_calls_itself(world: World) -> None:
    world.way.always = Fault(http("200 OK", b'{"id": 7}', "text/html"))
    assert await world.call(READ) == {"id": 7}


async def test_more_bytes_than_announced_end_the_connection(world: World) -> None:
    world.way.always = Fault(http("200 OK", b'{"id": 7}') + b"HTTP/1.1 200 OK\r\n\r\n{}")
    assert await world.call(READ) == {"id": 7}
    assert world.client.pool.size == 0


async def test_a_short_wait_is_waited_for_a_longer_one_is_told(world: World) -> None:
    busy = http("429 Too Many Requests", b"", "text/plain", "Retry-After: 0")
    world.way.faults = [Fault(busy)]
    assert (await world.call(READ))["id"] == "a"
    world.way.faults = [Fault(busy.replace(b"After: 0", b"After: 30"))]
    error = await world.failure(READ)
    assert isinstance(error, errors.RateLimitedError)
    assert error.details["retryAfterSec"] == 30
    assert world.way.asked == 3


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
async def test_a_write_is_never_repeated_though_told_when(world: World, status: str) -> None:
    world.way.always = Fault(http(status, b"", "text/plain", "Retry-After: 0"))
    error = await world.failure(WRITE)
    assert error.details["retryAfterSec"] == 0
    assert world.way.asked == 1


@pytest.mark.parametrize(
    ("told", "seconds"),
    [(formatdate(0, usegmt=True), 0), ("soon", None), ("-3", None), ("nan", None), ("1e9", None)],
)
async def test_a_date_or_nonsense_in_retry_after(
    world: World, told: str, seconds: int | None
) -> None:
    answer = http("503 Service Unavailable", b"", "text/plain", f"Retry-After: {told}")
    world.way.always = Fault(answer)
    error = await world.failure(WRITE)
    assert error.details.get("retryAfterSec") == seconds


@pytest.mark.parametrize(
    "world", [{"breaker_failures": 3, "breaker_pause_s": 0.3, "retries": 0}], indirect=True
)
async def test_the_breaker_spares_a_platform_that_is_down_and_finds_out_when_it_is_back(
    world: World,
) -> None:
    world.way.always = OUTAGES["503"]
    for _ in range(3):
        await world.failure(WRITE)
    error = await world.failure(WRITE)
    assert "was not sent" in error.message
    assert error.details["retryAfterSec"] == 1
    assert world.way.asked == 3
    world.way.always = None
    async with asyncio.timeout(20):
        while world.client.breaker.is_open:  # noqa: ASYNC110 - nobody calls meanwhile
            await asyncio.sleep(0.01)
    assert world.way.asked == 4
    await world.call(READ)
    await world.nothing_leaks()


@pytest.mark.parametrize(
    "world", [{"breaker_failures": 1, "breaker_pause_s": 0.1, "retries": 0}], indirect=True
)
async def test_a_platform_that_stays_away_is_asked_once_a_pause(world: World) -> None:
    world.way.always = Fault(before="reset")
    await world.failure(WRITE)
    async with asyncio.timeout(20):
        await world.way.settled(lambda: world.way.asked >= 4)
    assert world.client.breaker.is_open
    error = await world.failure(WRITE)
    assert "was not sent" in error.message


@pytest.mark.parametrize("world", [{"breaker_failures": 2}], indirect=True)
async def test_what_the_platform_refuses_does_not_open_the_breaker(world: World) -> None:
    world.way.always = Fault(http("404 Not Found", b"{}"))
    for _ in range(5):
        assert (await world.failure(READ)).code == "not_found"
    assert world.way.asked == 5


async def test_many_at_once_through_a_way_that_fails_now_and_then_leak_nothing(
    world: World,
) -> None:
    world.way.faults = [*OUTAGES.values()] * 2
    done = await asyncio.gather(
        *(world.call(READ if number % 2 else WRITE) for number in range(60)),
        return_exceptions=True,
    )
    kinds = {type(each) for each in done}
    assert kinds <= {dict, errors.UnavailableError, errors.UnreachableError}
    assert dict in kinds
    await world.nothing_leaks()


async def test_calls_that_are_cancelled_leak_nothing(world: World) -> None:
    world.way.always = Fault(before="silence")
    calls = [asyncio.create_task(world.call(READ)) for _ in range(8)]
    await world.way.settled(lambda: world.way.open == 4)
    for each in calls:
        each.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    await world.nothing_leaks()
