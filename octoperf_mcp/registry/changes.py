"""News that clients watch for: a listing or a resource is no longer what it was."""

from dataclasses import dataclass
from typing import Literal

import orjson

Kind = Literal["tools", "prompts", "resources", "resource"]


@dataclass(frozen=True, slots=True)
class Change:
    """A hint, never the news itself: watchers read again.

    `tools`, `prompts` and `resources` are the listings; `resource` is the one at `uri`.
    """

    kind: Kind
    uri: str = ""

    def packed(self) -> bytes:
        """For `unpacked`, in another process perhaps."""
        return orjson.dumps([self.kind, self.uri])

    @staticmethod
    def unpacked(packed: bytes) -> "Change":
        """What was packed."""
        return Change(*orjson.loads(packed))
