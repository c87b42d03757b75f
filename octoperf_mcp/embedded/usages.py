"""Who uses what in a project: variables by their names, servers by the requests to them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from octoperf_mcp.embedded.engine.play.csv_data import header_of
from octoperf_mcp.embedded.store.documents import Body, Document
from octoperf_mcp.embedded.store.project_files import ProjectFile, ProjectFiles
from octoperf_mcp.entities.trees import walk

_REFERENCE = re.compile(r"\$\{([^{}$]+)\}")
_HEADER_MAX_BYTES = 64 * 1024


def own_names(variable: Body) -> list[str]:
    """The names that `${…}` may use, as the variable itself tells them.

    Of a CSV variable its columns, which are none where the file's first line names them; else its
    own.
    """
    inner = variable["variable"]
    return list(inner["names"]) if inner["@type"] == "CSVVariable" else [variable["name"]]


async def names_of(
    variable: Body, files: ProjectFiles, known: Mapping[str, ProjectFile]
) -> list[str]:
    """The names that `${…}` may use, with the columns that a file's first line names.

    Args:
        variable: The wrapper.
        files: Where the files are read.
        known: Files of the project by name.
    """
    inner = variable["variable"]
    file = known.get(inner.get("filename", ""))
    if inner["@type"] != "CSVVariable" or inner["names"] or file is None:
        return own_names(variable)
    return header_of(await _start_of(files, file, inner), inner)


def mentions(virtual_users: Sequence[Document]) -> list[tuple[Document, frozenset[str]]]:
    """Each virtual user with the names in its `${…}`."""
    return [(user, frozenset(references(user.body.get("children")))) for user in virtual_users]


def server_users(server_id: str, virtual_users: Sequence[Document]) -> list[tuple[Document, int]]:
    """Virtual users with requests that point at a server, and how many."""
    counted = [
        (
            user,
            sum(
                action.get("serverId") == server_id for _, action in walk(user.body.get("children"))
            ),
        )
        for user in virtual_users
    ]
    return [(user, count) for user, count in counted if count]


def references(value: Any) -> Iterator[str]:
    """Names in `${…}` anywhere in a document."""
    stack = [value]
    while stack:
        here = stack.pop()
        if isinstance(here, str):
            yield from _REFERENCE.findall(here)
        elif isinstance(here, dict):
            stack += here.values()
        elif isinstance(here, list):
            stack += here


async def _start_of(files: ProjectFiles, file: ProjectFile, variable: Body) -> str:
    """The first lines of a file; an encoding that nobody knows is read as UTF-8."""
    data = b""
    async for part in files.parts(file):
        data += part
        if b"\n" in part or len(data) > _HEADER_MAX_BYTES:
            break
    try:
        return data.decode(variable.get("encoding") or "utf-8", "replace")
    except LookupError:
        return data.decode("utf-8", "replace")
