"""What an agent sees of an upstream that fails, through the whole bridge."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from octoperf_mcp.app import DRAINING
from tests.faults.bridge import bridge
from tests.faults.faulty import Fault, faulty_way, http

PAGE = b"<!doctype html><title>Sign in</title><form action=/login>"
FAULTS = {
    "reset": (Fault(before="reset"), "could not be reached"),
    "silence": (Fault(before="silence"), "did not answer in time"),
    "page": (Fault(http("200 OK", PAGE, "text/html")), "not JSON"),
    "log-in": (Fault(http("302 Found", b"", "text/html", "Location: /login")), "signing in"),
    "down": (Fault(http("503 Service Unavailable", PAGE, "text/html")), "HTTP 503"),
    "shape": (Fault(http("200 OK", b'{"id": 1}')), "no Workspace[]"),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_an_agent_is_told_what_failed_and_what_to_do(name: str) -> None:
    fault, said = FAULTS[name]
    async with (
        TestServer(web.Application()) as platform,
        faulty_way("127.0.0.1", platform.port or 0) as way,
        bridge(way.address, upstream={"timeout_s": 0.3, "retries": 1}) as running,
    ):
        way.always = fault
        result = await running.call("list_workspaces")
    assert result["isError"] is True
    error = result["structuredContent"]
    assert error["code"] == "unavailable"
    assert said in error["message"]
    assert error["next"]
    assert "form" not in str(result)


async def test_readiness_tells_of_the_breaker_and_of_stopping() -> None:
    async with (
        TestServer(web.Application()) as platform,
        faulty_way("127.0.0.1", platform.port or 0) as way,
        bridge(way.address, upstream={"breaker_failures": 1, "retries": 0}) as running,
    ):
        ready = f"{running.origin}/readyz"
        async with running.session.get(ready) as answer:
            assert answer.status == 200
        way.always = Fault(before="reset")
        await running.call("list_workspaces")
        running.app[DRAINING].set()
        async with running.session.get(ready) as answer:
            assert answer.status == 503
            reasons = (await answer.json())["reasons"]
        async with running.session.get(f"{running.origin}/healthz") as answer:
            assert answer.status == 200
    assert reasons == {
        "draining": "the server is stopping",
        "upstream": "the REST API does not answer",
    }
