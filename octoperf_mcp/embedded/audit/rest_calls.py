"""What the REST API tells the audit trail: changes, and the calls that tools make.

A bridge names the tool at work in the header `Octoperf-Mcp-Call` (see `octoperf_mcp.upstream.
account`). Who calls is never taken from there but from the token.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from aiohttp import web

from octoperf_mcp.embedded.audit.trail import Entry
from octoperf_mcp.embedded.platform import PLATFORM, PRINCIPAL

HEADER = "Octoperf-Mcp-Call"
MADE = web.RequestKey("made", web.Request)
"""The request that was made in place of this one: what a presigned address stands for."""

_MOST_TEXT = 200
_MOST_HEADER = 12_000
_MOST_ANSWER = 64 * 1024
_MOST_REMEMBERED = 10_000
_CREATED = 201
_CLIENT_LEFT = 499


@dataclass(frozen=True, slots=True)
class Told:
    """What a bridge says of the call that it makes."""

    tool: str = ""
    client: str = ""
    request_id: str = ""
    digest: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)


class Reads:
    """Which tool calls have been noted: a tool that reads is one entry, however much it reads."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], None] = {}

    def is_first(self, user_id: str, request_id: str) -> bool:
        """Whether this is the first one seen of a call."""
        key = user_id, request_id
        if key in self._known:
            return False
        if len(self._known) >= _MOST_REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[key] = None
        return True


READS = web.AppKey("audited_reads", Reads)


async def audit(
    request: web.Request, answer: web.StreamResponse, duration_ms: float, *, changes: bool
) -> None:
    """Note a request that somebody known made.

    Args:
        request: The request, authenticated.
        answer: What it was answered.
        duration_ms: How long that took.
        changes: Whether it may have changed something.
    """
    entry = _entry(request, duration_ms, changes=changes)
    if entry is None:
        return
    entry = replace(entry, status=answer.status, entities=_entities(request, answer))
    trail = request.app[PLATFORM].audit
    if changes:
        await trail.record(entry)
    else:
        trail.add(entry)


def audit_left(request: web.Request, duration_ms: float, *, changes: bool) -> None:
    """Note a request whose client left before the answer; what it began may have been done."""
    entry = _entry(request, duration_ms, changes=changes)
    if entry is not None:
        request.app[PLATFORM].audit.add(replace(entry, status=_CLIENT_LEFT))


def _entry(request: web.Request, duration_ms: float, *, changes: bool) -> Entry | None:
    principal = request.get(PRINCIPAL)
    if principal is None:
        return None
    told = _told(request.headers.get(HEADER, ""))
    if not changes and not (
        told.tool and request.app[READS].is_first(principal.user_id, told.request_id)
    ):
        return None
    made = request.get(MADE, request)
    platform = request.app[PLATFORM]
    return Entry(
        user_id=principal.user_id,
        username=principal.username,
        token_id=principal.grant_id,
        client=told.client or principal.client,
        tool=told.tool,
        action=_action(made),
        entities=_ids_in_path(made),
        digest=platform.identity.mark(told.digest) if told.digest else "",
        arguments=dict(told.arguments),
        duration_ms=round(duration_ms, 2),
        request_id=told.request_id,
    )


def _told(header: str) -> Told:
    """The header, or nothing when it is no such header."""
    if not header or len(header) > _MOST_HEADER:
        return Told()
    try:
        said = orjson.loads(base64.urlsafe_b64decode(header))
    except (binascii.Error, ValueError):
        return Told()
    if not isinstance(said, dict):
        return Told()
    texts = {
        name: str(said.get(key, ""))[:_MOST_TEXT]
        for name, key in (
            ("tool", "tool"),
            ("client", "client"),
            ("request_id", "requestId"),
            ("digest", "digest"),
        )
    }
    arguments = said.get("arguments")
    return Told(**texts, arguments=arguments if isinstance(arguments, dict) else {})


def _action(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return f"{request.method} {resource.canonical if resource is not None else '?'}"


def _entities(request: web.Request, answer: web.StreamResponse) -> tuple[str, ...]:
    """Ids in the path, and that of what was made."""
    named = _ids_in_path(request.get(MADE, request))
    made = _id_of(answer) if answer.status == _CREATED else ""
    return (*named, made[:_MOST_TEXT]) if made else named


def _ids_in_path(request: web.Request) -> tuple[str, ...]:
    parts = request.match_info.items()
    return tuple(value[:_MOST_TEXT] for name, value in parts if name.lower().endswith("id"))


def _id_of(answer: web.StreamResponse) -> str:
    body = answer.body if isinstance(answer, web.Response) else None
    if not isinstance(body, bytes) or len(body) > _MOST_ANSWER:
        return ""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    found = document.get("id") if isinstance(document, dict) else None
    return found if isinstance(found, str) else ""
