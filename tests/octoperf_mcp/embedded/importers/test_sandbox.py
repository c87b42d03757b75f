"""Imports in a process of their own answer as imports in this one do."""

import io
import re
import tempfile
from dataclasses import asdict, replace
from typing import Any, BinaryIO, cast

import orjson
import pytest

from octoperf_mcp.demo.shop_recording import container_timeline, recording
from octoperf_mcp.embedded.importers import worker
from octoperf_mcp.embedded.importers.failures import ImportFailed
from octoperf_mcp.embedded.importers.har import HarOptions, import_har
from octoperf_mcp.embedded.importers.sandbox import imported_file
from octoperf_mcp.entities.imported import Bodies, Imported


async def read(data: bytes, options: HarOptions | None = None, **limits: Any) -> Imported:
    """Everything but the bodies, which end with the block, and the bodies as a dictionary."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        given = asdict(options or HarOptions())
        async with imported_file("har", cast("BinaryIO", file), given, **limits) as imported:
            bodies = Bodies()
            for body in imported.blobs.values():
                bodies.keep(body)
            return replace(imported, blobs=bodies)


def without_ids(imported: Imported) -> bytes:
    documents = [imported.virtual_users, imported.servers, imported.variables, imported.dropped]
    return re.sub(rb'"(id|serverId)":"[^"]*"', b"", orjson.dumps(documents))


async def test_documents_drops_and_bodies_are_those_of_the_import() -> None:
    options = HarOptions.from_wire({}, timeline=orjson.dumps(container_timeline()), name="Shop")
    made, same = await read(recording(), options), import_har(recording(), options)
    assert without_ids(made) == without_ids(same)
    assert made.blobs == same.blobs
    assert made.virtual_users[0]["name"] == "Shop"


async def test_a_refusal_passes_with_its_next_step() -> None:
    with pytest.raises(ImportFailed) as refused:
        await read(b"{}")
    assert refused.value.problem == "The file is JSON but no HAR: it has no log.entries."
    assert "Record again" in refused.value.next_step


async def test_an_import_that_takes_too_long_is_a_refusal() -> None:
    with pytest.raises(ImportFailed, match=r"longer than 0\.001 s"):
        await read(recording(), limit_s=0.001)


def test_a_recording_that_takes_too_much_memory_is_a_refusal() -> None:
    def greedy(*_: Any) -> Imported:
        raise MemoryError

    answer = worker.work(greedy, io.BytesIO(), {}, Bodies())
    problem, next_step = orjson.loads(answer)["failed"]
    assert "more memory" in problem
    assert next_step
