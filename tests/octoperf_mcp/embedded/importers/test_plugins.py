"""Importers of plugins run in a process of their own: broken ones cost one import."""

import io
import os
import tempfile
import time
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest
import structlog

from octoperf_mcp.embedded.importers.failures import ImportFailed
from octoperf_mcp.embedded.importers.sandbox import imported_file
from octoperf_mcp.embedded.importers.worker import ADDED
from octoperf_mcp.entities.added_types import AddedType, AddedTypes
from octoperf_mcp.entities.imported import Bodies, Imported
from octoperf_mcp.errors import InvalidArgumentError

TYPES = AddedTypes(
    (
        AddedType(
            "Action", "AcmeSayAction", "Says.", {"words": {"type": "string"}}, ("words",), True
        ),
    )
)
HERE = "tests.octoperf_mcp.embedded.importers.test_plugins"


def user(name: str, *children: dict[str, Any]) -> dict[str, Any]:
    return {"@type": "VirtualUser", "type": "JMETER", "name": name, "children": [*children]}


def works(file: BinaryIO, options: dict[str, Any], bodies: Bodies) -> Imported:
    bodies.keep(file.read())
    assert list(options) == ["name"]
    said = {"@type": "AcmeSayAction", "id": "1", "enabled": True, "words": "a", "children": []}
    return Imported(virtual_users=[user(options["name"], said)], carried=1, blobs=bodies)


def makes_no_virtual_user(_file: BinaryIO, _: dict[str, Any], _bodies: Bodies) -> Imported:
    said = {"@type": "AcmeSayAction", "id": "1", "enabled": True, "children": []}
    return Imported(virtual_users=[user("Mine"), user("Other", said)])


def makes_a_text(_file: BinaryIO, _: dict[str, Any], _bodies: Bodies) -> Imported:
    return Imported(virtual_users=["text"])  # type: ignore[list-item]


def refuses(_file: BinaryIO, _options: dict[str, Any], _bodies: Bodies) -> Imported:
    raise InvalidArgumentError("It has no steps.", next_step="Record again.")


def raises(_file: BinaryIO, _options: dict[str, Any], _bodies: Bodies) -> Imported:
    raise ValueError("step 3")


def leaves(_file: BinaryIO, _options: dict[str, Any], _bodies: Bodies) -> Imported:
    os._exit(3)


def hangs(_file: BinaryIO, _options: dict[str, Any], _bodies: Bodies) -> Imported:
    while True:
        time.sleep(1)


def eats(_file: BinaryIO, _options: dict[str, Any], bodies: Bodies) -> Imported:
    bodies.keep(b"x" * 2**31)
    return Imported()


def chats(_file: BinaryIO, _options: dict[str, Any], _bodies: Bodies) -> object:
    return io.BytesIO()


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child finds these readers wherever the tests were started, whatever Python is told."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[4]))


async def read(function: str, **limits: Any) -> Imported:
    with tempfile.TemporaryFile() as file:
        file.write(b"the file")
        opened, options = cast("BinaryIO", file), {"name": "Mine", ADDED: TYPES.packed()}
        place = f"{HERE}:{function}" if ":" not in function else function
        limits = {"memory_per_byte": 24, "plugin": "acme", **limits}
        async with imported_file(place, opened, options, **limits) as imported:
            assert list(imported.blobs.values()) == [b"the file"]
            return imported


async def test_what_it_made_comes_back_with_its_bodies() -> None:
    imported = await read("works")
    assert [one["name"] for one in imported.virtual_users] == ["Mine"]
    assert imported.carried == 1


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("makes_no_virtual_user", r"virtual_users\[1\] is invalid at /children/0/words: missing"),
        ("makes_a_text", r"virtual_users\[0\] is invalid at the root: expected an object"),
        ("refuses", r"It has no steps\. Record again\."),
        ("raises", "ValueError: step 3"),
        ("leaves", "could not be read"),
        ("eats", "more memory than an import may have"),
        ("chats", "the importer answered BytesIO, not Imported"),
        ("missing", "has no attribute 'missing'"),
        ("no_such_module_here:read", "no_such_module_here"),
    ],
)
async def test_a_broken_one_is_a_refusal(function: str, message: str) -> None:
    with pytest.raises(ImportFailed, match=message):
        await read(function)


async def test_a_crash_is_logged_with_its_plugin_and_lines() -> None:
    with structlog.testing.capture_logs() as logs, pytest.raises(ImportFailed) as caught:
        await read("raises")
    assert caught.value.next_step == "Report this, with the file, to who wrote the plugin acme."
    (event,) = [one for one in logs if one["event"] == "plugin_import_failed"]
    assert (event["plugin"], event["importer"]) == ("acme", f"{HERE}:raises")
    assert 'raise ValueError("step 3")' in event["trace"]


async def test_one_that_never_ends_is_killed() -> None:
    with pytest.raises(ImportFailed, match=r"longer than 1 s"):
        await read("hangs", limit_s=1)
