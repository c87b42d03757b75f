"""Project files: bytes come back as they went, within bounds."""

import io
from typing import Any

import aiohttp
import pytest

from octoperf_mcp.config import EmbeddedSettings
from octoperf_mcp.embedded.platform import Platform


def form(content: bytes, name: str | None = None, filename: str | None = "local.bin") -> Any:
    data = aiohttp.FormData(default_to_multipart=True)
    if name is not None:
        data.add_field("filename", name)
    data.add_field("file", io.BytesIO(content), filename=filename)
    return data


@pytest.fixture
def path(home: Any) -> str:
    return f"/design/project-files/{home.project_id}"


async def test_bytes_come_back_as_they_went(ada: Any, home: Any, path: str) -> None:
    """As the Maven plugin uploads: a text part `filename` and the part `file`."""
    content = bytes(range(256)) * 1000
    made = await ada.json("POST", path, status=201, data=form(content, "data.bin"))
    assert (made["name"], made["size"]) == ("data.bin", len(content))
    answer = await ada.call("GET", path, params={"filename": "data.bin"})
    assert await answer.read() == content
    assert answer.headers["Content-Disposition"] == 'attachment; filename="data.bin"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.content_type == "application/octet-stream"
    assert "Content-Encoding" not in answer.headers
    assert await ada.get(f"/design/project-files/list/{home.project_id}") == ["data.bin"]
    (entry,) = await ada.get(f"/design/project-files/entries/{home.project_id}")
    assert (entry["name"], entry["size"]) == ("data.bin", len(content))
    await ada.delete(path, params={"filename": "data.bin"})
    for method in ("GET", "DELETE"):
        await ada.json(method, path, status=404, params={"filename": "data.bin"})
    await ada.get(path, status=400)


async def test_the_name_comes_from_part_query_or_file(ada: Any, home: Any, path: str) -> None:
    await ada.json("POST", path, status=201, data=form(b"1"))
    await ada.json("POST", path, status=201, data=form(b"2"), params={"filename": "query.bin"})
    quoted = aiohttp.FormData(default_to_multipart=True)
    quoted.add_field("filename", '"jackson.bin"', content_type="application/json")
    quoted.add_field("file", io.BytesIO(b"3"), filename="local.bin")
    await ada.json("POST", path, status=201, data=quoted)
    assert await ada.get(f"/design/project-files/list/{home.project_id}") == [
        "jackson.bin",
        "local.bin",
        "query.bin",
    ]


async def test_a_second_upload_overwrites(ada: Any, home: Any, path: str) -> None:
    for content in (b"one", b"two"):
        await ada.json("POST", path, status=201, data=form(content, "a.csv"))
    answer = await ada.call("GET", path, params={"filename": "a.csv"})
    assert await answer.read() == b"two"


@pytest.mark.parametrize("name", ["../a", "a/b", "a\\b", "..", "a\nb", "n" * 201, " "])
async def test_a_name_that_reads_like_a_path_is_refused(ada: Any, path: str, name: str) -> None:
    await ada.json("POST", path, status=400, data=form(b"x", name))


async def test_an_upload_over_the_limit_is_refused_and_leaves_nothing(
    ada: Any, home: Any, path: str
) -> None:
    """Whether or not the client says beforehand how much it sends."""
    for size in (300_001, 3_000_000):
        refused = await ada.json("POST", path, status=413, data=form(b"x" * size, "large"))
        assert "300000 bytes" in refused["message"]
    assert await ada.get(f"/design/project-files/list/{home.project_id}") == []
    await ada.json("POST", path, status=201, data=form(b"x" * 299_990, "fits"))


async def test_a_body_that_is_no_form_is_refused(ada: Any, path: str) -> None:
    many = aiohttp.FormData(default_to_multipart=True)
    for number in range(21):
        many.add_field(f"part{number}", "x")
    broken = {"Content-Type": "multipart/form-data; boundary=x"}
    for options, status in (
        ({"data": b"bytes"}, 400),
        ({"data": {"filename": "x"}}, 400),
        ({"data": b"--y\r\n\r\n", "headers": broken}, 400),
        ({"data": b"", "headers": {"Content-Type": "multipart/form-data"}}, 400),
        ({"data": many}, 413),
    ):
        await ada.json("POST", path, status=status, **options)
    nameless = aiohttp.FormData(default_to_multipart=True)
    nameless.add_field("file", "x")
    assert "no name" in (await ada.json("POST", path, status=400, data=nameless))["message"]


async def test_lines_are_read_by_number(ada: Any, path: str) -> None:
    content = "\ufeffhéad\r\n" + "".join(f"line {number}\n" for number in range(1, 1500)) + "last"
    await ada.json("POST", path, status=201, data=form(content.encode(), "a.csv"))

    async def lines(count: int, offset: int | None = None) -> str:
        params = {"filename": "a.csv"} | ({} if offset is None else {"offset": str(offset)})
        answer = await ada.call("GET", f"{path}/{count}", params=params)
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        text: str = await answer.text()
        return text

    assert await lines(2) == "\ufeffhéad\r\nline 1\n"
    assert await lines(3, 1498) == "line 1498\nline 1499\nlast"
    assert await lines(3, 5000) == ""
    assert (await lines(5000)).count("\n") == 1000
    await ada.get(f"{path}/many", status=400, params={"filename": "a.csv"})
    await ada.get(f"{path}/1", status=400, params={"filename": "a.csv", "offset": "-1"})


async def test_bytes_without_lines_are_not_read_as_text(ada: Any, path: str) -> None:
    await ada.json("POST", path, status=201, data=form(b"\xff" * 200_000, "a.bin"))
    await ada.get(f"{path}/1", status=400, params={"filename": "a.bin"})


async def test_a_reader_may_not_upload(client: Any, path: str) -> None:
    answer = await client.post(
        path, data=form(b"x", "a"), headers={"Authorization": "Bearer ada-reads"}
    )
    assert answer.status == 403


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"\xff\xfe", "text/plain"),
        (b'"open', "application/json"),
        (b"n" * 1_100_000, "text/plain"),
    ],
)
async def test_a_text_part_that_is_none_is_refused(
    ada: Any, platform: Platform, path: str, content: bytes, content_type: str
) -> None:
    platform.settings = EmbeddedSettings()
    data = aiohttp.FormData(default_to_multipart=True)
    data.add_field("filename", io.BytesIO(content), content_type=content_type)
    data.add_field("file", io.BytesIO(b"x"), filename="a")
    refused = await ada.json("POST", path, status=400, data=data)
    assert "'filename'" in refused["message"]


async def test_compressed_and_nested_parts_are_refused(ada: Any, path: str) -> None:
    """Else a small body could unpack into a large one."""
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n'
    nested = b"Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nx\r\n--c--\r\n--b--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    for rest in (b"Content-Encoding: gzip\r\n\r\nx\r\n--b--\r\n", nested):
        await ada.json("POST", path, status=400, data=head + rest, headers=headers)
