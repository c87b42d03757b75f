"""From command lines to a virtual user; this runs in a process of its own."""

import argparse
from typing import Any, BinaryIO, NoReturn
from urllib.parse import parse_qsl, quote_plus, urlsplit

from octoperf_curl.words import commands
from octoperf_mcp.entities.imported import Bodies, Imported, Note, new_id
from octoperf_mcp.errors import InvalidArgumentError

MOST_COMMANDS = 1_000
_OWN_HEADERS = {"cookie", "host", "content-length", "connection", "accept-encoding"}
_PORTS = {"HTTP": 80, "HTTPS": 443}
_FORM = "application/x-www-form-urlencoded"
_VALUES = (("-o", "--output"), ("-m", "--max-time"), ("--connect-timeout",), ("-x", "--proxy"))
_SWITCHES = (
    ("-s", "--silent"), ("-S", "--show-error"), ("-k", "--insecure"), ("-L", "--location"),
    ("-i", "--include"), ("-v", "--verbose"), ("--compressed",), ("-f", "--fail"),
    ("--http1.1",), ("--http2",),
)  # fmt: skip
"""Options that mean nothing to a virtual user."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InvalidArgumentError(
            f"A curl command cannot be read: {message}.", next_step="Leave that option out."
        )


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="curl", add_help=False, allow_abbrev=False)
    parser.add_argument("address", nargs="*")
    parser.add_argument("--url", action="append", default=[])
    parser.add_argument("-X", "--request")
    parser.add_argument("-H", "--header", action="append", default=[])
    texts = ("-d", "--data", "--data-raw", "--data-binary", "--data-ascii")
    parser.add_argument(*texts, action="append", default=[])
    parser.add_argument("--json", action="append", default=[])
    parser.add_argument("-A", "--user-agent")
    parser.add_argument("-e", "--referer")
    parser.add_argument("-G", "--get", action="store_true")
    parser.add_argument("-I", "--head", action="store_true")
    parser.add_argument("-b", "--cookie")
    parser.add_argument("-u", "--user")
    for flags in _VALUES:
        parser.add_argument(*flags, dest="unused")
    for flags in _SWITCHES:
        parser.add_argument(*flags, dest="ignored", action="store_true")
    return parser


def read(file: BinaryIO, options: dict[str, Any], bodies: Bodies) -> Imported:
    """One request for each command, in order.

    Raises:
        InvalidArgumentError: there is no command, or one of them cannot be read.
    """
    try:
        text = file.read().decode()
    except UnicodeDecodeError:
        raise InvalidArgumentError("The commands are not UTF-8.") from None
    result = Imported(blobs=bodies)
    servers: dict[tuple[str, str, int], str] = {}
    children = []
    for number, words in enumerate(commands(text)):
        if number >= MOST_COMMANDS:
            raise InvalidArgumentError(f"There are more than {MOST_COMMANDS} commands.")
        if words[0] != "curl":
            result.dropped.append(Note(f"/{number}", f"{words[0][:40]!r} is not curl"))
            continue
        children.append(_request(words[1:], f"/{number}", result, servers))
    if not children:
        raise InvalidArgumentError(
            "There is no curl command.", next_step="Send command lines that begin with curl."
        )
    result.carried = len(children)
    name = str(options.get("name") or result.servers[0]["hostname"])[:80]
    result.virtual_users = [
        {
            "@type": "VirtualUser",
            "id": "",
            "name": name,
            "description": "",
            "type": "JMETER",
            "tags": [],
            "children": children,
        }
    ]
    return result


def _request(
    words: list[str], place: str, result: Imported, servers: dict[tuple[str, str, int], str]
) -> dict[str, Any]:
    given, unknown = _parser().parse_known_args(words)
    addresses = [*given.url, *given.address]
    if len(addresses) != 1:
        raise InvalidArgumentError(
            f"Command {place} has {len(addresses)} addresses, not 1.",
            next_step="Write one command for each request, without options that take values here.",
        )
    result.dropped += [Note(place, f"the option {one[:40]}") for one in unknown if one[:1] == "-"]
    if given.user is not None:
        result.dropped.append(Note(place, "the password: set authorizations on the HTTP server"))
    address = addresses[0] if "://" in addresses[0] else f"http://{addresses[0]}"
    where = _parts(address, place)
    if where not in servers:
        servers[where] = new_id()
        result.servers.append(_server(servers[where], *where))
    headers, url = _headers(given, place, result), urlsplit(address)
    query, data = url.query, "&".join(given.data)
    if given.get:
        query, data = "&".join(filter(None, (query, data))), ""
    post = _body(data, "".join(given.json), headers, place, result)
    method = given.request or ("HEAD" if given.head else "POST" if post else "GET")
    return {
        "@type": "HttpRequestAction",
        "id": new_id(),
        "name": (url.path or "/")[:80],
        "description": "",
        "enabled": True,
        "serverId": servers[where],
        "method": method.upper(),
        "path": url.path or "/",
        "parameters": [
            {"name": key, "value": value, "equals": True, "encode": True}
            for key, value in parse_qsl(query, keep_blank_values=True)
        ],
        "headers": [{"name": key, "value": value} for key, value in headers],
        "postData": post,
        "contentEncoding": "",
        "followRedirects": True,
        "downloadResources": False,
        "thinktime": None,
        "recordedRequest": None,
        "recordedResponse": None,
        "children": [],
    }


def _parts(address: str, place: str) -> tuple[str, str, int]:
    """Protocol, host and port."""
    try:
        url = urlsplit(address)
        protocol, host, port = url.scheme.upper(), url.hostname or "", url.port
    except ValueError:
        protocol, host, port = "", "", None
    if protocol not in _PORTS or not host or "@" in address.partition("://")[2].split("/")[0]:
        raise InvalidArgumentError(
            f"Command {place} has no http or https address without credentials."
        )
    return protocol, host, port or _PORTS[protocol]


def _server(server_id: str, protocol: str, host: str, port: int) -> dict[str, Any]:
    return {
        "id": server_id,
        "name": host[:255],
        "protocol": protocol,
        "hostname": host,
        "port": port,
        "connectTimeoutMs": 0,
        "responseTimeoutMs": 0,
        "ipSpoofing": False,
        "keepAlive": True,
        "resourcesPool": 6,
        "authorizations": [],
    }


def _headers(given: argparse.Namespace, place: str, result: Imported) -> list[tuple[str, str]]:
    """Those that the command sets; each virtual user keeps its cookies by itself."""
    written = [tuple(map(str.strip, one.partition(":")[::2])) for one in given.header]
    written += [("User-Agent", given.user_agent)] if given.user_agent else []
    written += [("Referer", given.referer)] if given.referer else []
    names = {name.lower() for name, _ in written}
    if given.cookie is not None or "cookie" in names:
        result.dropped.append(Note(place, "cookies: each virtual user keeps its own"))
    if "authorization" in names:
        reason = "the header Authorization: correlate it, or set authorizations on the server"
        result.dropped.append(Note(place, reason))
    left_out = {"", "authorization", *_OWN_HEADERS}
    return [(name, value) for name, value in written if name.lower() not in left_out]


def _body(
    data: str, json: str, headers: list[tuple[str, str]], place: str, result: Imported
) -> dict[str, Any] | None:
    """A form where it can be read as one, else the text as it is."""
    if not data and not json:
        return None
    if data.startswith("@") or json.startswith("@"):
        result.dropped.append(Note(place, "the body, which is read from a file"))
        return None
    types = [value for name, value in headers if name.lower() == "content-type"]
    kind = types[0] if types else "application/json" if json else _FORM
    pairs = parse_qsl(data, keep_blank_values=True)
    written = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs)
    if kind.startswith(_FORM) and data == written:
        parameters = [{"name": name, "value": value, "encode": True} for name, value in pairs]
        return {"@type": "FormPostData", "parameters": parameters}
    return {"@type": "RawPostData", "body": json or data, "contentType": kind}
