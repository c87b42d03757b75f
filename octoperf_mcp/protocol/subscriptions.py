"""Which changes a client watches, and the notifications that tell it.

2025-11-25, server/resources (subscriptions); 2026-07-28, basic/patterns/subscriptions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Any, Final

import orjson

from octoperf_mcp.errors import InvalidParamsError
from octoperf_mcp.protocol import jsonrpc, results
from octoperf_mcp.protocol.exchange import Exchange
from octoperf_mcp.protocol.versions import META_SERVER_INFO, META_SUBSCRIPTION
from octoperf_mcp.registry.changes import Change

MAX_URIS: Final = 100
_LISTS: Final = {
    "toolsListChanged": "tools",
    "promptsListChanged": "prompts",
    "resourcesListChanged": "resources",
}
_URIS: Final = "resourceSubscriptions"
_ONE_OF_EACH: Final = {
    found: found
    for count in range(len(_LISTS) + 1)
    for found in map(frozenset, combinations(_LISTS.values(), count))
}
"""Shared by all streams that ask for the same."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """What one `subscriptions/listen` asks for: kinds of lists, and single resources."""

    lists: frozenset[str]
    uris: tuple[str, ...]

    def wants(self, change: Change) -> bool:
        """Whether a change is among it."""
        return change.uri in self.uris if change.kind == "resource" else change.kind in self.lists

    def filter(self) -> dict[str, Any]:
        """As the client writes it."""
        told: dict[str, Any] = {name: True for name, kind in _LISTS.items() if kind in self.lists}
        return {**told, _URIS: list(self.uris)} if self.uris else told


def requested(exchange: Exchange) -> Subscription:
    """The filter of a request.

    Raises:
        InvalidParamsError: it has the wrong shape.
    """
    wanted = results.object_param(results.params_of(exchange), "notifications")
    uris = wanted.get(_URIS, [])
    if not isinstance(uris, list) or not all(isinstance(uri, str) for uri in uris):
        raise InvalidParamsError(f"params.notifications.{_URIS} must be a list of strings.")
    if len(uris) > MAX_URIS:
        raise InvalidParamsError(f"At most {MAX_URIS} resources can be watched by one request.")
    kinds = (kind for name, kind in _LISTS.items() if wanted.get(name) is True)
    return Subscription(_ONE_OF_EACH[frozenset(kinds)], tuple(dict.fromkeys(uris)))


class Frames:
    """The messages of one stream of `subscriptions/listen`, each with the id of its request.

    One is kept for each stream: nothing is prepared, and the id's JSON, which comes in a buffer of
    4 kB, is made again at the end.
    """

    __slots__ = ("_id", "_info")

    def __init__(self, exchange: Exchange, info: Mapping[str, Any]) -> None:
        self._id = exchange.request.id
        self._info = info

    def acknowledged(self, granted: Subscription) -> bytes:
        """The first message."""
        params = {"notifications": granted.filter(), "_meta": {META_SUBSCRIPTION: self._id}}
        return jsonrpc.notification("notifications/subscriptions/acknowledged", params)

    def changed(self, change: Change) -> bytes:
        """A message for each change."""
        params = {"uri": change.uri} if change.uri else {}
        return jsonrpc.notification(
            _method(change), {**params, "_meta": {META_SUBSCRIPTION: self._id}}
        )

    def ended(self) -> bytes:
        """The result, when it is the server that ends the stream."""
        meta = {META_SUBSCRIPTION: self._id, META_SERVER_INFO: self._info}
        end = {"resultType": "complete", "_meta": meta}
        return jsonrpc.result(orjson.dumps(self._id), orjson.dumps(end))


@lru_cache(maxsize=256)
def legacy_notification(change: Change) -> bytes:
    """The message for a handshake session's own stream."""
    return jsonrpc.notification(_method(change), {"uri": change.uri} if change.uri else {})


def _method(change: Change) -> str:
    if change.kind == "resource":
        return "notifications/resources/updated"
    return f"notifications/{change.kind}/list_changed"
