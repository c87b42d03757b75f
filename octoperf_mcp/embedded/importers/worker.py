"""The process in which an upload is read; `sandbox` starts it for each import.

Its arguments are the name of the importer (of a plugin's: `module:function`), the bytes of memory
for each byte of the file (0: as the importer needs), and the numbers of two open files: the upload,
and an empty one that takes the recorded bodies. Standard input: the options as JSON. Standard
output: `{failed: [problem, next step]}`, or the fields of `Imported` with
`blobs: {key: [start, size]}`.
"""

import importlib
import mmap
import os
import resource
import sys
from collections.abc import Callable
from dataclasses import fields
from typing import Any, BinaryIO

import orjson

from octoperf_mcp.embedded.importers.failures import ImportFailed
from octoperf_mcp.entities.added_types import AddedTypes
from octoperf_mcp.entities.check import Mismatch, check
from octoperf_mcp.entities.imported import Bodies, Imported
from octoperf_mcp.errors import InvalidArgumentError

Json = dict[str, Any]
Reader = Callable[[BinaryIO, Json, Bodies], Imported]

CPU_LIMIT_S = 300
ADDED = "added"
"""Option of archives and of plugins' importers: the types that plugins add, packed."""
_GIB = 2**30
_MEMORY_PER_BYTE = {"archive": 2, "har": 2, "jmx": 8, "playwright": 24, "postman": 24}
"""Beyond the first GiB. A HAR is read entry by entry from a map of its file."""


def _har(file: BinaryIO, options: Json, bodies: Bodies) -> Imported:
    from octoperf_mcp.embedded.importers.har import HarOptions, import_har  # noqa: PLC0415 - one importer a process
    from octoperf_mcp.embedded.importers.har_options import Step  # noqa: PLC0415 - as above

    timeline = tuple(Step(**step) for step in options.pop("timeline"))
    given = HarOptions(**options, timeline=timeline)
    if os.fstat(file.fileno()).st_size == 0:
        return import_har(b"", given, bodies)
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return import_har(data, given, bodies)


def _jmx(file: BinaryIO, options: Json, _: Bodies) -> Imported:
    from octoperf_mcp.embedded.importers.jmx.options import JmxOptions  # noqa: PLC0415 - as above
    from octoperf_mcp.embedded.importers.jmx.plans import import_jmx  # noqa: PLC0415 - as above

    return import_jmx(file, JmxOptions(**options))


def _postman(file: BinaryIO, options: Json, _: Bodies) -> Imported:
    from octoperf_mcp.embedded.importers.postman.collections import import_postman  # noqa: PLC0415 - as above

    return import_postman(file.read(), **options)


def _playwright(file: BinaryIO, options: Json, _: Bodies) -> Imported:
    from octoperf_mcp.embedded.importers.playwright import spec  # noqa: PLC0415 - as above

    return spec.import_playwright(file.read(spec.MAX_BYTES + 1), **options)


def _archive(file: BinaryIO, options: Json, bodies: Bodies) -> Imported:
    from octoperf_mcp.embedded.importers.archive.reading import import_archive  # noqa: PLC0415 - as above

    added = AddedTypes.unpacked(options[ADDED])
    return import_archive(file, bodies, name=options["name"], added=added)


READERS: dict[str, Reader] = {
    "archive": _archive,
    "har": _har,
    "jmx": _jmx,
    "playwright": _playwright,
    "postman": _postman,
}
"""By the name under which `sandbox` asks for them."""


def reader_of(name: str) -> Reader:
    """An importer by its name, or the function of a plugin by its place."""
    module, _, function = name.partition(":")
    if not function:
        return READERS[name]
    reader: Reader = getattr(importlib.import_module(module), function)
    return reader


def work(reader: Reader, file: BinaryIO, options: Json, bodies: Bodies) -> bytes:
    """The answer of one import."""
    try:
        return _told(reader(file, options, bodies))
    except ImportFailed as error:
        return orjson.dumps({"failed": [error.problem, error.next_step]})
    except InvalidArgumentError as error:
        return orjson.dumps({"failed": [error.message, error.next_step]})
    except MemoryError:
        problem = "The file takes more memory than an import may have."
        return orjson.dumps({"failed": [problem, "Send a smaller one."]})


def _told(imported: object) -> bytes:
    if not isinstance(imported, Imported):
        raise TypeError(f"the importer answered {type(imported).__name__}, not Imported")
    told = {item.name: getattr(imported, item.name) for item in fields(imported)}
    return orjson.dumps({**told, "blobs": imported.blobs.index})


def checking(reader: Reader, added: AddedTypes) -> Reader:
    """A plugin's importer whose virtual users are held to their schema: what it makes is kept."""

    def read(file: BinaryIO, options: Json, bodies: Bodies) -> Imported:
        imported = reader(file, options, bodies)
        for index, one in enumerate(getattr(imported, "virtual_users", ())):
            whole = {"id": "", "projectId": "", **one} if isinstance(one, dict) else one
            try:
                check("virtual_user", whole, added)
            except Mismatch as error:
                raise ValueError(f"virtual_users[{index}] is {error.message}") from None
        return imported

    return read


def main() -> None:
    """Serve one import of the parent and end."""
    name, per_byte, source, bodies = sys.argv[1:]
    with os.fdopen(int(source), "rb") as file, os.fdopen(int(bodies), "w+b") as kept:
        factor = int(per_byte) or _MEMORY_PER_BYTE[name]
        most = _GIB + factor * os.fstat(file.fileno()).st_size
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT_S, CPU_LIMIT_S))
        options = orjson.loads(sys.stdin.buffer.read())
        reader = reader_of(name)
        if name not in READERS:
            reader = checking(reader, AddedTypes.unpacked(options.pop(ADDED)))
        sys.stdout.buffer.write(work(reader, file, options, Bodies(kept)))


if __name__ == "__main__":
    main()
