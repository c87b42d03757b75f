"""From a refused or failed call of another service than OctoPerf to an error for the agent.

What the service says of a refusal is passed on when it is one line, or JSON with a `message` or
`error`, and holds nothing of the address or the token.
"""

from dataclasses import dataclass, field

import orjson

from octoperf_mcp.errors import (
    ConflictError,
    ForbiddenError,
    GoneError,
    InvalidDocumentError,
    NotFoundError,
    RateLimitedError,
    UnavailableError,
    UnreachableError,
    UpstreamError,
)
from octoperf_mcp.registry.rest_calls import RestCall
from octoperf_mcp.upstream.failures import seconds_to_wait
from octoperf_mcp.upstream.http1 import Answer

_MAX_CHARS = 300
_FIRST_FAILURE = 400
_SERVER_FAILURE = 500
_KINDS: dict[int, type[UpstreamError]] = {
    400: InvalidDocumentError,
    401: ForbiddenError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    410: GoneError,
    413: InvalidDocumentError,
    422: InvalidDocumentError,
    429: RateLimitedError,
}
_OPERATORS = frozenset({401, 403, 404, 410})
"""Refusals that only a better address or token ends."""


@dataclass(frozen=True, slots=True)
class Whose:
    """The service of a plugin: its name, where the operator mends it, what is never told."""

    name: str
    plugin: str
    hint: str
    secrets: frozenset[str] = field(default=frozenset(), repr=False)

    def __str__(self) -> str:
        return f"The service {self.name} of the plugin {self.plugin}"


def silent(whose: Whose, call: RestCall, reason: str, *, repeat: bool = True) -> UnreachableError:
    """The error for a call that got no answer; `repeat` is whether the same may help."""
    again = "It is not known whether it took the call; look there before you repeat it."
    if call.safe:
        again = "Wait a few seconds and send the same call again."
    error = UnreachableError(
        f"{whose} could not be asked ({reason}).",
        endpoint=call.endpoint,
        next_step=again if repeat else whose.hint,
    )
    error.repeat = repeat
    return error


def refused(whose: Whose, call: RestCall, answer: Answer) -> UpstreamError:
    """The error for an answer of status 300 or above."""
    status = answer.status
    down = UnavailableError if status >= _SERVER_FAILURE or status < _FIRST_FAILURE else None
    kind = _KINDS.get(status, down or UpstreamError)
    what = "redirects this call, which is not followed" if status < _FIRST_FAILURE else "refuses"
    if status >= _SERVER_FAILURE:
        what = "failed"
    said = "" if down else _said(whose, answer)
    operators = status in _OPERATORS or status < _FIRST_FAILURE
    return kind(
        f"{whose} {what} (HTTP {status}){f': {said}' if said else '.'}",
        status=status,
        endpoint=call.endpoint,
        retry_after_s=seconds_to_wait(answer.field(b"retry-after")),
        next_step=whose.hint if operators else "",
    )


def _said(whose: Whose, answer: Answer) -> str:
    media_type = answer.field(b"content-type").partition(";")[0].strip().lower()
    text = answer.body.decode("utf-8", "replace").strip()
    if media_type == "application/json":
        try:
            document = orjson.loads(answer.body)
        except orjson.JSONDecodeError:
            return ""
        found = document if isinstance(document, dict) else {}
        text = str(found.get("message") or found.get("error") or "")
    elif text.startswith("<"):
        return ""
    plain = text.isprintable() and len(text) <= _MAX_CHARS
    return text if plain and not any(secret in text for secret in whose.secrets) else ""
