"""Single-use addresses: once, soon, for the one request that was signed."""

import asyncio
import io
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
import sqlalchemy as sa

from octoperf_mcp.embedded.platform import Platform
from octoperf_mcp.embedded.rest.presigned import is_signable
from octoperf_mcp.embedded.store.schema import presigned


@pytest.fixture
def files(home: Any) -> str:
    return f"/design/project-files/{home.project_id}"


async def sign(user: Any, method: str, path: str, **query: str) -> str:
    body = {"method": method, "path": path, "query": query}
    signed = await user.post("/presigned-urls", body, status=200)
    assert set(signed) == {"url", "method", "expiresAt"}
    assert signed["url"].startswith("http://platform.test/public/presigned/")
    path_of_url: str = urlsplit(signed["url"]).path
    return path_of_url


def form(content: bytes, name: str = "a.csv") -> Any:
    data = aiohttp.FormData(default_to_multipart=True)
    data.add_field("file", io.BytesIO(content), filename=name)
    return data


async def test_an_upload_and_a_download_go_without_a_token(
    ada: Any, anybody: Any, home: Any, files: str
) -> None:
    up = await sign(ada, "POST", files, filename="näme & co.csv")
    made = await anybody.json("POST", up, status=201, data=form(b"a,b\n"))
    assert made["name"] == "näme & co.csv"
    down = await sign(ada, "GET", files, filename="näme & co.csv")
    answer = await anybody.call("GET", down)
    assert (answer.status, await answer.read()) == (200, b"a,b\n")


async def test_an_address_works_once(ada: Any, anybody: Any, files: str) -> None:
    up = await sign(ada, "POST", files)
    await anybody.json("POST", up, status=201, data=form(b"1"))
    refused = await anybody.json("POST", up, status=410, data=form(b"2"))
    assert "Call the tool again" in refused["message"]
    assert up.rpartition("/")[2] not in str(refused)


async def test_an_address_is_used_up_even_when_its_upload_is_refused(
    ada: Any, anybody: Any, files: str
) -> None:
    """The token goes before the body is read."""
    up = await sign(ada, "POST", files)
    await anybody.json("POST", up, status=413, data=form(b"x" * 400_000))
    await anybody.json("POST", up, status=410, data=form(b"x"))


async def test_of_many_at_once_one_gets_through(ada: Any, anybody: Any, files: str) -> None:
    up = await sign(ada, "POST", files)
    answers = await asyncio.gather(
        *(anybody.call("POST", up, data=form(str(number).encode())) for number in range(8))
    )
    assert sorted(answer.status for answer in answers) == [201] + [410] * 7


async def test_an_expired_address_is_gone(
    ada: Any, anybody: Any, files: str, platform: Platform
) -> None:
    up = await sign(ada, "POST", files)
    async with platform.database.writing() as connection:
        await connection.execute(presigned.update().values(expires=1))
    refused = await anybody.json("POST", up, status=410, data=form(b"1"))
    assert "expired" in refused["message"]
    await sign(ada, "POST", files)
    async with platform.database.reading() as reader:
        count = await reader.scalar(sa.select(sa.func.count()).select_from(presigned))
    assert count == 1


async def test_an_invented_address_is_gone(anybody: Any) -> None:
    await anybody.get("/public/presigned/invented", status=410)


async def test_the_wrong_method_does_not_use_it_up(ada: Any, anybody: Any, files: str) -> None:
    await ada.json("POST", files, status=201, data=form(b"1"))
    down = await sign(ada, "GET", files, filename="a.csv")
    assert (await anybody.call("POST", down, data=form(b"1"))).status == 405
    assert (await anybody.call("HEAD", down)).status == 405
    assert (await anybody.call("GET", down)).status == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/design/project-files/p"),
        ("POST", "/workspaces"),
        ("GET", "/workspaces/member-of"),
        ("GET", "/design/project-files/list/p"),
        ("GET", "/design/project-files/p/1"),
        ("GET", "/design/project-files/.."),
        ("GET", "/design/project-files/%2e%2e"),
        ("GET", "/design/project-files/p?filename=x"),
        ("GET", "/analysis/logs/../x"),
        ("POST", "/presigned-urls"),
        ("GET", "/public/presigned/x"),
        ("GET", "http://elsewhere/design/project-files/p"),
        ("GET", "/imports/har/p"),
    ],
)  # fmt: skip
async def test_only_downloads_and_uploads_can_be_signed(ada: Any, method: str, path: str) -> None:
    assert not is_signable(method, path)
    await ada.post("/presigned-urls", {"method": method, "path": path}, status=400)


def test_the_calls_that_need_it_can_be_signed() -> None:
    """The routes whose tools hand out addresses."""
    assert is_signable("POST", "/imports/har/p-1_x")
    assert is_signable("POST", "/imports/neoload/analyze/p")
    assert is_signable("POST", "/design/imports/jmx/p")
    assert is_signable("GET", "/analysis/logs/r")
    assert is_signable("GET", "/analysis/validations/body/v/3f2a-1")


@pytest.mark.parametrize("body", [[], {}, {"method": "GET"}, {"method": 1, "path": 2}])
async def test_a_request_to_sign_must_be_whole(ada: Any, body: Any) -> None:
    await ada.post("/presigned-urls", body, status=400)


async def test_a_query_holds_texts(ada: Any, files: str) -> None:
    body = {"method": "GET", "path": files, "query": {"filename": 1}}
    await ada.post("/presigned-urls", body, status=400)


async def test_signing_gives_nobody_more_than_he_has(
    ada: Any, eve: Any, anybody: Any, client: Any, files: str
) -> None:
    await ada.json("POST", files, status=201, data=form(b"1"))
    down = await sign(eve, "GET", files, filename="a.csv")
    assert (await anybody.call("GET", down)).status == 404
    reads = {"Authorization": "Bearer ada-reads"}
    for method, status in (("GET", 200), ("POST", 403)):
        body = {"method": method, "path": files, "query": {"filename": "a.csv"}}
        answer = await client.post("/presigned-urls", json=body, headers=reads)
        assert answer.status == status


async def test_a_route_that_this_platform_lacks_is_404(ada: Any, anybody: Any) -> None:
    up = await sign(ada, "POST", "/imports/smoke-signals/p")
    await anybody.json("POST", up, status=404, data=form(b"1"))


async def test_tokens_are_kept_as_hashes_only(ada: Any, files: str, tmp_path: Any) -> None:
    token = (await sign(ada, "GET", files, filename="x")).rpartition("/")[2]
    for file in tmp_path.iterdir():
        assert token.encode() not in file.read_bytes()
