"""From a refused or failed REST call to an error that the agent can act on.

The upstream's own `message` is passed on when the answer is the JSON error object of OctoPerf;
HTML pages, traces and other bodies are not.
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import orjson

from octoperf_mcp.errors import (
    ConflictError,
    ForbiddenError,
    GoneError,
    InvalidDocumentError,
    InvalidTokenError,
    NotFoundError,
    OctoPerfMcpError,
    RateLimitedError,
    UnavailableError,
    UnreachableError,
    UpstreamError,
)
from octoperf_mcp.registry.rest_calls import RestCall

_MESSAGE_MAX_CHARS = 1500
_PASSED_ON = ("pointer", "expected", "got", "allowed", "schema", "messages")

_KINDS: dict[int, type[UpstreamError]] = {
    400: InvalidDocumentError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    410: GoneError,
    412: ConflictError,
    413: InvalidDocumentError,
    422: InvalidDocumentError,
    429: RateLimitedError,
}
_FALLBACK_TEXT = {
    400: "OctoPerf refuses the request",
    403: "Your role in this workspace does not allow this",
    404: "OctoPerf knows nothing with this id that you may see",
    409: "The current state does not allow this",
    410: "The address was used or has expired",
    412: "The document changed since it was read",
    413: "The content is too large",
    422: "OctoPerf refuses the content",
    429: "Too many calls",
}
_NEXT_STEP = {
    403: "Ask the user for an account with the needed role.",
    404: "List again to get current ids (list_workspaces, list_projects_by_workspace, …).",
    410: "Call the tool again for a new address.",
    412: "Read the document again, apply the change to it, and send that.",
    429: "Wait, then send the same call again.",
}
_SERVER_FAILURE = 500


def failure(call: RestCall, status: int, body: bytes, retry_after: str = "") -> OctoPerfMcpError:
    """The error for one answer of status 400 or above; `retry_after` is its field of that name."""
    if status == 401:  # noqa: PLR2004 - the status that means: sign in again
        return InvalidTokenError("OctoPerf does not accept the token any more.")
    document = _json_object(body)
    kind = _KINDS.get(status, UnavailableError if status >= _SERVER_FAILURE else UpstreamError)
    text = _text_of(document, status)
    return kind(
        text,
        status=status,
        endpoint=call.endpoint,
        retry_after_s=seconds_to_wait(retry_after),
        next_step=str(document.get("next") or _NEXT_STEP.get(status, _default_next(status))),
        details={key: document[key] for key in _PASSED_ON if key in document},
    )


def unreachable(call: RestCall, reason: str, *, repeat: bool = True) -> UnreachableError:
    """The error for a call that got no answer; `repeat` as in UnreachableError."""
    error = UnreachableError(
        f"OctoPerf could not be reached ({reason}).",
        endpoint=call.endpoint,
        next_step="Wait a few seconds and send the same call again.",
    )
    error.repeat = repeat
    return error


def paused(call: RestCall, wait_s: float) -> UnavailableError:
    """The error for a call that is not made, since the ones before it failed."""
    return UnavailableError(
        "OctoPerf did not answer the calls before this one, so this one was not sent.",
        endpoint=call.endpoint,
        retry_after_s=max(1, math.ceil(wait_s)),
        next_step="Wait as told, then send the same call again.",
    )


def redirected(call: RestCall, status: int, location: str) -> UnavailableError:
    """The error for a redirect, which a REST API has no use for: a log-in page, most likely."""
    parts = urlsplit(location)
    host = parts.hostname or ""
    where = f" to {parts.scheme}://{host}" if host and host.isascii() else ""
    return UnavailableError(
        f"OctoPerf redirects this call{where}, perhaps to a page for signing in.",
        status=status,
        endpoint=call.endpoint,
        next_step="The operator should check [upstream] url with `octoperf-mcp doctor`.",
    )


def otherwise(call: RestCall, what: str) -> UnavailableError:
    """The error for an answer of success that is not what the call answers."""
    if call.base is not None:
        return UnavailableError(
            f"The service {call.base.name} answered with {what}.", endpoint=call.endpoint
        )
    return UnavailableError(
        f"OctoPerf answered with {what}.",
        endpoint=call.endpoint,
        next_step="The operator should check [upstream] url with `octoperf-mcp doctor`.",
    )


def _default_next(status: int) -> str:
    return "Wait a few seconds and try again." if status >= _SERVER_FAILURE else ""


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}


def _text_of(document: Mapping[str, Any], status: int) -> str:
    message = document.get("message")
    if isinstance(message, str) and message.strip() and status < _SERVER_FAILURE:
        return message.strip()[:_MESSAGE_MAX_CHARS]
    return f"{_FALLBACK_TEXT.get(status, 'OctoPerf failed to answer')} (HTTP {status})."


def seconds_to_wait(value: str) -> float | None:
    """Seconds to wait by a Retry-After (RFC 9110, 10.2.3): a number, or a date."""
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return float(max(0, math.ceil((until - datetime.now(UTC)).total_seconds())))
