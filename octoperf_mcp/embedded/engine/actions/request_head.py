"""Request line and headers of a request, compiled so that little is left to do per sample."""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, urlsplit

from octoperf_mcp.embedded.engine.texts.templates import Template, compile_text
from octoperf_mcp.embedded.engine.wire.exchange import Header
from octoperf_mcp.embedded.engine.wire.transport import Server

if TYPE_CHECKING:
    from octoperf_mcp.embedded.engine.actions.compiler import Node, Scope
    from octoperf_mcp.embedded.engine.play.session import UserSession

_OWN = {
    "content-length",
    "transfer-encoding",
    "connection",
    "proxy-connection",
    "keep-alive",
    "expect",
}
"""Headers of a recording that the engine writes itself."""
_DECODABLE = {"gzip", "x-gzip", "deflate", "br", "identity", "*"}
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\U0010ffff]")
_BREAKS = re.compile(r"[\r\n\x00]+")
_BODY_METHODS = {"POST", "PUT", "PATCH"}
_DEFAULT_PORTS = {"http": 80, "https": 443}
_USER_AGENT = "Mozilla/5.0 (octoperf-mcp load generator)"


def compile_head(node: "Node", scope: "Scope", server: Server) -> "RequestHead":
    """Prepare method, path, query and headers of an HttpRequestAction."""
    return RequestHead(node, scope, server)


