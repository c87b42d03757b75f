"""A corpus of broken files for each import: a clear error, in bounds, and nothing kept."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import aiohttp
import orjson
import pytest
import sqlalchemy as sa

from octoperf_mcp.demo.shop_recording import recording
from octoperf_mcp.embedded.importers.archive import layout
from octoperf_mcp.embedded.platform import Platform
from octoperf_mcp.embedded.store.schema import blob, document, project_file

Json = dict[str, Any]
Rest = Any
Home = Any

HAR = recording()
PLAN = (
    b'<?xml version="1.0"?><jmeterTestPlan><hashTree><TestPlan testname="P"/><hashTree>'
    b'<ThreadGroup testname="Users"/><hashTree><HTTPSamplerProxy testname="Home"><stringProp '
    b'name="HTTPSampler.domain">a.example</stringProp></HTTPSamplerProxy><hashTree/></hashTree>'
    b"</hashTree></hashTree></jmeterTestPlan>"
)
COLLECTION = orjson.dumps(
    {
        "info": {"name": "Calls", "schema": "https://schema.getpostman.com/v2.1.0/collection.json"},
        "item": [{"name": "Ping", "request": "http://a.example/ping"}],
    }
)
SPEC = b"import { test } from '@playwright/test';\ntest('opens', async ({ page }) => {});\n"
LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 9))
    + b"]><jmeterTestPlan>&a8;</jmeterTestPlan>"
)
OUTSIDE = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    b"<jmeterTestPlan><hashTree>&a;</hashTree></jmeterTestPlan>"
)


def zipped(entries: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return file.getvalue()


MANIFEST = orjson.dumps({"format": layout.FORMAT, "version": layout.VERSION})
USER = b'{"name": "A", "type": "JMETER", "tags": [], "children": [], "@type": "VirtualUser"}'
ARCHIVE = {
    layout.MANIFEST: MANIFEST,
    layout.VIRTUAL_USER: USER,
    layout.SERVERS: b"[]",
    layout.VARIABLES: b"[]",
    layout.RULES: b"[]",
}


def deep(opening: bytes, closing: bytes) -> bytes:
    return opening * 100_000 + closing * 100_000


CORPUS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "har empty": ("har", lambda: b""),
    "har cut short": ("har", lambda: HAR[: len(HAR) // 2]),
    "har in utf-16": ("har", lambda: HAR.decode().encode("utf-16")),
    "har of wrong types": ("har", lambda: b'{"log": {"entries": {"a": 1}}}'),
    "har with entries of wrong types": ("har", lambda: b'{"log": {"entries": [1, null, "x"]}}'),
    "har of arrays in arrays": ("har", lambda: deep(b"[", b"]")),
    "har that is a plan": ("har", lambda: PLAN),
    "har that is a zip": ("har", lambda: zipped({"har.har": HAR})),
    "har of 100,000 empty entries": (
        "har",
        lambda: b'{"log": {"entries": [' + b",".join([b"{}"] * 100_000) + b"]}}",
    ),
    "jmx empty": ("jmx", lambda: b""),
    "jmx cut short": ("jmx", lambda: PLAN[: len(PLAN) // 2]),
    "jmx with entities in entities": ("jmx", lambda: LAUGHS),
    "jmx with an entity from outside": ("jmx", lambda: OUTSIDE),
    "jmx of another root": ("jmx", lambda: b"<project/>"),
    "jmx in an unknown encoding": ("jmx", lambda: PLAN.replace(b'"1.0"', b'"1.0" encoding="x-1"')),
    "jmx of elements in elements": ("jmx", lambda: deep(b"<hashTree>", b"</hashTree>")),
    "jmx that is json": ("jmx", lambda: COLLECTION),
    "postman empty": ("postman", lambda: b""),
    "postman cut short": ("postman", lambda: COLLECTION[:-20]),
    "postman in latin-1": ("postman", lambda: COLLECTION.replace(b"Ping", b"P\xefng")),
    "postman of wrong types": ("postman", lambda: b'{"info": [], "item": "x"}'),
    "postman of items in items": ("postman", lambda: deep(b'{"item":[', b"]}")),
    "postman that is a har": ("postman", lambda: HAR),
    "playwright empty": ("playwright", lambda: b""),
    "playwright cut short": ("playwright", lambda: SPEC[:-6]),
    "playwright in utf-16": ("playwright", lambda: SPEC.decode().encode("utf-16")),
    "playwright too long": ("playwright", lambda: SPEC + b"//" * 1_000_000),
    "playwright that is a har": ("playwright", lambda: HAR),
    "archive empty": ("archive", lambda: b""),
    "archive cut short": ("archive", lambda: zipped(ARCHIVE)[:-30]),
    "archive of another platform": ("archive", lambda: zipped({"a.nlp": b"x"})),
    "archive with a path out of it": ("archive", lambda: zipped({**ARCHIVE, "../x": b"x"})),
    "archive that is a bomb": (
        "archive",
        lambda: zipped({**ARCHIVE, layout.RULES: b" " * (65 * 1024**2)}),
    ),
    "archive of 100,000 entries": (
        "archive",
        lambda: zipped({f"files/{number}": b"" for number in range(100_000)}),
    ),
    "archive with a virtual user of wrong types": (
        "archive",
        lambda: zipped({**ARCHIVE, layout.VIRTUAL_USER: b'{"children": 1}'}),
    ),
    "archive with a circle of links": (
        "archive",
        lambda: zipped(
            {
                **ARCHIVE,
                layout.VIRTUAL_USER: USER.replace(
                    b'"children": []',
                    b'"children": [{"@type": "LinkAction", "id": "l", "name": "x", "enabled": true,'
                    b' "virtualUserId": "virtual-user"}]',
                ),
            }
        ),
    ),
}


async def kept(platform: Platform) -> list[int]:
    """How many documents, files and bodies there are."""
    counts = []
    async with platform.database.reading() as reader:
        for table in (document, project_file, blob):
            counted = await reader.execute(sa.select(sa.func.count()).select_from(table))
            counts.append(int(counted.scalar_one()))
    return counts


@pytest.mark.parametrize("name", CORPUS)
async def test_a_broken_file_is_refused_with_a_reason_and_keeps_nothing(
    ada: Rest, home: Home, platform: Platform, name: str
) -> None:
    kind, make = CORPUS[name]
    platform.settings = replace(platform.settings, max_upload_bytes=64 * 1024**2)
    form = aiohttp.FormData()
    form.add_field("file", io.BytesIO(make()), filename=f"shop.{kind}")
    before = await kept(platform)
    path = f"/imports/{kind}/{home.project_id}"
    answered = await ada.json("POST", path, status=400, data=form)
    assert len(answered["message"]) > 20
    assert answered["nextStep"]
    assert "Traceback" not in str(answered)
    assert "process was killed" not in answered["message"]
    assert await kept(platform) == before
