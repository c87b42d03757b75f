"""Text of the system under test, shown to an agent: bounded, visible, without credentials.

What a target sends (bodies, headers, messages, log lines) is data and never an instruction; it
is cleaned of characters that a person would not see, and of the values of credential headers.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from octoperf_mcp.registry.payloads import payload

_UNSEEN = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # terminal colours and cursor moves
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # terminal titles and links
    r"|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
    r"|[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_USER_INFO = re.compile(r"(?<=://)[^/?#@\s]*@")
_CREDENTIALS = frozenset(
    {"authorization", "proxy-authorization", "x-api-key", "api-key", "x-auth-token"}
)
_PAIR = re.compile(r"([^=;]*)=([^;]*)")


def plain_text(text: str, max_chars: int | None = None) -> str:
    """Text without terminal codes and invisible characters; a longer one ends with what is left.

    Args:
        text: From the system under test, a log or a script.
        max_chars: Length to keep; None keeps all.
    """
    clean = _UNSEEN.sub("", text)
    if max_chars is None or len(clean) <= max_chars:
        return clean
    return f"{clean[:max_chars]}… ({len(clean) - max_chars} more characters)"


@payload
class CapturedHeader:
    """One header; a credential's value reads `<hidden 1>`, equal values have equal numbers."""

    name: str
    value: str


@payload
class CapturedRequest:
    """A request as it was recorded or sent; `body_chars` is the length before any cut."""

    method: str
    url: str
    headers: list[CapturedHeader]
    body: str | None = None
    body_chars: int | None = None
    body_truncated: bool | None = None


@payload
class CapturedResponse:
    """A response as it was recorded or received; `body_chars` is the length before any cut."""

    status: int | None = None
    status_text: str | None = None
    content_type: str | None = None
    headers: list[CapturedHeader]
    body: str | None = None
    body_chars: int | None = None
    body_truncated: bool | None = None


class Captures:
    """Shows the messages of one answer.

    Values of credential headers and cookies are replaced by `<hidden N>`; within one answer the
    same value has the same N, so that a replayed session id can be told from a recorded one.

    Args:
        max_body_chars: Longest body that is shown.
    """

    def __init__(self, max_body_chars: int) -> None:
        self._max_body_chars = max_body_chars
        self._hidden: dict[str, int] = {}

    def request(self, entity: Mapping[str, Any] | None) -> CapturedRequest | None:
        """A `HttpRequestEntity`; None when there is none."""
        if not entity:
            return None
        return CapturedRequest(
            method=str(entity.get("method") or ""),
            url=_USER_INFO.sub("<hidden>@", plain_text(str(entity.get("url") or ""))),
            headers=self._headers(entity.get("headers")),
            **self._body(entity),
        )

    def response(self, entity: Mapping[str, Any] | None) -> CapturedResponse | None:
        """A `HttpResponseEntity`; None when there is none."""
        if not entity:
            return None
        status = entity.get("status")
        return CapturedResponse(
            status=status if isinstance(status, int) else None,
            status_text=plain_text(str(entity.get("statusText") or "")) or None,
            content_type=entity.get("contentType"),
            headers=self._headers(entity.get("headers")),
            **self._body(entity),
        )

    def without_credentials(self, headers: Any) -> list[dict[str, str]]:
        """Headers as `{name, value}` objects, the values of credentials hidden."""
        return [
            {"name": name, "value": self._shown(name, value)} for name, value in _pairs(headers)
        ]

    def _body(self, entity: Mapping[str, Any]) -> dict[str, Any]:
        body = entity.get("body")
        if not isinstance(body, str) or not body:
            return {}
        clean = plain_text(body)
        cut = len(clean) > self._max_body_chars
        return {
            "body": clean[: self._max_body_chars],
            "body_chars": len(clean),
            "body_truncated": cut or bool(entity.get("bodyTruncated")),
        }

    def _headers(self, headers: Any) -> list[CapturedHeader]:
        return [
            CapturedHeader(name=name, value=self._shown(name, value))
            for name, value in _pairs(headers)
        ]

    def _shown(self, name: str, value: str) -> str:
        clean = plain_text(value)
        kind = name.casefold()
        if kind == "cookie":
            return _PAIR.sub(lambda pair: f"{pair[1]}={self._hide(pair[2])}", clean)
        if kind == "set-cookie":
            return _PAIR.sub(lambda pair: f"{pair[1]}={self._hide(pair[2])}", clean, count=1)
        if kind in _CREDENTIALS:
            scheme, space, rest = clean.partition(" ")
            return f"{scheme} {self._hide(rest)}" if space else self._hide(clean)
        return clean

    def _hide(self, value: str) -> str:
        return f"<hidden {self._hidden.setdefault(value.strip(), len(self._hidden) + 1)}>"


def _pairs(headers: Any) -> Iterable[tuple[str, str]]:
    if isinstance(headers, Mapping):
        for name, value in headers.items():
            for item in value if isinstance(value, list) else [value]:
                yield str(name), str(item)
    for header in headers if isinstance(headers, list) else []:
        yield str(header.get("name") or ""), str(header.get("value") or "")
