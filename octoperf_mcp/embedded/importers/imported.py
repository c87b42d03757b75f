"""What every importer answers."""

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


def new_id() -> str:
    """An id of 20 URL-safe characters, as all documents and actions have."""
    return secrets.token_urlsafe(15)


@dataclass(frozen=True, slots=True)
class Dropped:
    """Something of the source that did not become an action.

    `path` is the JSON Pointer of the element in the source file.
    """

    path: str
    reason: str


@dataclass(slots=True)
class Imported:
    """Virtual users and what they need, not yet stored.

    Requests refer to servers by `servers[i]["id"]`, an id of this import only; recorded bodies
    are referred to by `bodyRef`, a key of `blobs`.
    """

    virtual_users: list[Json] = field(default_factory=list)
    servers: list[Json] = field(default_factory=list)
    variables: list[Json] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    blobs: dict[str, bytes] = field(default_factory=dict)

    def keep(self, data: bytes) -> str:
        """Remember a body and answer its key, the SHA-256 in hexadecimal."""
        key = hashlib.sha256(data).hexdigest()
        self.blobs[key] = data
        return key
