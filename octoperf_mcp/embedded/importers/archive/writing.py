"""Writes an archive: the same content gives the same bytes."""

import zipfile
from collections.abc import Mapping, Sequence
from typing import IO, Any, BinaryIO

import orjson

from octoperf_mcp.embedded.importers.archive import layout

Json = dict[str, Any]

_EPOCH = (1980, 1, 1, 0, 0, 0)
_READABLE = 0o644 << 16
_OPTIONS = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS


class Writer:
    """An archive under way; close it at the end.

    Args:
        file: Where it goes, seekable.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)

    def close(self) -> None:
        """Write the list of entries."""
        self._zip.close()

    def head(self, name: str) -> None:
        """Manifest and description.

        Args:
            name: Of the virtual user.
        """
        manifest = {"format": layout.FORMAT, "version": layout.VERSION, "name": name}
        self.json(layout.MANIFEST, manifest)
        self._put(layout.README, layout.README_TEXT.encode())

    def json(self, name: str, value: Any) -> None:
        """A document."""
        self._put(name, orjson.dumps(value, option=_OPTIONS))

    def open(self, name: str) -> IO[bytes]:
        """A stream into an entry of any length."""
        return self._zip.open(_entry(name), "w", force_zip64=True)

    def _put(self, name: str, data: bytes) -> None:
        self._zip.writestr(_entry(name), data)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = _READABLE
    return entry


def documents(
    users: Mapping[str, Json], servers: Sequence[Json], variables: Sequence[Json],
    rules: Sequence[Json],
) -> dict[str, Any]:  # fmt: skip
    """The JSON entries of an archive by their names.

    Args:
        users: Virtual users by id, the exported one first, those that it links to behind it.
        servers: Their servers in the order of their first use.
        variables: Those that are mentioned.
        rules: Of the project.
    """
    names = {user_id: f"fragment-{number}" for number, user_id in enumerate(users)}
    changes = {
        "serverId": {one["id"]: f"server-{number}" for number, one in enumerate(servers, 1)},
        "virtualUserId": names,
    }
    entries: dict[str, Any] = {}
    for number, body in enumerate(users.values()):
        children = layout.renamed(body.get("children") or [], changes)
        name = layout.VIRTUAL_USER if number == 0 else f"fragments/fragment-{number}.json"
        entries[name] = {**layout.without_place(body), "children": children}
    entries[layout.SERVERS] = [
        {**layout.without_place(one), "id": changes["serverId"][one["id"]]} for one in servers
    ]
    entries[layout.VARIABLES] = [layout.without_place(one) for one in variables]
    entries[layout.RULES] = [layout.without_place(one) for one in rules]
    return entries
