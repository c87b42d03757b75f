"""The body of a recorded request, as one of the four kinds of post data."""

import base64
import binascii
import re
import zlib
from dataclasses import dataclass
from email.message import Message
from email.utils import collapse_rfc2231_value
from typing import Any

from octoperf_mcp.embedded.importers.encoding import fields
from octoperf_mcp.embedded.importers.values import items, mapping, pairs, text

Json = dict[str, Any]

FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
MAX_BODY_BYTES = 10 * 1024 * 1024
_MAX_PARTS = 1_000
_GZIP = zlib.MAX_WBITS | 16
_FILE_FOLDERS = re.compile(r"^.*[/\\]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class PostBody:
    """A body, and whether the recorded `Content-Type` goes on travelling as a header.

    `data` is what the recording held, None when it held nothing. `note` says what could not
    be kept.
    """

    post_data: Json | None
    data: bytes | None
    keep_type: bool = True
    note: str = ""


def decoded(content: Any) -> bytes | None:
    """The bytes of a `text` with its `encoding`; None when there are none or they are garbage."""
    fields_of = mapping(content)
    body = fields_of.get("text")
    if not isinstance(body, str):
        return None
    if text(fields_of.get("encoding")).lower() != "base64":
        return text(body).encode()
    try:
        return base64.b64decode(text(body), validate=False)
    except (binascii.Error, ValueError):
        return None


def inflated(data: bytes | None, content_encoding: str) -> bytes | None:
    """The bytes of an answer that a proxy recorded as they travelled, compressed.

    Browsers record them decoded and leave the header `Content-Encoding` in place, so that only
    what begins like gzip is taken for it. Beyond 10 MiB, or broken, it stays as it is.
    """
    if not data or "gzip" not in content_encoding.lower() or not data.startswith(b"\x1f\x8b"):
        return data
    stream = zlib.decompressobj(wbits=_GZIP)
    try:
        found = stream.decompress(data, MAX_BODY_BYTES)
    except zlib.error:
        return data
    return found if stream.eof else data


def read_body(post: Any, content_type: str) -> PostBody:
    """Convert `request.postData`; `content_type` is the header, with its parameters."""
    source = mapping(post)
    declared = content_type or text(source.get("mimeType"))
    media_type = declared.partition(";")[0].strip().lower()
    data = decoded(source)
    listed = _listed(source)
    if not data and not listed:
        return PostBody(None, None)
    if media_type == MULTIPART:
        return _multipart(declared, data, listed)
    if media_type == FORM:
        return _form(declared, data, listed)
    return _raw(declared, data)


def _listed(source: Json) -> list[Json]:
    return [mapping(param) for param in items(source.get("params"))[:_MAX_PARTS]]


def _raw(declared: str, data: bytes | None) -> PostBody:
    try:
        body = (data or b"").decode()
    except UnicodeDecodeError:
        note = "The recorded body is binary and was left out."
        return PostBody(None, data, keep_type=False, note=note)
    return PostBody({"@type": "RawPostData", "body": body, "contentType": declared}, data)


def _form(declared: str, data: bytes | None, listed: list[Json]) -> PostBody:
    if data is None:
        parameters = [
            {"name": name, "value": value, "encode": True} for name, value in pairs(listed)
        ]
        return PostBody({"@type": "FormPostData", "parameters": parameters}, None, keep_type=False)
    try:
        found = fields(data.decode())
    except UnicodeDecodeError:
        return _raw(declared, data)
    if len(found) > _MAX_PARTS or not all(field.equals for field in found):
        return _raw(declared, data)
    parameters = [{"name": f.name, "value": f.value, "encode": f.encode} for f in found]
    post_data = {"@type": "FormPostData", "parameters": parameters}
    return PostBody(post_data, data, keep_type=";" in declared)


def _multipart(declared: str, data: bytes | None, listed: list[Json]) -> PostBody:
    boundary = _parameter(declared, "boundary")
    parts = _split(data, boundary) if data and boundary else []
    parts = parts or [part for param in listed if (part := _part_of(param))]
    if not parts:
        note = "The recorded multipart body could not be read and was left out."
        return PostBody(None, data, keep_type=False, note=note)
    return PostBody({"@type": "MultipartPostData", "parts": parts}, data, keep_type=False)


def _part_of(param: Json) -> Json | None:
    name = text(param.get("name"))
    if not name:
        return None
    return _part(
        name, text(param.get("fileName")), text(param.get("contentType")), text(param.get("value"))
    )


def _part(name: str, filename: str, content_type: str, value: str) -> Json:
    """A field, or a file by its name without folders: it must be among the project's files."""
    made: Json = {"name": name}
    if filename:
        made["filename"] = _FILE_FOLDERS.sub("", filename) or filename
    else:
        made["value"] = value
    return made | {"contentType": content_type}


def _split(data: bytes, boundary: str) -> list[Json]:
    found = []
    for chunk in data.split(b"--" + boundary.encode())[1 : _MAX_PARTS + 1]:
        if chunk.startswith(b"--"):
            break
        head, separator, body = chunk.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        headers = _headers(head.decode(errors="replace"))
        disposition = headers.get("content-disposition", "")
        if separator and (name := _parameter(disposition, "name")):
            value = body.removesuffix(b"\r\n").decode(errors="replace")
            filename = _parameter(disposition, "filename")
            found.append(_part(name, filename, headers.get("content-type", ""), value))
    return found


def _headers(head: str) -> dict[str, str]:
    lines = (line.partition(":") for line in head.split("\r\n"))
    return {name.strip().lower(): value.strip() for name, _, value in lines}


def _parameter(header: str, name: str) -> str:
    message = Message()
    message["x"] = " ".join(header.split())
    found = message.get_param(name, header="x")
    return collapse_rfc2231_value(found) if found else ""
