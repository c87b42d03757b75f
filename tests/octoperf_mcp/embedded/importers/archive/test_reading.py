"""Archives of others, hostile ones, and broken ones: refused with a reason, nothing unpacked."""

import contextlib
import io
import struct
import zipfile
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from octoperf_mcp.embedded.importers.archive import layout
from octoperf_mcp.embedded.importers.archive.reading import import_archive
from octoperf_mcp.embedded.importers.archive.writing import Writer, documents
from octoperf_mcp.embedded.importers.failures import ImportFailed
from octoperf_mcp.embedded.importers.nodes import http_request, node, virtual_user
from octoperf_mcp.entities.imported import Bodies, Imported

Json = dict[str, Any]
MANIFEST = orjson.dumps({"format": layout.FORMAT, "version": 1})


def zipped(entries: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return file.getvalue()


def small(**changed: bytes) -> dict[str, bytes]:
    """The entries of a small archive, some changed."""
    body = virtual_user("Small", [http_request("Home", "s", "GET", "/")])
    server = {"id": "s", "hostname": "a.example", "protocol": "HTTPS", "port": 443}
    made = documents({"u": body}, [server], [], [])
    entries = {name: orjson.dumps(value) for name, value in made.items()}
    return {layout.MANIFEST: MANIFEST, **entries, **changed}


def read(data: bytes) -> Imported:
    return import_archive(io.BytesIO(data), Bodies())


def refused(data: bytes) -> str:
    with pytest.raises(ImportFailed) as caught:
        read(data)
    return caught.value.message


def test_a_small_archive_is_read() -> None:
    result = read(zipped(small()))
    (made,) = result.virtual_users
    assert (made["name"], made["children"][0]["serverId"]) == ("Small", "server-1")
    assert result.carried == 2
    assert import_archive(io.BytesIO(zipped(small())), Bodies(), name="Other").virtual_users[0][
        "name"
    ] == "Other"  # fmt: skip


def test_every_archive_describes_its_own_layout() -> None:
    file = io.BytesIO()
    writer = Writer(file)
    writer.head("Shop")
    writer.close()
    with zipfile.ZipFile(file) as archive:
        told = archive.read(layout.README).decode()
    assert all(name in told for name in (layout.MANIFEST, *layout.DOCUMENTS, "files/", "bodies/"))


@pytest.mark.parametrize(
    ("names", "what"),
    [
        (["project/shop.nlp", "project/config.zip"], "NeoLoad"),
        (["Shop/Shop.usr", "Shop/Action.c"], "LoadRunner"),
        (["plans/shop.jmx"], "JMeter"),
        (["har.har", "abc.html"], "HAR"),
        (["tests/shop.spec.ts", "playwright.config.ts"], "Playwright project"),
        (["trace.trace", "trace.network"], "Playwright trace"),
        (["shop.postman_collection.json"], "Postman"),
        (["results.jtl"], "JMeter results"),
        (["src/BasicSimulation.scala"], "Gatling"),
        (["locustfile.py"], "Locust"),
        (["META-INF/MANIFEST.MF", "a.class"], "Java"),
        (["[Content_Types].xml"], "Office"),
        (["virtualUser.json"], "not public"),
        ([], "not public"),
    ],
)
def test_an_archive_of_another_platform_is_recognised(names: list[str], what: str) -> None:
    assert what in refused(zipped(dict.fromkeys(names, b"x")))


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "no zip"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
        (b"Rar!\x1a", "RAR"),
        (b'{"log": {}}', "JSON"),
        (b"<html>", "XML"),
        (b"x" * 257 + b"ustar", "tar"),
        (b"PK\x03\x04 and no more", "cut short"),
    ],
)
def test_what_is_no_zip_is_named(data: bytes, what: str) -> None:
    assert what in refused(data)


@pytest.mark.parametrize(
    ("manifest", "what"),
    [
        ({"format": "k6-cloud"}, "another platform (k6-cloud)"),
        ({}, "another platform"),
        ({"format": layout.FORMAT, "version": 2}, "version 2"),
    ],
)
def test_a_manifest_of_others_or_of_a_newer_layout_is_refused(manifest: Json, what: str) -> None:
    assert what in refused(zipped(small(**{layout.MANIFEST: orjson.dumps(manifest)})))


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/passwd", "files/../../evil", "files\\evil", "C:evil", "a/../b"]
)
def test_a_path_that_leads_out_is_refused(name: str) -> None:
    assert "leads out" in refused(zipped(small(**{name: b"x"})))


