"""A request that went out and what came back; bodies are decoded when somebody looks."""

import re
import zlib
from dataclasses import dataclass, field
from typing import Any

Header = tuple[str, str]
NO_STATUS = "- UNKNOWN"
"""Status text where no answer came, so that the status line reads `HTTP/1.1 -1 - UNKNOWN`."""

MOST_DECODED = 64 * 1024 * 1024
"""Bytes that a compressed body is unpacked to; a few kilobytes could fill the memory else."""
_UNPACKED_AT_ONCE = 1024 * 1024
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)


@dataclass(slots=True)
class Exchange:
    """One request on the wire. Times in microseconds from its start, sizes in bytes.

    `status` is 0 when no answer came; `failure` then holds the Java-like message.
    """

    method: str
    url: str
    sent_headers: list[Header]
    sent_body: bytes
    started_ms: int
    status: int = 0
    reason: str = ""
    headers: list[Header] = field(default_factory=list)
    raw_body: bytes = b""
    body_truncated: bool = False
    elapsed_us: int = 0
    latency_us: int = 0
    connect_us: int = 0
    sent_bytes: int = 0
    received_bytes: int = 0
    failure: str = ""
    on_wire: bool = False
    """Whether anything of the request was handed to the network."""
    revalidated: bool = False
    """Whether it is a 304 to validators of the user's own cache."""
    is_challenge: bool = False
    """Whether it is a 401 that the engine answered with credentials."""
    hops: list["Exchange"] = field(default_factory=list)
    """The exchanges before this one, when redirects were followed to it."""
    resources: list["Exchange"] = field(default_factory=list)
    """What the page shows, when it was fetched too."""
    _body: bytes | None = None
    _text: str | None = None

    @property
    def code(self) -> str:
        """Status as text, "-1" for a failure of the engine."""
        return str(self.status) if self.status else "-1"

    @property
    def media_type(self) -> str:
        """`Content-Type` without its parameters, lower case; empty when there is none."""
        return self.header("content-type").partition(";")[0].strip().lower()

    def header(self, name: str) -> str:
        """The first answer header of this lower-case name; empty when there is none."""
        for key, value in self.headers:
            if key.lower() == name:
                return value
        return ""

    @property
    def body(self) -> bytes:
        """The answer's body without its content encodings."""
        if self._body is None:
            self._body = decoded(self.raw_body, self.header("content-encoding"))
        return self._body

    @property
    def text(self) -> str:
        """The answer's body as text, in its own charset or UTF-8."""
        if self._text is None:
            self._text = as_text(self.body, self.header("content-type"))
        return self._text

    @property
    def header_text(self) -> str:
        """Status line and headers as an assertion sees them."""
        lines = [f"HTTP/1.1 {self.code} {self.reason if self.status else NO_STATUS}"]
        return "\n".join([*lines, *(f"{name}: {value}" for name, value in self.headers)])

    def request_entity(self, cap: int) -> dict[str, Any]:
        """HttpRequestEntity; the body is cut at `cap` bytes."""
        content_type = next((v for n, v in self.sent_headers if n.lower() == "content-type"), "")
        return {
            "method": self.method,
            "url": self.url,
            "httpVersion": "HTTP/1.1",
            "headers": [{"name": name, "value": value} for name, value in self.sent_headers],
            "body": as_text(self.sent_body[:cap], content_type),
            "bodyTruncated": len(self.sent_body) > cap,
        }

    def response_entity(self, cap: int) -> dict[str, Any]:
        """HttpResponseEntity, its body cut at `cap` bytes; without an answer the status is -1."""
        return {
            "status": self.status or -1,
            "statusText": self.reason if self.status else NO_STATUS,
            "headers": [{"name": name, "value": value} for name, value in self.headers],
            "body": as_text(self.body[:cap], self.header("content-type")),
            "contentType": self.header("content-type"),
            "bodyTruncated": self.body_truncated or len(self.body) > cap,
        }


def decoded(data: bytes, encodings: str) -> bytes:
    """Undo `Content-Encoding`, up to `MOST_DECODED`; what cannot be decoded stays as it is."""
    for encoding in reversed([part.strip().lower() for part in encodings.split(",")]):
        data = _decoded_once(data, encoding)
    return data


def _decoded_once(data: bytes, encoding: str) -> bytes:
    if not data or encoding in {"", "identity"}:
        return data
    try:
        if encoding in {"gzip", "x-gzip"}:
            return zlib.decompressobj(wbits=31).decompress(data, MOST_DECODED)
        if encoding == "deflate":
            return _inflated(data)
        if encoding == "br":
            return _unbrotlied(data)
    except Exception:  # noqa: BLE001 - every library has an error of its own; the bytes stay raw
        return data
    return data


def _unbrotlied(data: bytes) -> bytes:
    import brotli  # noqa: PLC0415 - loaded when a server uses it

    unpacker = brotli.Decompressor()
    parts = [unpacker.process(data, output_buffer_limit=_UNPACKED_AT_ONCE)]
    size = len(parts[0])
    while size < MOST_DECODED and not unpacker.can_accept_more_data():
        parts.append(unpacker.process(b"", output_buffer_limit=_UNPACKED_AT_ONCE))
        size += len(parts[-1])
    return b"".join(parts)[:MOST_DECODED]


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, MOST_DECODED)
    except zlib.error:
        return zlib.decompressobj(wbits=-15).decompress(data, MOST_DECODED)


def as_text(data: bytes, content_type: str) -> str:
    """Bytes as text: the declared charset, else UTF-8, undecodable bytes replaced."""
    found = _CHARSET.search(content_type)
    try:
        return data.decode(found.group(1) if found else "utf-8", "replace")
    except LookupError:
        return data.decode("utf-8", "replace")
