"""What a request says before its JSON is understood: fields of negotiation, and its bytes."""

import asyncio
import functools
from typing import Final

from aiohttp import web

from octoperf_mcp.protocol import ladder, versions
from octoperf_mcp.transport.answers import Answered, refuse

MAX_BODY_BYTES: Final = 4 * 1024 * 1024
BODY_TIMEOUT_S: Final = 60.0


async def read_body(request: web.Request) -> bytes:
    """The body, within its limits of size and time.

    Raises:
        Answered: 413, 408, or 400 when its chunks or its compression are broken.
    """
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise _too_large()
    try:
        if request.content.is_eof():
            return _bounded(request.content.read_nowait())
        async with asyncio.timeout(BODY_TIMEOUT_S):
            return await _chunks(request)
    except TimeoutError:
        raise Answered(refuse(408, "The body did not arrive in time.")) from None
    except web.RequestPayloadError:
        raise Answered(refuse(400, "The body is broken below its JSON.")) from None


async def _chunks(request: web.Request) -> bytes:
    """What is still arriving; too much of it is not waited for."""
    chunks: list[bytes] = []
    size = 0
    while chunk := await request.content.readany():
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise _too_large()
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _bounded(body: bytes) -> bytes:
    if len(body) > MAX_BODY_BYTES:
        raise _too_large()
    return body


def _too_large() -> Answered:
    return Answered(refuse(413, f"The body may have {MAX_BODY_BYTES} bytes at most."))


def header_is_modern(request: web.Request) -> bool:
    """Whether the version field is there and names no handshake revision."""
    version = request.headers.get(ladder.VERSION_FIELD)
    return version is not None and version.strip(" \t") not in versions.LEGACY_VERSIONS


@functools.lru_cache(maxsize=64)
def is_json(content_type: str) -> bool:
    """Whether a Content-Type is JSON, whatever its parameters."""
    return content_type.partition(";")[0].strip().lower() == "application/json"


@functools.lru_cache(maxsize=256)
def accepted(accept: str) -> tuple[bool, bool]:
    """Whether an Accept field covers JSON and event streams."""
    kinds = {part.partition(";")[0].strip().lower() for part in accept.split(",")}
    return (
        not kinds.isdisjoint(("*/*", "application/*", "application/json")),
        not kinds.isdisjoint(("*/*", "text/*", "text/event-stream")),
    )


@functools.lru_cache(maxsize=256)
def takes_gzip(accept_encoding: str) -> bool:
    """Whether an Accept-Encoding field names gzip without refusing it."""
    for part in accept_encoding.lower().split(","):
        name, _, quality = part.partition(";")
        if name.strip() in {"gzip", "x-gzip", "*"}:
            return quality.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False
