"""The browser cache of one user, as JMeter's cache manager plays it (RFC 9111, in part).

Only answers to GET with status 200 are remembered, and of them only what a later request needs:
validators and, where the profile wants it, until when they are fresh. A remembered address is
asked for with its validators, so that the target may answer 304; a fresh one is not asked for.
"""

import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from octoperf_mcp.embedded.engine.wire.exchange import Exchange, Header

SIZE = 5000
"""Entries, where the profile does not say."""
_OK = 200
NOT_MODIFIED = 304
_KEPT_BYTES = 64 * 1024 * 1024
_CONDITIONS = ("if-none-match", "if-modified-since")


@dataclass(slots=True)
class _Entry:
    etag: str
    last_modified: str
    fresh_until: float
    """`time.monotonic()`; 0 when it must be asked for."""
    vary: tuple[tuple[str, str], ...]
    """Request headers, lower case, with the values that the answer is for."""


class Bodies:
    """Bodies of remembered answers, shared by the users of a generator: most are the same."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str, str], tuple[list[Header], bytes]] = OrderedDict()
        self._size = 0

    def keep(self, key: tuple[str, str, str], exchange: Exchange) -> None:
        """Keep the body for a later 304; the oldest ones go when there are too many bytes."""
        if key in self._kept or exchange.body_truncated:
            return
        self._kept[key] = (exchange.headers, exchange.raw_body)
        self._size += len(exchange.raw_body)
        while self._size > _KEPT_BYTES:
            self._size -= len(self._kept.popitem(last=False)[1][1])

    def fill(self, key: tuple[str, str, str], exchange: Exchange) -> None:
        """Give an answer without body the one that it stands for."""
        kept = self._kept.get(key)
        if kept is None:
            return
        self._kept.move_to_end(key)
        own = {name.lower() for name, _ in exchange.headers}
        exchange.headers += [header for header in kept[0] if header[0].lower() not in own]
        exchange.raw_body = kept[1]


class HttpCache:
    """What a user remembers.

    Args:
        size: Most entries; those not used for longest go first.
        uses_freshness: Whether `Cache-Control` and `Expires` are obeyed.
        bodies: Where the bodies are kept that extractors and assertions look at.
    """

    def __init__(self, size: int, *, uses_freshness: bool, bodies: Bodies) -> None:
        self._size = size
        self._uses_freshness = uses_freshness
        self._bodies = bodies
        self._entries: OrderedDict[str, _Entry] = OrderedDict()

    def clear(self) -> None:
        """Forget all."""
        self._entries.clear()

    def is_fresh(self, url: str, headers: Sequence[Header]) -> bool:
        """Whether the address need not be asked for."""
        entry = self._entries.get(url)
        fresh = entry is not None and entry.fresh_until > time.monotonic()
        return fresh and entry is not None and _varied(entry.vary, headers)

    def conditional(self, url: str, headers: list[Header]) -> list[Header]:
        """The headers with the validators of what is remembered."""
        entry = self._entries.get(url)
        if entry is None or not _varied(entry.vary, headers):
            return headers
        self._entries.move_to_end(url)
        if any(name.lower() in _CONDITIONS for name, _ in headers):
            return headers
        added = [("If-None-Match", entry.etag), ("If-Modified-Since", entry.last_modified)]
        return [*headers, *(header for header in added if header[1])]

    def take(self, exchange: Exchange, *, keeps_body: bool) -> None:
        """Remember an answer to GET; a 304 to validators is given the body that it stands for."""
        if exchange.status == NOT_MODIFIED:
            entry = self._entries.get(exchange.url)
            if entry is not None:
                exchange.revalidated = True
                entry.fresh_until = self._fresh_until(exchange) or entry.fresh_until
                self._bodies.fill((exchange.url, entry.etag, entry.last_modified), exchange)
            return
        if exchange.status != _OK:
            return
        etag, last_modified = exchange.header("etag"), exchange.header("last-modified")
        fresh_until = self._fresh_until(exchange)
        control = exchange.header("cache-control").lower()
        vary = exchange.header("vary").lower()
        if not (etag or last_modified or fresh_until) or "no-store" in control or vary == "*":
            self._entries.pop(exchange.url, None)
            return
        names = [name.strip() for name in vary.split(",")] if vary else []
        self._entries[exchange.url] = _Entry(
            etag, last_modified, fresh_until, _values(names, exchange.sent_headers)
        )
        self._entries.move_to_end(exchange.url)
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)
        if keeps_body and (etag or last_modified):
            self._bodies.keep((exchange.url, etag, last_modified), exchange)

    def _fresh_until(self, exchange: Exchange) -> float:
        if not self._uses_freshness:
            return 0.0
        control = exchange.header("cache-control").lower()
        if "no-cache" in control or "no-store" in control:
            return 0.0
        seconds = _max_age(control)
        if seconds is None:
            seconds = _expires(exchange)
        else:
            seconds -= _number(exchange.header("age")) or 0
        return time.monotonic() + seconds if seconds > 0 else 0.0


def _varied(vary: Sequence[tuple[str, str]], headers: Sequence[Header]) -> bool:
    return not vary or _values([name for name, _ in vary], headers) == vary


def _values(names: Sequence[str], headers: Sequence[Header]) -> tuple[tuple[str, str], ...]:
    sent = {name.lower(): value for name, value in headers}
    return tuple((name, sent.get(name, "")) for name in names)


def _max_age(control: str) -> float | None:
    for directive in control.split(","):
        name, _, value = directive.partition("=")
        if name.strip() == "max-age":
            return _number(value.strip().strip('"')) or 0.0
    return None


def _number(text: str) -> float | None:
    return float(text) if text.isascii() and text.isdigit() else None


def _expires(exchange: Exchange) -> float:
    """Seconds from `Date` to `Expires`; what is no date is over already."""
    try:
        expires = parsedate_to_datetime(exchange.header("expires"))
        date = exchange.header("date")
        now = parsedate_to_datetime(date).timestamp() if date else time.time()
        return expires.timestamp() - now
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