def test_a_folder_in_files_has_no_place_and_is_told() -> None:
    result = read(zipped(small(**{"files/a/b.csv": b"x", "notes.txt": b"x"})))
    assert [one.path for one in result.dropped] == ["files/a/b.csv", "notes.txt"]
    assert result.files == {}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_stands_twice_is_refused() -> None:
    file = io.BytesIO(zipped(small()))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(layout.SERVERS, b"[]")
    assert "twice" in refused(file.getvalue())


def test_a_bomb_is_refused_by_what_it_says_and_by_what_it_holds() -> None:
    bomb = zipped(small(**{layout.VARIABLES: b" " * (65 * 1024**2)}))
    assert len(bomb) < 100_000
    assert "larger than" in refused(bomb)
    lying = bytearray(zipped(small(**{"files/a": b"\0" * 1_000_000})))
    at = lying.rindex(b"files/a") - 46 + 24
    lying[at : at + 4] = struct.pack("<L", 10)
    with contextlib.suppress(ImportFailed):
        result = read(bytes(lying))
        assert result.blobs.size_of(result.files["a"]) <= 10
    claimed = bytearray(zipped(small(**{f"files/{n}": b"" for n in range(2)})))
    for name in (b"files/0", b"files/1"):
        at = claimed.rindex(name) - 46 + 24
        claimed[at : at + 4] = struct.pack("<L", 0xF0000000)
    assert "when unpacked" in refused(bytes(claimed))


def test_a_hundred_thousand_entries_are_refused_before_they_are_listed() -> None:
    many = zipped({f"files/{number}": b"" for number in range(100_000)}, zipfile.ZIP_STORED)
    assert "more than 20000 entries" in refused(many)
    cut = bytearray(many[-(1024**2) :])
    assert "more than 20000 entries" in refused(bytes(cut))


def test_an_encrypted_or_strangely_compressed_entry_is_refused() -> None:
    data = bytearray(zipped(small()))
    at = data.rindex(b"PK\x01\x02") + 8
    data[at] |= 1
    assert "encrypted" in refused(bytes(data))
    assert "unusual" in refused(zipped(small(), zipfile.ZIP_LZMA))


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({layout.VIRTUAL_USER: b"{"}, "no JSON"),
        ({layout.VIRTUAL_USER: b"[]"}, "no object"),
        ({layout.VIRTUAL_USER: b'{"name": "\xff"}'}, "no JSON"),
        ({layout.VIRTUAL_USER: b"[" * 300 + b"]" * 300}, "levels"),
        ({layout.SERVERS: b"{}"}, "no list"),
        ({layout.SERVERS: b"[]"}, "which is not in servers.json"),
        ({layout.SERVERS: b'[{"hostname": ""}]'}, "not as it must be"),
        ({layout.VARIABLES: b'[{"name": "x", "variable": {"@type": "Evil"}}]'}, "@type"),
        ({layout.RULES: b"[1]"}, "no object"),
        ({f"bodies/{'0' * 64}": b"x"}, "not what its name says"),
    ],
)
def test_a_document_that_is_not_as_it_must_be_is_named(
    changed: dict[str, bytes], what: str
) -> None:
    assert what in refused(zipped(small(**changed)))


def test_fragments_in_a_circle_are_refused() -> None:
    def linking(name: str, target: str) -> bytes:
        return orjson.dumps(virtual_user(name, [node("LinkAction", "x", virtualUserId=target)]))

    circle = {
        "fragments/fragment-1.json": linking("One", "fragment-2"),
        "fragments/fragment-2.json": linking("Two", "fragment-1"),
    }
    assert "circle" in refused(zipped(small(**circle)))
    assert "circle" in refused(zipped(small(**{layout.VIRTUAL_USER: linking("A", "virtual-user")})))


@given(st.integers(0, 2_000), st.binary(max_size=6))
def test_a_cut_or_overwritten_archive_is_read_or_refused(at: int, junk: bytes) -> None:
    whole = zipped(small())
    at %= len(whole)
    for data in (whole[:at], whole[:at] + junk + whole[at + len(junk) :]):
        with contextlib.suppress(ImportFailed):
            read(data)
