"""Refusals of the platform, each with the HTTP status that the REST layer answers.

Failure
  Invalid 400, Forbidden 403, NotFound 404, WrongMethod 405, Conflict 409 or 412, Gone 410,
  TooLarge 413, Unprocessable 422
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from octoperf_mcp.errors import OctoPerfMcpError


class Failure(OctoPerfMcpError):  # noqa: N818 - named as the answer is
    """A request that the platform refuses: one sentence for its caller, and a status.

    Args:
        message: What is wrong and, where it helps, what to do.
        details: Machine-readable properties added to the JSON of the answer (`pointer`, `schema`).
    """

    code = "failure"
    status: ClassVar[int] = 400

    def __init__(self, message: str, *, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.details = dict(details or {})

    @property
    def http_status(self) -> int:
        """Status of the answer."""
        return self.status


class Invalid(Failure):
    """400: a body, parameter or document that cannot be accepted."""

    code = "invalid"
    status = 400


class Forbidden(Failure):
    """403: the user may see it, but his role or his token's scopes do not allow the action."""

    code = "forbidden"
    status = 403


class NotFound(Failure):
    """404: nothing has this id, or the user is no member of its workspace."""

    code = "not_found"
    status = 404


class WrongMethod(Failure):
    """405: the address exists for another method."""

    code = "wrong_method"
    status = 405


class Conflict(Failure):
    """409: the state forbids it; 412 when the caller named a version that is no longer current."""

    code = "conflict"
    status = 409

    def __init__(
        self, message: str, *, stale: bool = False, details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message, details=details)
        self.stale = stale

    @property
    def http_status(self) -> int:
        """412 for a stale version, else 409."""
        return 412 if self.stale else 409


class Gone(Failure):
    """410: a single-use address that was used or has expired."""

    code = "gone"
    status = 410


class TooLarge(Failure):
    """413: more bytes, or deeper nesting, than the platform reads."""

    code = "too_large"
    status = 413


class Unprocessable(Failure):
    """422: the request is right, and what a plugin should have made of it is not there."""

    code = "unprocessable"
    status = 422
