"""Addresses of a collection: a text, or an object with host, path and query."""

import re
from dataclasses import dataclass, field
from typing import Any

from octoperf_mcp.embedded.importers.addresses import Address, address_of
from octoperf_mcp.embedded.importers.nodes import query_parameters
from octoperf_mcp.embedded.importers.postman.texts import Texts, plain
from octoperf_mcp.embedded.importers.values import items, mapping, text

Json = dict[str, Any]

_BASE = re.compile(r"\{\{([^{}]{1,200})\}\}")
_PATH_VARIABLE = re.compile(r"(?<=/):([A-Za-z_][\w.-]*)")
_PORT = re.compile(r"^(https?://[^/?#]*?):(\{\{[^{}]*\}\}|\$\{[^{}]*\})", re.IGNORECASE)


@dataclass(slots=True)
class Target:
    """Where a request goes; `note` says what of it had to be guessed."""

    address: Address
    parameters: list[Json] = field(default_factory=list)
    note: str = ""


def target_of(url: Any, texts: Texts) -> Target | str:
    """The target of a request, or why there is none."""
    written = _written(url)
    whole, note = _absolute(written, texts)
    if _PORT.match(whole):
        whole, note = _PORT.sub(r"\1", whole), "its port is a variable and was left out"
    address = address_of(texts.converted(whole.partition("#")[0].strip()))
    if isinstance(address, str):
        return f"its address is {address}" if written else "it has no address"
    path = _with_path_variables(address.path, mapping(url), texts)
    placed = Address(address.protocol, address.host, address.port, path, address.query)
    return Target(placed, _parameters(url, address.query, texts), note)


def _written(url: Any) -> str:
    """The address as text, without a query that the object lists by itself."""
    if isinstance(url, str):
        return text(url)
    parts = mapping(url)
    if not parts.get("host"):
        raw = text(parts.get("raw"))
        return raw.partition("?")[0] if isinstance(parts.get("query"), list) else raw
    host = _joined(parts["host"], ".")
    path = _joined(parts.get("path"), "/").removeprefix("/")
    port = plain(parts.get("port"))
    protocol = text(parts.get("protocol"))
    address = f"{host}:{port}" if port else host
    return f"{protocol}://{address}/{path}" if protocol else f"{address}/{path}"


def _joined(value: Any, separator: str) -> str:
    if isinstance(value, list):
        pieces = [
            plain(mapping(one).get("value")) if isinstance(one, dict) else plain(one)
            for one in value
        ]
        return separator.join(pieces)
    return text(value)


def _absolute(written: str, texts: Texts) -> tuple[str, str]:
    """The address from its scheme on. A variable at its start is replaced by its value."""
    base = _BASE.match(written)
    if base is None:
        if re.match(r"[a-z][a-z0-9+.-]*://", written, re.IGNORECASE):
            return written, ""
        return f"http://{written}", ""
    rest = written[base.end() :]
    value = texts.resolved(base[0]).strip()
    if _BASE.match(value):
        name = base[1].strip()
        told = f"the collection gives {name} no value: set the host of the server ${{{name}}}"
        if rest.startswith("://"):
            return f"https{rest}", told
        return f"https://{written}", told
    if rest.startswith("/"):
        value = value.rstrip("/")
    whole = value + rest
    return whole if "://" in whole.partition("?")[0] else f"http://{whole}", ""


def _with_path_variables(path: str, url: Json, texts: Texts) -> str:
    values = {
        text(one.get("key")) or text(one.get("id")): plain(one.get("value"))
        for one in map(mapping, items(url.get("variable")))
    }

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name not in values:
            return found[0]
        return texts.converted(values[name] or f"{{{{{name}}}}}")

    return _PATH_VARIABLE.sub(value, path)


def _parameters(url: Any, query: str, texts: Texts) -> list[Json]:
    listed = mapping(url).get("query")
    if not isinstance(listed, list):
        return query_parameters(query)
    made: list[Json] = []
    for one in map(mapping, listed):
        if one.get("disabled") is True:
            continue
        key, value = (
            texts.converted(plain(one.get("key"))),
            texts.converted(plain(one.get("value"))),
        )
        equals = one.get("value") is not None
        pair = query_parameters(f"{key}={value}" if equals else key)
        if len(pair) == 1 and "&" not in key + value:
            made += pair
        elif key or value:
            made.append({"name": key, "value": value, "equals": equals, "encode": True})
    return made
