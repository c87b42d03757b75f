"""Request bodies, compiled: form, multipart, raw, file."""

import mimetypes
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from octoperf_mcp.embedded.engine.texts.templates import compile_text

if TYPE_CHECKING:
    from octoperf_mcp.embedded.engine.actions.compiler import Scope
    from octoperf_mcp.embedded.engine.play.session import UserSession

Node = Mapping[str, Any]
Body = Callable[["UserSession"], tuple[bytes, str]]
"""The bytes and their content type, which the headers of the request may override."""

FORM = "application/x-www-form-urlencoded"


def compile_body(node: Node, scope: "Scope") -> Body | None:
    """The body of a request; None when it has none."""
    data = node.get("postData")
    if not data:
        return None
    charset = str(node.get("contentEncoding") or "utf-8")
    kind = str(data.get("@type") or "")
    compiler = _KINDS.get(kind) or (_raw if "body" in data else _form)
    return compiler(data, charset, scope)


def _form(data: Node, charset: str, _: "Scope") -> Body:
    fields = [
        (
            compile_text(str(parameter.get("name") or "")),
            compile_text(str(parameter.get("value") or "")),
            parameter.get("encode") is not False,
        )
        for parameter in data.get("parameters") or []
    ]

    def render(session: "UserSession") -> tuple[bytes, str]:
        pairs = []
        for name, value, encode in fields:
            key, text = name.render(session), value.render(session)
            if encode:
                key = quote_plus(key, encoding=charset, errors="replace")
                text = quote_plus(text, encoding=charset, errors="replace")
            pairs.append(f"{key}={text}")
        return "&".join(pairs).encode(charset, "replace"), FORM

    return render


def _raw(data: Node, charset: str, _: "Scope") -> Body:
    body = compile_text(str(data.get("body") or ""))
    content_type = str(data.get("contentType") or "")
    if body.constant is not None:
        encoded = (body.constant.encode(charset, "replace"), content_type)
        return lambda _: encoded
    return lambda session: (body.render(session).encode(charset, "replace"), content_type)


def _file(data: Node, _: str, scope: "Scope") -> Body:
    filename = compile_text(str(data.get("filename") or ""))
    content_type = str(data.get("contentType") or "")
    read = _reader(scope)

    def render(session: "UserSession") -> tuple[bytes, str]:
        name = filename.render(session)
        return read(session, name), content_type or _guessed(name)

    return render


def _multipart(data: Node, charset: str, scope: "Scope") -> Body:
    read = _reader(scope)
    parts = [
        (
            compile_text(str(part.get("name") or "")),
            compile_text(str(part["filename"])) if part.get("filename") else None,
            compile_text(str(part.get("value") or "")),
            str(part.get("contentType") or ""),
        )
        for part in data.get("parts") or []
    ]

    def render(session: "UserSession") -> tuple[bytes, str]:
        boundary = secrets.token_hex(16)
        chunks: list[bytes] = []
        for name, filename, value, content_type in parts:
            disposition = f'form-data; name="{_quoted(name.render(session))}"'
            if filename is None:
                content = value.render(session).encode(charset, "replace")
                kind = content_type
            else:
                file = Path(filename.render(session)).name
                disposition += f'; filename="{_quoted(file)}"'
                content = read(session, file)
                kind = content_type or _guessed(file)
            head = f"--{boundary}\r\nContent-Disposition: {disposition}\r\n"
            if kind:
                head += f"Content-Type: {kind}\r\n"
            chunks += [head.encode(charset, "replace"), b"\r\n", content, b"\r\n"]
        chunks.append(f"--{boundary}--\r\n".encode())
        return b"".join(chunks), f"multipart/form-data; boundary={boundary}"

    return render


class MissingFileError(Exception):
    """A body names a project file that is not there; the message is for the sample."""


def _reader(scope: "Scope") -> Callable[["UserSession", str], bytes]:
    """Reads project files, each once."""
    known: dict[str, bytes] = {}

    def read(session: "UserSession", name: str) -> bytes:
        name = Path(name).name
        if name not in known:
            try:
                known[name] = (scope.resources / name).read_bytes()
            except OSError as error:
                told = f"resources/{name} ({error.strerror})"
                session.log(f"{told} cannot be read", level="ERROR")
                raise MissingFileError(f"java.io.FileNotFoundException: {told}") from error
        return known[name]

    return read


def _guessed(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


_KINDS: dict[str, Callable[[Node, str, "Scope"], Body]] = {
    "FormPostData": _form,
    "MultipartPostData": _multipart,
    "RawPostData": _raw,
    "FilePostData": _file,
}
