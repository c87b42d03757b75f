"""Fetching what users name: public addresses only, judged as they are connected to."""

import socket
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from octoperf_mcp.embedded.failures import Failure, Forbidden, Invalid, TooLarge
from octoperf_mcp.embedded.outbound.files import fetched


class Host(TestServer):
    """A server that remembers the paths asked for."""

    seen: list[str]


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    """Answers `/file`, `/big`, `/gone`, and redirects from `/to?where=`."""
    seen: list[str] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        seen.append(request.path)
        assert "Cookie" not in request.headers
        if request.path == "/to":
            raise web.HTTPFound(request.query["where"], headers={"Set-Cookie": "a=b"})
        if request.path == "/big":
            return web.Response(body=b"x" * 100_000)
        if request.path == "/gone":
            raise web.HTTPNotFound
        return web.Response(body=b"the file")

    app = web.Application()
    app.router.add_get("/{name}", handler)
    server = Host(app, host="127.0.0.1")
    server.seen = seen
    async with server:
        yield server


async def read(url: str, *allowed: str, most_bytes: int = 50_000) -> bytes:
    async with fetched(url, allowed=allowed, most_bytes=most_bytes) as file:
        return file.read()


def address_of(host: Host, path: str = "/file") -> str:
    return f"http://127.0.0.1:{host.port}{path}"


async def test_a_host_that_the_operator_names_is_fetched_from(host: Host) -> None:
    assert await read(address_of(host), f"127.0.0.1:{host.port}") == b"the file"
    assert await read(address_of(host), "127.0.0.1") == b"the file"
    onward = address_of(host, f"/to?where=/to%3Fwhere%3D{address_of(host)}")
    assert await read(onward, "127.0.0.1") == b"the file"


@pytest.mark.parametrize(
    "spelling",
    ["127.0.0.1", "127.1", "0x7f000001", "2130706433", "0177.0.0.1", "localhost", "[::1]",
     "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "169.254.169.254"],
)  # fmt: skip
async def test_no_spelling_of_an_inner_host_is_fetched_from(host: Host, spelling: str) -> None:
    with pytest.raises(Failure):
        await read(f"http://{spelling}:{host.port}/file", "public")
    assert host.seen == []


async def test_a_redirect_to_another_host_is_judged_anew(host: Host) -> None:
    inner = f"http://localhost:{host.port}/file"
    with pytest.raises(Forbidden):
        await read(address_of(host, f"/to?where={inner}"), f"127.0.0.1:{host.port}")
    with pytest.raises(Invalid, match="http and https"):
        await read(address_of(host, "/to?where=file:///etc/passwd"), f"127.0.0.1:{host.port}")
    path = "/file"
    for _ in range(4):
        path = f"/to?where={quote(path, safe='')}"
    with pytest.raises(Invalid, match="more than 3"):
        await read(address_of(host, path), "127.0.0.1")


async def test_a_name_is_looked_up_once_and_all_its_addresses_count(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answering(*addresses: str) -> Callable[..., Any]:
        asked: list[str] = []

        def look_up(name: Any, port: Any, *_: Any, **__: Any) -> list[Any]:
            asked.append(name)
            assert len(asked) == 1, "a second look-up could lead elsewhere"
            kind = socket.SOCK_STREAM
            return [(socket.AF_INET, kind, 6, "", (one, int(port))) for one in addresses]

        return look_up

    monkeypatch.setattr(socket, "getaddrinfo", answering("127.0.0.1"))
    named = f"http://files.example:{host.port}/file"
    assert await read(named, "files.example") == b"the file"
    monkeypatch.setattr(socket, "getaddrinfo", answering("8.8.8.8", "127.0.0.1"))
    with pytest.raises(Forbidden):
        await read(named, "public")


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("ftp://8.8.8.8/x", Invalid),
        ("file:///etc/passwd", Invalid),
        ("//8.8.8.8/x", Invalid),
        ("http://user:word@8.8.8.8/x", Invalid),
        ("http://[::1", Invalid),
        ("http://8.8.8.8:25/", Forbidden),
        ("http://168.63.129.16/", Forbidden),
    ],
)
async def test_what_is_no_address_of_a_file_is_refused(url: str, kind: type[Failure]) -> None:
    with pytest.raises(kind):
        await read(url, "public")


async def test_nothing_is_fetched_where_nothing_is_allowed() -> None:
    with pytest.raises(Forbidden):
        await read("https://8.8.8.8/x")


async def test_size_and_status_are_told(host: Host) -> None:
    with pytest.raises(TooLarge, match="50000 bytes"):
        await read(address_of(host, "/big"), "127.0.0.1")
    with pytest.raises(Invalid, match="answers 404"):
        await read(address_of(host, "/gone"), "127.0.0.1")
