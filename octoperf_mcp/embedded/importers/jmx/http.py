"""HTTP samplers as requests."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from octoperf_mcp.embedded.importers.addresses import DEFAULT_PORTS, Address, address_of, ascii_host
from octoperf_mcp.embedded.importers.jmx.known import Known
from octoperf_mcp.embedded.importers.jmx.ledger import Ledger
from octoperf_mcp.embedded.importers.jmx.plan import Element
from octoperf_mcp.embedded.importers.jmx.posts import post_data
from octoperf_mcp.embedded.importers.jmx.scope import Header, Scope
from octoperf_mcp.embedded.importers.nodes import http_request, query_parameters
from octoperf_mcp.embedded.importers.servers import Servers

Json = dict[str, Any]

_METHOD = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,40}")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}")
_IN_QUERY = frozenset({"GET", "DELETE", "HEAD", "OPTIONS", "TRACE"})
_MOST_PORT = 65_535
_UNKNOWN_HOST = "host-of-the-plan.invalid"


class HttpSamplers:
    """Converts the HTTP samplers of one plan; `servers` collects where they go."""

    def __init__(self, servers: Servers, known: Known, ledger: Ledger) -> None:
        self._servers = servers
        self._known = known
        self._ledger = ledger

    def request(self, element: Element, scope: Scope) -> Json:
        """The request of a sampler with what it inherits, without its children."""
        place, path, query = self._place(element, scope)
        method = element.text("HTTPSampler.method").upper() or "GET"
        if not _METHOD.fullmatch(method):
            self._ledger.change(element, f"its method {method[:40]!r} became GET")
            method = "GET"
        arguments = _arguments(element, scope)
        headers = _headers(scope, place)
        in_query = method in _IN_QUERY and not _is_raw(element, arguments)
        parameters = query_parameters(query)
        body = None
        if in_query:
            parameters += [_parameter(one) for one in arguments]
        else:
            body, note = post_data(element, arguments, headers)
            if note:
                self._ledger.change(element, note)
        if body and body["@type"] == "MultipartPostData":
            headers = [one for one in headers if one["name"].lower() != "content-type"]
        made = http_request(
            element.name or path,
            self._server(element, scope, place),
            method,
            path,
            parameters=parameters,
            headers=headers,
            postData=body,
            contentEncoding=_encoding(_said(element, scope, "HTTPSampler.contentEncoding")),
            followRedirects=element.flag("HTTPSampler.follow_redirects")
            or element.flag("HTTPSampler.auto_redirects"),
            downloadResources=_said(element, scope, "HTTPSampler.image_parser") == "true",
        )
        made["enabled"] = element.enabled
        made["description"] = element.text("TestPlan.comments")[:2000]
        return made

    def _place(self, element: Element, scope: Scope) -> tuple[Address, str, str]:
        """Where the sampler goes, its path, and the query written behind the path."""
        written = _said(element, scope, "HTTPSampler.path").strip()
        resolved = self._known.resolved(written)
        whole = written if written.lower().startswith("http") else resolved
        if whole.lower().startswith(("http://", "https://")):
            address = address_of(whole)
            if isinstance(address, Address):
                return address, address.path, address.query
            self._ledger.change(element, f"its address is {address}")
            whole = "/"
        path, _, query = written.partition("#")[0].partition("?")
        protocol = self._protocol(element, scope)
        host = self._host(element, scope)
        path = path if path.startswith(("/", "${")) else f"/{path}"
        return (
            Address(protocol, host, self._port(element, scope, protocol), path, query),
            (path),
            query,
        )

    def _protocol(self, element: Element, scope: Scope) -> str:
        written = _said(element, scope, "HTTPSampler.protocol").strip()
        word = self._known.resolved(written).strip().upper().removesuffix("://")
        if written and written.upper() != word:
            self._ledger.change(element, f"the protocol {written[:80]} is fixed: {word[:80]}")
        if word in DEFAULT_PORTS:
            return word
        if word:
            self._ledger.change(element, f"the protocol {word[:80]} became HTTPS")
        return "HTTPS" if word else "HTTP"

    def _host(self, element: Element, scope: Scope) -> str:
        host = _said(element, scope, "HTTPSampler.domain").strip()
        host = re.sub(r"^https?://|/.*$", "", host, flags=re.IGNORECASE).strip("[]")
        if "${" not in host:
            host = ascii_host(host)
        if not host or re.search(r"[\s?#@\\]", re.sub(r"\$\{.*\}", "", host)):
            reason = f"names no server: set the host of the server {_UNKNOWN_HOST}"
            self._ledger.change(element, reason)
            return _UNKNOWN_HOST
        return host

    def _port(self, element: Element, scope: Scope, protocol: str) -> int:
        written = _said(element, scope, "HTTPSampler.port").strip()
        if not written or written == "0":
            return DEFAULT_PORTS[protocol]
        port = self._known.whole_number(written)
        if port is None or not 0 < port <= _MOST_PORT:
            port = DEFAULT_PORTS[protocol]
            self._ledger.change(element, f"the port {written[:80]} became {port}")
        elif "${" in written:
            self._ledger.change(element, f"the port {written[:80]} is fixed: {port}")
        return port

    def _server(self, element: Element, scope: Scope, place: Address) -> str:
        if _said(element, scope, "HTTPSampler.proxyHost"):
            self._ledger.change(element, "its proxy is left out")
        return self._servers.of(
            place.protocol,
            place.host,
            place.port,
            connect_ms=self._timeout(element, scope, "HTTPSampler.connect_timeout"),
            response_ms=self._timeout(element, scope, "HTTPSampler.response_timeout"),
            keep_alive=element.flag("HTTPSampler.use_keepalive", default=True),
        )

    def _timeout(self, element: Element, scope: Scope, name: str) -> int:
        return max(self._known.whole_number(_said(element, scope, name)) or 0, 0)


def _said(element: Element, scope: Scope, name: str) -> str:
    """A property of the sampler, or of its defaults."""
    return element.text(name) or scope.default(name)


def _arguments(element: Element, scope: Scope) -> list[Mapping[str, Any]]:
    own = element.nested("HTTPsampler.Arguments").get("Arguments.arguments")
    listed = own if isinstance(own, list) else []
    return [one for one in (*scope.arguments, *listed) if isinstance(one, dict)]


def _is_raw(element: Element, arguments: Sequence[Mapping[str, Any]]) -> bool:
    return bool(arguments) and element.flag("HTTPSampler.postBodyRaw")


def _parameter(argument: Mapping[str, Any]) -> Json:
    return {
        "name": _text(argument, "Argument.name"),
        "value": _text(argument, "Argument.value"),
        "equals": _text(argument, "HTTPArgument.use_equals").lower() != "false",
        "encode": _text(argument, "HTTPArgument.always_encode").lower() == "true",
    }


def _headers(scope: Scope, place: Address) -> list[Json]:
    sent = [
        {"name": name, "value": re.sub(r"[\r\n\0]+", " ", value)}
        for name, value in scope.headers
        if _HEADER_NAME.fullmatch(name)
    ]
    cookies = [pair for one in scope.cookies if (pair := _cookie(one, place))]
    if cookies:
        sent.append({"name": "Cookie", "value": "; ".join(f"{k}={v}" for k, v in cookies)})
    return sent


def _cookie(cookie: Mapping[str, Any], place: Address) -> Header | None:
    """A user-defined cookie where its domain and path fit the address."""
    name = _text(cookie, "Cookie.name") or _text(cookie, "TestElement.name")
    domain = _text(cookie, "Cookie.domain").lstrip(".").lower()
    path = _text(cookie, "Cookie.path") or "/"
    host = place.host.lower()
    fits = not domain or host == domain or host.endswith("." + domain)
    if not name or not fits or not place.path.startswith(path):
        return None
    return name, _text(cookie, "Cookie.value")


def _text(properties: Mapping[str, Any], name: str) -> str:
    value = properties.get(name)
    return value if isinstance(value, str) else ""


def _encoding(written: str) -> str:
    try:
        "".encode(written or "utf-8")
    except (LookupError, ValueError):
        return ""
    return written
