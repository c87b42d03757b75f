"""The caller behind reverse proxies, as far as the proxies are ours."""

import ipaddress
from typing import Any

import pytest
from aiohttp import web

from octoperf_mcp.errors import ConfigError
from octoperf_mcp.transport.forwarded import caller_of, forwarded

TRUSTED = [ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8")]


@pytest.mark.parametrize(
    ("peer", "values", "caller"),
    [
        ("10.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["203.0.113.7, 10.0.0.2"], "203.0.113.7"),
        ("10.0.0.1", ["203.0.113.7", "10.0.0.2"], "203.0.113.7"),
        ("10.0.0.1", ["6.6.6.6, 203.0.113.7, 10.0.0.2"], "203.0.113.7"),
        ("::ffff:10.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("fd00::1", ["2001:db8::1"], "2001:db8::1"),
        ("10.0.0.1", ["203.0.113.7:55321"], "203.0.113.7"),
        ("10.0.0.1", ["[2001:db8::1]:55321"], "2001:db8::1"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["unknown"], "10.0.0.1"),
        ("203.0.113.9", ["6.6.6.6"], "203.0.113.9"),
        ("", ["6.6.6.6"], ""),
    ],
)
def test_the_nearest_address_that_is_not_ours_is_the_caller(
    peer: str, values: list[str], caller: str
) -> None:
    assert caller_of(peer, values, TRUSTED) == caller


@pytest.mark.parametrize(
    ("proxies", "remote"), [(["127.0.0.1"], "203.0.113.7"), (["10.0.0.0/8"], "127.0.0.1")]
)
async def test_handlers_see_the_caller_and_the_body_as_sent(
    aiohttp_client: Any, proxies: list[str], remote: str
) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.json_response([request.remote, await request.text(), request.match_info["id"]])

    app = web.Application(middlewares=[forwarded(proxies)])
    app.router.add_post("/{id}", handler)
    client = await aiohttp_client(app)
    answer = await client.post("/x", data="body", headers={"X-Forwarded-For": "203.0.113.7"})
    assert await answer.json() == [remote, "body", "x"]


def test_what_is_no_network_is_refused_at_the_start() -> None:
    with pytest.raises(ConfigError, match="no address or network"):
        forwarded(["proxy.example"])
