"""Public files over HTTP."""

import gzip
import hashlib
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from yarl import URL

from octoperf_mcp import PublicAsset, hookimpl
from octoperf_mcp.registry.manager import load_registry
from octoperf_mcp.transport.public_files import add_public_files

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

GUIDE = b"\xef\xbb\xbf# Guide\r\n" + b"The same line again.\n" * 50
Client = TestClient[web.Request, web.Application]


class Assets:
    __name__ = "assets"

    @hookimpl
    def register_public_assets(self) -> tuple[PublicAsset, ...]:
        markdown = "text/markdown; charset=utf-8"
        return (
            PublicAsset("AGENTS.md", markdown, GUIDE, description="For <agents>."),
            PublicAsset("skills/été 1.md", markdown, b"short"),
            PublicAsset("schema/vu.json", "application/json", b'{"a": 1}'),
        )


@pytest.fixture
async def client(aiohttp_client: Callable[..., Awaitable[Client]]) -> Client:
    app = web.Application()
    add_public_files(app, load_registry(extra=[Assets()], installed=False))
    return await aiohttp_client(app, auto_decompress=False)


async def test_the_bytes_are_served_as_they_are(client: Client) -> None:
    answer = await client.get("/mcp/public/AGENTS.md", headers={"Accept-Encoding": "identity"})
    assert answer.status == 200
    assert await answer.read() == GUIDE
    assert answer.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("asked", "coding", "unpack"),
    [("br, gzip", "gzip", gzip.decompress), ("gzip, br, zstd", "zstd", zstd.decompress)],
)
async def test_a_packed_variant_has_the_same_content_and_its_own_tag(
    client: Client, asked: str, coding: str, unpack: Callable[[bytes], bytes]
) -> None:
    path = "/mcp/public/AGENTS.md"
    plain = await client.get(path, headers={"Accept-Encoding": "identity"})
    packed = await client.get(path, headers={"Accept-Encoding": asked})
    told = await client.head(path, headers={"Accept-Encoding": asked})
    refused = await client.get(path, headers={"Accept-Encoding": f"{coding};q=0"})
    body = await packed.read()
    assert packed.headers["Content-Encoding"] == coding
    assert unpack(body) == GUIDE
    assert len(body) < len(GUIDE)
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
    assert told.headers["Content-Length"] == str(len(body))
    assert told.headers["ETag"] == packed.headers["ETag"]
    assert "Content-Encoding" not in refused.headers
    known = {"Accept-Encoding": asked, "If-None-Match": packed.headers["ETag"]}
    again = await client.get(path, headers=known)
    assert (again.status, await again.read()) == (304, b"")


async def test_who_refuses_every_coding_is_told_so(client: Client) -> None:
    for path, asked in (("AGENTS.md", "*;q=0"), ("schema/vu.json", "gzip, identity;q=0")):
        answer = await client.get(f"/mcp/public/{path}", headers={"Accept-Encoding": asked})
        assert answer.status == 406
        assert (await answer.json())["allowed"] == ["zstd", "gzip", "identity"]
        assert answer.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    "absurd",
    [
        {"Range": "bytes=0-99999999999999999999"},
        {"Range": "bytes=-1--1, 5-2"},
        {"Range": "lines=1-"},
        {"If-None-Match": '"'},
        {"If-None-Match": "W/, \xff, *, *"},
        {"If-None-Match": '"a",' * 900},
        {"If-Modified-Since": "yesterday"},
        {"If-Unmodified-Since": "Mon, 01 Jan 0001 00:00:00 GMT"},
        {"If-Range": "nothing"},
        {"Accept-Encoding": "identity;q=1;q=0"},
        {"Accept": "text/nothing"},
    ],
)
async def test_absurd_fields_are_passed_over(client: Client, absurd: dict[str, str]) -> None:
    answer = await client.get("/mcp/public/schema/vu.json", headers=absurd)
    assert (answer.status, await answer.read()) == (200, b'{"a": 1}')


async def test_a_short_file_is_never_packed(client: Client) -> None:
    headers = {"Accept-Encoding": "gzip"}
    answer = await client.get("/mcp/public/schema/vu.json", headers=headers)
    assert await answer.read() == b'{"a": 1}'


async def test_a_known_tag_is_answered_without_the_bytes(client: Client) -> None:
    first = await client.get("/mcp/public/schema/vu.json")
    tag = first.headers["ETag"]
    assert tag == f'"{hashlib.sha256(await first.read()).hexdigest()[:32]}"'
    for known in (tag, f'"other", {tag}', "*", f"W/{tag}"):
        again = await client.get("/mcp/public/schema/vu.json", headers={"If-None-Match": known})
        assert (again.status, await again.read()) == (304, b"")
        assert again.headers["ETag"] == tag
    other = await client.get("/mcp/public/schema/vu.json", headers={"If-None-Match": '"other"'})
    assert other.status == 200


async def test_head_tells_the_length_alone(client: Client) -> None:
    headers = {"Accept-Encoding": "identity"}
    answer = await client.head("/mcp/public/AGENTS.md", headers=headers)
    assert (answer.status, answer.headers["Content-Length"]) == (200, str(len(GUIDE)))
    assert await answer.read() == b""


async def test_encoded_names_are_found(client: Client) -> None:
    answer = await client.get("/mcp/public/skills/%C3%A9t%C3%A9%201.md")
    assert await answer.read() == b"short"


@pytest.mark.parametrize("path", ["", "/"])
async def test_the_index_lists_every_file(client: Client, path: str) -> None:
    headers = {"Accept-Encoding": "identity"}
    answer = await client.get(f"/mcp/public{path}", headers=headers)
    page = await answer.text()
    assert answer.content_type == "text/html"
    assert 'href="/mcp/public/skills/%C3%A9t%C3%A9%201.md"' in page
    assert "For &lt;agents&gt;." in page
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path",
    [
        "nothing",
        "skills",
        "skills/",
        "agents.md",
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e%2fpublic%2fAGENTS.md",
        "%00",
    ],
)
async def test_what_is_not_there_is_a_404_in_json(client: Client, path: str) -> None:
    address = client.make_url("/").join(URL(f"/mcp/public/{path}", encoded=True))
    answer = await client.session.get(address)
    assert answer.status == 404
    known = ["AGENTS.md", "schema/vu.json", "skills/été 1.md"]
    assert (await answer.json())["allowed"] == known
    assert (await answer.json())["code"] == "not_found"


async def test_pages_of_every_origin_may_read(client: Client) -> None:
    headers: dict[str, Any] = {"Origin": "https://page.example"}
    answer = await client.get("/mcp/public/AGENTS.md", headers=headers)
    assert answer.headers["Access-Control-Allow-Origin"] == "https://page.example"
    headers["Access-Control-Request-Method"] = "GET"
    assert (await client.options("/mcp/public/AGENTS.md", headers=headers)).status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_nothing_can_be_written(client: Client, method: str) -> None:
    assert (await client.request(method, "/mcp/public/AGENTS.md")).status == 405
