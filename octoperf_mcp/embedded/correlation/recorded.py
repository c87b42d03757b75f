"""The requests of a virtual user with the answers that were recorded for them."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from octoperf_mcp.embedded.engine.wire.exchange import Exchange

Json = dict[str, Any]
BodyOf = Callable[[str], bytes | None]

_BINARY = re.compile(r"(?:image|font|audio|video)/(?!svg)|application/(?:octet-stream|pdf|zip)")


@dataclass(frozen=True, slots=True)
class Played:
    """A request that a replay sends, and what the recording answered, if it is known."""

    node: Json
    answer: Exchange | None

    @property
    def id(self) -> str:
        """Id of the action."""
        return str(self.node.get("id") or "")


def played(virtual_user: Json, body_of: BodyOf) -> list[Played]:
    """The enabled requests in the order in which they are played.

    Args:
        virtual_user: The whole document; its nodes are not copied.
        body_of: The bytes of a `bodyRef`, None when they are gone.
    """
    return [Played(node, _answer(node, body_of)) for node in _requests(virtual_user)]


def body_keys(virtual_user: Json) -> list[str]:
    """The recorded bodies that `played` asks for, each once."""
    asked: dict[str, None] = {}
    for node in _requests(virtual_user):
        recorded = node.get("recordedResponse")
        if isinstance(recorded, dict) and (key := _text_key(recorded)):
            asked[key] = None
    return list(asked)


def _requests(node: Json) -> Iterator[Json]:
    """Without recursion, so that no depth of the tree can exhaust the stack."""
    waiting: list[Any] = [node]
    while waiting:
        current = waiting.pop()
        if not isinstance(current, dict):
            continue
        if current is not node and current.get("enabled") is not True:
            continue
        if current.get("@type") == "HttpRequestAction":
            yield current
        elif isinstance(current.get("children"), list):
            waiting.extend(reversed(current["children"]))


def _answer(node: Json, body_of: BodyOf) -> Exchange | None:
    recorded = node.get("recordedResponse")
    if not isinstance(recorded, dict):
        return None
    request = node.get("recordedRequest")
    url = request.get("url") if isinstance(request, dict) else ""
    status = recorded.get("status")
    return Exchange(
        method=str(node.get("method") or "GET"),
        url=str(url or ""),
        sent_headers=[],
        sent_body=b"",
        started_ms=0,
        status=status if isinstance(status, int) else 0,
        reason=str(recorded.get("statusText") or ""),
        headers=_headers(recorded.get("headers")),
        _text=_text(recorded, body_of),
    )


def _headers(listed: Any) -> list[tuple[str, str]]:
    headers = listed if isinstance(listed, list) else []
    return [
        (str(header.get("name") or ""), str(header.get("value") or ""))
        for header in headers
        if isinstance(header, dict)
    ]


def _text_key(recorded: Json) -> str:
    """The `bodyRef` of an answer that can be text, else an empty one."""
    key = recorded.get("bodyRef")
    binary = _BINARY.match(str(recorded.get("contentType") or "").lower())
    return key if isinstance(key, str) and not binary else ""


def _text(recorded: Json, body_of: BodyOf) -> str:
    """Recorded text is kept as UTF-8 whatever charset the answer declared."""
    key = _text_key(recorded)
    return (body_of(key) or b"").decode("utf-8", "replace") if key else ""
