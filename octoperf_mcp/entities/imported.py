"""What every importer answers, those of plugins included."""

import hashlib
import io
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

Json = dict[str, Any]
Span = tuple[int, int]

_PART_BYTES = 1024 * 1024


def new_id() -> str:
    """An id of 20 URL-safe characters, as all documents and actions have."""
    return secrets.token_urlsafe(15)


@dataclass(frozen=True, slots=True)
class Note:
    """What became of one element of the source; `path` is its place there.

    In JSON sources that is the JSON Pointer, in a JMeter plan the names from the test plan down
    (`/Test Plan/Users/Login`).
    """

    path: str
    reason: str


class Bodies(Mapping[str, bytes]):
    """Recorded bodies by the SHA-256 of their bytes in hexadecimal, each kept once, in a file.

    Args:
        file: Where to keep them, readable and writable; None: in memory.
        index: Place and length of those that the file holds already.
    """

    def __init__(
        self, file: BinaryIO | None = None, index: Mapping[str, Span] | None = None
    ) -> None:
        self._file: BinaryIO = file or io.BytesIO()
        self._index = dict(index or {})

    def keep(self, data: bytes) -> str:
        """Keep a body and answer its key."""
        key = hashlib.sha256(data).hexdigest()
        if key not in self._index:
            self._index[key] = (self._file.seek(0, io.SEEK_END), len(data))
            self._file.write(data)
        return key

    def keep_parts(self, parts: Iterable[bytes]) -> str:
        """Keep a body that comes in parts and answer its key."""
        start = self._file.seek(0, io.SEEK_END)
        digest = hashlib.sha256()
        for part in parts:
            digest.update(part)
            self._file.write(part)
        size = self._file.tell() - start
        key = digest.hexdigest()
        if key in self._index:
            self._file.truncate(start)
        else:
            self._index[key] = (start, size)
        return key

    def size_of(self, key: str) -> int:
        """Bytes of a body."""
        return self._index[key][1]

    def copy(self, key: str, target: BinaryIO) -> None:
        """Write a body into a file, part by part."""
        start, size = self._index[key]
        self._file.seek(start)
        while size > 0 and (part := self._file.read(min(size, _PART_BYTES))):
            target.write(part)
            size -= len(part)

    @property
    def index(self) -> Mapping[str, Span]:
        """Place and length of each body in the file, once it is flushed."""
        self._file.flush()
        return self._index

    def __getitem__(self, key: str) -> bytes:
        start, size = self._index[key]
        self._file.seek(start)
        return self._file.read(size)

    def __iter__(self) -> Iterator[str]:
        return iter(self._index)

    def __len__(self) -> int:
        return len(self._index)


@dataclass(slots=True)
class Imported:
    """Virtual users and what they need, not yet stored.

    Requests refer to servers by `servers[i]["id"]`, links to virtual users by
    `virtual_users[i]["id"]`: ids of this import only, and what is linked to comes first. Recorded
    bodies are referred to by `bodyRef`, a key of `blobs`, as are `files` by their names.

    Each element of the source is counted once: as `carried` over, as `dropped`, or as a
    `generic` action that keeps it as it was. `changed` names those carried over that will not
    do quite the same as before.
    """

    virtual_users: list[Json] = field(default_factory=list)
    servers: list[Json] = field(default_factory=list)
    variables: list[Json] = field(default_factory=list)
    rules: list[Json] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    carried: int = 0
    dropped: list[Note] = field(default_factory=list)
    generic: list[Note] = field(default_factory=list)
    changed: list[Note] = field(default_factory=list)
    blobs: Bodies = field(default_factory=Bodies)

    def keep(self, data: bytes) -> str:
        """Remember a body and answer its key."""
        return self.blobs.keep(data)
