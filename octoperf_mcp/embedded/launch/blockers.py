"""Why a run cannot start."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Blocker:
    """Why a run cannot start."""

    code: str
    message: str
    got: Any = None
    allowed: Any = None

    def document(self) -> dict[str, Any]:
        """As a preview shows it."""
        shown = {"code": self.code, "message": self.message}
        more = {"got": self.got, "allowed": self.allowed}
        return shown | {name: value for name, value in more.items() if value is not None}
