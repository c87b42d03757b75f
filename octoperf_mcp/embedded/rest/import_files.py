"""What REST and the pages share of importing: an upload of a kind becomes what is kept."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from octoperf_mcp.embedded.importers.har_options import MAX_NAME, HarOptions
from octoperf_mcp.embedded.importers.har_sockets import OPEN
from octoperf_mcp.embedded.importers.jmx.options import JmxOptions
from octoperf_mcp.embedded.importers.sandbox import imported_file
from octoperf_mcp.embedded.importers.worker import ADDED
from octoperf_mcp.embedded.platform import Platform
from octoperf_mcp.embedded.rest.import_keeping import keep
from octoperf_mcp.embedded.rest.uploads import Upload
from octoperf_mcp.embedded.store.documents import Document
from octoperf_mcp.entities.imported import Imported

Query = Mapping[str, str]


async def import_upload(
    platform: Platform,
    kind: str,
    upload: Upload,
    project: Document,
    *,
    user_id: str,
    query: Query,
) -> tuple[list[Document], Imported]:
    """Read the part `file` as a kind and keep what it becomes, all or nothing.

    Args:
        platform: The services.
        kind: One of `KINDS`, or of a plugin.
        upload: The parts.
        project: Where to keep it.
        user_id: Who imports.
        query: Options of the import by their wire names.

    Raises:
        Failure: what is wrong with the file or an option, or what the user may not do.
    """
    part = upload.file()
    added = next((one for one in platform.extensions.importers if one.kind == kind), None)
    if added is None:
        reader, memory, plugin, options = kind, 0, "", KINDS[kind](upload, query)
        if kind == "archive":
            options[ADDED] = platform.extensions.types.packed()
        elif kind == "har":
            options["sockets"] = OPEN in platform.extensions.types.names("Action")
    else:
        reader, memory = added.read, added.memory_per_byte
        plugin = platform.extensions.import_owners.get(kind, kind)
        types = platform.extensions.types.packed()
        options = {**query, "filename": part.filename, ADDED: types}
    merged_id = query.get("virtualUserId", "") if kind == "har" else ""
    async with imported_file(
        reader, part.file, options, memory_per_byte=memory, plugin=plugin
    ) as imported:
        kept = await keep(platform, imported, project, user_id=user_id, merged_id=merged_id)
    return kept, imported


def _har(upload: Upload, query: Query) -> dict[str, Any]:
    timeline = upload.text("containerTimeline")
    options = HarOptions.from_wire(
        query,
        timeline=None if timeline is None else timeline.encode(),
        name=query.get("name") or _stem(upload.file().filename),
    )
    return asdict(options)


def _jmx(upload: Upload, _query: Query) -> dict[str, Any]:
    return asdict(JmxOptions.from_wire(upload.text("design")))


def _named(_upload: Upload, query: Query) -> dict[str, Any]:
    return {"name": query.get("name", "")[:MAX_NAME]}


def _playwright(upload: Upload, query: Query) -> dict[str, Any]:
    return {**_named(upload, query), "filename": upload.file().filename}


KINDS: Mapping[str, Callable[[Upload, Query], dict[str, Any]]] = {
    "archive": _named,
    "har": _har,
    "jmx": _jmx,
    "playwright": _playwright,
    "postman": _named,
}
"""Kinds of files, with what makes the options of their importers."""


def _stem(filename: str) -> str:
    """The name of an uploaded file without folders and suffix."""
    return PurePosixPath(PureWindowsPath(filename).name).stem
