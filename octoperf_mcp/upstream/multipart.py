"""Bodies of the media type multipart/form-data (RFC 7578)."""

import secrets
from collections.abc import Sequence

from octoperf_mcp.registry.rest_calls import Part

_ESCAPED = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})
"""As the HTML standard escapes names."""


def encoded(parts: Sequence[Part]) -> tuple[str, bytes]:
    """Content-Type and bytes of a body; the boundary occurs in no part, since nobody guesses it."""
    boundary = secrets.token_hex(16)
    body = b"".join(_head(boundary, part) + part.content.encode() + b"\r\n" for part in parts)
    return f"multipart/form-data; boundary={boundary}", body + f"--{boundary}--\r\n".encode()


def _head(boundary: str, part: Part) -> bytes:
    named = f'name="{part.name.translate(_ESCAPED)}"'
    if part.filename:
        named += f'; filename="{part.filename.translate(_ESCAPED)}"'
    return (
        f"--{boundary}\r\nContent-Disposition: form-data; {named}\r\n"
        f"Content-Type: {part.media_type}\r\n\r\n"
    ).encode()