class RequestHead:
    """Renders the parts of a request before its body."""

    def __init__(self, node: "Node", scope: "Scope", server: Server) -> None:
        self.server = server
        self.method = str(node.get("method") or "GET").upper()
        keep_alive = scope.options.keep_alive
        self.keep_alive = server.keep_alive if keep_alive is None else keep_alive
        path = str(node.get("path") or "/")
        self._path = compile_text(path if path.startswith(("/", "${")) else "/" + path)
        self._parameters = [
            (
                compile_text(str(parameter.get("name") or "")),
                compile_text(str(parameter.get("value") or "")),
                parameter.get("equals") is not False,
                parameter.get("encode") is not False,
            )
            for parameter in node.get("parameters") or []
        ]
        self._hostname = compile_text(server.hostname)
        self._headers = _headers(node.get("headers") or [], scope)
        self._named = {name.lower() for name, _ in self._headers}
        self._basic = _basic(scope, str(node.get("serverId")))

    def server_for(self, session: "UserSession") -> Server:
        """The server; its host name may hold variables."""
        if self._hostname.constant is not None:
            return self.server
        return replace(self.server, hostname=self._hostname.render(session))

    def target(self, session: "UserSession") -> str:
        """Path and query, ready for the request line."""
        path = self._path.render(session)
        if not path.startswith("/"):
            path = "/" + path
        if self._parameters:
            path += ("&" if "?" in path else "?") + self._query(session)
        return _UNSAFE.sub(lambda found: quote(found.group()), path)

    def _query(self, session: "UserSession") -> str:
        pairs = []
        for name_template, value_template, equals, encode in self._parameters:
            name, value = name_template.render(session), value_template.render(session)
            if encode:
                name, value = quote_plus(name), quote_plus(value)
            pairs.append(f"{name}={value}" if equals or value else name)
        return "&".join(pairs)

    def headers(self, session: "UserSession", server: Server, content_type: str) -> list[Header]:
        """The headers but for cookies and lengths; `Host` comes first."""
        named = self._named
        made = [(name, _BREAKS.sub(" ", value.render(session))) for name, value in self._headers]
        first = [] if "host" in named else [("Host", _host(server))]
        if content_type and "content-type" not in named:
            made.append(("Content-Type", content_type))
        elif content_type.startswith("multipart/"):
            made = [(n, content_type if n.lower() == "content-type" else v) for n, v in made]
        if self._basic and "authorization" not in named:
            path = self._path.render(session)
            made += [
                ("Authorization", each.header)
                for each in self._basic
                if path.startswith(each.base_path)
            ]
        made.append(("Connection", "keep-alive" if self.keep_alive else "close"))
        return first + made

    def credentials(self, target: str) -> "Credentials | None":
        """Those that a challenge of the server is answered with."""
        if "authorization" in self._named:
            return None
        return next((each for each in self._basic if target.startswith(each.base_path)), None)

    def with_cookies(
        self, session: "UserSession", headers: list[Header], server: Server, path: str
    ) -> list[Header]:
        """The same headers with the cookies of the jar, which win over recorded ones."""
        jar = session.cookies.header(server.hostname, path, secure=server.tls)
        if not jar:
            return headers
        if "cookie" not in self._named:
            return [*headers, ("Cookie", jar)]
        fresh = {pair.partition("=")[0].strip() for pair in jar.split(";")}
        recorded = "; ".join(value for name, value in headers if name.lower() == "cookie")
        kept = [
            pair.strip()
            for pair in recorded.split(";")
            if pair.strip() and pair.partition("=")[0].strip() not in fresh
        ]
        others = [header for header in headers if header[0].lower() != "cookie"]
        return [*others, ("Cookie", "; ".join([*kept, jar]))]

    def redirected(
        self, headers: Sequence[Header], server: Server, *, keeps_body: bool
    ) -> list[Header]:
        """Headers for the next hop: none of the body's when it goes, none for another host."""
        dropped = {"host"}
        if not keeps_body:
            dropped |= {"content-type", "content-encoding"}
        if server.hostname != self.server.hostname:
            dropped |= {"authorization", "cookie"}
        kept = [header for header in headers if header[0].lower() not in dropped]
        return [("Host", _host(server)), *kept]

    def bytes_of(self, method: str, target: str, headers: Sequence[Header], body: bytes) -> bytes:
        """Everything before the body, on the wire."""
        lines = [f"{method} {target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers]
        if body or method in _BODY_METHODS:
            lines.append(f"Content-Length: {len(body)}")
        text = "\r\n".join(lines) + "\r\n\r\n"
        try:
            return text.encode("latin-1")
        except UnicodeEncodeError:
            return text.encode("utf-8")

    def url(self, server: Server, target: str) -> str:
        """The absolute address."""
        return f"{server.scheme}://{_host(server)}{target}"

    def place_of(self, url: str) -> tuple[Server, str] | None:
        """Server and target of an absolute address; None when it is no HTTP address."""
        try:
            parts = urlsplit(url)
            port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
        except ValueError:
            return None
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
            return None
        own = self.server
        server = Server(
            parts.scheme,
            parts.hostname,
            port,
            own.connect_timeout_ms,
            own.read_timeout_ms,
            own.keep_alive,
        )
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return server, _UNSAFE.sub(lambda found: quote(found.group()), target)


def _host(server: Server) -> str:
    name = f"[{server.hostname}]" if ":" in server.hostname else server.hostname
    return name if server.port == _DEFAULT_PORTS.get(server.scheme) else f"{name}:{server.port}"


def _headers(rows: Sequence["Node"], scope: "Scope") -> list[tuple[str, Template]]:
    made: list[tuple[str, Template]] = []
    for row in rows:
        name, value = str(row.get("name") or "").strip(), str(row.get("value") or "")
        lower = name.lower()
        if not name or name.startswith(":") or lower in _OWN or not _is_token(name):
            continue
        if lower == "accept-encoding":
            value = _decodable(value)
        elif lower == "user-agent" and scope.options.user_agent:
            value = scope.options.user_agent
        elif lower == "cookie" and not scope.options.sends_cookies:
            continue
        made.append((name, compile_text(value)))
    if not any(name.lower() == "user-agent" for name, _ in made):
        made.append(("User-Agent", compile_text(scope.options.user_agent or _USER_AGENT)))
    return made


def _is_token(name: str) -> bool:
    return re.fullmatch(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+", name) is not None


def _decodable(value: str) -> str:
    """The encodings that the engine can undo."""
    kept = [part.strip() for part in value.split(",")]
    kept = [part for part in kept if part.partition(";")[0].strip().lower() in _DECODABLE]
    return ", ".join(kept) or "identity"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who signs in below a path of a server."""

    base_path: str
    username: str
    password: str
    header: str
    """The `Authorization` that is sent unasked."""


def _basic(scope: "Scope", server_id: str) -> list[Credentials]:
    made = []
    for authorization in scope.authorizations.get(server_id, ()):
        if authorization.get("@type") != "BasicAuthorization":
            scope.warn(f"{authorization.get('@type')} of server {server_id!r} is not supported.")
            continue
        password = authorization.get("password") or ""
        secret = password.get("value") if isinstance(password, dict) else password
        username = str(authorization.get("username") or "")
        pair = f"{username}:{secret or ''}".encode()
        base = str(authorization.get("basePath") or "/")
        credentials = base64.b64encode(pair).decode()
        scope.program.secrets += [credentials, str(secret or "")]
        made.append(Credentials(base, username, str(secret or ""), "Basic " + credentials))
    return made
