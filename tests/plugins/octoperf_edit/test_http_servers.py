"""HTTP servers: one edit re-targets every request."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from octoperf_edit.http_servers import list_http_servers_by_project, update_http_server
from octoperf_mcp.errors import NotFoundError

if TYPE_CHECKING:
    from tests.plugins.conftest import FakeContext

Maker = Callable[..., "FakeContext"]
PLUGIN = "octoperf_edit"
GET = "GET /design/http-servers/s1"
PUT = "PUT /design/http-servers/s1"
LIST = "GET /design/http-servers/by-project/p1"
SERVERS = "https://octoperf.test/ui/workspace/w1/project/p1/design/http-server"


def server(**more: Any) -> dict[str, Any]:
    return {
        "id": "s1",
        "userId": "u1",
        "projectId": "p1",
        "name": "shop",
        "protocol": "HTTPS",
        "hostname": "shop.test",
        "port": 443,
        "connectTimeoutMs": 0,
        "responseTimeoutMs": 30000,
        "ipSpoofing": False,
        "keepAlive": True,
        "resourcesPool": 6,
        "authorizations": [
            {
                "@type": "BasicAuthorization",
                "username": "user",
                "password": {"type": "PLAIN", "value": "s3cret"},
            }
        ],
        **more,
    }


async def test_servers_are_listed_with_their_address_and_without_credentials(
    context: Maker,
) -> None:
    ctx = context(PLUGIN, {LIST: [server(id="s2", port=8443), server()]})
    found = await ctx.run(list_http_servers_by_project, {"projectId": "p1"})
    assert [row["baseUrl"] for row in found["httpServers"]] == [
        "https://shop.test",
        "https://shop.test:8443",
    ]
    assert found["httpServers"][0] == {
        "id": "s1",
        "name": "shop",
        "baseUrl": "https://shop.test",
        "connectTimeoutMs": 0,
        "responseTimeoutMs": 30000,
        "ipSpoofing": False,
        "keepAlive": True,
        "resourcesPool": 6,
        "authorizationCount": 1,
        "url": f"{SERVERS}/s1",
    }
    assert "s3cret" not in str(found)
    assert found["url"] == SERVERS


async def test_a_server_known_by_one_address_text_is_listed_by_it(context: Maker) -> None:
    ctx = context(PLUGIN, {LIST: [{"id": "s1", "baseUrl": "http://shop.test:8080"}]})
    found = await ctx.run(list_http_servers_by_project, {"projectId": "p1"})
    assert found["httpServers"][0]["baseUrl"] == "http://shop.test:8080"


@pytest.mark.parametrize(
    ("base_url", "target", "shown"),
    [
        ("http://127.0.0.1:8099", ("HTTP", "127.0.0.1", 8099), "http://127.0.0.1:8099"),
        ("https://Shop.test/", ("HTTPS", "Shop.test", 443), "https://Shop.test"),
        ("HTTP://shop.test", ("HTTP", "shop.test", 80), "http://shop.test"),
        ("https://${Host}:444", ("HTTPS", "${Host}", 444), "https://${Host}:444"),
        ("http://api.${zone}.test", ("HTTP", "api.${zone}.test", 80), "http://api.${zone}.test"),
        ("http://[::1]:8099", ("HTTP", "::1", 8099), "http://[::1]:8099"),
    ],
)
async def test_a_base_url_re_targets_the_server_and_leaves_the_rest(
    context: Maker, base_url: str, target: tuple[str, str, int], shown: str
) -> None:
    ctx = context(PLUGIN, {GET: server(), PUT: lambda body: body})
    arguments = {"httpServerId": "s1", "baseUrl": base_url}
    found = await ctx.run(update_http_server, arguments)
    changed = dict(zip(("protocol", "hostname", "port"), target, strict=True))
    assert ctx.body_of(PUT) == server(**changed)
    assert (found["baseUrl"], found["url"]) == (shown, f"{SERVERS}/s1")


async def test_a_stored_address_text_follows(context: Maker) -> None:
    ctx = context(PLUGIN, {GET: server(baseUrl="https://shop.test"), PUT: lambda body: body})
    arguments = {"httpServerId": "s1", "baseUrl": "http://127.0.0.1:8099"}
    await ctx.run(update_http_server, arguments)
    assert ctx.body_of(PUT)["baseUrl"] == "http://127.0.0.1:8099"


async def test_time_outs_and_spoofing_change_alone(context: Maker) -> None:
    ctx = context(PLUGIN, {GET: server(), PUT: None})
    changes = {"connectTimeoutMs": 5000, "responseTimeoutMs": 0, "ipSpoofing": True}
    found = await ctx.run(update_http_server, {"httpServerId": "s1", **changes})
    assert ctx.body_of(PUT) == server(**changes)
    assert {name: found[name] for name in changes} == changes


@pytest.mark.parametrize(
    "wrong",
    [
        "ftp://shop.test",
        "${scheme}://shop.test",
        "https://shop.test/api",
        "https://user:word@shop.test",
        "https://user@shop.test",
        "https://shop.test:${port}",
        "https://shop.test:0",
        "https://shop.test:65536",
        "https://shop.test?x=1",
        "https://",
        "",
        "https://shop test",
    ],
)
async def test_what_is_no_base_url_is_refused_with_an_example(context: Maker, wrong: str) -> None:
    ctx = context(PLUGIN)
    error = await ctx.refuse(update_http_server, {"httpServerId": "s1", "baseUrl": wrong})
    assert error.code == "invalid_argument"
    assert error.details["field"] == "baseUrl"
    assert error.details["allowed"]
    assert ctx.made == []


async def test_a_forgotten_scheme_is_suggested(context: Maker) -> None:
    ctx = context(PLUGIN)
    arguments = {"httpServerId": "s1", "baseUrl": "shop.test:8080"}
    error = await ctx.refuse(update_http_server, arguments)
    assert error.details["didYouMean"] == "http://shop.test:8080"


async def test_an_update_of_nothing_is_refused(context: Maker) -> None:
    error = await context(PLUGIN).refuse(update_http_server, {"httpServerId": "s1"})
    assert "baseUrl" in error.details["allowed"]


async def test_an_unknown_server_is_answered_with_the_tool_that_lists_them(context: Maker) -> None:
    ctx = context(PLUGIN, {GET: NotFoundError("404", status=404)})
    error = await ctx.refuse(update_http_server, {"httpServerId": "s1", "ipSpoofing": True})
    assert error.next_step == "Take httpServerId from list_http_servers_by_project."
