"""A zip file of somebody, opened with care: nothing is unpacked to disk, everything is bounded.

`zipfile` reads the whole list of entries before anything else, so its size is looked at first.
"""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from octoperf_mcp.embedded.importers.archive import layout
from octoperf_mcp.embedded.importers.archive.strangers import OURS, beginning, stranger
from octoperf_mcp.embedded.importers.failures import ImportFailed

MAX_ENTRIES = 20_000
MAX_TOTAL_BYTES = 1024**3
MAX_DOCUMENT_BYTES = 64 * 1024**2
_MAX_LIST_BYTES = 400 * MAX_ENTRIES
_CHUNK = 1024**2
_END = b"PK\x05\x06"
_END_FORMAT = "<4s4H2LH"
_LONGEST_END = 22 + 65_535
_ZIP64 = 0xFFFF
_ENCRYPTED = 0x1
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


class Package:
    """The entries of an archive by name.

    Args:
        file: The zip, seekable.

    Raises:
        ImportFailed: it is no zip, broken, not of this platform, or too large when unpacked.
    """

    def __init__(self, file: BinaryIO) -> None:
        _require_bounded(file)
        try:
            self._zip = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, ValueError, struct.error, NotImplementedError) as error:
            raise _broken(error) from error
        entries = self._zip.infolist()
        names = [entry.filename for entry in entries]
        if layout.MANIFEST not in names:
            raise ImportFailed("The file is " + stranger(names)[0] + ".", stranger(names)[1])
        for entry in entries:
            _require_harmless(entry)
        self._entries: dict[str, zipfile.ZipInfo] = {}
        for entry in entries:
            if entry.filename in self._entries:
                raise ImportFailed(f"The archive has {entry.filename[:100]!r} twice.", OURS)
            self._entries[entry.filename] = entry
        total = sum(entry.file_size for entry in entries)
        if total > MAX_TOTAL_BYTES:
            raise ImportFailed(
                f"The archive has {total} bytes when unpacked; at most {MAX_TOTAL_BYTES} are read.",
                "Leave large project files out and upload them by themselves.",
            )

    @property
    def names(self) -> list[str]:
        """Names of the entries, folders left out."""
        return [name for name, entry in self._entries.items() if not entry.is_dir()]

    def document(self, name: str) -> bytes:
        """A JSON entry.

        Raises:
            ImportFailed: it is missing, broken, or too large.
        """
        entry = self._entries.get(name)
        if entry is None:
            raise ImportFailed(f"The archive has no {name}.", OURS)
        if entry.file_size > MAX_DOCUMENT_BYTES:
            raise ImportFailed(f"{name} is larger than {MAX_DOCUMENT_BYTES} bytes.", OURS)
        return b"".join(self.parts(name))

    def parts(self, name: str) -> Iterator[bytes]:
        """The bytes of an entry, never more than the list says.

        Raises:
            ImportFailed: they are broken.
        """
        try:
            with self._zip.open(self._entries[name]) as opened:
                while part := opened.read(_CHUNK):
                    yield part
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            ValueError,
            struct.error,
            NotImplementedError,
        ) as error:
            raise _broken(error) from error


def _require_bounded(file: BinaryIO) -> None:
    size = file.seek(0, 2)
    file.seek(0)
    first = file.read(512)
    file.seek(max(0, size - _LONGEST_END))
    tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < struct.calcsize(_END_FORMAT):
        if first.startswith(b"PK"):
            raise ImportFailed("The zip archive was cut short.", "Send the whole file.")
        raise ImportFailed(f"The file is {beginning(first)}.", OURS)
    _, _, _, _, entries, list_bytes, _, _ = struct.unpack_from(_END_FORMAT, tail, at)
    if entries > MAX_ENTRIES or entries == _ZIP64 or list_bytes > _MAX_LIST_BYTES:
        raise ImportFailed(f"The archive has more than {MAX_ENTRIES} entries.", OURS)
    file.seek(0)


def _require_harmless(entry: zipfile.ZipInfo) -> None:
    name = entry.filename
    told = repr(name[:100])
    if (
        name.startswith("/")
        or "\\" in name
        or ":" in name.partition("/")[0]
        or ".." in name.split("/")
    ):
        raise ImportFailed(f"The archive has {told}, a path that leads out of it.", OURS)
    if entry.flag_bits & _ENCRYPTED:
        raise ImportFailed(f"The archive's {told} is encrypted.", "Send it without a password.")
    if entry.compress_type not in _METHODS:
        raise ImportFailed(f"The archive's {told} is compressed in an unusual way.", OURS)


def _broken(error: Exception) -> ImportFailed:
    reason = str(error)[:200] or type(error).__name__
    return ImportFailed(f"The zip archive is broken: {reason}.", "Send the whole file.")
