"""Uploads: multipart bodies, read part by part into temporary files."""

import contextlib
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

import orjson
from aiohttp import BodyPartReader, hdrs, web

from octoperf_mcp.embedded.failures import Invalid, TooLarge
from octoperf_mcp.embedded.platform import PLATFORM
from octoperf_mcp.embedded.rest.bodies import is_multipart

_IN_MEMORY_BYTES = 1024 * 1024
_MAX_TEXT_BYTES = 1024 * 1024
_MAX_PARTS = 20
_CHUNK_BYTES = 64 * 1024


@dataclass(slots=True)
class UploadedFile:
    """One part: an open file at its start, its size in bytes, what the client says of it."""

    file: BinaryIO
    size: int
    filename: str
    content_type: str

    def read(self) -> bytes:
        """All bytes."""
        self.file.seek(0)
        return self.file.read()


@dataclass(slots=True)
class Upload:
    """The parts by name."""

    parts: dict[str, UploadedFile] = field(default_factory=dict)

    def file(self, name: str = "file") -> UploadedFile:
        """A part.

        Raises:
            Invalid: there is none of this name.
        """
        if name not in self.parts:
            raise Invalid(f"The multipart body has no part {name!r}.")
        return self.parts[name]

    def text(self, name: str) -> str | None:
        """A part as text, None when there is none.

        A client that writes every part as JSON sends the text in quotes.

        Raises:
            Invalid: it is too long or not UTF-8.
        """
        part = self.parts.get(name)
        if part is None:
            return None
        if part.size > _MAX_TEXT_BYTES:
            raise Invalid(f"The part {name!r} is too long for a text.")
        try:
            text = part.read().decode()
        except UnicodeDecodeError as error:
            raise Invalid(f"The part {name!r} is not UTF-8.") from error
        if part.content_type == "application/json" and text.startswith('"'):
            return _unquoted(name, text)
        return text


@contextlib.asynccontextmanager
async def received(request: web.Request, *, limit: int | None = None) -> AsyncIterator[Upload]:
    """Read a multipart body; its temporary files live as long as the block.

    Args:
        request: The request, its body still unread.
        limit: Most bytes in all parts together; default: `max_upload_bytes`.

    Raises:
        Invalid: the body is not multipart, or broken.
        TooLarge: it has more bytes, or more than 20 parts.
    """
    settings = request.app[PLATFORM].settings
    most = settings.max_upload_bytes if limit is None else limit
    if not is_multipart(request):
        raise Invalid("Send the file as multipart/form-data, in the part 'file'.")
    if (request.content_length or 0) > most + _MAX_TEXT_BYTES:
        raise TooLarge(_too_large(most))
    with contextlib.ExitStack() as files:
        upload = Upload()
        try:
            await _read_parts(request, upload, most, files)
        except (ValueError, AssertionError) as error:
            raise Invalid(f"The multipart body is broken: {error}") from error
        yield upload


async def _read_parts(
    request: web.Request, upload: Upload, most: int, files: contextlib.ExitStack
) -> None:
    total = 0
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        if not isinstance(part, BodyPartReader):
            raise Invalid("A part of the multipart body is itself multipart.")
        if part.headers.get(hdrs.CONTENT_ENCODING, "identity") != "identity":
            raise Invalid("A part of the multipart body is compressed: send it as it is.")
        if len(upload.parts) >= _MAX_PARTS:
            raise TooLarge(f"The multipart body has more than {_MAX_PARTS} parts.")
        kept = await _keep(part, most - total, files)
        if kept is None:
            raise TooLarge(_too_large(most))
        total += kept.size
        upload.parts[part.name or ""] = kept


async def _keep(
    part: BodyPartReader, most: int, files: contextlib.ExitStack
) -> UploadedFile | None:
    """The part in a temporary file, None when it has more bytes than `most`."""
    spooled = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115 - entered below
    file = cast("BinaryIO", files.enter_context(spooled))
    size = 0
    while chunk := await part.read_chunk(_CHUNK_BYTES):
        decoded = part.decode(chunk)
        size += len(decoded)
        if size > most:
            return None
        file.write(decoded)
    file.seek(0)
    content_type = part.headers.get(hdrs.CONTENT_TYPE, "").partition(";")[0].strip().lower()
    return UploadedFile(file, size, part.filename or "", content_type)


def _unquoted(name: str, text: str) -> str:
    try:
        value: Any = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Invalid(f"The part {name!r} is no JSON: {error}") from error
    return str(value)


def _too_large(most: int) -> str:
    return f"The upload has more than {most} bytes."


def attachment_headers(filename: str) -> dict[str, str]:
    """Headers of a download: saved, never shown, since a user's file stands on our origin."""
    plain = "".join(_harmless(filename))
    return {
        hdrs.CONTENT_DISPOSITION: f'attachment; filename="{plain}"',
        "X-Content-Type-Options": "nosniff",
    }


def _harmless(filename: str) -> Iterator[str]:
    for character in filename:
        yield character if character.isascii() and character not in '"\\\r\n' else "_"
