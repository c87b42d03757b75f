"""Client ID Metadata Documents: a client id that is the https address of what describes it.

(draft-ietf-oauth-client-id-metadata-document, as the MCP specification of 2026-07-28 asks for it.)
"""

import asyncio
import posixpath
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote, urlsplit

import structlog

from octoperf_mcp.embedded.idp.client_metadata import (
    Client,
    InvalidMetadataError,
    Registration,
    read_registration,
)
from octoperf_mcp.embedded.idp.guarded_fetch import Fetched, UnacceptableError, UnreachableError
from octoperf_mcp.embedded.idp.throttle import Throttle

log = structlog.get_logger()

FetchDocument = Callable[[str], Awaitable[Fetched]]

_LONGEST = 1000
_SHORTEST_LIFE_S, _USUAL_LIFE_S, _LONGEST_LIFE_S = 60, 3600, 24 * 3600
_REFUSED_LIFE_S = 60
_MOST_KEPT = 1000
# Whoever opens the sign-in page names the address: so many of one host, and of all, in a minute.
_PER_HOST, _IN_ALL, _WINDOW_S = 10, 60, 60


def is_document_id(client_id: str) -> bool:
    """Whether a client id is the address of a document: https, a path, nothing ambiguous."""
    if not client_id.startswith("https://") or len(client_id) > _LONGEST:
        return False
    if not client_id.isascii() or not client_id.isprintable() or set(client_id) & set('#\\" <>'):
        return False
    try:
        parts = urlsplit(client_id)
        _ = parts.port
    except ValueError:
        return False
    path = unquote(parts.path)
    plain = posixpath.normpath(path) == path.rstrip("/") and "//" not in path
    return bool(parts.hostname) and "@" not in parts.netloc and len(path) > 1 and plain


class ClientDocuments:
    """Reads documents, and keeps what it read as long as their servers allow.

    Args:
        fetch: Gets a document of the open internet.
        hosts: The only hosts to ask; empty for any.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        fetch: FetchDocument,
        *,
        hosts: tuple[str, ...] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._hosts = frozenset(host.lower() for host in hosts)
        self._clock = clock
        self._kept: dict[str, tuple[float, Client | None]] = {}
        self._flights: dict[str, asyncio.Task[Client | None]] = {}
        self._host_throttle = Throttle(_PER_HOST, _WINDOW_S, clock=clock)
        self._throttle = Throttle(_IN_ALL, _WINDOW_S, clock=clock)

    async def client(self, client_id: str) -> Client | None:
        """The client of an address; None when its document may not be read or is no good.

        Raises:
            UnreachableError: it cannot be read now.
        """
        host = (urlsplit(client_id).hostname or "").lower()
        if self._hosts and host not in self._hosts:
            return None
        known = self._kept.get(client_id)
        if known is not None and self._clock() < known[0]:
            return known[1]
        if client_id not in self._flights:
            self._check_rate(host)
            flight = self._flights[client_id] = asyncio.create_task(self._read(client_id))
            flight.add_done_callback(lambda _task: self._flights.pop(client_id, None))
        return await asyncio.shield(self._flights[client_id])

    async def close(self) -> None:
        """End what is being read."""
        flights = list(self._flights.values())
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)

    def _check_rate(self, host: str) -> None:
        if self._host_throttle.wait_s(host) > 0 or self._throttle.wait_s("all") > 0:
            raise UnreachableError("Too many documents are asked for.")
        self._host_throttle.count(host)
        self._throttle.count("all")

    async def _read(self, client_id: str) -> Client | None:
        try:
            fetched = await self._fetch(client_id)
            client = client_of(client_id, fetched.document)
        except (UnacceptableError, InvalidMetadataError) as error:
            log.warning("client_document_refused", client_id=client_id, reason=str(error))
            self._keep(client_id, None, _REFUSED_LIFE_S)
            return None
        life_s = _USUAL_LIFE_S if fetched.max_age_s is None else fetched.max_age_s
        self._keep(client_id, client, min(max(life_s, _SHORTEST_LIFE_S), _LONGEST_LIFE_S))
        return client

    def _keep(self, client_id: str, client: Client | None, life_s: float) -> None:
        if len(self._kept) >= _MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[client_id] = (self._clock() + life_s, client)


def client_of(client_id: str, document: Any) -> Client:
    """The client that a document describes.

    Raises:
        InvalidMetadataError: it describes another one, lacks something, or has a secret.
    """
    code = "invalid_client_metadata"
    if not isinstance(document, dict) or document.get("client_id") != client_id:
        raise InvalidMetadataError(code, "The document is not that of this client id.")
    if not isinstance(document.get("client_name"), str):
        raise InvalidMetadataError(code, "The document has no client_name.")
    if "client_secret" in document or "client_secret_expires_at" in document:
        raise InvalidMetadataError(code, "A public document cannot hold a secret.")
    wanted: Registration = read_registration(document)
    if wanted.auth_method != "none":
        raise InvalidMetadataError(code, "Only public clients have documents here.")
    return Client(
        id=client_id,
        name=wanted.name,
        redirect_uris=wanted.redirect_uris,
        application_type=wanted.application_type,
        auth_method="none",
        secret_hash="",
        scope=wanted.scope,
        created=0,
        last_used=None,
    )
