"""The client's trace goes on to the REST API (W3C Trace Context; SEP-414 for `_meta`)."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from octoperf_mcp.observability import tracing
from tests.faults.bridge import bridge

ONE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TWO = "00-1bf7651916cd43dd8448eb211c80319d-c7ad6b7169203332-00"
Seen = list[tuple[str | None, str | None]]


@pytest.fixture
async def platform() -> AsyncIterator[tuple[str, Seen]]:
    seen: Seen = []

    async def workspaces(request: web.Request) -> web.Response:
        seen.append((request.headers.get("traceparent"), request.headers.get("tracestate")))
        return web.json_response([])

    app = web.Application()
    app.router.add_get("/workspaces/member-of", workspaces)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/"), seen


async def test_a_trace_of_header_or_meta_is_passed_on_and_kept_apart(
    platform: tuple[str, Seen],
) -> None:
    address, seen = platform
    async with bridge(address) as running:
        await running.call("list_workspaces", headers={"traceparent": ONE, "tracestate": "a=1,b=2"})
        await running.call(
            "list_workspaces", headers={"traceparent": ONE}, meta={"traceparent": TWO}
        )
        await running.call("list_workspaces")
    assert seen == [(ONE, "a=1,b=2"), (TWO, None), (None, None)]


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "00-0-0-0",
        ONE.upper(),
        ONE.replace("00-", "ff-"),
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        f"00-0af7651916cd43dd8448eb211c80319c-{'0' * 16}-01",
        f"{ONE}\r\nX-Admin: 1",
        7,
        None,
    ],
)
def test_what_is_no_trace_is_not_passed_on(wrong: object) -> None:
    assert tracing.adopt({}, {"traceparent": wrong}) == ""
    assert tracing.FIELDS.get() == ""


def test_a_state_that_would_add_fields_is_left_out() -> None:
    token = tracing.FIELDS.set("")
    assert tracing.adopt({}, {"traceparent": ONE, "tracestate": "a=1\r\nX-Admin: 1"}) == ONE[3:35]
    assert tracing.FIELDS.get() == f"traceparent: {ONE}\r\n"
    tracing.FIELDS.reset(token)
